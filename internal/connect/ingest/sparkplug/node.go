package sparkplug

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"jingwei/internal/connect/ingest/intake"
)

// session is where an edge node's session stands.
type session uint8

const (
	unknown session = iota // no birth has been seen: the host came late
	born                   // also after a restart of the host that remembers
	dead
)

// node is one edge node. Everything is under mu, which is held while a message is taken: that keeps their order.
type node struct {
	mu          sync.Mutex
	h           *Host
	group, name string
	own         *scope            // its own metrics
	devices     map[string]*scope // those of its devices

	session session
	bdSeq   uint64
	hasBd   bool
	epoch   uint64 // counts the sessions seen
	bornAt  uint64 // payload time of the last NBIRTH, ms; 0: it had none
	sentAt  uint64 // greatest payload time of messages taken in order, ms
	seen    [8]uint64
	seenAt  int

	next    uint8 // sequence number that is due
	counted bool  // next is known
	strays  int   // messages from before the birth, without one in order between

	nextBefore    uint8 // next, counted and sentAt of before the birth
	countedBefore bool
	sentBefore    uint64

	held      []parcel // wait for a missing one, by distance from next
	heldSince int64
	aside     []parcel // wait for the births that tell whose aliases they have
	bytes     int64    // of both

	asks    map[string]*asking
	heardAt int64 // host's time, ns
	regain  bool  // the connection was lost: births are wanted with the next message
	dirty   bool  // to be saved
	dirtyAt int64
	awaits  int64 // since when devices await their births, ns; 0: none do

	taker taker
}

// parcel is a message under way through a node.
type parcel struct {
	r     *route
	p     Payload
	now   int64 // when it came
	done  func(error)
	table *table // under which it was set aside, and the session of that
	epoch uint64
}

func (h *Host) newNode(group, name string) *node {
	n := &node{h: h, group: group, name: name, devices: map[string]*scope{}, asks: map[string]*asking{}, epoch: 1}
	n.own = &scope{key: n.key()}
	n.taker.init(n)
	h.nodes[n.key()] = n
	return n
}

func (n *node) key() string { return n.group + "/" + n.name }

// device finds a device; nil when there are too many.
func (n *node) device(name string) *scope {
	s := n.devices[name]
	if s == nil && len(n.devices) < n.h.o.MaxDevices {
		s = &scope{key: n.key() + "/" + name, device: name}
		n.devices[name] = s
	}
	return s
}

func (n *node) scopes(f func(*scope)) {
	f(n.own)
	for _, s := range n.devices {
		f(s)
	}
}

func (n *node) trouble(s *scope, t intake.Trouble) { n.h.o.Binder.Trouble(s.key, t) }

// receive takes a message of the node.
func (n *node) receive(ctx context.Context, r *route, payload []byte, done func(error)) {
	h := n.h
	if r.scope == nil {
		if r.scope = n.own; r.device != "" {
			r.scope = n.device(r.device)
		}
		if r.scope == nil {
			n.trouble(n.own, boundTrouble(r.name, "devices of an edge node", h.o.MaxDevices))
			h.nothing(ctx, done)
			return
		}
	}
	now := h.o.Now().UnixNano()
	n.heardAt = now
	p, err := open(payload)
	if err != nil {
		n.trouble(r.scope, payloadTrouble(r.name, err.Error(), payload))
		h.nothing(ctx, done)
		return
	}
	c := parcel{r: r, p: p, now: now, done: done}
	switch r.verb {
	case nbirth:
		n.birth(ctx, c)
	case ndeath:
		n.death(ctx, c)
	default:
		if n.session != born {
			n.ask(askBirth)
		}
		if n.regain {
			n.regain = false
			n.ask(askRegain)
		}
		n.order(ctx, c)
	}
}

func open(payload []byte) (Payload, error) {
	if len(payload) > maxPayload {
		return Payload{}, errTooLarge
	}
	p, err := Open(payload)
	if err != nil || string(p.UUID) != compressed {
		return p, err
	}
	if payload, err = inflate(&p, maxPayload); err != nil {
		return p, err
	}
	return Open(payload)
}

