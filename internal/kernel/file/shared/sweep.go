package shared

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"
)

// trash are objects that no row names any more and that wait to be removed.
type trash struct {
	mu      sync.Mutex
	list    []waste              // in order of due, but for those due at once
	unnamed map[string]time.Time // by what a sweep found: since when no row is known to name it; with Options.Keep only
	wake    chan struct{}
}

// waste is an object, and when it may go.
type waste struct {
	piece
	due time.Time
}

// discard removes objects in the background that no row ever named.
func (f *FS) discard(pieces []piece) { f.throw(pieces, time.Time{}) }

// retire removes objects in the background that no row names any more, after Options.Keep.
func (f *FS) retire(pieces []piece) {
	if f.o.Keep <= 0 {
		f.discard(pieces)
		return
	}
	f.throw(pieces, f.o.Now().Add(f.o.Keep))
}

func (f *FS) throw(pieces []piece, due time.Time) {
	f.cache.forget(pieces)
	f.trash.mu.Lock()
	for _, p := range pieces {
		if p.Object != "" {
			f.trash.list = append(f.trash.list, waste{p, due})
		}
	}
	f.trash.mu.Unlock()
	select {
	case f.trash.wake <- struct{}{}:
	default:
	}
}

// tidy is the goroutine that removes what nobody names: what it is told of, and from time to time what a search finds.
func (f *FS) tidy() {
	next := time.Duration(0)
	if f.o.SweepEvery < 0 {
		next = time.Hour
	}
	sweep := time.NewTimer(next)
	defer sweep.Stop()
	due := time.NewTimer(time.Hour)
	defer due.Stop()
	for {
		select {
		case <-f.life.Done():
			return
		case <-f.trash.wake:
			due.Reset(f.empty())
		case <-due.C:
			due.Reset(f.empty())
		case <-sweep.C:
			if f.o.SweepEvery < 0 {
				continue
			}
			if n, err := f.Sweep(f.life); err != nil && f.ctx.Err() == nil {
				f.o.Logger.Warn("the search for objects that no file has failed; it is tried again", "cell", f.o.Cell, "error", err)
			} else if n > 0 {
				f.o.Logger.Info("objects that no file has were removed", "cell", f.o.Cell, "objects", n)
			}
			sweep.Reset(f.o.SweepEvery)
		}
	}
}

// empty removes what is due, and returns how soon to look again. What cannot be removed now the next sweep finds.
func (f *FS) empty() time.Duration {
	for f.life.Err() == nil {
		now := f.o.Now()
		f.trash.mu.Lock()
		i := slices.IndexFunc(f.trash.list, func(w waste) bool { return !w.due.After(now) })
		if i < 0 {
			again := time.Hour
			for _, w := range f.trash.list {
				again = min(again, max(w.due.Sub(now), time.Second))
			}
			f.trash.mu.Unlock()
			return again
		}
		p := f.trash.list[i]
		f.trash.list = slices.Delete(f.trash.list, i, i+1)
		f.trash.mu.Unlock()
		if err := f.bucket.remove(f.life, p.Object, p.Chunks); err != nil {
			if f.life.Err() == nil {
				f.o.Logger.Debug("an object is left for the next sweep", "object", p.Object, "error", err)
			}
			continue
		}
		f.removed.Add(1)
	}
	return time.Hour
}

// ripe returns a test of what a sweep found without a row: whether it may go now. What no row names may have lost its own
// a moment ago, in this life or that of another owner; it goes when no sweep of this life has seen it named for Options.Keep.
func (f *FS) ripe() (may func(name string) bool, done func()) {
	now := f.o.Now()
	f.trash.mu.Lock()
	before := f.trash.unnamed
	f.trash.mu.Unlock()
	seen := map[string]time.Time{}
	may = func(name string) bool {
		since, known := before[name]
		if !known {
			since = now
		}
		if now.Sub(since) >= f.o.Keep {
			return true
		}
		seen[name] = since
		return false
	}
	return may, func() {
		f.trash.mu.Lock()
		defer f.trash.mu.Unlock()
		f.trash.unnamed = seen
	}
}

// Sweep removes the objects that no row names and that are not on their way to one, and returns how many those were: a
// process left them that died between storing an object and committing its row, or before it removed an old one.
//
// It lists what there is while no object of this owner is under way, and then reads the rows under the fence. That the lease
// is still held then means that no later owner has stored anything that is listed; and an object that was listed and has no
// row by then never gets one, for only its uploader could name it, and that was an owner before or has given it up.
func (f *FS) Sweep(ctx context.Context) (removed int, err error) {
	if err := f.usable(); err != nil {
		return 0, err
	}
	f.uploads.Lock() // for so long nothing is uploaded: not for ever
	found, err := f.bucket.list(ctx)
	f.uploads.Unlock()
	if err != nil {
		return 0, fmt.Errorf("list bucket %s: %w", f.bucket.name, err)
	}
	var rows []fileRow
	err = f.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := f.o.Held.Check(ctx, tx); err != nil {
			return err
		}
		rows, err = readRows(ctx, tx, f.o.Cell)
		return err
	})
	if err != nil {
		return 0, err
	}
	named, chunks := map[string]bool{}, map[string]bool{}
	for _, r := range rows {
		pieces, err := decodePieces(r.Pieces, r.Size)
		if err != nil {
			return 0, fmt.Errorf("the row of %s cannot be: %w", r.Path, err)
		}
		for _, p := range pieces {
			named[p.Object], chunks[p.Chunks] = true, true
		}
	}
	ripe, noted := f.ripe()
	defer noted()
	var failed error
	take := func(names []string, live map[string]bool, remove func(name string) error) (n int) {
		for _, name := range names {
			if live[name] || ctx.Err() != nil || !ripe(name) {
				continue
			}
			if err := remove(name); err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			n++
		}
		return n
	}
	// Some have a name only, or chunks only.
	removed = take(found.objects, named, func(name string) error { return f.bucket.remove(ctx, name, "") })
	removed = max(removed, take(found.chunks, chunks, func(name string) error { return f.bucket.remove(ctx, "", name) }))
	f.removed.Add(uint64(removed))
	f.swept.Add(uint64(removed))
	return removed, errors.Join(failed, ctx.Err())
}
