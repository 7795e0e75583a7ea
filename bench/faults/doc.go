// Package faults breaks the disk below a node's durable parts (journal, telemetry store, evidence log) in every way that a
// disk breaks, and looks whether each acknowledged sample is there afterwards and whether anything wrong is ever served.
//
// Kills, lost page caches and torn writes are those of bench/crash. Here beside them: a full disk, an input/output error
// and a failed sync at every single operation of a short life, and single bits flipped in every kind of file. All but the
// kills run on the disk in memory of internal/kernel/file/fault.
package faults
