package sum

import (
	"math"
	"math/big"
	"math/bits"
)

// Int is an exact sum of int64 values. The zero value is the empty sum.
type Int struct {
	Hi int64
	Lo uint64
}

// Add adds one value.
func (s *Int) Add(v int64) {
	var carry uint64
	s.Lo, carry = bits.Add64(s.Lo, uint64(v), 0)
	s.Hi += v>>63 + int64(carry)
}

// AddInt adds another sum.
func (s *Int) AddInt(o Int) {
	var carry uint64
	s.Lo, carry = bits.Add64(s.Lo, o.Lo, 0)
	s.Hi += o.Hi + int64(carry)
}

// Sub subtracts one value.
func (s *Int) Sub(v int64) {
	var borrow uint64
	s.Lo, borrow = bits.Sub64(s.Lo, uint64(v), 0)
	s.Hi -= v>>63 + int64(borrow)
}

// Value returns the sum rounded to the nearest float64.
func (s Int) Value() float64 {
	if s.Hi == int64(s.Lo)>>63 {
		return float64(int64(s.Lo))
	}
	b := new(big.Int).Lsh(big.NewInt(s.Hi), 64)
	b.Add(b, new(big.Int).SetUint64(s.Lo))
	f, _ := new(big.Float).SetInt(b).Float64()
	if math.IsInf(f, 0) {
		return f // cannot happen: 2^127 is in range
	}
	return f
}
