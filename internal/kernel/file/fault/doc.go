// Package fault is a disk in memory that behaves as badly as a real one may: what was not synced is lost at a crash in
// any part of it, names that were not synced come back or vanish, a failed fsync forgets what it failed to write, the
// disk fills up, tears writes, turns read-only, or cannot read what it once stored.
//
// What is kept at a crash, and why it is the worst that is legal:
//
//   - Bytes. A sector (512 bytes) is written whole or not at all. Each sector written since the last successful
//     Datasync keeps any of the contents it has had since then, independent of its neighbours.
//   - Size. Any of the sizes that the file has had since the last successful Datasync.
//   - Names. An entry made, renamed or removed is certain only after SyncDir of its directory (syncing the file does
//     not help, POSIX fsync(2)). Of the operations since then those on one name happen in order, up to any point;
//     those on different names are independent of each other. A rename happens whole or not at all.
//   - A directory whose own entry is lost takes everything in it along.
//   - A failed Datasync leaves the new bytes visible and not dirty: a repeated Datasync succeeds and makes nothing
//     durable ("fsyncgate"; A. Rebello et al., Can Applications Recover from fsync Failures?, USENIX ATC 2020).
package fault
