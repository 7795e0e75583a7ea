package shared

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sync/errgroup"

	"jingwei/internal/kernel/file"
)

// ensure has the node's content on this machine, open. n.mu is held, and n counts the user for whom it is.
func (f *FS) ensure(n *node, path string, writes bool) error {
	if n.f == nil {
		if n.local == "" {
			if err := f.fetch(n, path); err != nil {
				return err
			}
		}
		// Local files are always open for both: who may write is the handle's matter.
		l, err := file.OS().OpenFile(n.local, os.O_RDWR, 0)
		if err != nil {
			f.letGo(n, false)
			return err
		}
		n.f = l
	}
	if writes && n.cache != "" { // what is in the cache is not written
		name, err := f.cache.take(n.cache)
		if err != nil {
			return err
		}
		n.local, n.cache = name, ""
	}
	return nil
}

// fetch makes the local copy of what the row says.
func (f *FS) fetch(n *node, path string) error {
	f.mu.Lock()
	kept := n.kept
	f.mu.Unlock()
	if kept == nil {
		kept = &content{}
	}
	n.base, n.dirty, n.reset = kept.pieces, nil, false
	if kept.whole() {
		name, err := f.cache.pin(f.life, path, kept.pieces[0])
		if err != nil {
			return err
		}
		n.local, n.cache = name, kept.pieces[0].Object
		return nil
	}
	name := f.cache.work()
	if err := f.assemble(name, path, kept); err != nil {
		_ = os.Remove(name)
		return err
	}
	n.local = name
	return nil
}

// assemble puts a file together from its pieces, the oldest first.
func (f *FS) assemble(name, path string, c *content) error {
	w, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Truncate(c.size); err != nil {
		return err
	}
	names := make([]string, len(c.pieces))
	defer func() {
		for i, p := range c.pieces {
			if names[i] != "" {
				f.cache.unpin(p.Object, false)
			}
		}
	}()
	g := errgroup.Group{}
	g.SetLimit(atOnce)
	for i, p := range c.pieces {
		g.Go(func() (err error) {
			names[i], err = f.cache.pin(f.life, path, p)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, p := range c.pieces {
		if err := copyTo(w, p, names[i]); err != nil {
			return err
		}
	}
	return nil
}

func copyTo(w *os.File, p piece, name string) error {
	r, err := os.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(io.NewOffsetWriter(w, p.At), io.LimitReader(r, p.Len))
	if err == nil && n != p.Len {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// release counts one user less. When none is left the local copy is closed: what is an object goes to the cache, what was not
// synced stays as it is, and everything else goes.
func (f *FS) release(n *node) error {
	f.mu.Lock()
	n.refs--
	f.mu.Unlock()
	return f.settle(n)
}

// settle puts the local copy of a file that nobody uses where it belongs.
func (f *FS) settle(n *node) error {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	f.mu.Lock()
	used, gone, kept := n.refs > 0, n.gone, n.kept
	f.mu.Unlock()
	if used {
		return nil
	}
	var err error
	if n.f != nil {
		err = n.f.Close()
		n.f = nil
	}
	synced := kept != nil && len(n.dirty) == 0 && !n.reset
	switch {
	case n.local == "":
	case gone:
		f.letGo(n, true)
	case n.cache != "":
		f.letGo(n, false)
	case !synced:
	case kept.whole():
		if e := f.cache.adopt(kept.pieces[0], n.local); e != nil {
			f.o.Logger.Warn("a file is not kept in the cache", "error", e)
			_ = os.Remove(n.local)
		}
		n.local = ""
	default:
		f.letGo(n, false)
	}
	return err
}

// letGo forgets the local copy: a work file goes, an object stays in the cache unless its file is gone.
func (f *FS) letGo(n *node, gone bool) {
	if n.cache != "" {
		f.cache.unpin(n.cache, gone)
	} else if n.local != "" {
		if err := os.Remove(n.local); err != nil && !errors.Is(err, os.ErrNotExist) {
			f.o.Logger.Warn("cannot remove a work file", "error", err)
		}
	}
	n.local, n.cache = "", ""
}
