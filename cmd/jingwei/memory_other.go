//go:build !linux

package main

// forgetProgram is for systems whose way of doing so is known.
func forgetProgram() {}
