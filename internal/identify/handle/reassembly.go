package handle

import (
	"net/netip"
	"time"
)

// Reassembly puts messages together that came in more than one UDP packet. It is bounded in messages, bytes and time; the
// oldest makes room. It is not safe for concurrent use, and reads no clock.
type Reassembly struct {
	messages, bytes int
	life            time.Duration
	parts           map[partKey]*partial
	queue           []*partial // oldest first
	held            int
}

type partKey struct {
	from             netip.AddrPort
	session, request uint32
}

type partial struct {
	key     partKey
	first   Envelope
	payload []byte
	have    []bool
	missing int
	began   time.Time
	gone    bool
}

// NewReassembly holds at most so many incomplete messages and bytes, each at most for life.
func NewReassembly(messages, bytes int, life time.Duration) *Reassembly {
	return &Reassembly{messages: messages, bytes: bytes, life: life, parts: map[partKey]*partial{}}
}

// Add takes a packet in. It returns the message's envelope and payload when the packet was the last one missing; a message
// of one packet comes back at once, in the packet's own bytes. A *FormatError when the packet does not fit what it says of
// itself or what came before.
func (r *Reassembly) Add(from netip.AddrPort, packet []byte, now time.Time) (Envelope, []byte, bool, error) {
	e, err := DecodeEnvelope(packet)
	if err != nil {
		return e, nil, false, err
	}
	payload := packet[EnvelopeSize:]
	total := Packets(int(e.Length))
	if total == 1 {
		if e.Sequence != 0 || len(payload) != int(e.Length) {
			return e, nil, false, malformed("message length", e.Length, "the packet carries %d bytes", len(payload))
		}
		return e, payload, true, nil
	}
	want := MaxPayload
	if uint64(e.Sequence) == uint64(total-1) {
		want = int(e.Length) - (total-1)*MaxPayload
	}
	if uint64(e.Sequence) >= uint64(total) || len(payload) != want {
		return e, nil, false, malformed("sequence", e.Sequence, "packet of %d bytes in a message of %d", len(payload), e.Length)
	}
	key := partKey{from, e.Session, e.Request}
	p := r.parts[key]
	if p == nil {
		if p = r.begin(key, e, total, now); p == nil {
			return e, nil, false, malformed("message length", e.Length, "more than may be put together")
		}
	}
	if p.first.Length != e.Length {
		return e, nil, false, malformed("message length", e.Length, "the first packet said %d", p.first.Length)
	}
	if !p.have[e.Sequence] {
		p.have[e.Sequence] = true
		p.missing--
		copy(p.payload[int(e.Sequence)*MaxPayload:], payload)
	}
	if p.missing > 0 {
		return e, nil, false, nil
	}
	r.drop(p)
	p.first.Sequence, p.first.Truncated = 0, false
	return p.first, p.payload, true, nil
}

func (r *Reassembly) begin(key partKey, e Envelope, total int, now time.Time) *partial {
	for len(r.queue) > 0 {
		oldest := r.queue[0]
		if !oldest.gone && now.Sub(oldest.began) <= r.life && len(r.parts) < r.messages && r.held+int(e.Length) <= r.bytes {
			break
		}
		r.drop(oldest)
		r.queue[0] = nil
		r.queue = r.queue[1:]
	}
	if int(e.Length) > r.bytes {
		return nil
	}
	p := &partial{key: key, first: e, payload: make([]byte, e.Length), have: make([]bool, total), missing: total, began: now}
	r.parts[key] = p
	r.held += len(p.payload)
	r.queue = append(r.queue, p)
	return p
}

func (r *Reassembly) drop(p *partial) {
	if p.gone {
		return
	}
	p.gone = true
	delete(r.parts, p.key)
	r.held -= len(p.payload)
}
