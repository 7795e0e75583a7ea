// Package registry is what this node holds of identifiers: prefixes and where each is served, identifiers with all their versions, templates
// that records follow, registration by call, batch and file, and finding. It is what a Handle server answers from (server.Holdings).
//
// Truth is one table of versions, only ever added to. Of those who wait one commits for all: they share
// a transaction, an fsync and a leaf of the evidence log (a group). A change is acknowledged when it is on the medium and in the index (package index), from which records are
// resolved without I/O. The index is derived: where it is missing, damaged or of other records it is filled again from SQL, and SQL
// answers meanwhile.
//
// Rights over the wire (HS_ADMIN) are the server's business; here callers are judged by their roles in the organisation that a prefix belongs
// to, and an identifier belongs to its prefix's organisation.
//
// Sources: RFC 3651 and DO-IRP 3.0 (records, prefixes); teleinfo-dev/id-guide, docs/dev-tools (templates, reserved indexes, limits of
// batches); GB/T 4754-2017. docs/identifiers.md has the words, docs/decisions/0030-identifier-registry.md the reasons.
//
// Files: version.go, change.go, prefix.go, template.go (nouns and rules, pure) · store.go, words.go · service.go, known.go, evaluate.go,
// templated.go, commit.go (how changes are worked out and committed) · holdings.go (the wire), prefixes.go, identifiers.go, templates.go,
// read.go, rows.go, import.go, importing.go, export.go, public.go, prove.go (verbs) · view.go, api.go, apifind.go.
package registry
