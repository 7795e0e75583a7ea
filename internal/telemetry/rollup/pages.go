package rollup

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/column"
)

// PagesVersion is the version of the form of Encode.
//
//	byte     version
//	byte     type of the series
//	uvarint  number of rows
//	uvarint  which columns follow: bit i for column i of the list in columns; one that does not is zero throughout
//	columns  each: uvarint length in bytes, page
//	4 bytes  CRC-32C of all that, little-endian
//
// Pages of numbers are those of package column. Columns are written as what is left when the likely is taken away:
// widths less a minute, covered time less the width, and so on.
const PagesVersion = 1

// Limits of pages.
const (
	MaxRows  = column.MaxRows // rows of one Encode: 45 days of minutes
	MaxBytes = 64 << 20       // of one Encode: Decode takes no more
	// moreTerms bounds the terms of all Total.More of one Encode, so that a few bytes do not decode to gigabytes.
	moreTerms = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode writes rows of one series, in order of time, column by column. What is the same in all rows costs nearly
// nothing. Too many rows are an error that wraps ErrTooMany, rows of more than one type one that wraps ErrRows.
func Encode(rows []Row) ([]byte, error) {
	if len(rows) > MaxRows {
		return nil, fmt.Errorf("encode %d rows, at most %d: %w", len(rows), MaxRows, ErrTooMany)
	}
	p := pages{rows: rows}
	if len(rows) > 0 {
		p.typ = rows[0].Type
	}
	more := 0
	for i := range rows {
		for _, t := range rows[i].totals() {
			more += len(t.More)
		}
	}
	if more > moreTerms {
		return nil, fmt.Errorf("encode %d further terms of sums, at most %d: %w", more, moreTerms, ErrTooMany)
	}
	for i := range rows {
		if rows[i].Type != p.typ {
			return nil, fmt.Errorf("encode a row of type %s after rows of type %s: %w", rows[i].Type, p.typ, ErrRows)
		}
		if i > 0 && rows[i].From < rows[i-1].To {
			return nil, fmt.Errorf("encode the row of %s after one that ends at %s: %w", instant(rows[i].From), instant(rows[i-1].To), ErrRows)
		}
		if err := rows[i].check(); err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
	}
	var which uint64
	for i, c := range columns {
		at := len(p.out)
		c.write(&p)
		if len(p.out) > at {
			which |= 1 << i
		}
	}
	dst := append(make([]byte, 0, len(p.out)+24), PagesVersion, byte(p.typ))
	dst = binary.AppendUvarint(dst, uint64(len(rows)))
	dst = binary.AppendUvarint(dst, which)
	dst = append(dst, p.out...)
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst, castagnoli))
	if len(dst) > MaxBytes {
		return nil, fmt.Errorf("encode %d rows into %d bytes, at most %d: %w", len(rows), len(dst), MaxBytes, ErrTooMany)
	}
	return dst, nil
}

