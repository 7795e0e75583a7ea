// Package table decides by tables as DMN 1.5 does (Decision Model and Notation, Object Management Group, clause 8):
// inputs, rules of unary tests, outputs, and a hit policy that says what happens when several rules hold. Cells are
// written in S-FEEL (clause 9): "-", ">= 18", "[10..20)", "\"a\", \"b\"", "not(3)", date("2020-01-31").
//
// Two things are stricter than DMN. A table is checked when it is read: two rules of a UNIQUE table that can both hold are
// a fault, as is a cell of another type than its column. And an input may be unknown, which is not null: where a rule
// may yet hold once the input is known and that may change the answer, there is no answer, but the inputs that are needed.
//
// Not here: expressions in cells and outputs, boxed contexts, invocation, and decisions that require decisions.
package table
