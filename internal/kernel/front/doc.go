// Package front is the one door of a process for TLS connections to any of the deployment's cells. It reads which server
// name a client asks for, without ending TLS, and hands the connection to the cell's node in this process, or pipes its
// bytes to the process that has the cell.
//
//	client ──ClientHello──► door ──► Listener(cell) ── node in this process
//	                          └────► PROXY v2 + the same bytes ──► door of the owner ──► Listener(cell)
//
// The door keeps no keys and sees no plain text: certificates, client certificates and sessions are the node's.
//
// # Between doors
//
// A piped connection begins with a PROXY protocol v2 header, so that the node's audit sees the client's address. It
// carries a TLV of type 0xE0: the length of the ClientHello that follows, and a MAC over the door's kind, both addresses
// and those bytes, with a key that only processes of the deployment have. A header without it, from whomever, closes the
// connection: no client can claim another's address. Whoever records a header on the way and sends it again gets an answer
// to a ClientHello whose secret it does not know.
//
// A connection that came with such a header is never piped on: two doors that disagree about who owns a cell cannot send
// it to and fro. The door that refuses closes it without a word; the one that sent it has kept the client's first bytes,
// asks for the owner again and tries once more.
//
// Sources: RFC 8446 4.1.2 and RFC 6066 3 (server name), RFC 8446 6 (alerts); "The PROXY protocol, versions 1 & 2" 2.2.
package front
