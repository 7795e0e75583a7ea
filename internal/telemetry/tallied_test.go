package telemetry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// dense is devices that tell their values every second, so that chunks have parts, with everything that may come between: late
// samples, other values of the same time, corrections, samples taken away, times ahead.
type dense struct {
	t     *testing.T
	r     *rand.Rand
	n     *node
	m     *model
	refs  []Ref
	seq   uint64
	at    int // second that comes next
	until int // of the second device's silence
	walk  []float64
	later []row
}

const denseEach = 5 // series of a device

func newDense(t *testing.T, seed uint64) *dense {
	n, _ := memoryNode(t, seed)
	d := &dense{t: t, r: rand.New(rand.NewPCG(seed, 31)), n: n, m: &model{times: map[uint64]int64{}}}
	for range 2 {
		d.m.types = append(d.m.types, Float64, Float64, Int64, Bool, Float64)
	}
	d.m.stored = make([][]Sample, len(d.m.types))
	d.walk = make([]float64, len(d.m.types))
	d.refs = n.declare(t, d.m.types...)
	return d
}

func (d *dense) send(rows []row) {
	for len(rows) > 0 {
		part := rows[:min(len(rows), 5000)]
		rows = rows[len(part):]
		b := &Batch{Origin: Measured}
		for _, w := range part {
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, d.refs[w.series]), append(b.Time, w.s.Time), append(b.Gateway, w.s.Gateway), append(b.Bits, w.s.Value.Bits)
			b.Status, b.Flags, b.Revision = append(b.Status, w.s.Status), append(b.Flags, w.s.Flags), append(b.Revision, w.s.Revision)
		}
		d.seq++
		commit := d.n.mustAppend(d.t, 1, d.seq, b)
		d.m.times[commit.Commit] = commit.CommitTime
		for _, w := range part {
			w.s.Commit = commit.Commit
			if w.s.Time > commit.CommitTime+int64(FutureAfter) {
				w.s.Flags |= FutureTime
			}
			d.m.stored[w.series] = append(d.m.stored[w.series], w.s)
		}
	}
}

// live appends so many seconds. Some samples are held back.
func (d *dense) live(seconds int, holds bool) {
	var rows []row
	for range seconds {
		second := d.at
		d.at++
		for device := range 2 {
			status := Good
			if device == 1 {
				switch {
				case second < d.until:
					continue
				case d.r.IntN(1500) == 0:
					d.until = second + 1 + d.r.IntN(30)
				case d.r.IntN(200) == 0:
					status = []Status{BadTimeout, UncertainLastUsable}[d.r.IntN(2)]
				}
			}
			at := begin + int64(second)*1e9 + int64(device*400+d.r.IntN(3))*1e6
			held := holds && d.r.IntN(300) == 0
			for k := range denseEach {
				i := device*denseEach + k
				x := &d.walk[i]
				bits := uint64(0)
				switch k {
				case 0:
					*x = math.Round(*x*10+float64(d.r.IntN(5)-2)) / 10
					bits = math.Float64bits(*x)
				case 1:
					*x += d.r.NormFloat64()
					bits = math.Float64bits(*x)
				case 2:
					*x += float64(d.r.IntN(4))
					bits = uint64(int64(*x))
				case 3:
					if d.r.IntN(200) == 0 {
						*x = 1 - *x
					}
					bits = uint64(*x)
				case 4: // seldom another value
					if d.r.IntN(500) == 0 {
						*x = float64(d.r.IntN(900)) / 10
					}
					bits = math.Float64bits(*x)
				}
				s := Sample{Time: at, Gateway: at + 2e6, Status: status, Origin: Measured, Value: Value{Type: d.m.types[i], Bits: bits}}
				if status == BadTimeout && second%2 == 0 {
					s.Flags, s.Value = NoValue, Value{}
				}
				if held && d.r.IntN(2) == 0 {
					d.later = append(d.later, row{i, s})
				} else {
					rows = append(rows, row{i, s})
				}
			}
		}
	}
	d.n.clock.t = begin + int64(d.at)*1e9
	d.send(rows)
}

