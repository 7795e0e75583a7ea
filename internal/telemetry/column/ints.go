package column

import "encoding/binary"

// AppendInts appends a page of 64-bit integers: times in nanoseconds, values, commit numbers.
// It appends nothing for no rows.
func AppendInts(dst []byte, v []int64, s *Scratch) []byte {
	checkRows(len(v))
	return appendWords(dst, intsConst, v, true, s)
}

// DecodeInts appends the n values of a page of AppendInts to dst.
func DecodeInts(src []byte, n int, dst []int64) ([]int64, error) {
	return decodeWords("ints page", intsConst, src, n, dst)
}

// AppendOffsets appends a page of integers that follow another column of the same rows: gateway times behind source
// times. base has the length of v.
func AppendOffsets(dst []byte, v, base []int64, s *Scratch) []byte {
	checkRows(len(v))
	base = base[:len(v)]
	offsets := sized(&s.numbers, len(v))
	for i, x := range v {
		offsets[i] = uint64(x) - uint64(base[i])
	}
	return appendWords(dst, offsetsKind, offsets, true, s)
}

// DecodeOffsets appends the n values of a page of AppendOffsets to dst. base must have n rows.
func DecodeOffsets(src []byte, n int, base, dst []int64) ([]int64, error) {
	if len(base) != n {
		return dst, malformed("offsets page", "%d base rows for %d rows", len(base), n)
	}
	at := len(dst)
	dst, err := decodeWords("offsets page", offsetsKind, src, n, dst)
	if err != nil {
		return dst, err
	}
	part := dst[at:]
	for i, b := range base {
		part[i] += b
	}
	return dst, nil
}

// powers are the powers of ten that a unit or an exponent names.
var powers = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// appendWords writes integers under the encoding numbers of kind. inTen: it is worth looking for a common power of
// ten, as in nanoseconds of a clock that counts milliseconds.
func appendWords[T word](dst []byte, kind byte, v []T, inTen bool, s *Scratch) []byte {
	if len(v) == 0 {
		return dst
	}
	step := T(0)
	if len(v) > 1 {
		step = v[1] - v[0]
	}
	linear := true
	for i := 1; i < len(v); i++ {
		if v[i]-v[i-1] != step {
			linear = false
			break
		}
	}
	if linear && step == 0 {
		return appendSigned(append(dst, kind), uint64(v[0]))
	}
	if linear {
		return appendSigned(appendSigned(append(dst, kind|intsLinear&15), uint64(v[0])), uint64(step))
	}
	at := len(dst)
	u := unit{inverse: 1}
	if inTen {
		u = commonUnit(v)
	}
	o := pickOrder(v)
	dst = append(dst, kind|intsPacked&15, byte(u.e)<<4|byte(o))
	dst = appendSigned(dst, uint64(v[0]))
	rows := v[1:]
	values := sized(&s.values, len(rows))
	switch o {
	case distances:
		for i, x := range rows {
			values[i] = uint64(x - v[0])
		}
	case steps:
		before := v[0]
		for i, x := range rows {
			values[i] = uint64(x - before)
			before = x
		}
	case changes:
		rows = rows[1:]
		values = values[:len(rows)]
		dst = appendSigned(dst, uint64(step))
		before := v[1]
		was := step
		for i, x := range rows {
			values[i] = uint64(x - before - was)
			before, was = x, x-before
		}
	}
	if u.e > 0 {
		for i, x := range values {
			values[i] = u.divide(x)
		}
	}
	dst = appendBlocks(dst, values)
	if len(dst)-at > 1+8*len(v) {
		return appendRaw(append(dst[:at], kind|intsRaw&15), v)
	}
	return dst
}

func appendRaw[T word](dst []byte, v []T) []byte {
	for _, x := range v {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(x))
	}
	return dst
}

// unit is a power of ten that all differences of a page may have in common: 10^e = 2^e x 5^e.
// A multiple is divided by shifting e bits and multiplying by the inverse of 5^e modulo 2^64.
type unit struct {
	e       uint
	inverse uint64
}

