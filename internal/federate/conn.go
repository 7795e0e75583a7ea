package federate

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Limits bound and time one connection. The zero value of a field means its default.
type Limits struct {
	MaxFrame         int           // longest payload that is read; default and upper bound MaxFrame
	BulkFrame        int           // longest piece that is sent; default 16 KiB: a control message never waits longer than that
	SendQueue        int           // bytes a channel keeps for the writer before Send waits; default 256 KiB
	PingEvery        time.Duration // default 10 s
	DeadAfter        time.Duration // silence after which the connection is given up; default 3 pings and 5 s
	WriteTimeout     time.Duration // a write that takes longer ends the connection; default 30 s
	HandshakeTimeout time.Duration // TLS and hello together; default 15 s
}

func (l Limits) withDefaults() Limits {
	if l.MaxFrame <= 0 || l.MaxFrame > MaxFrame {
		l.MaxFrame = MaxFrame
	}
	if l.BulkFrame <= 0 {
		l.BulkFrame = 16 << 10
	}
	l.BulkFrame = min(l.BulkFrame, MaxFrame)
	if l.SendQueue <= 0 {
		l.SendQueue = 256 << 10
	}
	if l.PingEvery <= 0 {
		l.PingEvery = 10 * time.Second
	}
	if l.DeadAfter <= 0 {
		l.DeadAfter = 3*l.PingEvery + 5*time.Second
	}
	if l.WriteTimeout <= 0 {
		l.WriteTimeout = 30 * time.Second
	}
	if l.HandshakeTimeout <= 0 {
		l.HandshakeTimeout = 15 * time.Second
	}
	return l
}

// Handler serves a channel that the other end opened. It runs on a goroutine of its own, calls Accept or Close on the
// channel, and uses it until the context, which ends with the connection, is done.
type Handler func(ctx context.Context, ch *Channel)

// Conn is one multiplexed connection after its hello. Run owns it; the other methods may be called from anywhere.
type Conn struct {
	raw     net.Conn
	in      *bufio.Reader
	limits  Limits
	now     func() time.Time
	log     *slog.Logger
	child   bool
	peer    Hello
	version uint16
	handler Handler

	wake chan struct{} // 1: something to write
	done chan struct{} // closed by fail

	mu       sync.Mutex
	err      error
	channels map[uint16]*Channel
	opened   [2]uint16 // highest number used by even (child's) and odd (node's) openers
	urgent   []byte    // frames of channel 0, opens, openeds, resets: they go first
	turn     int       // round robin over bulk channels
	order    []*Channel
	heard    time.Time
	pings    map[uint64]time.Time
	nonce    uint64
	filter   clockFilter
	counters Counters

	work sync.WaitGroup // handlers
}

// Counters count what a connection has carried, headers included, TLS not.
type Counters struct {
	BytesIn, BytesOut   uint64
	FramesIn, FramesOut uint64
}

const (
	maxChannels = 64
	maxUrgent   = 256 << 10
	gather      = 16 << 10 // the writer gathers small frames up to this much for one write
	farewell    = 500 * time.Millisecond
)

// Client says hello on a connection whose TLS handshake is done and waits for the welcome. A refusal is a *Goodbye.
func Client(raw net.Conn, hello Hello, l Limits, now func() time.Time, log *slog.Logger, h Handler) (*Conn, error) {
	c := newConn(raw, l, now, log, h)
	c.child = true
	if err := raw.SetDeadline(time.Now().Add(c.limits.HandshakeTimeout)); err != nil {
		return nil, fmt.Errorf("set handshake deadline: %w", err)
	}
	hello.Min, hello.Max = MinVersion, MaxVersion
	if err := c.sayHello(frameHello, hello); err != nil {
		return nil, err
	}
	t, body, err := c.readHello(frameWelcome)
	if err != nil {
		return nil, fmt.Errorf("read welcome: %w", err)
	}
	if t == frameGoodbye {
		g, err := parseGoodbye(body)
		if err != nil {
			return nil, fmt.Errorf("read refusal: %w", err)
		}
		return nil, g
	}
	if c.peer, err = parseHello(body); err != nil {
		return nil, fmt.Errorf("read welcome: %w", err)
	}
	if c.peer.Min != c.peer.Max || c.peer.Max < MinVersion || c.peer.Max > MaxVersion {
		return nil, malformed("the node chose version %d to %d, offered were %d to %d", c.peer.Min, c.peer.Max, MinVersion, MaxVersion)
	}
	c.version = c.peer.Max
	return c, raw.SetDeadline(time.Time{})
}

