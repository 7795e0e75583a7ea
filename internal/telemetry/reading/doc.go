// Package reading is the telemetry room's door for people and programs: which series there are, their samples raw, as
// a plot needs them or as values on a grid, aggregates, many series at once, files of any length, latest values, and the
// values on the node's live stream; all of the past as it was known at a time. It stands apart from the engine so that
// the engine needs no HTTP. docs/reading.md tells it to those who call.
//
// Nothing is cut silently: what is too much is refused with the number, the limit and the way out (limits.go), and a file
// that cannot be finished ends with its connection (export.go).
//
// JSON of a sample: times are RFC 3339 in UTC with nanoseconds, values and statuses as package shown writes them.
//
// Sources: OPC 10000-13 (values between samples), RFC 4180 (CSV), the Apache Arrow columnar format 1.5 (IPC streams).
package reading
