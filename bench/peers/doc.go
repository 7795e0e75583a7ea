// Package peers holds the stores that others wrote and that `jingwei bench store` runs beside ours, as libraries, in a Go
// module of its own: none of it is in the product. Their versions are pinned in go.mod. Each program below cmd runs one
// phase of a trial (jingwei/bench/trial) and prints its report.
//
// `make bench-peers` builds them into bin. VictoriaMetrics is built with cgo where a C compiler is found, as its authors
// ship it: zstd in C is a good part of its speed.
package peers