// Server reads the hello of a child and lets admit decide: a welcome, or a *Goodbye that is sent as the refusal.
func Server(raw net.Conn, admit func(Hello) (Hello, error), l Limits, now func() time.Time, log *slog.Logger, h Handler) (*Conn, error) {
	c := newConn(raw, l, now, log, h)
	if err := raw.SetDeadline(time.Now().Add(c.limits.HandshakeTimeout)); err != nil {
		return nil, fmt.Errorf("set handshake deadline: %w", err)
	}
	_, body, err := c.readHello(frameHello)
	if err != nil {
		return nil, fmt.Errorf("read hello: %w", err)
	}
	if c.peer, err = parseHello(body); err != nil {
		c.refuse(&Goodbye{Code: CodeProtocol, Text: err.Error()})
		return nil, err
	}
	v, ok := choose(MinVersion, MaxVersion, c.peer.Min, c.peer.Max)
	if !ok {
		g := &Goodbye{Code: CodeVersion, Text: fmt.Sprintf("this node speaks link versions %d to %d, the gateway %d to %d: update the older of the two",
			MinVersion, MaxVersion, c.peer.Min, c.peer.Max)}
		c.refuse(g)
		return nil, g
	}
	welcome, err := admit(c.peer)
	if err != nil {
		var g *Goodbye
		if !errors.As(err, &g) {
			g = &Goodbye{Code: CodeInternal, Text: "the node cannot answer now"}
		}
		c.refuse(g)
		return nil, err
	}
	welcome.Min, welcome.Max = v, v
	c.version = v
	if err := c.sayHello(frameWelcome, welcome); err != nil {
		return nil, err
	}
	return c, raw.SetDeadline(time.Time{})
}

func newConn(raw net.Conn, l Limits, now func() time.Time, log *slog.Logger, h Handler) *Conn {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Conn{
		raw: raw, in: bufio.NewReaderSize(raw, 32<<10), limits: l.withDefaults(), now: now, log: log, handler: h,
		wake: make(chan struct{}, 1), done: make(chan struct{}), channels: map[uint16]*Channel{}, pings: map[uint64]time.Time{}, heard: now(),
	}
}

func (c *Conn) sayHello(t frameType, h Hello) error {
	h.MaxFrame = uint32(c.limits.MaxFrame)
	h.Clock = c.now().UnixNano()
	body, err := h.append(nil)
	if err != nil {
		return err
	}
	if _, err := c.raw.Write(appendFrame(nil, t, 0, 0, body)); err != nil {
		return fmt.Errorf("write hello: %w", err)
	}
	return nil
}

// readHello accepts the wanted first frame, or a goodbye in its place.
func (c *Conn) readHello(want frameType) (frameType, []byte, error) {
	h, err := c.readHeader()
	if err != nil {
		return 0, nil, err
	}
	if h.Type != want && (h.Type != frameGoodbye || want != frameWelcome) {
		return 0, nil, malformed("first frame is of type %d", h.Type)
	}
	body := make([]byte, h.Length)
	_, err = io.ReadFull(c.in, body)
	return h.Type, body, err
}

func (c *Conn) refuse(g *Goodbye) {
	_, _ = c.raw.Write(appendFrame(nil, frameGoodbye, 0, 0, g.append(nil)))
}

// Peer is the hello of the other end, Version the protocol version in use.
func (c *Conn) Peer() Hello     { return c.peer }
func (c *Conn) Version() uint16 { return c.version }

// Remote is the other end's network address.
func (c *Conn) Remote() string { return c.raw.RemoteAddr().String() }

// Clock estimates round trip and clock offset from the recent pings.
func (c *Conn) Clock() Clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.filter.estimate()
}

// Stats returns the counters and when the other end was last heard.
func (c *Conn) Stats() (Counters, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counters, c.heard
}

