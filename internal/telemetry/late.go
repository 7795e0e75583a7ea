package telemetry

import (
	"context"
	"sync/atomic"

	"jingwei/internal/telemetry/block"
)

// Mark is a part of a series, in source time, half-open, in which something came or changed.
type Mark struct {
	Ref      Ref
	From, To int64
}

// watch tells one listener of samples that come for times that it has taken for settled.
type watch struct {
	before atomic.Int64
	told   atomic.Pointer[func(commit uint64, late []Mark)]
}

func (w *watch) tell(commit uint64, late []Mark) {
	if told := w.told.Load(); told != nil {
		(*told)(commit, late)
	}
}

// Watch has told called for every commit from now on, in order, with its samples dated before the time that Settle last
// named, once they are readable. It runs on the journal's goroutine: it must be fast and must not block, call Append or
// read the store; late is valid during the call only. There is one listener; nil ends it.
func (s *Store) Watch(told func(commit uint64, late []Mark)) {
	if told == nil {
		s.watch.told.Store(nil)
		return
	}
	s.watch.told.Store(&told)
}

// Settle names the source time before which the listener has worked out everything, or is about to: whatever is committed
// before Settle returns is seen by a read after it, and whatever is committed afterwards is told.
func (s *Store) Settle(before int64) {
	s.insertMu.Lock()
	defer s.insertMu.Unlock()
	s.watch.before.Store(before)
}

// MarksSince calls yield for the parts of series dated before a time in which something was committed after a commit
// number: what a listener that had heard everything up to that commit has missed. Parts may repeat and overlap. It returns
// the newest commit that it has seen.
func (s *Store) MarksSince(ctx context.Context, commit uint64, before int64, yield func(Mark)) (until uint64, err error) {
	if s.closing.Load() {
		return 0, ErrClosed
	}
	until = s.inserted.Load()
	v := s.acquire()
	defer s.release(v)
	known := s.known.Load()
	for _, h := range v.heads() {
		h.marks(commit, before, yield)
	}
	var chunks []block.Chunk
	for _, b := range v.blocks {
		if b.reader == nil {
			continue // nothing can be worked out from it either
		}
		if b.reader.Info().MaxCommit <= commit || b.minTime >= before {
			continue
		}
		for i := range int(b.reader.Info().Series) {
			if i%256 == 0 && ctx.Err() != nil {
				return 0, ctx.Err()
			}
			id, _ := b.reader.Series(i)
			ref, ok := known.byID[id]
			if !ok {
				continue
			}
			if chunks, err = b.reader.Chunks(id, 0, before-1, chunks[:0]); err != nil {
				s.foundDamage(b, err)
				continue
			}
			for k := range chunks {
				if err := marksOf(&chunks[k], ref, commit, before, yield); err != nil {
					s.foundDamage(b, err)
				}
			}
		}
	}
	return until, nil
}

// marksOf tells the rows of a chunk that were committed after a commit, neighbours together.
func marksOf(c *block.Chunk, ref Ref, commit uint64, before int64, yield func(Mark)) error {
	var f block.Frame
	if err := c.Decode(block.Of(block.Time, block.Commit), &f); err != nil {
		return err
	}
	m := Mark{Ref: ref}
	open := false
	for i, t := range f.Time {
		switch {
		case t >= before || uint64(f.Commit[i]) <= commit:
			if open {
				yield(m)
			}
			open = false
		case open:
			m.To = t + 1
		default:
			m.From, m.To, open = t, t+1, true
		}
	}
	if open {
		yield(m)
	}
	return nil
}

// marks tells the rows of a head that were committed after a commit.
func (h *head) marks(commit uint64, before int64, yield func(Mark)) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if n := len(h.commits); n == 0 || h.commits[n-1].Commit <= commit {
		return
	}
	var bits []uint64
	var arr []uint32
	for ref := range h.series {
		if e := &h.series[ref]; e.rows == 0 || e.changed <= commit {
			continue
		}
		bits, arr = h.gather(Ref(ref), bits[:0], arr[:0])
		for _, k := range arr {
			if a := h.arrival(k); a.time < before && h.commits[a.commit].Commit > commit {
				yield(Mark{Ref(ref), a.time, a.time + 1})
			}
		}
	}
}
