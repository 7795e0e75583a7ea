package telemetry

import (
	"context"
	"math"
	"slices"
	"unsafe"

	"jingwei/internal/telemetry/block"
)

// Span is a span of source time, half-open: From is in it, To is not. Nanoseconds.
type Span struct{ From, To int64 }

// run is a part of a series' samples in order of source time: rows i to j of the columns. Only the columns asked for are
// there.
type run struct {
	frame  *block.Frame
	values *block.Values
	i, j   int
	notes  uint8  // of the frames
	loser  []bool // with history: which rows were superseded; nil: none
	// keys and the window name the frame across the series of one query: runs of equal keys, lo and hi have equal columns.
	// No keys: the frame is this series' own.
	keys   []frameKey
	lo, hi int64
}

// frameKey names a frame across the series of one query.
type frameKey struct {
	place unsafe.Pointer // of the block's reader or the head
	at    uint64
}

// scanner reads series from a view. It belongs to one goroutine and keeps its memory.
type scanner struct {
	v       *view
	blocks  []*blockFile // those that overlap the span of the query
	want    block.Set
	history bool // superseded samples are looked at
	past    bool // and given
	asOf    uint64
	damaged func(*blockFile, error)

	frames  map[frameKey]*block.Frame
	unused  []*block.Frame
	chunks  []block.Chunk
	sources []*source
	free    []*source
	spare   []block.Values
	sorter  orderScratch
	concat  rows
	merged  rows
	last    mergedFrame // whose columns are in merged
	parts   []clipped
	keys    []frameKey
	loser   []bool
	left    rows     // what a filter left of a run
	keep    []uint32 // which rows these are
	headArr []headFrame
	single  bool          // one series is read
	lookup  *block.Lookup // where many series are read
	// inside, if not nil, is asked before a chunk that stands alone between two times, but reaches out of them, is decoded: when
	// it says true the rows between them are passed over.
	inside func(c *block.Chunk, lo, hi int64) bool
	bits   []uint64
	arr    []uint32
}

// maxFrames bounds the frames that a scanner keeps decoded.
const maxFrames = 48

func newScanner() *scanner { return &scanner{frames: map[frameKey]*block.Frame{}} }

// begin prepares for reading many series of a span from a view.
func (q *scanner) begin(v *view, from, to int64, o ScanOptions, damaged func(*blockFile, error)) {
	q.v, q.want, q.history, q.past, q.asOf, q.damaged, q.single = v, o.Columns|block.Of(block.Time), o.History, o.History, o.AsOf, damaged, false
	if q.asOf != 0 {
		q.want, q.history = block.All, true // what won later may have lost then
	}
	q.blocks = q.blocks[:0]
	for _, b := range v.blocks {
		if b.minTime < to && b.maxTime >= from && (q.asOf == 0 || b.reader == nil || b.reader.Info().MinCommit <= q.asOf) {
			q.blocks = append(q.blocks, b)
		}
	}
	q.forget()
}

func (q *scanner) forget() {
	q.inside, q.lookup = nil, nil
	q.last.keys = q.last.keys[:0]
	for k, f := range q.frames {
		f.Reset()
		q.unused = append(q.unused, f)
		delete(q.frames, k)
	}
}

// end lets go of the view.
func (q *scanner) end() {
	q.forget()
	for i := range q.headArr {
		q.headArr[i].head = nil
	}
	clear(q.chunks[:cap(q.chunks)])
	q.v, q.damaged = nil, nil
}

// fail notes damage and returns the error.
func (q *scanner) fail(b *block.Reader, err error) error {
	for _, f := range q.blocks {
		if f.reader == b && q.damaged != nil {
			q.damaged(f, err)
		}
	}
	return err
}

// series calls emit with the series' samples in [from, to) in order of time. whole, if not nil, is asked before a chunk that
// stands alone and lies in the span is decoded: when it says true the chunk is passed over.
func (q *scanner) series(ctx context.Context, s *Series, from, to int64, whole func(*block.Chunk) bool, emit func(*run) error) error {
	if from >= to || q.asOf == BeforeAll {
		return nil
	}
	for _, old := range q.sources {
		q.drop(old)
		q.free = append(q.free, old)
	}
	q.sources = q.sources[:0]
	q.chunks = q.chunks[:0]
	for _, b := range q.blocks {
		if !b.mayHold(s.ID, from, to-1) {
			continue
		}
		if b.reader == nil {
			return *b.broken.Load()
		}
		var err error
		if q.chunks, err = q.lookup.Chunks(b.reader, s.ID, from, to-1, q.chunks); err != nil {
			return q.fail(b.reader, err)
		}
	}
	for i := range q.chunks {
		c := &q.chunks[i]
		src := q.source()
		src.min, src.max, src.chunk, src.isChunk, src.past = c.MinTime, c.MaxTime, *c, true, c.Plane == block.History
		src.notes = c.Notes
		src.key = frameKey{unsafe.Pointer(c.Block), uint64(c.FrameAt)}
	}
	for i, h := range q.v.heads() {
		q.head(i, h, s, from, to)
	}
	slices.SortStableFunc(q.sources, func(a, b *source) int {
		switch {
		case a.min < b.min:
			return -1
		case a.min > b.min:
			return 1
		}
		return 0
	})
	return q.windows(ctx, s, from, to, whole, emit)
}

