package block

import (
	"encoding/binary"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"jingwei/internal/telemetry/column"
)

// Tally is what the rows of one part of a frame come to, apart from values. Rows that are withdrawn do not count.
type Tally struct {
	Rows      int   // all of them
	Count     int   // those that count
	Good      int   // of good status with a value; a NaN, which a frame does not know, is one of them here
	Uncertain int   // of uncertain status
	First     int64 // source time of the first row that counts; where none does, of the first row
	Last      int64 // of the last one, likewise
	// Covered is the time between good rows and the next row of the part that counts, ns, but for long gaps, which are told of
	// apart. LastGood tells whether the last row is good, so that it may cover what follows the part.
	Covered  int64
	LastGood bool
}

// LongGap is a time between a good row and the next of its part that counts which is much longer than others.
type LongGap struct {
	Part int   // in the list of tallies
	Gap  int64 // ns
}

// Tallies are the tallies of a frame's parts that have rows, in order.
type Tallies struct {
	Gap  int64 // the longest time between a good row and the next of its part that counts, but for long gaps, ns
	List []Tally
	Long []LongGap // in order of parts

	rows, first, length []int64 // columns, working memory
	page                []byte
}

// flagWithdrawn marks a row that takes the sample of its time away.
const flagWithdrawn = 1 << 14

// A gap is long from so many times the mean distance of rows, if there are not more than one in so many rows.
const (
	longGap  = 3
	longRows = 100
)

// reckon computes the tallies of a frame's parts.
func (t *Tallies) reckon(f *Frame, ends []int32) {
	t.Gap, t.List, t.Long = 0, t.List[:0], t.Long[:0]
	n := len(f.Time)
	long := int64(math.MaxInt64)
	if n > 1 {
		long = (f.Time[n-1] - f.Time[0]) / int64(n-1) * longGap
	}
	from := 0
	for _, end := range ends {
		p := Tally{Rows: int(end) - from, First: f.Time[from], Last: f.Time[from]}
		for i := from; i < int(end); i++ {
			if f.Flags[i]&flagWithdrawn != 0 {
				continue
			}
			at := f.Time[i]
			if p.Count == 0 {
				p.First = at
			} else if p.LastGood {
				if gap := at - p.Last; gap <= long {
					p.Covered += gap
					t.Gap = max(t.Gap, gap)
				} else {
					t.Long = append(t.Long, LongGap{len(t.List), gap})
				}
			}
			p.Count++
			p.Last, p.LastGood = at, usable(f, i)
			if p.LastGood {
				p.Good++
			} else if f.Status[i]>>30 == 1 {
				p.Uncertain++
			}
		}
		t.List = append(t.List, p)
		from = int(end)
	}
	if len(t.Long)*longRows > n { // they are what is usual here
		for _, g := range t.Long {
			t.List[g.Part].Covered += g.Gap
			t.Gap = max(t.Gap, g.Gap)
		}
		t.Long = t.Long[:0]
	}
}

// plain tells whether all rows of a part are good.
func (p *Tally) plain() bool { return p.Good == p.Rows }

// appendPage appends the page of the tallies.
func (t *Tallies) appendPage(dst []byte, s *column.Scratch) []byte {
	t.rows, t.first, t.length = t.rows[:0], t.first[:0], t.length[:0]
	for i := range t.List {
		p := &t.List[i]
		t.rows, t.first, t.length = append(t.rows, int64(p.Rows)), append(t.first, p.First), append(t.length, p.Last-p.First)
	}
	dst = binary.AppendUvarint(dst, uint64(len(t.List)))
	dst = binary.AppendUvarint(dst, uint64(t.Gap))
	for _, c := range [...][]int64{t.rows, t.first, t.length} {
		t.page = column.AppendInts(t.page[:0], c, s)
		dst = append(binary.AppendUvarint(dst, uint64(len(t.page))), t.page...)
	}
	others := 0
	for i := range t.List {
		if !t.List[i].plain() {
			others++
		}
	}
	dst = binary.AppendUvarint(dst, uint64(others))
	before, long := 0, t.Long
	for i := range t.List {
		p := &t.List[i]
		if p.plain() {
			continue
		}
		covered := uint64(p.Covered)
		for ; len(long) > 0 && long[0].Part <= i; long = long[1:] {
			if long[0].Part == i {
				covered += uint64(long[0].Gap)
			}
		}
		dst = binary.AppendUvarint(dst, uint64(i-before))
		dst = binary.AppendUvarint(dst, uint64(p.Rows-p.Count))
		dst = binary.AppendUvarint(dst, uint64(p.Count-p.Good))
		dst = binary.AppendUvarint(dst, uint64(p.Uncertain))
		dst = binary.AppendUvarint(dst, covered<<1|uint64(odd(p.LastGood)))
		before = i
	}
	before = 0
	for _, g := range t.Long {
		dst = binary.AppendUvarint(dst, uint64(g.Part-before))
		dst = binary.AppendUvarint(dst, uint64(g.Gap))
		before = g.Part
	}
	return dst
}

func odd(b bool) (x uint8) {
	if b {
		x = 1
	}
	return x
}

