// Package ledger keeps the books of public money that an organisation gives: double entry in whole fen, by fund and budget year.
//
// A budget line (a fund in a year) has an appropriation. What is promised to somebody is a commitment and never exceeds what is free
// in its line, however many officers promise at once: every entry counts up its book's row and changes balances in one serialisable
// transaction. A commitment is paid in parts, released in parts, and what was paid wrongly is claimed back and received. Vouchers
// are counted beside it, from issue to redemption.
//
// Every act is a journal entry of debits and credits that are equal, with reference, day, who, why and document. Entries are only
// ever added: what was wrong is reversed by a further entry. Accounts and what an act debits and credits come from a pack. A bank
// statement is taken in from a spreadsheet and held against payments and receipts, by reference and amount.
//
// Source: 政府会计制度 (财会〔2017〕25号), budgetary accounting beside financial accounting; the chart is a short one of our own.
//
// Files: chart.go (packs), entry.go, money.go (nouns and rules, pure), store.go, service.go, commitment.go, statement.go, read.go, api*.go.
package ledger
