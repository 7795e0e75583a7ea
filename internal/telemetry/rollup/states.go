package rollup

import (
	"cmp"
	"slices"
	"strings"

	"jingwei/internal/telemetry"
)

// stateLess is the order of states that State documents.
func stateLess(a, b *State) bool { return compareStates(a, b) < 0 }

func compareStates(a, b *State) int {
	if c := cmp.Compare(distance(a.Bits), distance(b.Bits)); c != 0 {
		return c
	}
	return strings.Compare(a.Text, b.Text)
}

// distance numbers integers by their distance from zero: 0, 1, -1, 2, -2 … become 0, 1, 2, 3, 4 …; the least int64 the last.
func distance(b uint64) uint64 {
	switch v := int64(b); {
	case v > 0:
		return 2*b - 1
	case v == -1<<63:
		return 1<<64 - 1
	default:
		return 2 * -b
	}
}

// stateSet gathers the states of a row. It keeps the least and lets the others go: one that was let go is greater than all
// that are kept from then on, so that none is ever half counted.
type stateSet struct {
	kept   []State
	last   int // index of the one that was added to last
	others State
}

func (s *stateSet) reset() { s.kept, s.last, s.others = s.kept[:0], 0, State{} }

func (s *stateSet) add(x State) {
	if s.last < len(s.kept) && s.kept[s.last].Bits == x.Bits && s.kept[s.last].Text == x.Text {
		s.kept[s.last].take(&x)
		return
	}
	i, found := slices.BinarySearchFunc(s.kept, x, func(a, b State) int { return compareStates(&a, &b) })
	switch {
	case found:
		s.kept[i].take(&x)
	case i == MaxStates:
		s.others.take(&x)
		return
	default:
		if len(s.kept) == MaxStates {
			s.others.take(&s.kept[MaxStates-1])
			s.kept = s.kept[:MaxStates-1]
		}
		s.kept = slices.Insert(s.kept, i, x)
	}
	s.last = i
}

func (s *State) take(x *State) { s.Count, s.Duration = s.Count+x.Count, s.Duration+x.Duration }

// put moves the states into a row.
func (s *stateSet) put(r *Row, slab *[]State) {
	r.Others, r.OthersCount = s.others.Duration, s.others.Count
	r.States = nil
	if n := len(s.kept); n > 0 {
		if cap(*slab)-len(*slab) < n {
			*slab = make([]State, 0, max(256, n))
		}
		at := len(*slab)
		*slab = append(*slab, s.kept...)
		r.States = (*slab)[at : at+n : at+n]
	}
	s.reset()
}

// stateOf is the state that a value is.
func stateOf(t telemetry.Type, bits uint64, text string) State {
	if t == telemetry.String {
		return State{Text: text}
	}
	return State{Bits: bits}
}
