package modbus

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	wire "jingwei/internal/connect/driver/modbus"
)

// converse serves a client.
func (s *Server) converse(_ context.Context, c net.Conn) {
	(&conn{s: s, net: c, late: make(chan struct{}, maxLate), gone: make(chan struct{})}).run()
}

// conn is one client.
type conn struct {
	s     *Server
	net   net.Conn
	write sync.Mutex
	late  chan struct{} // one token for each late answer on its way
	gone  chan struct{}
}

func (c *conn) run() {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer func() {
		close(c.gone)
		c.net.Close()
	}()
	var buf [wire.MaxFrame]byte
	for {
		c.net.SetReadDeadline(time.Now().Add(idleTime))
		if _, err := io.ReadFull(c.net, buf[:wire.HeaderLen]); err != nil {
			return
		}
		h, err := wire.ParseHeader(buf[:])
		if err != nil {
			c.s.log.Debug("a client does not speak Modbus TCP", "client", c.net.RemoteAddr(), "error", err)
			return
		}
		pdu := buf[wire.HeaderLen:][:h.PDU]
		if _, err := io.ReadFull(c.net, pdu); err != nil {
			return
		}
		a := c.s.answer(h, pdu)
		switch {
		case a.drop:
			return
		case a.frame == nil:
		case a.after > 0:
			select {
			case c.late <- struct{}{}:
			default:
				continue // too many on their way: this one never comes
			}
			wg.Go(func() {
				defer func() { <-c.late }()
				t := time.NewTimer(a.after)
				defer t.Stop()
				select {
				case <-t.C:
					c.send(a.frame)
				case <-c.gone:
				}
			})
		default:
			if c.send(a.frame) != nil {
				return
			}
		}
	}
}

func (c *conn) send(frame []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	c.net.SetWriteDeadline(time.Now().Add(writeTime))
	_, err := c.net.Write(frame)
	return err
}
