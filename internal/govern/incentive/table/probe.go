package table

import (
	"slices"

	"jingwei/internal/govern/incentive/decimal"
)

// probes are values that together visit every stretch between the ends of all ranges of both cells: each end, something
// between each two neighbours, and something beyond either side. Of dates only whole days are visited.
func probes(cells ...cell) []Value {
	var ends []Value
	for _, c := range cells {
		for _, r := range c.ranges {
			if r.hasLow {
				ends = append(ends, r.low)
			}
			if r.hasHigh {
				ends = append(ends, r.high)
			}
		}
	}
	slices.SortFunc(ends, func(a, b Value) int { c, _ := compare(a, b); return c })
	out := slices.Clone(ends)
	step := func(v Value, by int64) {
		if n, err := v.Num.Add(decimal.Int(by)); err == nil {
			out = append(out, Value{Kind: v.Kind, Num: n})
		}
	}
	for i, v := range ends {
		step(v, -1)
		step(v, 1)
		if v.Kind != Number || i+1 == len(ends) {
			continue
		}
		if sum, err := v.Num.Add(ends[i+1].Num); err == nil { // the middle: half of the sum
			if five := sum.Coef * 5; five/5 == sum.Coef && sum.Scale < 18 {
				out = append(out, OfNumber(decimal.New(five, sum.Scale+1)))
			}
		}
	}
	return out
}
