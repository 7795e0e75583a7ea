// Package sum adds numbers so that the result depends on the numbers only: not on their order, not on how they were cut
// into chunks, not on the platform. The sum of float64 is the exact sum of the given values, rounded once to the nearest
// float64 (ties to even); the sum of int64 is exact in 128 bits.
//
// The fast way keeps the exact sum as an unevaluated pair of float64 (D. E. Knuth, The Art of Computer Programming 2,
// 4.2.2, "TwoSum"). Whether the pair can hold the sum without an error is known beforehand from the number of values and
// the span of their exponents; where it cannot, a fixed-point accumulator over the whole range of float64 takes over
// (R. M. Neal, "Fast exact summation using small and large superaccumulators", 2015).
package sum
