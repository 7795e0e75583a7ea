package sum

import (
	"math"
	"math/bits"
)

// maxUnit bounds the exponents of units, so that neither they nor sums of them are denormal or out of range.
const maxUnit = 900

// Near returns a number near the sum: the nearest with so many decimals (a power of ten, 1e15 at most), which is short where
// the values are such, or, where decimals is 0 or the sum is too great, the nearest float64.
func (p Pair) Near(decimals float64) float64 {
	near := p.Hi + p.Lo
	if decimals == 0 {
		return near
	}
	k := math.RoundToEven(near * decimals)
	if !(math.Abs(k) < 1<<51) {
		return near
	}
	return k / decimals
}

// Unit returns the greatest e of which the exact sum and what it is near to are multiples of 2^e, 900 at most; ok is false
// where that is below -900.
func (p Pair) Unit(near float64) (e int, ok bool) {
	e = min(lastBit(p.Hi), lastBit(p.Lo), lastBit(near))
	return e, e >= -maxUnit
}

// lastBit returns the exponent of the lowest bit that is set, at most maxUnit.
func lastBit(x float64) int {
	b := math.Float64bits(x) &^ signBit
	if b == 0 {
		return maxUnit
	}
	exponent, fraction := int(b>>fractionLen), b&(1<<fractionLen-1)
	if exponent == 0 {
		exponent = 1
	} else {
		fraction |= 1 << fractionLen
	}
	return min(exponent-exponentBias+bits.TrailingZeros64(fraction), maxUnit)
}

// exponentBias: a float64 of exponent field E is a whole number of 2^(E-1075).
const exponentBias = 1075

// Rest returns how far the exact sum is from what it is near to, in units of 2^unit; ok is false where that takes more than
// 53 bits.
func (p Pair) Rest(near float64, unit int) (m int64, ok bool) {
	d := p.Hi - near
	if d+near != p.Hi || p.Hi-d != near {
		return 0, false // the difference was rounded
	}
	hi, ok1 := whole(d, unit)
	lo, ok2 := whole(p.Lo, unit)
	m = hi + lo // below 2^63 both
	return m, ok1 && ok2 && m < 1<<53 && m > -1<<53
}

// whole returns x / 2^unit, of less than 2^62.
func whole(x float64, unit int) (int64, bool) {
	b := math.Float64bits(x)
	if b&^signBit == 0 {
		return 0, true
	}
	shift := lastBit(x) - unit
	m := b&(1<<fractionLen-1) | 1<<fractionLen
	if b>>fractionLen&exponentMax == 0 {
		m &^= 1 << fractionLen
	}
	m >>= bits.TrailingZeros64(m)
	if shift < 0 || shift+bits.Len64(m) > 62 {
		return 0, false
	}
	if m <<= shift; b&signBit != 0 {
		return -int64(m), true
	}
	return int64(m), true
}

// FromNear is the sum near + rest·2^unit of n values, of which none is greater in magnitude than greatest. Both are multiples
// of 2^unit, unit is between -900 and 900, and |rest| below 2^53.
func FromNear(near float64, rest int64, unit int, n uint64, greatest float64) Pair {
	p := Pair{N: n}
	far := math.Float64bits(greatest) &^ signBit
	if far == 0 {
		return p
	}
	p.High = uint16(far>>fractionLen) + 1
	// The pair is a multiple of the unit, as if that were the last bit of the smallest value.
	p.Low = uint16(unit + exponentBias + 1)
	lo := float64(rest) * math.Float64frombits(uint64(unit+1023)<<fractionLen)
	// A pair's lower part is at most half the last bit of its upper part, as room for more values is reckoned.
	p.Hi = near + lo
	t := p.Hi - near
	p.Lo = (near - (p.Hi - t)) + (lo - t)
	return p
}

// Times is the sum of n equal values x; ok is false where the pair cannot hold it.
func Times(x float64, n uint64) (p Pair, ok bool) {
	p.N = n
	b := math.Float64bits(x) &^ signBit
	if b == 0 {
		return p, true
	}
	e := uint16(b >> fractionLen)
	if e < 200 || e > 1900 || n >= 1<<20 {
		return p, false
	}
	p.Low, p.High = e+1, e+1
	p.Hi = x * float64(n)
	p.Lo = math.FMA(x, float64(n), -p.Hi) // what the product lost, exactly
	return p, true
}

// AddTimes adds a value n times.
func (s *Int) AddTimes(v int64, n uint64) {
	hi, lo := bits.Mul64(uint64(v), n)
	if v < 0 {
		hi -= n
	}
	s.AddInt(Int{Hi: int64(hi), Lo: lo})
}
