package server

import (
	"context"
	"errors"
	"hash/maphash"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/datagram"
)

// udpDoor is what the sockets of one UDP address share.
type udpDoor struct {
	desk     *Desk
	limits   Limits
	throttle *throttle
	slow     chan struct{} // a place for each operation that runs
	seed     maphash.Seed
	mu       sync.Mutex
	parts    *handle.Reassembly
	replies  *replies
	work     sync.WaitGroup
}

func newUDPDoor(d *Desk) *udpDoor {
	l := d.processor.config.Limits
	return &udpDoor{
		desk: d, limits: l, throttle: newThrottle(l.Rate, l.Burst), slow: make(chan struct{}, l.Slow), seed: maphash.MakeSeed(),
		parts: handle.NewReassembly(l.Partial, l.PartialBytes, l.PartialTime), replies: newReplies(),
	}
}

// serve answers what comes to one socket until the context ends. What it handed to the desk ends with work.
func (u *udpDoor) serve(ctx context.Context, conn *datagram.Conn) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	w := &quick{processor: u.desk.processor}
	for {
		n, err := conn.Read()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			continue // an ICMP error of an earlier answer, which is nobody's to mend
		}
		now := u.desk.processor.config.Now()
		w.at(now)
		for i := range n {
			u.packet(ctx, conn, w, i, now)
		}
		conn.Flush()
	}
}

func (u *udpDoor) packet(ctx context.Context, conn *datagram.Conn, w *quick, i int, now time.Time) {
	from, packet := conn.Source(i), conn.Packet(i)
	if len(packet) > handle.MaxPacket || !u.throttle.allow(from.Addr(), now, 1) {
		return
	}
	if message := w.answer(packet); message != nil {
		for k := range u.packets(from.Addr(), now, len(message), len(packet)) {
			conn.Queue(handle.AppendPacket(conn.Slot(), message, k), i)
		}
		return
	}
	u.slowly(ctx, conn, from, packet, now)
}

// packets is how many packets of an answer of so many bytes are sent to a request of so many: all, or the first, which is
// marked truncated, when the answer is too long to be given to somebody whose address is not proved.
func (u *udpDoor) packets(from netip.Addr, now time.Time, answer, request int) int {
	n := handle.Packets(answer - handle.EnvelopeSize)
	if n > 1 && (answer > u.limits.AnswerUDP || answer > u.limits.Gain*request || !u.throttle.allow(from, now, (n-1)*furtherCost)) {
		return 1
	}
	return n
}

// furtherCost is how many packets each packet of an answer after the first counts for in its receiver's budget: with the
// default limits at most 400 large packets at once and 200 a second go to one address, whoever says to be there.
const furtherCost = 25

// slowly hands a packet to the desk, in a goroutine of its own when the message is whole.
func (u *udpDoor) slowly(ctx context.Context, conn *datagram.Conn, from netip.AddrPort, packet []byte, now time.Time) {
	u.mu.Lock()
	e, payload, whole, err := u.parts.Add(from, packet, now)
	u.mu.Unlock()
	if !whole || err != nil {
		if err != nil && len(packet) >= handle.EnvelopeSize && len(packet) <= handle.EnvelopeSize+8 {
			return
		}
		u.complain(conn, from, e, err)
		return
	}
	m, err := handle.DecodeMessage(e, slices.Clone(payload))
	if err != nil {
		u.complain(conn, from, e, err)
		return
	}
	if m.Code != handle.Request {
		return
	}
	send := func(message []byte) {
		for k := range u.packets(from.Addr(), u.desk.processor.config.Now(), len(message), len(payload)+handle.EnvelopeSize) {
			conn.Send(handle.AppendPacket(nil, message, k), from)
		}
	}
	// A client that has heard nothing sends the same again: it must not be done twice.
	id := fingerprint(u.seed, from, append(handle.AppendEnvelope(nil, e), payload...))
	answer, known := u.replies.begin(id, now)
	if known {
		if answer != nil {
			send(answer)
		}
		return
	}
	select {
	case u.slow <- struct{}{}:
	default:
		u.replies.forget(id)
		u.refuse(conn, from, m, handle.Busy, "too much at once")
		return
	}
	u.work.Go(func() {
		defer func() { <-u.slow }()
		first := true
		u.desk.Answer(ctx, m, func(message []byte) error {
			if first { // a list that goes on is for TCP
				u.replies.end(id, message)
				send(message)
			}
			first = false
			return nil
		})
	})
}

// complain answers a packet whose envelope can be read and whose rest cannot.
func (u *udpDoor) complain(conn *datagram.Conn, from netip.AddrPort, e handle.Envelope, err error) {
	if err == nil || e.Request == 0 {
		return
	}
	u.refuse(conn, from, handle.Message{Envelope: e}, handle.ProtocolError, err.Error())
}

func (u *udpDoor) refuse(conn *datagram.Conn, from netip.AddrPort, m handle.Message, code handle.Code, text string) {
	conn.Send(u.desk.refusal(m, code, text), from)
}

// refusal is a message that refuses one that the desk does not see.
func (d *Desk) refusal(m handle.Message, code handle.Code, text string) []byte {
	return handle.AppendMessage(nil, handle.Envelope{
		Version: handle.Speak(m.Version, m.Suggested), Suggested: handle.NewestVersion, Session: m.Session, Request: m.Envelope.Request,
	}, handle.Header{
		Operation: m.Operation, Code: code, Expiration: uint32(d.processor.config.Now().Add(d.processor.config.Limits.MessageTime).Unix()),
	}, handle.AppendRefusal(nil, text, nil))
}

// replies remember what was answered lately over UDP, so that a message which is sent again is answered again and not done
// again. At most repliesKept; each for replyTime.
type replies struct {
	mu    sync.Mutex
	byID  map[uint64]*reply
	queue []*reply
}

type reply struct {
	id      uint64
	began   time.Time
	message []byte // nil while it is being worked out
}

const (
	repliesKept = 1024
	replyTime   = 30 * time.Second
	replyBytes  = 64 << 10 // a longer one is not kept
)

func newReplies() *replies { return &replies{byID: map[uint64]*reply{}} }

// begin returns the answer to a message that is known; else it notes that somebody works it out.
func (r *replies) begin(id uint64, now time.Time) ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue) > 0 && (len(r.queue) >= repliesKept || now.Sub(r.queue[0].began) > replyTime) {
		if oldest := r.queue[0]; r.byID[oldest.id] == oldest {
			delete(r.byID, oldest.id)
		}
		r.queue[0] = nil
		r.queue = r.queue[1:]
	}
	if known := r.byID[id]; known != nil {
		return known.message, true
	}
	n := &reply{id: id, began: now}
	r.byID[id] = n
	r.queue = append(r.queue, n)
	return nil, false
}

func (r *replies) end(id uint64, message []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.byID[id]; n != nil && len(message) <= replyBytes {
		n.message = slices.Clone(message)
	}
}

func (r *replies) forget(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, id)
}
