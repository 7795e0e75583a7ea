package telemetry

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// PlotKind says why a sample is in a plot.
type PlotKind uint8

// Kinds. A sample that is several of them is given once, with the first that holds in the order bad, first, last, min, max.
const (
	PlotFirst PlotKind = 1
	PlotLast  PlotKind = 2
	PlotMin   PlotKind = 3
	PlotMax   PlotKind = 4
	PlotBad   PlotKind = 5
)

// PlotPoint is a sample that a drawing needs.
type PlotPoint struct {
	Sample
	Kind PlotKind
}

// MaxPixels bounds Plot.
const MaxPixels = 20_000

// PlotOptions say how wide the drawing is, and what is known.
type PlotOptions struct {
	Pixels int    // 1 to MaxPixels
	Now    int64  // the time at which the answer is asked for, ns
	AsOf   uint64 // commit number: what was known when it was the newest; 0: now
}

// Plot returns the samples that draw a span on so many pixels as if all were drawn: of each pixel the first, the last, the
// least and the greatest sample that is not bad, and one bad one if there are any, in order of time. Strings have no
// least and greatest. A pixel without samples gives nothing: a gap is where the time between two points is longer than
// the series' longest silence. Samples flagged FutureTime and not due are left out.
func (s *Store) Plot(ctx context.Context, ref Ref, span Span, o PlotOptions) ([]PlotPoint, error) {
	series, ok := s.find(ref)
	if !ok {
		return nil, fmt.Errorf("plot series number %d: %w", ref, ErrUnknownSeries)
	}
	if o.Pixels < 1 || o.Pixels > MaxPixels || span.To <= span.From {
		return nil, fmt.Errorf("plot from %d to %d on %d pixels: %w: 1 to %d pixels, and it must end after it begins", span.From, span.To, o.Pixels, ErrBadSpan, MaxPixels)
	}
	pixels := int64(o.Pixels)
	p := plotter{typ: series.Type, span: span, step: max((span.To-span.From+pixels-1)/pixels, 1), at: -1}
	err := s.Scan(ctx, ref, span, ScanOptions{Columns: Everything, AsOf: o.AsOf}, func(r *Run) bool {
		p.take(r, o.Now)
		return true
	})
	if err != nil {
		return nil, err
	}
	p.flush()
	return p.out, nil
}

type plotter struct {
	typ  Type
	span Span
	step int64
	at   int64 // the pixel being gathered
	end  int64 // of it
	out  []PlotPoint

	has, hasBad            bool
	first, last, low, high Sample
	lowest, highest        float64
	bad                    Sample
}

func (p *plotter) take(r *Run, now int64) {
	last := -1 // the row of this run that is the last of the pixel so far
	keepLast := func() {
		if last >= 0 {
			p.last = r.Sample(last)
			last = -1
		}
	}
	for i, t := range r.Time {
		if !visible(r.Flags[i], t, now) {
			continue
		}
		if p.at < 0 || t >= p.end {
			keepLast()
			p.flush()
			p.at = (t - p.span.From) / p.step
			p.end = p.span.From + (p.at+1)*p.step
		}
		x, number := p.number(r, i)
		switch {
		case r.Status[i]>>31 == 1 || Flags(r.Flags[i])&NoValue != 0 || !number:
			if !p.hasBad {
				p.hasBad, p.bad = true, r.Sample(i)
			}
			continue
		case !p.has:
			p.has = true
			p.first = r.Sample(i)
			p.low, p.high, p.lowest, p.highest = p.first, p.first, x, x
		case x < p.lowest:
			p.lowest, p.low = x, r.Sample(i)
		case x > p.highest:
			p.highest, p.high = x, r.Sample(i)
		}
		last = i
	}
	keepLast()
}

// number returns the value to compare by; false for NaN. Strings compare equal.
func (p *plotter) number(r *Run, i int) (float64, bool) {
	switch p.typ {
	case Float64:
		x := math.Float64frombits(r.Bits[i])
		return x, x == x
	case String:
		return 0, true
	}
	return float64(int64(r.Bits[i])), true
}

// flush gives the points of the pixel.
func (p *plotter) flush() {
	at := len(p.out)
	if p.hasBad {
		p.out = append(p.out, PlotPoint{p.bad, PlotBad})
	}
	if p.has {
		p.add(at, p.first, PlotFirst)
		p.add(at, p.last, PlotLast)
		if p.typ != String {
			p.add(at, p.low, PlotMin)
			p.add(at, p.high, PlotMax)
		}
	}
	slices.SortFunc(p.out[at:], func(a, b PlotPoint) int {
		switch {
		case a.Time < b.Time:
			return -1
		case a.Time > b.Time:
			return 1
		}
		return 0
	})
	p.has, p.hasBad = false, false
}

// add gives a point unless the pixel has that sample already.
func (p *plotter) add(from int, s Sample, k PlotKind) {
	for _, o := range p.out[from:] {
		if o.Time == s.Time {
			return
		}
	}
	p.out = append(p.out, PlotPoint{s, k})
}
