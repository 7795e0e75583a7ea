// Package client asks one Handle (DO-IRP) server: over UDP with retries and messages in many packets, over TCP, or in HTTP;
// it answers challenges with a key or a secret. Which server to ask is package resolver's business.
//
// Sources: RFC 3652; DO-IRP 3.0.
package client
