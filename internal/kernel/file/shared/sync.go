package shared

import (
	"context"
	"fmt"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// sync makes a file's content durable: what changed goes up as new objects, then its row is committed.
func (f *FS) sync(n *node, name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := f.begin(true); err != nil {
		return err
	}
	gone, bare, kept, newest := n.gone, n.bare, n.kept, f.newest
	f.mu.Unlock()
	if gone { // no name leads to it, so nothing of it outlives its handles
		return nil
	}
	if kept != nil && !bare && len(n.dirty) == 0 && !n.reset {
		return wait(newest) // it may be the one that SyncDir of another has just queued
	}
	keep, upload := plan(n.base, n.dirty)
	f.uploads.RLock() // until the row names the objects, no sweep takes them for garbage
	defer f.uploads.RUnlock()
	fresh, err := f.upload(n, name, upload)
	if err != nil {
		if e := f.usable(); e != nil {
			return e
		}
		return err
	}
	is := &content{n.size.Load(), append(keep, fresh...)}
	f.mu.Lock()
	if n.gone {
		f.mu.Unlock()
		f.discard(fresh)
		return nil
	}
	if err := f.usableLocked(); err != nil {
		f.mu.Unlock()
		return err
	}
	was := n.kept
	n.kept, n.bare = is, false
	b := f.queue()
	f.put(b, n)
	if was != nil {
		b.garbage = append(b.garbage, replaced(was.pieces, is.pieces)...)
	}
	f.mu.Unlock()
	if err := wait(b); err != nil {
		return err
	}
	n.base, n.dirty, n.reset = is.pieces, nil, false
	return nil
}

// upload stores spans of the local copy as new objects, each attempt under a new name.
func (f *FS) upload(n *node, name string, spans []span) ([]piece, error) {
	out := make([]piece, len(spans))
	one := func(i int, s span) error {
		return f.bucket.patiently(f.ctx, "store "+name, func(ctx context.Context) (err error) {
			out[i], err = f.bucket.put(ctx, name, n.f, s.from, s.len())
			return err
		})
	}
	var err error
	if len(spans) == 1 {
		err = one(0, spans[0])
	} else {
		g := errgroup.Group{}
		g.SetLimit(atOnce)
		for i, s := range spans {
			g.Go(func() error { return one(i, s) })
		}
		err = g.Wait()
	}
	if err != nil {
		f.discard(out)
		if full(err) {
			return nil, fmt.Errorf("%w: %w", syscall.ENOSPC, err)
		}
		return nil, err
	}
	for _, p := range out {
		f.uploaded.Add(1)
		f.uploadedBytes.Add(uint64(p.Bytes))
	}
	return out, nil
}
