package trace

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"time"

	"jingwei/internal/identify/trace/epcis"
)

// Break is a place where the chain of events does not hold together.
type Break struct {
	Kind  string    `json:"kind" enum:"not-received,not-sent,no-origin,before-made,after-end,received-early,two-holders,ids-differ,more-than-made"`
	ID    string    `json:"id" doc:"The thing"`
	At    time.Time `json:"at"`
	Event string    `json:"event" doc:"eventID where it shows"`
	Other string    `json:"other,omitempty" doc:"eventID that it contradicts"`
	Party string    `json:"party,omitempty" doc:"Who should have told something"`
	Value string    `json:"value,omitempty" doc:"What differs"`
}

// Kinds of breaks.
const (
	breakNotReceived  = "not-received"   // sent, and nobody told of it for longer than patience
	breakNotSent      = "not-sent"       // received from somebody who never told of sending it
	breakNoOrigin     = "no-origin"      // used or moved, and never made
	breakBeforeMade   = "before-made"    // used or moved before it was made
	breakAfterEnd     = "after-end"      // used or moved after it was destroyed or decommissioned
	breakEarly        = "received-early" // received before it was sent
	breakTwoHolders   = "two-holders"    // in two things at once
	breakIDsDiffer    = "ids-differ"     // what came by a transaction is not what was sent by it
	breakMoreThanMade = "more-than-made" // more of a lot was used and sent than was made
)

// Patience is after how long without an answer a shipment counts as not received.
const Patience = 7 * 24 * time.Hour

// maxBreaks bounds an answer.
const maxBreaks = 1000

// learnSteps finds the numbers of the steps that reports ask for.
func (s *Service) learnSteps(ctx context.Context, w *walk) error {
	w.sends, w.receives, w.ends = map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
	for _, l := range []struct {
		words []string
		into  map[int64]bool
	}{{[]string{"shipping", "departing"}, w.sends}, {[]string{"receiving", "arriving", "accepting"}, w.receives}, {[]string{"decommissioning", "destroying", "killing"}, w.ends}} {
		keys := make([]string, len(l.words))
		for i, word := range l.words {
			keys[i] = epcis.Steps.URI(word)
		}
		nums, err := s.known(ctx, keys)
		if err != nil {
			return err
		}
		for _, n := range nums {
			l.into[n] = true
		}
	}
	return nil
}

// breakAt is a break with numbers in place of identifiers.
type breakAt struct {
	kind         string
	name         int64
	event, other *fact
	party        int64
	value        string
}

// Breaks follows a thing both ways and tells where what is known of it does not hold together. Errors as of Trace.
func (s *Service) Breaks(ctx context.Context, id string) ([]Break, error) {
	v, err := s.sight(ctx)
	if err != nil {
		return nil, err
	}
	var found []breakAt
	for _, way := range []Direction{Backward, Forward} {
		w, err := s.follow(ctx, v, Ask{ID: id, Direction: way, Depth: MaxDepth, Nodes: DefaultNodes})
		if err != nil {
			return nil, err
		}
		if err := w.load(ctx, s.l.raw(), w.order); err != nil {
			return nil, err
		}
		if err := s.learnSteps(ctx, w); err != nil {
			return nil, err
		}
		names, err := s.l.spell(ctx, s.l.raw(), w.order)
		if err != nil {
			return nil, err
		}
		for _, n := range w.order {
			for _, b := range w.breaks(n, kindOf(names[n]), s.o.Now().Add(-Patience).UnixNano()) {
				same := func(o breakAt) bool { return o.kind == b.kind && o.name == b.name && o.event.num == b.event.num }
				if len(found) < maxBreaks && !slices.ContainsFunc(found, same) {
					found = append(found, b)
				}
			}
		}
	}
	return s.toldBreaks(ctx, v, found)
}

