package figure

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"
)

// ErrBytes says that bytes are not what this room writes.
var ErrBytes = errors.New("not the canonical bytes")

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// Sum hashes canonical bytes.
func Sum(b []byte) Hash { return sha256.Sum256(b) }

// String is 64 hex digits; "" for none.
func (h Hash) String() string {
	if h == (Hash{}) {
		return ""
	}
	return hex.EncodeToString(h[:])
}

// ParseHash reads what String wrote.
func ParseHash(s string) (h Hash, err error) {
	if s == "" {
		return h, nil
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) || hex.EncodeToString(b) != s {
		return h, fmt.Errorf("hash %.80q: want 64 hex digits in lower case", s)
	}
	return Hash(b), nil
}

// wire writes canonical bytes: numbers as shortest varints (encoding/binary), texts and bytes behind their length.
type wire struct{ b []byte }

func (w *wire) byte(v byte)     { w.b = append(w.b, v) }
func (w *wire) count(n int)     { w.b = binary.AppendUvarint(w.b, uint64(n)) }
func (w *wire) number(n int64)  { w.b = binary.AppendVarint(w.b, n) }
func (w *wire) id(id uuid.UUID) { w.b = append(w.b, id[:]...) }
func (w *wire) hash(h Hash)     { w.b = append(w.b, h[:]...) }

func (w *wire) text(s string) {
	w.count(len(s))
	w.b = append(w.b, s...)
}

func (w *wire) bytes(p []byte) {
	w.count(len(p))
	w.b = append(w.b, p...)
}

// unwire reads them. After the first fault everything is zero, and only one spelling of each value is taken.
type unwire struct {
	b    []byte
	err  error
	keys keys // may be nil
}

func (r *unwire) fail(format string, a ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrBytes, fmt.Sprintf(format, a...))
	}
	r.b = nil
}

func (r *unwire) take(n int, what string) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.b) {
		r.fail("%s is cut off", what)
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *unwire) byte(what string) byte {
	if b := r.take(1, what); b != nil {
		return b[0]
	}
	return 0
}

// version reads the first byte of a format.
func (r *unwire) version(want byte, what string) {
	if v := r.byte(what); r.err == nil && v != want {
		r.fail("%s has format %d, this program reads %d", what, v, want)
	}
}

func (r *unwire) unsigned(what string) uint64 {
	n, size := binary.Uvarint(r.b)
	if r.err != nil || size <= 0 || size > 1 && r.b[size-1] == 0 {
		r.fail("%s is no number", what)
		return 0
	}
	r.b = r.b[size:]
	return n
}

// count reads a number up to most.
func (r *unwire) count(most int, what string) int {
	n := r.unsigned(what)
	if n > uint64(most) {
		r.fail("%s: %d, and at most %d are taken", what, n, most)
		return 0
	}
	return int(n)
}

func (r *unwire) number(what string) int64 {
	n := r.unsigned(what)
	return int64(n>>1) ^ -int64(n&1)
}

func (r *unwire) bytes(most int, what string) []byte { return r.take(r.count(most, what), what) }

func (r *unwire) text(most int, what string) string {
	b := r.bytes(most, what)
	if !utf8.Valid(b) {
		r.fail("%s is no UTF-8", what)
		return ""
	}
	return string(b)
}

func (r *unwire) id(what string) (id uuid.UUID) {
	copy(id[:], r.take(len(id), what))
	return id
}

func (r *unwire) hash(what string) (h Hash) {
	copy(h[:], r.take(len(h), what))
	return h
}

func (r *unwire) end(what string) error {
	if r.err == nil && len(r.b) > 0 {
		r.fail("%d bytes stand behind %s", len(r.b), what)
	}
	return r.err
}

// ascending tells whether texts ascend, each once.
func ascending(list []string) bool {
	return slices.IsSorted(list) && len(slices.Compact(slices.Clone(list))) == len(list)
}
