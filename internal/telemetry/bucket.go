package telemetry

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Bucket is the aggregate of the samples of one series in [From, To). Samples that are flagged FutureTime and not yet due
// are left out of all of it.
type Bucket struct {
	From, To  int64
	Count     uint64 // samples
	Good      uint64 // of good status with a value; a NaN is no value
	Uncertain uint64 // of uncertain status
	Bad       uint64 // the others
	// First, Last, Min and Max are over the good samples, in the series' type; null where there are none. Strings have
	// no Min and Max.
	First, Last, Min, Max Value
	// Sum of the good values, exact and rounded once; Mean is it over Good. NaN where there are none, and for strings.
	Sum, Mean float64
	// Covered is the time in the bucket for which there is a good value: a good sample counts until the next sample,
	// but no longer than the series' longest silence, and not beyond now.
	Covered time.Duration
}

// MaxBuckets bounds one answer of Aggregate, over all series.
const MaxBuckets = 5_000_000

// Aggregate returns, for each series, the buckets of step that begin at span.From, the last one ending at span.To. A
// series that is unknown is an error. now is the time at which the answer is asked for.
func (s *Store) Aggregate(ctx context.Context, refs []Ref, span Span, step time.Duration, now int64) ([][]Bucket, error) {
	width := span.To - span.From
	if width <= 0 || step <= 0 {
		return nil, fmt.Errorf("aggregate from %d to %d by %s: %w: it must be longer than nothing", span.From, span.To, step, ErrBadSpan)
	}
	if span.From < MinTime || span.To > MaxTime {
		return nil, fmt.Errorf("aggregate from %d to %d: %w: between 1970 and 2200", span.From, span.To, ErrBadSpan)
	}
	n := (width-1)/int64(step) + 1
	if n > MaxBuckets || n*int64(max(len(refs), 1)) > MaxBuckets {
		return nil, fmt.Errorf("aggregate %d series into %d buckets each: %w: at most %d buckets at once, take a longer step, a shorter span or fewer series",
			len(refs), n, ErrBadSpan, MaxBuckets)
	}
	known := s.known.Load()
	for _, ref := range refs {
		if int(ref) >= len(known.series) || known.types[ref] == 0 {
			return nil, fmt.Errorf("aggregate series number %d: %w", ref, ErrUnknownSeries)
		}
	}
	if s.closing.Load() {
		return nil, ErrClosed
	}
	v := s.acquire()
	defer s.release(v)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	out := make([][]Bucket, len(refs))
	// Neighbours share frames, so a worker takes some of them at a time.
	const together = 20
	workers := min(runtime.GOMAXPROCS(0), (len(refs)+together-1)/together)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			q := s.scanner()
			defer s.giveBack(q)
			a := &aggregator{q: q, span: span, step: int64(step), now: now, n: int(n)}
			q.begin(v, span.From-int64(a.lookBack(known, refs)), span.To, WithStatus|TimeAndValue, false, s.foundDamage)
			for {
				i := int(next.Add(together)) - together
				if i >= len(refs) {
					return
				}
				for j := i; j < min(i+together, len(refs)); j++ {
					series := &known.series[refs[j]]
					buckets, err := a.series(ctx, series)
					if err != nil {
						stop(fmt.Errorf("aggregate series %s: %w", series.ID, err))
						return
					}
					out[j] = buckets
				}
			}
		})
	}
	wait.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return out, nil
}
