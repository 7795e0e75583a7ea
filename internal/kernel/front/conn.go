package front

import (
	"net"
	"sync"
)

// Conn is a connection that a Listener hands out: what was read of it is read again, and RemoteAddr is the client's also
// where another process piped it here.
type Conn struct {
	net.Conn        // a *net.TCPConn, whose methods that would read past head are out of sight
	head     []byte // read before, and not yet read again
	client   net.Addr
	once     sync.Once
	closed   func()
}

// Read reads.
func (c *Conn) Read(b []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(b, c.head)
		if c.head = c.head[n:]; len(c.head) == 0 {
			c.head = nil
		}
		return n, nil
	}
	return c.Conn.Read(b)
}

// RemoteAddr is the client's address.
func (c *Conn) RemoteAddr() net.Addr { return c.client }

// NetConn is the socket, for its options; it must not be read.
func (c *Conn) NetConn() net.Conn { return c.Conn }

// CloseWrite ends what is sent.
func (c *Conn) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }

// Close closes the connection and gives its place at the door to another.
func (c *Conn) Close() error {
	c.once.Do(c.closed)
	return c.Conn.Close()
}

// listener is a node's end of the door.
type listener struct {
	door  *Door
	cell  string
	queue chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, net.ErrClosed
	default:
	}
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close makes the door pipe to others again. Connections that were accepted stay.
func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.done)
		l.door.remove(l)
	})
	return nil
}

func (l *listener) Addr() net.Addr { return l.door.Addr() }
