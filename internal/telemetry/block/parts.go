package block

import (
	"encoding/binary"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"jingwei/internal/telemetry/column"
	"jingwei/internal/telemetry/sum"
)

// Summaries of parts cost about 3 % of the bytes; of fewer rows it would be more.
const (
	partRows  = 240 // in the mean, at least
	leastRows = 480 // of a chunk that is divided
)

// partSteps are the spans at whose multiples (in UTC) a chunk is divided into parts.
var partSteps = [...]int64{int64(time.Minute), int64(5 * time.Minute), int64(15 * time.Minute), int64(time.Hour), int64(6 * time.Hour), int64(24 * time.Hour)}

// stepFor returns the step by which a chunk of n rows over a span is divided into parts, 0 if it is not divided.
func stepFor(n int, minTime, maxTime int64) int64 {
	if n < leastRows {
		return 0
	}
	span := maxTime - minTime
	for _, step := range partSteps {
		if float64(n)*float64(step) < float64(partRows)*float64(span) {
			continue
		}
		if part(minTime, step) == part(maxTime, step) {
			return 0
		}
		return step
	}
	return 0
}

// part returns the number of the step that a time lies in.
func part(t, step int64) int64 {
	i := t / step
	if t%step < 0 {
		i--
	}
	return i
}

// AppendEnds appends, for each part of rows in order of time, the row at which the next one begins.
func AppendEnds(dst []int32, t []int64, step int64) []int32 {
	for i := 0; i < len(t); {
		end := (part(t[i], step) + 1) * step
		lo, hi := i+1, len(t)
		for lo < hi {
			if k := int(uint(lo+hi) >> 1); t[k] < end {
				lo = k + 1
			} else {
				hi = k
			}
		}
		i = lo
		dst = append(dst, int32(i))
	}
	return dst
}

// seldom tells whether values change so seldom that a page of so many bytes is read by its changes, as quickly as summaries of parts.
func seldom(bytes, rows int) bool { return bytes*8 <= rows }

// changes reads a page by its changes, where it can.
func changes(t Type, page []byte, n int, c *column.Changes) bool {
	if !seldom(len(page), n) {
		return false
	}
	switch t {
	case Float64:
		return column.FloatChanges(page, n, c)
	case Int64:
		return column.IntChanges(page, n, c)
	case Bool:
		return column.BoolChanges(page, n, c)
	}
	return false
}

// DecodeChanges reads the chunk's values by the rows at which they change. ok is false where they do so often, or are kept
// in another way: then DecodeValues reads them.
func (ch *Chunk) DecodeChanges(c *column.Changes) (ok bool, err error) {
	if !seldom(int(ch.value.len), ch.Rows) {
		return false, nil
	}
	r := ch.Block
	defer r.guard(debug.SetPanicOnFault(true), &err)
	body, err := r.page(ch.value, "values")
	if err != nil {
		return false, err
	}
	return changes(ch.Type, body, ch.Rows, c), nil
}

// Parts are the summaries of a chunk's parts, of those that have usable rows.
type Parts struct {
	unit    int      // exponent of two
	extents []uint64 // first, least, greatest, last of each part
	near    []uint64 // Float64: what its sum is near to
	sums    []int64  // the sum; Float64: its distance from near, in units
}

// Part is the summary of one part: as bits of the chunk's type.
type Part struct{ First, Min, Max, Last uint64 }

// Len returns the number of parts.
func (p *Parts) Len() int { return len(p.sums) }

// Part returns what the i-th part is from and to.
func (p *Parts) Part(i int) Part {
	e := p.extents[4*i : 4*i+4 : 4*i+4]
	return Part{e[0], e[1], e[2], e[3]}
}

// Float returns the exact sum of the i-th part, of n usable rows, of a Float64 chunk.
func (p *Parts) Float(i, n int) sum.Pair {
	x := p.Part(i)
	far := max(math.Abs(math.Float64frombits(x.Min)), math.Abs(math.Float64frombits(x.Max)))
	return sum.FromNear(math.Float64frombits(p.near[i]), p.sums[i], p.unit, uint64(n), far)
}

// Int returns the exact sum of the i-th part of an Int64 or Bool chunk.
func (p *Parts) Int(i int) sum.Int { return sum.Int{Hi: p.sums[i] >> 63, Lo: uint64(p.sums[i])} }

// partsRef says where the summaries of a chunk's parts are; step 0: there are none.
type partsRef struct {
	step int64
	page pageRef
}

// PartStep returns the span at whose multiples (UTC) the chunk's parts begin and end, ns; 0 if it has none.
func (ch *Chunk) PartStep() int64 { return ch.parts.step }

