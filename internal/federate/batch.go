package federate

import (
	"encoding/binary"
	"fmt"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/column"
)

const (
	// MaxRows is the greatest number of samples of one batch on the link.
	MaxRows = 16384
	// MaxBody is the greatest length of an encoded batch in bytes.
	MaxBody = 768 << 10

	batchFormat = 1
)

// Codec encodes and decodes batches. It keeps its working memory; one goroutine uses it at a time. In a batch that is
// encoded or has just been decoded, Ref holds the place of the series in the stream's table: real Refs never leave
// their node.
type Codec struct {
	scratch column.Scratch
	page    []byte
	ints    []int64
	words   []uint32
	bits    []uint64
	text    []string
}

// Append writes a batch: format, origin, number of rows, then the pages of package column, each behind its length:
// series, time, gateway time (as offset to time), status, flags, and the values by type. A row with NoValue has no
// value; every page follows the order of the rows. It refuses a batch that its decoder would refuse.
func (c *Codec) Append(dst []byte, t Table, b *telemetry.Batch) ([]byte, error) {
	n := b.Len()
	if n > MaxRows || len(b.Time) != n || len(b.Gateway) != n || len(b.Bits) != n {
		return dst, fmt.Errorf("encode batch: %d rows (at most %d), %d times, %d gateway times, %d values", n, MaxRows, len(b.Time), len(b.Gateway), len(b.Bits))
	}
	start := len(dst)
	dst = append(dst, batchFormat, byte(b.Origin))
	dst = binary.AppendUvarint(dst, uint64(n))
	if n == 0 {
		return dst, nil
	}
	c.ints = c.ints[:0]
	for _, ref := range b.Ref {
		if int(ref) >= len(t) {
			return dst[:start], fmt.Errorf("encode batch: series %d of a table of %d", ref, len(t))
		}
		c.ints = append(c.ints, int64(ref))
	}
	dst = c.put(dst, column.AppendInts(c.page[:0], c.ints, &c.scratch))
	dst = c.put(dst, column.AppendInts(c.page[:0], b.Time, &c.scratch))
	dst = c.put(dst, column.AppendOffsets(c.page[:0], b.Gateway, b.Time, &c.scratch))
	c.words = c.words[:0]
	for i := range n {
		c.words = append(c.words, uint32(statusOf(b, i)))
	}
	dst = c.put(dst, column.AppendRuns(c.page[:0], c.words, &c.scratch))
	c.words = c.words[:0]
	for i := range n {
		c.words = append(c.words, uint32(flagsOf(b, i)))
	}
	dst = c.put(dst, column.AppendRuns(c.page[:0], c.words, &c.scratch))
	for _, of := range valueTypes {
		page, err := c.values(of, t, b)
		if err != nil {
			return dst[:start], err
		}
		dst = c.put(dst, page)
	}
	if len(dst)-start > MaxBody {
		return dst[:start], fmt.Errorf("encode batch: %d rows take %d bytes, at most %d fit", n, len(dst)-start, MaxBody)
	}
	return dst, nil
}

// valueTypes is the order of the value pages.
var valueTypes = [...]telemetry.Type{telemetry.Float64, telemetry.Int64, telemetry.Bool, telemetry.String}

// values encodes the values of one type into c.page.
func (c *Codec) values(of telemetry.Type, t Table, b *telemetry.Batch) ([]byte, error) {
	c.bits, c.ints, c.text = c.bits[:0], c.ints[:0], c.text[:0]
	for i, ref := range b.Ref {
		if t[ref].Type != of || flagsOf(b, i)&telemetry.NoValue != 0 {
			continue
		}
		switch of {
		case telemetry.Int64:
			c.ints = append(c.ints, int64(b.Bits[i]))
		case telemetry.String:
			if b.Bits[i] >= uint64(len(b.Text)) {
				return nil, fmt.Errorf("encode batch: row %d has text %d of %d", i, b.Bits[i], len(b.Text))
			}
			c.text = append(c.text, b.Text[b.Bits[i]])
		default:
			c.bits = append(c.bits, b.Bits[i])
		}
	}
	switch of {
	case telemetry.Float64:
		return column.AppendFloats(c.page[:0], c.bits, &c.scratch), nil
	case telemetry.Int64:
		return column.AppendInts(c.page[:0], c.ints, &c.scratch), nil
	case telemetry.Bool:
		return column.AppendBools(c.page[:0], c.bits, &c.scratch), nil
	default:
		page := column.AppendStrings(c.page[:0], c.text, &c.scratch)
		clear(c.text)
		return page, nil
	}
}

