// Package trial runs one phase of one store on one workload in a process of its own and reports what it cost. The same
// code runs our store and its peers (bench/peers), so that all are measured alike: CPU is user and system time of the
// process from after the store was opened until it was closed, less what the generator alone takes.
package trial
