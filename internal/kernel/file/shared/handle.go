package shared

import (
	"errors"
	"io"
	"io/fs"
	"sync/atomic"
	"syscall"

	"jingwei/internal/kernel/file"
)

// handle is an open file.
type handle struct {
	fs     *FS
	node   *node
	f      file.File // the copy on this machine
	name   string
	writes bool
	closed atomic.Bool
}

func (h *handle) err(op string, err error) error {
	if known, ok := err.(*fs.PathError); ok { // it names the file of the cache
		err = known.Err
	}
	return pathError(op, h.name, err)
}

// ReadAt implements io.ReaderAt.
func (h *handle) ReadAt(p []byte, off int64) (int, error) {
	if h.closed.Load() {
		return 0, pathError("read", h.name, fs.ErrClosed)
	}
	n, err := h.f.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = h.err("read", err)
	}
	return n, err
}

// change runs do while no other changes the file and no sync is under way.
func (h *handle) change(op string, do func(n *node) error) error {
	switch {
	case h.closed.Load():
		return pathError(op, h.name, fs.ErrClosed)
	case !h.writes:
		return pathError(op, h.name, syscall.EBADF)
	}
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	if err := do(h.node); err != nil {
		return h.err(op, err)
	}
	return nil
}

// WriteAt implements io.WriterAt.
func (h *handle) WriteAt(p []byte, off int64) (n int, err error) {
	err = h.change("write", func(f *node) (err error) {
		n, err = f.f.WriteAt(p, off)
		if n > 0 {
			h.fs.wrote(f, span{off, off + int64(n)})
		}
		return err
	})
	return n, err
}

func (f *FS) wrote(n *node, s span) {
	n.dirty = mark(n.dirty, s)
	n.size.Store(max(n.size.Load(), s.to))
	n.changed.Store(f.o.Now().UnixNano())
}

// Truncate implements file.File.
func (h *handle) Truncate(size int64) error {
	return h.change("truncate", func(n *node) error { return h.fs.truncate(n, size) })
}

func (f *FS) truncate(n *node, size int64) error {
	if size < 0 {
		return syscall.EINVAL
	}
	if err := n.f.Truncate(size); err != nil {
		return err
	}
	n.base, n.dirty = cut(n.base, n.dirty, size)
	n.reset = true
	n.size.Store(size)
	n.changed.Store(f.o.Now().UnixNano())
	return nil
}

// Allocate implements file.File: it reserves on this machine, where a full disk would show itself first.
func (h *handle) Allocate(off, n int64) error {
	return h.change("allocate", func(f *node) error {
		if err := f.f.Allocate(off, n); err != nil {
			return err
		}
		if off+n > f.size.Load() {
			f.size.Store(off + n)
			f.reset = true
		}
		return nil
	})
}

// Datasync implements file.File. Unlike a disk's, one that failed may be called again, as long as the FS has not failed.
func (h *handle) Datasync() error {
	if h.closed.Load() {
		return pathError("datasync", h.name, fs.ErrClosed)
	}
	return h.err("datasync", h.fs.sync(h.node, h.name))
}

// Size implements file.File.
func (h *handle) Size() (int64, error) {
	if h.closed.Load() {
		return 0, pathError("size", h.name, fs.ErrClosed)
	}
	return h.node.size.Load(), nil
}

// Map implements file.File.
func (h *handle) Map() ([]byte, func() error, error) {
	if h.closed.Load() {
		return nil, nil, pathError("map", h.name, fs.ErrClosed)
	}
	data, unmap, err := h.f.Map()
	if err != nil {
		return nil, nil, h.err("map", err)
	}
	h.fs.mu.Lock()
	h.node.refs++
	h.fs.mu.Unlock()
	return data, func() error { return errors.Join(unmap(), h.fs.release(h.node)) }, nil
}

// Close implements io.Closer.
func (h *handle) Close() error {
	if h.closed.Swap(true) {
		return pathError("close", h.name, fs.ErrClosed)
	}
	return h.err("close", h.fs.release(h.node))
}
