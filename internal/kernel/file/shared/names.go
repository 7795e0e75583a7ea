package shared

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"jingwei/internal/kernel/file"
)

var errNotDir error = syscall.ENOTDIR

// OpenFile implements file.FS. The content is on this machine when it returns; where it has to be fetched, that takes its
// time, and damage is a *DamageError.
func (f *FS) OpenFile(name string, flag int, perm fs.FileMode) (file.File, error) {
	at, err := clean(name)
	if err == nil && flag&os.O_APPEND != 0 {
		err = errors.New("O_APPEND is not supported: files are written at offsets")
	}
	if err != nil {
		return nil, pathError("open", name, err)
	}
	writes := flag&(os.O_WRONLY|os.O_RDWR) != 0
	for {
		n, made, err := f.use(at, flag, perm, writes)
		if err != nil {
			return nil, pathError("open", name, err)
		}
		n.mu.Lock()
		err = f.ensure(n, at, writes)
		if err == nil && flag&os.O_TRUNC != 0 && n.size.Load() > 0 {
			err = f.truncate(n, 0)
		}
		local := n.f
		n.mu.Unlock()
		if err == nil {
			return &handle{fs: f, node: n, f: local, name: name, writes: writes}, nil
		}
		again := f.unuse(n, made)
		if !again {
			return nil, pathError("open", name, err)
		}
		// It was replaced or removed while its old content was fetched, whose objects are gone.
	}
}

// use finds or makes a file and counts one more user.
func (f *FS) use(at string, flag int, perm fs.FileMode, writes bool) (n *node, made bool, err error) {
	if err := f.begin(writes || flag&(os.O_CREATE|os.O_TRUNC) != 0); err != nil {
		return nil, false, err
	}
	defer f.mu.Unlock()
	n, err = f.find(at)
	switch {
	case errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE != 0:
		dir, last, err := f.parentOf(at)
		if err != nil {
			return nil, false, err
		}
		n, made = f.newNode(perm, false), true
		n.hang(dir, last)
	case err != nil:
		return nil, false, err
	case flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
		return nil, false, fs.ErrExist
	case n.dir():
		return nil, false, syscall.EISDIR
	}
	n.refs++
	return n, made, nil
}

// unuse takes back a use that came to nothing, and tells whether the name means something else by now.
func (f *FS) unuse(n *node, made bool) (again bool) {
	f.mu.Lock()
	again = n.gone
	if made && !n.gone && n.kept == nil && n.refs == 1 {
		delete(n.parent.children, n.name)
		n.gone = true
	}
	f.mu.Unlock()
	_ = f.release(n)
	return again
}

// ReadDir implements file.FS: sorted by name.
func (f *FS) ReadDir(dir string) ([]fs.DirEntry, error) {
	at, err := clean(dir)
	if err == nil {
		err = f.begin(false)
	}
	if err != nil {
		return nil, pathError("readdir", dir, err)
	}
	defer f.mu.Unlock()
	n, err := f.find(at)
	if err == nil && !n.dir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, pathError("readdir", dir, err)
	}
	list := make([]fs.DirEntry, 0, len(n.children))
	for _, c := range n.children {
		list = append(list, fs.FileInfoToDirEntry(c.info()))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// Stat implements file.FS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	at, err := clean(name)
	if err == nil {
		err = f.begin(false)
	}
	if err != nil {
		return nil, pathError("stat", name, err)
	}
	defer f.mu.Unlock()
	n, err := f.find(at)
	if err != nil {
		return nil, pathError("stat", name, err)
	}
	return n.info(), nil
}

// Rename implements file.FS. It is durable when it returns; a file that was never synced is synced first.
func (f *FS) Rename(oldName, newName string) error {
	err := f.rename(oldName, newName)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: oldName, New: newName, Err: err}
	}
	return nil
}

func (f *FS) rename(oldName, newName string) error {
	from, err := clean(oldName)
	if err != nil {
		return err
	}
	to, err := clean(newName)
	if err != nil {
		return err
	}
	for {
		if err := f.begin(true); err != nil {
			return err
		}
		unsynced, idle, b, err := f.move(from, to)
		f.mu.Unlock()
		if err != nil {
			return err
		}
		if unsynced == nil {
			_ = f.settle(idle)
			return wait(b)
		}
		unsynced.mu.Lock()
		err = f.ensure(unsynced, from, true)
		unsynced.mu.Unlock()
		if err == nil {
			err = f.sync(unsynced, from)
		}
		if err = errors.Join(err, f.release(unsynced)); err != nil {
			return err
		}
	}
}

