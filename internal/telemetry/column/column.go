package column

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// MaxRows is the greatest number of rows of a page. Encoders panic beyond it, decoders return an error.
const MaxRows = 65535 // a row fits 16 bits

// ErrMalformed is wrapped by every error of a decoder: the bytes are not a page of that kind with that number of rows.
var ErrMalformed = errors.New("malformed column page")

// Scratch is working memory of the encoders, kept so that they do not allocate. It holds nothing between calls: the
// bytes of a page never depend on the pages before it. The zero value is ready; it must not be shared by goroutines.
type Scratch struct {
	values  []uint64 // what is packed: differences or scaled values
	numbers []uint64 // numbers which a float, offset or string page turns its values into
	odd     []uint16 // rows of a decimal page that are no decimals
	index   map[string]uint64
	order   []string
}

// Encoding numbers: the first byte of a page. The upper half names the kind of the column, so that a page read as
// another kind is noticed.
const (
	intsConst    = 0x10
	intsLinear   = 0x11
	intsPacked   = 0x12
	intsRaw      = 0x13
	offsetsKind  = 0x20 // the encodings of ints with 0x20 in place of 0x10
	floatsConst  = 0x30
	floatsScaled = 0x31
	floatsBits32 = 0x32
	floatsBits64 = 0x33
	floatsRaw    = 0x34
	boolsConst   = 0x40
	boolsRuns    = 0x41
	boolsBits    = 0x42
	runsConst    = 0x50
	runsRuns     = 0x51
	runsRaw      = 0x52
	stringsTable = 0x60
	stringsPlain = 0x61
	stringsZstd  = 0x62
)

func malformed(kind, format string, a ...any) error {
	return fmt.Errorf("%s: %s: %w", kind, fmt.Sprintf(format, a...), ErrMalformed)
}

func checkRows(n int) {
	if n > MaxRows {
		panic(fmt.Sprintf("column: %d rows given to an encoder, at most %d fit a page", n, MaxRows))
	}
}

// open checks what all pages have in common and returns the encoding number and the rest.
func open(kind string, src []byte, n int) (encoding byte, body []byte, err error) {
	if n < 0 || n > MaxRows {
		return 0, nil, malformed(kind, "%d rows, 0 to %d are possible", n, MaxRows)
	}
	if n == 0 {
		if len(src) != 0 {
			return 0, nil, malformed(kind, "%d bytes for no rows", len(src))
		}
		return 0, nil, nil
	}
	if len(src) == 0 {
		return 0, nil, malformed(kind, "no bytes for %d rows", n)
	}
	return src[0], src[1:], nil
}

// extend makes room for n more values and returns the whole slice and its new part.
func extend[T any](dst []T, n int) (whole, part []T) {
	at := len(dst)
	whole = slices.Grow(dst, n)[:at+n]
	return whole, whole[at:]
}

// fill sets every element to x. Copying what is filled already is several times faster than storing one by one.
func fill[T any](dst []T, x T) {
	first := min(len(dst), 32)
	for i := range dst[:first] {
		dst[i] = x
	}
	for done := first; done < len(dst); done *= 2 {
		copy(dst[done:], dst[:done])
	}
}

// sized returns scratch memory for n values.
func sized[T any](p *[]T, n int) []T {
	if cap(*p) < n {
		*p = make([]T, n, max(n, 1024))
	}
	return (*p)[:n]
}

func zigzag(v uint64) uint64   { return v<<1 ^ uint64(int64(v)>>63) }
func unzigzag(v uint64) uint64 { return v>>1 ^ -(v & 1) }

func appendSigned(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, zigzag(v)) }

// takeUnsigned reads a varint of at most 64 bits.
func takeUnsigned(src []byte) (v uint64, rest []byte, ok bool) {
	v, k := binary.Uvarint(src)
	if k <= 0 {
		return 0, nil, false
	}
	return v, src[k:], true
}

func takeSigned(src []byte) (v uint64, rest []byte, ok bool) {
	v, rest, ok = takeUnsigned(src)
	return unzigzag(v), rest, ok
}

func signedLen(v uint64) int {
	n := 1
	for u := zigzag(v); u >= 0x80; u >>= 7 {
		n++
	}
	return n
}

func malformedIn(kind string, err error) error { return fmt.Errorf("%s: %w", kind, err) }