func (s *Service) toldBreaks(ctx context.Context, v Sight, found []breakAt) ([]Break, error) {
	var spell []int64
	events := map[int64]bool{}
	for _, b := range found {
		spell = append(spell, b.name, b.party)
		events[b.event.num] = true
		if b.other != nil {
			events[b.other.num] = true
		}
	}
	slices.Sort(spell)
	names, err := s.l.spell(ctx, s.l.raw(), slices.Compact(spell))
	if err != nil {
		return nil, err
	}
	ids, err := s.l.ids(ctx, s.l.raw(), v, keysOf(events))
	if err != nil {
		return nil, err
	}
	out := make([]Break, 0, len(found))
	for _, b := range found {
		x := Break{Kind: b.kind, ID: names[b.name], At: time.Unix(0, b.event.at).UTC(), Event: ids[b.event.num], Party: names[b.party], Value: b.value}
		if b.other != nil {
			x.Other = ids[b.other.num]
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Break) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

func (f *fact) party(role Role) int64 {
	var possessing int64
	for _, m := range f.members {
		if m.role == role && m.party == PartyOwning {
			return m.name
		}
		if m.role == role && m.party == PartyPossessing {
			possessing = m.name
		}
	}
	return possessing
}

// breaks looks at the events of one thing.
func (w *walk) breaks(name int64, kind string, patience int64) (out []breakAt) {
	list := w.of(name)
	single := kind == "instance"
	var origin, end *fact
	for _, f := range list {
		made := f.has(name, RoleOutput, RoleOutputClass) || f.kind == kindObject && f.action == actionAdd
		if made && origin == nil {
			origin = f
		}
		if w.ends[f.step] && end == nil {
			end = f
		}
	}
	for i, f := range list {
		made := f.has(name, RoleOutput, RoleOutputClass) || f.kind == kindObject && f.action == actionAdd
		switch {
		case single && origin == nil && i == 0:
			out = append(out, breakAt{kind: breakNoOrigin, name: name, event: f})
		case single && origin != nil && !made && f.at < origin.at:
			out = append(out, breakAt{kind: breakBeforeMade, name: name, event: f, other: origin})
		}
		if single && end != nil && f.at > end.at {
			out = append(out, breakAt{kind: breakAfterEnd, name: name, event: f, other: end})
		}
		if w.receives[f.step] && f.party(RoleSource) != 0 {
			out = w.received(out, name, f, list)
		}
		if w.sends[f.step] && f.party(RoleDestination) != 0 && f.at < patience && !slices.ContainsFunc(list, func(g *fact) bool { return g.at >= f.at && g != f && !w.sends[g.step] }) {
			out = append(out, breakAt{kind: breakNotReceived, name: name, event: f, party: f.party(RoleDestination)})
		}
	}
	out = w.twice(out, name, list)
	return w.balance(out, name, list)
}

// received looks for the sending that belongs to a receiving.
func (w *walk) received(out []breakAt, name int64, f *fact, list []*fact) []breakAt {
	var sent, late *fact
	for _, g := range list {
		if !w.sends[g.step] || g.party(RoleSource) != 0 && g.party(RoleSource) != f.party(RoleSource) {
			continue
		}
		if g.at <= f.at {
			sent = g
		} else if late == nil {
			late = g
		}
	}
	switch {
	case sent == nil && late != nil:
		return append(out, breakAt{kind: breakEarly, name: name, event: f, other: late, party: f.party(RoleSource)})
	case sent == nil:
		return append(out, breakAt{kind: breakNotSent, name: name, event: f, party: f.party(RoleSource)})
	}
	if id := f.one(RoleTransaction); id != 0 && sent.has(id, RoleTransaction) {
		if n := differ(sent, f); n > 0 {
			out = append(out, breakAt{kind: breakIDsDiffer, name: name, event: f, other: sent, value: digitsOf(int64(n))})
		}
	}
	return out
}

// differ counts the things that are in only one of two events.
func differ(a, b *fact) int {
	in := map[int64]int{}
	for bit, f := range []*fact{a, b} {
		for _, m := range f.members {
			if m.role == RoleEPC || m.role == RoleClass {
				in[m.name] |= 1 << bit
			}
		}
	}
	n := 0
	for _, bits := range in {
		if bits != 3 {
			n++
		}
	}
	return n
}

// twice looks for things that hold the same thing at the same time.
func (w *walk) twice(out []breakAt, name int64, list []*fact) []breakAt {
	var last edge
	var by *fact
	for _, f := range list {
		if f.kind != kindAggregation && f.kind != kindAssociation || f.action != actionAdd || !f.has(name, RoleChild) {
			continue
		}
		e := w.heldBy(f, f.one(RoleParent), name, ByAggregation)
		if by != nil && last.to != e.to && last.until > e.at && by.kind == f.kind {
			out = append(out, breakAt{kind: breakTwoHolders, name: name, event: f, other: by})
		}
		last, by = e, f
	}
	return out
}

// balance adds up what of a lot was made and what was used or sent, by unit.
func (w *walk) balance(out []breakAt, name int64, list []*fact) []breakAt {
	made, gone := map[string]*big.Rat{}, map[string]*big.Rat{}
	var last *fact
	for _, f := range list {
		for _, m := range f.members {
			if m.name != name || !m.role.amounts() || m.amount == "" {
				continue
			}
			sums := map[string]*big.Rat(nil)
			switch {
			case m.role == RoleOutputClass, m.role == RoleClass && f.kind == kindObject && f.action == actionAdd:
				sums = made
			case m.role == RoleInputClass, m.role == RoleClass && f.kind == kindObject && w.sends[f.step] && f.party(RoleSource) == 0:
				sums, last = gone, f
			}
			if amount, ok := new(big.Rat).SetString(m.amount); ok && sums != nil {
				if sums[m.unit] == nil {
					sums[m.unit] = new(big.Rat)
				}
				sums[m.unit].Add(sums[m.unit], amount)
			}
		}
	}
	for unit, sum := range gone {
		if m := made[unit]; m != nil && sum.Cmp(m) > 0 {
			out = append(out, breakAt{kind: breakMoreThanMade, name: name, event: last, value: plain(new(big.Rat).Sub(sum, m)) + " " + unit})
		}
	}
	return out
}

// has tells whether a thing has one of the roles in an event.
func (f *fact) has(name int64, roles ...Role) bool {
	return slices.ContainsFunc(f.members, func(m member) bool { return m.name == name && slices.Contains(roles, m.role) })
}
