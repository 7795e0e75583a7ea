// Package bench holds the benchmarks of `jingwei bench`: each runs beside what others wrote where there is something to
// compare with, judges goals, and tells its result in the form of bench/result. Peers are programs of bench/peers, a Go
// module of its own; where they are not built they are left out, and the result says so.
package bench
