package remote

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/peertest"
)

// mosquitto is a broker of the test's own, which can be restarted at the same port.
type mosquitto struct {
	t    *testing.T
	dir  string
	port string
	tls  bool
	cmd  *exec.Cmd
	gone chan struct{}
}

func newMosquitto(t *testing.T, config string, tls bool) *mosquitto {
	t.Helper()
	peertest.Require(t, "mosquitto_pub")
	_, port, _ := net.SplitHostPort(peertest.Port(t))
	m := &mosquitto{t: t, dir: t.TempDir(), port: port, tls: tls}
	os.Chmod(m.dir, 0o777)
	users := filepath.Join(m.dir, "users")
	if out, err := exec.Command(peertest.Require(t, "mosquitto_passwd"), "-b", "-c", users, "jingwei", "secret").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	os.Chmod(users, 0o644)
	// It keeps its sessions on disk, as brokers in plants do.
	text := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous false\npassword_file %s\npersistence true\npersistence_location %s/\nautosave_interval 0\nuser root\nmax_queued_messages 0\n%s",
		port, users, m.dir, strings.ReplaceAll(config, "DIR", m.dir))
	if err := os.WriteFile(filepath.Join(m.dir, "mosquitto.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.stop)
	return m
}

func (m *mosquitto) start() {
	m.t.Helper()
	var out bytes.Buffer
	m.cmd = exec.Command(peertest.Require(m.t, "mosquitto"), "-c", filepath.Join(m.dir, "mosquitto.conf"))
	m.cmd.Stderr = &out
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.gone = make(chan struct{})
	go func() { m.cmd.Wait(); close(m.gone) }()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		c, err := net.Dial("tcp", "127.0.0.1:"+m.port)
		if err == nil {
			c.Close()
			return
		}
		if time.Since(began) > 10*time.Second {
			m.t.Fatalf("mosquitto does not listen: %s", out.String())
		}
	}
}

// stop lets it save its sessions.
func (m *mosquitto) stop() {
	if m.cmd != nil {
		m.cmd.Process.Signal(os.Interrupt)
		<-m.gone
		m.cmd = nil
	}
}

// publish sends lines at QoS 1, each a message.
func (m *mosquitto) publish(topic string, lines ...string) {
	m.t.Helper()
	args := []string{"-h", "127.0.0.1", "-p", m.port, "-u", "jingwei", "-P", "secret", "-q", "1", "-t", topic, "-l"}
	if m.tls {
		args = append(args, "--cafile", filepath.Join(m.dir, "ca.pem"), "--insecure")
	}
	cmd := exec.Command(peertest.Require(m.t, "mosquitto_pub"), args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("mosquitto_pub: %v %s", err, out)
	}
}

// reader is Run at work, and what it got.
type reader struct {
	t      *testing.T
	cancel context.CancelFunc
	ended  chan error
	states chan State

	mu       sync.Mutex
	changed  *sync.Cond
	got      []string
	dones    []func(error)
	withhold bool
	closed   int
	conn     broker.Conn
	subs     []string
	large    int
}

func (m *mosquitto) read(o Options, withhold bool) *reader {
	m.t.Helper()
	r := &reader{t: m.t, ended: make(chan error, 1), states: make(chan State, 1000), withhold: withhold}
	r.changed = sync.NewCond(&r.mu)
	if o.URL == "" {
		o.URL = "mqtt://127.0.0.1:" + m.port
	}
	if o.Username == "" {
		o.Username, o.Password = "jingwei", "secret"
	}
	o.ClientID, o.QoS = "node", 1
	if o.Filters == nil {
		o.Filters = []string{"plant/#"}
	}
	o.BackoffMin, o.BackoffMax = 20*time.Millisecond, 100*time.Millisecond
	o.Session = func(c broker.Conn) broker.Session {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.conn = c
		return (*sink)(r)
	}
	o.OnState = func(s State) { r.states <- s }
	o.OnLarge = func(string, int) { r.mu.Lock(); defer r.mu.Unlock(); r.large++ }
	o.Logger = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.ended <- Run(ctx, o) }()
	m.t.Cleanup(r.stop)
	return r
}

func (r *reader) stop() {
	r.cancel()
	if r.ended != nil {
		if err := <-r.ended; err != nil {
			r.t.Error(err)
		}
		r.ended = nil
	}
}

// phase waits for a phase.
func (r *reader) phase(p Phase) State {
	r.t.Helper()
	for {
		select {
		case s := <-r.states:
			if s.Phase == p {
				return s
			}
		case <-time.After(10 * time.Second):
			r.t.Fatalf("not %s within ten seconds", p)
		}
	}
}

func (r *reader) until(what string, ok func() bool) {
	r.t.Helper()
	stop := time.AfterFunc(15*time.Second, func() { r.mu.Lock(); defer r.mu.Unlock(); r.changed.Broadcast() })
	defer stop.Stop()
	began := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for !ok() {
		if time.Since(began) > 14*time.Second {
			r.t.Fatalf("%s: not in time; got %q", what, r.got[:min(len(r.got), 20)])
		}
		r.changed.Wait()
	}
}

type sink reader

func (s *sink) Message(m broker.Message, done func(error)) {
	s.mu.Lock()
	s.got = append(s.got, string(m.Payload))
	hold := s.withhold
	if hold {
		s.dones = append(s.dones, done)
	}
	s.changed.Broadcast()
	s.mu.Unlock()
	if !hold {
		done(nil)
	}
}
func (s *sink) MayPublish(string) bool   { return true }
func (s *sink) MaySubscribe(string) bool { return true }
func (s *sink) Subscribed(f string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs = append(s.subs, f)
	s.changed.Broadcast()
}
func (s *sink) Closed(error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
	s.changed.Broadcast()
}

func lines(from, to int) (out []string) {
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

// missing are the lines that never came.
func missing(got []string, n int) (out []string) {
	have := map[string]bool{}
	for _, g := range got {
		have[g] = true
	}
	for _, l := range lines(0, n) {
		if !have[l] {
			out = append(out, l)
		}
	}
	return out
}

func verify(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
}

type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func authority(t *testing.T) *ca {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &ca{cert: cert, key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

// write puts the authority and a certificate for localhost into a folder.
func (a *ca) write(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDer, _ := x509.MarshalECPrivateKey(key)
	for name, b := range map[string]*pem.Block{"ca.pem": {Type: "CERTIFICATE", Bytes: a.cert.Raw}, "cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: keyDer}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(b), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
