// Package sparkplug takes what Sparkplug B edge nodes tell: the payload codec, and a host application's state machine for
// one source (Eclipse Sparkplug 3.0; edge nodes of 2.2 speak the same payload).
//
// The codec reads protobuf by hand, metric by metric, without allocating: Open looks at a payload's outline, Metrics walks
// through it. The Host follows each edge node's session: births bind names to aliases, sequence numbers prove that no
// birth was missed, deaths mark what is stale, and what cannot be attributed with certainty is never stored: the edge
// node is asked for its births again instead.
//
// Sources: Eclipse Sparkplug 3.0.0, chapters 4 (topics), 5 (operational behaviour) and 6 (payloads); the encoding of
// protocol buffers (varints, wire types 0, 1, 2 and 5).
package sparkplug
