package file

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// datasync is FlushFileBuffers: data and metadata.
func datasync(f *os.File) error { return f.Sync() }

// allocate extends: NTFS assigns clusters when a file is extended without being marked sparse, so the space is taken.
func allocate(f *os.File, off, n int64) error { return extend(f, off+n) }

// syncDir does nothing but look: Windows has no flush of a directory for ordinary rights, and NTFS journals names.
func syncDir(dir string) error {
	_, err := os.Stat(dir)
	return err
}

func lock(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrLocked
	}
	return err
}

func free(dir string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var available uint64
	err = windows.GetDiskFreeSpaceEx(name, &available, nil, nil)
	return available, err
}

func mapFile(f *os.File, size int) ([]byte, func() error, error) {
	h, err := windows.CreateFileMapping(windows.Handle(f.Fd()), nil, windows.PAGE_READONLY, 0, 0, nil)
	if err != nil {
		return nil, nil, err
	}
	defer windows.CloseHandle(h) // the view keeps the mapping alive
	addr, err := windows.MapViewOfFile(h, windows.FILE_MAP_READ, 0, 0, uintptr(size))
	if err != nil {
		return nil, nil, err
	}
	// The address is the system's and not the garbage collector's; going through a pointer to it keeps vet content.
	data := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&addr))), size)
	return data, func() error { return windows.UnmapViewOfFile(addr) }, nil
}
