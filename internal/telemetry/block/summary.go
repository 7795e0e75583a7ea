package block

import (
	"math"

	"jingwei/internal/telemetry/sum"
)

// Summary says about a chunk what aggregates want to know, so that a chunk inside a bucket need not be decoded.
// A row is usable when its status is good and it has a value that is a number (not NaN). First, Last, Min and Max are
// over usable rows, as bits of the chunk's type; for strings only the counts are kept.
type Summary struct {
	Good      uint32 // usable rows
	Uncertain uint32 // rows of uncertain status
	Notes     uint8
	First     uint64
	Last      uint64
	Min       uint64
	Max       uint64
	Sum       sum.Pair // Float64
	Int       sum.Int  // Int64 and Bool
}

// usable tells whether row i counts as good. It does not look at NaN.
func usable(f *Frame, i int) bool { return f.Status[i]>>30 == 0 && f.Flags[i]&flagNoValue == 0 }

// Summarize computes the summary of rows in order of source time. plain tells that all rows have a good status and a
// value (AllGood). keep is scratch memory.
func Summarize(t Type, f *Frame, v *Values, plain bool, keep []uint64) (Summary, []uint64) {
	var s Summary
	if t == String {
		for i := range f.Status {
			switch {
			case usable(f, i):
				s.Good++
			case f.Status[i]>>30 == 1:
				s.Uncertain++
			}
		}
		return s, keep
	}
	numbers := v.Bits
	if !plain {
		keep = keep[:0]
		for i := range f.Status {
			if usable(f, i) {
				keep = append(keep, v.Bits[i])
			} else if f.Status[i]>>30 == 1 {
				s.Uncertain++
			}
		}
		numbers = keep
	}
	if t == Float64 {
		least, greatest, nan := Extent(numbers)
		if nan {
			if plain {
				keep = append(keep[:0], numbers...)
			}
			keep = DropNaN(keep)
			numbers = keep
			least, greatest, _ = Extent(numbers)
		}
		if s.Good = uint32(len(numbers)); s.Good == 0 {
			return s, keep
		}
		s.Min, s.Max = math.Float64bits(least), math.Float64bits(greatest)
		var total sum.Float
		total.AddBitsBetween(numbers, least, greatest)
		if p, ok := total.Pair(); ok {
			s.Sum = p
			s.Notes |= HasSum
		}
	} else {
		if s.Good = uint32(len(numbers)); s.Good == 0 {
			return s, keep
		}
		least, greatest := int64(numbers[0]), int64(numbers[0])
		for _, x := range numbers {
			least, greatest = min(least, int64(x)), max(greatest, int64(x))
			s.Int.Add(int64(x))
		}
		s.Min, s.Max = uint64(least), uint64(greatest)
		s.Notes |= HasSum
	}
	s.First, s.Last = numbers[0], numbers[len(numbers)-1]
	s.Notes |= HasNumbers
	return s, keep
}

// Extent returns the least and the greatest of the values, and whether there is a NaN among them (then the two mean
// nothing). -0 is less than +0.
func Extent(v []uint64) (least, greatest float64, nan bool) {
	if len(v) == 0 {
		return 0, 0, false
	}
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for _, b := range v {
		x := ordered(b)
		lo, hi = min(lo, x), max(hi, x)
	}
	lo ^= int64(uint64(lo>>63) >> 1)
	hi ^= int64(uint64(hi>>63) >> 1)
	least, greatest = math.Float64frombits(uint64(lo)), math.Float64frombits(uint64(hi))
	return least, greatest, least != least || greatest != greatest
}

// ordered makes the order of floats that of integers: it flips the other bits of a negative number.
func ordered(b uint64) int64 {
	x := int64(b)
	return x ^ int64(uint64(x>>63)>>1)
}

// DropNaN removes the NaNs in place.
func DropNaN(v []uint64) []uint64 {
	kept := v[:0]
	for _, b := range v {
		if x := math.Float64frombits(b); x == x {
			kept = append(kept, b)
		}
	}
	return kept
}
