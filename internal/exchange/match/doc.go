// Package match brings what firms need together with what providers offer: needs, matches with reasons in words, and what became of
// them (contact, meeting, quotation, contract, result, rating), and events at which firms and providers meet.
//
// Kinds of needs are packs (packs/needs), the same words that the gaps of check-ups name. Supply stands in registers (office/register:
// capabilities, solutions, products, apps, cases, consultancies, the pool of providers) that the organisation which runs the node
// keeps; a provider files into them and an officer publishes. What is published is held in memory, in an index that follows the
// registers entry by entry.
//
// A match is a sum of parts that anybody can check by hand: the kind of need, the words (BM25), the trade, cases, budget, region,
// size, protocols and the provider's rating, each with a weight of the pack packs/matching. All of it is whole numbers, so the same
// need and the same supply give the same score on every machine. Each part says in zh and en what speaks for the pair or against it;
// a conflict blocks it.
//
// Sources: S070 to S073, S121, S122, S191, S205 to S207 of the requirements. BM25: S. Robertson, H. Zaragoza, The Probabilistic
// Relevance Framework (2009), with k1 = 1.2 and b = 0.75. Pairing: D. Gale, L. Shapley, College Admissions and the Stability of
// Marriage (1962).
//
// Files: kind.go, profile.go (packs) · words.go, index.go, fit.go, engine.go (the matcher, pure) · need.go, contact.go, rating.go,
// pairing.go (nouns and rules, pure) · store.go · service.go and the verbs beside it · tell.go (who hears of what) · api.go and the routes beside it.
package match
