package telemetry

import (
	"context"
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
	notes  uint8  // of the frame, where the run is of one chunk; 0 else
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
	history bool
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
	headArr []headFrame
	bits    []uint64
	arr     []uint32
}

// headFrame remembers the arrivals of the last series read from a head, whose columns the next one may share.
type headFrame struct {
	head   *head
	arr    []uint32
	frame  block.Frame
	rows   int
	serial uint64
}

// mergedFrame names a merged frame, which further series may have too, and how its rows came into order.
type mergedFrame struct {
	keys   []frameKey
	lo, hi int64
	want   block.Set
	perm   []uint32
}

// clipped is the rows of a source that lie in a window.
type clipped struct {
	*source
	i, j int
}

// source is a chunk, or what a head has of a series.
type source struct {
	min, max int64
	past     bool // of the history plane
	chunk    block.Chunk
	isChunk  bool
	frame    *block.Frame
	values   block.Values
	have     block.Set
	valued   bool
	key      frameKey
	own      block.Frame // for rows that are not shared
}

// maxFrames bounds the frames that a scanner keeps decoded.
const maxFrames = 48

func newScanner() *scanner { return &scanner{frames: map[frameKey]*block.Frame{}} }

// begin prepares for reading many series of a span from a view.
func (q *scanner) begin(v *view, from, to int64, want block.Set, history bool, damaged func(*blockFile, error)) {
	q.v, q.want, q.history, q.damaged = v, want|block.Of(block.Time), history, damaged
	q.blocks = q.blocks[:0]
	for _, b := range v.blocks {
		if b.minTime < to && b.maxTime >= from {
			q.blocks = append(q.blocks, b)
		}
	}
	q.forget()
}

