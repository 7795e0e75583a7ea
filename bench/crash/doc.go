// Package crash is `jingwei bench crash`: it kills what acknowledges samples, at the worst moments it can think of, and
// asks afterwards whether every acknowledged sample is there exactly once.
//
// Three parts. Cycles (cycle.go): a real node and a real gateway, both ended by SIGKILL again and again under load, at
// start-up, while blocks are written; a verifier, a process of its own that shares neither memory nor files with them,
// is the machine at one end and the reader at the other, and holds the list of what was acknowledged (verifier.go).
// Disk runs (disk.go): journal and telemetry on a disk in memory that loses what was not synced, fails an fsync, fills
// up, turns read-only. Order (order.go): for each acknowledgement of those runs, the bytes that hold the batch were
// written and their datasync had ended before; strace gives outside evidence where it is installed (strace.go).
//
// Sources: T. Pillai et al., All File Systems Are Not Created Equal, OSDI 2014 (what a crash may leave); A. Rebello et
// al., Can Applications Recover from fsync Failures?, USENIX ATC 2020.
package crash
