package federate

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

func TestSamplesArriveOnceAndAreAcknowledged(t *testing.T) {
	n := startNode(t, fast)
	src := newMemSource(testTable(3))
	id := uuid.New()
	for i := range 500 {
		src.put(int64(i+1), telemetry.Ref(i%3))
	}
	startChild(t, n, id, n.addr, src, fast)
	src.waitAcked(t, 500)
	for i := 500; i < 600; i++ {
		src.put(int64(i+1), telemetry.Ref(i%3))
	}
	src.waitAcked(t, 600)
	got := n.host.door.rows()
	verifyOnce(t, got, 600)
	for i, s := range got {
		if s.ref != telemetry.Ref(i%3) || s.bits != uint64(i+1) {
			t.Fatalf("sample %d came as %+v", i, s)
		}
	}
	c := n.Session(id).Conn()
	wait(t, "a ping came back", func() bool { return c.Clock().Known })
	if clock := c.Clock(); clock.RoundTrip <= 0 || clock.Offset.Abs() > time.Second {
		t.Errorf("clock estimate %+v on one machine", clock)
	}
}

func TestCutsLoseAndDoubleNothing(t *testing.T) {
	n := startNode(t, fast)
	p := startProxy(t, n.addr)
	src := newMemSource(testTable(2))
	startChild(t, n, uuid.New(), p.addr, src, fast)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		src.put(int64(i+1), telemetry.Ref(i%2))
		if r.IntN(100) == 0 {
			time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
			p.cut()
		}
	}
	src.waitAcked(t, 2000)
	verifyOnce(t, n.host.door.rows(), 2000)
}

func TestStalledLinkIsGivenUpAndResumes(t *testing.T) {
	limits := fast
	limits.DeadAfter = 300 * time.Millisecond
	n := startNode(t, limits)
	p := startProxy(t, n.addr)
	src := newMemSource(testTable(1))
	d, _ := startChild(t, n, uuid.New(), p.addr, src, limits)
	_ = d
	src.put(1, 0)
	src.waitAcked(t, 1)
	p.set(func() (time.Duration, int, bool) { return 0, 0, true }) // open, but nothing moves: half-open as seen from both ends
	src.put(2, 0)
	wait(t, "the node gives the silent session up", func() bool {
		n.host.mu.Lock()
		defer n.host.mu.Unlock()
		var g *Goodbye
		return len(n.host.ended) > 0 && errors.As(n.host.ended[0], &g) && g.Code == CodeSilent
	})
	p.cut()
	p.set(nil)
	src.waitAcked(t, 2)
	verifyOnce(t, n.host.door.rows(), 2)
}

func TestSlowLinkLetsControlPass(t *testing.T) {
	n := startNode(t, fast)
	p := startProxy(t, n.addr)
	src := newMemSource(testTable(1))
	id := uuid.New()
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 400 { // 1.3 MB that cannot be compressed
		b := &telemetry.Batch{Origin: telemetry.Measured}
		for range 400 {
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, 0), append(b.Time, int64(i+1)), append(b.Gateway, int64(i+1)), append(b.Bits, r.Uint64())
		}
		src.putBatch(b)
	}
	p.set(func() (time.Duration, int, bool) { return time.Millisecond, 2048, false }) // 2 MB/s at most
	startChild(t, n, id, p.addr, src, fast)
	wait(t, "half of it is there", func() bool { return len(n.host.door.rows()) > 80000 })
	if c := n.Session(id).Conn(); c != nil {
		wait(t, "pings pass between bulk", func() bool { return c.Clock().Known || n.Session(id) == nil })
	}
	src.waitAcked(t, 400)
	if got := len(n.host.door.rows()); got != 160000 {
		t.Errorf("%d samples, want 160000", got)
	}
}

func TestNewestConnectionOfAGatewayWins(t *testing.T) {
	n := startNode(t, fast)
	id := uuid.New()
	src := newMemSource(testTable(1))
	_, stopA := startChild(t, n, id, n.addr, src, fast)
	src.put(1, 0)
	src.waitAcked(t, 1)
	stopA()
	wait(t, "the first session is gone", func() bool { return n.Session(id) == nil })

	// Two at once, the first holding batches that the door has not settled.
	hold := make(chan struct{})
	n.host.door.mu.Lock()
	n.host.door.hold = hold
	n.host.door.mu.Unlock()
	_, stopB := startChild(t, n, id, n.addr, src, fast)
	src.put(2, 0)
	wait(t, "the second session stands", func() bool { return n.Session(id) != nil })
	first := n.Session(id)
	twin := newMemSource(testTable(1))
	twin.put(1, 0)
	twin.put(2, 0)
	twin.put(3, 0)
	startChild(t, n, id, n.addr, twin, fast)
	wait(t, "the third session replaces it", func() bool { s := n.Session(id); return s != nil && s.Number > first.Number })
	stopB()
	close(hold)
	twin.waitAcked(t, 3)
	verifyOnce(t, n.host.door.rows(), 3)
	n.host.mu.Lock()
	defer n.host.mu.Unlock()
	if n.host.stolen == 0 {
		t.Error("an identity in use by two processes was not noticed")
	}
	var g *Goodbye
	if !errors.As(first.Conn().Err(), &g) || g.Code != CodeSuperseded {
		t.Errorf("the older connection ended with %v, want superseded", first.Conn().Err())
	}
}

