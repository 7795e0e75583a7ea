// Package policy is `jingwei bench policy`: how fast measures of support are judged, how long the policy lab takes for a province of
// enterprises, and how soon an officer sees what is due among many running cases. It runs the packs that ship, on one core.
package policy

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"time"

	"jingwei/bench/result"
	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/decimal"
	"jingwei/packs"
)

// Goals of the product.
const (
	perSecond  = 1e6
	labSeconds = 10.0
	labSize    = 40_000
)

// Options of a run.
type Options struct {
	Seed  uint64
	Quick bool
	// Database of the running cases: "postgres://…" of an empty database; SQLite in a folder of its own when nothing is said.
	Database string

	subjects int // of the lab; 40,000 when nothing is said
	cases    int // on the desk; 100,000 when nothing is said
}

// published dates the documents that do not date themselves. The days are assumed: they only make the measures count.
func published(sets ...*incentive.Set) incentive.Options {
	o := incentive.Options{Published: map[string]incentive.Date{}}
	for _, s := range sets {
		for _, m := range s.All() {
			if m.Valid.Start == "publication" {
				o.Published[m.Clauses[0].Document] = 17_897 // 2019-01-01
			}
		}
	}
	return o
}

const day incentive.Date = 18_261 // 2019-12-31, a day on which all of them are in force

