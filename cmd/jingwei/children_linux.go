package main

import (
	"os/exec"
	"syscall"
)

// apart keeps the terminal's Ctrl-C from a child, whose parent ends it in order, and ends the child should the parent die.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
