package sum

import (
	"math"
	"math/bits"
)

const (
	signBit     = 1 << 63
	fractionLen = 52
	exponentMax = 0x7FF
)

// Float is an exact sum of float64 values. The zero value is the empty sum. It may be copied until it has spilled (see
// Wide).
type Float struct {
	hi, lo   float64 // hi + lo is the sum, without error
	n        uint64  // values in hi and lo
	low      uint16  // smallest exponent field + 1 of the non-zero values among them, 0 if there are none
	high     uint16  // greatest exponent field + 1 of them, 0 if there are none
	infinite uint8   // bit 0: +Inf was added, bit 1: -Inf, bit 2: NaN
	wide     *wide   // what the pair could not hold
}

// Pair is the state of a Float that never spilled, as a chunk's summary keeps it.
type Pair struct {
	Hi, Lo    float64
	N         uint64
	Low, High uint16 // exponent fields + 1, 0 if all values are zero
}

// fits tells whether n values between two exponents can be added into a pair without error. All partial sums are
// multiples of the last bit of the smallest value, 2^(low-52). The parts that TwoSum rounds off are at most half an ulp of
// a partial sum, which is below 2^(high+1)·n; their sum must stay below 2^53 last bits.
func fits(n uint64, low, high uint16) bool {
	if high == 0 {
		return true
	}
	log := bits.Len64(n)
	return int(high)+1+2*log-int(low) <= 54 && int(high)+log < exponentMax-1
}

// AddBits adds the values of a slice of IEEE 754 bits.
func (f *Float) AddBits(v []uint64) {
	if len(v) == 0 {
		return
	}
	smallest, greatest := uint64(math.MaxUint64), uint64(0)
	for _, x := range v {
		x &^= signBit
		greatest = max(greatest, x)
		smallest = min(smallest, x-1) // zero becomes the greatest
	}
	if greatest == 0 {
		f.n += uint64(len(v))
		return
	}
	low, high := uint16(max((smallest+1)>>fractionLen, 1))+1, uint16(greatest>>fractionLen)+1
	f.addRange(v, low, high)
}

// AddBitsBetween is AddBits for a caller who knows the least and the greatest of the values.
// It does not look for the smallest magnitude when the values cannot reach zero.
func (f *Float) AddBitsBetween(v []uint64, least, greatest float64) {
	if len(v) == 0 {
		return
	}
	var near, far float64
	switch {
	case least > 0:
		near, far = least, greatest
	case greatest < 0:
		near, far = -greatest, -least
	default:
		f.AddBits(v)
		return
	}
	low := uint16(max(math.Float64bits(near)>>fractionLen, 1)) + 1
	high := uint16(math.Float64bits(far)>>fractionLen) + 1
	f.addRange(v, low, high)
}

func (f *Float) addRange(v []uint64, low, high uint16) {
	n := uint64(len(v))
	if high > exponentMax || !fits(n, low, high) {
		for _, x := range v {
			f.addWide(x)
		}
		return
	}
	if !f.roomFor(n, low, high) {
		f.spill()
	}
	hi, lo := f.hi, f.lo
	for _, b := range v {
		x := math.Float64frombits(b)
		s := hi + x
		t := s - hi
		lo += (hi - (s - t)) + (x - t)
		hi = s
	}
	f.hi, f.lo = hi, lo
	f.note(n, low, high)
}

// AddPair adds the sum that a summary kept.
func (f *Float) AddPair(p Pair) {
	if p.N == 0 {
		return
	}
	if !f.roomFor(p.N, p.Low, p.High) {
		f.spill()
	}
	s := f.hi + p.Hi
	t := s - f.hi
	f.lo += ((f.hi - (s - t)) + (p.Hi - t)) + p.Lo
	f.hi = s
	f.note(p.N, p.Low, p.High)
}

func (f *Float) roomFor(n uint64, low, high uint16) bool {
	if f.high == 0 || high == 0 {
		low, high = max(low, f.low), max(high, f.high)
	} else {
		low, high = min(low, f.low), max(high, f.high)
	}
	return fits(f.n+n+1, low, high)
}

func (f *Float) note(n uint64, low, high uint16) {
	f.n += n
	if high == 0 {
		return
	}
	if f.high == 0 {
		f.low, f.high = low, high
		return
	}
	f.low, f.high = min(f.low, low), max(f.high, high)
}

// spill moves the pair to the wide accumulator.
func (f *Float) spill() {
	if f.wide == nil {
		f.wide = new(wide)
	}
	f.wide.add(f.hi)
	f.wide.add(f.lo)
	f.hi, f.lo, f.n, f.low, f.high = 0, 0, 0, 0, 0
}

func (f *Float) addWide(b uint64) {
	if b>>fractionLen&exponentMax == exponentMax {
		switch {
		case b<<(64-fractionLen) != 0:
			f.infinite |= 4
		case b&signBit == 0:
			f.infinite |= 1
		default:
			f.infinite |= 2
		}
		return
	}
	if f.wide == nil {
		f.wide = new(wide)
	}
	f.wide.add(math.Float64frombits(b))
}

// Pair returns the state to be kept, or false when the sum does not fit a pair or is not finite.
func (f *Float) Pair() (Pair, bool) {
	if f.wide != nil || f.infinite != 0 {
		return Pair{}, false
	}
	return Pair{Hi: f.hi, Lo: f.lo, N: f.n, Low: f.low, High: f.high}, true
}

// Value returns the sum rounded to the nearest float64. An empty sum is +0.
func (f *Float) Value() float64 {
	switch {
	case f.infinite&4 != 0 || f.infinite == 3:
		return math.NaN()
	case f.infinite == 1:
		return math.Inf(1)
	case f.infinite == 2:
		return math.Inf(-1)
	case f.wide == nil:
		return f.hi + f.lo + 0 // + 0 makes a sum of negative zeros positive
	}
	w := *f.wide
	w.add(f.hi)
	w.add(f.lo)
	return w.value()
}
