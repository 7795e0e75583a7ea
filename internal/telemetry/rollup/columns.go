package rollup

import (
	"fmt"
	"iter"
	"math"

	"jingwei/internal/telemetry"
)

// columns are those of a page of rows, in the order in which they are written. What one is reckoned from stands before it.
var columns = []pageColumn{
	each("from", func(r *Row) int64 { return r.From }, func(r *Row, x int64) { r.From = x }),
	each("width", func(r *Row) int64 { return r.To - r.From - Minute }, func(r *Row, x int64) { r.To = r.From + Minute + x }),
	each("flags", func(r *Row) int64 { return int64(r.Flags) }, func(r *Row, x int64) { r.Flags = Flags(x) }),
	each("received", func(r *Row) int64 { return int64(r.Received) }, func(r *Row, x int64) { r.Received = uint64(x) }),
	each("not good", func(r *Row) int64 { return int64(r.Received - r.Good) }, func(r *Row, x int64) { r.Good = r.Received - uint64(x) }),
	each("uncertain", func(r *Row) int64 { return int64(r.Uncertain) }, putUncertain),
	each("not covered", func(r *Row) int64 { return r.To - r.From - r.Covered }, func(r *Row, x int64) { r.Covered = r.To - r.From - x }),
	each("first time", sinceFrom, func(r *Row, x int64) { r.FirstTime = afterFrom(r, x) }),
	each("last time", beforeTo, func(r *Row, x int64) { r.LastTime = untilTo(r, x) }),
	value("first", func(r *Row) *uint64 { return &r.First }),
	value("last", func(r *Row) *uint64 { return &r.Last }),
	value("min", func(r *Row) *uint64 { return &r.Min }),
	value("max", func(r *Row) *uint64 { return &r.Max }),
	heads("sum", func(r *Row) *Total { return &r.Sum }),
	tails("rest of sum", func(r *Row) *Total { return &r.Sum }),
	heads("integral", func(r *Row) *Total { return &r.Integral }),
	tails("rest of integral", func(r *Row) *Total { return &r.Integral }),
	heads("consumption", func(r *Row) *Total { return &r.Consumption }),
	tails("rest of consumption", func(r *Row) *Total { return &r.Consumption }),
	each("resets", func(r *Row) int64 { return int64(r.Resets) }, func(r *Row, x int64) { r.Resets = uint64(x) }),
	each("roll-overs", func(r *Row) int64 { return int64(r.RollOvers) }, func(r *Row, x int64) { r.RollOvers = uint64(x) }),
	each("exchanges", func(r *Row) int64 { return int64(r.Exchanges) }, func(r *Row, x int64) { r.Exchanges = uint64(x) }),
	each("others", func(r *Row) int64 { return r.Others }, func(r *Row, x int64) { r.Others = x }),
	each("count of others", func(r *Row) int64 { return int64(r.OthersCount) }, func(r *Row, x int64) { r.OthersCount = uint64(x) }),
	each("input", func(r *Row) int64 { return int64(r.Input) }, func(r *Row, x int64) { r.Input = uint64(x) }),
	{"states", writeStates, readStates},
	{"further terms", writeTerms, readTerms},
	texts("first text", func(r *Row) *string { return &r.FirstText }),
	texts("last text", func(r *Row) *string { return &r.LastText }),
}

func putUncertain(r *Row, x int64) { r.Uncertain, r.Bad = uint64(x), r.Received-r.Good-uint64(x) }

// A column that is not there is zero, which must mean the same as when it is: the times of rows without good samples.
func sinceFrom(r *Row) int64 {
	if r.Good == 0 {
		return 0
	}
	return r.FirstTime - r.From
}

func afterFrom(r *Row, x int64) int64 {
	if r.Good == 0 {
		return x
	}
	return r.From + x
}

func beforeTo(r *Row) int64 {
	if r.Good == 0 {
		return 0
	}
	return r.To - r.LastTime
}

func untilTo(r *Row, x int64) int64 {
	if r.Good == 0 {
		return x
	}
	return r.To - x
}

func texts(name string, at func(*Row) *string) pageColumn {
	return pageColumn{name,
		func(p *pages) {
			v := p.texts[:0]
			for i := range p.rows {
				v = append(v, *at(&p.rows[i]))
			}
			p.texts = v
			p.writeTexts(v)
		},
		func(p *pages) error {
			v, err := p.readTexts(len(p.rows))
			for i, x := range v {
				*at(&p.rows[i]) = x
			}
			return err
		}}
}

