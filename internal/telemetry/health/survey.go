package health

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/block"
	"jingwei/internal/telemetry/shown"
)

// Limits say what one question may cost the node. What is above them is refused with the number and the way out.
type Limits struct {
	Series  int    // of one question
	Rows    uint64 // samples that are looked at one by one where everything is counted
	Covered uint64 // the same where only coverage is asked for, which summaries of blocks serve for the most part
	Turns   int    // questions at work at once; others wait
}

// DefaultLimits are for a node of two cores: the largest answer takes some seconds.
func DefaultLimits() Limits {
	return Limits{Series: 20_000, Rows: 50_000_000, Covered: 50_000_000, Turns: 2}
}

// columns are what counting needs of a sample.
var columns = telemetry.TimeAndValue | telemetry.WithStatus | block.Of(block.Revision) | block.Of(block.Commit)

// item is a series at work.
type item struct {
	Series
	ref    telemetry.Ref
	stored telemetry.Series
	walk   *walk
}

// prepare looks the points up in the store, as far as their series belong to the organisation, and lays down which part of
// the span counts for each: the one in which the point was in the plant.
func (s *Service) prepare(points []Point, span telemetry.Span, now int64) []item {
	items := make([]item, len(points))
	for i := range points {
		it := &items[i]
		it.Point = points[i]
		it.State = shown.Silent
		it.Since, it.Until = max(span.From, it.From), min(span.To, it.To)
		if it.Since >= it.Until { // it begins or ends elsewhere
			it.Until = it.Since
		}
		var ok bool
		if it.ref, ok = s.o.Store.Lookup(it.ID); ok {
			it.stored, ok = s.o.Store.Series(it.ref)
		}
		if !ok || it.stored.Org != it.Org {
			continue // not declared yet: never heard of
		}
		it.Declared = true
		r := it.stored.ReportingAt(max(it.Until-1, 0))
		it.Type, it.Unit, it.Report, it.MaxSilence = it.stored.Type, it.stored.Unit, r.Report, r.MaxSilence
		if r.Report == telemetry.Periodic && it.Every > 0 {
			it.Expected = uint64(it.Span() / it.Every)
		}
	}
	s.stand(items, now)
	return items
}

// stand finds what the latest samples are worth now.
func (s *Service) stand(items []item, now int64) {
	refs, of := make([]telemetry.Ref, 0, len(items)), make([]int, 0, len(items))
	for i := range items {
		if items[i].Declared {
			refs, of = append(refs, items[i].ref), append(of, i)
		}
	}
	for k, sample := range s.o.Store.Latest(refs, now, make([]telemetry.Sample, 0, len(refs))) {
		it := &items[of[k]]
		it.State = shown.StateOf(&sample, it.stored.ReportingAt(now).MaxSilence, now)
		if sample.Commit != 0 {
			it.Latest = sample.Time
		}
	}
}

// weigh refuses what would cost too much.
func (s *Service) weigh(ctx context.Context, items []item, span telemetry.Span, now int64, coverage bool) error {
	o := telemetry.CostOptions{Columns: columns, History: true, Now: now}
	most := s.limits.Rows
	if coverage {
		o = telemetry.CostOptions{Columns: telemetry.WithStatus, Aggregate: true, Bounds: []int64{span.From, span.To}, Now: now}
		most = s.limits.Covered
	}
	refs := make([]telemetry.Ref, 0, len(items))
	for i := range items {
		if items[i].Declared {
			refs = append(refs, items[i].ref)
		}
	}
	cost, err := s.o.Store.Cost(ctx, refs, span, o)
	rows := cost.Decoded()
	if damaged(err) { // what can be read of the others is still told
		rows, err = 0, nil
		for i := range items {
			if !items[i].Declared {
				continue
			}
			one, e := s.o.Store.Cost(ctx, []telemetry.Ref{items[i].ref}, span, o)
			if damaged(e) {
				items[i].Damaged = true
				continue
			}
			if e != nil {
				return e
			}
			rows += one.Decoded()
		}
	}
	if err != nil {
		return err
	}
	if rows > most {
		return ErrCostly.With("rows", rows).With("max", most)
	}
	return nil
}

func damaged(err error) bool {
	var d *telemetry.DamageError
	return errors.As(err, &d)
}

// count looks at every sample of the span. keep is how many of the longest gaps of each series to keep.
func (s *Service) count(ctx context.Context, items []item, span telemetry.Span, now int64, keep int) error {
	came, err := arrivalsOf(s.o.Store, span)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(items)) {
		wait.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(items) {
					return
				}
				it := &items[i]
				if it.Since >= it.Until || !it.Declared || it.Damaged {
					it.empty(now, keep)
					continue
				}
				if err := s.countOne(ctx, it, came, now, keep); damaged(err) {
					it.Damaged = true
					it.empty(now, keep)
				} else if err != nil {
					stop(err)
				}
			}
		})
	}
	wait.Wait()
	for i := range items {
		items[i].LateUnknown = came.unknown.Load()
	}
	return context.Cause(ctx)
}

// empty is the outcome of a series without samples that can be read.
func (it *item) empty(now int64, keep int) {
	it.Counted, it.Covered, it.Counts = true, 0, Counts{}
	if len(it.stored.Reporting) == 0 {
		it.stored.Reporting = []telemetry.Reporting{{MaxSilence: 0}}
	}
	it.walk = newWalk(&it.stored, it.Since, it.Until, now, keep)
	it.walk.end()
	it.Gaps = it.walk.gaps
}

