package telemetry

import (
	"context"
	"fmt"
	"time"

	"jingwei/internal/telemetry/block"
)

// Expired is what an expiry has taken out of the store.
type Expired struct {
	Rows   uint64 // samples, of both planes
	Blocks int    // files removed as a whole
	Cut    int    // files written anew without a part of their samples
	Bytes  int64  // of disk that were freed
	More   bool   // there is more to expire: a call does a bounded piece of work
}

// A block is written anew when an eighth of its rows has expired, or when some of them expired a week ago.
const (
	keepWhole = 8
	overdue   = 7 * day
)

// Expire removes samples with source times before their series' cutoff: whole files where all of it has expired, and
// files of which much has, or some long ago, by writing the rest anew. Others, and samples in memory, stay until a later
// call, so a sample is kept at least as long as the cutoff says and some days more, and readers see it until it goes. A
// cutoff of 0 keeps a series for ever. Damaged files are left alone. One call removes any number of files and writes at most
// one anew, with the pace of compaction.
func (s *Store) Expire(ctx context.Context, cutoff func(*Series) int64) (Expired, error) {
	return s.expire(ctx, cutoff, func(old, rows uint64, since int64) bool { return old*keepWhole >= rows && old > 0 || since > overdue })
}

// expire writes a block anew if worth says so of its rows in chunks that have expired as a whole, of all its rows, and of how
// long ago the first of them expired.
func (s *Store) expire(ctx context.Context, cutoff func(*Series) int64, worth func(old, rows uint64, since int64) bool) (Expired, error) {
	if s.closing.Load() {
		return Expired{}, ErrClosed
	}
	s.compactMu.Lock()
	defer s.compactMu.Unlock()
	v := s.acquire()
	defer s.release(v)
	var out Expired
	var gone []*blockFile
	var recut *blockFile
	most := uint64(0)
	for _, b := range v.blocks {
		if b.reader == nil || b.broken.Load() != nil {
			continue
		}
		rows, all, since, err := s.expiredIn(b, cutoff)
		switch {
		case err != nil:
			s.foundDamage(b, err)
		case all:
			gone = append(gone, b)
			out.Rows += b.rows
		case since > 0 && worth(rows, b.rows, since):
			out.More = out.More || recut != nil
			if rows >= most {
				recut, most = b, rows
			}
		}
	}
	if len(gone) > 0 {
		if err := s.swap(s.emptyWriter(), gone); err != nil {
			return Expired{}, fmt.Errorf("expire %d blocks: %w", len(gone), err)
		}
		for _, b := range gone {
			out.Bytes += b.bytes
		}
		out.Blocks = len(gone)
	}
	defer s.forgetLatest(cutoff)
	if recut == nil {
		return out, nil
	}
	w := s.emptyWriter()
	w.tier = recut.tier
	w.pace = func(n int64) error { return s.pace(ctx, n) }
	w.cutoff = cutoff
	p := &plan{inputs: []*blockFile{recut}, tier: recut.tier, level: recut.cell.level}
	damaged := s.stats.damaged.Load()
	if err := w.compact(ctx, p); err != nil {
		w.abandon()
		if s.stats.damaged.Load() != damaged {
			return out, nil
		}
		return out, fmt.Errorf("expire a part of a block: %w", err)
	}
	if err := s.swap(w, p.inputs); err != nil {
		return out, fmt.Errorf("expire a part of a block: %w", err)
	}
	out.Cut++
	out.Rows += recut.rows
	out.Bytes += recut.bytes
	for _, f := range w.files {
		out.Rows -= f.rows
		out.Bytes -= f.bytes
	}
	return out, nil
}

func (s *Store) emptyWriter() *writer {
	s.workMu.Lock()
	defer s.workMu.Unlock()
	return s.newWriter(0)
}

// expiredIn counts the rows of a block that lie in chunks that have expired as a whole; all tells that nothing else is in
// it. since is how long ago the first of its samples expired, 0 where none has.
func (s *Store) expiredIn(b *blockFile, cutoff func(*Series) int64) (rows uint64, all bool, since int64, err error) {
	known := s.known.Load()
	var chunks []block.Chunk
	all = true
	for i := range int(b.reader.Info().Series) {
		id, typ := b.reader.Series(i)
		series := &Series{ID: id, Type: Type(typ)} // of another catalogue
		if ref, ok := known.byID[id]; ok {
			series = &known.series[ref]
		}
		before := cutoff(series)
		if before <= b.minTime {
			all = false
			continue
		}
		if chunks, err = b.reader.Chunks(id, 0, MaxTime, chunks[:0]); err != nil {
			return 0, false, 0, err
		}
		for k := range chunks {
			since = max(since, before-chunks[k].MinTime)
			if chunks[k].MaxTime < before {
				rows += uint64(chunks[k].Rows)
			} else {
				all = false
			}
		}
	}
	return rows, all, since, nil
}

// forgetLatest lets go of latest samples that may have expired; they are worked out again when they are asked for.
func (s *Store) forgetLatest(cutoff func(*Series) int64) {
	known := s.known.Load()
	t := &s.latest
	t.mu.Lock()
	defer t.mu.Unlock()
	for ref := range t.cold {
		if c := &t.cold[ref]; ref > 0 && c.has && c.sample.Time < cutoff(&known.series[ref]) {
			*c = coldLatest{changed: c.changed}
		}
	}
}

// Horizon returns the cutoff of a class that keeps samples for a time.
func Horizon(now time.Time, keep time.Duration) int64 {
	if keep <= 0 {
		return 0
	}
	return max(now.Add(-keep).UnixNano(), 0)
}
