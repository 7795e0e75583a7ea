// Package natstest runs real NATS servers for tests, each in a process of its own that can be killed, paused and started
// again on its store: the test binary itself, called with another purpose.
package natstest

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"jingwei/internal/kernel/proof/port"
)

const serverEnv = "JINGWEI_TEST_NATS_SERVER" // the configuration file, in a process that shall be a server

// Main makes this process a server if it was started as one, and then does not return. TestMain calls it first.
func Main() {
	file := os.Getenv(serverEnv)
	if file == "" {
		return
	}
	go DieWithParent()
	o, err := server.ProcessConfigFile(file)
	if err == nil {
		o.NoSigs = true
		var s *server.Server
		if s, err = server.NewServer(o); err == nil {
			s.ConfigureLogger()
			s.Start()
			s.WaitForShutdown()
			os.Exit(0)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// DieWithParent ends this process when the one that started it has ended, however it did: its standard input is a pipe of
// which only the parent has the other end.
func DieWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(2)
}

// Cluster is one server, or several with routes between them. All sync before they acknowledge.
type Cluster struct {
	Dir     string
	servers []*process
}

type process struct {
	mu     sync.Mutex
	name   string
	port   int
	config string
	log    string
	cmd    *exec.Cmd
	paused bool
}

// Start starts n servers below dir and waits until they answer. Stop ends them.
func Start(dir string, n int) (*Cluster, error) { return start(dir, n, "always") }

// StartLax is Start with JetStream's default, which acknowledges before it syncs.
func StartLax(dir string, n int) (*Cluster, error) { return start(dir, n, "2m") }

func start(dir string, n int, sync string) (*Cluster, error) {
	c := &Cluster{Dir: dir}
	free, err := port.Free(2 * n) // a server that was killed finds its port again
	if err != nil {
		return nil, err
	}
	var ports []int
	for _, address := range free {
		ports = append(ports, int(netip.MustParseAddrPort(address).Port()))
	}
	var routes []string
	for i := range n {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", ports[n+i]))
	}
	for i := range n {
		name := fmt.Sprintf("n%d", i+1)
		p := &process{name: name, port: ports[i], config: filepath.Join(dir, name+".conf"), log: filepath.Join(dir, name+".log")}
		text := fmt.Sprintf("server_name: %s\nhost: 127.0.0.1\nport: %d\nmax_payload: 8MB\nlog_file: %q\njetstream {\n store_dir: %q\n sync_interval: %s\n max_file_store: 20GB\n}\n",
			name, p.port, p.log, filepath.Join(dir, name), sync)
		text += "accounts { SYS { users: [{user: sys, password: sys}] }, APP { jetstream: enabled, users: [{user: app, password: app}] } }\nsystem_account: SYS\nno_auth_user: app\n"
		if n > 1 {
			text += fmt.Sprintf("cluster {\n name: test\n host: 127.0.0.1\n port: %d\n routes: [%s]\n}\n", ports[n+i], strings.Join(routes, ", "))
		}
		if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
			return nil, err
		}
		c.servers = append(c.servers, p)
	}
	for i := range n {
		if err := c.servers[i].start(); err != nil {
			c.Stop()
			return nil, err
		}
	}
	if err := c.ready(); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	p.cmd = exec.Command(program)
	p.cmd.Env = append(os.Environ(), serverEnv+"="+p.config)
	p.cmd.Stderr = os.Stderr
	if _, err := p.cmd.StdinPipe(); err != nil {
		return err
	}
	return p.cmd.Start()
}

// end sends a signal that ends the process, and waits for that.
func (p *process) end(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	if p.paused && s != syscall.SIGKILL {
		_ = p.cmd.Process.Signal(syscall.SIGCONT)
	}
	_ = p.cmd.Process.Signal(s)
	_ = p.cmd.Wait()
	p.cmd, p.paused = nil, false
}

// ready waits until JetStream answers and, in a cluster, has a leader and all servers.
func (c *Cluster) ready() error {
	nc, err := c.connect("app")
	if err != nil {
		return err
	}
	defer nc.Close()
	deadline := time.Now().Add(60 * time.Second)
	for {
		// A stream on all servers can only be made when all of them are there.
		m, err := nc.Request("$JS.API.STREAM.CREATE.ready", fmt.Appendf(nil, `{"name":"ready","subjects":["ready"],"num_replicas":%d}`, len(c.servers)), 2*time.Second)
		if err == nil && strings.Contains(string(m.Data), `"created"`) {
			_, err = nc.Request("$JS.API.STREAM.DELETE.ready", nil, 5*time.Second)
			if err == nil {
				return nil
			}
		}
		if time.Now().After(deadline) {
			text := ""
			if m != nil {
				text = string(m.Data)
			}
			return fmt.Errorf("the NATS servers are not ready: %w %s", errors.Join(err, errors.New("timeout")), text)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// URL lists the servers.
func (c *Cluster) URL() string {
	var all []string
	for _, p := range c.servers {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", p.port))
	}
	return strings.Join(all, ",")
}

func (c *Cluster) connect(user string, more ...nats.Option) (*nats.Conn, error) {
	o := []nats.Option{nats.UserInfo(user, user), nats.MaxReconnects(-1), nats.ReconnectWait(50 * time.Millisecond),
		nats.ReconnectJitter(10*time.Millisecond, 10*time.Millisecond), nats.Timeout(5 * time.Second), nats.RetryOnFailedConnect(true),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})}
	nc, err := nats.Connect(c.URL(), append(o, more...)...)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(30 * time.Second); !nc.IsConnected(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			nc.Close()
			return nil, errors.New("no NATS server answers")
		}
	}
	return nc, nil
}

// Connect connects a client, until the test ends.
func (c *Cluster) Connect(t testing.TB, more ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := c.connect("app", more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// System connects to the system account.
func (c *Cluster) System(t testing.TB) *nats.Conn {
	t.Helper()
	nc, err := c.connect("sys")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// Names are the servers', as the cluster tells who leads.
func (c *Cluster) Names() (names []string) {
	for _, p := range c.servers {
		names = append(names, p.name)
	}
	return names
}

func (c *Cluster) named(t testing.TB, name string) *process {
	t.Helper()
	for _, p := range c.servers {
		if p.name == name {
			return p
		}
	}
	t.Fatalf("no server is named %q", name)
	return nil
}

// Kill ends a server as kill -9 does.
func (c *Cluster) Kill(t testing.TB, name string) {
	t.Helper()
	c.named(t, name).end(syscall.SIGKILL)
}

// Restart starts a server that was killed, on its store.
func (c *Cluster) Restart(t testing.TB, name string) {
	t.Helper()
	if err := c.named(t, name).start(); err != nil {
		t.Fatal(err)
	}
}

// Pause stops a server in its tracks until Resume.
func (c *Cluster) Pause(t testing.TB, name string) {
	t.Helper()
	p := c.named(t, name)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.paused = true
}

// Resume undoes Pause.
func (c *Cluster) Resume(t testing.TB, name string) {
	t.Helper()
	p := c.named(t, name)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused {
		if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		p.paused = false
	}
}

// Pids are those of the servers that run.
func (c *Cluster) Pids() (pids []int) {
	for _, p := range c.servers {
		p.mu.Lock()
		if p.cmd != nil {
			pids = append(pids, p.cmd.Process.Pid)
		}
		p.mu.Unlock()
	}
	return pids
}

// Stop ends all servers.
func (c *Cluster) Stop() {
	for _, p := range c.servers {
		p.end(syscall.SIGKILL)
	}
}
