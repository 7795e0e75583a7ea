package handle

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is wrapped by every error of a decoder: the bytes are not what the format allows.
var ErrMalformed = errors.New("malformed handle data")

// FormatError is what a decoder found wrong: the field, what stood there and the rule that it breaks.
type FormatError struct {
	Field string // such as "value type"
	Value string // as found, cut to 64 bytes
	Rule  string // such as "at most 256 bytes"
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%v: %s %q: %s", ErrMalformed, e.Field, e.Value, e.Rule)
}

// Unwrap makes every FormatError an ErrMalformed.
func (e *FormatError) Unwrap() error { return ErrMalformed }

func malformed(field string, value any, format string, args ...any) error {
	v := fmt.Sprint(value)
	if len(v) > 64 {
		v = v[:64]
	}
	return &FormatError{Field: field, Value: v, Rule: fmt.Sprintf(format, args...)}
}

// reader takes big-endian fields off bytes from outside. After the first fault every further field reads as zero and err
// stays set, so that a decoder checks once at its end and can never run over.
type reader struct {
	b   []byte // all of it
	off int
	err error
}

func (r *reader) left() int { return len(r.b) - r.off }

// take returns the next n bytes without copying them.
func (r *reader) take(field string, n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > r.left() {
		r.err = malformed(field, n, "%d bytes are left", r.left())
		return nil
	}
	p := r.b[r.off : r.off+n : r.off+n]
	r.off += n
	return p
}

func (r *reader) u8(field string) uint8 {
	if p := r.take(field, 1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16(field string) uint16 {
	if p := r.take(field, 2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

func (r *reader) u32(field string) uint32 {
	if p := r.take(field, 4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

// str reads a uint32 length, at most limit, and that many bytes, without copying them.
func (r *reader) str(field string, limit int) []byte {
	n := r.u32(field)
	if r.err == nil && uint64(n) > uint64(limit) {
		r.err = malformed(field, n, "at most %d bytes", limit)
		return nil
	}
	return r.take(field, int(n))
}

// count reads the uint32 number of things that each take at least size bytes, at most limit.
func (r *reader) count(field string, limit, size int) int {
	n := r.u32(field)
	if r.err != nil {
		return 0
	}
	if uint64(n) > uint64(limit) {
		r.err = malformed(field, n, "at most %d", limit)
		return 0
	}
	if int(n)*size > r.left() {
		r.err = malformed(field, n, "%d bytes are left", r.left())
		return 0
	}
	return int(n)
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func appendStr[T ~string | ~[]byte](dst []byte, s T) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}
