// Package shared is the file system of a cell in a cluster: a file.FS whose files outlive the machine they were written
// on. Its directory is in SQL (which path has which content), its contents are objects in a NATS object store, and a
// folder of this machine is a cache.
//
//	WriteAt ─► local file ── Datasync ─► new object (durable in the cluster) ─► row, in one transaction ─► old object removed
//	                                                                             └ checks the lease first (the fence)
//	OpenFile ─► row in memory ─► object in the cache? ── no ─► download, check, give it its name
//
// One process writes a cell's files: the one that holds the cell's lease. Every change of the directory is a transaction
// that checks the lease, so that an owner that was deposed changes nothing, also if it slept; objects are never
// overwritten, so what such an owner uploads is seen by nobody and swept away by the next one.
//
// # What is durable when
//
// Datasync returns after the content is in the cluster and the row is committed, whatever directories it is in. Rename,
// Remove and MkdirAll are durable when they return, so SyncDir has only to wait for those of others and to make files that
// were created and never synced durable as empty ones. Rename of a file that was never synced syncs it first: there is
// never a name without its content. What was written after the last Datasync is lost with the process.
//
// # Contents
//
// A content is a list of pieces, each an object, later ones on top of earlier ones. A file that is written once is one
// piece. One that grows and is synced often uploads only what is new; a new piece takes in neighbours that are not larger
// than itself, so that n equal appends make about log2(n) pieces and upload each byte about log2(n)/2 times. Every object's
// size and SHA-256 stand in the row: what does not agree is an error that names path and object, and never data.
//
// # Errors
//
// A cluster that does not answer (a server restarts, PostgreSQL fails over) is asked again for Options.Patience, as long as
// the lease is held, since rooms take an error of Datasync for damage of their disk. If objects cannot be stored even then,
// that Datasync fails and may be called again. If the directory cannot be written, or the lease is lost, the FS takes no
// change any more (ErrFailed); files that are open can be read on. A commit whose answer was lost is looked up by the
// directory's version, under the fence.
//
// docs/decisions/0019-shared-files.md tells what could have gone the other way.
package shared
