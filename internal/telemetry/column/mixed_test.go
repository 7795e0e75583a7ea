package column

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// mixed is a column of stretches of different kinds, as a signal that is re-scaled, stuck, noisy or absent by turns:
// where the choice of an encoding from a few rows is wrong, the page must still hold every row.
func mixed(r *rand.Rand, n int) []uint64 {
	v := make([]uint64, 0, n)
	level, decimals := r.Float64()*1000, r.IntN(11)
	for len(v) < n {
		kind, length := r.IntN(9), 1+r.IntN(1<<r.IntN(9))
		if r.IntN(3) == 0 {
			decimals = r.IntN(11)
		}
		p := math.Pow(10, float64(decimals))
		for range min(length, n-len(v)) {
			x := level
			switch kind {
			case 0, 1, 2: // decimals
				level += r.NormFloat64()
				x = math.Round(level*p) / p
			case 3: // stuck
			case 4:
				level += r.NormFloat64() / 100
				x = level
			case 5:
				x = float64(float32(level + r.NormFloat64()))
			case 6:
				x = math.Float64frombits(r.Uint64())
			case 7:
				x = []float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), 1e300, 5e-324, 1 << 51, 1<<51 - 1, -(1 << 53)}[r.IntN(9)]
			case 8:
				x = float64(r.IntN(1000))
			}
			v = append(v, math.Float64bits(x))
		}
	}
	return v
}

func TestMixedColumnsComeBack(t *testing.T) {
	var s Scratch
	r := rand.New(rand.NewPCG(13, 14))
	seen := map[byte]int{}
	for range 6000 {
		v := mixed(r, 1+r.IntN(700))
		page := AppendFloats(nil, v, &s)
		seen[page[0]]++
		if got, err := DecodeFloats(page, len(v), nil); err != nil || !slices.Equal(got, v) {
			t.Fatalf("floats, encoding %x, %d rows: %v", page[0], len(v), err)
		}
		ints := make([]int64, len(v))
		unit := []int64{1, 1, 1000, 1e6, 1e9}[r.IntN(5)]
		for i, x := range v {
			if ints[i] = int64(x>>(x&63)) * unit; r.IntN(2) == 0 && i > 0 {
				ints[i] = ints[i-1] + int64(x&7)*unit
			}
		}
		if got, err := DecodeInts(AppendInts(nil, ints, &s), len(v), nil); err != nil || !slices.Equal(got, ints) {
			t.Fatalf("ints, %d rows: %v", len(v), err)
		}
	}
	for _, encoding := range []byte{floatsConst, floatsScaled, floatsBits64} {
		if seen[encoding] < 20 {
			t.Errorf("encoding %x was chosen %d times of 6000", encoding, seen[encoding])
		}
	}
}
