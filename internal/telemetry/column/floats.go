package column

import (
	"encoding/binary"
	"math"
)

// AppendFloats appends a page of IEEE 754 float64 bits. Every bit pattern comes back: signed zeros, denormals,
// infinities and the payloads of NaNs.
func AppendFloats(dst []byte, v []uint64, s *Scratch) []byte {
	checkRows(len(v))
	if len(v) == 0 {
		return dst
	}
	if allEqual(v) {
		return binary.LittleEndian.AppendUint64(append(dst, floatsConst), v[0])
	}
	at := len(dst)
	if e, ok := pickExponent(v); ok {
		if numbers, e, ok := scale(v, e, s); ok {
			dst = append(dst, floatsScaled, byte(e))
			dst = binary.AppendUvarint(dst, uint64(len(s.odd)))
			for _, row := range s.odd {
				dst = binary.LittleEndian.AppendUint16(dst, row)
				dst = binary.LittleEndian.AppendUint64(dst, v[row])
			}
			return orRaw(appendWords(dst, intsConst, numbers, false, s), at, v)
		}
	}
	numbers := sized(&s.numbers, len(v))
	if narrowAll(v, numbers) {
		return orRaw(appendWords(append(dst, floatsBits32), intsConst, numbers, false, s), at, v)
	}
	var either uint64
	for _, x := range v {
		either |= x
	}
	shift := uint(0)
	for shift < 63 && either>>shift&1 == 0 {
		shift++
	}
	for i, x := range v {
		numbers[i] = x >> shift
	}
	return orRaw(appendWords(append(dst, floatsBits64, byte(shift)), intsConst, numbers, false, s), at, v)
}

// orRaw puts the raw page in place of one that came out longer.
func orRaw(dst []byte, at int, v []uint64) []byte {
	if len(dst)-at <= 1+8*len(v) {
		return dst
	}
	return appendRaw(append(dst[:at], floatsRaw), v)
}

func allEqual[T comparable](v []T) bool {
	for _, x := range v[1:] {
		if x != v[0] {
			return false
		}
	}
	return true
}

// DecodeFloats appends the n values of a page of AppendFloats to dst.
func DecodeFloats(src []byte, n int, dst []uint64) ([]uint64, error) {
	const name = "floats page"
	encoding, body, err := open(name, src, n)
	if err != nil || n == 0 {
		return dst, err
	}
	at := len(dst)
	switch encoding {
	case floatsConst:
		if len(body) != 8 {
			return dst, malformed(name, "%d bytes for one value", len(body))
		}
		x := binary.LittleEndian.Uint64(body)
		whole, part := extend(dst, n)
		fill(part, x)
		return whole, nil
	case floatsScaled:
		return decodeScaled(name, body, n, dst)
	case floatsBits32:
		whole, err := decodeWords(name, intsConst, body, n, dst)
		if err != nil {
			return dst, err
		}
		for i, x := range whole[at:] {
			if x > math.MaxUint32 {
				return dst[:at], malformed(name, "row %d has more than 32 bits", i)
			}
			whole[at+i] = widen(uint32(x))
		}
		return whole, nil
	case floatsBits64:
		if len(body) == 0 || body[0] > 63 {
			return dst, malformed(name, "no shift of 0 to 63")
		}
		whole, err := decodeWords(name, intsConst, body[1:], n, dst)
		if err != nil {
			return dst, err
		}
		if shift := body[0]; shift > 0 {
			for i := range whole[at:] {
				whole[at+i] <<= shift & 63
			}
		}
		return whole, nil
	case floatsRaw:
		if len(body) != 8*n {
			return dst, malformed(name, "%d bytes for %d raw rows", len(body), n)
		}
		whole, part := extend(dst, n)
		for i := range part {
			part[i] = binary.LittleEndian.Uint64(body[8*i:])
		}
		return whole, nil
	}
	return dst, malformed(name, "encoding 0x%02x", encoding)
}

func decodeScaled(name string, body []byte, n int, dst []uint64) ([]uint64, error) {
	if len(body) == 0 || int(body[0]) >= len(powers) {
		return dst, malformed(name, "no exponent of 0 to %d", len(powers)-1)
	}
	e := body[0]
	odd, body, ok := takeUnsigned(body[1:])
	if !ok || odd > uint64(n) || uint64(len(body)) < odd*oddBytes {
		return dst, malformed(name, "cut off in its exceptions")
	}
	exceptions := body[:odd*oddBytes]
	at := len(dst)
	whole, err := decodeDecimals(name, intsConst, body[len(exceptions):], n, dst, float64(powers[e]))
	if err != nil {
		return dst, err
	}
	part := whole[at:]
	for ; len(exceptions) > 0; exceptions = exceptions[oddBytes:] {
		row := binary.LittleEndian.Uint16(exceptions)
		if int(row) >= n {
			return dst[:at], malformed(name, "exception at row %d of %d", row, n)
		}
		part[row] = binary.LittleEndian.Uint64(exceptions[2:])
	}
	return whole, nil
}