// move moves a name. It returns the file that has to be synced before, as one more user of it; or what has to be waited for,
// and the file that was there if nobody uses it. f.mu is held.
func (f *FS) move(from, to string) (unsynced, idle *node, b *batch, err error) {
	n, err := f.find(from)
	if err != nil {
		return nil, nil, nil, err
	}
	dir, last, err := f.parentOf(to)
	if err != nil {
		return nil, nil, nil, err
	}
	if n == f.root {
		return nil, nil, nil, syscall.EBUSY
	}
	old := dir.children[last]
	switch {
	case old == n:
		return nil, nil, f.newest, nil
	case dir.below(n):
		return nil, nil, nil, syscall.EINVAL
	case old != nil && old.dir():
		return nil, nil, nil, syscall.EEXIST
	case old != nil && n.dir():
		return nil, nil, nil, syscall.ENOTDIR
	case !n.dir() && (n.kept == nil || n.bare):
		n.refs++
		return n, nil, nil, nil
	}
	b = f.queue()
	if old != nil {
		idle = f.drop(b, old)
	}
	n.each(func(m *node) {
		if m.kept != nil {
			b.edits[m.path()] = nil
		}
	})
	delete(n.parent.children, n.name)
	n.hang(dir, last)
	n.each(func(m *node) {
		if m.kept != nil {
			f.put(b, m)
		}
	})
	return nil, idle, b, nil
}

// drop takes a file or an empty directory away, and returns it if nobody uses it. f.mu is held.
func (f *FS) drop(b *batch, n *node) (idle *node) {
	if n.kept != nil {
		b.edits[n.path()] = nil
		b.garbage = append(b.garbage, n.kept.pieces...)
	}
	delete(n.parent.children, n.name)
	n.gone = true
	if n.refs == 0 && !n.dir() {
		return n
	}
	return nil
}

// Remove implements file.FS. It is durable when it returns.
func (f *FS) Remove(name string) error {
	at, err := clean(name)
	if err == nil {
		err = f.begin(true)
	}
	if err != nil {
		return pathError("remove", name, err)
	}
	n, err := f.find(at)
	switch {
	case err != nil:
	case n == f.root:
		err = syscall.EBUSY
	case len(n.children) > 0:
		err = syscall.ENOTEMPTY
	}
	if err != nil {
		f.mu.Unlock()
		return pathError("remove", name, err)
	}
	var b *batch
	if n.kept != nil {
		b = f.queue()
	} else {
		b = &batch{edits: map[string]*fileRow{}, done: make(chan struct{})}
		close(b.done)
	}
	idle := f.drop(b, n)
	f.mu.Unlock()
	_ = f.settle(idle)
	return pathError("remove", name, wait(b))
}

// SyncDir implements file.FS: it waits for the changes of others, and a file that was created and never synced gets a row,
// as an empty one.
func (f *FS) SyncDir(dir string) error {
	at, err := clean(dir)
	if err == nil {
		err = f.begin(true)
	}
	if err != nil {
		return pathError("syncdir", dir, err)
	}
	n, err := f.find(at)
	if err == nil && !n.dir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		f.mu.Unlock()
		return pathError("syncdir", dir, err)
	}
	b := f.newest
	for _, c := range n.children {
		if c.kept == nil {
			c.kept, c.bare = &content{}, true
			b = f.queue()
			f.put(b, c)
		}
	}
	f.mu.Unlock()
	return pathError("syncdir", dir, wait(b))
}

// Lock implements file.FS. That no other process has it follows from the cell's lease; here it is held against others of this
// process.
func (f *FS) Lock(name string) (io.Closer, error) {
	h, err := f.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := h.Close(); err != nil {
		return nil, err
	}
	at, err := clean(name)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.locks[at] {
		return nil, fmt.Errorf("lock %s: %w", name, file.ErrLocked)
	}
	f.locks[at] = true
	return &lock{fs: f, name: at}, nil
}

type lock struct {
	fs   *FS
	name string
	done bool
}

func (l *lock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	if !l.done {
		delete(l.fs.locks, l.name)
		l.done = true
	}
	return nil
}

// Free implements file.FS: what the bucket's limit leaves and what the local disk has, whichever is less.
func (f *FS) Free(dir string) (uint64, error) {
	if _, err := f.Stat(dir); err != nil {
		return 0, err
	}
	free, err := file.OS().Free(f.o.CacheDir)
	if err != nil {
		return 0, err
	}
	used, limit, err := f.bucket.used(f.life)
	if err != nil {
		return 0, pathError("statfs", dir, err)
	}
	if limit > 0 {
		free = min(free, uint64(max(0, limit-used)))
	}
	return free, nil
}
