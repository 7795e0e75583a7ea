package tuple

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"
)

// Columns are the rows of one (series, commit day) packed column by column, as they are handed to somebody who computes a leaf again. The
// canonical bytes are Encode's; columns are a small way to send them. docs/formats/evidence.md has every byte.
const (
	columnsMagic   = "JWCOLUMN"
	columnsVersion = 1
	columnsHead    = 8 + 2 + 16 + 4 + 8 + 8
	streams        = 12
)

// Bounds of columns.
const (
	MaxColumnRows = 8_000_000 // of one series and day: 86,400 seconds of 92 samples
	maxColumns    = 512 << 20 // bytes unpacked
	densest       = 1 << 15   // bytes that one packed byte can stand for: a block of 128 KiB of one byte has four
)

// ErrColumns says that bytes are no columns.
var ErrColumns = errors.New("not the packed samples of a series and day")

// Columns packs rows. Its zero value is not ready: see NewColumns.
type Columns struct {
	head    Header
	rows    uint64
	last    Row
	wait    int64 // gateway time after source time, of the row before
	step    int64
	streams [streams][]byte
}

// NewColumns begins with the header.
func NewColumns(h Header) *Columns { return &Columns{head: h} }

// The streams, in their order.
const (
	ofTime     = iota // source time: difference of differences
	ofCommit          // difference
	ofRevision        // difference
	ofGateway         // difference of what it is after the source time
	ofStatus          // exclusive or with the row before, as are flags, origin and type
	ofFlags
	ofOrigin
	ofType
	ofWords // of float64: exclusive or, 8 bytes each, the least first: first bytes first, then all second ones, and so on
	ofWhole // of int64: difference
	ofBool  // a byte each
	ofTexts // length and bytes
)

func (c *Columns) signed(stream int, n int64) {
	c.streams[stream] = binary.AppendVarint(c.streams[stream], n)
}

func (c *Columns) plain(stream int, n uint64) {
	c.streams[stream] = binary.AppendUvarint(c.streams[stream], n)
}

// Add adds a row, in the order in which Writer takes them. Errors: as Row.Append; more than MaxColumnRows.
func (c *Columns) Add(r *Row) error {
	if c.rows >= MaxColumnRows {
		return fmt.Errorf("series %s has more than %d rows of one day", c.head.Series, MaxColumnRows)
	}
	if _, err := r.Append(nil); err != nil {
		return err
	}
	l := &c.last
	step, wait := r.Time-l.Time, r.Gateway-r.Time
	c.signed(ofTime, step-c.step)
	c.signed(ofCommit, int64(r.Commit-l.Commit))
	c.signed(ofRevision, int64(r.Revision)-int64(l.Revision))
	c.signed(ofGateway, wait-c.wait)
	c.plain(ofStatus, uint64(r.Status^l.Status))
	c.plain(ofFlags, uint64(r.Flags^l.Flags))
	c.plain(ofOrigin, uint64(r.Origin^l.Origin))
	c.plain(ofType, uint64(r.Type^l.Type))
	bits := l.Bits
	switch r.Type {
	case Float64:
		c.streams[ofWords] = binary.LittleEndian.AppendUint64(c.streams[ofWords], r.Bits^bits)
		bits = r.Bits
	case Int64:
		c.signed(ofWhole, int64(r.Bits-bits))
		bits = r.Bits
	case Bool:
		c.streams[ofBool] = append(c.streams[ofBool], byte(r.Bits))
	case String:
		c.plain(ofTexts, uint64(len(r.Text)))
		c.streams[ofTexts] = append(c.streams[ofTexts], r.Text...)
	}
	c.step, c.wait, c.last = step, wait, *r
	c.last.Bits, c.last.Text = bits, ""
	c.rows++
	return nil
}

// packing is the one encoder and decoder of this package; both are safe for concurrent use.
var packing = sync.OnceValues(func() (*zstd.Encoder, *zstd.Decoder) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are constants
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxColumns), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err)
	}
	return enc, dec
})

// Bytes are the packed columns.
func (c *Columns) Bytes() []byte {
	out := append(make([]byte, 0, columnsHead), columnsMagic...)
	out = binary.BigEndian.AppendUint16(out, columnsVersion)
	out = append(out, c.head.Series[:]...)
	out = binary.BigEndian.AppendUint32(out, uint32(c.head.Day))
	out = binary.BigEndian.AppendUint64(out, c.rows)
	var body []byte
	for i := range c.streams {
		b := c.streams[i]
		if i == ofWords {
			b = planes(b)
		}
		body = append(binary.AppendUvarint(body, uint64(len(b))), b...)
	}
	enc, _ := packing()
	return enc.EncodeAll(body, binary.BigEndian.AppendUint64(out, uint64(len(body))))
}

// planes puts bytes of words that do not change next to each other.
func planes(b []byte) []byte {
	n := len(b) / 8
	out := make([]byte, len(b))
	for i := range n {
		for k := range 8 {
			out[k*n+i] = b[i*8+k]
		}
	}
	return out
}

