package telemetry

import (
	"context"
	"fmt"
	"sort"
	"time"
)

// compactor merges blocks in the background: small ones into large ones, late ones into those that they overlap.
func (s *Store) compactor() {
	defer s.done.Done()
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.compactNow:
		case <-tick.C:
		}
		for s.ctx.Err() == nil {
			more, err := s.compactOnce(s.ctx, false)
			if err != nil && s.ctx.Err() == nil {
				s.stats.compactFailures.Add(1)
				s.o.Logger.Error("telemetry cannot merge blocks; it is tried again", "dir", s.o.Dir, "error", err)
				s.raise(TroubleCompact, s.o.Dir, err)
				s.compactFailed = true
				break
			}
			if !more {
				if s.compactFailed && err == nil {
					s.compactFailed = false
					s.clear(TroubleCompact, s.o.Dir)
				}
				break
			}
		}
	}
}

func (s *Store) wakeCompactor() {
	select {
	case s.compactNow <- struct{}{}:
	default:
	}
}

// Compact merges until every span of time stands in one run of blocks. It works as the background does, but does not
// wait until a span is settled.
func (s *Store) Compact(ctx context.Context) error {
	for {
		if s.closing.Load() {
			return ErrClosed
		}
		more, err := s.compactOnce(ctx, true)
		if err != nil || !more {
			return err
		}
	}
}

// run of blocks: written together, of one cell, without overlap.
type blockRun struct {
	number uint64
	tier   uint8
	bytes  int64
	blocks []*blockFile
}

// plan is what one compaction does.
type plan struct {
	inputs []*blockFile
	tier   uint8
	level  uint8 // the least level of the cells it writes
}

// Bounds of compaction.
const (
	maxPlanBytes = 512 << 20 // one compaction reads at most so much
	smallCell    = 1 << 20   // cells with less are merged with their neighbours
	maxTier      = 30
)

// choose picks the blocks to merge next; nil when there is nothing to do.
func (s *Store) choose(blocks []*blockFile, now time.Time, force bool) *plan {
	byCell := map[cell]map[uint64]*blockRun{}
	for _, b := range blocks {
		if b.reader == nil || b.broken.Load() != nil {
			continue
		}
		runs := byCell[b.cell]
		if runs == nil {
			runs = map[uint64]*blockRun{}
			byCell[b.cell] = runs
		}
		r := runs[b.run]
		if r == nil {
			r = &blockRun{number: b.run, tier: b.tier}
			runs[b.run] = r
		}
		r.bytes += b.bytes
		r.tier = max(r.tier, b.tier)
		r.blocks = append(r.blocks, b)
	}
	order := make([]cell, 0, len(byCell))
	for c := range byCell {
		order = append(order, c)
	}
	sort.Slice(order, func(i, j int) bool {
		a, b := order[i], order[j]
		return a.level < b.level || a.level == b.level && a.index > b.index // the newest first
	})
	siblings := map[cell][]*blockRun{}
	for _, c := range order {
		runs := make([]*blockRun, 0, len(byCell[c]))
		total, rows := int64(0), uint64(0)
		for _, r := range byCell[c] {
			runs = append(runs, r)
			total += r.bytes
			for _, b := range r.blocks {
				rows += b.rows
			}
		}
		sort.Slice(runs, func(i, j int) bool { return runs[i].number < runs[j].number })
		quiet := force || now.Sub(s.touched(c)) >= s.o.SettleAfter
		if p := chooseRuns(runs, s.o.CompactAfter, quiet, force); p != nil {
			p.level = c.level
			return p
		}
		// A cell of many rows would only come back as it is, however few bytes they take: see assign.
		if quiet && total < smallCell && rows < ownCellRows && c.level < cellLevels-1 {
			siblings[c.parent()] = append(siblings[c.parent()], runs...)
		}
	}
	for parent, runs := range siblings {
		if len(runs) >= fewCells {
			p := newPlan(runs)
			p.level = parent.level
			return p
		}
	}
	return nil
}

