// Package index finds the record of an identifier by its key without touching a disk: immutable, memory-mapped segments of records
// with an open-addressed table of slots each, and a small mutable table for what came since the last segment was written. A
// lookup touches one or two cache lines of slots in each segment it asks, and then the record, which is copied into the caller's
// buffer. Readers never wait and never allocate.
//
// The index is derived: SQL is the truth. It knows through which commit it holds everything (Mark), so that whoever opens it gives
// it what came later. Every part of a segment carries a CRC32C; what fails a check is reported (ErrDamaged) and never served, and an
// index whose files are damaged begins empty, to be filled again. docs/formats/identifier-index.md has every byte.
//
// A *record* is bytes that begin with a uint32 length (big-endian) and so many bytes of a name; the *key* is the name with ASCII
// letters in upper case. What follows in a record the index does not look at.
//
// Segments are merged so that each is at least four times as large as the next newer one: the logarithmic method (Bentley and Saxe,
// Decomposable searching problems I, 1980). A segment that was replaced is unmapped when no reader holds it any more, which the
// garbage collector knows.
//
// Files: entry.go (bytes of an entry, pure), segment.go (reading), write.go, merge.go, table.go (what is in memory), manifest.go,
// index.go, flush.go.
package index
