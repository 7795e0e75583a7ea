package telemetry

import "sync/atomic"

type counters struct {
	samples, batches, duplicates, refused, replayed atomic.Uint64
	flushes, flushFailures, flushNanos, damaged     atomic.Uint64
	compactions, compactFailures, compactNanos      atomic.Uint64
	compactWritten, chunksCopied, future            atomic.Uint64
	aggregated, aggregatedKept                      atomic.Uint64
}

// Stats are figures of the store since it was opened, but for what is said of now.
type Stats struct {
	Samples, Batches uint64 // accepted
	Duplicates       uint64 // batches sent again
	Refused          uint64 // batches refused
	Future           uint64 // samples accepted that were dated more than FutureAfter ahead
	Replayed         uint64 // samples taken over from the journal at the start

	Series    int    // now declared
	HeadRows  uint64 // now in memory only (and in the journal)
	HeadBytes int64
	Blocks    int   // now live
	Bytes     int64 // of them on disk
	Rows      uint64
	Damaged   int // of them damaged, wholly or in part

	Flushes, FlushFailures, FlushNanos                         uint64
	Compactions, CompactFailures, CompactNanos, CompactWritten uint64

	// Samples that aggregates were made of, and those among them of which only what their blocks keep of them (summaries of
	// chunks and of their parts, tallies) was read.
	Aggregated, AggregatedKept uint64
}

// Stats returns the figures.
func (s *Store) Stats() Stats {
	c := &s.stats
	st := Stats{
		Samples: c.samples.Load(), Batches: c.batches.Load(), Duplicates: c.duplicates.Load(), Refused: c.refused.Load(), Future: c.future.Load(), Replayed: c.replayed.Load(),
		Flushes: c.flushes.Load(), FlushFailures: c.flushFailures.Load(), FlushNanos: c.flushNanos.Load(),
		Compactions: c.compactions.Load(), CompactFailures: c.compactFailures.Load(), CompactNanos: c.compactNanos.Load(), CompactWritten: c.compactWritten.Load(),
		Aggregated: c.aggregated.Load(), AggregatedKept: c.aggregatedKept.Load(),
	}
	for _, t := range s.known.Load().types {
		if t != 0 {
			st.Series++
		}
	}
	if s.closing.Load() {
		return st
	}
	v := s.acquire()
	defer s.release(v)
	for _, h := range v.heads() {
		h.mu.RLock()
		st.HeadRows += h.rows
		st.HeadBytes += h.bytes()
		h.mu.RUnlock()
	}
	for _, b := range v.blocks {
		st.Blocks++
		st.Bytes += b.bytes
		st.Rows += b.rows
		if b.broken.Load() != nil {
			st.Damaged++
		}
	}
	return st
}
