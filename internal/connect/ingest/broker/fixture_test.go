package broker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// house is a handler whose sessions keep what they get. Messages are acknowledged at once, unless hold says otherwise.
type house struct {
	hold func(s *session, m Message, done func(error)) bool // true: it has taken done

	mu       sync.Mutex
	sessions []*session
	changed  *sync.Cond
}

type session struct {
	h        *house
	client   Client
	messages []Message
	filters  []string
	closed   bool
	err      error
}

func newHouse() *house {
	h := &house{}
	h.changed = sync.NewCond(&h.mu)
	return h
}

func (h *house) Connect(_ context.Context, c *Client) (Session, error) {
	switch {
	case c.Username == "store":
		return nil, errors.New("the database is away")
	case c.Username == "barred":
		return nil, ErrNotAllowed
	case c.Certificate == nil && string(c.Password) != "secret":
		return nil, ErrCredentials
	}
	s := &session{h: h, client: *c}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions = append(h.sessions, s)
	h.changed.Broadcast()
	return s, nil
}

func (s *session) Message(m Message, done func(error)) {
	m.Payload = bytes.Clone(m.Payload)
	if m.Topic == "panic" {
		panic("a bug in a decoder")
	}
	s.h.mu.Lock()
	s.messages = append(s.messages, m)
	s.h.changed.Broadcast()
	s.h.mu.Unlock()
	if s.h.hold == nil || !s.h.hold(s, m, done) {
		done(nil)
	}
}
func (s *session) MayPublish(topic string) bool { return !strings.HasPrefix(topic, "other/") }
func (s *session) MaySubscribe(filter string) bool {
	return Covers("mine/#", filter) || Covers("state/+", filter)
}
func (s *session) Subscribed(filter string) {
	s.h.mu.Lock()
	s.filters = append(s.filters, filter)
	s.h.changed.Broadcast()
	s.h.mu.Unlock()
	if filter == "state/+" {
		s.client.Conn.Send("state/host", []byte("online"), 1, true)
	}
}
func (s *session) Closed(err error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.closed, s.err = true, err
	s.h.changed.Broadcast()
}

// until waits until something is true of the house; it fails after ten seconds.
func (h *house) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	stop := time.AfterFunc(10*time.Second, func() { h.mu.Lock(); defer h.mu.Unlock(); h.changed.Broadcast() })
	defer stop.Stop()
	began := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for !ok() {
		if time.Since(began) > 9*time.Second {
			t.Fatalf("%s: not within ten seconds", what)
		}
		h.changed.Wait()
	}
}

// session waits for the nth session, from 0.
func (h *house) session(t testing.TB, n int) *session {
	t.Helper()
	h.until(t, "session", func() bool { return len(h.sessions) > n })
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sessions[n]
}

func (s *session) wait(t testing.TB, n int) []Message {
	t.Helper()
	s.h.until(t, "messages", func() bool { return len(s.messages) >= n })
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

func (s *session) end(t testing.TB) error {
	t.Helper()
	s.h.until(t, "end of the session", func() bool { return s.closed })
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	return s.err
}

// open starts a broker; it ends with the test, without a goroutine left behind.
func open(t testing.TB, h Handler, change ...func(*Options)) *Broker {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	o := Options{Handler: h, Plain: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t, ignore)
	})
	return b
}

// raw is a client that says exactly what a test wants it to say.
type raw struct {
	t testing.TB
	net.Conn
	r       *bufio.Reader
	version byte
}