// writeStates writes the number of states of each row; then of all states, the first of every row, then the second of
// every row that has one, and so on: the values, what they leave of the row's good samples, and what they leave of its
// covered time; a byte before each of the three says whether anything but zeros follows.
func writeStates(p *pages) {
	v := p.ints[:0]
	for i := range p.rows {
		v = append(v, int64(len(p.rows[i].States)))
	}
	p.ints = v
	if zeros(v) {
		return
	}
	p.writeInts(v)
	part := func(write func()) {
		at := len(p.out)
		p.out = append(p.out, 0)
		if write(); len(p.out) > at+1 {
			p.out[at] = 1
		}
	}
	numbers := func(get func(*Row, int) int64) {
		part(func() {
			v := p.ints[:0]
			for r, j := range p.states() {
				v = append(v, get(r, j))
			}
			p.ints = v
			p.writeInts(v)
		})
	}
	if p.typ == telemetry.String {
		part(func() {
			v := p.texts[:0]
			for r, j := range p.states() {
				v = append(v, r.States[j].Text)
			}
			p.texts = v
			p.writeTexts(v)
		})
	} else {
		numbers(func(r *Row, j int) int64 { return int64(r.States[j].Bits) })
	}
	numbers(func(r *Row, j int) int64 { return int64(r.Good - counts(r.States[:j+1])) })
	numbers(func(r *Row, j int) int64 { return r.Covered - durations(r.States[:j+1]) })
}

// states gives the states of all rows in the order of a page.
func (p *pages) states() iter.Seq2[*Row, int] {
	return func(yield func(*Row, int) bool) {
		for j := range MaxStates {
			for i := range p.rows {
				if r := &p.rows[i]; j < len(r.States) && !yield(r, j) {
					return
				}
			}
		}
	}
}

func counts(states []State) (n uint64) {
	for i := range states {
		n += states[i].Count
	}
	return n
}

func durations(states []State) (ns int64) {
	for i := range states {
		ns += states[i].Duration
	}
	return ns
}

func readStates(p *pages) error {
	v, err := p.readInts(len(p.rows))
	if err != nil || v == nil {
		return err
	}
	all := 0
	for i, n := range v {
		if n < 0 || n > MaxStates {
			return fmt.Errorf("%d states in row %d", n, i)
		}
		all += int(n)
	}
	states := make([]State, all)
	for i, n := range v {
		if n > 0 {
			p.rows[i].States, states = states[:n:n], states[n:]
		}
	}
	part := func() error {
		if len(p.in) == 0 || p.in[0] > 1 {
			return fmt.Errorf("cut off: %w", ErrMalformed)
		}
		p.present = p.in[0] == 1
		p.in = p.in[1:]
		return nil
	}
	numbers := func(put func(*Row, int, int64)) error {
		if err := part(); err != nil {
			return err
		}
		v, err := p.readInts(all)
		if err != nil {
			return err
		}
		i := 0
		for r, j := range p.states() {
			x := int64(0)
			if v != nil {
				x = v[i]
			}
			put(r, j, x)
			i++
		}
		return nil
	}
	if p.typ == telemetry.String {
		if err := part(); err != nil {
			return err
		}
		t, err := p.readTexts(all)
		if err != nil {
			return err
		}
		i := 0
		for r, j := range p.states() {
			if t != nil {
				r.States[j].Text = t[i]
			}
			i++
		}
	} else if err := numbers(func(r *Row, j int, x int64) { r.States[j].Bits = uint64(x) }); err != nil {
		return err
	}
	if err := numbers(func(r *Row, j int, x int64) { r.States[j].Count = r.Good - counts(r.States[:j]) - uint64(x) }); err != nil {
		return err
	}
	return numbers(func(r *Row, j int, x int64) { r.States[j].Duration = r.Covered - durations(r.States[:j]) - x })
}

// writeTerms writes the number of further terms of each sum, first all Sum, then all Integral, then all Consumption; then
// all terms in that order.
func writeTerms(p *pages) {
	v, f := p.ints[:0], p.floats[:0]
	for j := range 3 {
		for i := range p.rows {
			t := p.rows[i].totals()[j]
			v = append(v, int64(len(t.More)))
			for _, x := range t.More {
				f = append(f, math.Float64bits(x))
			}
		}
	}
	p.ints, p.floats = v, f
	p.writeInts(v)
	p.writeFloats(f)
}

func readTerms(p *pages) error {
	n := len(p.rows)
	v, err := p.readInts(3 * n)
	if err != nil || v == nil {
		return err
	}
	all := 0
	for i, k := range v {
		if k < 0 || k > mostMore {
			return fmt.Errorf("%d terms in row %d", k, i%n)
		}
		all += int(k)
	}
	if all == 0 || all > moreTerms {
		return fmt.Errorf("%d terms: %w", all, ErrMalformed)
	}
	f, err := p.readFloats(all)
	if err != nil {
		return err
	}
	for i, k := range v {
		t := p.rows[i%n].totals()[i/n]
		for _, x := range f[:k] {
			t.More = append(t.More, math.Float64frombits(x))
		}
		f = f[k:]
	}
	return nil
}
