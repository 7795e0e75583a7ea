// Package shown is how a value, a status and the state of a latest sample are told to people and programs, by every room
// that tells them.
//
// JSON of a value: a float64 is a number, or one of the strings "NaN", "Infinity", "-Infinity"; an int64 is a string of
// digits; a bool is a truth value; a string is a string; null is a sample that carries a status only. The type of a series
// tells which of them its values are.
//
// Source: OPC 10000-6 A.2 (names of status codes).
package shown
