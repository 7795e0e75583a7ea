package resolve

import (
	"time"

	"golang.org/x/sys/unix"
)

// processTime is the CPU time that the process has taken, threadTime that of the calling thread.
func processTime() time.Duration { return used(unix.RUSAGE_SELF) }
func threadTime() time.Duration  { return used(unix.RUSAGE_THREAD) }

func used(who int) time.Duration {
	var u unix.Rusage
	if unix.Getrusage(who, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
