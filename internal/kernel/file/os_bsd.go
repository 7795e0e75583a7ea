//go:build darwin || freebsd

package file

import "os"

// datasync flushes data and metadata; on darwin Go asks the drive too (F_FULLFSYNC).
func datasync(f *os.File) error { return f.Sync() }

func allocate(f *os.File, off, n int64) error { return extend(f, off+n) }