// units that are looked for, greatest first: seconds, milliseconds and microseconds in nanoseconds.
var units = [...]unit{{9, 0x8e47ce423a2e9c6d}, {6, 0x790fb65668c26139}, {3, 0x1cac083126e978d5}}

func (u unit) divide(d uint64) uint64 { return uint64(int64(d)>>u.e) * u.inverse }

// commonUnit finds the greatest unit that divides every row's distance from the first; 10^0 if there is none. Distances
// stay below 2^61, so that no difference of differences overflows.
func commonUnit[T word](v []T) unit {
	for _, u := range units {
		if u.divides(uint64(v[len(v)-1]-v[0])) && u.divides(uint64(v[1]-v[0])) && dividesAll(u, v) {
			return u
		}
	}
	return unit{inverse: 1}
}

func (u unit) divides(d uint64) bool {
	// a distance that is no multiple gives a quotient that wraps round: one too great to be of any distance
	return d&(1<<u.e-1) == 0 && zigzag(u.divide(d)) < 1<<62/powers[u.e]
}

func dividesAll[T word](u unit, v []T) bool {
	for _, x := range v {
		if !u.divides(uint64(x - v[0])) {
			return false
		}
	}
	return true
}

func decodeWords[T word](name string, kind byte, src []byte, n int, dst []T) ([]T, error) {
	return decodeDecimals(name, kind, src, n, dst, 0)
}

// decodeDecimals is decodeWords with the rows divided by a power of ten, where it is not 0: the bits of float64 values.
func decodeDecimals[T word](name string, kind byte, src []byte, n int, dst []T, decimals float64) ([]T, error) {
	encoding, body, err := open(name, src, n)
	if err != nil || n == 0 {
		return dst, err
	}
	if encoding&0xf0 != kind {
		return dst, malformed(name, "encoding 0x%02x", encoding)
	}
	if encoding == kind|intsRaw&15 {
		if len(body) != 8*n {
			return dst, malformed(name, "%d bytes for %d raw rows", len(body), n)
		}
		whole, part := extend(dst, n)
		for i := range part {
			part[i] = T(binary.LittleEndian.Uint64(body[8*i:]))
		}
		if decimals != 0 {
			divide(part, decimals)
		}
		return whole, nil
	}
	var e byte
	var o order
	if encoding == kind|intsPacked&15 {
		if len(body) == 0 {
			return dst, malformed(name, "cut off in its header")
		}
		e, o = body[0]>>4, order(body[0]&15)
		body = body[1:]
		if int(e) >= len(powers) || o > changes || n < 2 || o == changes && n < 3 {
			return dst, malformed(name, "unit 10^%d, order %d, %d rows", e, o, n)
		}
		// every block of 128 rows has a header byte
		if len(body) < (n-int(max(o, 1))+blockRows-1)/blockRows {
			return dst, malformed(name, "%d bytes for %d packed rows", len(body), n)
		}
	}
	first, body, ok := takeSigned(body)
	if !ok {
		return dst, malformed(name, "cut off in its first row")
	}
	var step uint64
	if encoding == kind|intsLinear&15 || encoding == kind|intsPacked&15 && o == changes {
		if step, body, ok = takeSigned(body); !ok {
			return dst, malformed(name, "cut off in its step")
		}
	}
	if encoding != kind|intsPacked&15 && len(body) != 0 {
		return dst, malformed(name, "%d bytes too many", len(body))
	}
	at := len(dst)
	switch encoding {
	case kind | intsConst&15, kind | intsLinear&15:
		whole, part := extend(dst, n)
		for i := range part {
			part[i] = T(first)
			first += step
		}
		if decimals != 0 {
			divide(part, decimals)
		}
		return whole, nil
	case kind | intsPacked&15:
		whole, part := extend(dst, n)
		part[0] = T(first)
		rows := part[1:]
		start := first
		if o == changes {
			start += step
			rows[0] = T(start)
			rows = rows[1:]
		}
		if decimals != 0 {
			divide(part[:n-len(rows)], decimals)
		}
		if err := decodeBlocks(body, rows, o, start, step, powers[e], decimals); err != nil {
			return dst[:at], malformedIn(name, err)
		}
		return whole, nil
	}
	return dst, malformed(name, "encoding 0x%02x", encoding)
}
