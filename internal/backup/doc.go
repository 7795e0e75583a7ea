// Package backup keeps a node's data safe outside of the node: it copies a running or stopped node into a repository,
// checks what is there without restoring it, restores it into an empty folder, and examines a data folder for damage.
//
// It stands above the kernel and telemetry because it knows the files of both, and beside nothing: no room uses it but
// cmd/jingwei.
//
// A backup is of one moment, the cut. Series cannot be declared and blocks cannot come or go while it is fixed, which
// takes milliseconds: the records' snapshot first, then the journal's last commit. So every series that the journal
// names is in the records, and no cursor in the records is beyond the journal. Then everything is copied at leisure: the
// journal first (a full journal waits for it), the records, the blocks, which stay in place until they are copied.
//
// Files are kept in pieces named by their SHA-256, and what is there already is not written again; a snapshot names
// all files with all pieces and is written last, atomically. Files, in the order in which a backup passes them:
// source.go, cut.go, run.go, repository.go, snapshot.go, prune.go; inspect*.go judge contents for verify.go (a
// snapshot) and fsck.go (a data folder); restore.go.
//
// Sources: restic's design document (content-addressed repository, snapshot last); SQLite, "Online Backup API";
// PostgreSQL 15, COPY and 13.2.2 "Repeatable Read". Byte by byte: docs/formats/backup.md; why: docs/decisions/0015-backup.md.
package backup
