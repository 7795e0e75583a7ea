package rollup

import (
	"math"

	"jingwei/internal/telemetry/sum"
)

// Total is an exact sum in its canonical form: equal sums have equal bytes. Hi is the sum rounded to the nearest float64,
// Lo what that leaves, rounded likewise, More what both leave: nil but for sums whose terms lie more than 106 bits apart.
// A sum beyond the range of float64 is an infinity, or NaN.
type Total struct {
	Hi, Lo float64
	More   []float64
}

// Value is the sum rounded to the nearest float64.
func (t *Total) Value() float64 { return t.Hi }

func (t *Total) addTo(e *sum.Exact) { e.AddTerms(t.Hi, t.Lo, t.More) }

func (t *Total) zero() bool { return t.Hi == 0 && t.Lo == 0 && len(t.More) == 0 }

// mostMore is the greatest number of terms of More.
const mostMore = sum.MostTerms - 2

func total(e *sum.Exact) (t Total) {
	t.Hi, t.Lo, t.More = e.Terms()
	return t
}

// canonical tells whether the terms are those that Exact.Terms gives.
func (t *Total) canonical() bool {
	if t.Lo == 0 {
		return len(t.More) == 0 && !math.Signbit(t.Lo) && (t.Hi != 0 || !math.Signbit(t.Hi)) && (t.Hi == t.Hi || math.Float64bits(t.Hi) == math.Float64bits(math.NaN()))
	}
	if t.Hi == 0 || math.IsInf(t.Hi, 0) {
		return false
	}
	if len(t.More) == 0 {
		return t.Hi+t.Lo == t.Hi // so that Hi is the rounded sum, and Lo the rest
	}
	if len(t.More) > mostMore {
		return false
	}
	var e sum.Exact
	t.addTo(&e)
	u := total(&e)
	if !same(t.Hi, u.Hi) || !same(t.Lo, u.Lo) || len(t.More) != len(u.More) {
		return false
	}
	for i, x := range t.More {
		if !same(x, u.More[i]) {
			return false
		}
	}
	return true
}

func same(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }
