package storetest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/internal/peertest"
)

// Pair is a PostgreSQL primary with a synchronous standby, for tests of fail-over. What the primary commits the standby
// has on its disk.
type Pair struct {
	t          testing.TB
	dir        string
	credential *syscall.Credential
	server     string
	running    [2]*exec.Cmd // primary, standby
}

var pairNames = [2]string{"primary", "standby"}

// NewPair starts both; they end with the test.
func NewPair(t testing.TB) *Pair {
	t.Helper()
	p := &Pair{t: t, server: peertest.Require(t, "postgres")}
	initdb, copier := peertest.Require(t, "initdb"), peertest.Require(t, "pg_basebackup")
	var err error
	if p.credential, err = unprivileged(); err != nil {
		t.Fatal(err)
	}
	if p.dir, err = os.MkdirTemp("/tmp", "jwpair"); err != nil { // a socket's path holds 107 bytes
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.KillPrimary()
		p.kill(1)
		_ = os.RemoveAll(p.dir)
	})
	if p.credential != nil {
		if err := os.Chown(p.dir, int(p.credential.Uid), int(p.credential.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	p.run(initdb, "-D", p.data(0), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions", "--locale=C.UTF-8")
	p.start(0)
	p.run(copier, "-D", p.data(1), "-d", p.url("host="+p.socket(0)+" application_name=standby"), "-R", "-X", "stream", "-c", "fast", "--no-sync")
	p.start(1)
	p.Exec("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
	p.Exec("SELECT pg_reload_conf()")
	p.wait("a synchronous standby", func() error {
		var n int
		if err := p.ask(0, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", &n); err != nil || n != 1 {
			return fmt.Errorf("%d of them: %w", n, err)
		}
		return nil
	})
	return p
}

// URL is the address of both: a connection goes to whichever is the primary.
func (p *Pair) URL() string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{
		"host": {p.socket(0) + "," + p.socket(1)}, "port": {"5432,5432"}, "target_session_attrs": {"read-write"}, "connect_timeout": {"2"}}.Encode()}
	return u.String()
}

// Exec runs a statement on the primary.
func (p *Pair) Exec(statement string) {
	p.t.Helper()
	if err := p.ask(0, statement, nil); err != nil {
		p.t.Fatalf("%s: %v", statement, err)
	}
}

// KillPrimary kills the primary and all its sessions at once.
func (p *Pair) KillPrimary() { p.kill(0) }

// Promote makes the standby the primary, as an operator would.
func (p *Pair) Promote() {
	p.t.Helper()
	// Nobody waits for a standby of the new primary: there is none.
	for _, statement := range []string{"SELECT pg_promote(true, 30)", "ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()"} {
		if err := p.ask(1, statement, nil); err != nil {
			p.t.Fatalf("%s: %v", statement, err)
		}
	}
}

func (p *Pair) data(i int) string   { return filepath.Join(p.dir, pairNames[i]) }
func (p *Pair) socket(i int) string { return filepath.Join(p.dir, pairNames[i]+".s") }

func (p *Pair) url(words string) string { return words + " user=postgres dbname=postgres" }

// start starts a server on a socket of its own. fsync is off: processes die in these tests, not the machine.
func (p *Pair) start(i int) {
	p.t.Helper()
	if err := os.Mkdir(p.socket(i), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if p.credential != nil {
		if err := os.Chown(p.socket(i), int(p.credential.Uid), int(p.credential.Gid)); err != nil {
			p.t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(p.dir, pairNames[i]+".log"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	c := exec.Command(p.server, "-D", p.data(i), "-k", p.socket(i), "-h", "", "-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "shared_buffers=16MB", "-c", "max_connections=200", "-c", "timezone=UTC", "-c", "wal_receiver_status_interval=1s", "-c", "hot_standby=on")
	c.Dir, c.Stdout, c.Stderr = p.dir, log, log
	c.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.running[i] = c
	p.wait(pairNames[i]+" answers", func() error { return p.ask(i, "SELECT 1", nil) })
}

func (p *Pair) kill(i int) {
	c := p.running[i]
	if c == nil {
		return
	}
	p.running[i] = nil
	_ = c.Process.Signal(syscall.SIGSTOP) // it starts no further session
	sessions := children(c.Process.Pid)   // each in a group of its own, and able to answer one more question before it notices
	_ = c.Process.Kill()
	_ = c.Wait()
	for _, pid := range sessions {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// children are the processes that a process has started.
func children(pid int) (out []int) {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for word := range strings.FieldsSeq(string(line)) {
		if child, err := strconv.Atoi(word); err == nil {
			out = append(out, child)
		}
	}
	return out
}

func (p *Pair) run(program string, args ...string) {
	p.t.Helper()
	c := exec.Command(program, args...)
	c.Dir = p.dir
	c.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential}
	if out, err := c.CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v\n%s", program, err, bytes.TrimSpace(out))
	}
}

// ask runs a statement on one of the two and, with into, reads the one value that it returns.
func (p *Pair) ask(i int, statement string, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.url("host="+p.socket(i)))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if into != nil {
		return conn.QueryRow(ctx, statement).Scan(into)
	}
	_, err = conn.Exec(ctx, statement)
	return err
}

func (p *Pair) wait(what string, done func() error) {
	p.t.Helper()
	var err error
	for range 600 {
		if err = done(); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(p.dir, "primary.log"))
	more, _ := os.ReadFile(filepath.Join(p.dir, "standby.log"))
	p.t.Fatalf("waited 30 s for %s: %v\n%s\n%s", what, err, log, more)
}
