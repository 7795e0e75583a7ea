package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/text"
	"jingwei/internal/peertest"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// testNode is the other end of a gateway: the real authority, the real link, and a door in memory that keeps the
// contract of telemetry (contiguous numbers, duplicates answered) and every row it took.
type testNode struct {
	t        testing.TB
	id       uuid.UUID
	ca       *auth.Authority
	tls      *tls.Config
	addr     string
	listener *federate.Listener
	http     *http.Server
	url      string
	stop     func()

	mu       sync.Mutex
	codes    map[string]string // secret → "open", "used", "expired"
	gateways []uuid.UUID
	document []byte
	desks    map[uuid.UUID]*federate.Desk
	status   map[uuid.UUID]document.Status
	applied  []document.Applied
	stored   map[uuid.UUID]*producer
	series   []uuid.UUID
	deny     map[uuid.UUID]federate.Reason
	fail     error
	renewals int
	answers  map[uint32]*document.Answer
}

type producer struct {
	epoch, last uint64
	rows        []row
	dup         int
}

type row struct {
	series telemetry.Ref
	time   int64
	bits   uint64
	status telemetry.Status
}

func newTestNode(t testing.TB) *testNode {
	n := &testNode{t: t, id: uuid.New(), codes: map[string]string{}, desks: map[uuid.UUID]*federate.Desk{}, status: map[uuid.UUID]document.Status{},
		stored: map[uuid.UUID]*producer{}, deny: map[uuid.UUID]federate.Reason{}, answers: map[uint32]*document.Answer{}, stop: func() {}}
	n.ca = must(auth.OpenAuthority(file.OS(), t.TempDir(), time.Now))
	n.tls = must(n.ca.Serve([]string{"127.0.0.1"}))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/enrol", n.enrol)
	ln := must(tls.Listen("tcp", "127.0.0.1:0", n.tls))
	n.http = &http.Server{Handler: mux, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	n.url = "https://" + ln.Addr().String()
	var served sync.WaitGroup
	served.Go(func() { _ = n.http.Serve(ln) })
	t.Cleanup(func() { n.http.Close(); served.Wait(); n.down() })
	return n
}

// up opens the link port, always the same one.
func (n *testNode) up() {
	if n.addr == "" {
		n.addr = peertest.Port(n.t)
	}
	var ln net.Listener
	wait(n.t, "the link port is free", func() bool { var err error; ln, err = net.Listen("tcp", n.addr); return err == nil })
	n.addr = ln.Addr().String()
	config := n.tls.Clone()
	config.ClientCAs = n.ca.Pool()
	n.listener = &federate.Listener{Node: n.id, Instance: uuid.New(), Software: "test", TLS: config, Host: n, Now: time.Now,
		Limits: federate.Limits{PingEvery: 100 * time.Millisecond, DeadAfter: 5 * time.Second}, Logger: testLog(n.t), Packer: must(federate.NewPacker(2))}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := n.listener.Serve(ctx, ln); err != nil {
			n.t.Errorf("serve: %v", err)
		}
	})
	n.stop = sync.OnceFunc(func() { cancel(); done.Wait() })
}

func (n *testNode) down() { n.stop() }

// code makes an enrolment code.
func (n *testNode) code(state string) string {
	v := federate.Invitation{URL: n.url, Fingerprint: sha256.Sum256(mustDER(n.ca.Certificate()))}
	copy(v.Secret[:], uuid.New().NodeID())
	id := uuid.New()
	copy(v.Secret[:], id[:])
	n.mu.Lock()
	defer n.mu.Unlock()
	n.codes[base64.RawURLEncoding.EncodeToString(v.Secret[:])] = state
	return v.String()
}

func mustDER(pemBytes []byte) []byte {
	id := Identity{Authority: string(pemBytes)}
	_, ca, err := id.pool()
	if err != nil {
		panic(err)
	}
	return ca.Raw
}

