// Package history makes a past for the machines and the books of the demo's enterprises out of the recorded data that ship with the
// product (data/). It is pure: the same machine, day and recording give the same rows, on every computer and in every order of asking.
//
// A meter (a recording in steps of minutes or more) goes through a recorded day of the same kind as the civil day in China: a working
// Tuesday as one of the recorded Tuesdays, a day off as a recorded Saturday or Sunday, a holiday as a Sunday, a weekend day that is
// worked as a Friday. Which of the recorded weeks it is follows from a hash of machine and day. A counter counts what its recording
// used, and ends at the reading with which the simulator that goes on (connect/sim/replay) begins, so that it never goes back.
//
// A machine whose recording has finer steps works in shifts on working days: every ten minutes a recorded row. Else it stands: once an
// hour a recorded row at which none of its signals is on.
//
// Gaps are there as they are in plants: lines that were down (no rows), devices that did not answer (bad rows), days on which a machine was
// away. They are chosen by the same hash and are no errors of the recording.
//
// Books are facts of an enterprise: their shape over the months is that of what its main meters used; what they sum up to, and every
// share, is given by the caller and invented (internal/province/region says so beside each number).
//
// Files: recording.go, days.go, past.go (machines); book.go, orders.go, works.go (facts), fact.go (as rows of a file).
package history