// late sends what was held back, or changes what is stored: another value, a correction, a withdrawal.
func (d *dense) late() {
	switch d.r.IntN(3) {
	case 0:
		d.send(d.later)
		d.later = nil
	case 1:
		d.live(1+d.r.IntN(3), false)
		at := d.n.clock.t + int64(FutureAfter) + int64(1+d.r.IntN(900))*1e9
		d.send([]row{{0, Sample{Time: at, Gateway: at, Origin: Measured, Value: Value{Type: Float64, Bits: math.Float64bits(3)}}}})
	default:
		var rows []row
		for i, stored := range d.m.stored {
			from := d.r.IntN(max(1, len(stored)))
			for _, old := range stored[from:min(len(stored), from+1+d.r.IntN(4))] {
				s := Sample{Time: old.Time, Gateway: old.Gateway, Origin: Measured, Value: old.Value, Revision: old.Revision}
				switch d.r.IntN(3) {
				case 0:
					s.Value = Value{Type: d.m.types[i], Bits: old.Value.Bits ^ 1}
				case 1:
					s.Revision, s.Value = old.Revision+1, Value{Type: d.m.types[i]}
				default:
					s.Revision, s.Flags, s.Status, s.Value = old.Revision+1, NoValue|Withdrawn, Bad, Value{}
				}
				rows = append(rows, row{i, s})
			}
		}
		d.send(rows)
	}
}

// verify asks for buckets of all series, of one of many kinds, and compares them with the model.
func (d *dense) verify() {
	const minute = int64(time.Minute)
	step := []int64{5 * minute, 5 * minute, 5 * minute, 15 * minute, 60 * minute, minute, 7 * minute}[d.r.IntN(7)]
	length := int64(d.at)*1e9 + 10*minute
	span := Span{begin + d.r.Int64N(length/2) - 5*minute, begin + length/2 + d.r.Int64N(length/2)}
	if d.r.IntN(4) > 0 {
		span.From -= span.From % (5 * minute)
		span.To -= span.To % (5 * minute)
	}
	now := d.n.clock.t
	if d.r.IntN(4) == 0 {
		now -= d.r.Int64N(length / 2)
	}
	asOf := uint64(0)
	if d.r.IntN(3) == 0 {
		asOf = 1 + d.r.Uint64N(d.n.log.Last().Number)
	}
	var bounds []int64
	for at := span.From; at < span.To; at += step {
		bounds = append(bounds, at)
	}
	bounds = append(bounds, span.To)
	o := AggregateOptions{Step: time.Duration(step), Now: now, AsOf: asOf}
	got, err := d.n.store.Aggregate(context.Background(), d.refs, span, o)
	if err != nil {
		d.t.Fatal(err)
	}
	for i := range d.refs {
		current, _ := d.m.settled(i, asOf)
		seen := slices.DeleteFunc(current, func(s Sample) bool { return s.Flags&FutureTime != 0 && s.Time > now })
		want := bruteForce(d.m.types[i], seen, bounds, now, int64(5*time.Second))
		for k := range want {
			if !sameBucket(got[i][k], want[k]) {
				d.t.Fatalf("series %d (%v), step %v, span from %d to %d, now %d, as of %d, bucket %d:\n got %+v\nwant %+v", i, d.m.types[i],
					time.Duration(step), (span.From-begin)/1e9, (span.To-begin)/1e9, (now-begin)/1e9, asOf, k, got[i][k], want[k])
			}
		}
	}
}

