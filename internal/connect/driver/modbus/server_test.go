package modbus

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"jingwei/internal/telemetry"
)

// bench is a scripted server: what it answers is decided frame by frame, so that faults come exactly where a test
// wants them.
type bench struct {
	listener net.Listener
	wg       sync.WaitGroup
	mu       sync.Mutex
	conns    []net.Conn
	seen     []Header // of every request
	reads    []string // "holding 0..9"
	// answer returns the bytes to be sent for the n-th request (from 1), as many frames as it likes; nil closes.
	answer func(n int, h Header, pdu []byte) []byte
}

func newBench(t testing.TB, answer func(n int, h Header, pdu []byte) []byte) *bench {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{listener: l, answer: answer}
	b.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			b.conns = append(b.conns, c)
			b.mu.Unlock()
			b.wg.Go(func() { b.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		b.mu.Lock()
		for _, c := range b.conns {
			c.Close()
		}
		b.mu.Unlock()
		b.wg.Wait()
	})
	return b
}

func (b *bench) serve(c net.Conn) {
	defer c.Close()
	for {
		var head [HeaderLen]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		h, err := ParseHeader(head[:])
		if err != nil {
			return
		}
		pdu := make([]byte, h.PDU)
		if _, err := io.ReadFull(c, pdu); err != nil {
			return
		}
		b.mu.Lock()
		b.seen = append(b.seen, h)
		if area, start, count, err := ParseRead(pdu); err == nil {
			b.reads = append(b.reads, fmt.Sprintf("%v %d..%d", area, start, start+count-1))
		}
		n := len(b.seen)
		b.mu.Unlock()
		out := b.answer(n, h, pdu)
		if out == nil {
			return
		}
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

func (b *bench) requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.reads...)
}

func (b *bench) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads = nil
}

func (b *bench) link(extra string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"address":%q%s}`, b.listener.Addr().String(), extra))
}

// memory is a device whose register n of unit u holds u×1000+n modulo 65536, and whose bit n is set where n is a
// multiple of three. Reads that touch a hole are refused.
func memory(holes ...Span) func(n int, h Header, pdu []byte) []byte {
	return func(_ int, h Header, pdu []byte) []byte { return remember(h, pdu, holes) }
}

func remember(h Header, pdu []byte, holes []Span) []byte {
	area, start, count, err := ParseRead(pdu)
	if err != nil {
		return AppendException(nil, h.Transaction, h.Unit, pdu[0], err.(Exception))
	}
	for _, hole := range holes {
		if hole.Area == area && start < hole.End && start+count > hole.Start {
			return AppendException(nil, h.Transaction, h.Unit, pdu[0], IllegalAddress)
		}
	}
	data := make([]byte, area.DataLen(count))
	for i := range count {
		if area.Bits() {
			if (start+i)%3 == 0 {
				data[i/8] |= 1 << (i % 8)
			}
			continue
		}
		v := register(int(h.Unit), start+i)
		data[2*i], data[2*i+1] = byte(v>>8), byte(v)
	}
	return AppendAnswer(nil, h.Transaction, h.Unit, area, data)
}

func register(unit, n int) uint16 { return uint16(unit*1000 + n) }

type outcome struct {
	value  telemetry.Value
	status telemetry.Status
}