// Done is closed when the connection has failed or been closed; Err then says why.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is nil while the connection lives.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection with a goodbye.
func (c *Conn) Close(code Code, text string) { c.fail(&Goodbye{Code: code, Text: text}) }

func (c *Conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failLocked(err)
}

func (c *Conn) failLocked(err error) {
	if c.err != nil {
		return
	}
	c.err = err
	close(c.done)
	for _, ch := range c.channels {
		ch.endLocked(err)
	}
	// A write that hangs in a full socket must not hold up the end.
	_ = c.raw.SetWriteDeadline(time.Now().Add(farewell))
}

// Run moves frames until ctx ends, the connection is closed or it fails; it returns the reason after every goroutine
// of the connection, handlers included, has ended.
func (c *Conn) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var loops sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { c.Close(CodeClosing, "shutting down") })
	loops.Go(func() { c.writeLoop() })
	loops.Go(func() { c.pingLoop() })
	c.fail(c.readLoop(ctx))
	stop()
	cancel()
	loops.Wait()
	c.closeSocket()
	c.work.Wait()
	return c.Err()
}

func (c *Conn) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// urgentLocked queues a frame before everything else. What the other end can make us queue without reading our
// answers is bounded: beyond it the connection ends.
func (c *Conn) urgentLocked(t frameType, channel uint16, payload []byte) {
	if c.err != nil {
		return
	}
	if len(c.urgent)+headerBytes+len(payload) > maxUrgent {
		c.failLocked(&Goodbye{Code: CodeProtocol, Text: "answers are not being read"})
		return
	}
	c.urgent = appendFrame(c.urgent, t, 0, channel, payload)
	c.poke()
}

func (c *Conn) pingLoop() {
	tick := time.NewTicker(c.limits.PingEvery)
	defer tick.Stop()
	for first := true; ; first = false {
		if !first {
			select {
			case <-c.done:
				return
			case <-tick.C:
			}
		}
		now := c.now()
		c.mu.Lock()
		silent := now.Sub(c.heard)
		if silent <= c.limits.DeadAfter {
			c.nonce++
			if len(c.pings) > clockWindow {
				clear(c.pings) // answers that old tell nothing
			}
			c.pings[c.nonce] = now
			c.urgentLocked(framePing, 0, appendPing(nil, c.nonce, now.UnixNano()))
		}
		c.mu.Unlock()
		if silent > c.limits.DeadAfter {
			c.Close(CodeSilent, fmt.Sprintf("nothing heard for %v", silent.Round(time.Millisecond)))
			return
		}
	}
}

// writeLoop is the only writer. Each round takes the urgent frames, then control channels, then bulk in turn.
func (c *Conn) writeLoop() {
	buf := make([]byte, 0, gather+c.limits.BulkFrame+headerBytes)
	for {
		var frames uint64
		c.mu.Lock()
		buf, frames = c.gatherLocked(buf[:0])
		err := c.err
		c.mu.Unlock()
		if err != nil {
			c.leave(err)
			return
		}
		if len(buf) == 0 {
			select {
			case <-c.wake:
			case <-c.done:
			}
			continue
		}
		_ = c.raw.SetWriteDeadline(time.Now().Add(c.limits.WriteTimeout))
		select {
		case <-c.done: // fail's shorter deadline may have come before ours
			_ = c.raw.SetWriteDeadline(time.Now().Add(farewell))
		default:
		}
		if _, err := c.raw.Write(buf); err != nil {
			c.fail(fmt.Errorf("write to the link: %w", err))
			continue
		}
		c.mu.Lock()
		c.counters.BytesOut += uint64(len(buf))
		c.counters.FramesOut += frames
		c.mu.Unlock()
	}
}

// leave says goodbye if the reason is ours to tell, then lets the reader drain the socket for a moment: closing one
// that holds unread bytes resets the connection, and a reset may overtake the goodbye.
func (c *Conn) leave(reason error) {
	var g *Goodbye
	if !errors.As(reason, &g) && errors.Is(reason, ErrMalformed) {
		g = &Goodbye{Code: CodeProtocol, Text: reason.Error()}
	}
	if g == nil || g.Far {
		c.closeSocket()
		return
	}
	_ = c.raw.SetWriteDeadline(time.Now().Add(farewell))
	if _, err := c.raw.Write(appendFrame(nil, frameGoodbye, 0, 0, g.append(nil))); err != nil {
		c.closeSocket()
		return
	}
	_ = c.raw.SetReadDeadline(time.Now().Add(farewell))
}

