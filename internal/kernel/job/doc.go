// Package job runs work that takes longer than a request: exports, imports, recomputation. A job is a row: it outlives
// the process. Its handler saves where it is from time to time; after a crash or a restart it is called again with what
// it saved last. A job has a progress that people see, and can be cancelled.
//
//	queued ──► running ──► done
//	   │          ├──────► failed      the handler returned an error, panicked, or was interrupted too often
//	   └──────────┴──────► cancelled
//
// Saved state is in SQL, so a handler whose effects are in SQL too saves in the same transaction (Run.SaveIn) and never
// does a step twice. A job belongs to the node that accepted it.
package job
