package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"jingwei/internal/identify/handle"
)

// tcpDoor answers messages over TCP, one after the other on each connection. A connection stays open as long as its messages
// ask for it (FlagKeepAlive).
type tcpDoor struct {
	desk   *Desk
	limits Limits
	mu     sync.Mutex
	open   int
	each   map[netip.Addr]int
}

func newTCPDoor(d *Desk) *tcpDoor {
	return &tcpDoor{desk: d, limits: d.processor.config.Limits, each: map[netip.Addr]int{}}
}

// serve answers connections until the context ends, and returns when the last one is closed.
func (t *tcpDoor) serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var work sync.WaitGroup
	defer work.Wait()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil { // out of descriptors, or gone before it was taken: let others breathe
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		from := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
		if !t.enter(from) {
			conn.Close()
			continue
		}
		work.Go(func() {
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			defer stop()
			defer conn.Close()
			defer t.leave(from) // before the client sees the end and comes again
			t.talk(ctx, conn)
		})
	}
}

func (t *tcpDoor) enter(from netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open >= t.limits.Connections || t.each[from] >= t.limits.ConnectionsEach {
		return false
	}
	t.open++
	t.each[from]++
	return true
}

func (t *tcpDoor) leave(from netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open--
	if t.each[from]--; t.each[from] == 0 {
		delete(t.each, from)
	}
}

func (t *tcpDoor) talk(ctx context.Context, conn net.Conn) {
	w := &quick{processor: t.desk.processor}
	var packet []byte
	for {
		conn.SetReadDeadline(time.Now().Add(t.limits.Idle))
		var e handle.Envelope
		var err error
		if packet, e, err = readMessage(conn, packet[:0]); err != nil {
			if errors.Is(err, handle.ErrMalformed) {
				t.write(conn, t.desk.refusal(handle.Message{Envelope: e}, handle.ProtocolError, err.Error()))
			}
			return
		}
		w.at(t.desk.processor.config.Now())
		if answer := w.answer(packet); answer != nil {
			keep := packet[handle.EnvelopeSize+8]&byte(handle.FlagKeepAlive>>24) != 0
			if t.write(conn, answer) != nil || !keep {
				return
			}
			continue
		}
		m, err := handle.DecodeMessage(e, packet[handle.EnvelopeSize:])
		if err != nil {
			t.write(conn, t.desk.refusal(handle.Message{Envelope: e}, handle.ProtocolError, err.Error()))
			return
		}
		if t.desk.Answer(ctx, m, func(message []byte) error { return t.write(conn, message) }) != nil || m.Flags&handle.FlagKeepAlive == 0 {
			return
		}
	}
}

func (t *tcpDoor) write(conn net.Conn, message []byte) error {
	conn.SetWriteDeadline(time.Now().Add(t.limits.Write))
	_, err := conn.Write(message)
	return err
}

// readMessage reads a whole message, envelope first, into buf. What was announced is taken in pieces, so that a length alone
// costs no memory.
func readMessage(r io.Reader, buf []byte) ([]byte, handle.Envelope, error) {
	buf = append(buf, make([]byte, handle.EnvelopeSize)...)
	if _, err := io.ReadFull(r, buf); err != nil {
		return buf, handle.Envelope{}, err
	}
	e, err := handle.DecodeEnvelope(buf)
	if err != nil {
		return buf, e, err
	}
	for left := int(e.Length); left > 0; {
		n := min(left, 16<<10)
		at := len(buf)
		buf = append(buf, make([]byte, n)...)
		if _, err := io.ReadFull(r, buf[at:]); err != nil {
			return buf, e, err
		}
		left -= n
	}
	return buf, e, nil
}
