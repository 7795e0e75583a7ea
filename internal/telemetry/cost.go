package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
	"unsafe"

	"jingwei/internal/telemetry/block"
)

// Cost is what a read would read, found out from the directories of the blocks alone: no page is touched. A chunk that
// reaches into the span counts whole, because it is decoded whole.
type Cost struct {
	Series      int
	Blocks      int    // that hold something of it
	Chunks      int    // of the blocks
	Rows        uint64 // of the chunks
	Summaries   int    // chunks whose summary surely serves in place of their rows; there may be more
	SummaryRows uint64 // their rows, which are not decoded
	Bytes       int64  // of pages to be read
	Heads       int    // that hold something of it
	HeadRows    uint64 // of the series in memory, whatever their times
	Buckets     int64  // that the answer would have, of all series; 0 without a step
	Memory      int64  // bytes that the read itself takes while it runs, estimated: frames and values in work, and buckets
}

// Decoded is the number of rows that are looked at one by one.
func (c *Cost) Decoded() uint64 { return c.Rows - c.SummaryRows + c.HeadRows }

// CostOptions say which read is meant.
type CostOptions struct {
	Columns Columns // Time and the values are always there
	History bool
	AsOf    uint64
	// Aggregate tells that summaries may serve; Step or Bounds are its buckets, as in AggregateOptions.
	Aggregate bool
	Step      time.Duration
	Bounds    []int64
	Now       int64
}

// Bytes of memory that a read takes, for the estimate.
const (
	bytesOfColumn = 8
	bytesOfBucket = 320 // of Bucket and what it is made from
)

// Cost tells what reading the series in the span would cost. It checks the directories that it looks into: damage there is
// a *DamageError. Errors else: ErrBadSpan, ErrUnknownSeries, ErrClosed.
func (s *Store) Cost(ctx context.Context, refs []Ref, span Span, o CostOptions) (Cost, error) {
	c := Cost{Series: len(refs)}
	if o.Aggregate {
		a := AggregateOptions{Step: o.Step, Bounds: o.Bounds}
		var n int64
		var err error
		if span, n, err = a.buckets(span); err != nil {
			return c, err
		}
		if n > math.MaxInt64/int64(max(len(refs), 1)) {
			n = math.MaxInt64 / int64(max(len(refs), 1))
		}
		c.Buckets = n * int64(len(refs))
	}
	if span.To < span.From {
		return c, fmt.Errorf("cost from %d to %d: %w: it ends before it begins", span.From, span.To, ErrBadSpan)
	}
	if s.closing.Load() {
		return c, ErrClosed
	}
	known := s.known.Load()
	v := s.acquire()
	defer s.release(v)
	e := estimate{c: &c, o: o, want: o.Columns | block.Of(block.Time), frames: map[frameKey]bool{}, blocks: map[*blockFile]bool{}, heads: map[*head]bool{}}
	if o.AsOf != 0 {
		e.want = block.All
	}
	for _, ref := range refs {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		if int(ref) >= len(known.series) || known.types[ref] == 0 {
			return c, fmt.Errorf("cost of series number %d: %w", ref, ErrUnknownSeries)
		}
		series := &known.series[ref]
		from := span.From
		if o.Aggregate { // the sample before the span may cover its beginning
			from = max(from-int64(series.longestSilence()), 0)
		}
		if err := e.series(s, v, series, Span{from, span.To}, span); err != nil {
			return c, fmt.Errorf("cost of series %s: %w", series.ID, err)
		}
	}
	c.Blocks, c.Heads = len(e.blocks), len(e.heads)
	c.Memory = e.memory + c.Buckets*bytesOfBucket
	return c, nil
}

type estimate struct {
	c      *Cost
	o      CostOptions
	want   Columns
	frames map[frameKey]bool
	blocks map[*blockFile]bool
	heads  map[*head]bool
	chunks []block.Chunk
	memory int64 // the most that chunks of one series which lie in work at once take
}

