// Package search is full text over what the rooms of a node keep: entries of registers, cases, facts, measures of support. It takes
// words as people write them, in Chinese and in other scripts, and answers with hits, highlights and counts by facet.
//
// The index is derived: the rooms' own tables are the truth, and what this room holds in memory is read from them. It follows them
// by their marks, so no room waits for it; after a crash or a kill there is nothing to mend, it is read again at the start. Who may
// see what is part of the index and of each query: every word and every facet carries the class of the field that it stands in, every
// document the organisations whose people see it, and how much. What the caller does not see neither matches nor counts, and is not
// weighed either. Before a page is answered, its hits are compared with what the rooms hold at that moment.
//
// Words: a run of Han characters is indexed as all pairs of neighbours, so that every part of it of two characters or more is found
// without a dictionary at indexing; a query is cut into words by a dictionary, and what is in none is taken whole. Full and half
// width, compatibility forms and case are folded (Unicode NFKC, simple lower case).
//
// Sources: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), 3; Unicode UAX 15 (NFKC).
//
// Files: document.go (nouns), fold.go, token.go, dictionary.go (words), index.go, access.go, find.go (matching and ranking),
// light.go (highlights), service.go (verbs), api.go.
package search
