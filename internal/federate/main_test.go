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
	"slices"
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

// memDoor is a telemetry door that keeps the contract of the real one in memory: contiguous numbers per epoch,
// duplicates answered, done in order from another goroutine.
type memDoor struct {
	mu     sync.Mutex
	epoch  uint64
	last   uint64
	got    []sampleAt // every row, in commit order
	dup    int
	fail   error // every Append fails with it
	hold   chan struct{}
	queue  chan func()
	closed sync.WaitGroup
}

type sampleAt struct {
	ref  telemetry.Ref
	time int64
	bits uint64
}

func newMemDoor(t testing.TB) *memDoor {
	d := &memDoor{queue: make(chan func(), 1024)}
	d.closed.Go(func() {
		for f := range d.queue {
			f()
		}
	})
	t.Cleanup(func() { close(d.queue); d.closed.Wait() })
	return d
}

func (d *memDoor) LastSeq(uuid.UUID) (uint64, uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.epoch, d.last
}

func (d *memDoor) Append(_ context.Context, _ uuid.UUID, epoch, seq uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error {
	rows := make([]sampleAt, b.Len())
	for i := range rows {
		rows[i] = sampleAt{b.Ref[i], b.Time[i], b.Bits[i]}
	}
	d.queue <- func() {
		d.mu.Lock()
		hold := d.hold
		d.mu.Unlock()
		if hold != nil {
			<-hold
		}
		r, err := d.take(epoch, seq, rows)
		done(r, err)
	}
	return nil
}

func (d *memDoor) take(epoch, seq uint64, rows []sampleAt) (telemetry.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return telemetry.Receipt{}, d.fail
	}
	if epoch < d.epoch {
		return telemetry.Receipt{}, telemetry.ErrFenced
	}
	if epoch == d.epoch && seq <= d.last {
		d.dup++
		return telemetry.Receipt{Duplicate: true}, nil
	}
	want := uint64(1)
	if epoch == d.epoch {
		want = d.last + 1
	}
	if seq != want {
		return telemetry.Receipt{}, &telemetry.SequenceError{Epoch: epoch, Seq: seq, Want: want}
	}
	for i, r := range rows {
		if r.bits == poison {
			return telemetry.Receipt{}, &telemetry.BatchError{Row: i, Series: uuid.UUID{byte(r.ref), 1}, Field: "bits", Reason: "poison"}
		}
	}
	d.epoch, d.last = epoch, seq
	d.got = append(d.got, rows...)
	return telemetry.Receipt{Commit: uint64(len(d.got))}, nil
}

// poison is a value that memDoor refuses, as telemetry would a row that it cannot store.
const poison = 0xdead

func (d *memDoor) rows() []sampleAt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.got)
}

// memSource is a spool in memory: batch i is held as item i-1.
type memSource struct {
	mu     sync.Mutex
	table  Table
	epoch  uint64
	items  [][]byte
	codec  Codec
	next   int
	acked  uint64
	more   chan struct{}
	aside  []Refusal
	rows   []sampleAt // set aside
	seeks  int
	ackedC chan uint64
}

func newMemSource(table Table) *memSource {
	return &memSource{table: table, epoch: 1, more: make(chan struct{}), ackedC: make(chan uint64, 100000)}
}

// put spools one batch of one row per place; its time tells it from all others.
func (s *memSource) put(at int64, places ...telemetry.Ref) {
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for i, p := range places {
		b.Ref = append(b.Ref, p)
		b.Time = append(b.Time, at)
		b.Gateway = append(b.Gateway, at+5)
		b.Bits = append(b.Bits, uint64(at)+uint64(i))
	}
	s.putBatch(b)
}

func (s *memSource) putBatch(b *telemetry.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = append(s.items, must(s.codec.Append(nil, s.table, b)))
	close(s.more)
	s.more = make(chan struct{})
}

func (s *memSource) Resume(_ context.Context, epoch, seq uint64) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if epoch == s.epoch {
		s.next = int(seq)
	} else {
		s.next = 0
	}
	return s.epoch, nil
}

func (s *memSource) TryNext() (Item, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next >= len(s.items) {
		return Item{}, false, nil
	}
	s.next++
	return Item{Seq: uint64(s.next), Table: 1, Body: s.items[s.next-1]}, true, nil
}

func (s *memSource) Next(ctx context.Context) (Item, error) {
	for {
		s.mu.Lock()
		more := s.more
		s.mu.Unlock()
		if item, ok, err := s.TryNext(); ok || err != nil {
			return item, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return Item{}, ctx.Err()
		}
	}
}

func (s *memSource) TableBytes(uint64) ([]byte, error) { return s.table.Append(nil), nil }

func (s *memSource) Acked(a Ack) {
	s.mu.Lock()
	s.acked = max(s.acked, a.Seq)
	s.mu.Unlock()
	s.ackedC <- a.Seq
}

func (s *memSource) Seek(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.seeks = int(seq-1), s.seeks+1
	return nil
}

func (s *memSource) Refused(_ context.Context, f Refusal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aside = append(s.aside, f)
	var b, keep telemetry.Batch
	if err := s.codec.Decode(s.items[f.Seq-1], s.table, &b); err != nil {
		return err
	}
	keep.Origin = b.Origin
	for i, place := range b.Ref {
		refused := f.Whole || slices.ContainsFunc(f.Rows, func(r RefusedRow) bool { return r.Series == s.table[place].Series })
		if refused {
			s.rows = append(s.rows, sampleAt{place, b.Time[i], b.Bits[i]})
			continue
		}
		keep.Ref, keep.Time, keep.Gateway, keep.Bits = append(keep.Ref, place), append(keep.Time, b.Time[i]), append(keep.Gateway, b.Gateway[i]), append(keep.Bits, b.Bits[i])
	}
	s.items[f.Seq-1] = must(s.codec.Append(nil, s.table, &keep))
	s.next = int(f.Seq - 1)
	return nil
}

func (s *memSource) waitAcked(t testing.TB, seq uint64) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		acked := s.acked
		s.mu.Unlock()
		if acked >= seq {
			return
		}
		select {
		case <-s.ackedC:
		case <-timeout:
			t.Fatalf("acknowledged up to %d, want %d", acked, seq)
		}
	}
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
