// Package jetstream keeps the journal of package log in a NATS JetStream cluster, for when one machine is not enough.
//
// One journal is one stream. A message is one group: the records of all partitions that waited at the same time, so that
// they share one replicated fsync; while it is under way the next one gathers. Each says which stream sequence must come
// before it (Nats-Expected-Last-Sequence), so the cluster stores it in its place or not at all, and a message that is sent
// twice because its answer was lost is stored once.
//
// The journal has one owner. Who opens it writes an opening group with his epoch; from then on the sequence which the owner
// before him expects is taken, and nothing of his is stored any more: he finds another's group where his own should be,
// and fails with log.ErrFenced. Leases decide who may open a journal; that two cannot write it is decided here, by the
// stream alone.
//
// Commit numbers are dense, times grow from group to group and from owner to owner. Each group tells its first number,
// its time, the checksum of the group before it and the newest number of every partition, so that the last message alone
// is enough to go on, the first one to know what was trimmed, and whatever is missing between them is found and named.
//
// The servers must run with sync_interval: always. JetStream's default acknowledges before it syncs and loses
// acknowledged records when the power fails; CheckServers asks the servers.
//
// docs/decisions/0018-cluster-log.md tells what could have gone the other way.
package jetstream
