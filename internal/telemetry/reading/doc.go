// Package reading is the telemetry room's door for people and programs: which series there are, their samples raw or as
// a plot needs them, aggregates, latest values, and the values on the node's live stream. It stands apart from the
// engine so that the engine needs no HTTP.
//
// JSON of a sample: times are RFC 3339 in UTC with nanoseconds. A float64 is a number, or one of the strings "NaN",
// "Infinity", "-Infinity"; an int64 is a string of digits; a bool is a truth value; a string is a string; null is a sample
// that carries a status only. The type of a series tells which of them its values are.
//
// Source: OPC 10000-6 A.2 (names of status codes).
package reading
