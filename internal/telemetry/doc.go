// Package telemetry is the store in which industrial values live: samples in through one door, series out.
//
// Append is the door. A batch is checked whole, goes to the node's journal, and is acknowledged when it is durable there and
// readable here. It lies in the head (memory) until that is full, then comes to rest in immutable block files (package
// block), which are merged in the background. What the blocks hold is in the manifest; the journal is replayed from there
// after a start. Nothing is overwritten: what loses at a source time goes to the history plane, which ordinary reads never
// touch, and who wins depends on the samples alone.
//
// Reads: Latest and Changes (live), Raw and Scan (samples), Plot (for drawing), At (values at times), Aggregate (buckets), Cost (of a read, beforehand), Commit and Trace
// (from a sample back to the batch it came in). All of them see one state of the store, however much is flushed and merged
// meanwhile, and none of them is told a damaged value: it gets a *DamageError.
//
// Files, in the order in which a sample passes them: door.go, prepare.go, record.go, head.go, flush.go, writer.go, cut.go, order.go, manifest.go,
// view.go, compact.go, recut.go; then scan.go, source.go, merge.go and what is built on them: raw.go, plot.go, interpolate.go, aggregate.go, cost.go, latest.go.
//
// Sources: OPC 10000-4 7.39 (StatusCode); P. O'Neil et al., "The Log-Structured Merge-Tree", 1996 (tiers);
// docs/formats/block.md (what is on disk), docs/decisions/0002-block-files.md (why).
package telemetry
