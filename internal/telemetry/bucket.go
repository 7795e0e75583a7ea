package telemetry

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"jingwei/internal/telemetry/block"
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

// AggregateOptions say into which buckets Aggregate sorts, and what it knows.
type AggregateOptions struct {
	// Step is the length of every bucket; the first begins at span.From and the last ends at span.To.
	Step time.Duration
	// Bounds, in place of Step, are strictly ascending times (ns): bucket i is [Bounds[i], Bounds[i+1]). The span is then
	// from the first to the last of them, and may be left zero.
	Bounds []int64
	Now    int64  // the time at which the answer is asked for, ns
	AsOf   uint64 // commit number: what was known when it was the newest; 0: now
}

// buckets checks span and options and returns the span and the number of buckets in it.
func (o *AggregateOptions) buckets(span Span) (Span, int64, error) {
	var n int64
	if o.Bounds != nil {
		last := len(o.Bounds) - 1
		if o.Step != 0 {
			return span, 0, fmt.Errorf("aggregate by %s and %d bounds: %w: give a step or bounds, not both", o.Step, last+1, ErrBadSpan)
		}
		if last < 1 {
			return span, 0, fmt.Errorf("aggregate between %d bounds: %w: a bucket needs two", last+1, ErrBadSpan)
		}
		for i, t := range o.Bounds[1:] {
			if t <= o.Bounds[i] {
				return span, 0, fmt.Errorf("aggregate: bound %d is %d and bound %d is %d: %w: each must be after the one before", i, o.Bounds[i], i+1, t, ErrBadSpan)
			}
		}
		whole := Span{o.Bounds[0], o.Bounds[last]}
		if span != whole && span != (Span{}) {
			return span, 0, fmt.Errorf("aggregate from %d to %d with bounds from %d to %d: %w: leave the span out or make it that of the bounds",
				span.From, span.To, whole.From, whole.To, ErrBadSpan)
		}
		span, n = whole, int64(last)
	}
	width := span.To - span.From
	if span.To <= span.From || o.Bounds == nil && o.Step <= 0 {
		return span, 0, fmt.Errorf("aggregate from %d to %d by %s: %w: it must be longer than nothing", span.From, span.To, o.Step, ErrBadSpan)
	}
	if span.From < MinTime || span.To > MaxTime {
		return span, 0, fmt.Errorf("aggregate from %d to %d: %w: between 1970 and 2200", span.From, span.To, ErrBadSpan)
	}
	if o.Bounds == nil {
		n = (width-1)/int64(o.Step) + 1
	}
	return span, n, nil
}

// Aggregate returns the buckets of each series. A series that is unknown is an error.
func (s *Store) Aggregate(ctx context.Context, refs []Ref, span Span, o AggregateOptions) ([][]Bucket, error) {
	span, n, err := o.buckets(span)
	if err != nil {
		return nil, err
	}
	if n > MaxBuckets || n*int64(max(len(refs), 1)) > MaxBuckets {
		return nil, fmt.Errorf("aggregate %d series into %d buckets each: %w: at most %d buckets at once, take a longer step, a shorter span or fewer series",
			len(refs), n, ErrBadSpan, MaxBuckets)
	}
	out := make([][]Bucket, len(refs))
	err = s.aggregate(ctx, refs, span, int(n), o, func(series int) []Bucket { return make([]Bucket, int(n)*series) },
		func(i int, b []Bucket) error { out[i] = b; return nil })
	if err != nil {
		return nil, err
	}
	return out, nil
}

// AggregateEach hands each series' buckets, as Aggregate would return them, to a function: one call at a time, in any order,
// i is the place in refs. The buckets are the function's until it returns. No answer as a whole is held in memory, so only the
// buckets of one series are bounded by MaxBuckets. An error of the function ends it and is returned.
func (s *Store) AggregateEach(ctx context.Context, refs []Ref, span Span, o AggregateOptions, each func(i int, b []Bucket) error) error {
	span, n, err := o.buckets(span)
	if err != nil {
		return err
	}
	if n > MaxBuckets {
		return fmt.Errorf("aggregate into %d buckets: %w: at most %d of one series, take a longer step or a shorter span", n, ErrBadSpan, MaxBuckets)
	}
	var mu sync.Mutex
	return s.aggregate(ctx, refs, span, int(n), o, nil, func(i int, b []Bucket) error {
		mu.Lock()
		defer mu.Unlock()
		return each(i, b)
	})
}

// aggregate reckons the buckets of each series in several goroutines, which hand them to done. memory gives empty buckets for so
// many series; without it each goroutine uses those of one again and again.
func (s *Store) aggregate(ctx context.Context, refs []Ref, span Span, n int, o AggregateOptions, memory func(series int) []Bucket, done func(i int, b []Bucket) error) error {
	known := s.known.Load()
	for _, ref := range refs {
		if int(ref) >= len(known.series) || known.types[ref] == 0 {
			return fmt.Errorf("aggregate series number %d: %w", ref, ErrUnknownSeries)
		}
	}
	if s.closing.Load() {
		return ErrClosed
	}
	v := s.acquire()
	defer s.release(v)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// Neighbours share frames, so a worker takes some of them at a time, and memory for all of them at once, which is cheaper.
	const together = 20
	workers := min(runtime.GOMAXPROCS(0), (len(refs)+together-1)/together)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			q := s.scanner()
			defer s.giveBack(q)
			a := &aggregator{q: q, span: span, step: int64(o.Step), bounds: o.Bounds, now: o.Now, asOf: o.AsOf, n: n}
			q.begin(v, span.From-int64(a.lookBack(known, refs)), span.To, ScanOptions{Columns: WithStatus | TimeAndValue, AsOf: o.AsOf}, s.foundDamage)
			defer func() {
				s.stats.aggregated.Add(a.kept + a.looked)
				s.stats.aggregatedKept.Add(a.kept)
			}()
			if len(refs) > 1 {
				a.lookup = new(block.Lookup)
			}
			var own []Bucket
			for {
				i := int(next.Add(together)) - together
				if i >= len(refs) {
					return
				}
				most := min(i+together, len(refs))
				if memory != nil {
					own = memory(most - i)
				} else if own == nil {
					own = make([]Bucket, n)
				}
				for j := i; j < most; j++ {
					series := &known.series[refs[j]]
					b := own[:n:n]
					if memory != nil {
						own = own[n:]
					} else {
						clear(b)
					}
					err := a.series(ctx, series, b)
					if err != nil {
						err = fmt.Errorf("aggregate series %s: %w", series.ID, err)
					} else {
						err = done(j, b)
					}
					if err != nil {
						stop(err)
						return
					}
				}
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}
