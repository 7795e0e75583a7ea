// Package fact keeps business facts: orders, sign-ins, contracts, certificates, declarations, payments. What kinds there are, and
// which fields they have, is said by packs.
//
// A fact is append-only. A correction is a further revision with who and why, a withdrawal is a revision too; what was said before
// stays readable as of its time. It is bitemporal: since and until say when it holds in the world (from a field of its own), the
// commit says when this node knew it. Commit numbers and commit times of the node never go back.
//
// A fact is graded: E0 declared, E1 documented, E2 checked by a third party, E3 measured. A grade rises only by a revision that
// names its evidence. Each revision has one canonical form, of which the evidence log takes a leaf (CommittedSince).
//
// A fact is known by (organisation, kind, source, external id): the same content again changes nothing, other content is refused
// unless it comes as a revision. Imports of spreadsheets are taken whole or not at all.
//
// Files: kind.go (packs), fact.go and grade.go (nouns and rules, pure), leaf.go (canonical form), document.go (what a file is),
// store.go, service.go (verbs), write.go (the one way into the tables), read.go, tally.go (counts and sums), import.go, api.go.
package fact
