package broker

import (
	"crypto/x509"
	"net"
	"sync"
	"time"
)

// conn joins what is written to one client: acknowledgements that come close upon each other leave in one write(2), or
// in one TLS record. Whoever finds nobody writing becomes the writer; what is queued meanwhile goes with its next write.
//
//   - queue never blocks: a goroutine is started to write, and ends when nothing is left;
//   - Write, which mochi calls on the reader's goroutine, writes itself;
//   - Read first writes what is left of the reader's own doing, so that nothing waits while the reader sleeps.
type conn struct {
	net.Conn
	raw    net.Conn // below TLS
	broker *Broker
	cert   *x509.Certificate
	peer   *peer  // once signed in; only the connection's own goroutine uses it
	prefix prefix // watches the CONNECT

	keepAlive time.Duration // 0: none; the client must be heard once in one and a half of it
	heardBy   time.Time     // the read deadline in force

	gone chan struct{} // closed when the end has begun

	mu      sync.Mutex
	out     []byte // to be written
	spare   []byte // the other buffer
	writing bool
	wroteBy time.Time // the write deadline in force
	version byte      // of MQTT, once signed in
	why     error     // why it ends; set when gone is closed
	closed  bool      // nothing is written any more
}

// maxUnwritten bounds what waits for one client, a single packet apart.
const maxUnwritten = 1 << 20

func newConn(b *Broker, c, raw net.Conn) *conn {
	return &conn{Conn: c, raw: raw, broker: b, gone: make(chan struct{})}
}

// Read reads from the client.
func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	c.write()
	err := c.why
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if !c.prefix.done && n > 0 {
		if e := c.prefix.check(p[:n]); e != nil {
			return 0, e
		}
	}
	return n, err
}

// Write writes whole packets of mochi.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.append(p)
	c.write()
	if c.why != nil {
		return 0, c.why
	}
	return len(p), nil
}

// queue adds a whole packet. now is false where the reader's goroutine is about to write anyway.
func (c *conn) queue(p []byte, now bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.append(p)
	if now {
		c.kick()
	}
}

// flush has what waits written by another goroutine.
func (c *conn) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kick()
}

func (c *conn) append(p []byte) {
	if c.why != nil {
		return
	}
	if len(c.out) > 0 && len(c.out)+len(p) > maxUnwritten {
		c.fail(ErrUnread)
		return
	}
	c.out = append(c.out, p...)
}

// kick starts a writer if there is something to write and nobody writes.
func (c *conn) kick() {
	if len(c.out) == 0 || c.writing || c.closed {
		return
	}
	c.writing = true
	go func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.drain()
	}()
}

// write writes what there is, unless another does.
func (c *conn) write() {
	if len(c.out) == 0 || c.writing || c.closed {
		return
	}
	c.writing = true
	c.drain()
}

// drain is the writer. It is entered and left with the lock held.
func (c *conn) drain() {
	for len(c.out) > 0 && !c.closed {
		p := c.out
		c.out = c.spare[:0]
		c.extend()
		c.mu.Unlock()
		_, err := c.Conn.Write(p)
		c.broker.stats.writes.Add(1)
		c.mu.Lock()
		c.spare = nil
		if cap(p) <= 64<<10 {
			c.spare = p[:0]
		}
		if err != nil {
			if t, ok := err.(net.Error); ok && t.Timeout() {
				err = ErrUnread
			}
			c.fail(err)
		}
	}
	c.writing = false
	if c.why != nil && !c.closed { // the last words have been said
		c.closed = true
		c.mu.Unlock()
		c.Conn.Close() // TLS says goodbye
		c.mu.Lock()
	}
}

// extend moves the write deadline. That costs more than a small write does, so it is done in steps.
func (c *conn) extend() {
	if c.why != nil {
		return // end has set it
	}
	now, timeout := time.Now(), c.broker.o.WriteTimeout
	if c.wroteBy.Sub(now) < timeout-timeout/8 {
		c.wroteBy = now.Add(timeout)
		c.Conn.SetWriteDeadline(c.wroteBy)
	}
}

// fail ends the connection at once; the lock is held. It does not block: what is below TLS is closed.
func (c *conn) fail(err error) {
	if c.why == nil {
		c.why = err
		close(c.gone)
	}
	c.out, c.closed = nil, true
	c.raw.Close()
}

// end ends the connection after what is queued has been written; a client of version 5 is told why.
func (c *conn) end(reason error, code byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return
	}
	if c.version == 5 {
		c.append([]byte{packetDisconnect, 2, code, 0})
		if c.why != nil {
			return
		}
	}
	c.why = reason
	close(c.gone)
	if len(c.out) == 0 && !c.writing {
		c.fail(reason)
		return
	}
	c.Conn.SetWriteDeadline(time.Now().Add(min(time.Second, c.broker.o.WriteTimeout)))
	c.kick()
}

// Close closes the connection.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why == nil || !c.writing { // else the writer says the last words and closes
		c.fail(net.ErrClosed)
	}
	return nil
}

// reason tells why the connection ended, nil if it has not.
func (c *conn) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.why
}

// SetDeadline is how mochi asks for the keep-alive, after each packet. Its own time overflows for keep-alives beyond 12
// hours, and a new deadline for each packet costs as much as reading it: the deadline is moved in steps, and lies on
// reading alone; writing has its own.
func (c *conn) SetDeadline(time.Time) error {
	if c.keepAlive == 0 {
		if c.heardBy.IsZero() {
			return nil
		}
		c.heardBy = time.Time{}
		return c.Conn.SetReadDeadline(c.heardBy)
	}
	step := c.keepAlive / 16
	want := time.Now().Add(c.keepAlive + c.keepAlive/2 + step)
	if ahead := want.Sub(c.heardBy); 0 <= ahead && ahead < step {
		return nil
	}
	c.heardBy = want
	return c.Conn.SetReadDeadline(want)
}

// prefix reads the length that the first packet announces, before mochi makes room for it: nobody has signed in yet.
type prefix struct {
	done   bool
	seen   int
	length int
}

// maxConnect is the longest CONNECT: client id, name and password of ordinary length, and a will of 64 KiB.
const maxConnect = 128 << 10

func (f *prefix) check(p []byte) error {
	for _, b := range p {
		if f.seen > 0 {
			f.length |= int(b&127) << (7 * (f.seen - 1))
			if f.length > maxConnect {
				return ErrTooLarge
			}
			if b&128 == 0 || f.seen == 4 {
				f.done = true
				return nil
			}
		}
		f.seen++
	}
	return nil
}
