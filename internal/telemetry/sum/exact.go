package sum

import "math"

// MostTerms is the greatest number of terms that Exact.Terms gives: the bits from 2^-1074 to 2^1023, 53 at a time.
const MostTerms = 40

// Exact is an exact sum of float64 values that can be written down and taken up again without losing a bit. Its terms
// depend on the values only, not on their order nor on how they were grouped: sums of sums have the terms of the sum of
// all. The zero value is the empty sum. It must not be copied once it is in use.
//
// It needs no knowledge of the values beforehand, unlike Float: both members of its pair are added to with "TwoSum", and
// where that leaves a remainder the pair goes to the accumulator over the whole range.
type Exact struct {
	hi, lo   float64 // hi + lo is the part of the sum that is not in wide, without error
	infinite uint8   // as in Float
	spilt    bool    // wide holds something
	wide     *wide
}

// Reset makes the sum empty. It keeps its memory.
func (e *Exact) Reset() {
	if e.spilt {
		*e.wide = wide{}
	}
	e.hi, e.lo, e.infinite, e.spilt = 0, 0, 0, false
}

// Add adds a value.
func (e *Exact) Add(x float64) {
	hi, err := twoSum(e.hi, x)
	lo, rest := twoSum(e.lo, err)
	if rest != 0 { // also NaN, which an overflow leaves
		e.far(x)
		return
	}
	e.hi, e.lo = hi, lo
}

// AddBits adds the values of a slice of IEEE 754 bits.
func (e *Exact) AddBits(v []uint64) {
	hi, lo := e.hi, e.lo
	var rests uint64
	for _, b := range v {
		x := math.Float64frombits(b)
		s := hi + x
		t := s - hi
		err := (hi - (s - t)) + (x - t)
		hi = s
		s = lo + err
		t = s - lo
		rests |= math.Float64bits((lo - (s - t)) + (err - t))
		lo = s
	}
	if rests == 0 {
		e.hi, e.lo = hi, lo
		return
	}
	for _, b := range v {
		e.Add(math.Float64frombits(b))
	}
}

// AddAll adds the values of a slice.
func (e *Exact) AddAll(v []float64) {
	hi, lo := e.hi, e.lo
	var rests uint64
	for _, x := range v {
		s := hi + x
		t := s - hi
		err := (hi - (s - t)) + (x - t)
		hi = s
		s = lo + err
		t = s - lo
		rests |= math.Float64bits((lo - (s - t)) + (err - t))
		lo = s
	}
	if rests == 0 {
		e.hi, e.lo = hi, lo
		return
	}
	for _, x := range v {
		e.Add(x)
	}
}

// AddTerms adds a sum that was written down.
func (e *Exact) AddTerms(hi, lo float64, more []float64) {
	e.Add(hi)
	if lo != 0 {
		e.Add(lo)
	}
	for _, x := range more {
		e.Add(x)
	}
}

// AddInt adds a sum of integers.
func (e *Exact) AddInt(s Int) {
	// Four parts of 32 bits: each is a float64 without error.
	e.Add(math.Ldexp(float64(s.Hi>>32), 96))
	e.Add(math.Ldexp(float64(uint32(s.Hi)), 64))
	e.Add(math.Ldexp(float64(s.Lo>>32), 32))
	e.Add(float64(uint32(s.Lo)))
}

// Terms writes the sum down: hi is the sum rounded to the nearest float64 (ties to even), lo what hi leaves, rounded
// likewise, and more what both leave, term by term and nearly always nil. hi + lo is thus the sum rounded to at least 106
// bits, and all terms together are the sum. An empty sum is +0. A sum beyond the range of float64 is an infinity, which
// stays one whatever is added to it; NaN is the sum of two different ones.
func (e *Exact) Terms() (hi, lo float64, more []float64) {
	if e.infinite == 0 && !e.spilt {
		hi, lo = twoSum(e.hi, e.lo)
		if lo == lo { // no overflow
			return hi + 0, lo + 0, nil
		}
	}
	if e.infinite != 0 {
		f := Float{infinite: e.infinite}
		return f.Value(), 0, nil
	}
	var w wide
	if e.spilt {
		w = *e.wide
	}
	w.add(e.hi)
	w.add(e.lo)
	if hi = w.value(); hi == 0 || math.IsInf(hi, 0) {
		return hi, 0, nil
	}
	w.add(-hi)
	if lo = w.value(); lo == 0 {
		return hi, 0, nil
	}
	w.add(-lo)
	for {
		x := w.value()
		if x == 0 {
			return hi, lo, more
		}
		more = append(more, x)
		w.add(-x)
	}
}

// Value returns the sum rounded to the nearest float64.
func (e *Exact) Value() float64 {
	hi, _, _ := e.Terms()
	return hi
}

// far adds a value which the pair cannot hold beside what it holds.
func (e *Exact) far(x float64) {
	if e.wide == nil {
		e.wide = new(wide)
	}
	e.spilt = true
	e.wide.add(e.hi)
	e.wide.add(e.lo)
	e.hi, e.lo = 0, 0
	switch {
	case x != x:
		e.infinite |= 4
	case math.IsInf(x, 1):
		e.infinite |= 1
	case math.IsInf(x, -1):
		e.infinite |= 2
	default:
		e.hi = x
	}
}

// twoSum returns a + b rounded, and what the rounding left.
func twoSum(a, b float64) (s, err float64) {
	s = a + b
	t := s - a
	return s, (a - (s - t)) + (b - t)
}