func TestRefusedSeriesIsSetAsideAndTheRestGoesOn(t *testing.T) {
	n := startNode(t, fast)
	table := testTable(3)
	n.host.deny[table[1].Series] = ReasonForeign
	src := newMemSource(table)
	for i := range 50 {
		src.put(int64(i+1), 0, 1, 2)
	}
	startChild(t, n, uuid.New(), n.addr, src, fast)
	src.waitAcked(t, 50)
	got := n.host.door.rows()
	if len(got) != 100 {
		t.Fatalf("%d samples arrived, want 100", len(got))
	}
	for i, s := range got {
		if s.ref == 1 || s.time != int64(i/2+1) {
			t.Fatalf("row %d is %+v", i, s)
		}
	}
	if len(src.rows) != 50 || len(src.aside) != 50 {
		t.Errorf("%d samples of %d refusals are aside, want 50 of 50", len(src.rows), len(src.aside))
	}
	if f := src.aside[0]; f.Rows[0].Series != table[1].Series || f.Rows[0].Row != 1 || f.Rows[0].Reason != ReasonForeign {
		t.Errorf("refusal %+v does not name row 1 of the foreign series", f)
	}
}

func TestRowThatTheStoreRefusesIsSetAside(t *testing.T) {
	n := startNode(t, fast)
	src := newMemSource(testTable(2))
	src.put(1, 0)
	src.putBatch(&telemetry.Batch{Ref: []telemetry.Ref{0, 1}, Time: []int64{2, 2}, Gateway: []int64{2, 2}, Bits: []uint64{2, poison}, Origin: telemetry.Measured})
	src.put(3, 0)
	startChild(t, n, uuid.New(), n.addr, src, fast)
	src.waitAcked(t, 3)
	verifyOnce(t, n.host.door.rows(), 3)
	if len(src.rows) != 1 || src.rows[0].bits != poison {
		t.Errorf("set aside: %+v, want the one bad row", src.rows)
	}
}

func TestFullNodePushesBackAndNothingIsLost(t *testing.T) {
	n := startNode(t, fast)
	src := newMemSource(testTable(1))
	n.host.door.fail = errors.New("journal is full")
	for i := range 100 {
		src.put(int64(i+1), 0)
	}
	startChild(t, n, uuid.New(), n.addr, src, fast)
	wait(t, "some sessions were told to wait", func() bool { n.host.mu.Lock(); defer n.host.mu.Unlock(); return len(n.host.ended) > 1 })
	n.host.door.mu.Lock()
	n.host.door.fail = nil
	n.host.door.mu.Unlock()
	src.waitAcked(t, 100)
	verifyOnce(t, n.host.door.rows(), 100)
}

func TestStrangersAreRefused(t *testing.T) {
	n := startNode(t, fast)
	other := newAuthority(t)
	id := uuid.New()
	dial := func(config *tls.Config, hello Hello) error {
		d := &Dialer{Now: time.Now, Limits: fast}
		d.Hello = hello
		raw := must(net.Dial("tcp", n.addr))
		defer raw.Close()
		c, err := d.greet(context.Background(), raw, config)
		if err != nil {
			return err
		}
		return c.Run(context.Background()) // TLS 1.3 tells the refusal of a client certificate only after its handshake
	}
	wrongRoot := n.ca.client(id)
	wrongRoot.RootCAs = other.pool
	foreign := other.client(id)
	foreign.RootCAs = n.ca.pool
	noCert := n.ca.client(id)
	noCert.Certificates = nil
	for name, config := range map[string]*tls.Config{"node of another authority": wrongRoot, "gateway of another authority": foreign, "no certificate": noCert} {
		if err := dial(config, Hello{ID: id}); err == nil {
			t.Errorf("%s: let in", name)
		}
	}
	var g *Goodbye
	if err := dial(n.ca.client(id), Hello{ID: uuid.New()}); !errors.As(err, &g) || g.Code != CodeIdentity {
		t.Errorf("hello of another gateway: %v, want identity", err)
	}
	n.host.admit = func(v Visit) error { return &Goodbye{Code: CodeIdentity, Text: "this gateway was removed"} }
	if err := dial(n.ca.client(id), Hello{ID: id}); !errors.As(err, &g) || g.Code != CodeIdentity || g.Text != "this gateway was removed" {
		t.Errorf("refused by the host: %v", err)
	}
}

