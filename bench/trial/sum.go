package trial

import "math"

// Sum adds values in four lanes, so that the latency of an addition does not weigh in what is measured. All engines whose
// rows come as slices are summed by it or by SumBits.
func Sum(v []float64) float64 {
	var a, b, c, d float64
	for ; len(v) >= 4; v = v[4:] {
		a, b, c, d = a+v[0], b+v[1], c+v[2], d+v[3]
	}
	for _, x := range v {
		a += x
	}
	return a + b + c + d
}

// SumBits is Sum of IEEE 754 bits.
func SumBits(v []uint64) float64 {
	var a, b, c, d float64
	for ; len(v) >= 4; v = v[4:] {
		a, b = a+math.Float64frombits(v[0]), b+math.Float64frombits(v[1])
		c, d = c+math.Float64frombits(v[2]), d+math.Float64frombits(v[3])
	}
	for _, x := range v {
		a += math.Float64frombits(x)
	}
	return a + b + c + d
}
