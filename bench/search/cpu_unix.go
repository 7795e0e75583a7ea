//go:build unix

package search

import (
	"syscall"
	"time"
)

// cpu is the processor time of this process so far, user and system: all that a query makes the process do, side by side or not.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