func (q *scanner) forget() {
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
	if from >= to {
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
		if q.chunks, err = b.reader.Chunks(s.ID, from, to-1, q.chunks); err != nil {
			return q.fail(b.reader, err)
		}
	}
	for i := range q.chunks {
		c := &q.chunks[i]
		src := q.source()
		src.min, src.max, src.chunk, src.isChunk, src.past = c.MinTime, c.MaxTime, *c, true, c.Plane == block.History
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
	src.frame, src.have, src.valued = nil, 0, false
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
		// The next window begins where a source has rows and ends where the first of the sources in it ends.
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
		for _, src := range q.sources[first:] {
			if src.min > lo && src.min < hi && src.max >= lo && (!src.past || q.history) {
				in = append(in, src)
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := q.window(s, in, lo, hi, whole, emit); err != nil {
			return err
		}
		if lo = hi; lo >= to {
			return nil
		}
	}
}

// window emits the rows of the sources with times in [lo, hi).
func (q *scanner) window(s *Series, in []*source, lo, hi int64, whole func(*block.Chunk) bool, emit func(*run) error) error {
	if len(in) == 1 && in[0].isChunk && !in[0].past && whole != nil && in[0].min >= lo && in[0].max < hi && whole(&in[0].chunk) {
		return nil
	}
	var only *source
	full := 0
	for _, src := range in {
		if err := q.load(src, q.want); err != nil {
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
		r := run{frame: only.frame, values: &only.values, i: i, j: j, lo: lo, hi: hi}
		if only.key != (frameKey{}) {
			q.keys = append(q.keys[:0], only.key)
			r.keys = q.keys
		}
		if only.isChunk {
			r.notes = only.chunk.Notes
		}
		return emit(&r)
	}
	return q.merge(s, in, lo, hi, emit)
}

// hasRivals tells whether a source cannot be emitted alone because its history is asked for.
func (src *source) hasRivals(history bool) bool {
	return history && (!src.isChunk || src.chunk.Notes&block.HasRivals != 0)
}

// clip returns the rows with times in [lo, hi).
func (src *source) clip(lo, hi int64) (i, j int) {
	t := src.frame.Time
	if len(t) == 0 {
		return 0, 0
	}
	if lo > t[0] {
		i = gallop(t, lo)
	}
	if hi > t[len(t)-1] {
		return i, len(t)
	}
	return i, i + gallop(t[i:], hi)
}

// merge emits the rows of several sources as one run.
func (q *scanner) merge(s *Series, in []*source, lo, hi int64, emit func(*run) error) error {
	want := q.want
	past := q.history
	for {
		shared := true
		q.keys = q.keys[:0]
		q.parts = q.parts[:0]
		for _, history := range [...]bool{true, false} {
			for _, src := range q.sources {
				if src.past != history || history && !past || src.min >= hi || src.max < lo {
					continue
				}
				if err := q.load(src, want); err != nil {
					return err
				}
				if i, j := src.clip(lo, hi); i < j {
					if err := q.loadValues(src); err != nil {
						return err
					}
					q.parts = append(q.parts, clipped{src, i, j})
					q.keys = append(q.keys, src.key)
					shared = shared && src.key != frameKey{}
				}
			}
		}
		c, m := &q.concat, &q.merged
		c.Values.Reset()
		for _, p := range q.parts {
			c.appendValues(&p.values, p.i, p.j)
		}
		last := &q.last
		if !shared || want != last.want || lo != last.lo || hi != last.hi || !slices.Equal(q.keys, last.keys) {
			last.keys = last.keys[:0]
			c.Frame.Reset()
			for _, p := range q.parts {
				c.appendFrame(p.frame, p.i, p.j, want)
			}
			perm, ties := q.sorter.order(c.Time)
			if ties {
				if want != block.All {
					want = block.All
					continue
				}
				if !past && c.tiedRivals(perm) {
					past = true // who wins depends on what was superseded before
					continue
				}
				return q.settled(c, perm, emit)
			}
			last.perm = append(last.perm[:0], perm...)
			if perm != nil {
				pick(&m.Frame, &c.Frame, perm)
			} else {
				m.Frame, c.Frame = c.Frame, m.Frame
			}
			if shared {
				last.want, last.lo, last.hi = want, lo, hi
				last.keys = append(last.keys, q.keys...)
			}
		}
		r := run{frame: &m.Frame, values: &c.Values, j: len(m.Time), lo: lo, hi: hi}
		if shared {
			r.keys = q.keys
		}
		if len(last.perm) > 0 {
			pickValues(&m.Values, &c.Values, last.perm)
			r.values = &m.Values
		}
		return emit(&r)
	}
}

// settled emits rows of which some share a source time.
func (q *scanner) settled(c *rows, perm []uint32, emit func(*run) error) error {
	current, losers := c.settle(perm)
	rowsOf := current
	var r run
	if q.history {
		rowsOf, q.loser = interleave(c.Time, current, losers, q.loser[:0])
		r.loser = q.loser
	}
	q.last.keys = q.last.keys[:0] // merged is used for this
	pick(&q.merged.Frame, &c.Frame, rowsOf)
	pickValues(&q.merged.Values, &c.Values, rowsOf)
	r.frame, r.values, r.j = &q.merged.Frame, &q.merged.Values, len(rowsOf)
	return emit(&r)
}

// interleave puts losers before the winner of their time.
func interleave(t []int64, current, losers []uint32, loser []bool) ([]uint32, []bool) {
	out := make([]uint32, 0, len(current)+len(losers))
	for _, c := range current {
		for len(losers) > 0 && t[losers[0]] <= t[c] {
			out, loser = append(out, losers[0]), append(loser, true)
			losers = losers[1:]
		}
		out, loser = append(out, c), append(loser, false)
	}
	return out, loser
}

// tiedRivals tells whether rows of one time have rivals that are not among the rows.
func (r *rows) tiedRivals(perm []uint32) bool {
	at := func(i int) uint32 {
		if perm == nil {
			return uint32(i)
		}
		return perm[i]
	}
	for i := 1; i < len(r.Time); i++ {
		a, b := at(i-1), at(i)
		if r.Time[a] == r.Time[b] && Flags(r.Flags[a]|r.Flags[b])&Rival != 0 {
			return true
		}
	}
	return false
}

// appendFrame adds the wanted columns of rows i to j.
func (r *rows) appendFrame(f *block.Frame, i, j int, want block.Set) {
	r.Time = append(r.Time, f.Time[i:j]...)
	if want.Has(block.Gateway) {
		r.Gateway = append(r.Gateway, f.Gateway[i:j]...)
	}
	if want.Has(block.Status) {
		r.Status = append(r.Status, f.Status[i:j]...)
	}
	if want.Has(block.Flags) {
		r.Flags = append(r.Flags, f.Flags[i:j]...)
	}
	if want.Has(block.Origin) {
		r.Origin = append(r.Origin, f.Origin[i:j]...)
	}
	if want.Has(block.Revision) {
		r.Revision = append(r.Revision, f.Revision[i:j]...)
	}
	if want.Has(block.Commit) {
		r.Commit = append(r.Commit, f.Commit[i:j]...)
	}
}

func (r *rows) appendValues(v *block.Values, i, j int) {
	if len(v.Text) > 0 {
		r.Text = append(r.Text, v.Text[i:j]...)
	} else if len(v.Bits) > 0 {
		r.Bits = append(r.Bits, v.Bits[i:j]...)
	}
}

// load decodes the wanted columns of a chunk, or takes them from another series of the same frame.
func (q *scanner) load(src *source, want block.Set) error {
	if src.have&want == want {
		return nil
	}
	f := q.frames[src.key]
	if f == nil {
		if len(q.frames) >= maxFrames {
			q.dropFrames()
		}
		if n := len(q.unused); n > 0 {
			f, q.unused = q.unused[n-1], q.unused[:n-1]
		} else {
			f = new(block.Frame)
		}
		q.frames[src.key] = f
	}
	missing := want &^ decoded(f)
	if missing != 0 {
		if missing.Has(block.Gateway) && !missing.Has(block.Time) {
			f.Reset()
			missing = want
		}
		if err := src.chunk.Decode(missing, f); err != nil {
			delete(q.frames, src.key)
			return q.fail(src.chunk.Block, err)
		}
	}
	src.frame, src.have = f, want
	return nil
}

// dropFrames forgets frames that no source of the present series uses.
func (q *scanner) dropFrames() {
	used := make(map[frameKey]bool, len(q.sources))
	for _, src := range q.sources {
		if src.frame != nil {
			used[src.key] = true
		}
	}
	for k, f := range q.frames {
		if !used[k] {
			f.Reset()
			q.unused = append(q.unused, f)
			delete(q.frames, k)
		}
	}
}

// decoded tells which columns of a frame are there. A chunk has at least one row.
func decoded(f *block.Frame) block.Set {
	var s block.Set
	for c, n := range [...]int{block.Time: len(f.Time), block.Gateway: len(f.Gateway), block.Status: len(f.Status),
		block.Flags: len(f.Flags), block.Origin: len(f.Origin), block.Revision: len(f.Revision), block.Commit: len(f.Commit)} {
		if n > 0 {
			s |= block.Of(block.Column(c))
		}
	}
	return s
}

func (q *scanner) loadValues(src *source) error {
	if src.valued {
		return nil
	}
	q.take(src)
	if err := src.chunk.DecodeValues(&src.values); err != nil {
		return q.fail(src.chunk.Block, err)
	}
	src.valued = true
	return nil
}

// head adds what a head has of the series.
func (q *scanner) head(i int, h *head, s *Series, from, to int64) {
	for len(q.headArr) <= i {
		q.headArr = append(q.headArr, headFrame{})
	}
	known := &q.headArr[i]
	h.mu.RLock()
	if int(s.Ref) >= len(h.series) || h.series[s.Ref].rows == 0 {
		h.mu.RUnlock()
		return
	}
	src := q.source()
	q.take(src)
	src.isChunk, src.past, src.valued, src.have = false, false, true, block.All
	inOrder := h.series[s.Ref].order&unsorted == 0
	src.values.Bits, q.arr = h.gather(s.Ref, src.values.Bits, q.arr[:0])
	shared := known.head == h && slices.Equal(known.arr, q.arr)
	if !shared {
		known.head = h
		known.arr = append(known.arr[:0], q.arr...)
		known.frame.Reset()
		known.serial++
		h.frame(q.arr, &known.frame)
	}
	if s.Type == String {
		src.values.Text = h.texts(src.values.Bits, src.values.Text)
		src.values.Bits = src.values.Bits[:0]
	}
	h.mu.RUnlock()
	src.key = frameKey{}
	if inOrder {
		// The columns are copied: the next series may read another frame from this head while this one is in use.
		src.frame = &known.frame
		src.key = frameKey{unsafe.Pointer(h), known.serial}
	} else {
		q.settleHead(src, known)
	}
	if n := src.frame.Len(); n > 0 {
		src.min, src.max = src.frame.Time[0], src.frame.Time[n-1]
	} else {
		src.min, src.max = 1, 0
	}
	if src.min > src.max || src.max < from || src.min >= to {
		q.sources = q.sources[:len(q.sources)-1]
		q.free = append(q.free, src)
	}
}

// settleHead brings a head's rows into order; what lost goes to a source of its own.
func (q *scanner) settleHead(src *source, known *headFrame) {
	perm, ties := q.sorter.order(known.frame.Time)
	src.frame = &src.own
	if !ties {
		if perm == nil {
			src.frame = &known.frame
			return
		}
		pick(&src.own, &known.frame, perm)
		q.merged.Values.Reset()
		pickValues(&q.merged.Values, &src.values, perm)
		src.values, q.merged.Values = q.merged.Values, src.values
		return
	}
	all := rows{Frame: known.frame, Values: src.values}
	if s := len(all.Text); s == 0 {
		all.Text = nil
	}
	all.Flags = slices.Clone(known.frame.Flags) // settling marks winners, the frame may be shared
	current, losers := all.settle(perm)
	pick(&src.own, &all.Frame, current)
	q.merged.Values.Reset()
	pickValues(&q.merged.Values, &src.values, current)
	if len(losers) > 0 {
		lost := q.source()
		lost.isChunk, lost.past, lost.valued, lost.have = false, true, true, block.All
		lost.key = frameKey{}
		lost.frame = &lost.own
		pick(&lost.own, &all.Frame, losers)
		lost.values.Reset()
		pickValues(&lost.values, &src.values, losers)
		lost.min, lost.max = lost.own.Time[0], lost.own.Time[len(losers)-1]
		// The caller looks at src, which must be the last one.
		k := len(q.sources)
		q.sources[k-1], q.sources[k-2] = q.sources[k-2], q.sources[k-1]
	}
	src.values, q.merged.Values = q.merged.Values, src.values
}
