// Package tuple writes the samples of one series and one commit day as the one canonical sequence of bytes that the
// evidence log's leaves are digests of. It knows plain numbers only, so that the format cannot change with the engine.
// docs/formats/evidence.md has every byte.
package tuple

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Type is the type of a value. The numbers are part of the format.
type Type uint8

const (
	Null    Type = 0 // no value
	Float64 Type = 1 // 8 bytes, IEEE 754
	Int64   Type = 2 // 8 bytes, two's complement
	Bool    Type = 3 // 1 byte, 0 or 1
	String  Type = 4 // 4 bytes of length, then the bytes
)

// Header says what the rows are of.
type Header struct {
	Series uuid.UUID
	Day    int32 // the UTC day of the commits, in days since 1970-01-01
}

// Day is the commit day of a commit time in nanoseconds since 1970-01-01 UTC.
func Day(commitTime int64) int32 {
	const day = int64(24 * time.Hour)
	d := commitTime / day
	if commitTime%day < 0 {
		d--
	}
	return int32(d)
}

// Row is one sample as it was committed. What a later commit may change (rival, superseded) is no part of it.
type Row struct {
	Time     int64  // source time, ns since 1970-01-01 UTC
	Commit   uint64 // commit number
	Revision uint32
	Gateway  int64 // gateway time, ns since 1970-01-01 UTC
	Status   uint32
	Flags    uint16
	Origin   uint8
	Type     Type
	Bits     uint64 // Float64: IEEE 754 bits; Int64: two's complement; Bool: 0 or 1
	Text     string // String only
}

const (
	magic   = "JWTUPLES"
	version = 1
	// MaxTies bounds the rows of one source time, which are held in memory to be put in order.
	MaxTies = 1 << 18
	// maxBuffer is how much is gathered before the destination is written.
	maxBuffer = 32 << 10
)

// HeaderSize is the size of the header, TrailerSize of what closes the rows, MinRow of the smallest row, in bytes.
const (
	HeaderSize  = 8 + 2 + 16 + 4
	TrailerSize = 8
	MinRow      = 8 + 8 + 4 + 8 + 4 + 2 + 1 + 1
)

// Append adds a row's bytes. Errors: a type that is not known; a bool other than 0 and 1; a text too long; value bits or
// a text where the type has none.
func (r *Row) Append(dst []byte) ([]byte, error) {
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Time))
	dst = binary.BigEndian.AppendUint64(dst, r.Commit)
	dst = binary.BigEndian.AppendUint32(dst, r.Revision)
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Gateway))
	dst = binary.BigEndian.AppendUint32(dst, r.Status)
	dst = binary.BigEndian.AppendUint16(dst, r.Flags)
	dst = append(dst, r.Origin, byte(r.Type))
	if r.Type != String && r.Text != "" {
		return nil, fmt.Errorf("a value of type %d has a text", r.Type)
	}
	switch r.Type {
	case Float64, Int64:
		return binary.BigEndian.AppendUint64(dst, r.Bits), nil
	case Bool:
		if r.Bits > 1 {
			return nil, fmt.Errorf("a bool has the bits %#x", r.Bits)
		}
		return append(dst, byte(r.Bits)), nil
	case String:
		if uint64(len(r.Text)) > math.MaxUint32 || r.Bits != 0 {
			return nil, fmt.Errorf("a text of %d bytes with the bits %#x", len(r.Text), r.Bits)
		}
		return append(binary.BigEndian.AppendUint32(dst, uint32(len(r.Text))), r.Text...), nil
	case Null:
		if r.Bits != 0 {
			return nil, fmt.Errorf("no value, and yet the bits %#x", r.Bits)
		}
		return dst, nil
	}
	return nil, fmt.Errorf("value type %d is not known", r.Type)
}

// ErrOrder tells that a row's source time lies before that of the row before it.
var ErrOrder = errors.New("rows must come in the order of their source times")

// Writer writes rows into a hash (or any other destination). It holds the rows of one source time only, so millions of
// rows need no memory. Not safe for concurrent use.
type Writer struct {
	dst  io.Writer
	buf  []byte   // rows in order, not yet written
	ties [][]byte // the rows of the newest source time, but for a single one, which stands in one
	one  []byte
	last int64
	rows uint64
	open bool // one or ties hold rows of last
	err  error
}

// NewWriter begins with the header.
func NewWriter(dst io.Writer, h Header) *Writer {
	w := &Writer{dst: dst, buf: make([]byte, 0, maxBuffer+1024)}
	w.buf = append(w.buf, magic...)
	w.buf = binary.BigEndian.AppendUint16(w.buf, version)
	w.buf = append(w.buf, h.Series[:]...)
	w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(h.Day))
	return w
}

// Add adds a row. Rows come in the order of their source times; those of one source time in any order, since Add sorts
// them by their bytes, which is by commit number, then revision. Rows may be equal. After an error the writer is dead.
func (w *Writer) Add(r *Row) error {
	if w.err == nil {
		w.err = w.add(r)
	}
	return w.err
}

func (w *Writer) add(r *Row) error {
	if w.rows > 0 && r.Time < w.last {
		return fmt.Errorf("%w: %d comes after %d", ErrOrder, r.Time, w.last)
	}
	if w.open && r.Time == w.last {
		if len(w.ties) == 0 {
			w.ties = append(w.ties, slices.Clone(w.one))
		}
		if len(w.ties) >= MaxTies {
			return fmt.Errorf("more than %d rows have the source time %d", MaxTies, r.Time)
		}
		b, err := r.Append(nil)
		if err != nil {
			return err
		}
		w.ties = append(w.ties, b)
		w.rows++
		return nil
	}
	w.flush()
	if len(w.buf) >= maxBuffer {
		if err := w.write(); err != nil {
			return err
		}
	}
	b, err := r.Append(w.one[:0])
	if err != nil {
		return err
	}
	w.one, w.last, w.open = b, r.Time, true
	w.rows++
	return nil
}

// flush moves the rows of the newest source time to the buffer, in order. Their source times are equal, so the order of
// their bytes is that of the fields behind it.
func (w *Writer) flush() {
	switch {
	case !w.open:
	case len(w.ties) == 0:
		w.buf = append(w.buf, w.one...)
	default:
		slices.SortFunc(w.ties, bytes.Compare)
		for _, b := range w.ties {
			w.buf = append(w.buf, b...)
		}
		clear(w.ties)
		w.ties = w.ties[:0]
	}
	w.open = false
}

func (w *Writer) write() error {
	_, err := w.dst.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// Close writes what is left and the number of rows, which it returns. It does not close the destination.
func (w *Writer) Close() (rows uint64, err error) {
	if w.err != nil {
		return 0, w.err
	}
	w.flush()
	w.buf = binary.BigEndian.AppendUint64(w.buf, w.rows)
	if err := w.write(); err != nil {
		w.err = err
		return 0, err
	}
	w.err = errors.New("the tuples are closed")
	return w.rows, nil
}

// Encode is the canonical bytes of all rows at once.
func Encode(h Header, rows []Row) ([]byte, error) {
	var b bytes.Buffer
	w := NewWriter(&b, h)
	for i := range rows {
		if err := w.Add(&rows[i]); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
	}
	_, err := w.Close()
	return b.Bytes(), err
}
