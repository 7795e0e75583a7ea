package rebuild

import (
	"fmt"
	"math"
	"slices"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// Rows makes the row of each bucket from the samples, as they count at now; nil where there is nothing. Buckets lie on whole minutes, in
// order and apart. Errors: a definition that cannot be, of another type than the samples; bounds that cannot be.
func (s *Samples) Rows(d *rollup.Definition, buckets []telemetry.Span, now int64) ([]*rollup.Row, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	if s.typ != 0 && d.Type != s.Type() {
		return nil, fmt.Errorf("%w: they are of type %s, the definition is of %s", ErrSamples, s.Type(), d.Type)
	}
	for i, b := range buckets {
		if b.To <= b.From || i > 0 && b.From < buckets[i-1].To {
			return nil, fmt.Errorf("bucket %d from %d to %d: %w", i, b.From, b.To, rollup.ErrBadBounds)
		}
	}
	out := make([]*rollup.Row, len(buckets))
	for i := 0; i < len(buckets); {
		j := i + 1
		for j < len(buckets) && buckets[j].From == buckets[j-1].To {
			j++
		}
		if err := s.piece(d, buckets[i:j], out[i:j], now); err != nil {
			return nil, err
		}
		i = j
	}
	return out, nil
}

// piece makes the rows of buckets without gap.
func (s *Samples) piece(d *rollup.Definition, buckets []telemetry.Span, out []*rollup.Row, now int64) error {
	span := telemetry.Span{From: buckets[0].From, To: buckets[len(buckets)-1].To}
	scan := d.Scan(span)
	run := s.counting()
	from, _ := slices.BinarySearch(run.Time, scan.From)
	to, _ := slices.BinarySearch(run.Time, scan.To)
	before := rollup.Reading{}
	if d.Counter != nil {
		before = s.lastReading(from, now)
	}
	var parts []rollup.Row
	var composer rollup.Composer
	var failed error
	at := 0
	finish := func() {
		if len(parts) > 0 {
			r, err := composer.Compose(buckets[at].From, buckets[at].To, parts)
			if err != nil && failed == nil {
				failed = err
			}
			out[at] = &r
		}
		parts = parts[:0]
	}
	var fold rollup.Fold
	if err := fold.Begin(d, span, now, before, func(r *rollup.Row) {
		for r.From >= buckets[at].To {
			finish()
			at++
		}
		parts = append(parts, *r)
	}); err != nil {
		return err
	}
	fold.Add(cut(run, from, to))
	fold.End()
	finish()
	return failed
}

// cut is rows from to to of a run.
func cut(r *telemetry.Run, from, to int) *telemetry.Run {
	out := &telemetry.Run{Type: r.Type, Nulls: r.Nulls, Time: r.Time[from:to], Status: r.Status[from:to], Flags: r.Flags[from:to], Revision: r.Revision[from:to], Commit: r.Commit[from:to]}
	if r.Text != nil {
		out.Text = r.Text[from:to]
	} else if r.Bits != nil {
		out.Bits = r.Bits[from:to]
	}
	return out
}

// lastReading is the last good reading of a counter among the first rows of those that count.
func (s *Samples) lastReading(first int, now int64) rollup.Reading {
	r := s.counting()
	for i := first - 1; i >= 0; i-- {
		if x, ok := s.number(r, i, now); ok && !math.IsInf(x, 0) {
			return rollup.Reading{Known: true, Time: r.Time[i], Bits: r.Bits[i], Commit: uint64(r.Commit[i])}
		}
	}
	return rollup.Reading{}
}

// number is the value of a sample that is good at now; of a text it is 0.
func (s *Samples) number(r *telemetry.Run, i int, now int64) (float64, bool) {
	flags := telemetry.Flags(r.Flags[i])
	if !telemetry.Status(r.Status[i]).IsGood() || flags&(telemetry.NoValue|telemetry.Withdrawn) != 0 || flags&telemetry.FutureTime != 0 && r.Time[i] > now {
		return 0, false
	}
	switch r.Type {
	case telemetry.Float64:
		x := math.Float64frombits(r.Bits[i])
		return x, x == x
	case telemetry.String:
		return 0, true
	}
	return float64(int64(r.Bits[i])), true
}

// Good counts the good samples between bounds: out[i] is of [bounds[i], bounds[i+1]). A good sample is one of good status with a value that
// is no NaN, and due at now.
func (s *Samples) Good(bounds []int64, now int64) []uint64 {
	r := s.counting()
	out := make([]uint64, max(len(bounds)-1, 0))
	for k := range out {
		i, _ := slices.BinarySearch(r.Time, bounds[k])
		for ; i < len(r.Time) && r.Time[i] < bounds[k+1]; i++ {
			if _, ok := s.number(r, i, now); ok {
				out[k]++
			}
		}
	}
	return out
}

// Same tells whether two rows say the same, whatever commits they rest on.
func Same(a, b *rollup.Row) bool {
	x, y := *a, *b
	x.Input, y.Input = 0, 0
	return slices.Equal(rollup.AppendRow(nil, &x), rollup.AppendRow(nil, &y))
}