// PartsAt returns where in the file the summaries of parts are, and their length.
func (ch *Chunk) PartsAt() (off, length int) { return int(ch.parts.page.off), int(ch.parts.page.len) }

// DecodeParts reads the summaries of the chunk's parts, of those n that have usable rows; AppendEnds tells where parts end.
func (ch *Chunk) DecodeParts(n int, p *Parts) (err error) {
	r := ch.Block
	defer r.guard(debug.SetPanicOnFault(true), &err)
	body, err := r.page(ch.parts.page, "summaries of parts")
	if err != nil {
		return err
	}
	if n > ch.Rows {
		n = ch.Rows
	}
	if err = p.decode(ch.Type, n, body); err != nil {
		return r.damage(int64(ch.parts.page.off), "page of summaries of parts", err)
	}
	return nil
}

// VerifyParts tells whether the summaries of the chunk's parts and the tallies of its frame, if it has any, are as they were
// written.
func (ch *Chunk) VerifyParts() (err error) {
	r := ch.Block
	defer r.guard(debug.SetPanicOnFault(true), &err)
	if ch.tallies.step != 0 {
		if _, err = r.page(ch.tallies.page, "tallies"); err != nil {
			return err
		}
	}
	if ch.parts.step != 0 {
		_, err = r.page(ch.parts.page, "summaries of parts")
	}
	return err
}

func (p *Parts) decode(t Type, n int, body []byte) (err error) {
	c := cursor{b: body}
	if n < 1 || 4*n > column.MaxRows {
		return column.ErrMalformed
	}
	p.extents, p.near, p.sums = p.extents[:0], p.near[:0], p.sums[:0]
	extents := c.bytes(c.uvarint())
	switch t {
	case Float64:
		unit := c.varint()
		near := c.bytes(c.uvarint())
		if c.bad || unit < -900 || unit > 900 {
			return column.ErrMalformed
		}
		p.unit = int(unit)
		if p.extents, err = column.DecodeFloats(extents, 4*n, p.extents); err != nil {
			return err
		}
		if p.near, err = column.DecodeFloats(near, n, p.near); err != nil {
			return err
		}
	case Int64, Bool:
		w, err := column.DecodeInts(extents, 4*n, signed(p.extents[:cap(p.extents)])[:0])
		if err != nil {
			return err
		}
		p.extents = unsigned(w)
	default:
		return column.ErrMalformed
	}
	p.sums, err = column.DecodeInts(c.b, n, p.sums)
	return err
}

// partMaker is the working memory of summaries of parts.
type partMaker struct {
	ends    []int32
	extents []uint64
	pairs   []sum.Pair
	near    []uint64
	sums    []int64
	keep    []uint64
	page    []byte
	changes column.Changes
}

// summarize computes the summary of a chunk by way of its parts, and keeps theirs. ok is false where a part has no exact sum in a
// pair, a value is NaN or no row is usable: then the chunk has no parts.
func (m *partMaker) summarize(t Type, step int64, f *Frame, v *Values, plain bool) (s Summary, ok bool) {
	m.ends = AppendEnds(m.ends[:0], f.Time, step)
	m.extents, m.pairs, m.sums = m.extents[:0], m.pairs[:0], m.sums[:0]
	var total sum.Float
	from := 0
	for _, end := range m.ends {
		rows := v.Bits[from:end]
		if !plain {
			rows = m.keep[:0]
			for i := from; i < int(end); i++ {
				if usable(f, i) {
					rows = append(rows, v.Bits[i])
				} else if f.Status[i]>>30 == 1 {
					s.Uncertain++
				}
			}
			m.keep = rows
		}
		if from = int(end); len(rows) == 0 {
			continue
		}
		s.Good += uint32(len(rows))
		first, last := rows[0], rows[len(rows)-1]
		if t == Float64 {
			least, greatest, nan := Extent(rows)
			if nan {
				return s, false
			}
			var one sum.Float
			one.AddBitsBetween(rows, least, greatest)
			p, ok := one.Pair()
			if !ok {
				return s, false
			}
			total.AddPair(p)
			m.pairs = append(m.pairs, p)
			m.extents = append(m.extents, first, math.Float64bits(least), math.Float64bits(greatest), last)
			continue
		}
		least, greatest := int64(first), int64(first)
		var one sum.Int
		for _, x := range rows {
			least, greatest = min(least, int64(x)), max(greatest, int64(x))
			one.Add(int64(x))
		}
		if one.Hi != int64(one.Lo)>>63 {
			return s, false
		}
		s.Int.AddInt(one)
		m.sums = append(m.sums, int64(one.Lo))
		m.extents = append(m.extents, first, uint64(least), uint64(greatest), last)
	}
	if s.Good == 0 {
		return s, false
	}
	s.Notes |= HasNumbers
	s.First, s.Last = m.extents[0], m.extents[len(m.extents)-1]
	s.Min, s.Max = m.extents[1], m.extents[2]
	for k := 4; k < len(m.extents); k += 4 {
		least, greatest := m.extents[k+1], m.extents[k+2]
		if t != Float64 {
			s.Min, s.Max = uint64(min(int64(s.Min), int64(least))), uint64(max(int64(s.Max), int64(greatest)))
			continue
		}
		if ordered(least) < ordered(s.Min) {
			s.Min = least
		}
		if ordered(greatest) > ordered(s.Max) {
			s.Max = greatest
		}
	}
	if t != Float64 {
		s.Notes |= HasSum
	} else if p, ok := total.Pair(); ok {
		s.Sum = p
		s.Notes |= HasSum
	}
	return s, true
}

