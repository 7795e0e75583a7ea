// Package support answers what support a firm can get for a project, and why. It stands on the pure room incentive: measures as dated
// packs. An inquiry of an enterprise is about one project; it asks in plain questions for what can still change the answer and for
// nothing else. What the register of enterprises, the firm's facts and its vouchers say is filled in with its grade of evidence,
// what the firm answers counts as declared. Each result is kept with the hashes of packs and inputs, so that it can be worked out
// again byte for byte.
//
// A filing of a project for a measure is entered here, a second one is refused (不得多头申报), and an award made for it commits money
// of a fund. Vouchers are issued, held, spent with a listed provider, confirmed by both sides, redeemed, or expire. What was paid
// wrongly is claimed back with reason and clause, and may be objected to. The policy lab runs the measures in force against drafts over
// the enterprises of a register.
//
// Filings and awards of other rooms (applications to calls) are entered here too (through.go), so that each counts for all; they are
// handled where they came from.
//
// The room meets its neighbours through small interfaces that it declares (Enterprises, Facts, Books, Providers); it is told who may by
// auth alone.
//
// Files: question.go (packs), answer.go, prefill.go, project.go (nouns and rules, pure), library.go, inquiry.go, filing.go, through.go,
// recover.go, voucher.go, lab.go (verbs), store.go, service.go, api*.go.
package support
