package telemetry

import (
	"slices"

	"jingwei/internal/telemetry/block"
)

// mergedFrame names a merged frame, which further series may have too, and how its rows came into order.
type mergedFrame struct {
	keys   []frameKey
	lo, hi int64
	want   block.Set
	perm   []uint32
}

// clipped is the rows of a source that lie in a window.
type clipped struct {
	*source
	i, j int
}

// merge emits the rows of several sources as one run.
func (q *scanner) merge(s *Series, in []*source, lo, hi int64, emit func(*run) error) error {
	want := q.want
	for _, src := range in {
		want = wanted(want, src)
	}
	past := q.history
	for {
		shared, notes := true, uint8(block.AllGood)
		q.keys = q.keys[:0]
		q.parts = q.parts[:0]
		for _, history := range [...]bool{true, false} {
			for _, src := range q.sources {
				if src.past != history || history && !past || src.min >= hi || src.max < lo {
					continue
				}
				if err := q.load(src, want); err != nil {
					return err
				}
				if i, j := src.clip(lo, hi); i < j {
					if err := q.loadValues(src); err != nil {
						return err
					}
					q.parts = append(q.parts, clipped{src, i, j})
					q.keys = append(q.keys, src.key)
					shared = shared && src.key != frameKey{}
					notes = notes&src.notes&block.AllGood | (notes|src.notes)&^block.AllGood
				}
			}
		}
		c, m := &q.concat, &q.merged
		c.Values.Reset()
		for _, p := range q.parts {
			c.appendValues(&p.values, p.i, p.j)
		}
		last := &q.last
		if !shared || want != last.want || lo != last.lo || hi != last.hi || !slices.Equal(q.keys, last.keys) {
			last.keys = last.keys[:0]
			c.Frame.Reset()
			for _, p := range q.parts {
				c.appendFrame(p.frame, p.i, p.j, want)
			}
			perm, ties := q.sorter.order(c.Time)
			if ties {
				if want != block.All {
					want = block.All
					continue
				}
				if !past && c.tiedRivals(perm) {
					past = true // who wins depends on what was superseded before
					continue
				}
				return q.settled(c, perm, notes, emit)
			}
			last.perm = append(last.perm[:0], perm...)
			if perm != nil {
				pick(&m.Frame, &c.Frame, perm)
			} else {
				m.Frame, c.Frame = c.Frame, m.Frame
			}
			if shared {
				last.want, last.lo, last.hi = want, lo, hi
				last.keys = append(last.keys, q.keys...)
			}
		}
		r := run{frame: &m.Frame, values: &c.Values, j: len(m.Time), notes: notes, lo: lo, hi: hi}
		if shared {
			r.keys = q.keys
		}
		if len(last.perm) > 0 {
			pickValues(&m.Values, &c.Values, last.perm)
			r.values = &m.Values
		}
		return q.give(&r, emit)
	}
}

// settled emits rows of which some share a source time.
func (q *scanner) settled(c *rows, perm []uint32, notes uint8, emit func(*run) error) error {
	current, losers := c.settle(perm)
	rowsOf := current
	r := run{notes: notes &^ block.AllGood}
	if q.history {
		rowsOf, q.loser = interleave(c.Time, current, losers, q.loser[:0])
		r.loser = q.loser
	}
	q.last.keys = q.last.keys[:0] // merged is used for this
	pick(&q.merged.Frame, &c.Frame, rowsOf)
	pickValues(&q.merged.Values, &c.Values, rowsOf)
	r.frame, r.values, r.j = &q.merged.Frame, &q.merged.Values, len(rowsOf)
	return q.give(&r, emit)
}

// interleave puts losers before the winner of their time.
func interleave(t []int64, current, losers []uint32, loser []bool) ([]uint32, []bool) {
	out := make([]uint32, 0, len(current)+len(losers))
	for _, c := range current {
		for len(losers) > 0 && t[losers[0]] <= t[c] {
			out, loser = append(out, losers[0]), append(loser, true)
			losers = losers[1:]
		}
		out, loser = append(out, c), append(loser, false)
	}
	return out, loser
}

// tiedRivals tells whether rows of one time have rivals that are not among the rows.
func (r *rows) tiedRivals(perm []uint32) bool {
	at := func(i int) uint32 {
		if perm == nil {
			return uint32(i)
		}
		return perm[i]
	}
	for i := 1; i < len(r.Time); i++ {
		a, b := at(i-1), at(i)
		if r.Time[a] == r.Time[b] && Flags(r.Flags[a]|r.Flags[b])&Rival != 0 {
			return true
		}
	}
	return false
}

// appendFrame adds the wanted columns of rows i to j.
func (r *rows) appendFrame(f *block.Frame, i, j int, want block.Set) {
	r.Time = append(r.Time, f.Time[i:j]...)
	if want.Has(block.Gateway) {
		r.Gateway = append(r.Gateway, f.Gateway[i:j]...)
	}
	if want.Has(block.Status) {
		r.Status = append(r.Status, f.Status[i:j]...)
	}
	if want.Has(block.Flags) {
		r.Flags = append(r.Flags, f.Flags[i:j]...)
	}
	if want.Has(block.Origin) {
		r.Origin = append(r.Origin, f.Origin[i:j]...)
	}
	if want.Has(block.Revision) {
		r.Revision = append(r.Revision, f.Revision[i:j]...)
	}
	if want.Has(block.Commit) {
		r.Commit = append(r.Commit, f.Commit[i:j]...)
	}
}

func (r *rows) appendValues(v *block.Values, i, j int) {
	if len(v.Text) > 0 {
		r.Text = append(r.Text, v.Text[i:j]...)
	} else if len(v.Bits) > 0 {
		r.Bits = append(r.Bits, v.Bits[i:j]...)
	}
}