// Decode reads what Encode wrote. Other bytes are an error that wraps ErrMalformed.
func Decode(src []byte) ([]Row, error) {
	bad := func(what string) ([]Row, error) { return nil, fmt.Errorf("page of rows: %s: %w", what, ErrMalformed) }
	if len(src) > MaxBytes {
		return bad(fmt.Sprintf("%d bytes, at most %d", len(src), MaxBytes))
	}
	if len(src) < 8 || src[0] != PagesVersion {
		return bad("too short, or of an unknown version")
	}
	body := src[:len(src)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(src[len(body):]) {
		return bad("its checksum does not agree")
	}
	typ, body := telemetry.Type(body[1]), body[2:]
	n, k := binary.Uvarint(body)
	if k <= 0 || n > MaxRows {
		return bad("number of rows")
	}
	body = body[k:]
	which, k := binary.Uvarint(body)
	if k <= 0 || bits.Len64(which) > len(columns) {
		return bad("unknown columns")
	}
	if !typ.Valid() && (n > 0 || typ != 0) || n == 0 && which != 0 {
		return bad("type " + typ.String())
	}
	p := pages{typ: typ, in: body[k:], rows: make([]Row, n)}
	for i := range p.rows {
		p.rows[i].Type = typ
	}
	for i, c := range columns {
		p.present = which>>i&1 != 0
		if err := c.read(&p); err != nil {
			return bad(fmt.Sprintf("column %s: %v", c.name, err))
		}
	}
	if len(p.in) != 0 {
		return bad(fmt.Sprintf("%d bytes too many", len(p.in)))
	}
	for i := range p.rows {
		if err := p.rows[i].check(); err != nil {
			return nil, err
		}
		if i > 0 && p.rows[i].From < p.rows[i-1].To {
			return bad("order of its rows")
		}
	}
	if len(p.rows) == 0 {
		return nil, nil
	}
	return p.rows, nil
}

// pages is the work of one Encode or Decode.
type pages struct {
	typ     telemetry.Type
	rows    []Row
	scratch column.Scratch
	out     []byte // written
	in      []byte // to be read
	present bool   // the column that is being read
	ints    []int64
	floats  []uint64
	texts   []string
}

// pageColumn is a column of pages. Their order is the format.
type pageColumn struct {
	name  string
	write func(*pages)
	read  func(*pages) error
}

// each makes the column of a number of every row: get gives what is written, put takes it when all columns before have
// been read.
func each(name string, get func(*Row) int64, put func(*Row, int64)) pageColumn {
	return pageColumn{name,
		func(p *pages) {
			v := p.ints[:0]
			for i := range p.rows {
				v = append(v, get(&p.rows[i]))
			}
			p.ints = v
			p.writeInts(v)
		},
		func(p *pages) error {
			v, err := p.readInts(len(p.rows))
			if err != nil {
				return err
			}
			for i := range p.rows {
				x := int64(0)
				if v != nil {
					x = v[i]
				}
				put(&p.rows[i], x)
			}
			return nil
		}}
}

// value makes the column of a value of the series' type of every row.
func value(name string, at func(*Row) *uint64) pageColumn {
	numbers := each(name, func(r *Row) int64 { return int64(*at(r)) }, func(r *Row, x int64) { *at(r) = uint64(x) })
	floats := float(name, at)
	return pageColumn{name,
		func(p *pages) {
			if p.typ == telemetry.Float64 {
				floats.write(p)
			} else {
				numbers.write(p)
			}
		},
		func(p *pages) error {
			if p.typ == telemetry.Float64 {
				return floats.read(p)
			}
			return numbers.read(p)
		}}
}

// float makes the column of a float64 of every row.
func float(name string, at func(*Row) *uint64) pageColumn {
	return pageColumn{name,
		func(p *pages) {
			v := p.floats[:0]
			for i := range p.rows {
				v = append(v, *at(&p.rows[i]))
			}
			p.floats = v
			p.writeFloats(v)
		},
		func(p *pages) error {
			v, err := p.readFloats(len(p.rows))
			for i, x := range v {
				*at(&p.rows[i]) = x
			}
			return err
		}}
}

func heads(name string, of func(*Row) *Total) pageColumn {
	return pageColumn{name,
		func(p *pages) {
			v := p.floats[:0]
			for i := range p.rows {
				v = append(v, math.Float64bits(of(&p.rows[i]).Hi))
			}
			p.floats = v
			p.writeFloats(v)
		},
		func(p *pages) error {
			v, err := p.readFloats(len(p.rows))
			for i, x := range v {
				of(&p.rows[i]).Hi = math.Float64frombits(x)
			}
			return err
		}}
}

func (p *pages) block(write func(dst []byte) []byte) {
	page := write(nil)
	p.out = binary.AppendUvarint(p.out, uint64(len(page)))
	p.out = append(p.out, page...)
}

// next takes the next page.
func (p *pages) next() ([]byte, error) {
	n, k := binary.Uvarint(p.in)
	if k <= 0 || n > uint64(len(p.in)-k) {
		return nil, fmt.Errorf("cut off: %w", ErrMalformed)
	}
	page := p.in[k : k+int(n)]
	p.in = p.in[k+int(n):]
	return page, nil
}

// writeInts writes any number of integers, a page for each MaxRows of them, or nothing if all are zero.
func (p *pages) writeInts(v []int64) {
	if zeros(v) {
		return
	}
	for len(v) > 0 {
		part := v[:min(len(v), column.MaxRows)]
		v = v[len(part):]
		p.block(func(dst []byte) []byte { return column.AppendInts(dst, part, &p.scratch) })
	}
}

func (p *pages) readInts(n int) ([]int64, error) {
	if !p.present {
		return nil, nil
	}
	v := p.ints[:0]
	for n > 0 {
		page, err := p.next()
		if err != nil {
			return nil, err
		}
		k := min(n, column.MaxRows)
		if v, err = column.DecodeInts(page, k, v); err != nil {
			return nil, err
		}
		n -= k
	}
	p.ints = v
	return v, nil
}

func (p *pages) writeFloats(v []uint64) {
	if zeros(v) {
		return
	}
	for len(v) > 0 {
		part := v[:min(len(v), column.MaxRows)]
		v = v[len(part):]
		p.block(func(dst []byte) []byte { return column.AppendFloats(dst, part, &p.scratch) })
	}
}

func (p *pages) readFloats(n int) ([]uint64, error) {
	if !p.present {
		return nil, nil
	}
	v := p.floats[:0]
	for n > 0 {
		page, err := p.next()
		if err != nil {
			return nil, err
		}
		k := min(n, column.MaxRows)
		if v, err = column.DecodeFloats(page, k, v); err != nil {
			return nil, err
		}
		n -= k
	}
	p.floats = v
	return v, nil
}

func (p *pages) writeTexts(v []string) {
	all := 0
	for _, s := range v {
		all += len(s)
	}
	if all == 0 {
		return
	}
	for len(v) > 0 {
		part := v[:min(len(v), column.MaxRows)]
		v = v[len(part):]
		p.block(func(dst []byte) []byte { return column.AppendStrings(dst, part, &p.scratch) })
	}
}

func (p *pages) readTexts(n int) ([]string, error) {
	if !p.present {
		return nil, nil
	}
	v := p.texts[:0]
	for n > 0 {
		page, err := p.next()
		if err != nil {
			return nil, err
		}
		k := min(n, column.MaxRows)
		if v, err = column.DecodeStrings(page, k, v); err != nil {
			return nil, err
		}
		n -= k
	}
	p.texts = v
	return v, nil
}

func zeros[T int64 | uint64](v []T) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}
