// Package trace keeps what happened to things, as EPCIS 2.0 events, and walks the graph that they make: what a lot was made of,
// where it went, who has to be told.
//
// Events are captured whole or not at all, in groups that are on the medium before they are acknowledged, and never changed: who
// finds an event wrong declares the error by another. Every identifier has one dense number; an event is a row of numbers, its
// text stands compressed in a page with its neighbours, and each identifier's events are one range of a clustered table. Each
// capture is a group of the evidence log (kernel/evidence/group), by which every event of it can be proved (docs/trace.md).
//
// Who sees what is decided in one place (Sight): the events of one's own organisations, those of others that name one as source
// or destination (one step up, one step down), or all of them for a regulator whom the node's operator has appointed. No query
// runs without a Sight.
//
// Sources: GS1 EPCIS 2.0 (ISO/IEC 19987:2024) with its REST bindings, CBV 2.0 (ISO/IEC 19988:2024); the packages epcis beside
// this one reads and hashes events.
package trace
