package column

import (
	"math"
)

// Changes are the rows of a page at which its value changes, for pages of which few rows do. The value before row Rows[0]
// is First; Values[i] stands from row Rows[i] on.
type Changes struct {
	First  uint64
	Rows   []int32
	Values []uint64
}

// FloatChanges reads a page of AppendFloats by its changes, into c, whose memory is used again. ok is false where the page is
// not written so that this is quicker than DecodeFloats, or is malformed, which that tells.
func FloatChanges(src []byte, n int, c *Changes) (ok bool) {
	if n == 0 || len(src) == 0 {
		return false
	}
	switch body := src[1:]; src[0] {
	case floatsScaled:
		if len(body) < 2 || int(body[0]) >= len(powers) || body[1] != 0 {
			return false // rows that are no decimals are rare
		}
		by := float64(powers[body[0]])
		if !changes64(body[2:], n, c) {
			return false
		}
		c.First = math.Float64bits(float64(int64(c.First)) / by)
		for i, x := range c.Values {
			c.Values[i] = math.Float64bits(float64(int64(x)) / by)
		}
	case floatsBits32:
		if !changes64(body, n, c) || c.First > math.MaxUint32 {
			return false
		}
		c.First = widen(uint32(c.First))
		for i, x := range c.Values {
			if x > math.MaxUint32 {
				return false
			}
			c.Values[i] = widen(uint32(x))
		}
	case floatsBits64:
		if len(body) == 0 || body[0] > 63 || !changes64(body[1:], n, c) {
			return false
		}
		shift := body[0] & 63
		c.First <<= shift
		for i := range c.Values {
			c.Values[i] <<= shift
		}
	default:
		return false
	}
	return true
}

// IntChanges is FloatChanges for a page of AppendInts.
func IntChanges(src []byte, n int, c *Changes) (ok bool) { return changes64(src, n, c) }

// start empties c for a page that begins with a value.
func (c *Changes) start(first uint64) {
	c.First, c.Rows, c.Values = first, c.Rows[:0], c.Values[:0]
}

// note tells the value of a row and of those up to the next that is told of.
func (c *Changes) note(row int, value uint64) {
	before := c.First
	if k := len(c.Values); k > 0 {
		before = c.Values[k-1]
	}
	if value != before {
		c.Rows, c.Values = append(c.Rows, int32(row)), append(c.Values, value)
	}
}

// changes64 reads a packed page of steps or distances. Blocks whose packed values have no bits are read without going
// through their rows.
func changes64(src []byte, n int, c *Changes) bool {
	if n < 2 || n > MaxRows || len(src) < 2 || src[0] != intsPacked || order(src[1]&15) > steps || int(src[1]>>4) >= len(powers) {
		return false
	}
	o, unit := order(src[1]&15), powers[src[1]>>4]
	first, src, ok := takeSigned(src[2:])
	if !ok {
		return false
	}
	c.start(first)
	row, before := first, uint64(0)
	var buf [packedMost]byte
	var values [blockRows]uint64
	var rows [blockRows]byte
	for at := 1; at < n; at += blockRows {
		m := min(blockRows, n-at)
		if len(src) == 0 {
			return false
		}
		w, isFramed, isPatched := uint(src[0]&^patched), false, src[0]&patched != 0
		src = src[1:]
		if w >= framed {
			w, isFramed = w-framed, true
			d, rest, ok := takeSigned(src)
			if !ok {
				return false
			}
			src = rest
			before += d
		}
		if w > 8 || isPatched && w > 0 {
			return false // not what seldom changes
		}
		if w == 0 && !isFramed && !isPatched { // nothing differs from before, or from the first row
			if o == distances {
				c.note(at, first)
			}
			continue
		}
		difference := func(x uint64) uint64 {
			if isFramed {
				return (before + x) * unit
			}
			return unzigzag(x) * unit
		}
		if w > 0 {
			size := packedLen(m, w)
			if len(src) < size {
				return false
			}
			unpack(src, w, values[:m], &buf)
			src = src[size:]
			for r, x := range values[:m] {
				d := difference(x)
				if o == distances {
					row = first
				}
				row += d
				c.note(at+r, row)
			}
			continue
		}
		count := 0
		if isPatched {
			if len(src) < 2 {
				return false
			}
			var excess uint
			count, excess = int(src[0]), uint(src[1])
			src = src[2:]
			places := placesLen(count, m)
			size := places + packedLen(count, excess)
			if excess == 0 || excess > 64 || count == 0 || count > m || len(src) < size || !takePlaces(src, count, m, &rows) {
				return false
			}
			unpack(src[places:], excess, values[:count], &buf)
			src = src[size:]
		}
		rest := difference(0) // of the rows that are no exceptions
		if o == steps && rest != 0 {
			return false
		}
		next := 0 // row that has not been told of
		for i, x := range values[:count] {
			r := int(rows[i])
			if r < next {
				return false
			}
			if o == steps {
				row += difference(x)
			} else {
				if r > next {
					c.note(at+next, first+rest)
				}
				row = first + difference(x)
			}
			c.note(at+r, row)
			next = r + 1
		}
		if o == distances && next < m {
			c.note(at+next, first+rest)
		}
	}
	return len(src) == 0
}

// BoolChanges is FloatChanges for a page of AppendBools.
func BoolChanges(src []byte, n int, c *Changes) (ok bool) {
	if n == 0 || len(src) < 2 || src[0] != boolsRuns || src[1] > 1 {
		return false
	}
	now := uint64(src[1])
	src = src[2:]
	c.start(now)
	for at := 0; ; {
		run, rest, ok := takeUnsigned(src)
		if !ok || run == 0 || run > uint64(n-at) {
			return false
		}
		src = rest
		if at += int(run); at == n {
			return len(src) == 0
		}
		now ^= 1
		c.Rows, c.Values = append(c.Rows, int32(at)), append(c.Values, now)
	}
}
