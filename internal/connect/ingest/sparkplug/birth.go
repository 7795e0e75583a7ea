package sparkplug

import (
	"context"
	"time"

	"jingwei/internal/telemetry"
)

// declare takes what a birth says of a scope: its metrics, their aliases and types, and their values.
func (n *node) declare(ctx context.Context, s *scope, c *parcel) {
	told, where := 0, c.r.name
	t, err := declared(&c.p, func(code, value, zh, en string) {
		if told++; told <= maxTroubles {
			n.trouble(s, metricTrouble(code, where, value, zh, en))
		}
	})
	if err != nil {
		s.trusted = false // there was a birth, and nobody can read it
		n.ask(askBirth)
		n.taker.refuse(ctx, s, c, err)
		return
	}
	old, silent := s.table, s.marked
	stable := t.same(old)
	if !stable {
		s.table = t
		s.bound = false
		n.unsaved(c.now)
	}
	s.declared, s.trusted, s.awaits, s.epoch, s.bornAt = true, true, false, n.epoch, c.p.Timestamp
	if s.saved && !stable {
		err = n.save(ctx) // before anything else is told: a host that restarts must not believe the aliases of old
	}
	if err == nil {
		err = n.rebind(ctx, s)
	}
	if err == nil {
		err = n.taker.run(ctx, s, c, true)
	}
	if err != nil {
		n.seen = [len(n.seen)]uint64{} // it comes again, and is no replay then
		n.taker.refuse(ctx, s, c, err)
		return
	}
	if !stable && old != nil && !silent {
		n.gone(old, s.table)
	}
	s.marked = false
	n.h.o.Binder.Alive(s.key, true, c.now)
	n.h.put(ctx, &n.taker.out, s, c.r.name, c.done)
	wait := n.h.c.reorder()
	if s.device == "" {
		wait = 0
	}
	s.judgeAt = c.now + int64(wait) // a device's birth may have overtaken the NBIRTH of another session
	n.judge(ctx, s, wait == 0)
}

// gone marks the metrics that a birth no longer has.
func (n *node) gone(old, now *table) {
	for i := range old.defs {
		d := &old.defs[i]
		if _, there := now.byName[d.name]; !there && d.typ != 0 && d.slot.Ref != 0 {
			n.taker.out.Add(d.slot.Ref, 0, n.taker.now, telemetry.Value{}, telemetry.BadNoCommunication)
		}
	}
}

// Times after which a message that waits for births is given up, and a device that has not had its birth after its node's.
const (
	asideFor  = 2 * time.Minute
	awaitsFor = time.Minute
)

// setAside keeps a data message whose aliases may no longer mean what the last birth said, until the next births tell.
// It is acknowledged: to hold the acknowledgement would keep an edge node with few messages in flight from sending them.
func (n *node) setAside(ctx context.Context, c parcel) {
	s, done := c.r.scope, c.done
	if c.r.verb == dbirth {
		s.epoch = 0 // a birth passes unheard: what follows it cannot be judged by the table before
	}
	if c.r.verb == ndata || c.r.verb == ddata {
		c.done, c.table, c.epoch = nil, s.table, s.epoch
		if len(n.aside) >= maxWaiting {
			n.drop(n.aside[0])
			n.aside = n.aside[1:]
		}
		if s.declared && (c.p.Timestamp == 0 || c.p.Timestamp >= s.bornAt) && n.keep(&c) {
			n.trouble(s, doubtTrouble(c.r.name))
			s.judgeAt = 0
			n.aside = append(n.aside, c)
			n.h.time(n)
		} else {
			n.refuse(&c)
		}
		n.ask(askAlias)
	}
	n.h.nothing(ctx, done)
}

// drop gives up a message that was set aside.
func (n *node) drop(c parcel) {
	n.let(&c)
	n.refuse(&c)
}

func (n *node) refuse(c *parcel) {
	n.trouble(c.r.scope, metricTrouble(troubleAlias, c.r.name, "",
		"无法确认别名含义，此前暂存的数值未采用", "nothing proves what the aliases of this message meant; its values are not taken"))
}

// judge takes the messages of a scope that were set aside, where the birth that has come is of the same session and has
// the same aliases as the one before them: then nothing between can have meant another metric, unless an edge node
// changes its aliases and changes them back.
//
// A birth condemns at once; it absolves only when it is final.
func (n *node) judge(ctx context.Context, s *scope, final bool) {
	if final {
		s.judgeAt = 0
	}
	rest := n.aside[:0]
	var mine []parcel
	for _, c := range n.aside {
		switch {
		case c.r.scope != s:
			rest = append(rest, c)
		case c.epoch != n.epoch || !agrees(&c.p, c.table, s.table):
			n.drop(c)
		case !final:
			rest = append(rest, c)
		default:
			mine = append(mine, c)
		}
	}
	clear(n.aside[len(rest):])
	n.aside = rest
	for i := range mine {
		c := &mine[i]
		n.let(c)
		if err := n.taker.run(ctx, s, c, false); err != nil {
			n.refuse(c)
			continue
		}
		n.h.put(ctx, &n.taker.out, s, c.r.name, nil)
	}
}

// tick does what is due for a node; false where nothing will be.
func (n *node) tick(ctx context.Context) bool {
	now := n.h.o.Now().UnixNano()
	if len(n.held) > 0 && now-n.heldSince >= int64(n.h.c.reorder()) {
		n.giveUp(ctx, now)
	}
	for _, s := range n.devices {
		if s.trusted && s.judgeAt > 0 && now >= s.judgeAt && len(n.aside) > 0 {
			n.judge(ctx, s, true)
		}
	}
	for len(n.aside) > 0 && now-n.aside[0].now >= int64(asideFor) {
		n.drop(n.aside[0])
		n.aside = n.aside[1:]
	}
	if n.awaits > 0 && now-n.awaits >= int64(awaitsFor) {
		n.awaits = 0
		n.taker.begin(now)
		for _, s := range n.devices {
			if s.awaits {
				n.taker.mark(ctx, s, 0)
			}
		}
		if n.taker.out.Len() > 0 {
			n.h.put(ctx, &n.taker.out, n.own, n.own.key, nil)
		}
	}
	return n.askAgain(now) || len(n.held) > 0 || len(n.aside) > 0 || n.awaits > 0 || n.dirty
}