// birth takes an NBIRTH: a session begins, or is told anew.
func (n *node) birth(ctx context.Context, c parcel) {
	if n.replayed(&c) {
		n.trouble(n.own, metricTrouble(troubleReplay, c.r.name, time.UnixMilli(int64(c.p.Timestamp)).UTC().Format(time.RFC3339Nano),
			"此出生证明此前已收到，未再次采用", "this birth has been told before; it is not taken again"))
		n.h.nothing(ctx, c.done)
		return
	}
	bd, has, err := bdSeq(&c.p)
	if err != nil || c.p.Seq > 255 {
		n.trouble(n.own, payloadTrouble(c.r.name, errWire.Error(), c.p.raw))
		n.h.nothing(ctx, c.done)
		return
	}
	if n.session != born || !has || !n.hasBd || bd != n.bdSeq {
		n.epoch++
	}
	early := n.unhold(ctx, c.p.Timestamp)
	n.own.before = before{n.own.table, n.own.gen, n.own.trusted}
	n.nextBefore, n.countedBefore, n.sentBefore = n.next, n.counted, n.sentAt
	n.session, n.bdSeq, n.hasBd, n.bornAt, n.sentAt, n.strays, n.regain = born, bd, has, c.p.Timestamp, c.p.Timestamp, 0, false
	n.next, n.counted = uint8(c.p.Seq)+1, c.p.HasSeq
	n.answered()
	n.unsaved(c.now)
	n.awaits = 0
	for _, s := range n.devices {
		s.before = before{s.table, s.gen, s.trusted}
		if s.trusted = false; s.table != nil && !s.marked {
			n.awaits = c.now
			n.h.time(n)
		}
		s.awaits = !s.marked
	}
	n.declare(ctx, n.own, &c)
	for _, e := range early {
		n.order(ctx, e)
	}
}

// replayed tells whether a birth was seen before. One without a time cannot be told from its next.
func (n *node) replayed(c *parcel) bool {
	if c.p.Timestamp == 0 {
		return false
	}
	sum := maphash.Bytes(seed, c.p.raw)
	for _, s := range n.seen {
		if s == sum {
			return true
		}
	}
	n.seen[n.seenAt], n.seenAt = sum, (n.seenAt+1)%len(n.seen)
	return false
}

var seed = maphash.MakeSeed()

// bdSeq finds the number that an NBIRTH shares with its NDEATH.
func bdSeq(p *Payload) (v uint64, ok bool, err error) {
	var m Metric
	it := p.Metrics()
	for it.Next(&m) {
		if string(m.Name) == "bdSeq" && (m.Kind == KindInt || m.Kind == KindLong) {
			v, ok = m.Bits, true
		}
	}
	return v, ok, it.Err()
}

// death takes an NDEATH, mostly an edge node's Will. It was written when the edge node connected, so the time of death is
// the host's (tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline).
func (n *node) death(ctx context.Context, c parcel) {
	bd, has, err := bdSeq(&c.p)
	if err != nil {
		n.trouble(n.own, payloadTrouble(c.r.name, err.Error(), c.p.raw))
		n.h.nothing(ctx, c.done)
		return
	}
	if has && n.hasBd && bd != n.bdSeq {
		n.trouble(n.own, metricTrouble(troubleDeath, c.r.name, clip(c.r.name),
			"这是先前会话的死亡证明（bdSeq 不符），当前会话不受影响", "the death of an earlier session (another bdSeq); the session in force goes on"))
		n.h.nothing(ctx, c.done)
		return
	}
	for _, p := range n.held {
		n.let(&p)
		n.setAside(ctx, p)
	}
	n.held = n.held[:0]
	n.session, n.counted = dead, false
	n.epoch++
	n.awaits = 0
	n.taker.begin(c.now)
	n.scopes(func(s *scope) { n.taker.mark(ctx, s, 0) })
	n.h.put(ctx, &n.taker.out, n.own, c.r.name, c.done)
}

// lost marks everything, because the way to the edge node is gone.
func (n *node) lost(ctx context.Context) {
	n.taker.begin(n.h.o.Now().UnixNano())
	n.scopes(func(s *scope) {
		trusted := s.trusted
		n.taker.mark(ctx, s, 0)
		s.trusted = trusted // a gap in the numbers will tell whether a birth was missed
	})
	n.regain = true
	if n.taker.out.Len() > 0 {
		n.h.put(ctx, &n.taker.out, n.own, n.own.key, nil)
	}
}

// process takes a message whose turn it is.
func (n *node) process(ctx context.Context, c parcel) {
	s := c.r.scope
	switch c.r.verb {
	case dbirth:
		s.awaits = false
		n.declare(ctx, s, &c)
	case ddeath:
		n.taker.begin(c.now)
		n.taker.mark(ctx, s, c.p.Timestamp)
		n.h.put(ctx, &n.taker.out, s, c.r.name, c.done)
	default:
		if c.p.Timestamp > 0 && c.p.Timestamp < s.bornAt && !n.h.c.Lenient && n.aliased(&c) {
			// Its turn, and yet sent before its device's birth: that was one of a session whose NBIRTH it overtook.
			n.doubt(c.now)
			n.ask(askSequence)
			n.late(ctx, c)
			return
		}
		n.take(ctx, s, c)
	}
}
