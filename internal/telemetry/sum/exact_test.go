package sum

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// written is the model of Terms: the exact sum in a wide big.Float, taken apart term by term.
func written(v []uint64) []float64 {
	total := new(big.Float).SetPrec(2400)
	for _, b := range v {
		total.Add(total, new(big.Float).SetFloat64(math.Float64frombits(b)))
	}
	var terms []float64
	for {
		f, _ := total.Float64()
		if f == 0 || math.IsInf(f, 0) {
			if len(terms) == 0 {
				terms = append(terms, f+0)
			}
			break
		}
		terms = append(terms, f)
		total.Sub(total, new(big.Float).SetFloat64(f))
	}
	for len(terms) < 2 {
		terms = append(terms, 0)
	}
	return terms
}

func terms(e *Exact) []float64 {
	hi, lo, more := e.Terms()
	return append([]float64{hi, lo}, more...)
}

func same(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

func TestTermsAreThoseOfTheExactSumHoweverItIsGrouped(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for round := range 300 {
		v := values(r, round%5)
		for i := range v { // not to the end of the range, where a part of a sum may be infinite though the sum is not
			v[i] &^= 1 << 58
		}
		want := written(v)
		if len(want) > MostTerms {
			t.Fatalf("%d terms, at most %d were promised", len(want), MostTerms)
		}
		var whole, grouped, shuffled, slow Exact
		whole.AddBits(v)
		for rest := v; len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			var part Exact
			part.AddBits(rest[:n])
			grouped.AddTerms(part.Terms())
			rest = rest[n:]
		}
		mixed := slices.Clone(v)
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		floats := make([]float64, len(mixed))
		for i, b := range mixed {
			floats[i] = math.Float64frombits(b)
			slow.Add(floats[i])
		}
		shuffled.Add(1)
		shuffled.AddAll([]float64{1e300, -1e-300, 3})
		shuffled.Reset()
		shuffled.AddAll(floats)
		for name, e := range map[string]*Exact{"whole": &whole, "grouped": &grouped, "shuffled": &shuffled, "one by one": &slow} {
			if got := terms(e); !same(got, want) {
				t.Fatalf("round %d (kind %d, %d values): %s gives %v, want %v", round, round%5, len(v), name, got, want)
			}
		}
	}
}

func TestSumBeyondTheRangeIsInfinite(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		v    []float64
		want float64
	}{{[]float64{1, inf}, inf}, {[]float64{-inf, 1, 2}, -inf}, {[]float64{inf, -inf}, math.NaN()}, {[]float64{math.MaxFloat64, math.MaxFloat64}, inf},
		{[]float64{math.MaxFloat64, 1e300}, inf}, {[]float64{-math.MaxFloat64, -math.MaxFloat64, 1}, -inf}, {[]float64{math.Copysign(0, -1)}, 0}} {
		var e Exact
		e.AddAll(c.v)
		if hi, lo, more := e.Terms(); math.Float64bits(hi) != math.Float64bits(c.want) || lo != 0 || more != nil {
			t.Errorf("sum of %v is %v, %v, %v, want %v", c.v, hi, lo, more, c.want)
		}
	}
	// within: a part of the sum is beyond the range, the sum is not
	var e Exact
	e.AddAll([]float64{math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64})
	if got := e.Value(); got != math.MaxFloat64 {
		t.Errorf("the sum is %v, want %v", got, math.MaxFloat64)
	}
}

func TestIntegersJoinAnExactSum(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 500 {
		var s Int
		model := new(big.Int)
		for range 1 + r.IntN(40) {
			v := int64(r.Uint64()) >> r.IntN(64)
			if r.IntN(3) == 0 {
				s.Sub(v)
				model.Sub(model, big.NewInt(v))
			} else {
				s.Add(v)
				model.Add(model, big.NewInt(v))
			}
		}
		var e Exact
		e.AddInt(s)
		hi, lo, more := e.Terms()
		got := new(big.Float).SetPrec(400)
		for _, x := range append([]float64{hi, lo}, more...) {
			got.Add(got, big.NewFloat(x))
		}
		if n, accuracy := got.Int(nil); accuracy != big.Exact || n.Cmp(model) != 0 {
			t.Fatalf("terms %v %v %v are %v, want %v", hi, lo, more, n, model)
		}
	}
	var s Int
	s.Sub(math.MinInt64)
	if s.Value() != 1<<63 {
		t.Fatalf("0 less the least integer is %v", s.Value())
	}
}

func BenchmarkExactAddBits(b *testing.B) {
	v := values(rand.New(rand.NewPCG(7, 8)), 0)[:60:60]
	var e Exact
	for b.Loop() {
		e.Reset()
		e.AddBits(v)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(v)), "ns/value")
}
