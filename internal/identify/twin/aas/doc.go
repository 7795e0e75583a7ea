// Package aas is the Asset Administration Shell as documents, pure: no I/O, no clock. Outside bytes come in through Read and
// ReadEnvironment (JSON and XML), which bound them, build the metamodel's types (aas-core3.0-golang), and tell each fault by
// path, value and rule. What is kept and served is the canonical JSON of those types; paths into it, its value-only, metadata
// and reference forms are worked out on that JSON.
//
// A document that the metamodel cannot hold at all (a missing or unknown property, a value of another type) is refused. One
// that it holds but whose constraints do not (AASd-…, patterns, lengths) is read, with what is wrong listed as warnings:
// templates that IDTA publishes are of that kind. Whoever wants none of them refuses a Document with Warnings.
//
// Sources: IDTA-01001-3-0 (metamodel), IDTA-01002-3-0 (API: value-only, modifiers, idShort paths), IDTA-01005-3-0 (AASX).
package aas
