package promql

import (
	"context"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"jingwei/internal/telemetry"
)

const msec = int64(1e6) // ns

// stale ends a series: the engine does not look back over it.
var stale = math.Float64frombits(value.StaleNaN)

// pageRows is about how many samples are read at once.
const pageRows = 32 << 10

// samples is what is read of one series: its samples in [from, to] (ms). It is a chunkenc.Iterator.
//
// Where the value ends there is a stale marker: at a sample that has no value or whose status is not asked for, and where
// the series' longest silence has passed without another sample.
type samples struct {
	ctx     context.Context
	store   Store
	entry   *entry
	view    view
	classes classes
	to      int64 // ms, inclusive
	now     int64 // ns
	asOf    uint64

	next  int64 // ns: what is read next
	done  bool
	err   error
	t     []int64
	v     []float64
	at    int
	begun bool // at is a sample, not before the first

	// What was read last and may still be superseded by another sample of the same millisecond.
	held      bool
	heldT     int64
	heldV     float64
	live      bool  // the last sample is a value
	liveUntil int64 // ns: when its silence ends
}

// reset begins anew with another series.
func (s *samples) reset(q *querier, ctx context.Context, e *entry, v view, c classes, from, to int64) {
	*s = samples{ctx: ctx, store: q.store, entry: e, view: v, classes: c, to: to, now: q.now, asOf: q.asOf,
		next: clamp(from) * msec, t: s.t[:0], v: s.v[:0]}
	s.done = from > to || to < telemetry.MinTime/msec || from >= telemetry.MaxTime/msec
}

// clamp brings a time (ms) into what the store can hold.
func clamp(ms int64) int64 {
	return min(max(ms, telemetry.MinTime/msec), telemetry.MaxTime/msec-1)
}

// fill reads the next page. It returns false at the end.
func (s *samples) fill() bool {
	s.t, s.v, s.at = s.t[:0], s.v[:0], 0
	for len(s.t) == 0 && !s.done {
		if s.view == covered {
			s.readCovered()
		} else {
			s.read()
		}
	}
	return len(s.t) > 0
}

func (s *samples) read() {
	span := telemetry.Span{From: s.next, To: (clamp(s.to) + 1) * msec}
	if span.From >= span.To {
		s.end()
		return
	}
	full := false
	err := s.store.Scan(s.ctx, s.entry.ref, span, telemetry.ScanOptions{Columns: telemetry.TimeAndValue | telemetry.WithStatus, AsOf: s.asOf},
		func(r *telemetry.Run) bool {
			for i, t := range r.Time {
				s.take(r, i, t)
			}
			s.next = r.Time[len(r.Time)-1] + 1
			full = len(s.t) >= pageRows
			return !full
		})
	switch {
	case err != nil:
		s.err, s.done = &nodeError{err}, true
	case !full:
		s.end()
	}
}

// end tells what follows the last sample.
func (s *samples) end() {
	s.silence(math.MaxInt64)
	if s.held && s.heldT <= s.to {
		s.t, s.v = append(s.t, s.heldT), append(s.v, s.heldV)
	}
	s.held, s.done = false, true
}

// take reads a row.
func (s *samples) take(r *telemetry.Run, i int, t int64) {
	flags := telemetry.Flags(r.Flags[i])
	if flags&telemetry.FutureTime != 0 && t > s.now {
		return // not due
	}
	s.silence(t)
	code := telemetry.Status(r.Status[i])
	x, ok := stale, classOf(code)&s.classes != 0
	switch {
	case !ok:
	case s.view == status:
		x = float64(code)
	case flags&telemetry.NoValue != 0:
		ok = false
	default:
		x = number(r.Type, r.Bits[i])
		ok = !math.IsNaN(x)
	}
	switch {
	case ok:
		s.hold(t/msec, x)
		s.live = true
		if s.liveUntil = t + int64(s.entry.series.ReportingAt(t).MaxSilence); s.liveUntil < t {
			s.liveUntil = math.MaxInt64
		}
	case s.live:
		s.hold(t/msec, stale)
		s.live = false
	}
}

// silence ends a value whose silence has passed before the next sample, which is at t.
func (s *samples) silence(t int64) {
	if !s.live || t <= s.liveUntil || s.liveUntil == math.MaxInt64 {
		return
	}
	s.live = false
	ms := max(s.liveUntil/msec, s.heldT+1) // a value stands for a millisecond at least
	if ms < t/msec && ms <= s.to {
		s.hold(ms, stale)
	}
}

// hold keeps a sample back until one of a later millisecond comes: of those in one millisecond the last one counts.
func (s *samples) hold(ms int64, x float64) {
	if s.held && s.heldT != ms {
		s.t, s.v = append(s.t, s.heldT), append(s.v, s.heldV)
	}
	s.held, s.heldT, s.heldV = true, ms, x
}

func number(t telemetry.Type, bits uint64) float64 {
	switch t {
	case telemetry.Float64:
		return math.Float64frombits(bits)
	case telemetry.Int64:
		return float64(int64(bits))
	}
	return float64(bits) // a truth value
}

// Next implements chunkenc.Iterator.
func (s *samples) Next() chunkenc.ValueType {
	if s.begun {
		s.at++
	}
	s.begun = true
	if s.at < len(s.t) || s.fill() {
		return chunkenc.ValFloat
	}
	return chunkenc.ValNone
}

// milliseconds since 1970: by this name, so that vet does not take Seek for io.Seeker's.
type milliseconds = int64

// Seek implements chunkenc.Iterator.
func (s *samples) Seek(t milliseconds) chunkenc.ValueType {
	s.begun = true
	for {
		if s.at < len(s.t) {
			if s.t[s.at] >= t {
				return chunkenc.ValFloat
			}
			if s.t[len(s.t)-1] >= t {
				k, _ := slices.BinarySearch(s.t[s.at:], t)
				s.at += k
				return chunkenc.ValFloat
			}
		}
		// What is between need not be read: a marker matters only after a value that is wanted too.
		if from := clamp(t) * msec; !s.done && from > s.next {
			s.next, s.held, s.live = from, false, false
		}
		if !s.fill() {
			return chunkenc.ValNone
		}
	}
}

// At implements chunkenc.Iterator.
func (s *samples) At() (int64, float64) { return s.t[s.at], s.v[s.at] }

// AtT implements chunkenc.Iterator.
func (s *samples) AtT() int64 { return s.t[s.at] }

// AtST implements chunkenc.Iterator.
func (s *samples) AtST() int64 { return 0 }

// AtHistogram implements chunkenc.Iterator; there are none.
func (s *samples) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) { return 0, nil }

// AtFloatHistogram implements chunkenc.Iterator; there are none.
func (s *samples) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	return 0, nil
}

// Err implements chunkenc.Iterator.
func (s *samples) Err() error { return s.err }
