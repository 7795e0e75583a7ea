// Package workload makes the measured values that benchmarks write: machines with twenty properties each, told once a
// second, as a plant's controllers tell them. Every stream is a pure function of its Spec: the same seed gives the same
// rows in the same order, whoever reads them and in how many shards.
//
// A device is a replica of one machine: its signals are offset, scaled, jittered and phase-shifted by the seed. The
// properties of a device share their source times, as registers read in one request do. Six are analog values of a
// converter with one decimal, three carry noise in the full mantissa, three are controllers' REALs (float32), three are
// counters, two set-points, two switches and one a state. Times have whole milliseconds (a controller's clock), gateway
// times nanoseconds. Some rows are Uncertain or Bad, and a device that falls silent leaves one Bad_NoCommunication
// mark for each of its properties. With Late, 2% of the batches come 1 to 10 minutes late and 0.1% are 1 to 3 days old.
package workload