func TestADialerNamesTheNodeThatItMeans(t *testing.T) {
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	defer ln.Close()
	asked := make(chan string, 3)
	refuse := &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		asked <- h.ServerName
		return nil, errors.New("seen enough")
	}}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_ = tls.Server(c, refuse).Handshake()
			_ = c.Close()
		}
	}()
	for _, c := range []struct{ address, name, want string }{
		{"cell-a.example.test:8444", "", "cell-a.example.test"},
		{"cell-a.example.test:8444", "node", "node"}, // the configuration's own
		{"192.0.2.1:8444", "", ""},                   // an address is no name (RFC 6066, 3)
	} {
		d := &Dialer{Limits: fast, Now: time.Now, Address: func() string { return c.address }, TLS: func() (*tls.Config, error) { return &tls.Config{ServerName: c.name, InsecureSkipVerify: true}, nil },
			Network: func(ctx context.Context, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "tcp", ln.Addr().String())
			}}
		if err := d.once(t.Context()); err == nil {
			t.Fatal("a link with a listener that refuses")
		}
		if got := <-asked; got != c.want {
			t.Errorf("%s: asked for %q, want %q", c.address, got, c.want)
		}
	}
}

func TestVersionsWithoutOverlapAreToldApart(t *testing.T) {
	n := startNode(t, fast)
	id := uuid.New()
	secure := must(tls.Dial("tcp", n.addr, n.ca.client(id)))
	defer secure.Close()
	hello := must(Hello{Min: 7, Max: 9, ID: id, MaxFrame: MaxFrame}.append(nil))
	must(secure.Write(appendFrame(nil, frameHello, 0, 0, hello)))
	answer := must(io.ReadAll(secure))
	h, err := parseHeader([8]byte(answer[:8]), MaxFrame)
	if err != nil || h.Type != frameGoodbye {
		t.Fatalf("answer %v %v, want a goodbye", h, err)
	}
	if g := must(parseGoodbye(answer[8:])); g.Code != CodeVersion || !bytes.Contains([]byte(g.Text), []byte("1 to 1")) || !bytes.Contains([]byte(g.Text), []byte("7 to 9")) {
		t.Errorf("goodbye %+v does not name both ranges", g)
	}
}

func TestConfigurationPassesWhileBulkIsHeldBack(t *testing.T) {
	n := startNode(t, fast)
	hold := make(chan struct{})
	n.host.door.hold = hold
	document := bytes.Repeat([]byte("configuration "), 20000)
	answered := make(chan Control, 1)
	n.host.control = func(ctx context.Context, s *Session, d *Desk) error {
		if string(d.Hello()) != "have nothing" {
			t.Errorf("hello %q", d.Hello())
		}
		if _, err := d.Send(ctx, Control{Kind: MessageConfig, Body: document}); err != nil {
			return err
		}
		m, err := d.Receive(ctx)
		if err == nil {
			answered <- m
		}
		<-ctx.Done()
		return nil
	}
	src := newMemSource(testTable(1))
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 600 {
		b := &telemetry.Batch{Origin: telemetry.Measured}
		for range 500 {
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, 0), append(b.Time, int64(i+1)), append(b.Gateway, int64(i+1)), append(b.Bits, r.Uint64())
		}
		src.putBatch(b)
	}
	id := uuid.New()
	packer := must(NewPacker(1))
	d := &Dialer{Address: func() string { return n.addr }, TLS: func() (*tls.Config, error) { return n.ca.client(id), nil },
		Hello: Hello{ID: id, Instance: uuid.New()}, Limits: fast, Now: time.Now, Logger: testLog(t),
		Serve: func(ctx context.Context, c *Conn) error {
			desk, err := OpenDesk(ctx, c, packer, []byte("have nothing"))
			if err != nil {
				return err
			}
			var work sync.WaitGroup
			defer work.Wait()
			work.Go(func() { _ = Send(ctx, c, src, SenderOptions{Producer: id, Packer: packer}) })
			m, err := desk.Receive(ctx)
			if err != nil {
				return err
			}
			if !bytes.Equal(m.Body, document) {
				return fmt.Errorf("document of %d bytes, want %d", len(m.Body), len(document))
			}
			if _, err := desk.Send(ctx, Control{Kind: MessageApplied, ID: m.ID, Body: []byte("ok")}); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		}}
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { d.Run(ctx) })
	select {
	case m := <-answered:
		if m.Kind != MessageApplied || string(m.Body) != "ok" {
			t.Errorf("answer %+v", m)
		}
	case <-time.After(20 * time.Second):
		t.Error("the configuration did not pass while samples were held back")
	}
	s := n.Session(id)
	if counters, _ := s.Conn().Stats(); counters.BytesIn > DefaultWindow+64<<10 {
		t.Errorf("%d bytes came in while nothing was settled; the window is %d", counters.BytesIn, DefaultWindow)
	}
	close(hold)
	src.waitAcked(t, 600)
	cancel()
	run.Wait()
}
