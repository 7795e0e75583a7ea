// Package epcis reads, checks, writes and hashes EPCIS events: what happened to things, when, where and why (GS1 EPCIS 2.0,
// ISO/IEC 19987:2024; CBV 2.0, ISO/IEC 19988:2024).
//
// JSON-LD is read with contexts that the package knows itself; nothing is fetched. A bare word, a CURIE and a full URI of the
// vocabulary are one value. XML of EPCIS 2.0 and 1.2 is read into the same events; it may hold no entities of its own and no
// document type. Whatever is wrong is told with its path, value and rule, and a document that has a fault in its frame is
// refused whole.
//
// The package does no I/O and knows no clock.
package epcis
