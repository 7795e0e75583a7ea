// Package figure keeps what indicators came to: for a keeper of registers, an indicator, a population and a period the figure with all
// its revisions, what it was made of, and what the enterprises' own values rest on. Nothing is overwritten. What was known at a time is
// answered as it was (asOf), and a period that was sealed shows what has changed since.
//
// A figure is an account of its population (indicator.Account), so that a late value costs what it touches, and regions add up to the
// same bytes whichever way they were put together. The observations of enterprises are kept in columns: one indicator and period of
// all enterprises of one source in one blob, with small deltas behind it. docs/figures.md has the words, docs/decisions/0026-figures.md
// the reasons.
package figure
