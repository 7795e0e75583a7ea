// Package federate is the one link between nodes and gateways: the child dials, one TLS 1.3 connection with
// certificates on both sides carries many channels, control goes before bulk, and every sample block is acknowledged
// only after the node's telemetry has made it durable.
//
// The layers, from the bottom: frames (frame.go), hello and version negotiation (hello.go), the multiplexed connection
// (conn.go, channel.go), control messages (message.go), sample streams (batch.go, table.go, block.go, sender.go,
// receiver.go), and the two ends: Dialer (child) and Listener (node). The bytes are in docs/formats/link.md, the reasons
// in docs/decisions/0005-link-protocol.md.
//
// Sources: RFC 8446 (TLS 1.3), RFC 7301 (ALPN), RFC 9113 section 5.2 (credit per stream, the idea), RFC 5905 section 8
// (clock offset from four times), RFC 8878 (Zstandard).
package federate