// closeSocket skips the close alert of TLS, whose write may wait: the goodbye frame is our end mark.
func (c *Conn) closeSocket() {
	if t, ok := c.raw.(*tls.Conn); ok {
		_ = t.NetConn().Close()
		return
	}
	_ = c.raw.Close()
}

func (c *Conn) gatherLocked(buf []byte) ([]byte, uint64) {
	var frames uint64
	if len(c.urgent) > 0 {
		buf = append(buf, c.urgent...)
		c.urgent = c.urgent[:0]
		frames++
	}
	for _, ch := range c.order {
		if ch.grant > 0 {
			buf = appendCredit(buf, ch.number, ch.grant)
			ch.grant = 0
			frames++
		}
	}
	for len(buf) < gather {
		n := c.pieceLocked(&buf, true)
		if n == 0 {
			n = c.pieceLocked(&buf, false)
		}
		if n == 0 {
			break
		}
		frames++
	}
	return buf, frames
}

// pieceLocked appends one data frame of the next channel of that rank which has something to send and credit for it.
func (c *Conn) pieceLocked(buf *[]byte, control bool) int {
	for i := range c.order {
		ch := c.order[(c.turn+i)%len(c.order)]
		if (ch.kind == KindControl) != control {
			continue
		}
		if n := ch.pieceLocked(buf); n > 0 {
			c.turn = (c.turn + i + 1) % len(c.order)
			return n
		}
	}
	return 0
}

func (c *Conn) readHeader() (header, error) {
	var b [headerBytes]byte
	if _, err := io.ReadFull(c.in, b[:]); err != nil {
		return header{}, err
	}
	return parseHeader(b, c.limits.MaxFrame)
}

func (c *Conn) readLoop(ctx context.Context) error {
	for {
		h, err := c.readHeader()
		if err != nil {
			return c.readError(err)
		}
		c.mu.Lock()
		c.heard = c.now()
		c.counters.FramesIn++
		c.counters.BytesIn += headerBytes + uint64(h.Length)
		c.mu.Unlock()
		if h.Type == frameData {
			err = c.readData(h)
		} else {
			body := make([]byte, h.Length)
			if _, err = io.ReadFull(c.in, body); err == nil {
				err = c.dispatch(ctx, h, body)
			}
		}
		if err != nil {
			return c.readError(err)
		}
	}
}

func (c *Conn) readError(err error) error {
	var g *Goodbye
	if errors.As(err, &g) || errors.Is(err, ErrMalformed) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the other end closed the connection without a goodbye")
	}
	var alert tls.AlertError
	if errors.As(err, &alert) {
		return fmt.Errorf("TLS: %w", err)
	}
	return fmt.Errorf("read from the link: %w", err)
}

// dispatch handles every frame but data. Frames of a later version with the ignorable flag fall through.
func (c *Conn) dispatch(ctx context.Context, h header, body []byte) error {
	switch h.Type {
	case frameHello, frameWelcome:
		return malformed("a second hello")
	case frameGoodbye:
		g, err := parseGoodbye(body)
		if err != nil {
			return err
		}
		return g
	case framePing:
		nonce, sent, err := parsePing(body)
		if err != nil {
			return err
		}
		got := c.now().UnixNano()
		c.mu.Lock()
		c.urgentLocked(framePong, 0, appendPong(nil, nonce, sent, got, c.now().UnixNano()))
		c.mu.Unlock()
	case framePong:
		nonce, sent, got, answered, err := parsePong(body)
		if err != nil {
			return err
		}
		c.mu.Lock()
		if began, ok := c.pings[nonce]; ok {
			delete(c.pings, nonce)
			c.filter.add(sent, got, answered, c.now().Sub(began))
		}
		c.mu.Unlock()
	case frameOpen:
		return c.openedByPeer(ctx, h.Channel, body)
	case frameOpened:
		return c.acceptedByPeer(h.Channel, body)
	case frameCredit:
		return c.creditFromPeer(h.Channel, body)
	case frameReset:
		return c.resetByPeer(h.Channel, body)
	}
	return nil
}
