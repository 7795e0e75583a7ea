// Package condition is the board of what is wrong now: disk, journal, clock, link, certificate, a batch that cannot be
// stored. A room raises a condition when something worth telling begins and clears it when it ends. The board never
// makes its caller wait and never fails: it keeps the current set in memory and a writer of its own brings it to SQL,
// so that "the disk is full" can be told by a node whose disk is full. Every beginning, change and end is also an event
// in the journal (partition "conditions", JSON, one object per record), from which the alarm room will live.
//
// A condition is known by its kind and subject; raising it again counts and refreshes it. What was raised before a
// restart stands until its room clears it: a room that starts looks anew and clears what no longer holds.
package condition