// Run measures. Times are processor time of one core, so that a busy machine does not spoil them. Error: packs that do not load.
func Run(ctx context.Context, o Options, w io.Writer) (*result.Result, error) {
	bare, err := incentive.Load(packs.Files, "policy", incentive.Options{})
	if err != nil {
		return nil, err
	}
	a, err := incentive.Load(packs.Files, "policy", published(bare))
	if err != nil {
		return nil, err
	}
	b, err := variant(bare)
	if err != nil {
		return nil, err
	}
	r := result.New("policy", o.Seed)
	r.Versions["go"], r.Versions["packs"] = runtime.Version(), a.Hash()[:12]
	t := result.Table{Head: []string{"", "evaluations a second", "ns each", "allocations each"}}

	// One core: the evaluating goroutine keeps its thread, and nothing else runs beside it.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	rounds, length := 5, time.Second
	if o.Quick {
		rounds, length = 3, 300*time.Millisecond
	}
	rows, err := rowsOf(a, 1000, o.Seed)
	if err != nil {
		return nil, err
	}
	var all, sums, paid []pair
	calculable := 0
	for i, m := range a.All() {
		if m.Calculable() {
			calculable++
		}
		for _, row := range rows {
			all = append(all, pair{i, row})
			if !m.Calculable() {
				continue
			}
			sums = append(sums, pair{i, row})
			if v := a.Judge(i, row, day, true); v.Eligible == incentive.True && v.Known && v.Amount > 0 {
				paid = append(paid, pair{i, row})
			}
		}
	}
	for _, x := range []struct {
		name, key string
		pairs     []pair
	}{
		{fmt.Sprintf("eligibility and amount, the %d calculable measures", calculable), "calculablePerSecond", sums},
		{"the same where all conditions hold and an amount comes out", "paidPerSecond", paid},
		{fmt.Sprintf("all %d measures", len(a.All())), "allPerSecond", all},
	} {
		var rates []float64
		var each float64
		for range rounds {
			rate, mallocs := judge(a, x.pairs, length)
			rates, each = append(rates, rate), max(each, mallocs)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
		m := result.Median(rates)
		t.Add(x.name, m.String(), result.Number(1e9/m.Median), result.Number(each))
		r.Figures[x.key] = m
		r.AtLeast(x.name+", a second on one core", m.Median, perSecond)
		r.AtMost(x.name+", allocations each", each, 0.001) // the runtime's own now and then
	}
	perReport, err := reports(a, o.Seed)
	if err != nil {
		return nil, err
	}
	t.Add("whole report with its explanation, all measures", result.Number(1/perReport.Seconds()), result.Number(float64(perReport.Nanoseconds())), "")
	r.Figures["reportMicros"] = float64(perReport.Microseconds())
	fmt.Fprint(w, t.String())
	if err := lab(o, a, b, r, w); err != nil {
		return nil, err
	}
	return r, desk(ctx, o, r, w)
}

// pair is a measure and a row.
type pair struct {
	measure int
	row     *incentive.Row
}

// judge evaluates pairs for about as long as told and returns evaluations a second and allocations for each. Declarations
// count, so that every condition is looked at.
func judge(s *incentive.Set, pairs []pair, length time.Duration) (perSecond, mallocs float64) {
	if len(pairs) == 0 {
		return 0, 0 // nothing to measure: the population does not fit the measures
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start, begun, n := time.Now(), cpu(), 0
	var sum decimal.Fen  // so that nothing is optimised away
	const stretch = 5000 // between looks at the clock
	for at := 0; time.Since(start) < length; {
		part := pairs[at:min(len(pairs), at+stretch)]
		for _, p := range part {
			sum += s.Judge(p.measure, p.row, day, true).Amount
		}
		n += len(part)
		if at += stretch; at >= len(pairs) {
			at = 0
		}
	}
	took := cpu() - begun // of one core: other processes may hold it meanwhile
	runtime.ReadMemStats(&after)
	if sum == 0 {
		return 0, 0
	}
	return float64(n) / took.Seconds(), float64(after.Mallocs-before.Mallocs) / float64(n)
}

func rowsOf(s *incentive.Set, n int, seed uint64) ([]*incentive.Row, error) {
	var rows []*incentive.Row
	for sub := range population(asks(s), n, seed) {
		row, err := s.Row(sub)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// reports measures the whole way with words: what a page asks for.
func reports(s *incentive.Set, seed uint64) (time.Duration, error) {
	const n = 50
	subjects := slices.Collect(population(asks(s), n, seed))
	start := cpu()
	for _, sub := range subjects {
		rep, err := s.Evaluate(sub, day)
		if err != nil {
			return 0, err
		}
		if _, err := rep.Hash(); err != nil {
			return 0, err
		}
	}
	return (cpu() - start) / n, nil
}

// lab runs the shipped measures against a variant, twice: the findings must be the same.
func lab(o Options, a, b *incentive.Set, r *result.Result, w io.Writer) error {
	n, asked := cmp.Or(o.subjects, labSize), asks(a)
	var took, wall []float64
	var first *incentive.Finding
	for range 2 {
		x := incentive.Experiment{A: a, B: b, Day: day, Class: class, Subjects: population(asked, n, o.Seed),
			BudgetA: map[string]decimal.Fen{"gz2018": 300_000_000_000}, BudgetB: map[string]decimal.Fen{"gz2018": 300_000_000_000}}
		start, begun := time.Now(), cpu()
		f, err := x.Run()
		if err != nil {
			return err
		}
		took, wall = append(took, (cpu()-begun).Seconds()), append(wall, time.Since(start).Seconds())
		if first == nil {
			first = f
		} else {
			r.Holds("the lab finds the same again", reflect.DeepEqual(first, f))
		}
	}
	m, w2 := result.Median(took), result.Median(wall)
	r.Figures["labWallSeconds"] = w2
	if w2.Median > 1.5*m.Median {
		r.Note("the lab had its core for %s of %s s only: other processes were running", result.Number(m.Median), result.Number(w2.Median))
	}
	r.Figures["labSeconds"], r.Figures["labSubjects"], r.Figures["labMeasures"] = m, n, len(a.All())
	r.AtMost(fmt.Sprintf("policy lab, %d enterprises × %d measures × 2 sets, seconds of one core", n, len(a.All())), m.Most, labSeconds)
	t := result.Table{Head: []string{"lab", "paid", "total, CNY", "line gz2018 due", "payable"}}
	for _, s := range []struct {
		name string
		side incentive.Side
	}{{"A: as shipped", first.A}, {"B: Hunan 25 % for 20 %, Guangzhou cap 3 million for 5", first.B}} {
		t.Add(s.name, fmt.Sprint(s.side.Paid), s.side.Total.String(), s.side.Lines[0].Due.String(), s.side.Lines[0].Payable.String())
	}
	fmt.Fprintf(w, "\n%s\n%d win %s, %d lose %s, %d classes; %s s of one core with the making of the population\n", t.String(), first.Winners, first.Gain, first.Losers, first.Loss, len(first.Classes), m)
	return nil
}

var (
	hunanRate = regexp.MustCompile(`rate: '0\.2'`)
	cityCap   = regexp.MustCompile(`cap: \{amount: 500万元`)
)

// variant is set B: the same packs with other numbers.
func variant(s *incentive.Set) (*incentive.Set, error) {
	var list []*incentive.Measure
	for _, m := range s.All() {
		data, err := packs.Files.ReadFile(m.File())
		if err != nil {
			return nil, err
		}
		switch m.Policy {
		case "hn2018":
			data = hunanRate.ReplaceAll(data, []byte("rate: '0.25'"))
		case "gz2018":
			data = cityCap.ReplaceAll(data, []byte("cap: {amount: 300万元"))
		}
		changed, err := incentive.Decode(m.File(), data)
		if err != nil {
			return nil, err
		}
		list = append(list, changed)
	}
	return incentive.NewSet(list, nil, published(s))
}
