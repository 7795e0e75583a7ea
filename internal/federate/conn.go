package federate

import (
	"bufio"
	"context"
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
	idleBuffer  = 4 << 10  // that a link keeps each way while nothing moves: a node may have thousands. Longer frames are read past it
	farewell    = 500 * time.Millisecond
)

func newConn(raw net.Conn, l Limits, now func() time.Time, log *slog.Logger, h Handler) *Conn {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Conn{
		raw: raw, in: bufio.NewReaderSize(raw, idleBuffer), limits: l.withDefaults(), now: now, log: log, handler: h,
		wake: make(chan struct{}, 1), done: make(chan struct{}), channels: map[uint16]*Channel{}, pings: map[uint64]time.Time{}, heard: now(),
	}
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