// ReadColumns calls yield with each row; it is valid during the call. Errors: ErrColumns; that of yield.
func ReadColumns(b []byte, yield func(*Row) error) (Header, error) {
	bad := func(format string, a ...any) (Header, error) {
		return Header{}, fmt.Errorf("%w: %s", ErrColumns, fmt.Sprintf(format, a...))
	}
	if len(b) < columnsHead || string(b[:8]) != columnsMagic || binary.BigEndian.Uint16(b[8:]) != columnsVersion {
		return bad("they do not begin with %s and version %d", columnsMagic, columnsVersion)
	}
	var h Header
	h.Series = uuid.UUID(b[10:26])
	h.Day = int32(binary.BigEndian.Uint32(b[26:]))
	rows := binary.BigEndian.Uint64(b[30:])
	if rows > MaxColumnRows {
		return bad("%d rows, at most %d are read", rows, MaxColumnRows)
	}
	size := binary.BigEndian.Uint64(b[38:])
	if size > maxColumns || size > densest*uint64(len(b)) {
		return bad("%d bytes are said to be in %d", size, len(b))
	}
	_, dec := packing()
	body, err := dec.DecodeAll(b[columnsHead:], make([]byte, 0, size))
	if err == nil && uint64(len(body)) != size {
		err = errCut
	}
	if err != nil {
		return bad("the columns: %v", err)
	}
	var r unpacking
	for i := range r.streams {
		n, size := binary.Uvarint(body)
		if size <= 0 || n > uint64(len(body)-size) {
			return bad("column %d is cut off", i)
		}
		r.streams[i], body = body[size:size+int(n)], body[size+int(n):]
	}
	if len(body) > 0 {
		return bad("something stands behind the last column")
	}
	if uint64(len(r.streams[ofType])) < rows {
		return bad("%d rows have %d types", rows, len(r.streams[ofType]))
	}
	if r.words = len(r.streams[ofWords]) / 8; r.words*8 != len(r.streams[ofWords]) {
		return bad("%d bytes of words of 8", len(r.streams[ofWords]))
	}
	var row Row
	for i := range rows {
		if err := r.next(&row); err != nil {
			return bad("row %d: %v", i, err)
		}
		if err := yield(&row); err != nil {
			return h, err
		}
	}
	if r.word != r.words {
		return bad("%d words stand for %d values", r.words, r.word)
	}
	for i, s := range r.streams {
		if len(s) > 0 && i != ofWords {
			return bad("column %d has more than %d rows", i, rows)
		}
	}
	return h, nil
}

// unpacking is the state of reading columns.
type unpacking struct {
	streams    [streams][]byte
	word       int // of words, that is read next
	words      int
	last       Row
	wait, step int64
	err        error
}

var errCut = errors.New("a column ends")

func (u *unpacking) signed(stream int) int64 {
	n, size := binary.Varint(u.streams[stream])
	if size <= 0 {
		u.err = errCut
		return 0
	}
	u.streams[stream] = u.streams[stream][size:]
	return n
}

func (u *unpacking) plain(stream int, most uint64) uint64 {
	n, size := binary.Uvarint(u.streams[stream])
	if size <= 0 || n > most {
		u.err = errCut
		return 0
	}
	u.streams[stream] = u.streams[stream][size:]
	return n
}

func (u *unpacking) next(r *Row) error {
	l := &u.last
	u.step += u.signed(ofTime)
	*r = Row{Time: l.Time + u.step}
	r.Commit = l.Commit + uint64(u.signed(ofCommit))
	r.Revision = uint32(int64(l.Revision) + u.signed(ofRevision))
	u.wait += u.signed(ofGateway)
	r.Gateway = r.Time + u.wait
	r.Status = l.Status ^ uint32(u.plain(ofStatus, math.MaxUint32))
	r.Flags = l.Flags ^ uint16(u.plain(ofFlags, math.MaxUint16))
	r.Origin = l.Origin ^ uint8(u.plain(ofOrigin, math.MaxUint8))
	r.Type = l.Type ^ Type(u.plain(ofType, math.MaxUint8))
	bits := l.Bits
	switch r.Type {
	case Null:
	case Float64:
		if u.word >= u.words {
			return errCut
		}
		var x uint64
		for k := range 8 {
			x |= uint64(u.streams[ofWords][k*u.words+u.word]) << (8 * k)
		}
		u.word++
		r.Bits = bits ^ x
		bits = r.Bits
	case Int64:
		r.Bits = bits + uint64(u.signed(ofWhole))
		bits = r.Bits
	case Bool:
		r.Bits = u.plain(ofBool, 1)
	case String:
		n := int(u.plain(ofTexts, uint64(len(u.streams[ofTexts]))))
		if n > len(u.streams[ofTexts]) {
			return errCut
		}
		r.Text = string(u.streams[ofTexts][:n])
		u.streams[ofTexts] = u.streams[ofTexts][n:]
	default:
		return fmt.Errorf("value type %d is not known", r.Type)
	}
	u.last = *r
	u.last.Bits, u.last.Text = bits, ""
	return u.err
}
