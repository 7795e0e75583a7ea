package telemetry

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"jingwei/internal/telemetry/block"
)

// Method says how At makes a value for a time at which there need be no sample.
type Method uint8

// Interpolated and Previous are the ways of At.
//
// Interpolated follows OPC 10000-13 ("Interpolative", interpolated bounding values) with the store's own rule of how long
// a value holds, which takes the place of extrapolation:
//
//   - a good sample of exactly that time is itself, with its own status;
//   - between two good samples no further apart than the longest silence a float64 lies on the straight line between
//     them; the other types, which have no values between two values, keep the one before (stepped). The status is good
//     with the historian bit Interpolated, or UncertainDataSubNormal where a sample that is not good lies between the two
//     (stepped: between the one before and the time);
//   - a float64 that has no good sample close enough after it keeps the one before while that covers the time: until the
//     next sample, at most the longest silence. The line is not known there, so it is UncertainDataSubNormal. For the other
//     types this is the ordinary case, and it is good;
//   - everything else is BadNoData, without a value. So is what lies after now.
//
// Previous is the newest sample at or before the time whatever its status, for as long as the longest silence; after
// that BadNoData. A NaN of good status is no value, for either.
const (
	Interpolated Method = 1
	Previous     Method = 2
)

// Statuses that At makes (OPC 10000-6, A.2). infoInterpolated marks a code as one of a value between samples: InfoType
// DataValue with the historian bit Interpolated (OPC 10000-4, 7.39).
const (
	BadNoData              Status = 0x809B0000
	UncertainDataSubNormal Status = 0x40A40000
	infoInterpolated       Status = 0x0400 | 0x0002
)

// Estimate is what At says of one series at one time.
type Estimate struct {
	Time   int64
	Value  Value // null with BadNoData, and with a sample without a value
	Status Status
	Source int64 // source time of the sample it rests on, the one before; 0 with BadNoData of none
}

// AtOptions say how At answers.
type AtOptions struct {
	Method Method
	Now    int64  // the time at which the answer is asked for, ns
	AsOf   uint64 // commit number: what was known when it was the newest; 0: now
}

// MaxEstimates bounds one answer of At, over all series.
const MaxEstimates = 1_000_000

// Grid returns the times From, From+step, and so on before To; at most n of them, and false where there are more.
func (s Span) Grid(step time.Duration, n int) ([]int64, bool) {
	if step <= 0 || s.To <= s.From {
		return nil, true
	}
	count := (s.To-s.From-1)/int64(step) + 1
	if count > int64(n) {
		return nil, false
	}
	out := make([]int64, count)
	for i := range out {
		out[i] = s.From + int64(i)*int64(step)
	}
	return out, true
}

