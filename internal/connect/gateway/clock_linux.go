package gateway

import "golang.org/x/sys/unix"

// staUnsync is STA_UNSYNC of adjtimex(2).
const staUnsync = 0x40

// kernelSynchronised asks the kernel whether somebody keeps its clock; known is false where it does not tell.
func kernelSynchronised() (synchronised, known bool) {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		return false, false
	}
	return t.Status&staUnsync == 0, true
}
