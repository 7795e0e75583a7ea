package sparkplug

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// order processes a message when its turn has come: sequence numbers of a node's messages follow each other, and wrap
// from 255 to 0.
func (n *node) order(ctx context.Context, c parcel) {
	p := &c.p
	switch {
	case !p.HasSeq || p.Seq > 255:
		n.process(ctx, c)
		return
	case !n.counted:
		n.counted = true
		n.next = uint8(p.Seq)
	case p.Timestamp > 0 && p.Timestamp < n.bornAt && !n.h.c.Lenient:
		n.earlier(ctx, c)
		return
	}
	switch d := uint8(p.Seq) - n.next; {
	case d == 0 && n.older(p.Timestamp):
		// It was sent after some that wait for it: it is not what they miss, but of a session whose birth it overtook.
		n.giveUp(ctx, c.now)
		n.order(ctx, c)
	case d == 0:
		n.next++
		n.strays = 0
		n.sentAt = max(n.sentAt, p.Timestamp)
		n.process(ctx, c)
		n.release(ctx)
	case d >= 128 && p.Timestamp > 0 && p.Timestamp <= n.sentAt:
		n.again(ctx, c)
	default:
		n.hold(ctx, c, d)
	}
}

// earlier takes a message that is older than the birth in force: a straggler, which has no place in the count. Its aliases
// are those of the table before, if it directly follows what was taken under that; else nobody knows whose they are.
func (n *node) earlier(ctx context.Context, c parcel) {
	if n.strays++; n.strays%8 == 0 {
		n.ask(askClock) // no straggler, but a clock that was put back: the next birth has its time
	}
	s := c.r.scope
	if c.r.verb == ndata || c.r.verb == ddata {
		was := &s.before
		switch {
		case !n.aliased(&c):
			n.take(ctx, s, c)
			return
		case was.trusted && n.countedBefore && uint8(c.p.Seq) == n.nextBefore && c.p.Timestamp >= n.sentBefore && was.gen == n.h.o.Binder.Generation():
			n.nextBefore, n.sentBefore = n.nextBefore+1, c.p.Timestamp
			now := s.table
			s.table = was.table
			err := n.taker.run(ctx, s, &c, false)
			s.table = now
			if err != nil {
				n.taker.refuse(ctx, s, &c, err)
				return
			}
			n.h.put(ctx, &n.taker.out, s, c.r.name, c.done)
			return
		}
	}
	n.late(ctx, c)
}

// late refuses a message whose aliases are those of a birth that is no longer in force.
func (n *node) late(ctx context.Context, c parcel) {
	n.trouble(c.r.scope, metricTrouble(troubleLate, c.r.name, time.UnixMilli(int64(c.p.Timestamp)).UTC().Format(time.RFC3339Nano),
		"报文早于现行出生证明，其别名含义不明，未采用", "older than the birth in force, so that its aliases may mean something else; it is not taken"))
	n.h.nothing(ctx, c.done)
}

// again takes a message whose number has passed: told twice, or come after it was waited for.
func (n *node) again(ctx context.Context, c parcel) {
	if n.h.c.Lenient {
		n.process(ctx, c)
		return
	}
	if s := c.r.scope; !s.trusted && s.declared && (c.r.verb == ndata || c.r.verb == ddata) {
		n.setAside(ctx, c)
		return
	}
	n.h.nothing(ctx, c.done)
}

// hold keeps a copy of a message that came before its turn, d places ahead.
func (n *node) hold(ctx context.Context, c parcel, d uint8) {
	if len(n.held) == 0 {
		n.heldSince = c.now
		n.h.time(n)
	}
	i, twice := slices.BinarySearchFunc(n.held, d, func(p parcel, d uint8) int { return int(uint8(p.p.Seq)-n.next) - int(d) })
	if twice && string(n.held[i].p.raw) == string(c.p.raw) {
		n.h.nothing(ctx, c.done)
		return
	} else if twice { // a whole round of numbers has gone by
		n.giveUp(ctx, c.now)
		n.order(ctx, c)
		return
	}
	kept := n.keep(&c)
	if kept {
		n.held = slices.Insert(n.held, i, c)
	}
	if !kept || len(n.held) > maxWaiting || n.h.c.reorder() == 0 {
		n.giveUp(ctx, c.now)
		if !kept {
			n.doubt(c.now)
			n.next = uint8(c.p.Seq) + 1
			n.process(ctx, c)
		}
	}
}

// keep makes the parcel's bytes its own; false when there is no room.
func (n *node) keep(c *parcel) bool {
	size := int64(len(c.p.raw))
	if n.bytes+size > maxWaitingBytes {
		return false
	}
	if n.h.waiting.Add(size) > maxHostBytes {
		n.h.waiting.Add(-size)
		return false
	}
	n.bytes += size
	c.p, _ = Open(bytes.Clone(c.p.raw))
	return true
}

// let goes of a kept parcel's bytes.
func (n *node) let(c *parcel) {
	size := int64(len(c.p.raw))
	n.bytes -= size
	n.h.waiting.Add(-size)
}

// older tells whether a message that waits was sent before a time.
func (n *node) older(sent uint64) bool {
	for i := range n.held {
		if at := n.held[i].p.Timestamp; at > 0 && at < sent {
			return true
		}
	}
	return false
}

// release processes what waited for the message that came.
func (n *node) release(ctx context.Context) {
	for len(n.held) > 0 && uint8(n.held[0].p.Seq) == n.next {
		if n.older(n.held[0].p.Timestamp) { // two sessions are mixed
			n.giveUp(ctx, n.held[0].now)
			return
		}
		n.pop(ctx)
	}
	if len(n.held) > 0 {
		n.heldSince = n.held[0].now
	}
}

func (n *node) pop(ctx context.Context) {
	c := n.held[0]
	n.held = slices.Delete(n.held, 0, 1)
	n.let(&c)
	n.next = uint8(c.p.Seq) + 1
	n.sentAt = max(n.sentAt, c.p.Timestamp)
	n.process(ctx, c)
}

// giveUp stops waiting for what is missing. It may have been a birth, so aliases are not believed until the next births;
// after each gap in what waited anew.
func (n *node) giveUp(ctx context.Context, now int64) {
	if len(n.held) > 0 {
		n.trouble(n.held[0].r.scope, sequenceTrouble(n.held[0].r.name, n.next, uint8(n.held[0].p.Seq)))
	}
	n.ask(askSequence)
	n.doubt(now)
	for len(n.held) > 0 {
		if p := &n.held[0].p; uint8(p.Seq) != n.next || p.Timestamp > 0 && p.Timestamp < n.sentAt {
			n.doubt(now)
		}
		n.pop(ctx)
	}
}

func (n *node) doubt(now int64) {
	if !n.h.c.Lenient {
		n.scopes(func(s *scope) { s.trusted = false })
		n.unsaved(now)
	}
}

// unhold empties held for a birth: messages of the new session that overtook it are returned, to be counted from it;
// those of the old one never had their turn, and are set aside.
func (n *node) unhold(ctx context.Context, birth uint64) (early []parcel) {
	for _, c := range n.held {
		n.let(&c)
		if birth > 0 && (c.p.Timestamp > birth || c.p.Timestamp == birth && c.r.verb == dbirth) {
			early = append(early, c)
		} else {
			n.setAside(ctx, c)
		}
	}
	n.held = n.held[:0]
	return early
}
