package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/block"
)

// Begin returns the time of the oldest commit that the store still has, or ok false when it has none.
// Errors: *DamageError, ErrClosed.
func (s *Store) Begin() (t int64, ok bool, err error) {
	if s.closing.Load() {
		return 0, false, ErrClosed
	}
	v := s.acquire()
	defer s.release(v)
	t = math.MaxInt64
	for _, b := range v.blocks {
		if b.reader == nil {
			continue // its commits are as good as not there
		}
		begin, err := b.reader.ArrivalTable().Begin()
		if err != nil {
			s.foundDamage(b, err)
			return 0, false, err
		}
		t = min(t, begin)
	}
	for _, h := range v.heads() {
		h.mu.RLock()
		if len(h.commits) > 0 {
			t = min(t, h.commits[0].Time)
		}
		h.mu.RUnlock()
	}
	return t, t != math.MaxInt64, nil
}

// Between names a part of what was committed: the commits numbered First to Last, both included, whose commit times lie
// in Time. The times matter for damaged files only, of which nothing else is known.
type Between struct {
	First, Last uint64
	Time        Span
}

func (w Between) has(commit uint64) bool { return commit-w.First <= w.Last-w.First }

// concerns tells whether a block may hold samples of these commits.
func (w Between) concerns(b *blockFile) bool {
	if b.reader == nil { // it may, if something was measured at that time
		return b.minTime < w.Time.To && b.maxTime >= w.Time.From
	}
	info := b.reader.Info()
	return info.MinCommit <= w.Last && info.MaxCommit >= w.First
}

// Changed returns the series for which something was committed, in order of their ids, with some for which nothing was.
// Errors: ErrClosed, those of ctx.
func (s *Store) Changed(ctx context.Context, w Between) ([]Ref, error) {
	if s.closing.Load() {
		return nil, ErrClosed
	}
	v := s.acquire()
	defer s.release(v)
	known := s.known.Load()
	in := make([]bool, len(known.series))
	for _, h := range v.heads() {
		h.mu.RLock()
		for ref := range min(len(h.series), len(in)) {
			if e := &h.series[ref]; e.rows > 0 && e.changed >= w.First {
				in[ref] = true
			}
		}
		h.mu.RUnlock()
	}
	for _, b := range v.blocks {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		switch {
		case !w.concerns(b):
		case b.reader == nil:
			for ref := range known.series {
				if id := known.series[ref].ID; ref > 0 && compareIDs(b.first, id) <= 0 && compareIDs(id, b.last) <= 0 {
					in[ref] = true
				}
			}
		default:
			for i := range int(b.reader.Info().Series) {
				id, _ := b.reader.Series(i)
				if ref, ok := known.byID[id]; ok {
					in[ref] = true
				}
			}
		}
	}
	var refs []Ref
	for ref := range in {
		if in[ref] && ref > 0 && known.types[ref] != 0 {
			refs = append(refs, Ref(ref))
		}
	}
	slices.SortFunc(refs, func(a, b Ref) int { return compareIDs(known.series[a].ID, known.series[b].ID) })
	return refs, nil
}

// near is how far apart source times may be that are read in one go.
const near = int64(10 * time.Minute)

// ReadCommitted calls yield with all distinct samples, winners and losers alike, of the source times at which something was
// committed for the series, series after series in the order given, each in order of source time, then revision, then
// commit. Rows of other commits are among them: look at Commit. What it gives of the commits asked for depends neither on
// how blocks and heads hold them nor on what was committed later, but for the flag Rival: samples that are the same but
// for their commits count as the one that came first.
//
// yield returns false to pass over the rest of a series. done is called after each series with what went wrong in
// it (a *DamageError as a rule); an error that it returns ends the reading. One call holds one view of the store: give it
// some hundred series at a time, so that heads and replaced files can go.
func (s *Store) ReadCommitted(ctx context.Context, w Between, refs []Ref, yield func(ref Ref, r *Run) bool, done func(ref Ref, err error) error) error {
	if s.closing.Load() {
		return ErrClosed
	}
	v := s.acquire()
	defer s.release(v)
	q := s.scanner()
	defer s.giveBack(q)
	q.begin(v, 0, math.MaxInt64, ScanOptions{Columns: Everything, History: true}, s.foundDamage)
	c := &committed{s: s, q: q, Between: w, frames: map[frameKey]bool{}}
	for _, b := range v.blocks {
		if b.reader != nil && w.concerns(b) {
			c.blocks = append(c.blocks, b)
		} else if b.reader == nil && w.concerns(b) {
			c.broken = append(c.broken, b)
		}
	}
	for _, ref := range refs {
		series, ok := s.find(ref)
		if !ok {
			return fmt.Errorf("read series number %d: %w", ref, ErrUnknownSeries)
		}
		err := c.series(ctx, series, yield)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			err = fmt.Errorf("read series %s: %w", series.ID, err)
		}
		if err := done(ref, err); err != nil {
			return err
		}
	}
	return nil
}

// committed reads what was committed between two commits.
type committed struct {
	Between
	s      *Store
	q      *scanner
	blocks []*blockFile // that may hold some of it
	broken []*blockFile
	frames map[frameKey]bool // of blocks that hold other commits too: whether there is some in the frame
	frame  block.Frame
	chunks []block.Chunk
	spans  []Span
	times  []int64
	bits   []uint64
	arr    []uint32
	out    Run
}