func dial(t testing.TB, b *Broker) *raw {
	t.Helper()
	c, err := net.Dial("tcp", b.Plain().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return &raw{t: t, Conn: c, r: bufio.NewReader(c)}
}

type hello struct {
	version   byte // default 4
	id        string
	user      string // default "u1"
	password  string // default "secret"
	keepAlive uint16
	keep      bool // wants its session kept
	will      string
	props     []byte // of version 5
}

// connect says CONNECT and returns the CONNACK's body.
func connect(t testing.TB, b *Broker, h hello) (*raw, []byte) {
	t.Helper()
	c := dial(t, b)
	c.send(h.bytes())
	c.version = max(h.version, 4)
	typ, body := c.read()
	if typ != 0x20 {
		t.Fatalf("packet %x instead of a CONNACK", typ)
	}
	return c, body
}

func (h hello) bytes() []byte {
	if h.version == 0 {
		h.version = 4
	}
	if h.user == "" {
		h.user = "u1"
	}
	if h.password == "" {
		h.password = "secret"
	}
	flags := byte(0xC0)
	if !h.keep {
		flags |= 2
	}
	p := append(field("MQTT"), h.version, 0, byte(h.keepAlive>>8), byte(h.keepAlive))
	if h.version == 5 {
		p = append(append(p, byte(len(h.props))), h.props...)
	}
	p = append(p, field(h.id)...)
	if h.will != "" {
		flags |= 4 | 1<<3
		if h.version == 5 {
			p = append(p, 0)
		}
		p = append(append(p, field(h.will)...), field("gone")...)
	}
	p[7] = flags
	p = append(append(p, field(h.user)...), field(h.password)...)
	return packet(0x10, p)
}

// must signs in.
func must(t testing.TB, b *Broker, h hello) *raw {
	t.Helper()
	c, ack := connect(t, b, h)
	if ack[0] != 0 || ack[1] != 0 {
		t.Fatalf("CONNACK % x", ack)
	}
	return c
}

func field(s string) []byte { return append([]byte{byte(len(s) >> 8), byte(len(s))}, s...) }

func packet(first byte, body []byte) []byte {
	return append(binary.AppendUvarint([]byte{first}, uint64(len(body))), body...)
}

func (c *raw) send(p []byte) {
	c.t.Helper()
	if _, err := c.Write(p); err != nil {
		c.t.Fatal(err)
	}
}

// publish says PUBLISH; props are those of version 5.
func (c *raw) publish(topic string, qos byte, id uint16, payload string, props ...byte) {
	c.t.Helper()
	c.send(c.message(topic, qos, id, payload, props...))
}

func (c *raw) message(topic string, qos byte, id uint16, payload string, props ...byte) []byte {
	p := field(topic)
	if qos > 0 {
		p = append(p, byte(id>>8), byte(id))
	}
	if c.version == 5 {
		p = append(append(p, byte(len(props))), props...)
	}
	return packet(0x30|qos<<1, append(p, payload...))
}

// try reads the next packet.
func (c *raw) try() (byte, []byte, error) {
	first, err := c.r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(c.r)
	if err != nil {
		return 0, nil, err
	}
	body := make([]byte, n)
	_, err = io.ReadFull(c.r, body)
	return first, body, err
}

func (c *raw) read() (byte, []byte) {
	c.t.Helper()
	first, body, err := c.try()
	if err != nil {
		c.t.Fatal(err)
	}
	return first, body
}

// expect reads a packet and compares it.
func (c *raw) expect(first byte, body ...byte) {
	c.t.Helper()
	if f, got := c.read(); f != first || !bytes.Equal(got, body) {
		c.t.Fatalf("got %x % x, want %x % x", f, got, first, body)
	}
}

// cut expects the end of the connection, after at most a DISCONNECT with the code.
func (c *raw) cut(code byte) {
	c.t.Helper()
	first, body, err := c.try()
	if err == nil && c.version == 5 {
		if first != 0xE0 || body[0] != code {
			c.t.Fatalf("got %x % x, want a DISCONNECT with %x", first, body, code)
		}
		first, body, err = c.try()
	}
	if err == nil {
		c.t.Fatalf("got %x % x, want the end", first, body)
	}
	if e, ok := err.(net.Error); ok && e.Timeout() {
		c.t.Fatal("the connection is still open")
	}
}

// alive proves that the connection is served, and that nothing came unasked.
func (c *raw) alive() {
	c.t.Helper()
	c.send([]byte{0xC0, 0})
	c.expect(0xD0)
}
