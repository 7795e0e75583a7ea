// Package sparkplug simulates a Sparkplug B edge node with devices that replay recorded data: a real client of a real
// broker, with births, deaths, aliases, sequence numbers, report by exception and an ear for rebirth requests. Each
// connection is a client of its own, because its Will carries the session's bdSeq.
//
// Faults can be switched on at the start and while it runs: connections that break, messages that are counted and not
// sent, sessions without births, births of earlier sessions told again. Nothing in Sparkplug says that a value is not
// measured: the source at the node says it, with "origin": "replayed".
package sparkplug
