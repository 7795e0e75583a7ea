// Package gateway is the edge runtime: it enrols with a node once, keeps the node's configuration document on disk,
// supervises one link per machine connection, spools every sample durably, and moves the spool to the node over the
// federate link. Collection depends on nothing but the disk: a gateway starts, polls and spools without its node, and
// catches up when the node is back.
//
// A sample is taken once it is durable in the spool. From there it goes to the node at least once, and the node keeps it
// exactly once, because batches are numbered without gaps (producer, epoch, sequence) and the node remembers the last.
// Nothing is stamped again on the way. When the spool is full, what is in it stays: polling goes on, the newest samples
// are dropped and counted, and each point gets one Bad_DataLost mark where its gap begins once there is room.
//
// Sources: docs/formats/link.md; OPC 10000-6, A.2 (Bad_DataLost); RFC 2986 (certificate requests).
package gateway
