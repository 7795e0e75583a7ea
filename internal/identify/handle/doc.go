// Package handle is the Handle protocol (DO-IRP, protocol 2.1 to 2.11) as pure nouns and codecs: names, values, HS_ADMIN,
// HS_SITE and HS_PUBKEY data, messages and bodies, request digests, challenges and their answers. It does no I/O and reads
// no clock. Servers, clients and resolvers stand on it.
//
// Bytes are as servers and clients in the field send them, which in many places is not what RFC 3651 and RFC 3652 say;
// docs/formats/handle.md tells both, byte by byte. Decoders take nothing longer than the limits of limits.go, and tolerate the
// trailing bytes that Java implementations leave.
//
// Sources: RFC 3650, RFC 3651, RFC 3652; DO-IRP 3.0 (DONA Foundation, 30 June 2022); the CNRI Handle.Net technical manual,
// version 9; wire bytes of the CNRI client 9.3 kept in testdata.
package handle
