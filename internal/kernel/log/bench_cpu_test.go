//go:build unix

package log

import (
	"syscall"
	"testing"
)

// cpu reports the user and system time of the process per operation: steadier than time on a shared machine.
func cpu(b *testing.B) (report func()) {
	read := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	begin := read()
	return func() { b.ReportMetric(float64(read()-begin)/float64(b.N), "cpu-ns/op") }
}