// countOne counts the samples of one series.
func (s *Service) countOne(ctx context.Context, it *item, came *arrivals, now int64, keep int) error {
	w := newWalk(&it.stored, it.Since, it.Until, now, keep)
	c := Counts{}
	var cell cell
	var failed error
	read := telemetry.Span{From: max(it.Since-int64(longest(&it.stored)), 0), To: it.Until}
	err := s.o.Store.Scan(ctx, it.ref, read, telemetry.ScanOptions{Columns: columns, History: true}, func(r *telemetry.Run) bool {
		for i, t := range r.Time {
			flags, in := telemetry.Flags(r.Flags[i]), t >= it.Since
			if in && r.Revision[i] == 0 && !cell.inTime(t, uint64(r.Commit[i])) {
				late, err := came.late(t, uint64(r.Commit[i]), &cell)
				if err == nil && late {
					c.Late++
					var after time.Duration
					after, err = came.after(t, uint64(r.Commit[i]), c.WorstLate)
					c.WorstLate = max(c.WorstLate, after)
				}
				if err != nil {
					failed = err
					return false
				}
			}
			switch {
			case r.Superseded != nil && r.Superseded[i]:
				if in {
					c.Superseded++
				}
				continue
			case flags&telemetry.Withdrawn != 0:
				if in {
					c.Withdrawn++
				}
				continue
			case flags&telemetry.FutureTime != 0 && t > now:
				continue
			}
			status := telemetry.Status(r.Status[i])
			good, nan := worth(r, i, status, flags)
			w.take(t, good, nan, status)
			if in {
				c.take(status, good, flags, r.Revision[i])
			}
		}
		return true
	})
	if err = errors.Join(failed, err); err != nil {
		return err
	}
	w.end()
	it.Counted, it.walk, it.Covered, it.Counts, it.Gaps = true, w, time.Duration(w.covered), c, w.gaps
	return nil
}

// worth tells whether a sample is a good value, or a number that is none.
func worth(r *telemetry.Run, i int, status telemetry.Status, flags telemetry.Flags) (good, nan bool) {
	if !status.IsGood() || flags&telemetry.NoValue != 0 {
		return false, false
	}
	if r.Type == telemetry.Float64 {
		if x := math.Float64frombits(r.Bits[i]); x != x {
			return false, true
		}
	}
	return true, false
}

func (c *Counts) take(status telemetry.Status, good bool, flags telemetry.Flags, revision uint32) {
	c.Received++
	switch {
	case good:
		c.Good++
	case status.IsUncertain():
		c.Uncertain++
	default:
		c.Bad++
	}
	if flags&telemetry.FutureTime != 0 {
		c.Ahead++
	}
	if flags&telemetry.Repeated != 0 {
		c.Repeated++
	}
	if flags&telemetry.ClockUnsure != 0 {
		c.ClockUnsure++
	}
	if revision > 0 {
		c.Corrected++
	}
}

// longest is the longest silence that a series ever had.
func longest(s *telemetry.Series) (out time.Duration) {
	for _, r := range s.Reporting {
		out = max(out, r.MaxSilence)
	}
	return out
}

// aggregated is how many series one call of Aggregate takes.
const aggregated = 2_000

// cover finds coverage and the counts by status only, for the most part from summaries.
func (s *Service) cover(ctx context.Context, items []item, now int64) error {
	bySpan := map[[2]int64][]int{}
	for i := range items {
		if it := &items[i]; it.Declared && !it.Damaged && it.Since < it.Until {
			k := [2]int64{it.Since, it.Until}
			bySpan[k] = append(bySpan[k], i)
		}
	}
	for k, all := range bySpan {
		for part := range slices.Chunk(all, aggregated) {
			err := s.coverPart(ctx, items, part, k[:], now)
			if damaged(err) {
				for _, i := range part {
					if err = s.coverPart(ctx, items, []int{i}, k[:], now); damaged(err) {
						items[i].Damaged, err = true, nil
					}
					if err != nil {
						return err
					}
				}
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) coverPart(ctx context.Context, items []item, part []int, bounds []int64, now int64) error {
	refs := make([]telemetry.Ref, len(part))
	for k, i := range part {
		refs[k] = items[i].ref
	}
	buckets, err := s.o.Store.Aggregate(ctx, refs, telemetry.Span{}, telemetry.AggregateOptions{Bounds: bounds, Now: now})
	if err != nil {
		return err
	}
	for k, i := range part {
		b := &buckets[k][0]
		items[i].Covered = b.Covered
		items[i].Counts = Counts{Received: b.Count, Good: b.Good, Uncertain: b.Uncertain, Bad: b.Bad}
	}
	return nil
}

// restate adds what the feed of restatements tells.
func (s *Service) restate(ctx context.Context, scope auth.Scope, items []item, span telemetry.Span) error {
	if s.o.Restated == nil {
		return nil
	}
	var one uuid.UUID
	if len(items) == 1 {
		one = items[0].ID
	}
	told, err := s.o.Restated(ctx, scope, one, span.From, span.To)
	if err != nil {
		return err
	}
	for i := range items {
		items[i].Restated = told[items[i].ID]
	}
	return nil
}
