package column

import (
	"math"
	"math/bits"
)

// blockRows is the number of values of a block; the last block of a page may have fewer.
const blockRows = 128

// The header byte of a block. Its lower seven bits are the width of zig-zag values (0..64), or framed plus the width of
// values above a reference (0..62). The top bit says that exceptions follow.
const (
	framed  = 65
	patched = 0x80
)

// layout is how a block is going to be written.
type layout struct {
	width   uint // of the packed lower parts
	excess  uint // width of the exceptions' upper parts; 0: there are none
	count   int  // number of exceptions
	bits    int  // cost
	framed  bool
	closest uint64 // reference of a framed block
}

// narrowest finds the width at which packed lower parts and exceptions together take the fewest bits.
// count[k] is the number of values of k bits.
func narrowest(count *[65]uint16, m int) layout {
	top := 64
	for top > 0 && count[top] == 0 {
		top--
	}
	plain := m * top
	best := layout{width: uint(top), bits: plain}
	above := 0
	for w := top - 1; w >= 0; w-- {
		above += int(count[w+1])
		places := 8 * placesLen(above, m)
		cost := m*w + 16 + places + above*(top-w)
		// Exceptions take time to decode: a few must save 32 bits, many a fourth of the block.
		worth := plain - 32
		if above*8 > places {
			worth = plain - plain/4
		}
		if cost <= worth && cost < best.bits {
			best = layout{width: uint(w), excess: uint(top - w), count: above, bits: cost}
		}
	}
	return best
}

// placesLen is the number of bytes that tell which of m rows the c exceptions are: a byte each, or a bit for every row
// where that is less.
func placesLen(c, m int) int { return min(c, (m+7)/8) }

// choose decides how the values of a block are written. before is the reference of the framed block before it.
func choose(v []uint64, before uint64) layout {
	low, high := int64(v[0]), int64(v[0])
	var either uint64
	for _, x := range v {
		low, high = min(low, int64(x)), max(high, int64(x))
		either |= zigzag(x)
	}
	ref := uint64(low)
	span := uint64(high) - ref
	frame := layout{width: width(span), framed: true, closest: ref}
	frame.bits = len(v)*int(frame.width) + 8*signedLen(ref-before)
	plain := layout{width: width(either), bits: len(v) * int(width(either))}
	if min(frame.width, plain.width) > 1 && len(v) > 8 {
		var count [65]uint16
		for _, x := range v {
			count[width(zigzag(x))&127]++
		}
		plain = narrowest(&count, len(v))
		if plain.excess > 0 { // what sticks out around zero may stick out above the reference too
			clear(count[:])
			for _, x := range v {
				count[width(x-ref)&127]++
			}
			refBits := frame.bits - len(v)*int(frame.width)
			frame = narrowest(&count, len(v))
			frame.framed, frame.closest = true, ref
			frame.bits += refBits
		}
	}
	if plain.bits <= frame.bits || frame.width > 62 {
		return plain
	}
	return frame
}

// appendBlocks writes values in blocks of 128. It spoils v.
func appendBlocks(dst []byte, v []uint64) []byte {
	var before uint64
	for len(v) > 0 {
		block := v[:min(blockRows, len(v))]
		v = v[len(block):]
		l := choose(block, before)
		head := byte(l.width)
		if l.framed {
			head += framed
			for i := range block {
				block[i] -= l.closest
			}
		} else {
			for i, x := range block {
				block[i] = zigzag(x)
			}
		}
		if l.excess > 0 {
			head |= patched
		}
		dst = append(dst, head)
		if l.framed {
			dst = appendSigned(dst, l.closest-before)
			before = l.closest
		}
		if l.excess > 0 {
			dst = append(dst, byte(l.count), byte(l.excess))
		}
		dst = appendPacked(dst, block, l.width)
		if l.excess > 0 {
			var upper [blockRows]uint64
			var rows [blockRows]byte
			k := 0
			for i, x := range block {
				upper[k], rows[k] = x>>l.width, byte(i)
				if upper[k] != 0 {
					k++
				}
			}
			dst = appendPlaces(dst, rows[:k], len(block))
			dst = appendPacked(dst, upper[:k], l.excess)
		}
	}
	return dst
}

// appendPlaces writes the rows of exceptions.
func appendPlaces(dst, rows []byte, m int) []byte {
	if len(rows) <= (m+7)/8 {
		return append(dst, rows...)
	}
	var b [blockRows / 8]byte
	for _, r := range rows {
		b[r>>3] |= 1 << (r & 7)
	}
	return append(dst, b[:(m+7)/8]...)
}

// takePlaces reads c rows of exceptions out of m into rows.
func takePlaces(src []byte, c, m int, rows *[blockRows]byte) bool {
	if c <= (m+7)/8 {
		for _, r := range src[:c] {
			if int(r) >= m {
				return false
			}
		}
		copy(rows[:], src[:c])
		return true
	}
	k := 0
	for i, b := range src[:(m+7)/8] {
		for ; b != 0; b &= b - 1 {
			if k == c {
				return false
			}
			rows[k] = byte(i*8 + bits.TrailingZeros8(b))
			k++
		}
	}
	return k == c && int(rows[k-1]) < m
}

// order says what the packed values are: the values' distance from the first row, the steps from row to row, or the
// changes of the steps.
type order uint8

const (
	distances order = 0
	steps     order = 1
	changes   order = 2
)

