//go:build !cgo

package main

const zstd = "(zstd in Go)"
