package sum

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exact is the model: all values in one big.Float that is wide enough for any of them.
func exact(v []uint64) float64 {
	total := new(big.Float).SetPrec(2400)
	for _, b := range v {
		total.Add(total, new(big.Float).SetFloat64(math.Float64frombits(b)))
	}
	f, _ := total.Float64()
	return f + 0
}

func values(r *rand.Rand, kind int) []uint64 {
	v := make([]uint64, 1+r.IntN(5000))
	x := 50.0
	for i := range v {
		switch kind {
		case 0: // a walk
			x += r.NormFloat64() * 0.01
			v[i] = math.Float64bits(x)
		case 1: // around zero, decimals
			v[i] = math.Float64bits(math.Round(r.NormFloat64()*100) / 10)
		case 2: // any finite number
			for {
				v[i] = r.Uint64()
				if f := math.Float64frombits(v[i]); !math.IsNaN(f) && !math.IsInf(f, 0) {
					break
				}
			}
		case 3: // denormals and zeros of both signs
			v[i] = r.Uint64() & (signBit | 0xFFF)
		case 4: // cancellation
			v[i] = math.Float64bits([]float64{1e300, -1e300, 1, 1e-300, -1, 3.5}[r.IntN(6)])
		case 5: // near the end of the range
			v[i] = math.Float64bits(math.Ldexp(r.Float64()-0.5, 1023))
		}
	}
	return v
}

func TestSumIsExactAndIndependentOfHowItIsCut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 400 {
		v := values(r, round%6)
		want := exact(v)
		var whole, cut, paired Float
		whole.AddBits(v)
		for rest := v; len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			cut.AddBits(rest[:n])
			var part Float
			least, greatest := math.Inf(1), math.Inf(-1)
			for _, b := range rest[:n] {
				least, greatest = min(least, math.Float64frombits(b)), max(greatest, math.Float64frombits(b))
			}
			part.AddBitsBetween(rest[:n], least, greatest)
			if p, ok := part.Pair(); ok {
				paired.AddPair(p)
			} else {
				paired.AddBits(rest[:n])
			}
			rest = rest[n:]
		}
		for name, got := range map[string]float64{"whole": whole.Value(), "cut": cut.Value(), "by pairs": paired.Value()} {
			if math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("round %d (kind %d, %d values): %s sum %v, want %v", round, round%6, len(v), name, got, want)
			}
		}
	}
}

func TestOrdinaryProcessValuesStayInThePair(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var f Float
	f.AddBits(values(r, 0))
	f.AddBits(values(r, 0))
	if _, ok := f.Pair(); !ok {
		t.Fatal("a walk around 50 left the fast way")
	}
}

func TestInfinitiesAndNaN(t *testing.T) {
	inf, ninf, nan, one := math.Float64bits(math.Inf(1)), math.Float64bits(math.Inf(-1)), math.Float64bits(math.NaN()), math.Float64bits(1)
	for _, c := range []struct {
		v    []uint64
		want float64
	}{{[]uint64{one, inf}, math.Inf(1)}, {[]uint64{ninf, one}, math.Inf(-1)}, {[]uint64{inf, ninf}, math.NaN()}, {[]uint64{one, nan}, math.NaN()}, {nil, 0}} {
		var f Float
		f.AddBits(c.v)
		if got := f.Value(); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("sum of %x is %v, want %v", c.v, got, c.want)
		}
	}
}

func TestIntSum(t *testing.T) {
	var s, a, b Int
	model := new(big.Int)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 10000 {
		v := int64(r.Uint64())
		if i%3 == 0 {
			v = math.MinInt64
		}
		s.Add(v)
		if i%2 == 0 {
			a.Add(v)
		} else {
			b.Add(v)
		}
		model.Add(model, big.NewInt(v))
	}
	a.AddInt(b)
	want, _ := new(big.Float).SetInt(model).Float64()
	if s.Value() != want || a.Value() != want {
		t.Fatalf("sums %v and %v, want %v", s.Value(), a.Value(), want)
	}
}

func BenchmarkAddBits(b *testing.B) {
	v := values(rand.New(rand.NewPCG(7, 8)), 0)[:1000:1000]
	for b.Loop() {
		var f Float
		f.AddBitsBetween(v, 1, 100)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(v)), "ns/value")
}