// Decimals returns the power of ten of which most values of a page of AppendFloats are multiples, as a number of at least
// 1; 0 for a page that is not written so.
func Decimals(src []byte) float64 {
	if len(src) < 2 || src[0] != floatsScaled || int(src[1]) >= len(powers) {
		return 0
	}
	return float64(powers[src[1]])
}

// oddBytes is the size of an exception of a scaled page: its row and its bits.
const oddBytes = 10

// rounder added to a float64 of less than 2^51 leaves the number rounded to even in the lower bits of its mantissa.
const rounder = 3 << 51

// decimal returns the integer y with y / 10^e == x, bit for bit, if there is one of less than 2^51. The product is
// converted explicitly so that no compiler fuses it with the addition: the choice must be the same everywhere.
func decimal(x uint64, p float64) (y int64, ok bool) {
	f := float64(math.Float64frombits(x)*p) + rounder
	y = int64(math.Float64bits(f)) - int64(math.Float64bits(rounder))
	return y, math.Float64bits(float64(y)/p) == x
}

// pickExponent looks at a few values for the number of decimals that most of them have.
func pickExponent(v []uint64) (exponent int, ok bool) {
	const looks = 24
	var count [len(powers)]int
	seen, found := 0, 0
	stride := max(1, len(v)/looks)
	for i := stride / 2; i < len(v); i += stride {
		seen++
		for e := range powers {
			if _, ok := decimal(v[i], float64(powers[e])); ok {
				count[e]++
				found++
				break
			}
		}
		if seen == 8 && found == 0 {
			return 0, false
		}
	}
	if found*4 < seen*3 {
		return 0, false
	}
	// a single value with more decimals than the others stays an exception
	for e := len(powers) - 1; e > 0; e-- {
		if count[e] > seen/16 {
			return e, true
		}
	}
	return 0, true
}

// scale turns v into integers of e decimals, or of more where that costs less; rows that are none are listed in s.odd and
// repeat the row before. It gives up when exceptions cost more than the other encodings are likely to.
func scale(v []uint64, e int, s *Scratch) (numbers []uint64, exponent int, ok bool) {
	limit := 4 + len(v)/16
	for {
		numbers = sized(&s.numbers, len(v))
		s.odd = s.odd[:0]
		p := float64(powers[e])
		higher := 0
		var last uint64
		for i, x := range v {
			y, ok := decimal(x, p)
			if ok {
				last = uint64(y)
			} else {
				if len(s.odd) == limit {
					return nil, 0, false
				}
				s.odd = append(s.odd, uint16(i))
				for more := e + 1; more < len(powers); more++ {
					if _, ok := decimal(x, float64(powers[more])); ok {
						higher = max(higher, more)
						break
					}
				}
			}
			numbers[i] = last
		}
		// more decimals cost every row 10/3 bits each; exceptions 80 bits each
		if higher > e && len(s.odd)*80*3 > len(v)*10*(higher-e) {
			e = higher
			continue
		}
		return numbers, e, true
	}
}

const (
	infinity32 = 0x7f800000
	infinity64 = 0x7ff0000000000000
)

// narrowAll turns float64 bits into the float32 bits that widen to them, if all can.
func narrowAll(v, out []uint64) bool {
	for i, x := range v {
		b, ok := narrow(x)
		if !ok {
			return false
		}
		out[i] = uint64(b)
	}
	return true
}

// narrow returns the float32 that widens to x. NaNs are narrowed by their bits: a conversion would set the quiet bit.
func narrow(x uint64) (uint32, bool) {
	if x&infinity64 == infinity64 {
		b := uint32(x>>32)&0x80000000 | infinity32 | uint32(x>>29)&0x7fffff
		return b, widen(b) == x
	}
	f := float32(math.Float64frombits(x))
	return math.Float32bits(f), math.Float64bits(float64(f)) == x
}

func widen(b uint32) uint64 {
	if b&infinity32 == infinity32 {
		return uint64(b&0x80000000)<<32 | infinity64 | uint64(b&0x7fffff)<<29
	}
	return math.Float64bits(float64(math.Float32frombits(b)))
}