// steadyWithin tells whether the rows of each part of the chunk that was summarized last are all usable or all equal: then the
// rows at which its values change, and the tallies of its frame, tell all that summaries of its parts would.
func (m *partMaker) steadyWithin(f *Frame) bool {
	at := m.changes.Rows
	from := int32(0)
	for _, end := range m.ends {
		for len(at) > 0 && at[0] <= from {
			at = at[1:]
		}
		for i := from; i < end && len(at) > 0 && at[0] < end; i++ {
			if !usable(f, int(i)) {
				return false
			}
		}
		from = end
	}
	return true
}

// appendPage appends the page of the parts that were summarized last. decimals is the power of ten of which the values are
// multiples, 0 if there is none. ok is false where a sum cannot be told so.
func (m *partMaker) appendPage(dst []byte, t Type, decimals float64, s *column.Scratch) (_ []byte, ok bool) {
	if t != Float64 {
		dst = m.appendPart(dst, column.AppendInts(m.page[:0], signed(m.extents), s))
		return column.AppendInts(dst, m.sums, s), true
	}
	m.near = m.near[:0]
	unit := 1 << 20
	for i := range m.pairs {
		near := m.pairs[i].Near(decimals)
		e, ok := m.pairs[i].Unit(near)
		if !ok {
			return dst, false
		}
		unit = min(unit, e)
		m.near = append(m.near, math.Float64bits(near))
	}
	for i := range m.pairs {
		near := math.Float64frombits(m.near[i])
		rest, ok := m.pairs[i].Rest(near, unit)
		if !ok {
			return dst, false
		}
		m.sums = append(m.sums, rest)
	}
	dst = m.appendPart(dst, column.AppendFloats(m.page[:0], m.extents, s))
	dst = binary.AppendVarint(dst, int64(unit))
	dst = m.appendPart(dst, column.AppendFloats(m.page[:0], m.near, s))
	return column.AppendInts(dst, m.sums, s), true
}

func (m *partMaker) appendPart(dst, page []byte) []byte {
	m.page = page
	return append(binary.AppendUvarint(dst, uint64(len(page))), page...)
}

// extensionParts is the kind of a record in a chunk's extension.
const extensionParts = 1

// appendExtension writes what follows a chunk's summary.
func appendExtension(d []byte, values pageRef, p partsRef) []byte {
	if p.step == 0 {
		return append(d, 0)
	}
	var b [2*binary.MaxVarintLen64 + 8]byte
	body := append(b[:0], extensionParts)
	body = binary.AppendUvarint(body, uint64(p.step/int64(time.Minute)))
	body = binary.AppendVarint(body, int64(p.page.off)-int64(values.off)-int64(values.len)-checkLen)
	body = binary.AppendUvarint(body, uint64(p.page.len))
	d = append(d, byte(len(body)))
	return append(d, body...)
}

// readExtension reads what follows a chunk's summary. A kind that it does not know it passes over.
func (r *Reader) readExtension(b []byte, ch *Chunk) (ok bool) {
	c := cursor{b: b}
	if len(b) == 0 || c.uvarint() != extensionParts {
		return !c.bad
	}
	minutes, distance, length := c.uvarint(), c.varint(), c.uvarint()
	step := int64(minutes) * int64(time.Minute)
	if c.bad || minutes > 1<<16 || !slices.Contains(partSteps[:], step) || ch.Type == String {
		return false
	}
	off := int64(ch.value.off) + int64(ch.value.len) + checkLen + distance
	if ch.parts.page, ok = r.pageRef(uint64(off), length); !ok {
		return false
	}
	ch.parts.step = step
	return true
}
