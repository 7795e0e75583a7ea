package federate

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is wrapped by every error of a decoder of this package: the other end sent bytes that the format does
// not allow. The connection they came on is closed.
var ErrMalformed = errors.New("malformed link data")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// reader takes fields off bytes from outside. After the first shortfall every further field reads as zero and err
// stays set, so that a decoder checks once at its end and can never run over.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		if r.err == nil {
			r.err = malformed("%d bytes wanted, %d left", n, len(r.b))
		}
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) u8() uint8 {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if p := r.take(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if p := r.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if p := r.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// uvarint reads an unsigned LEB128 number.
func (r *reader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.err = malformed("a variable-length number is cut or too long")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// counted reads a uvarint length, at most limit, and that many bytes.
func (r *reader) counted(limit int) []byte {
	n := r.uvarint()
	if r.err == nil && n > uint64(limit) {
		r.err = malformed("a field of %d bytes where at most %d are allowed", n, limit)
		return nil
	}
	return r.take(int(n))
}

// end returns the first error, or one for bytes left over.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = malformed("%d bytes too many", len(r.b))
	}
	return r.err
}

func appendCounted(dst, p []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(p)))
	return append(dst, p...)
}
