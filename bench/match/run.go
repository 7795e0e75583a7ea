// Package match is `jingwei bench match`: how well needs are matched with supply, on a judged set of our own making, beside plain BM25;
// and how long it takes.
package match

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/bench/result"
	"jingwei/internal/exchange/match"
	"jingwei/packs"
)

// Options of a run.
type Options struct {
	Seed  uint64
	Quick bool

	needs, supplies int   // of the judged set; 400 and 1,500 when nothing is said
	sizes           []int // at which the time is measured
}

// Sizes of the judged set.
const (
	needs    = 400
	supplies = 1500
)

// ndcg is nDCG@10 of a ranking by its grades: gain 2^grade-1, the ideal order as the whole (Järvelin, Kekäläinen, 2002).
func ndcg(grades, all []int) (float64, bool) {
	dcg := func(list []int) (sum float64) {
		for i, g := range list[:min(10, len(list))] {
			sum += (math.Exp2(float64(g)) - 1) / math.Log2(float64(i)+2)
		}
		return sum
	}
	ideal := slices.Clone(all)
	slices.Sort(ideal)
	slices.Reverse(ideal)
	best := dcg(ideal)
	if best == 0 {
		return 0, false
	}
	return dcg(grades) / best, true
}

// Measured are mean figures over the needs of one half.
type Measured struct{ Plain, Whole, Words, Structure float64 }

// Measure ranks every need of a half of the set (0: tuning, 1: held out) in four ways.
func Measure(s *Set, kinds *match.Kinds, p *match.Profile, half int) (m Measured) {
	at := map[uuid.UUID]int{}
	for i, x := range s.Supplies {
		at[x.ID] = i
	}
	engine := func(w match.Weights) *match.Engine {
		q := *p
		q.Weights = w
		e := match.NewEngine(kinds, &q, nil)
		e.Put(s.Supplies...)
		return e
	}
	bare := p.Weights
	bare.Words = 0
	whole, words, structure := engine(p.Weights), engine(match.Weights{Words: 10_000}), engine(bare)
	plain := match.NewPlain(s.Supplies)
	n := 0.0
	for i, w := range s.Needs {
		if i%2 != half {
			continue
		}
		all := make([]int, len(s.Supplies))
		for j := range all {
			all[j] = s.Grade(i, j)
		}
		of := func(ids []uuid.UUID) float64 {
			var got []int
			for _, id := range ids {
				got = append(got, all[at[id]])
			}
			v, _ := ndcg(got, all)
			return v
		}
		ranked := func(e *match.Engine) (ids []uuid.UUID) {
			for _, p := range e.Match(w, 10, 0) {
				ids = append(ids, p.Supply.ID)
			}
			return ids
		}
		if _, any := ndcg(nil, all); !any {
			continue // nothing in the set helps this firm
		}
		n++
		m.Plain += of(plain.Rank(w, 10))
		m.Whole += of(ranked(whole))
		m.Words += of(ranked(words))
		m.Structure += of(ranked(structure))
	}
	return Measured{m.Plain / n, m.Whole / n, m.Words / n, m.Structure / n}
}

// Run measures. Error: packs that do not load.
func Run(ctx context.Context, o Options, w io.Writer) (*result.Result, error) {
	kinds, err := match.LoadKinds(packs.Files)
	if err != nil {
		return nil, err
	}
	profile, err := match.LoadProfile(packs.Files)
	if err != nil {
		return nil, err
	}
	r := result.New("match", o.Seed)
	r.Versions["go"], r.Versions["profile"] = runtime.Version(), profile.Version
	if o.needs == 0 {
		o.needs, o.supplies = needs, supplies
	}
	set := NewSet(o.Seed, o.needs, o.supplies)
	t := result.Table{Head: []string{fmt.Sprintf("nDCG@10, %d needs × %d supplies", o.needs, o.supplies), "tuning half", "held-out half"}}
	tune, held := Measure(set, kinds, profile, 0), Measure(set, kinds, profile, 1)
	for _, x := range []struct {
		name, key string
		of        func(Measured) float64
	}{
		{"plain BM25 (pairs of characters)", "plain", func(m Measured) float64 { return m.Plain }},
		{"BM25 with the words of kinds", "words", func(m Measured) float64 { return m.Words }},
		{"structure alone", "structure", func(m Measured) float64 { return m.Structure }},
		{"the matcher", "matcher", func(m Measured) float64 { return m.Whole }},
	} {
		t.Add(x.name, fmt.Sprintf("%.3f", x.of(tune)), fmt.Sprintf("%.3f", x.of(held)))
		r.Figures[x.key+"Tuning"], r.Figures[x.key+"HeldOut"] = x.of(tune), x.of(held)
	}
	r.AtLeast("the matcher over plain BM25, held-out half", held.Whole/held.Plain, 1)
	fmt.Fprint(w, t.String())
	switch {
	case o.sizes != nil:
	case o.Quick:
		o.sizes = []int{supplies, 10_000}
	default:
		o.sizes = []int{supplies, 100_000}
	}
	return r, latency(ctx, o, kinds, profile, r, w)
}

// latency measures how long one need takes, with the reasons of its thirty best.
func latency(ctx context.Context, o Options, kinds *match.Kinds, p *match.Profile, r *result.Result, w io.Writer) error {
	t := result.Table{Head: []string{"supplies", "index built, s", "one need, median ms", "one need, worst ms", "one more supply, µs"}}
	for _, n := range o.sizes {
		set := NewSet(o.Seed, 100, n)
		e := match.NewEngine(kinds, p, nil)
		start := time.Now()
		e.Put(set.Supplies...)
		built := time.Since(start)
		var took []time.Duration
		for _, need := range set.Needs {
			start := time.Now()
			e.Match(need, p.Most, p.Least)
			took = append(took, time.Since(start))
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		slices.Sort(took)
		start = time.Now()
		const more = 200
		for _, x := range set.Supplies[:more] {
			e.Put(x)
		}
		each := time.Since(start) / more
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		t.Add(fmt.Sprint(n), fmt.Sprintf("%.2f", built.Seconds()), fmt.Sprintf("%.2f", ms(took[len(took)/2])), fmt.Sprintf("%.2f", ms(took[len(took)-1])), fmt.Sprintf("%.0f", float64(each.Nanoseconds())/1000))
		r.Figures[fmt.Sprintf("medianMillis%d", n)] = ms(took[len(took)/2])
	}
	fmt.Fprint(w, t.String())
	return nil
}
