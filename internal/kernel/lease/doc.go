// Package lease decides which process does what only one may do at a time: own a journal's stream, a partition of the
// telemetry, a schedule. A lease is a row: who holds it, until when, and its epoch, which grows with every new holder.
//
//	free ──Take──► held ──Renew…──► held
//	                 │ Release           └─ nobody renewed until its end ──► free; the next holder has a greater epoch
//	                 └──► free
//
// Time is the database's alone, so that clocks of machines do not matter; a holder counts from before it asked, by its own
// monotonic clock, so that it stops before the database lets another in.
//
// A lease does not guard data by itself: a holder that slept for longer than its lease lasts may still act when it wakes.
// What it writes to must refuse it by the epoch, as the cluster's journal does (package jetstream) and as SQL can with
// Held.Check in the same transaction.
package lease
