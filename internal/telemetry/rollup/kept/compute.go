package kept

import (
	"context"
	"math"
	"sort"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/block"
	"jingwei/internal/telemetry/rollup"
)

// made is what the samples say of a bucket.
type made struct {
	row     rollup.Row
	some    bool   // there is a row
	input   uint64 // greatest commit of what bears on the bucket, of what was superseded and withdrawn too
	revised uint64 // greatest commit of the corrections among that
}

// view is as of when samples are looked at.
type view struct {
	asOf uint64 // 0: now
	now  int64
}

// folding is the memory of making rows; it is used again.
type folding struct {
	fold     rollup.Fold
	composer rollup.Composer
	parts    []rollup.Row
	gone     gone
}

// columns of samples that rows are made of.
var columns = telemetry.WithStatus | block.Of(block.Revision, block.Commit)

// tally counts the samples that may still be read.
type tally struct{ left int }

// fold makes rows of buckets, in order of time, from samples. Neighbours are read at once.
func (s *Service) fold(ctx context.Context, x *subject, buckets []bucket, v view, t *tally) ([]made, error) {
	out := make([]made, len(buckets))
	f := s.folds.Get().(*folding)
	defer s.folds.Put(f)
	for i := 0; i < len(buckets); {
		j := i + 1
		for j < len(buckets) && buckets[j].from == buckets[j-1].to {
			j++
		}
		if err := s.foldPiece(ctx, f, x, buckets[i:j], out[i:j], v, t); err != nil {
			return nil, err
		}
		i = j
	}
	return out, nil
}

// composed is how many minutes wait before they are made one row: how minutes are grouped does not matter.
const composed = 240

func (s *Service) foldPiece(ctx context.Context, f *folding, x *subject, buckets []bucket, out []made, v view, t *tally) error {
	span := telemetry.Span{From: buckets[0].from, To: buckets[len(buckets)-1].to}
	scan := x.d.Scan(span)
	scan.To = min(scan.To, telemetry.MaxTime)
	var before rollup.Reading
	var err error
	if x.d.Counter != nil {
		if before, err = s.lastReading(ctx, x, scan.From, v); err != nil {
			return err
		}
	}
	at := 0
	f.parts = f.parts[:0]
	var failed error
	shrink := func() {
		if len(f.parts) < 2 {
			return
		}
		r, err := f.composer.Compose(f.parts[0].From, f.parts[len(f.parts)-1].To, f.parts)
		if err != nil && failed == nil {
			failed = err
		}
		f.parts = append(f.parts[:0], r)
	}
	finish := func() {
		if len(f.parts) > 0 {
			r, err := f.composer.Compose(buckets[at].from, buckets[at].to, f.parts)
			if err != nil && failed == nil {
				failed = err
			}
			out[at].row, out[at].some = r, true
			out[at].input = max(out[at].input, r.Input)
		}
		f.parts = f.parts[:0]
	}
	emit := func(r *rollup.Row) {
		for r.From >= buckets[at].to {
			finish()
			at++
		}
		if f.parts = append(f.parts, *r); len(f.parts) >= composed {
			shrink()
		}
	}
	if err := f.fold.Begin(&x.d, span, v.now, before, emit); err != nil {
		return err
	}
	f.gone.begin(x, buckets, out)
	err = s.o.Store.Scan(ctx, x.ref, scan, telemetry.ScanOptions{Columns: columns, History: true, AsOf: v.asOf}, func(r *telemetry.Run) bool {
		if t.left -= r.Len(); t.left < 0 {
			failed = ErrSamples.With("max", MaxSamples)
			return false
		}
		s.stats.samples.Add(uint64(r.Len()))
		f.fold.Add(r)
		f.gone.look(r)
		return true
	})
	if err != nil {
		return err
	}
	f.fold.End()
	f.gone.end()
	finish()
	return failed
}

// gone follows what was superseded, corrected or withdrawn: the rows do not tell of it, but they rest on it. What was
// withdrawn bears on the time that it would cover, up to the next sample that stands.
type gone struct {
	x       *subject
	buckets []bucket
	out     []made
	open    bool // a stretch of such samples that none that stands has followed yet
	event
}

type event struct {
	from, to int64 // of the stretch, and up to when it reaches
	commit   uint64
	revised  uint64
}

func (g *gone) begin(x *subject, buckets []bucket, out []made) {
	*g = gone{x: x, buckets: buckets, out: out}
}

func (g *gone) look(r *telemetry.Run) {
	if !g.open && r.Superseded == nil {
		var any uint32
		for _, v := range r.Revision {
			any |= v
		}
		if any == 0 {
			return
		}
	}
	for i, t := range r.Time {
		lost := r.Superseded != nil && r.Superseded[i]
		withdrawn := r.Flags != nil && telemetry.Flags(r.Flags[i])&telemetry.Withdrawn != 0
		if !lost && !withdrawn && g.open && t >= g.from {
			g.close(t)
		}
		revised := r.Revision != nil && r.Revision[i] > 0
		if !lost && !withdrawn && !revised {
			continue
		}
		if !g.open {
			g.open, g.event = true, event{from: t}
		}
		g.to = t + int64(g.x.d.LookBack())
		if g.x.d.Counter != nil {
			g.to = math.MaxInt64 // up to the next reading
		}
		commit := uint64(r.Commit[i])
		g.commit = max(g.commit, commit)
		if revised {
			g.revised = max(g.revised, commit)
		}
	}
}