// TestAggregateByTalliesThroughAllThatComes compares aggregates with the model while samples of all kinds come, are flushed and
// merged, and the store is opened again.
func TestAggregateByTalliesThroughAllThatComes(t *testing.T) {
	for seed := range uint64(env("TALLY_SEEDS", 3)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := newDense(t, seed)
			ctx := context.Background()
			for range 26 {
				switch d.r.IntN(9) {
				case 0, 1, 2:
					d.live(200+d.r.IntN(900), true)
				case 3:
					d.late()
				case 4, 5:
					if err := d.n.store.Flush(ctx); err != nil {
						t.Fatal(err)
					}
				case 6:
					if err := d.n.store.Compact(ctx); err != nil {
						t.Fatal(err)
					}
				case 7:
					d.n.close()
					d.n.mustOpen(t)
				}
				if d.at > 0 {
					d.verify()
				}
			}
			if err := errors.Join(d.n.store.Flush(ctx), d.n.store.Compact(ctx)); err != nil {
				t.Fatal(err)
			}
			for range 12 {
				d.verify()
			}
			if s := d.n.store.Stats(); s.AggregatedKept < s.Aggregated/20 || s.Damaged != 0 {
				t.Errorf("%d samples of %d were aggregated by what is kept of them, %d blocks are damaged", s.AggregatedKept, s.Aggregated, s.Damaged)
			}
		})
	}
}

// Buckets of five minutes, of samples that are in blocks, come from what the blocks keep of them, wherever the span begins and
// ends and whatever their status is: no sample is looked at.
func TestBucketsOfPartsLookAtNoSample(t *testing.T) {
	d := newDense(t, 9)
	d.live(3*3600, false)
	ctx := context.Background()
	if err := errors.Join(d.n.store.Flush(ctx), d.n.store.Compact(ctx)); err != nil {
		t.Fatal(err)
	}
	const minute = int64(time.Minute)
	for _, span := range []Span{{begin, begin + 180*minute}, {begin + 25*minute, begin + 95*minute}, {begin - 10*minute, begin + 200*minute}} {
		before := d.n.store.Stats()
		if _, err := d.n.store.Aggregate(ctx, d.refs, span, AggregateOptions{Step: 5 * time.Minute, Now: d.n.clock.t}); err != nil {
			t.Fatal(err)
		}
		s := d.n.store.Stats()
		samples, kept := s.Aggregated-before.Aggregated, s.AggregatedKept-before.AggregatedKept
		if least := uint64(span.To-span.From) / 1e9 * 8 / 3; kept != samples || kept < least {
			t.Errorf("span from %d min: %d of %d samples by what is kept, want all of at least %d", (span.From-begin)/minute, kept, samples, least)
		}
	}
}

// AggregateEach gives what Aggregate gives, one series at a time, and ends with its function's error.
func TestAggregateEachGivesWhatAggregateGives(t *testing.T) {
	d := newDense(t, 3)
	d.live(700, false)
	refs := slices.Concat(d.refs, d.refs, d.refs, d.refs, d.refs)
	ctx, span := context.Background(), Span{begin, begin + 700e9}
	o := AggregateOptions{Step: time.Minute, Now: d.n.clock.t}
	want, err := d.n.store.Aggregate(ctx, refs, span, o)
	if err != nil {
		t.Fatal(err)
	}
	got := make([][]Bucket, len(refs))
	var mu sync.Mutex
	err = d.n.store.AggregateEach(ctx, refs, span, o, func(i int, b []Bucket) error {
		if !mu.TryLock() {
			t.Error("two calls at a time")
		}
		defer mu.Unlock()
		got[i] = slices.Clone(b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if !slices.EqualFunc(got[i], want[i], sameBucket) {
			t.Fatalf("series %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	enough := errors.New("enough")
	if err := d.n.store.AggregateEach(ctx, refs, span, o, func(int, []Bucket) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("ended with %v", err)
	}
	for _, bad := range []struct {
		refs []Ref
		span Span
		want error
	}{{[]Ref{999}, span, ErrUnknownSeries}, {refs, Span{5, 4}, ErrBadSpan}, {refs, Span{0, MaxTime}, ErrBadSpan}} {
		if err := d.n.store.AggregateEach(ctx, bad.refs, bad.span, o, func(int, []Bucket) error { return nil }); !errors.Is(err, bad.want) {
			t.Errorf("%v %v: %v, want %v", bad.refs, bad.span, err, bad.want)
		}
	}
}
