package file

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func datasync(f *os.File) error {
	return control(f, unix.Fdatasync)
}

// allocate reserves with fallocate(2). File systems without it (NFS before 4.2, some FUSE) answer EOPNOTSUPP.
func allocate(f *os.File, off, n int64) error {
	err := control(f, func(fd int) error { return unix.Fallocate(fd, 0, off, n) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return extend(f, off+n)
	}
	return err
}
