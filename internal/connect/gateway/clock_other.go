//go:build !linux

package gateway

// kernelSynchronised: this system does not tell.
func kernelSynchronised() (synchronised, known bool) { return false, false }
