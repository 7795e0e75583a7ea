package fault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"jingwei/internal/kernel/file"
)

// change runs do, an operation that changes the disk, under the rules: power, read-only, faults, and a loss of power
// in the middle of it. The lock is held during do.
func (d *Disk) change(op, name string, life uint64, do func(*Fault) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.off || life != 0 && life != d.life+1:
		return ErrPowerOff
	case d.readOnly:
		return syscall.EROFS
	}
	last := false
	if d.countdown > 0 {
		d.countdown--
		last = d.countdown == 0
	}
	f := d.fault(op, name)
	var err error
	if f == nil || f.Part || op == "datasync" {
		if last && !d.kill && (op == "datasync" || op == "syncdir") {
			d.powerOff() // in the middle of a sync nothing more is certain than before it
			return ErrPowerOff
		}
		err = do(f)
	}
	if f != nil {
		err = f.Err
	}
	switch {
	case last && d.kill:
		d.off = true
		d.countdown = 0
		d.killed()
		return ErrPowerOff
	case last:
		d.powerOff()
		return ErrPowerOff
	}
	return err
}

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// parent checks that the directory of name is there.
func (d *Disk) parent(name string) error {
	p := d.names[filepath.Dir(name)]
	if p == nil {
		return fs.ErrNotExist
	}
	if !p.dir {
		return syscall.ENOTDIR
	}
	return nil
}

func (d *Disk) do(op nameOp) {
	if old := d.names[op.to]; op.to != "" && old != nil {
		d.unlink(old)
	}
	if op.to == "" {
		d.unlink(d.names[op.from])
	}
	if op.from == "" {
		op.node.links++
	}
	op.apply(d.names)
	d.pending = append(d.pending, op)
}

func (d *Disk) unlink(n *node) {
	n.links--
	d.release(n)
}

func (d *Disk) release(n *node) {
	if n.links == 0 && n.opens == 0 {
		d.used -= n.usage()
		n.reserved = 0
	}
}

// OpenFile implements file.FS.
func (d *Disk) OpenFile(name string, flag int, perm fs.FileMode) (file.File, error) {
	name = clean(name)
	h := &handle{disk: d, name: name, writes: flag&(os.O_WRONLY|os.O_RDWR) != 0}
	d.mu.Lock()
	_, exists := d.names[name]
	d.mu.Unlock()
	op := "open"
	open := func(*Fault) error {
		n := d.names[name]
		switch {
		case n == nil && flag&os.O_CREATE == 0:
			return fs.ErrNotExist
		case n == nil:
			if err := d.parent(name); err != nil {
				return err
			}
			n = &node{mode: uint32(perm)}
			d.do(nameOp{to: name, node: n})
		case flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
			return fs.ErrExist
		case n.dir:
			return syscall.EISDIR
		}
		if flag&os.O_TRUNC != 0 {
			n.resize(0)
		}
		n.opens++
		h.node, h.life = n, d.life+1
		return nil
	}
	var err error
	switch {
	case flag&os.O_APPEND != 0:
		err = errors.New("O_APPEND is not supported: files are written at offsets")
	case !exists && flag&os.O_CREATE != 0:
		op = "create"
		err = d.change(op, name, 0, open)
	case flag&os.O_TRUNC != 0 || h.writes:
		err = d.look(op, name, 0, func(f *Fault) error {
			if d.readOnly {
				return syscall.EROFS
			}
			return open(f)
		})
	default:
		err = d.look(op, name, 0, open)
	}
	d.event(Event{Op: op, Name: name, Err: err})
	if err != nil {
		return nil, pathError("open", name, err)
	}
	return h, nil
}

// look is change for operations that only read.
func (d *Disk) look(op, name string, life uint64, do func(*Fault) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off || life != 0 && life != d.life+1 {
		return ErrPowerOff
	}
	if f := d.fault(op, name); f != nil {
		return f.Err
	}
	return do(nil)
}

// MkdirAll implements file.FS.
func (d *Disk) MkdirAll(dir string, perm fs.FileMode) error {
	dir = clean(dir)
	var missing []string
	err := d.look("stat", dir, 0, func(*Fault) error {
		for p := dir; ; p = filepath.Dir(p) {
			if n := d.names[p]; n != nil {
				if !n.dir {
					return syscall.ENOTDIR
				}
				return nil
			}
			missing = append(missing, p)
		}
	})
	for i := len(missing) - 1; i >= 0 && err == nil; i-- {
		err = d.change("mkdir", missing[i], 0, func(*Fault) error {
			if d.names[missing[i]] == nil {
				d.do(nameOp{to: missing[i], node: &node{dir: true, mode: uint32(perm)}})
			}
			return nil
		})
		d.event(Event{Op: "mkdir", Name: missing[i], Err: err})
	}
	return pathError("mkdir", dir, err)
}

