// Package file is the one door through which the durable parts of a node (journal, blocks, blobs, cursors) touch a
// disk. The product passes OS(); tests and the crash bench pass a disk that loses its page cache, fills up, tears
// writes or fails an fsync (package fault beside it).
package file

import (
	"errors"
	"io"
	"io/fs"
)

// ErrLocked tells that another process holds the lock asked for.
var ErrLocked = errors.New("file is locked by another process")

// FS is a tree of files. Names are slash- or OS-separated paths as for package os. Methods are safe for concurrent use.
type FS interface {
	// OpenFile opens as os.OpenFile does (os.O_RDWR, os.O_CREATE, os.O_EXCL, os.O_TRUNC; not os.O_APPEND).
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	MkdirAll(dir string, perm fs.FileMode) error
	ReadDir(dir string) ([]fs.DirEntry, error)
	Stat(name string) (fs.FileInfo, error)
	Rename(oldName, newName string) error
	Remove(name string) error
	// SyncDir makes creations, renames and removals in dir durable.
	SyncDir(dir string) error
	// Lock takes the exclusive advisory lock name (created if need be) without waiting, or returns ErrLocked.
	Lock(name string) (io.Closer, error)
	// Free returns the bytes still available to this process on the volume of dir.
	Free(dir string) (bytes uint64, err error)
}

// File is an open file. ReadAt and WriteAt may run concurrently on ranges that do not overlap.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Allocate reserves disk blocks for [off, off+n) and extends the size to off+n where it was smaller; the new
	// bytes read as zero. On a volume that cannot reserve it only extends.
	Allocate(off, n int64) error
	// Datasync returns once the bytes written so far, and what is needed to read them back, are on the medium
	// (fdatasync). After an error nothing may be assumed about any byte written since the last success, and the
	// call must not be repeated in the hope of a better answer (the kernel drops the dirty pages it failed to write).
	Datasync() error
	// Map returns the bytes of the file as it is now, read-only, until unmap is called once. A read error of the
	// medium under a mapping surfaces as a run-time fault: readers use debug.SetPanicOnFault and recover.
	Map() (data []byte, unmap func() error, err error)
}
