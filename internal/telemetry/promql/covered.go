package promql

import (
	"time"

	"jingwei/internal/telemetry"
)

const (
	minuteMs = int64(60_000)
	// pageMinutes is how many minutes are read at once.
	pageMinutes = 4096
)

// readCovered reads the next minutes of NAME:covered: at the end of each UTC minute the seconds of it for which there was
// a good value. A minute that is not over is not told.
func (s *samples) readCovered() {
	last := min(clamp(s.to), s.now/msec) / minuteMs * minuteMs
	end := (s.next/msec + minuteMs - 1) / minuteMs * minuteMs // of the first minute that ends there or later
	end = max(end, telemetry.MinTime/msec+minuteMs)
	if end > last {
		s.done = true
		return
	}
	until := min(last, end+(pageMinutes-1)*minuteMs)
	span := telemetry.Span{From: (end - minuteMs) * msec, To: until * msec}
	buckets, err := s.store.Aggregate(s.ctx, []telemetry.Ref{s.entry.ref}, span, telemetry.AggregateOptions{Step: time.Minute, Now: s.now, AsOf: s.asOf})
	if err != nil {
		s.err, s.done = &nodeError{err}, true
		return
	}
	for i := range buckets[0] {
		b := &buckets[0][i]
		s.t, s.v = append(s.t, b.To/msec), append(s.v, b.Covered.Seconds())
	}
	s.next = (until + 1) * msec
}
