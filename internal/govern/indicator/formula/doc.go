// Package formula is the language in which indicators are written: numbers, + - * /, parentheses, comparisons, and or not, if, min,
// max, sum, abs, over named inputs that have units. It is small on purpose: a figure must come out the same, byte for byte, on every
// machine that verifies it, so a formula reads nothing but its inputs, has no loops, and computes with exact rationals (math/big.Rat).
//
// Units are checked before anything is computed: what is added or compared has one unit, and the result has the unit that its
// definition names. Money is a dimension of its own; UCUM has none. What is unknown stays unknown: a sum with an unknown term is not
// the sum of the others, and a division by zero is unknown, never zero. Logic is Kleene's strong three-valued one.
//
// Sources: S. C. Kleene, Introduction to Metamathematics, §64; UCUM 2.1 through package ucum; the grammar is our own
// (docs/indicators.md).
package formula
