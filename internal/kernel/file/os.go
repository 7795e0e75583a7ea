package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// OS returns the file system of this computer. On Linux it uses fdatasync, fallocate, flock and mmap; elsewhere what
// comes nearest (see the files by operating system beside this one).
func OS() FS { return osFS{} }

type osFS struct{}

func (osFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	if flag&os.O_APPEND != 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("O_APPEND is not supported: files are written at offsets")}
	}
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &osFile{f}, nil
}

func (osFS) MkdirAll(dir string, perm fs.FileMode) error { return os.MkdirAll(dir, perm) }
func (osFS) ReadDir(dir string) ([]fs.DirEntry, error)   { return os.ReadDir(dir) }
func (osFS) Stat(name string) (fs.FileInfo, error)       { return os.Stat(name) }
func (osFS) Rename(oldName, newName string) error        { return os.Rename(oldName, newName) }
func (osFS) Remove(name string) error                    { return os.Remove(name) }
func (osFS) SyncDir(dir string) error                    { return syncDir(dir) }

func (osFS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return f, nil // closing the file lets go of the lock; the file stays, since removing it would race
}

func (osFS) Free(dir string) (uint64, error) {
	n, err := free(dir)
	if err != nil {
		return 0, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return n, nil
}

// osFile adds to an *os.File what the operating systems call differently.
type osFile struct{ *os.File }

func (f *osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *osFile) Allocate(off, n int64) error {
	if off < 0 || n <= 0 {
		return &fs.PathError{Op: "allocate", Path: f.Name(), Err: fmt.Errorf("range %d+%d is not one", off, n)}
	}
	if err := allocate(f.File, off, n); err != nil {
		return &fs.PathError{Op: "allocate", Path: f.Name(), Err: err}
	}
	return nil
}

func (f *osFile) Datasync() error {
	if err := datasync(f.File); err != nil {
		return &fs.PathError{Op: "datasync", Path: f.Name(), Err: err}
	}
	return nil
}

func (f *osFile) Map() ([]byte, func() error, error) {
	size, err := f.Size()
	if err != nil {
		return nil, nil, err
	}
	if size == 0 { // no system maps an empty file
		return nil, func() error { return nil }, nil
	}
	if int64(int(size)) != size {
		return nil, nil, &fs.PathError{Op: "map", Path: f.Name(), Err: fmt.Errorf("%d bytes do not fit the address space", size)}
	}
	data, unmap, err := mapFile(f.File, int(size))
	if err != nil {
		return nil, nil, &fs.PathError{Op: "map", Path: f.Name(), Err: err}
	}
	return data, unmap, nil
}

// extend grows a file that is smaller than size: what Allocate does where nothing can be reserved.
func extend(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() >= size {
		return nil
	}
	return f.Truncate(size)
}

// WriteAtomic replaces the content of name by data: after a crash at any point the old content is there or the new
// one, whole; when it returns nil, the new one. It writes a file name+".tmp" beside it, so two callers must not write
// one name at the same time.
func WriteAtomic(f FS, name string, data []byte, perm fs.FileMode) (err error) {
	tmp := name + ".tmp"
	w, err := f.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			_ = f.Remove(tmp) // the caller has the error that matters
			err = fmt.Errorf("write %s: %w", name, err)
		}
	}()
	if _, err = w.WriteAt(data, 0); err == nil {
		err = w.Datasync()
	}
	if e := w.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err = f.Rename(tmp, name); err != nil {
		return err
	}
	return f.SyncDir(filepath.Dir(name))
}

// MakeDir creates dir and the parents it lacks, durably: when it returns nil, each of them survives a crash. Since a
// process may have died between making a directory and syncing its parent, all parents are synced; those that are not
// ours to sync (other rights, a read-only volume) were not changed by us either.
func MakeDir(f FS, dir string, perm fs.FileMode) error {
	if err := f.MkdirAll(dir, perm); err != nil {
		return fmt.Errorf("make directory %s: %w", dir, err)
	}
	for d := filepath.Clean(dir); d != filepath.Dir(d); {
		d = filepath.Dir(d)
		err := f.SyncDir(d)
		for _, foreign := range []error{fs.ErrPermission, syscall.EROFS, syscall.EINVAL, syscall.ENOTSUP} {
			if errors.Is(err, foreign) {
				err = nil
			}
		}
		if err != nil {
			return fmt.Errorf("make directory %s: %w", dir, err)
		}
	}
	return nil
}