// chooseRuns decides within a cell: after runs of one tier, or, when the cell is quiet, as many of the smallest runs as
// come to an eighth of the next larger one.
func chooseRuns(runs []*blockRun, after int, quiet, force bool) *plan {
	byTier := map[uint8][]*blockRun{}
	for _, r := range runs {
		byTier[r.tier] = append(byTier[r.tier], r)
	}
	for tier := uint8(0); tier < maxTier; tier++ {
		if same := byTier[tier]; len(same) >= after {
			return newPlan(within(same))
		}
	}
	if !quiet || len(runs) < 2 {
		return nil
	}
	sort.Slice(runs, func(i, j int) bool { return runs[i].bytes < runs[j].bytes })
	n, total := 1, runs[0].bytes
	for _, r := range runs[1:] {
		if total+r.bytes > maxPlanBytes || !force && r.bytes > 8*total && r.bytes > 8*smallCell {
			break
		}
		n++
		total += r.bytes
	}
	if n < 2 {
		return nil
	}
	return newPlan(runs[:n])
}

// within takes the oldest runs that one compaction may read, but at least two.
func within(runs []*blockRun) []*blockRun {
	total := int64(0)
	for i, r := range runs {
		if total += r.bytes; total > maxPlanBytes && i >= 2 {
			return runs[:i]
		}
	}
	return runs
}

func newPlan(runs []*blockRun) *plan {
	p := &plan{}
	for _, r := range runs {
		p.tier = max(p.tier, r.tier)
		p.inputs = append(p.inputs, r.blocks...)
	}
	p.tier = min(p.tier+1, maxTier)
	return p
}

// touched tells when something last came to a cell by a flush.
func (s *Store) touched(c cell) time.Time {
	if t, ok := s.lastFlush[c]; ok {
		return t
	}
	return s.started
}

// compactOnce merges once. more tells that there may be more to merge.
func (s *Store) compactOnce(ctx context.Context, force bool) (more bool, err error) {
	s.compactMu.Lock()
	defer s.compactMu.Unlock()
	v := s.acquire()
	defer s.release(v)
	s.workMu.Lock()
	p := s.choose(v.blocks, s.o.Now(), force)
	w := s.newWriter(0)
	s.workMu.Unlock()
	if p == nil {
		return false, nil
	}
	started := time.Now()
	w.tier = p.tier
	w.pace = func(n int64) error { return s.pace(ctx, n) }
	damagedBefore := s.stats.damaged.Load()
	if err := w.compact(ctx, p); err != nil {
		w.abandon()
		if s.stats.damaged.Load() != damagedBefore {
			return true, nil // a damaged input stays as it is and is left out from now on
		}
		return false, fmt.Errorf("merge %d blocks: %w", len(p.inputs), err)
	}
	if err := s.swap(w, p.inputs); err != nil {
		return false, fmt.Errorf("merge %d blocks: %w", len(p.inputs), err)
	}
	s.stats.compactions.Add(1)
	s.stats.compactNanos.Add(uint64(time.Since(started)))
	s.stats.compactWritten.Add(uint64(w.wrote))
	return true, nil
}

// swap makes what was written part of the store in place of other blocks. The caller holds compactMu.
func (s *Store) swap(w *writer, replaced []*blockFile) error {
	s.workMu.Lock()
	defer s.workMu.Unlock()
	if err := s.adopt(s.manifest.clone(), w, replaced); err != nil {
		return err
	}
	for _, b := range replaced {
		b.gone.Store(true)
	}
	s.insertMu.Lock()
	defer s.insertMu.Unlock()
	now := s.acquire()
	defer s.release(now)
	s.setView(now.active, now.sealed, w.merge(now.blocks, replaced))
	return nil
}

// pace keeps compaction below its rate.
func (s *Store) pace(ctx context.Context, bytes int64) error {
	if s.o.CompactRate < 0 {
		return ctx.Err()
	}
	wait := time.NewTimer(time.Duration(float64(bytes) / float64(s.o.CompactRate) * float64(time.Second)))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