// decode reads the tallies of a frame of so many rows between two times, in parts of a step.
func (t *Tallies) decode(body []byte, rows int, step, minTime, maxTime int64) (err error) {
	c := cursor{b: body}
	n, gap := c.uvarint(), c.uvarint()
	if c.bad || n < 1 || n > uint64(rows) || gap > math.MaxInt64 {
		return column.ErrMalformed
	}
	t.Gap = int64(gap)
	for _, to := range [...]*[]int64{&t.rows, &t.first, &t.length} {
		if *to, err = column.DecodeInts(c.bytes(c.uvarint()), int(n), (*to)[:0]); err != nil {
			return err
		}
	}
	t.List = slices.Grow(t.List[:0], int(n))[:n]
	left, after := int64(rows), minTime
	for i := range t.List {
		k, first, length := t.rows[i], t.first[i], t.length[i]
		if k < 1 || k > left || first < after || length < 0 || length > maxTime-first || part(first, step) != part(first+length, step) {
			return column.ErrMalformed
		}
		left -= k
		after = first + length + 1
		t.List[i] = Tally{Rows: int(k), Count: int(k), Good: int(k), First: first, Last: first + length, Covered: length, LastGood: true}
	}
	if left != 0 {
		return column.ErrMalformed
	}
	others := c.uvarint()
	if c.bad || others > n {
		return column.ErrMalformed
	}
	for i := uint64(0); others > 0; others-- {
		i += c.uvarint()
		hidden, others, uncertain, covered := c.uvarint(), c.uvarint(), c.uvarint(), c.uvarint()
		if c.bad || i >= n {
			return column.ErrMalformed
		}
		p := &t.List[i]
		k := uint64(p.Rows)
		if hidden > k || others > k-hidden || uncertain > others || covered>>1 > uint64(p.Last-p.First) {
			return column.ErrMalformed
		}
		p.Count = int(k - hidden)
		p.Good, p.Uncertain = p.Count-int(others), int(uncertain)
		p.Covered, p.LastGood = int64(covered>>1), covered&1 != 0
	}
	t.Long = t.Long[:0]
	for i := uint64(0); len(c.b) > 0; {
		i += c.uvarint()
		gap := c.uvarint()
		if c.bad || i >= n || gap > uint64(math.MaxInt64) || int64(gap) > t.List[i].Last-t.List[i].First {
			return column.ErrMalformed
		}
		t.Long = append(t.Long, LongGap{int(i), int64(gap)})
		if t.List[i].Covered -= int64(gap); t.List[i].Covered < 0 {
			return column.ErrMalformed
		}
	}
	return nil
}

// talliesRef says where the tallies of a frame are; step 0: there are none.
type talliesRef struct {
	step int64
	page pageRef
}

// TallyStep returns the span at whose multiples (UTC) the parts begin and end of which the chunk's frame has tallies, ns; 0 if it has none.
func (ch *Chunk) TallyStep() int64 { return ch.tallies.step }

// TalliesAt returns where in the file the tallies of the chunk's frame are, and their length.
func (ch *Chunk) TalliesAt() (off, length int) {
	return int(ch.tallies.page.off), int(ch.tallies.page.len)
}

// DecodeTallies reads the tallies of the chunk's frame, which all chunks of the frame share.
func (ch *Chunk) DecodeTallies(t *Tallies) (err error) {
	r := ch.Block
	defer r.guard(debug.SetPanicOnFault(true), &err)
	body, err := r.page(ch.tallies.page, "tallies")
	if err != nil {
		return err
	}
	if err = t.decode(body, ch.Rows, ch.tallies.step, ch.MinTime, ch.MaxTime); err != nil {
		return r.damage(int64(ch.tallies.page.off), "page of tallies", err)
	}
	return nil
}

// extensionTallies is the kind of a record in a frame's extension.
const extensionTallies = 1

// appendFrameExtension writes what follows a frame's pages.
func appendFrameExtension(d []byte, t talliesRef) []byte {
	if t.step == 0 {
		return append(d, 0)
	}
	var b [4 * binary.MaxVarintLen64]byte
	body := append(b[:0], extensionTallies)
	body = binary.AppendUvarint(body, uint64(t.step/int64(time.Minute)))
	body = binary.AppendUvarint(body, uint64(t.page.off))
	body = binary.AppendUvarint(body, uint64(t.page.len))
	d = append(d, byte(len(body)))
	return append(d, body...)
}

// readFrameExtension reads what follows a frame's pages. A kind that it does not know it passes over.
func (r *Reader) readFrameExtension(b []byte) (t talliesRef, ok bool) {
	c := cursor{b: b}
	if len(b) == 0 || c.uvarint() != extensionTallies {
		return t, !c.bad
	}
	minutes, off, length := c.uvarint(), c.uvarint(), c.uvarint()
	if c.bad || minutes > 1<<16 || !slices.Contains(partSteps[:], int64(minutes)*int64(time.Minute)) {
		return t, false
	}
	t.page, ok = r.pageRef(off, length)
	t.step = int64(minutes) * int64(time.Minute)
	return t, ok
}
