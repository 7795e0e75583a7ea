package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/telemetry/block"
)

// flusher puts full and old heads to rest. A flush that fails (a full disk) is tried again: what it could not write is
// in the journal and in memory, and the door stops taking batches when the second head is full too.
func (s *Store) flusher() {
	defer s.done.Done()
	tick := time.NewTicker(min(s.o.HeadAge/4+time.Millisecond, time.Minute))
	defer tick.Stop()
	pause := s.o.RetryFlush
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.flushNow:
		case <-tick.C:
			if s.headAge() >= s.o.HeadAge {
				s.sealIfFree()
			}
		}
		for s.sealedHead() != nil {
			err := s.flushSealed(s.ctx)
			if err == nil {
				if pause != s.o.RetryFlush {
					s.clear(TroubleFlush, s.o.Dir)
				}
				pause = s.o.RetryFlush
				continue
			}
			if s.ctx.Err() != nil {
				return
			}
			s.stats.flushFailures.Add(1)
			s.o.Logger.Error("telemetry cannot write blocks; samples stay in the journal", "dir", s.o.Dir, "error", err, "again", pause)
			s.raise(TroubleFlush, s.o.Dir, err)
			wait := time.NewTimer(pause)
			select {
			case <-s.ctx.Done():
				wait.Stop()
				return
			case <-wait.C:
			}
			pause = min(2*pause, time.Minute)
		}
	}
}

// headAge is how long the oldest batch of the active head has been there.
func (s *Store) headAge() time.Duration {
	s.insertMu.Lock()
	defer s.insertMu.Unlock()
	if s.active == nil || len(s.active.commits) == 0 {
		return 0
	}
	return s.o.Now().Sub(time.Unix(0, s.active.first))
}

// sealedHead returns the oldest head that waits to be flushed.
func (s *Store) sealedHead() *head {
	s.viewMu.Lock()
	defer s.viewMu.Unlock()
	if s.view == nil || len(s.view.sealed) == 0 {
		return nil
	}
	return s.view.sealed[0]
}

// sealIfFree seals the active head if no other waits to be flushed.
func (s *Store) sealIfFree() bool {
	s.insertMu.Lock()
	defer s.insertMu.Unlock()
	v := s.acquire()
	defer s.release(v)
	if len(v.sealed) > 0 || s.active == nil {
		return false
	}
	if len(s.active.commits) == 0 {
		return true
	}
	sealed := s.active
	s.active = newHead(len(sealed.series), s.pool)
	s.setView(s.active, []*head{sealed}, v.blocks)
	select {
	case s.flushNow <- struct{}{}:
	default:
	}
	return true
}

// Flush puts everything accepted so far into blocks.
func (s *Store) Flush(ctx context.Context) error {
	for range 2 { // what was sealed before, then what is in the active head now
		if s.closing.Load() {
			return ErrClosed
		}
		if err := s.flushSealed(ctx); err != nil {
			return err
		}
		s.sealIfFree()
	}
	return s.flushSealed(ctx)
}

// flushSealed writes the sealed head, if there is one, to blocks, and lets the journal go of what is in them. Order is everything:
// blocks durable, manifest durable, view, journal.
func (s *Store) flushSealed(ctx context.Context) error {
	s.workMu.Lock()
	defer s.workMu.Unlock()
	h := s.sealedHead()
	if h == nil {
		return nil
	}
	started := time.Now()
	w := s.newWriter(0)
	if err := w.head(ctx, h); err != nil {
		w.abandon()
		return fmt.Errorf("flush %d samples: %w", h.rows, err)
	}
	next := s.manifest.clone()
	h.producers(next.producers)
	next.cursor = h.commits[len(h.commits)-1].Commit
	if err := s.adopt(next, w, nil); err != nil {
		return fmt.Errorf("flush %d samples: %w", h.rows, err)
	}
	s.insertMu.Lock()
	v := s.acquire()
	s.latest.mu.Lock() // what the head knew of latest values and the head itself go at one moment
	s.foldLatest(h)
	s.setView(v.active, nil, w.merge(v.blocks, nil))
	s.latest.mu.Unlock()
	s.release(v)
	s.insertMu.Unlock()
	for _, f := range w.files {
		s.lastFlush[f.cell] = s.o.Now()
	}
	s.room.open()
	s.stats.flushes.Add(1)
	s.stats.flushNanos.Add(uint64(time.Since(started)))
	s.wakeCompactor()
	if err := s.o.Log.Keep(Keeper, next.cursor+1); err != nil {
		return fmt.Errorf("let the journal go of what is in blocks: %w", err)
	}
	return nil
}