// close ends a stretch at the next sample that stands. Of that time it is in any case.
func (g *gone) close(t int64) {
	g.to = min(g.to, t)
	g.put()
}

func (g *gone) end() {
	if g.open {
		g.put()
	}
}

func (g *gone) put() {
	from, to := g.from, max(g.to, g.from+1)
	if g.x.d.Counter != nil {
		from = max(from-1, 0) // a reading at a bound belongs to the bucket before it too
	}
	i := sort.Search(len(g.buckets), func(i int) bool { return g.buckets[i].to > from })
	for ; i < len(g.buckets) && g.buckets[i].from < to; i++ {
		g.out[i].input = max(g.out[i].input, g.commit)
		g.out[i].revised = max(g.out[i].revised, g.revised)
	}
	g.open = false
}

// lastReading is the last good reading of a counter before a time.
func (s *Service) lastReading(ctx context.Context, x *subject, before int64, v view) (rollup.Reading, error) {
	const first = int64(1e9) * 3600
	for limit := before; limit > 0; {
		// A window that holds anything at all, growing; then the part of it that holds the last of that.
		lo, width := limit, first
		for {
			lo = max(limit-width, 0)
			any, err := s.anything(ctx, x, telemetry.Span{From: lo, To: limit}, v)
			if err != nil {
				return rollup.Reading{}, err
			}
			if any {
				break
			}
			if lo == 0 {
				return rollup.Reading{}, nil
			}
			limit, width = lo, min(width*8, math.MaxInt64/16)
		}
		hi := limit
		for hi-lo > first {
			mid := lo + (hi-lo)/2
			any, err := s.anything(ctx, x, telemetry.Span{From: mid, To: hi}, v)
			if err != nil {
				return rollup.Reading{}, err
			}
			if any {
				lo = mid
			} else {
				hi = mid
			}
		}
		var found rollup.Reading
		err := s.o.Store.Scan(ctx, x.ref, telemetry.Span{From: lo, To: hi}, telemetry.ScanOptions{Columns: columns, AsOf: v.asOf}, func(r *telemetry.Run) bool {
			for i := r.Len() - 1; i >= 0; i-- {
				if x.reads(r, i, v.now) {
					found = rollup.Reading{Known: true, Time: r.Time[i], Bits: r.Bits[i], Commit: uint64(r.Commit[i])}
					break
				}
			}
			return true
		})
		if err != nil || found.Known {
			return found, err
		}
		limit = lo
	}
	return rollup.Reading{}, nil
}

// anything tells whether there is a sample in a span.
func (s *Service) anything(ctx context.Context, x *subject, span telemetry.Span, v view) (any bool, err error) {
	err = s.o.Store.Scan(ctx, x.ref, span, telemetry.ScanOptions{Columns: telemetry.TimeAndValue, AsOf: v.asOf}, func(r *telemetry.Run) bool {
		any = any || r.Len() > 0
		return !any
	})
	return any, err
}

// reads tells whether row i is a good reading of a counter.
func (x *subject) reads(r *telemetry.Run, i int, now int64) bool {
	flags := telemetry.Flags(0)
	if r.Flags != nil {
		flags = telemetry.Flags(r.Flags[i])
	}
	if r.Status != nil && !telemetry.Status(r.Status[i]).IsGood() || flags&telemetry.NoValue != 0 || flags&telemetry.FutureTime != 0 && r.Time[i] > now {
		return false
	}
	if x.d.Type == telemetry.Float64 {
		f := math.Float64frombits(r.Bits[i])
		return !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return true
}

// around looks at what stands around the time before a bound, as rollup.Reach wants to know it; nothing beyond the horizon
// is looked at.
func (s *Service) around(ctx context.Context, x *subject, from, to, horizon int64, v view) (rollup.Around, error) {
	a := rollup.Around{Next: math.MaxInt64, NextReading: math.MaxInt64}
	until := min(to+int64(x.d.LookBack()), horizon)
	if x.d.Counter != nil {
		until = horizon
		before, err := s.lastReading(ctx, x, from, v)
		if err != nil {
			return a, err
		}
		a.Earlier = before.Known
	}
	if until <= to {
		return a, nil
	}
	err := s.o.Store.Scan(ctx, x.ref, telemetry.Span{From: to, To: until}, telemetry.ScanOptions{Columns: telemetry.WithStatus, AsOf: v.asOf}, func(r *telemetry.Run) bool {
		for i, t := range r.Time {
			if r.Flags != nil && telemetry.Flags(r.Flags[i])&telemetry.FutureTime != 0 && t > v.now {
				continue
			}
			a.Next = min(a.Next, t)
			if x.d.Counter == nil {
				return false
			}
			if x.reads(r, i, v.now) {
				a.NextReading = t
				return false
			}
		}
		return true
	})
	return a, err
}

// first is the time of the earliest sample of a series, of any plane; ok is false where there is none.
func (s *Service) first(ctx context.Context, ref telemetry.Ref) (t int64, ok bool, err error) {
	err = s.o.Store.Scan(ctx, ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.ScanOptions{Columns: telemetry.TimeAndValue, History: true}, func(r *telemetry.Run) bool {
		if r.Len() > 0 {
			t, ok = r.Time[0], true
		}
		return !ok
	})
	return t, ok, err
}
