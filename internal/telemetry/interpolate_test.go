package telemetry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const second = int64(time.Second)

// estimateByHand answers one time from all samples of a series in order, by the words of Interpolated and Previous.
func estimateByHand(rows []Sample, t int64, typ Type, m Method, now, silence int64) Estimate {
	none := Estimate{Time: t, Status: BadNoData}
	if t > now {
		return none
	}
	isGood := func(s Sample) bool {
		return s.Status.IsGood() && s.Flags&NoValue == 0 && !(typ == Float64 && math.IsNaN(math.Float64frombits(s.Value.Bits)))
	}
	var before, after, last *Sample
	spoiltBefore, spoiltAfter := false, false
	for i := range rows {
		s := rows[i]
		switch {
		case s.Flags&FutureTime != 0 && s.Time > now:
		case s.Time <= t:
			last = &rows[i]
			if isGood(s) {
				before, spoiltBefore = &rows[i], false
			} else {
				spoiltBefore = true
			}
		case after != nil:
		case isGood(s):
			after = &rows[i]
		default:
			spoiltAfter = true
		}
	}
	if m == Previous {
		if last == nil || t-last.Time > silence {
			return none
		}
		e := Estimate{Time: t, Value: last.Value, Status: last.Status, Source: last.Time}
		if e.Value.Type == Float64 && math.IsNaN(math.Float64frombits(e.Value.Bits)) {
			e.Value = Value{}
		}
		if e.Value.Type == 0 && e.Status.IsGood() {
			e.Status = BadNoData
		}
		return e
	}
	if before == nil || t-before.Time > silence {
		return none
	}
	e := Estimate{Time: t, Value: before.Value, Status: 0x402, Source: before.Time}
	if before.Time == t && !spoiltBefore {
		e.Status = before.Status
		return e
	}
	close := after != nil && after.Time-before.Time <= silence
	switch {
	case typ != Float64 && !spoiltBefore:
		return e
	case typ != Float64 && close:
		e.Status = 0x40A40402
		return e
	case typ == Float64 && close:
		a, b := math.Float64frombits(before.Value.Bits), math.Float64frombits(after.Value.Bits)
		v, ok := between(a, b, t-before.Time, after.Time-before.Time)
		e.Value.Bits = math.Float64bits(v)
		if !ok || spoiltBefore || spoiltAfter {
			e.Status = 0x40A40402
		}
		return e
	case spoiltBefore:
		return none
	}
	e.Status = 0x40A40402
	return e
}

func TestValuesAtTimesAreThoseWorkedOutByHand(t *testing.T) {
	t.Run("of every status", func(t *testing.T) { valuesByHand(t, false, 4) })
	t.Run("all good", func(t *testing.T) { valuesByHand(t, true, 4) }) // rows that no time needs are skipped
	t.Run("at distant times", func(t *testing.T) { valuesByHand(t, true, 60) })
}

