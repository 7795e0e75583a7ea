package health

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

// sampleAt is a sample of the brute-force model, at a whole second.
type sampleAt struct {
	t    int
	good bool
}

// brute looks at every second of a span: is there a good value? A sample holds until the next one, at most the longest
// silence in effect when it came.
func brute(list []sampleAt, silence func(t int) int, since, until int) (covered int, gaps [][2]int) {
	lit := func(at int) bool {
		i := -1
		for k, s := range list {
			if s.t <= at {
				i = k
			}
		}
		return i >= 0 && list[i].good && at-list[i].t < silence(list[i].t)
	}
	begin := -1
	for at := since; at <= until; at++ {
		on := at < until && lit(at)
		switch {
		case on:
			covered++
			fallthrough
		case at == until:
			if begin >= 0 && at-begin > silence(begin) {
				gaps = append(gaps, [2]int{begin, at})
			}
			begin = -1
		case begin < 0:
			begin = at
		}
	}
	return covered, gaps
}

func TestWalkFindsWhatALookAtEverySecondFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	const second = int64(time.Second)
	for round := range 2000 {
		short, long, change := 1+r.IntN(20), 1+r.IntN(40), r.IntN(300)
		series := &telemetry.Series{Reporting: []telemetry.Reporting{{From: 0, MaxSilence: time.Duration(short) * time.Second}, {From: int64(change) * second, MaxSilence: time.Duration(long) * time.Second}}}
		silence := func(t int) int {
			if t >= change {
				return long
			}
			return short
		}
		var list []sampleAt
		for at := r.IntN(60); at < 400; at += 1 + r.IntN(5) + r.IntN(2)*r.IntN(70) {
			list = append(list, sampleAt{at, r.IntN(4) > 0})
		}
		since := r.IntN(200)
		until := since + 1 + r.IntN(250)
		w := newWalk(series, int64(since)*second, int64(until)*second, int64(until)*second, 1000)
		for _, s := range list {
			w.take(int64(s.t)*second, s.good, false, telemetry.BadDeviceFailure)
		}
		w.end()
		covered, want := brute(list, silence, since, until)
		got := [][2]int{}
		for _, g := range w.longest {
			got = append(got, [2]int{int(g.From / second), int(g.To / second)})
		}
		slices.SortFunc(got, func(a, b [2]int) int { return a[0] - b[0] })
		if w.covered != int64(covered)*second || !slices.Equal(got, want) {
			t.Fatalf("round %d, [%d, %d), silences %d then %d from %d, samples %v:\ncovered %d want %d\ngaps %v want %v", round, since, until, short, long, change, list, w.covered/second, covered, got, want)
		}
		if all := w.covered + int64(w.gaps.Dark) + int64(w.gaps.Short); all != int64(until-since)*second || w.gaps.Count != len(want) {
			t.Fatalf("round %d: covered, dark and short time are %d of %d seconds, %d gaps", round, all/second, until-since, w.gaps.Count)
		}
	}
}

func TestOnlyTheLongestGapsAreKept(t *testing.T) {
	series := &telemetry.Series{Reporting: []telemetry.Reporting{{MaxSilence: time.Second}}}
	w := newWalk(series, 0, int64(time.Hour), int64(time.Hour), 3)
	at := int64(0)
	for _, length := range []int{5, 9, 2, 7, 9, 3} {
		w.take(at, true, false, 0)
		at += int64(time.Second) * int64(1+length)
	}
	w.take(at, true, false, 0)
	var got []int
	for _, g := range w.longest {
		got = append(got, int((g.To-g.From)/int64(time.Second)))
	}
	slices.Sort(got)
	if !slices.Equal(got, []int{7, 9, 9}) || w.gaps.Count != 6 {
		t.Errorf("%v of %d", got, w.gaps.Count)
	}
}

func TestScore(t *testing.T) {
	whole := Sum{Series: 4, Live: 2, Stale: 1, Silent: 1, Span: 4 * time.Hour, Covered: 3 * time.Hour, Counts: Counts{Received: 200, Good: 150, Uncertain: 20, Bad: 30, Late: 50, Ahead: 6, ClockUnsure: 4}}
	for _, c := range []struct {
		present, counted bool
		want             float64
	}{
		{true, true, 50*0.75 + 20*0.625 + 15*0.8 + 10*0.75 + 5*0.95},
		{false, true, (50*0.75 + 15*0.8 + 10*0.75 + 5*0.95) / 0.80},
		{true, false, (50*0.75 + 20*0.625 + 15*0.8) / 0.85},
	} {
		if got, ok := whole.parts(c.present, c.counted).score(); !ok || got-c.want > 1e-9 || c.want-got > 1e-9 {
			t.Errorf("present %v, counted %v: %v want %v", c.present, c.counted, got, c.want)
		}
	}
	if _, ok := (&Sum{}).parts(false, true).score(); ok {
		t.Error("nothing has a score")
	}
	if got, _ := (&Sum{Series: 1, Silent: 1, Span: time.Hour}).parts(true, true).score(); got != 0 {
		t.Errorf("a series that was never heard of scores %v", got)
	}
}