// adopt makes the written blocks part of the store, in place of those replaced.
func (s *Store) adopt(next *manifest, w *writer, replaced []*blockFile) error {
	if len(replaced) > 0 {
		gone := make(map[uint64]bool, len(replaced))
		for _, b := range replaced {
			gone[b.number] = true
		}
		next.blocks = slices.DeleteFunc(next.blocks, func(b blockMeta) bool { return gone[b.number] })
	}
	next.nextBlock = s.nextBlock.Load()
	for _, b := range w.files {
		next.blocks = append(next.blocks, b.blockMeta)
	}
	if err := s.writeManifest(next); err != nil {
		if old, e := file.ReadAll(s.o.FS, s.manifestPath(), maxManifest); e == nil && bytes.Equal(old, s.manifest.encode()) {
			w.abandon()
			return err
		}
		// The new manifest may come back after a crash, so the files that it names stay until another one is durable.
		w.close()
		for _, b := range w.files {
			s.doubtful = append(s.doubtful, b.name)
		}
		return err
	}
	for _, name := range s.doubtful {
		if err := s.o.FS.Remove(name); err != nil && !missing(err) {
			s.o.Logger.Warn("cannot remove an unfinished block", "error", err)
		}
	}
	s.doubtful = nil
	s.manifest = next
	return nil
}

// head writes all series of a sealed head.
func (w *writer) head(ctx context.Context, h *head) error {
	known := w.s.known.Load()
	w.divide(h.days(), 0, h.held())
	w.explain = func(commit uint64) (block.Arrival, error) {
		a, ok := h.explain(commit)
		if !ok {
			return a, errors.New("a sample of a commit that the head does not know")
		}
		return a, nil
	}
	var arr, arrBefore []uint32
	var in rows
	var last placed
	for ref := 1; ref < len(h.series); ref++ {
		e := &h.series[ref]
		if e.rows == 0 {
			continue
		}
		if ref%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		series := &known.series[ref]
		in.reset()
		arr = arr[:0]
		in.Bits, arr = h.gather(Ref(ref), in.Bits, arr)
		if series.Type == String {
			in.Text = h.texts(in.Bits, in.Text)
		}
		if w.shares(&last) && slices.Equal(arr, arrBefore) {
			w.again(&last, series, &in.Values)
		} else {
			h.frame(arr, &in.Frame)
			w.add(&last, series, &in)
			arr, arrBefore = arrBefore, arr
		}
		if err := w.endSeries(); err != nil {
			return err
		}
	}
	return w.finish()
}

// held counts the series that have rows.
func (h *head) held() (n int) {
	for i := range h.series {
		if h.series[i].rows > 0 {
			n++
		}
	}
	return n
}

// days counts rows by UTC day, about: each arrival counts as many rows as the head's arrivals have on average.
func (h *head) days() map[int32]uint64 {
	byDay := map[int32]uint64{}
	each := max(h.rows/uint64(max(h.arrived, 1)), 1)
	last, n := int32(-1), uint64(0)
	for i := range h.arrived {
		d := int32(h.arrival(i).time / day)
		if d != last {
			if n > 0 {
				byDay[last] += n * each
			}
			last, n = d, 0
		}
		n++
	}
	if n > 0 {
		byDay[last] += n * each
	}
	return byDay
}
