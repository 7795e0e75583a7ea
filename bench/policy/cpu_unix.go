//go:build unix

package policy

import (
	"syscall"
	"time"
)

// cpu is the processor time of this process so far, user and system. With GOMAXPROCS 1 nothing in it runs side by side.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
