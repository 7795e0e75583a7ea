package shared

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"
)

// Warmed tells what Warm did.
type Warmed struct {
	Objects int   // that the cell's files have
	Bytes   int64 // of them
	Fetched int   // that were not in the cache yet
	Left    int   // for which CacheBytes has no room
}

// Warm brings the contents of a cell's files into the cache of this machine, without its lease and without changing anything:
// a process that calls it from time to time takes over fast. The newest files come first. It must have returned before Open
// is called with the same CacheDir (else file.ErrLocked). Files that the owner replaces meanwhile are passed over.
func Warm(ctx context.Context, o Options) (w Warmed, err error) {
	o, err = o.filled(true)
	if err != nil {
		return w, err
	}
	lock, err := lockCache(o.CacheDir)
	if err != nil {
		return w, err
	}
	defer lock.Close()
	if err := migrate(ctx, o.DB); err != nil {
		return w, err
	}
	var rows []fileRow
	err = o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		rows, err = readRows(ctx, tx, o.Cell)
		return err
	})
	if err != nil || len(rows) == 0 {
		return w, err
	}
	try, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	b, err := openBucket(try, &o)
	if err != nil {
		return w, err
	}
	o.lag = time.Nanosecond // what is gone was replaced; the owner knows what is damaged
	c, err := openCache(&o, b)
	if err != nil {
		return w, err
	}
	slices.SortStableFunc(rows, func(a, b fileRow) int { return cmp.Compare(b.Changed, a.Changed) })
	type wanted struct {
		path string
		piece
	}
	var all []wanted
	named := map[string]bool{}
	for _, r := range rows {
		pieces, err := decodePieces(r.Pieces, r.Size)
		if err != nil {
			return w, err
		}
		for _, p := range pieces {
			w.Objects++
			if w.Bytes += p.Bytes; w.Bytes <= o.CacheBytes {
				all = append(all, wanted{r.Path, p})
				named[p.Object] = true
			} else {
				w.Left++
			}
		}
	}
	c.keepOnly(named)
	var fetched atomic.Int64
	g, in := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, p := range all {
		if c.has(p.piece) { // Open checks what is in it
			continue
		}
		g.Go(func() error {
			if _, err := c.pin(in, p.path, p.piece); err != nil {
				if in.Err() == nil {
					o.Logger.Debug("an object was not brought into the cache", "file", p.path, "error", err)
				}
				return in.Err()
			}
			c.unpin(p.Object, false)
			fetched.Add(1)
			return nil
		})
	}
	err = g.Wait()
	w.Fetched = int(fetched.Load())
	return w, err
}