func (n *testNode) enrol(w http.ResponseWriter, r *http.Request) {
	var in enrolRequest
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &in)
	n.mu.Lock()
	defer n.mu.Unlock()
	if state := n.codes[in.Secret]; state != "open" {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"code":"code-%s","detail":"the code is %s"}`, state, state)
		return
	}
	n.codes[in.Secret] = "used"
	id := uuid.Must(uuid.NewV7())
	cert, err := n.ca.SignGateway([]byte(in.CSR), id)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	n.gateways = append(n.gateways, id)
	if n.addr == "" {
		http.Error(w, "not up", http.StatusServiceUnavailable)
		return
	}
	_, port, _ := net.SplitHostPort(n.addr)
	var a enrolAnswer
	a.Certificate, a.Chain, a.Gateway = string(cert.PEM), string(n.ca.Certificate()), id
	a.Node.ID, a.Node.Name, a.Node.Link = n.id, "test node", ":"+port
	_ = json.NewEncoder(w).Encode(a)
}

func (n *testNode) Admit(federate.Visit) error    { return nil }
func (n *testNode) Began(*federate.Session, bool) {}
func (n *testNode) Ended(s *federate.Session, _ error) {
	n.mu.Lock()
	delete(n.desks, s.Child)
	n.mu.Unlock()
}
func (n *testNode) LastSeq(id uuid.UUID) (uint64, uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.of(id)
	return p.epoch, p.last
}

func (n *testNode) of(id uuid.UUID) *producer {
	p := n.stored[id]
	if p == nil {
		p = &producer{}
		n.stored[id] = p
	}
	return p
}

func (n *testNode) Append(_ context.Context, id uuid.UUID, epoch, seq uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.of(id)
	switch {
	case n.fail != nil:
		return n.fail
	case epoch < p.epoch:
		return telemetry.ErrFenced
	case epoch == p.epoch && seq <= p.last:
		p.dup++
		done(telemetry.Receipt{Duplicate: true}, nil)
		return nil
	case epoch == p.epoch && seq != p.last+1:
		return &telemetry.SequenceError{Epoch: epoch, Seq: seq, Want: p.last + 1}
	case epoch > p.epoch && seq != 1:
		return &telemetry.SequenceError{Epoch: epoch, Seq: seq, Want: 1}
	}
	p.epoch, p.last = epoch, seq
	for i := range b.Ref {
		p.rows = append(p.rows, row{b.Ref[i], b.Time[i], b.Bits[i], b.Status[i]})
	}
	done(telemetry.Receipt{Commit: uint64(len(p.rows))}, nil)
	return nil
}

func (n *testNode) Stream(*federate.Session) federate.ReceiverOptions {
	return federate.ReceiverOptions{Door: n, Resolve: func(id uuid.UUID, _ telemetry.Type) (telemetry.Ref, federate.Reason) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if why := n.deny[id]; why != 0 {
			return 0, why
		}
		at := slices.Index(n.series, id)
		if at < 0 {
			at = len(n.series)
			n.series = append(n.series, id)
		}
		return telemetry.Ref(at), 0
	}}
}

func (n *testNode) Control(ctx context.Context, s *federate.Session, d *federate.Desk) error {
	n.mu.Lock()
	n.desks[s.Child] = d
	var greeting document.Greeting
	_ = json.Unmarshal(d.Hello(), &greeting)
	doc := n.document
	n.mu.Unlock()
	if doc != nil && greeting.Hash != document.Hash(n.own(doc, s.Child)) {
		n.push(ctx, d, n.own(doc, s.Child))
	}
	for {
		m, err := d.Receive(ctx)
		if err != nil {
			return err
		}
		n.mu.Lock()
		switch m.Kind {
		case federate.MessageStatus:
			var st document.Status
			if err := json.Unmarshal(m.Body, &st); err != nil {
				n.t.Errorf("status: %v", err)
			}
			n.status[s.Child] = st
		case federate.MessageApplied:
			var a document.Applied
			_ = json.Unmarshal(m.Body, &a)
			n.applied = append(n.applied, a)
		case federate.MessageAnswer:
			a, err := document.ParseAnswer(m.Body)
			if err != nil {
				n.t.Errorf("answer: %v", err)
			}
			n.answers[m.ID] = a
		case federate.MessageRenew:
			cert, err := n.ca.SignGateway(m.Body, s.Child)
			if err != nil {
				n.t.Errorf("renew: %v", err)
			}
			n.renewals++
			_, _ = d.Send(ctx, federate.Control{Kind: federate.MessageCertificate, ID: m.ID, Body: cert.PEM})
		}
		n.mu.Unlock()
	}
}

// ask puts a question to a gateway and waits for its answer.
func (n *testNode) ask(id uuid.UUID, q document.Ask) *document.Answer {
	n.t.Helper()
	n.mu.Lock()
	d := n.desks[id]
	n.mu.Unlock()
	number := must(d.Send(context.Background(), federate.Control{Kind: federate.MessageAsk, Body: must(q.Encode())}))
	var a *document.Answer
	wait(n.t, "the answer comes", func() bool { n.mu.Lock(); defer n.mu.Unlock(); a = n.answers[number]; return a != nil })
	return a
}

// own fills a gateway's id into a document made before the gateway had one.
func (n *testNode) own(doc []byte, id uuid.UUID) []byte {
	return []byte(strings.ReplaceAll(string(doc), uuid.Nil.String(), id.String()))
}

func (n *testNode) push(ctx context.Context, d *federate.Desk, doc []byte) {
	sum := sha256.Sum256(doc)
	_, _ = d.Send(ctx, federate.Control{Kind: federate.MessageConfig, Body: append(sum[:], doc...)})
}

func (n *testNode) rows(id uuid.UUID) []row {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.of(id).rows)
}

func (n *testNode) gateway() uuid.UUID {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.gateways) == 0 {
		return uuid.Nil
	}
	return n.gateways[len(n.gateways)-1]
}

// counting is a driver whose every read delivers the next number, so that a lost or doubled sample shows.
type counting struct {
	mu    sync.Mutex
	n     uint64
	opens int
}

func (c *counting) Schema() json.RawMessage { return json.RawMessage(`{}`) }
func (c *counting) Check(_ json.RawMessage, points []driver.Point) []error {
	for i, p := range points {
		if p.Address == "bad" {
			out := make([]error, len(points))
			out[i] = &driver.FieldError{Field: "address", Value: "bad", Text: text.Text{Zh: "地址错误", En: "wrong address"}}
			return out
		}
	}
	return nil
}

func (c *counting) Open(context.Context, json.RawMessage, func(driver.Frame)) (driver.Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opens++
	return c, nil
}

func (c *counting) Read(ctx context.Context, points []driver.Point, sink driver.Sink) error {
	out := make([]driver.Sample, len(points))
	c.mu.Lock()
	for i, p := range points {
		c.n++
		out[i] = driver.Sample{ID: p.ID, Value: telemetry.Value{Type: telemetry.Int64, Bits: c.n}}
	}
	c.mu.Unlock()
	return sink(ctx, out)
}

func (c *counting) Close() error { return nil }

func testDocument(points int, every time.Duration) *document.Document {
	d := &document.Document{Format: 1, Org: uuid.New()}
	l := document.Link{ID: uuid.Must(uuid.NewV7()), Name: "line 1", Driver: "counting", Config: json.RawMessage(`{}`)}
	for i := range points {
		l.Points = append(l.Points, document.Point{Series: uuid.Must(uuid.NewV7()), Address: fmt.Sprint(i), Type: "int64", EveryMs: every.Milliseconds(), MaxSilence: 60000})
	}
	d.Links = append(d.Links, l)
	return d
}

func testLog(t testing.TB) *slog.Logger {
	if testing.Verbose() {
		return slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	return slog.New(slog.DiscardHandler)
}

func wait(t testing.TB, what string, cond func() bool) {
	t.Helper()
	waitFor(t, 20*time.Second, what, cond)
}

func waitFor(t testing.TB, most time.Duration, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(most); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// startGateway runs a gateway until stop; Run's error comes from stop.
func startGateway(t testing.TB, o Options) (*Gateway, func() error) {
	t.Helper()
	o.Logger = testLog(t)
	o.MinWait, o.MaxWait = 10*time.Millisecond, 100*time.Millisecond
	o.StatusEvery = 20 * time.Millisecond
	if o.Interval == 0 {
		o.Interval = 10 * time.Millisecond
	}
	if o.SpoolBytes == 0 {
		o.SpoolBytes = 16 << 20
	}
	g := must(New(o))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	var err error
	stop := func() error { cancel(); err = <-ended; return err }
	once := sync.OnceValue(stop)
	t.Cleanup(func() { _ = once() })
	return g, once
}