func (e *estimate) series(s *Store, v *view, series *Series, span, asked Span) error {
	if span.From >= span.To || e.o.AsOf == BeforeAll {
		return nil
	}
	e.chunks = e.chunks[:0]
	for _, b := range v.blocks {
		if !b.mayHold(series.ID, span.From, span.To-1) || e.o.AsOf != 0 && b.reader != nil && b.reader.Info().MinCommit > e.o.AsOf {
			continue
		}
		if b.reader == nil {
			return *b.broken.Load()
		}
		before := len(e.chunks)
		var err error
		if e.chunks, err = b.reader.Chunks(series.ID, span.From, span.To-1, e.chunks); err != nil {
			s.foundDamage(b, err)
			return err
		}
		if len(e.chunks) > before {
			e.blocks[b] = true
		}
	}
	headRows, headFrom := uint64(0), int64(math.MaxInt64)
	for _, h := range v.heads() {
		h.mu.RLock()
		if rows, first, last := h.extent(series.Ref); rows > 0 && first < span.To && last >= span.From {
			headRows += uint64(rows)
			headFrom = min(headFrom, first)
			e.heads[h] = true
		}
		h.mu.RUnlock()
	}
	e.c.HeadRows += headRows
	if !e.o.History && e.o.AsOf == 0 {
		e.chunks = slices.DeleteFunc(e.chunks, func(c block.Chunk) bool { return c.Plane == block.History })
	}
	slices.SortFunc(e.chunks, func(a, b block.Chunk) int {
		return cmp.Or(cmp.Compare(a.MinTime, b.MinTime), cmp.Compare(a.MaxTime, b.MaxTime))
	})
	columns := int64(2) // time and value
	for c := block.Gateway; c <= block.Commit; c++ {
		if e.want.Has(c) {
			columns++
		}
	}
	held, until := int64(0), int64(math.MinInt64) // of chunks that overlap one another
	for i := range e.chunks {
		c := &e.chunks[i]
		e.c.Chunks++
		e.c.Rows += uint64(c.Rows)
		alone := c.MinTime > until && (i+1 == len(e.chunks) || e.chunks[i+1].MinTime > c.MaxTime) && c.MaxTime < headFrom
		if e.o.Aggregate && alone && e.summary(series, c, asked) {
			e.c.Summaries++
			e.c.SummaryRows += uint64(c.Rows)
			until = max(until, c.MaxTime)
			continue
		}
		frame, values := c.Size(e.want)
		key := frameKey{unsafe.Pointer(c.Block), uint64(c.FrameAt)}
		if !e.frames[key] {
			e.frames[key] = true
			e.c.Bytes += frame
		}
		e.c.Bytes += values
		if c.MinTime > until {
			held = 0
		}
		held += int64(c.Rows) * columns * bytesOfColumn
		e.memory = max(e.memory, held)
		until = max(until, c.MaxTime)
	}
	e.memory = max(e.memory, held+int64(headRows)*9*bytesOfColumn)
	return nil
}

// extent returns how many samples of a series the head has, and bounds of their source times: the least and the greatest
// possible ones where the samples did not come in order. The caller holds the read lock.
func (h *head) extent(ref Ref) (rows uint32, first, last int64) {
	if int(ref) >= len(h.series) || h.series[ref].rows == 0 {
		return 0, 0, 0
	}
	x := &h.series[ref]
	if x.order != 0 {
		return x.rows, math.MinInt64, math.MaxInt64
	}
	at := x.firstSeg + 1
	return x.rows, h.arrival(h.slabs[at/slabLen].arr[at%slabLen]).time, x.maxTime
}

// summary tells whether an aggregate surely takes the chunk by its summary. It is at least as strict as aggregator.whole.
func (e *estimate) summary(series *Series, c *block.Chunk, span Span) bool {
	if c.MinTime < span.From || c.MaxTime >= span.To || c.MaxTime > e.o.Now || c.Type == block.String ||
		c.Notes&block.HasFuture != 0 || c.Notes&block.AllGood == 0 || int(c.Summary.Good) != c.Rows ||
		c.Summary.Notes&block.HasSum == 0 || c.Summary.Notes&block.HasNumbers == 0 ||
		e.o.AsOf != 0 && c.Block.Info().MaxCommit > e.o.AsOf {
		return false
	}
	if e.o.Bounds != nil {
		end := sort.Search(len(e.o.Bounds), func(i int) bool { return e.o.Bounds[i] > c.MinTime })
		if end == len(e.o.Bounds) || c.MaxTime >= e.o.Bounds[end] {
			return false
		}
	} else if (c.MinTime-span.From)/int64(e.o.Step) != (c.MaxTime-span.From)/int64(e.o.Step) {
		return false
	}
	r := series.ReportingAt(c.MinTime)
	return c.MaxGap <= int64(r.MaxSilence) && series.ReportingAt(c.MaxTime) == r
}
