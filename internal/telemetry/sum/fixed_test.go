package sum

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func exactPair(p Pair) *big.Float {
	return new(big.Float).SetPrec(2400).Add(new(big.Float).SetFloat64(p.Hi), new(big.Float).SetFloat64(p.Lo))
}

// A sum told as what it is near to and the rest is the same sum, and adds up with others without error.
func TestSumNearAndRest(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	told, apart := 0, 0
	for round := range 3000 {
		kind := []int{0, 1, 3, 5}[round%4]
		v := values(r, kind)
		v = v[:min(len(v), 1+r.IntN(400))]
		var f Float
		f.AddBits(v)
		p, ok := f.Pair()
		if !ok {
			continue
		}
		for _, decimals := range []float64{0, 1, 10, 1e3} {
			near := p.Near(decimals)
			unit, ok := p.Unit(near)
			if !ok {
				continue
			}
			rest, ok := p.Rest(near, unit)
			if !ok {
				apart++
				continue
			}
			told++
			far := 0.0
			for _, b := range v {
				far = max(far, math.Abs(math.Float64frombits(b)))
			}
			back := FromNear(near, rest, unit, p.N, far)
			if exactPair(back).Cmp(exactPair(p)) != 0 || back.N != p.N || back.High != p.High {
				t.Fatalf("round %d: %+v came back as %+v by %v + %d·2^%d", round, p, back, near, rest, unit)
			}
			var twice Float
			twice.AddPair(back)
			twice.AddBits(v)
			if got, want := twice.Value(), exact(append(append([]uint64{}, v...), v...)); got != want {
				t.Fatalf("round %d: twice is %v, want %v", round, got, want)
			}
		}
	}
	if told < 3000 {
		t.Errorf("only %d sums could be told, %d not", told, apart)
	}
}

// Sums of decimals are near to decimals: that is what makes them short.
func TestDecimalSumIsNearADecimal(t *testing.T) {
	var f Float
	var tenths int64
	for i := range 300 {
		f.AddBits([]uint64{math.Float64bits(float64(i*7) / 10)})
		tenths += int64(i * 7)
	}
	p, _ := f.Pair()
	near := p.Near(10)
	if near != float64(tenths)/10 {
		t.Errorf("near %v, want %v", near, float64(tenths)/10)
	}
	unit, ok := p.Unit(near)
	if rest, ok2 := p.Rest(near, unit); !ok || !ok2 || rest == 0 || rest > 1<<20 || rest < -1<<20 {
		t.Errorf("rest %d in units of 2^%d", rest, unit)
	}
}

func TestManyTimesOneValue(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 2000 {
		x, n := math.Ldexp(r.Float64()-0.5, r.IntN(200)-100), 1+r.Uint64N(70_000)
		p, ok := Times(x, n)
		want := new(big.Float).SetPrec(2400).Mul(new(big.Float).SetFloat64(x), new(big.Float).SetUint64(n))
		if !ok || exactPair(p).Cmp(want) != 0 || p.N != n {
			t.Fatalf("%d times %v: %+v %v", n, x, p, ok)
		}
		v := int64(r.Uint64())
		var s Int
		s.AddTimes(v, n)
		whole := new(big.Int).Mul(big.NewInt(v), new(big.Int).SetUint64(n))
		if got := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(s.Hi), 64), new(big.Int).SetUint64(s.Lo)); got.Cmp(whole) != 0 {
			t.Fatalf("%d times %d: %v, want %v", n, v, got, whole)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.SmallestNonzeroFloat64, math.MaxFloat64} {
		if _, ok := Times(x, 3); ok {
			t.Errorf("three times %v was reckoned", x)
		}
	}
	if p, ok := Times(math.Copysign(0, -1), 3); !ok || p.Hi != 0 || p.High != 0 {
		t.Errorf("zero: %+v %v", p, ok)
	}
}