// At returns for each series its value at each of the times, which are strictly ascending and lie between 1970 and 2200.
// A series that is unknown is an error.
func (s *Store) At(ctx context.Context, refs []Ref, times []int64, o AtOptions) ([][]Estimate, error) {
	if o.Method != Interpolated && o.Method != Previous {
		return nil, fmt.Errorf("values at times by method %d: %w: interpolated or previous", o.Method, ErrBadSpan)
	}
	if len(times) == 0 || int64(len(times))*int64(max(len(refs), 1)) > MaxEstimates {
		return nil, fmt.Errorf("%d series at %d times: %w: at least one time, and at most %d values at once", len(refs), len(times), ErrBadSpan, MaxEstimates)
	}
	for i, t := range times {
		if t < MinTime || t >= MaxTime || i > 0 && t <= times[i-1] {
			return nil, fmt.Errorf("values at times: time %d is %d: %w: between 1970 and 2200, each after the one before", i, t, ErrBadSpan)
		}
	}
	known := s.known.Load()
	var longest time.Duration
	for _, ref := range refs {
		if int(ref) >= len(known.series) || known.types[ref] == 0 {
			return nil, fmt.Errorf("values of series number %d: %w", ref, ErrUnknownSeries)
		}
		longest = max(longest, known.series[ref].longestSilence())
	}
	if s.closing.Load() {
		return nil, ErrClosed
	}
	v := s.acquire()
	defer s.release(v)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	out := make([][]Estimate, len(refs))
	const together = 20 // neighbours share frames, so a worker takes some of them at a time
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(refs)+together-1)/together) {
		wait.Go(func() {
			q := s.scanner()
			defer s.giveBack(q)
			e := &estimator{times: times, o: o}
			q.begin(v, times[0]-int64(longest), times[len(times)-1]+int64(longest)+1, ScanOptions{Columns: WithStatus | TimeAndValue, AsOf: o.AsOf}, s.foundDamage)
			for {
				i := int(next.Add(together)) - together
				if i >= len(refs) {
					return
				}
				for j := i; j < min(i+together, len(refs)); j++ {
					series := &known.series[refs[j]]
					var err error
					if out[j], err = e.series(ctx, q, series); err != nil {
						stop(fmt.Errorf("values of series %s: %w", series.ID, err))
						return
					}
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

// longestSilence is over all ways in which the series has reported.
func (k *Series) longestSilence() (most time.Duration) {
	for _, r := range k.Reporting {
		most = max(most, r.MaxSilence)
	}
	return most
}

// estimator makes the values of one series after the other.
type estimator struct {
	times []int64
	o     AtOptions

	s    *Series
	out  []Estimate
	good reading // the newest good sample so far; Interpolated only
	// Times from first to k-1 lie after good and wait for a good sample behind them. Between good and those from spoilt on
	// there is a sample that is not good; spoilt is k or greater where there is none yet.
	first, k, spoilt int
	last             reading // the newest sample; Previous only
}

// reading is a sample as far as it matters here.
type reading struct {
	has    bool
	time   int64
	value  Value
	status Status
}

const unspoilt = math.MaxInt

func (e *estimator) series(ctx context.Context, q *scanner, s *Series) ([]Estimate, error) {
	e.s, e.out = s, make([]Estimate, len(e.times))
	e.good, e.last, e.first, e.k, e.spoilt = reading{}, reading{}, 0, 0, unspoilt
	for i, t := range e.times {
		e.out[i] = Estimate{Time: t, Status: BadNoData}
	}
	longest := int64(s.longestSilence())
	from, to := max(e.times[0]-longest, 0), e.times[len(e.times)-1]+1
	if e.o.Method == Interpolated {
		to = min(to+longest, MaxTime) // for the good sample behind the last time
	}
	take := e.interpolate
	if e.o.Method == Previous {
		take = e.previous
	}
	err := q.series(ctx, s, from, to, nil, func(r *run) error {
		t := r.frame.Time
		clean := r.notes&block.AllGood != 0 && r.notes&block.HasFuture == 0
		for i := r.i; i < r.j; i++ {
			if visible(r.frame.Flags[i], t[i], e.o.Now) {
				x := e.reading(r, i)
				take(&x)
			}
			if clean {
				i = e.skip(r, i)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if e.o.Method == Previous {
		e.fillPrevious(math.MaxInt64)
	} else {
		e.pass(math.MaxInt64)
		e.settle(nil)
	}
	return e.out, nil
}

// reading returns row i of a run.
func (e *estimator) reading(r *run, i int) reading {
	f := r.frame
	x := reading{has: true, time: f.Time[i], status: Status(f.Status[i])}
	if Flags(f.Flags[i])&NoValue != 0 {
		return x
	}
	x.value.Type = e.s.Type
	if e.s.Type == String {
		x.value.Text = r.values.Text[i]
	} else {
		x.value.Bits = r.values.Bits[i]
	}
	if e.s.Type == Float64 && math.IsNaN(math.Float64frombits(x.value.Bits)) {
		x.value = Value{}
	}
	return x
}

// skip passes over rows that no time needs, after row i of a run of good rows: it returns the row before the one to be
// looked at next, which is the last one before the next time. It stays where a time waits for the next good row, or where
// the row to go to is a NaN, which is none.
func (e *estimator) skip(r *run, i int) int {
	if e.o.Method == Interpolated && e.first != e.k {
		return i
	}
	if e.k == len(e.times) {
		return r.j
	}
	to := i + gallop(r.frame.Time[i+1:r.j], e.times[e.k]) // the last row before the time
	if to <= i+1 || e.s.Type == Float64 && math.IsNaN(math.Float64frombits(r.values.Bits[to])) {
		return i
	}
	return to - 1
}

func (e *estimator) silence(t int64) int64 { return int64(e.s.ReportingAt(t).MaxSilence) }

// previous takes the next sample.
func (e *estimator) previous(x *reading) {
	e.fillPrevious(x.time)
	e.last = *x
}

// fillPrevious answers the times before t by the newest sample.
func (e *estimator) fillPrevious(t int64) {
	for ; e.k < len(e.times) && e.times[e.k] < t; e.k++ {
		at, p := e.times[e.k], &e.last
		if !p.has || at > e.o.Now || at-p.time > e.silence(p.time) {
			continue
		}
		d := &e.out[e.k]
		d.Source, d.Value, d.Status = p.time, p.value, p.status
		if d.Value.Type == 0 && p.status.IsGood() {
			d.Status = BadNoData // a status of good alone is no value
		}
	}
}

// interpolate takes the next sample.
func (e *estimator) interpolate(x *reading) {
	e.pass(x.time)
	if !x.status.IsGood() || x.value.Type == 0 {
		e.spoilt = min(e.spoilt, e.k)
		return
	}
	e.settle(x)
	e.good, e.spoilt = *x, unspoilt
	if e.k < len(e.times) && e.times[e.k] == x.time {
		if x.time <= e.o.Now {
			e.out[e.k] = Estimate{Time: x.time, Value: x.value, Status: x.status, Source: x.time}
		}
		e.k++
	}
	e.first = e.k
}

// pass lets the times before t wait.
func (e *estimator) pass(t int64) {
	for e.k < len(e.times) && e.times[e.k] < t {
		e.k++
	}
}

// settle answers the times that wait, which lie between good and next; next is nil where there is none.
func (e *estimator) settle(next *reading) {
	p := &e.good
	if !p.has {
		return
	}
	silence := e.silence(p.time)
	joined := next != nil && next.time-p.time <= silence
	for i := e.first; i < e.k; i++ {
		at := e.times[i]
		if at > e.o.Now || at-p.time > silence {
			return
		}
		spoilt := i >= e.spoilt // between the one before and the time
		d := &e.out[i]
		switch {
		case joined && e.s.Type == Float64:
			v, ok := between(math.Float64frombits(p.value.Bits), math.Float64frombits(next.value.Bits), at-p.time, next.time-p.time)
			d.Value = Value{Type: Float64, Bits: math.Float64bits(v)}
			d.Status = infoInterpolated
			if !ok || e.spoilt != unspoilt {
				d.Status |= UncertainDataSubNormal
			}
		case spoilt && !joined:
			continue // the sample that is not good ended it
		default:
			d.Value, d.Status = p.value, infoInterpolated
			if spoilt || e.s.Type == Float64 {
				d.Status |= UncertainDataSubNormal
			}
		}
		d.Source = p.time
	}
}

// between returns the value that lies dt after a on the line to b, which is span after it: a + (b-a)·(dt/span), each
// operation rounded to a float64 of its own, never fused, so that every platform gives the same bits; never outside of a
// and b. Where the difference is too large for a float64 the halves are taken; where one of the two is infinite there is
// no line, a holds and ok is false.
func between(a, b float64, dt, span int64) (v float64, ok bool) {
	if math.IsInf(a, 0) || math.IsInf(b, 0) {
		return a, false
	}
	if a == b {
		return a, true
	}
	w := float64(dt) / float64(span)
	if d := float64(b - a); !math.IsInf(d, 0) {
		v = float64(a + float64(d*w))
	} else {
		half := float64(a / 2)
		d := float64(float64(b/2) - half)
		v = float64(2 * float64(half+float64(d*w)))
	}
	return min(max(v, min(a, b)), max(a, b)), true
}