func valuesByHand(t *testing.T, clean bool, step int64) {
	n, _ := memoryNode(t, 3)
	types := []Type{Float64, Int64, Bool, String}
	refs := n.declare(t, types...)
	r := rand.New(rand.NewPCG(5, 8))
	rows := make([]map[int64]Sample, len(types))
	for i := range rows {
		rows[i] = map[int64]Sample{}
	}
	texts := []string{"run", "stop", ""}
	seq := uint64(0)
	for round := range 60 {
		b := &Batch{Origin: Measured, Text: texts}
		for range 40 {
			i := r.IntN(len(types))
			at := begin + r.Int64N(400)*second/2
			s := Sample{Time: at, Status: []Status{0, 0, 0, 0, 0x400, Uncertain, Bad}[r.IntN(7)]}
			if clean {
				s.Status = 0
			}
			s.Value.Type = types[i]
			bits := uint64(r.IntN(2))
			switch types[i] {
			case Float64:
				bits = math.Float64bits([]float64{1, 2.5, -3, 1e300, -1.7e308, 1.7e308, math.NaN(), math.Inf(1), math.Copysign(0, -1), 0}[r.IntN(10)])
			case String:
				bits = uint64(r.IntN(3))
				s.Value.Text = texts[bits]
			}
			if types[i] != String {
				s.Value.Bits = bits
			}
			if !clean && r.IntN(9) == 0 {
				s.Flags, s.Value, bits = NoValue, Value{}, 0
				if s.Status.IsGood() {
					s.Status = Bad
				}
			}
			if _, taken := rows[i][at]; taken {
				continue // who wins is another test's
			}
			rows[i][at] = s
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, refs[i]), append(b.Time, at), append(b.Gateway, at), append(b.Bits, bits)
			b.Status, b.Flags = append(b.Status, s.Status), append(b.Flags, s.Flags)
		}
		if b.Len() > 0 {
			seq++
			n.mustAppend(t, 1, seq, b)
		}
		if round%7 == 6 {
			if err := n.store.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		times, _ := Span{begin - 20*second, begin + 230*second}.Grid(time.Duration(1+r.Int64N(step))*250*time.Millisecond, 5000)
		now := begin + r.Int64N(250)*second
		for _, m := range []Method{Interpolated, Previous} {
			got, err := n.store.At(context.Background(), refs, times, AtOptions{Method: m, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			for i := range refs {
				var sorted []Sample
				for _, s := range rows[i] {
					// flagged by the store's clock, which stands at begin
					if s.Time > begin+int64(FutureAfter) {
						s.Flags |= FutureTime
					}
					sorted = append(sorted, s)
				}
				slices.SortFunc(sorted, func(a, b Sample) int { return int(a.Time - b.Time) })
				for k, at := range times {
					if want := estimateByHand(sorted, at, types[i], m, now, 5*second); got[i][k] != want {
						t.Fatalf("round %d, method %d, %s at %v: %+v, want %+v", round, m, types[i], time.Duration(at-begin), got[i][k], want)
					}
				}
			}
		}
	}
}

func TestTheLineBetweenTwoValuesHasFixedBits(t *testing.T) {
	for _, c := range []struct {
		a, b     float64
		dt, span int64
		want     uint64
		ok       bool
	}{
		{1, 2, 1, 4, math.Float64bits(1.25), true},
		{0.1, 0.3, 1, 3, 0x3fc5555555555555, true},
		{-1e308, 1e308, 1, 2, 0, true},
		{-math.MaxFloat64, math.MaxFloat64, 1, 4, math.Float64bits(-math.MaxFloat64 / 2), true},
		{7, 7, 1, 3, math.Float64bits(7), true},
		{math.Inf(1), 1, 1, 2, math.Float64bits(math.Inf(1)), false},
		{1, math.Inf(-1), 1, 2, math.Float64bits(1), false},
		{5e-324, 1.5e-323, 1, 2, 2, true},
	} {
		v, ok := between(c.a, c.b, c.dt, c.span)
		if math.Float64bits(v) != c.want || ok != c.ok {
			t.Errorf("between %g and %g at %d/%d: %#x %v, want %#x %v", c.a, c.b, c.dt, c.span, math.Float64bits(v), ok, c.want, c.ok)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		a, b := math.Float64frombits(r.Uint64()), math.Float64frombits(r.Uint64())
		if math.IsNaN(a) || math.IsNaN(b) {
			continue
		}
		span := 2 + r.Int64N(1e12)
		v, ok := between(a, b, 1+r.Int64N(span-1), span)
		if ok && !(v >= min(a, b) && v <= max(a, b)) {
			t.Fatalf("between %g and %g: %g", a, b, v)
		}
	}
}

func TestValuesAsOfACommit(t *testing.T) {
	n, _ := memoryNode(t, 3)
	refs := n.declare(t, Float64)
	n.mustAppend(t, 1, 1, rowsOf(refs[0], []int64{begin, begin + 4*second}, []uint64{math.Float64bits(0), math.Float64bits(4)}))
	n.clock.add(time.Minute)
	then, err := n.store.AsOf(n.clock.t - second)
	if err != nil {
		t.Fatal(err)
	}
	n.mustAppend(t, 1, 2, rowsOf(refs[0], []int64{begin + 2*second}, []uint64{math.Float64bits(10)})) // late
	if err := n.store.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	at := []int64{begin + second}
	for asOf, want := range map[uint64]float64{0: 5, then: 1} {
		got, err := n.store.At(context.Background(), refs, at, AtOptions{Method: Interpolated, Now: n.clock.t, AsOf: asOf})
		if err != nil || math.Float64frombits(got[0][0].Value.Bits) != want || got[0][0].Status != 0x402 {
			t.Errorf("as of %d: %+v, %v, want %g", asOf, got, err, want)
		}
		points, err := n.store.Plot(context.Background(), refs[0], Span{begin, begin + 5*second}, PlotOptions{Pixels: 5, Now: n.clock.t, AsOf: asOf})
		if wantPoints := map[uint64]int{0: 3, then: 2}[asOf]; err != nil || len(points) != wantPoints {
			t.Errorf("plot as of %d: %+v, %v", asOf, points, err)
		}
	}
	got, err := n.store.At(context.Background(), refs, at, AtOptions{Method: Previous, Now: n.clock.t, AsOf: BeforeAll})
	if err != nil || got[0][0] != (Estimate{Time: at[0], Status: BadNoData}) {
		t.Errorf("before all: %+v, %v", got, err)
	}
}

func TestBadQuestionsForValuesAreRefused(t *testing.T) {
	n, _ := memoryNode(t, 3)
	refs := n.declare(t, Float64)
	many := make([]int64, MaxEstimates+1)
	for i := range many {
		many[i] = begin + int64(i)
	}
	for name, c := range map[string]struct {
		refs  []Ref
		times []int64
		m     Method
		want  error
	}{
		"no time": {refs, nil, Previous, ErrBadSpan}, "not ascending": {refs, []int64{begin, begin}, Previous, ErrBadSpan}, "before 1970": {refs, []int64{-1}, Previous, ErrBadSpan},
		"no method": {refs, []int64{begin}, 0, ErrBadSpan}, "too many": {refs, many, Previous, ErrBadSpan}, "unknown": {[]Ref{99}, []int64{begin}, Previous, ErrUnknownSeries},
	} {
		if _, err := n.store.At(context.Background(), c.refs, c.times, AtOptions{Method: c.m, Now: begin}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok := (Span{0, 10}).Grid(1, 9); ok {
		t.Error("a grid of ten times in nine")
	}
	if g, ok := (Span{0, 10}).Grid(4, 3); !ok || fmt.Sprint(g) != "[0 4 8]" {
		t.Errorf("grid %v", g)
	}
}

func BenchmarkValuesOfADayEachMinute(b *testing.B) {
	n := benchNode(b, 64<<20)
	refs := benchSeries(b, n, 2)
	feed(b, n, refs, 2, 86400, 2, false, false)
	if err := n.store.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	times, _ := Span{begin, begin + day}.Grid(time.Minute, 1440)
	for b.Loop() {
		got, err := n.store.At(context.Background(), refs[6:7], times, AtOptions{Method: Interpolated, Now: n.clock.t})
		if err != nil || len(got[0]) != 1440 {
			b.Fatal(len(got), err)
		}
	}
}