func (c *Codec) put(dst, page []byte) []byte {
	c.page = page
	return appendCounted(dst, page)
}

func statusOf(b *telemetry.Batch, i int) telemetry.Status {
	if b.Status == nil {
		return telemetry.Good
	}
	return b.Status[i]
}

func flagsOf(b *telemetry.Batch, i int) telemetry.Flags {
	if b.Flags == nil {
		return 0
	}
	return b.Flags[i]
}

// Decode reads a batch into b, whose memory it uses again. Nothing is allocated beyond MaxRows rows and the bytes that
// came. Errors wrap ErrMalformed.
func (c *Codec) Decode(body []byte, t Table, b *telemetry.Batch) error {
	b.Ref, b.Time, b.Gateway, b.Bits = b.Ref[:0], b.Time[:0], b.Gateway[:0], b.Bits[:0]
	b.Status, b.Flags, b.Text = b.Status[:0], b.Flags[:0], b.Text[:0]
	r := reader{b: body}
	format, origin := r.u8(), r.u8()
	rows := r.uvarint()
	if r.err != nil {
		return r.err
	}
	if format != batchFormat {
		return malformed("batch of format %d", format)
	}
	if rows > MaxRows {
		return malformed("batch of %d rows, at most %d are allowed", rows, MaxRows)
	}
	b.Origin = telemetry.Origin(origin)
	n := int(rows)
	if n == 0 {
		return r.end()
	}
	var err error
	if c.ints, err = column.DecodeInts(r.page(), n, c.ints[:0]); err != nil {
		return badPage("series", err)
	}
	for _, place := range c.ints {
		if place < 0 || place >= int64(len(t)) {
			return malformed("series %d of a table of %d", place, len(t))
		}
		b.Ref = append(b.Ref, telemetry.Ref(place))
	}
	if b.Time, err = column.DecodeInts(r.page(), n, b.Time); err != nil {
		return badPage("time", err)
	}
	if b.Gateway, err = column.DecodeOffsets(r.page(), n, b.Time, b.Gateway); err != nil {
		return badPage("gateway time", err)
	}
	if c.words, err = column.DecodeRuns(r.page(), n, c.words[:0]); err != nil {
		return badPage("status", err)
	}
	for _, w := range c.words {
		b.Status = append(b.Status, telemetry.Status(w))
	}
	if c.words, err = column.DecodeRuns(r.page(), n, c.words[:0]); err != nil {
		return badPage("flags", err)
	}
	for _, w := range c.words {
		if w > 0xffff {
			return malformed("flags %#x", w)
		}
		b.Flags = append(b.Flags, telemetry.Flags(w))
	}
	for range n {
		b.Bits = append(b.Bits, 0)
	}
	for _, of := range valueTypes {
		if err := c.decodeValues(&r, of, t, b); err != nil {
			return err
		}
	}
	return r.end()
}

func (c *Codec) decodeValues(r *reader, of telemetry.Type, t Table, b *telemetry.Batch) error {
	n := 0
	for i, ref := range b.Ref {
		if t[ref].Type == of && b.Flags[i]&telemetry.NoValue == 0 {
			n++
		}
	}
	page := r.page()
	var err error
	switch of {
	case telemetry.Float64:
		c.bits, err = column.DecodeFloats(page, n, c.bits[:0])
	case telemetry.Bool:
		c.bits, err = column.DecodeBools(page, n, c.bits[:0])
	case telemetry.Int64:
		if c.ints, err = column.DecodeInts(page, n, c.ints[:0]); err == nil {
			c.bits = c.bits[:0]
			for _, v := range c.ints {
				c.bits = append(c.bits, uint64(v))
			}
		}
	case telemetry.String:
		if b.Text, err = column.DecodeStrings(page, n, b.Text); err == nil {
			c.bits = c.bits[:0]
			for i := range n {
				c.bits = append(c.bits, uint64(i))
			}
		}
	}
	if err != nil {
		return badPage("value", err)
	}
	k := 0
	for i, ref := range b.Ref {
		if t[ref].Type == of && b.Flags[i]&telemetry.NoValue == 0 {
			b.Bits[i] = c.bits[k]
			k++
		}
	}
	return nil
}

func (r *reader) page() []byte { return r.counted(MaxBody) }

func badPage(what string, err error) error { return malformed("%s page: %v", what, err) }
