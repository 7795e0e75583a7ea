// Package seal puts telemetry into the evidence log: every night each series' samples of the commit day that has ended
// become one leaf, the salted digest of their canonical tuples (kernel/evidence/tuple). Corrections, withdrawals, what
// retention drops, shredded salts and the entries of the audit are leaves too.
//
// A leaf does not depend on how the store lays its samples out: the same set is found from heads, blocks, merged
// blocks and after a restart. What comes late lies in the leaf of the day on which it came. The salt follows from a secret of
// series and calendar month; who destroys the secret leaves a leaf that nobody can match with anything, and a tree that is
// whole.
//
// The log is the truth, the tables here are its index: entries are appended first and noted afterwards, and what a
// crash left between the two is recognised in the log, never appended again.
//
// Sources: RFC 6962 (the tree), docs/formats/evidence.md (bytes), docs/evidence.md (for users).
package seal
