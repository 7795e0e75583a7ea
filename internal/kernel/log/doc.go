// Package log is the durable journal of a process: one physical journal on disk, many logical partitions in it.
//
// A record is acknowledged after it is on the medium and never before. Records of all partitions that wait at the same
// time share one write and one fdatasync (group commit), because the flush, not the bytes, is what a disk is slow at.
// Every record gets a commit number, dense over the whole journal, and a commit time that never goes back.
//
// The journal is transport and not archive. Keepers (the owners of what was appended) hold its records until they say
// that they have stored them elsewhere; followers (everybody else who reads along) never hold anything: one that falls
// off the end is told so by a *TrimmedError and goes on from the first record still there.
//
// The files are described byte by byte in docs/formats/log.md; why the journal is our own is told in
// docs/decisions/0001-own-journal.md.
package log