// decodeBlocks fills dst from blocks to the end of src. start is the row before dst (distances: the first row), step the
// difference of the two rows before dst, unit the factor of all packed values.
//
// decimals, where it is not 0, is the power of ten by which the rows are divided as they come out: they are then the
// bits of float64 values. The division of a block goes on while the next block is unpacked.
func decodeBlocks[T word](src []byte, dst []T, o order, start, step, unit uint64, decimals float64) error {
	var buf [packedMost]byte
	var before uint64
	row := start
	for len(dst) > 0 {
		block := dst[:min(blockRows, len(dst))]
		dst = dst[len(block):]
		if len(src) == 0 {
			return malformed("packed block", "%d rows are missing", len(block)+len(dst))
		}
		head := src[0]
		src = src[1:]
		w, isFramed, isPatched := uint(head&^patched), false, head&patched != 0
		if w >= framed {
			w, isFramed = w-framed, true
			d, rest, ok := takeSigned(src)
			if !ok {
				return malformed("packed block", "cut off in its reference")
			}
			src = rest
			before += d
		}
		var count int
		var excess uint
		if isPatched {
			if len(src) < 2 {
				return malformed("packed block", "cut off in its exceptions")
			}
			count, excess = int(src[0]), uint(src[1])
			src = src[2:]
			if excess == 0 || w+excess > 64 || count == 0 || count > len(block) {
				return malformed("packed block", "%d exceptions of %d bits above %d", count, excess, w)
			}
		}
		size := packedLen(len(block), w)
		if len(src) < size {
			return malformed("packed block", "%d bytes for %d values of %d bits", len(src), len(block), w)
		}
		unpack(src, w, block, &buf)
		src = src[size:]
		if isPatched {
			places := placesLen(count, len(block))
			size = places + packedLen(count, excess)
			if len(src) < size {
				return malformed("packed block", "%d bytes for %d exceptions of %d bits", len(src), count, excess)
			}
			var rows [blockRows]byte
			if !takePlaces(src, count, len(block), &rows) {
				return malformed("packed block", "exceptions outside of %d rows, or not %d", len(block), count)
			}
			var upper [blockRows]uint64
			unpack(src[places:], excess, upper[:count], &buf)
			for i, u := range upper[:count] {
				block[rows[i]&127] |= T(u << w)
			}
			src = src[size:]
		}
		divided := false
		switch {
		case isFramed && o == distances:
			place(block, start+before*unit, unit)
		case isFramed && o == steps:
			row = climb(block, row, before*unit, unit)
		case isFramed:
			row, step = bend(block, row, step, before*unit, unit)
		case o == distances:
			for i, x := range block {
				block[i] = T(start + unzigzag(uint64(x))*unit)
			}
		case o == steps && decimals > 1:
			// what most measured values are: the sums cost nothing beside the divisions
			divided = true
			for i, x := range block {
				row += unzigzag(uint64(x)) * unit
				block[i] = T(math.Float64bits(float64(int64(row)) / decimals))
			}
		case o == steps:
			for i, x := range block {
				row += unzigzag(uint64(x)) * unit
				block[i] = T(row)
			}
		default:
			for i, x := range block {
				step += unzigzag(uint64(x)) * unit
				row += step
				block[i] = T(row)
			}
		}
		if decimals != 0 && !divided {
			divide(block, decimals)
		}
	}
	if len(src) != 0 {
		return malformed("packed block", "%d bytes too many", len(src))
	}
	return nil
}

// divide turns integers into the bits of their quotients.
func divide[T word](block []T, by float64) {
	if by == 1 {
		for i, x := range block {
			block[i] = T(math.Float64bits(float64(int64(x))))
		}
		return
	}
	for i, x := range block {
		block[i] = T(math.Float64bits(float64(int64(x)) / by))
	}
}

func place[T word](block []T, from, unit uint64) {
	for i, x := range block {
		block[i] = T(from + uint64(x)*unit)
	}
}

func climb[T word](block []T, row, ref, unit uint64) uint64 {
	for i, x := range block {
		row += ref + uint64(x)*unit
		block[i] = T(row)
	}
	return row
}

func bend[T word](block []T, row, step, ref, unit uint64) (uint64, uint64) {
	for i, x := range block {
		step += ref + uint64(x)*unit
		row += step
		block[i] = T(row)
	}
	return row, step
}

// pickOrder estimates on a few runs of rows which order packs best, by the mean width of the values around their
// centre. Where a value stays for long, steps are best: a change costs them one exception.
func pickOrder[T word](v []T) order {
	const run = 64
	var cost [3]uint
	for _, at := range [3]int{0, (len(v) - run) / 2, len(v) - run} {
		part := v
		if at < 0 {
			at = 0
		}
		part = v[at:min(at+run, len(v))]
		m := len(part)
		if m < 3 {
			return steps
		}
		level := middle(uint64(part[0]), uint64(part[m/2]), uint64(part[m-1]))
		slope := middle(uint64(part[1]-part[0]), uint64(part[m/2]-part[m/2-1]), uint64(part[m-1]-part[m-2]))
		step := uint64(part[1] - part[0])
		for i := 2; i < m; i++ {
			x, before := uint64(part[i]), uint64(part[i-1])
			cost[0] += width(zigzag(x - level))
			cost[1] += width(zigzag(x - before - slope))
			cost[2] += width(zigzag(x - before - step))
			step = x - before
		}
		if len(v) <= 2*run {
			break
		}
	}
	best := steps
	if cost[0] <= cost[1] && cost[1] > 0 {
		best = distances
	}
	// a change of steps needs a clear gain: a gap in regular rows costs it two exceptions instead of one
	if cost[2]+cost[2]/16 < cost[best] {
		best = changes
	}
	return best
}

// middle is the median of three as signed numbers.
func middle(a, b, c uint64) uint64 {
	x, y, z := int64(a), int64(b), int64(c)
	return uint64(max(min(x, y), min(max(x, y), z)))
}