// ReadDir implements file.FS: sorted by name.
func (d *Disk) ReadDir(dir string) ([]fs.DirEntry, error) {
	dir = clean(dir)
	var list []fs.DirEntry
	err := d.look("readdir", dir, 0, func(*Fault) error {
		if n := d.names[dir]; n == nil {
			return fs.ErrNotExist
		} else if !n.dir {
			return syscall.ENOTDIR
		}
		for name, n := range d.names {
			if name != dir && filepath.Dir(name) == dir {
				list = append(list, fs.FileInfoToDirEntry(n.info(name)))
			}
		}
		return nil
	})
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, pathError("readdir", dir, err)
}

// Stat implements file.FS.
func (d *Disk) Stat(name string) (info fs.FileInfo, err error) {
	name = clean(name)
	err = d.look("stat", name, 0, func(*Fault) error {
		n := d.names[name]
		if n == nil {
			return fs.ErrNotExist
		}
		info = n.info(name)
		return nil
	})
	return info, pathError("stat", name, err)
}

// Rename implements file.FS.
func (d *Disk) Rename(oldName, newName string) error {
	from, to := clean(oldName), clean(newName)
	err := d.change("rename", from, 0, func(*Fault) error {
		n := d.names[from]
		if n == nil {
			return fs.ErrNotExist
		}
		if err := d.parent(to); err != nil {
			return err
		}
		if old := d.names[to]; old != nil && old.dir {
			return syscall.EISDIR
		} else if old != nil && n.dir {
			return syscall.ENOTDIR
		}
		if from != to {
			d.do(nameOp{from: from, to: to, node: n})
		}
		return nil
	})
	d.event(Event{Op: "rename", Name: from, To: to, Err: err})
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// Remove implements file.FS.
func (d *Disk) Remove(name string) error {
	name = clean(name)
	err := d.change("remove", name, 0, func(*Fault) error {
		n := d.names[name]
		if n == nil {
			return fs.ErrNotExist
		}
		if n.dir {
			for other := range d.names {
				if other != name && filepath.Dir(other) == name {
					return syscall.ENOTEMPTY
				}
			}
		}
		d.do(nameOp{from: name})
		return nil
	})
	d.event(Event{Op: "remove", Name: name, Err: err})
	return pathError("remove", name, err)
}

// SyncDir implements file.FS.
func (d *Disk) SyncDir(dir string) error {
	dir = clean(dir)
	err := d.change("syncdir", dir, 0, func(*Fault) error {
		if n := d.names[dir]; n == nil {
			return fs.ErrNotExist
		} else if !n.dir {
			return syscall.ENOTDIR
		}
		d.settle(dir)
		return nil
	})
	d.event(Event{Op: "syncdir", Name: dir, Err: err})
	return pathError("syncdir", dir, err)
}

// Lock implements file.FS.
func (d *Disk) Lock(name string) (io.Closer, error) {
	f, err := d.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f.Close()
	name = clean(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks[name] != 0 {
		return nil, fmt.Errorf("lock %s: %w", name, file.ErrLocked)
	}
	d.lockSeq++
	d.locks[name] = d.lockSeq
	return &lock{d, name, d.lockSeq}, nil
}

type lock struct {
	disk *Disk
	name string
	seq  uint64
}

func (l *lock) Close() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	if l.disk.locks[l.name] == l.seq {
		delete(l.disk.locks, l.name)
	}
	return nil
}

// Free implements file.FS. Without a limit it says 1 TiB.
func (d *Disk) Free(string) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return 0, ErrPowerOff
	}
	if d.limit < 0 {
		return 1 << 40, nil
	}
	return uint64(max(0, d.limit-d.used)), nil
}

func (n *node) info(name string) fs.FileInfo {
	return info{name: filepath.Base(name), size: n.now.size, mode: fs.FileMode(n.mode), dir: n.dir}
}

type info struct {
	name string
	size int64
	mode fs.FileMode
	dir  bool
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) IsDir() bool        { return i.dir }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.dir {
		return i.mode | fs.ModeDir
	}
	return i.mode
}
