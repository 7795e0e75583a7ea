package telemetry

import (
	"slices"
	"unsafe"

	"jingwei/internal/telemetry/block"
)

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
	notes    uint8       // of the frame
	own      block.Frame // for rows that are not shared
}

// headFrame remembers the arrivals of the last series read from a head, whose columns the next one may share.
type headFrame struct {
	head   *head
	arr    []uint32
	frame  block.Frame
	notes  uint8
	serial uint64
}

// hasRivals tells whether a source cannot be emitted alone because its history is asked for.
func (src *source) hasRivals(history bool) bool {
	return history && (!src.isChunk || src.chunk.Notes&block.HasRivals != 0)
}

func (src *source) rows() int {
	if src.isChunk {
		return src.chunk.Rows
	}
	return src.frame.Len()
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
		known.notes = known.frame.Notes()
	}
	if s.Type == String {
		src.values.Text = h.texts(src.values.Bits, src.values.Text)
		src.values.Bits = src.values.Bits[:0]
	}
	h.mu.RUnlock()
	src.notes = known.notes
	if inOrder {
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