func (c *committed) series(ctx context.Context, series *Series, yield func(Ref, *Run) bool) error {
	if err := c.find(series); err != nil {
		return err
	}
	c.out = Run{Type: series.Type}
	for _, span := range c.spans {
		err := c.q.series(ctx, series, span.From, span.To, nil, func(r *run) error {
			c.out.take(r)
			if !yield(series.Ref, &c.out) {
				return errStop
			}
			return nil
		})
		if errors.Is(err, errStop) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// find puts the spans of source time in which something was committed into c.spans, in order and apart.
func (c *committed) find(series *Series) error {
	c.spans = c.spans[:0]
	for _, b := range c.broken {
		if compareIDs(b.first, series.ID) <= 0 && compareIDs(series.ID, b.last) <= 0 {
			return *b.broken.Load()
		}
	}
	for _, b := range c.blocks {
		if !b.mayHold(series.ID, 0, math.MaxInt64) {
			continue
		}
		var err error
		if c.chunks, err = b.reader.Chunks(series.ID, 0, math.MaxInt64, c.chunks[:0]); err != nil {
			c.s.foundDamage(b, err)
			return err
		}
		info := b.reader.Info()
		whole := c.has(info.MinCommit) && c.has(info.MaxCommit)
		for i := range c.chunks {
			ch := &c.chunks[i]
			if !whole {
				some, err := c.some(ch)
				if err != nil {
					c.s.foundDamage(b, err)
					return err
				}
				if !some {
					continue
				}
			}
			c.spans = append(c.spans, Span{ch.MinTime, ch.MaxTime + 1})
		}
	}
	for _, h := range c.q.v.heads() {
		c.head(h, series.Ref)
	}
	slices.SortFunc(c.spans, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	joined := c.spans[:0]
	for _, span := range c.spans {
		if n := len(joined); n > 0 && span.From-joined[n-1].To <= near {
			joined[n-1].To = max(joined[n-1].To, span.To)
		} else {
			joined = append(joined, span)
		}
	}
	c.spans = joined
	return nil
}

// some tells whether the frame of a chunk has rows of the commits. The series of one device share it.
func (c *committed) some(ch *block.Chunk) (bool, error) {
	key := frameKey{unsafe.Pointer(ch.Block), uint64(ch.FrameAt)}
	some, ok := c.frames[key]
	if !ok {
		c.frame.Reset()
		if err := ch.Decode(block.Of(block.Commit), &c.frame); err != nil {
			return false, err
		}
		some = slices.ContainsFunc(c.frame.Commit, func(commit int64) bool { return c.has(uint64(commit)) })
		c.frames[key] = some
	}
	return some, nil
}

// head adds the spans of what a head has of the commits.
func (c *committed) head(h *head, ref Ref) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if int(ref) >= len(h.series) || h.series[ref].rows == 0 || h.series[ref].changed < c.First {
		return
	}
	c.bits, c.arr = h.gather(ref, c.bits[:0], c.arr[:0])
	c.times = c.times[:0]
	sorted := true
	for _, k := range c.arr {
		if a := h.arrival(k); c.has(h.commits[a.commit].Commit) {
			if n := len(c.times); n > 0 && a.time < c.times[n-1] {
				sorted = false
			}
			c.times = append(c.times, a.time)
		}
	}
	if !sorted {
		slices.Sort(c.times)
	}
	for i, t := range c.times {
		if n := len(c.spans); i > 0 && t-c.spans[n-1].To <= near {
			c.spans[n-1].To = max(c.spans[n-1].To, t+1)
		} else {
			c.spans = append(c.spans, Span{t, t + 1})
		}
	}
}

// IDs returns the ids of series, in the same order.
func (s *Store) IDs(refs []Ref) []uuid.UUID {
	known := s.known.Load()
	ids := make([]uuid.UUID, len(refs))
	for i, ref := range refs {
		if int(ref) < len(known.series) {
			ids[i] = known.series[ref].ID
		}
	}
	return ids
}

// AnyCommitted tells whether something was committed for a series at source times of a span. It looks at what may have
// it only: directories first, then columns of commits. Errors: ErrUnknownSeries, *DamageError, ErrClosed.
func (s *Store) AnyCommitted(w Between, ref Ref, span Span) (bool, error) {
	series, ok := s.find(ref)
	if !ok {
		return false, fmt.Errorf("look at series number %d: %w", ref, ErrUnknownSeries)
	}
	if s.closing.Load() {
		return false, ErrClosed
	}
	v := s.acquire()
	defer s.release(v)
	for _, h := range v.heads() {
		if h.anyCommitted(w, ref, span) {
			return true, nil
		}
	}
	var f block.Frame
	for _, b := range v.blocks {
		if !b.mayHold(series.ID, span.From, span.To-1) || !w.concerns(b) {
			continue
		}
		if b.reader == nil {
			return false, *b.broken.Load()
		}
		chunks, err := b.reader.Chunks(series.ID, span.From, span.To-1, nil)
		for i := 0; i < len(chunks) && err == nil; i++ {
			f.Reset()
			if err = chunks[i].Decode(block.Of(block.Time, block.Commit), &f); err != nil {
				break
			}
			for k, t := range f.Time {
				if t >= span.From && t < span.To && w.has(uint64(f.Commit[k])) {
					return true, nil
				}
			}
		}
		if err != nil {
			s.foundDamage(b, err)
			return false, err
		}
	}
	return false, nil
}

func (h *head) anyCommitted(w Between, ref Ref, span Span) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if int(ref) >= len(h.series) || h.series[ref].rows == 0 || h.series[ref].changed < w.First {
		return false
	}
	_, arr := h.gather(ref, nil, nil)
	return slices.ContainsFunc(arr, func(k uint32) bool {
		a := h.arrival(k)
		return a.time >= span.From && a.time < span.To && w.has(h.commits[a.commit].Commit)
	})
}
