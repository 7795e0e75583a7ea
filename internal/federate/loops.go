package federate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"
)

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
	var buf []byte
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
			if cap(buf) > idleBuffer {
				buf = nil
			}
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
