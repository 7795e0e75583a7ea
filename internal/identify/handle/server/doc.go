// Package server is a Handle (DO-IRP) server: UDP and TCP on 2641, HTTP tunnelling on 8000, over the interface Holdings.
//
// From the bottom: the processor does operations for somebody whose identity is known or not (processor.go, change.go,
// listing.go), by the rights of HS_ADMIN values (rights.go); the desk turns messages into operations (desk.go), with
// challenges (pending.go), sessions (session.go) and signed answers; the doors carry messages (udp.go, tcp.go, http.go).
// A resolution over UDP goes past all of them (quick.go): from the packet to a copy of the record, without an allocation.
//
// A prefix that is not served here is answered by a referral or by 301, never by "not found".
//
// Sources: RFC 3652; DO-IRP 3.0; docs/handle.md.
package server
