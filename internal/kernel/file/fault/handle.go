package fault

import (
	"errors"
	"io"
	"io/fs"
	"syscall"
)

// handle is an open file of one life of the disk.
type handle struct {
	disk   *Disk
	name   string
	node   *node
	life   uint64
	writes bool
	closed bool
}

func (h *handle) open() error {
	if h.closed {
		return fs.ErrClosed
	}
	return nil
}

func (h *handle) look(op string, do func() error) error {
	return h.disk.look(op, h.name, h.life, func(*Fault) error {
		if err := h.open(); err != nil {
			return err
		}
		return do()
	})
}

func (h *handle) change(op string, do func(*Fault) error) error {
	return h.disk.change(op, h.name, h.life, func(f *Fault) error {
		if err := h.open(); err != nil {
			return err
		}
		if !h.writes {
			return syscall.EBADF
		}
		return do(f)
	})
}

// ReadAt implements io.ReaderAt.
func (h *handle) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, pathError("read", h.name, errors.New("negative offset"))
	}
	err = h.look("read", func() error {
		n = int(max(0, min(int64(len(p)), h.node.now.size-off)))
		h.node.now.read(p[:n], off)
		return nil
	})
	h.disk.event(Event{Op: "read", Name: h.name, Off: off, N: n, Err: err})
	if err != nil {
		return 0, pathError("read", h.name, err)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt.
func (h *handle) WriteAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, pathError("write", h.name, errors.New("negative offset"))
	}
	err = h.change("write", func(f *Fault) error {
		n = len(p)
		if f != nil {
			n /= 2
		}
		fits, err := h.grow(off, int64(n))
		n = int(fits)
		h.node.write(p[:n], off)
		return err
	})
	h.disk.event(Event{Op: "write", Name: h.name, Off: off, N: n, Err: err})
	return n, pathError("write", h.name, err)
}

// grow reserves the bytes of a write or tells how many of them fit.
func (h *handle) grow(off, n int64) (int64, error) {
	d, f := h.disk, h.node
	more := up(off+n) - f.reserved
	if more <= 0 {
		return n, nil
	}
	if room := d.limit - d.used; d.limit >= 0 && more > room {
		fits := max(0, min(n, f.reserved+room/pageBytes*pageBytes-off))
		if fits > 0 {
			d.used += up(off+fits) - f.reserved
			f.reserved = up(off + fits)
		}
		return fits, syscall.ENOSPC
	}
	d.used += more
	f.reserved += more
	return n, nil
}

// Truncate implements file.File.
func (h *handle) Truncate(size int64) error {
	if size < 0 {
		return pathError("truncate", h.name, errors.New("negative size"))
	}
	err := h.change("truncate", func(*Fault) error {
		h.node.resize(size) // a file made longer has a hole, which takes no space
		if less := h.node.reserved - up(size); less > 0 {
			h.disk.used -= less
			h.node.reserved -= less
		}
		return nil
	})
	h.disk.event(Event{Op: "truncate", Name: h.name, Off: size, Err: err})
	return pathError("truncate", h.name, err)
}

// Allocate implements file.File.
func (h *handle) Allocate(off, n int64) error {
	if off < 0 || n <= 0 {
		return pathError("allocate", h.name, errors.New("empty range"))
	}
	err := h.change("allocate", func(*Fault) error {
		d, f := h.disk, h.node
		if more := up(off+n) - f.reserved; more > 0 {
			if d.limit >= 0 && d.used+more > d.limit {
				return syscall.ENOSPC
			}
			d.used += more
			f.reserved += more
		}
		f.resize(max(f.now.size, off+n))
		return nil
	})
	h.disk.event(Event{Op: "allocate", Name: h.name, Off: off, N: int(n), Err: err})
	return pathError("allocate", h.name, err)
}

// Datasync implements file.File.
func (h *handle) Datasync() error {
	h.disk.event(Event{Op: "datasync-start", Name: h.name})
	err := h.change("datasync", func(f *Fault) error {
		if f != nil {
			h.node.forget()
		} else {
			h.node.sync()
		}
		return nil
	})
	h.disk.event(Event{Op: "datasync", Name: h.name, Err: err})
	return pathError("datasync", h.name, err)
}

// Size implements file.File.
func (h *handle) Size() (n int64, err error) {
	err = h.look("size", func() error {
		n = h.node.now.size
		return nil
	})
	return n, pathError("size", h.name, err)
}

// Map implements file.File: the bytes are a copy.
func (h *handle) Map() (data []byte, unmap func() error, err error) {
	err = h.look("read", func() error {
		data = make([]byte, h.node.now.size)
		h.node.now.read(data, 0)
		return nil
	})
	return data, func() error { return nil }, pathError("map", h.name, err)
}

// Close implements io.Closer.
func (h *handle) Close() error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if h.closed {
		return pathError("close", h.name, fs.ErrClosed)
	}
	h.closed = true
	if h.life == h.disk.life+1 {
		h.node.opens--
		h.disk.release(h.node)
	}
	return nil
}
