// Package evidence is the append-only transparency log of a node: rooms put leaves into it (the salted hash of a
// series' samples of a day, a correction, a withdrawal, a retention tombstone, an audit entry), and anybody who holds an
// older checkpoint and the node's public key can prove later that nothing was taken away or changed.
//
// The tree is RFC 6962's, hashed and proved by golang.org/x/mod/sumdb/tlog. On disk it stands as tiles of height 8 with
// a signed checkpoint (C2SP tlog-tiles, tlog-checkpoint, signed-note), so that the folder, served as static files, is a
// log that any tlog client reads. docs/formats/evidence.md has every byte; docs/decisions/0013-evidence.md says why.
//
// What is guaranteed: Append returns after its entries are on the medium. A signed checkpoint never contradicts an
// earlier one, whatever crashed between them. An entry that a checkpoint covers is never taken for a torn tail.
package evidence
