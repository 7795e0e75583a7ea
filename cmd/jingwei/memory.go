package main

import (
	"runtime/debug"
	"time"
)

// settled is how long after its start a process is expected to do nothing but its work.
const settled = 10 * time.Second

// giveBack returns to the system what a start took and what follows does not need: memory that is free again, and pages of the
// program's own file that only the start has read.
func giveBack() {
	debug.FreeOSMemory()
	forgetProgram()
}

// giveBackOnce does so when a process has settled. The caller stops it at its end.
func giveBackOnce() (stop func() bool) { return time.AfterFunc(settled, giveBack).Stop }
