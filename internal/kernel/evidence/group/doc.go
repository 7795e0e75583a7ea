// Package group puts many records under one leaf of the evidence log. A room that writes thousands of records in one commit
// (identifiers, trace events, shells) has one leaf for all of them: the root of a tree over their blinded hashes. One record is proved
// by its path in that tree, and the leaf by its proof in the log; the others of the commit stay unknown to whoever holds the proof.
//
// The tree is RFC 6962's (section 2.1), hashed and proved by golang.org/x/mod/sumdb/tlog. docs/formats/evidence.md has every byte.
package group
