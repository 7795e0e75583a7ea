package rollup

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

// TestNothingOutOfReachChanges takes samples away, and makes bad ones of good ones: no row outside of their reach changes.
func TestNothingOutOfReachChanges(t *testing.T) {
	var f Fold
	changed, reached := 0, 0
	for _, kind := range kinds {
		for seed := range uint64(60) {
			x := newTrial(seed, kind)
			r := rand.New(rand.NewPCG(seed, 1))
			before, err := x.fold(&f, seed)
			if err != nil {
				t.Fatal(err)
			}
			for range 8 {
				i := r.IntN(len(x.points))
				p := x.points[i]
				if !x.visible(&p) {
					continue
				}
				a := Around{Next: math.MaxInt64, NextReading: math.MaxInt64, Earlier: x.before.Known}
				for j := range x.points {
					q := &x.points[j]
					if !x.visible(q) {
						continue
					}
					if q.t > p.t && a.Next == math.MaxInt64 {
						a.Next = q.t
					}
					if x.reads(q) {
						a.Earlier = a.Earlier || q.t < p.t
						if q.t > p.t {
							a.NextReading = min(a.NextReading, q.t)
						}
					}
				}
				y := *x
				if y.points = slices.Clone(x.points); r.IntN(2) == 0 {
					y.points = slices.Delete(y.points, i, i+1)
				} else {
					y.points[i].status ^= telemetry.Bad
				}
				after, err := y.fold(&f, seed)
				if err != nil {
					t.Fatal(err)
				}
				spans := x.d.Reach(p.t, a)
				for k, s := range spans {
					if s.From%Minute != 0 || s.To%Minute != 0 || s.To <= s.From || k > 0 && s.From < spans[k-1].To {
						t.Fatalf("%s %d: spans %v", kind, seed, spans)
					}
				}
				rows := func(in []Row, at int64) *Row {
					k, found := slices.BinarySearchFunc(in, at, func(r Row, t int64) int { return int((r.From - t) / Minute) })
					if !found {
						return &Row{}
					}
					return &in[k]
				}
				for at := x.span.From; at < x.span.To; at += Minute {
					in := slices.ContainsFunc(spans, func(s telemetry.Span) bool { return s.From <= at && at < s.To })
					same := sameRow(rows(before, at), rows(after, at))
					if !same {
						changed++
					}
					if in {
						reached++
					}
					if !same && !in {
						t.Fatalf("%s %d: the sample of %s bears on the minute of %s, which is out of its reach %v\n%+v\n%+v", kind, seed, instant(p.t), instant(at), spans, *rows(before, at), *rows(after, at))
					}
				}
			}
		}
	}
	t.Logf("%d minutes changed, %d were in reach", changed, reached)
	if changed < 1000 || reached > 3*changed {
		t.Errorf("%d minutes changed, %d were in reach", changed, reached)
	}
}

func TestReach(t *testing.T) {
	const none = math.MaxInt64
	plain := Definition{Type: telemetry.Float64, Reporting: []telemetry.Reporting{{MaxSilence: 90 * time.Second}}}
	counter := plain
	counter.Counter = &Counter{}
	changed := plain
	changed.Counter = &Counter{Changes: []MeterChange{{At: 10 * Minute, Old: real(1), New: real(1), Reason: "x"}}}
	span := func(from, to int64) telemetry.Span { return telemetry.Span{From: from * Minute, To: to * Minute} }
	for name, c := range map[string]struct {
		d      Definition
		t      int64
		around Around
		want   []telemetry.Span
	}{
		"one minute":                      {plain, 5*Minute + 1, Around{Next: 6 * Minute}, []telemetry.Span{span(5, 6)}},
		"until the next":                  {plain, 5*Minute + 1, Around{Next: 6*Minute + 1}, []telemetry.Span{span(5, 7)}},
		"until silence":                   {plain, 5*Minute + 1, Around{Next: none}, []telemetry.Span{span(5, 7)}},
		"until silence, on a bound":       {plain, 5*Minute + 31*second, Around{Next: 60 * Minute}, []telemetry.Span{span(5, 8)}},
		"the next reading":                {counter, 5*Minute + 1, Around{Next: 6 * Minute, NextReading: 30 * Minute, Earlier: true}, []telemetry.Span{span(5, 6), span(29, 30)}},
		"no next reading":                 {counter, 5*Minute + 1, Around{Next: 6 * Minute, NextReading: none, Earlier: true}, []telemetry.Span{span(5, 6)}},
		"the next reading is near":        {counter, 5*Minute + 1, Around{Next: 6 * Minute, NextReading: 6 * Minute, Earlier: true}, []telemetry.Span{span(5, 6)}},
		"on a bound, the minute before":   {counter, 5 * Minute, Around{Next: 6 * Minute, NextReading: 6*Minute + 1, Earlier: true}, []telemetry.Span{span(4, 6), span(6, 7)}},
		"the first reading":               {counter, 5*Minute + 1, Around{Next: 6 * Minute, NextReading: 30 * Minute}, []telemetry.Span{span(5, 30)}},
		"the only reading":                {counter, 5*Minute + 1, Around{Next: none, NextReading: none}, []telemetry.Span{{From: 5 * Minute, To: minuteOf(none)}}},
		"a change before the next":        {changed, 5*Minute + 1, Around{Next: 6 * Minute, NextReading: 30 * Minute, Earlier: true}, []telemetry.Span{span(5, 6), span(9, 10)}},
		"the first, a change before next": {changed, 5*Minute + 1, Around{Next: 6 * Minute, NextReading: 30 * Minute}, []telemetry.Span{span(5, 10)}},
		"a change before it":              {changed, 15*Minute + 1, Around{Next: 16 * Minute, NextReading: 30 * Minute}, []telemetry.Span{span(15, 16), span(29, 30)}},
	} {
		if got := c.d.Reach(c.t, c.around); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
