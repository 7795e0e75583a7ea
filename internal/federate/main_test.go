package federate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// authority is a certificate authority for tests, as a node has one.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der := must(x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key))
	a := &authority{cert: must(x509.ParseCertificate(der)), key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) issue(usage x509.ExtKeyUsage, uris ...*url.URL) tls.Certificate {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{usage}, KeyUsage: x509.KeyUsageDigitalSignature, URIs: uris, DNSNames: []string{"node"}}
	der := must(x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) server() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.issue(x509.ExtKeyUsageServerAuth)}, ClientCAs: a.pool}
}

func (a *authority) client(id uuid.UUID) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.issue(x509.ExtKeyUsageClientAuth, GatewayURI(id))},
		RootCAs: a.pool, ServerName: "node", MinVersion: tls.VersionTLS13, NextProtos: []string{ALPN}}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// testHost is a node that lets everybody in and resolves series by their first byte.
type testHost struct {
	door  *memDoor
	deny  map[uuid.UUID]Reason
	admit func(Visit) error

	mu       sync.Mutex
	began    []*Session
	stolen   int
	ended    []error
	refusals int
	control  func(ctx context.Context, s *Session, d *Desk) error
}

func (h *testHost) Admit(v Visit) error {
	if h.admit != nil {
		return h.admit(v)
	}
	return nil
}

func (h *testHost) Began(s *Session, stolen bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.began = append(h.began, s)
	if stolen {
		h.stolen++
	}
}

func (h *testHost) Ended(_ *Session, reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = append(h.ended, reason)
}

func (h *testHost) Control(ctx context.Context, s *Session, d *Desk) error {
	if h.control != nil {
		return h.control(ctx, s, d)
	}
	<-ctx.Done()
	return nil
}

func (h *testHost) Stream(*Session) ReceiverOptions {
	return ReceiverOptions{Door: h.door, Resolve: func(id uuid.UUID, _ telemetry.Type) (telemetry.Ref, Reason) {
		h.mu.Lock()
		defer h.mu.Unlock()
		return telemetry.Ref(id[0]), h.deny[id]
	}, OnRefused: func(Refusal) { h.refusals++ }}
}

// node is a listener on a loopback port.
type node struct {
	*Listener
	host *testHost
	addr string
	ca   *authority
}

var fast = Limits{PingEvery: 50 * time.Millisecond, DeadAfter: 2 * time.Second, HandshakeTimeout: 5 * time.Second}

func startNode(t testing.TB, limits Limits) *node {
	t.Helper()
	ca := newAuthority(t)
	n := &node{ca: ca, host: &testHost{door: newMemDoor(t), deny: map[uuid.UUID]Reason{}}}
	n.Listener = &Listener{Node: uuid.New(), Instance: uuid.New(), Software: "test node", TLS: ca.server(), Host: n.host, Limits: limits,
		Now: time.Now, Logger: testLog(t), Packer: must(NewPacker(1))}
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	n.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := n.Serve(ctx, ln); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	return n
}

func testLog(t testing.TB) *slog.Logger {
	if testing.Verbose() {
		return slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	return slog.New(slog.DiscardHandler)
}

// startChild runs a dialer that sends src until the test ends or stop is called.
func startChild(t testing.TB, n *node, id uuid.UUID, addr string, src Source, limits Limits) (d *Dialer, stop func()) {
	t.Helper()
	config := n.ca.client(id)
	packer := must(NewPacker(1))
	d = &Dialer{
		Address: func() string { return addr }, TLS: func() (*tls.Config, error) { return config, nil },
		Hello: Hello{ID: id, Instance: uuid.New(), Software: "test gateway"}, Limits: limits,
		MinWait: 10 * time.Millisecond, MaxWait: 100 * time.Millisecond, Now: time.Now, Logger: testLog(t),
		Serve: func(ctx context.Context, c *Conn) error {
			return Send(ctx, c, src, SenderOptions{Producer: id, Packer: packer, Compress: true})
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { d.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); done.Wait() })
	t.Cleanup(stop)
	return d, stop
}

func testTable(n int) Table {
	t := make(Table, n)
	for i := range t {
		t[i] = Entry{Series: uuid.UUID{byte(i), 1}, Type: telemetry.Int64}
	}
	return t
}

// verifyOnce checks that the batches at times 1..n arrived each exactly once and in order.
func verifyOnce(t testing.TB, got []sampleAt, n int) {
	t.Helper()
	if len(got) != n {
		t.Errorf("%d samples arrived, want %d", len(got), n)
	}
	for i, s := range got {
		if s.time != int64(i+1) {
			t.Fatalf("sample %d has time %d", i, s.time)
		}
	}
}

func wait(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