func (q *scanner) source() *source {
	var src *source
	if n := len(q.free); n > 0 {
		src, q.free = q.free[n-1], q.free[:n-1]
	} else {
		src = new(source)
	}
	q.drop(src)
	src.isChunk, src.past, src.key = false, false, frameKey{}
	q.sources = append(q.sources, src)
	return src
}

// drop takes the memory of a source that is not needed any more.
func (q *scanner) drop(src *source) {
	if cap(src.values.Bits)+cap(src.values.Text) > 0 && len(q.spare) < maxFrames {
		q.spare = append(q.spare, src.values)
	}
	src.values = block.Values{}
	if q.single && src.frame != nil && src.isChunk {
		q.reuse(src)
	}
	src.frame, src.have, src.valued = nil, 0, false
}

// reuse lets the next frame be decoded into the memory of a frame that is not needed any more, which is still in the
// processor's cache. Where many series are read, frames are kept instead: the next series may share them.
func (q *scanner) reuse(src *source) {
	if q.frames[src.key] != src.frame {
		return // forgotten already: a source of an earlier scan
	}
	for _, other := range q.sources {
		if other != src && other.frame == src.frame {
			return
		}
	}
	delete(q.frames, src.key)
	src.frame.Reset()
	q.unused = append(q.unused, src.frame)
}

// take gives a source memory for values.
func (q *scanner) take(src *source) {
	if n := len(q.spare); n > 0 && cap(src.values.Bits)+cap(src.values.Text) == 0 {
		src.values, q.spare = q.spare[n-1], q.spare[:n-1]
	}
	src.values.Reset()
}

// windows cuts the span so that in each part the same sources take part, and merges these.
func (q *scanner) windows(ctx context.Context, s *Series, from, to int64, whole func(*block.Chunk) bool, emit func(*run) error) error {
	lo, first := from, 0
	var in []*source
	for {
		// The next window begins where a source has rows and ends where one of those in it ends or another begins.
		in = in[:0]
		hi, next := to, to
		for k := first; k < len(q.sources); k++ {
			src := q.sources[k]
			if src.max < lo || src.past && !q.history {
				if k == first {
					first++
					if src.max < lo {
						q.drop(src)
					}
				}
				continue
			}
			if src.min > lo {
				next = min(next, src.min)
				break
			}
			in = append(in, src)
			hi = min(hi, src.max+1)
		}
		if len(in) == 0 {
			if next >= to {
				return nil
			}
			lo = next
			continue
		}
		hi = min(hi, next)
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(in) > 1 {
			var err error
			if in, hi, err = q.narrow(in, lo, hi); err != nil {
				return err
			}
		}
		if len(in) > 0 {
			if err := q.window(s, in, lo, hi, whole, emit); err != nil {
				return err
			}
		}
		if lo = hi; lo >= to {
			return nil
		}
	}
}

const (
	sparseRows = 512 // a chunk of so few rows is looked into for where its rows lie
	windowRows = 256 // about the fewest rows for which a window of their own is worth it
)

// narrow ends a window where a source that has no row there yet begins to have some, or has none for a while, and leaves out
// those without rows: a few late samples reach across days, but take no part in what lies between them.
func (q *scanner) narrow(in []*source, lo, hi int64) ([]*source, int64, error) {
	gap := uint64(math.MaxUint64)
	for _, src := range in {
		if rows := src.rows(); rows > 1 {
			gap = min(gap, uint64(src.max-src.min)/uint64(rows-1))
		}
	}
	if gap > uint64(hi-lo)/windowRows {
		return in, hi, nil
	}
	gap *= windowRows
	left := in[:0]
	for _, src := range in {
		if src.isChunk && src.chunk.Rows > sparseRows {
			left = append(left, src)
			continue
		}
		if err := q.load(src, wanted(q.want, src)); err != nil {
			return nil, 0, err
		}
		t := src.frame.Time
		t = t[gallop(t, lo):]
		switch {
		case len(t) == 0 || t[0] >= hi:
			continue
		case uint64(t[0]-lo) > gap:
			hi = t[0]
			continue
		}
		for i := 1; i < len(t) && t[i-1] < hi; i++ {
			if uint64(t[i]-t[i-1]) > gap {
				hi = min(hi, t[i-1]+1)
				break
			}
		}
		left = append(left, src)
	}
	return left, hi, nil
}

// window emits the rows of the sources with times in [lo, hi).
func (q *scanner) window(s *Series, in []*source, lo, hi int64, whole func(*block.Chunk) bool, emit func(*run) error) error {
	if len(in) == 1 && in[0].isChunk && !in[0].past {
		if in[0].min < lo || in[0].max >= hi {
			if q.inside != nil && q.inside(&in[0].chunk, lo, hi) {
				return nil
			}
		} else if whole != nil && whole(&in[0].chunk) {
			return nil
		}
	}
	var only *source
	full := 0
	for _, src := range in {
		if err := q.load(src, wanted(q.want, src)); err != nil {
			return err
		}
		if i, j := src.clip(lo, hi); i < j {
			only = src
			full++
		}
	}
	switch {
	case full == 0:
		return nil
	case full == 1 && !only.past && !only.hasRivals(q.history):
		if err := q.loadValues(only); err != nil {
			return err
		}
		i, j := only.clip(lo, hi)
		r := run{frame: only.frame, values: &only.values, i: i, j: j, notes: only.notes, lo: lo, hi: hi}
		if only.key != (frameKey{}) {
			q.keys = append(q.keys[:0], only.key)
			r.keys = q.keys
		}
		return q.give(&r, emit)
	}
	return q.merge(s, in, lo, hi, emit)
}
