package telemetry

import (
	"context"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/telemetry/block"
	"jingwei/internal/telemetry/column"
)

// bruteForce is the definition of buckets between bounds, for samples in order of time.
func bruteForce(typ Type, samples []Sample, bounds []int64, now, silence int64) []Bucket {
	out := make([]Bucket, len(bounds)-1)
	exact := make([]*big.Float, len(out))
	for i := range out {
		out[i] = Bucket{From: bounds[i], To: bounds[i+1], Sum: math.NaN(), Mean: math.NaN()}
		exact[i] = new(big.Float).SetPrec(2400)
	}
	less := func(a, b uint64) bool {
		if typ != Float64 {
			return int64(a) < int64(b)
		}
		x, y := math.Float64frombits(a), math.Float64frombits(b)
		return x < y || x == y && math.Signbit(x) && !math.Signbit(y)
	}
	first := 0 // bucket that ends after the sample
	for i, s := range samples {
		for first < len(out) && out[first].To <= s.Time {
			first++
		}
		number := s.Status.IsGood() && s.Flags&NoValue == 0 && (typ != Float64 || !math.IsNaN(math.Float64frombits(s.Value.Bits)))
		if number {
			until := min(s.Time+silence, now)
			if i+1 < len(samples) {
				until = min(until, samples[i+1].Time)
			}
			for k := first; k < len(out) && out[k].From < until; k++ {
				out[k].Covered += time.Duration(max(0, min(until, out[k].To)-max(s.Time, out[k].From)))
			}
		}
		if first == len(out) || s.Time < out[first].From {
			continue
		}
		b := &out[first]
		b.Count++
		switch {
		case number:
			if b.Good == 0 {
				b.First, b.Min, b.Max = s.Value, s.Value, s.Value
			}
			if less(s.Value.Bits, b.Min.Bits) {
				b.Min = s.Value
			}
			if less(b.Max.Bits, s.Value.Bits) {
				b.Max = s.Value
			}
			b.Last = s.Value
			b.Good++
			x := new(big.Float).SetInt64(int64(s.Value.Bits))
			if typ == Float64 {
				x = new(big.Float).SetFloat64(math.Float64frombits(s.Value.Bits))
			}
			exact[first].Add(exact[first], x)
		case s.Status.IsUncertain():
			b.Uncertain++
		default:
			b.Bad++
		}
	}
	for i := range out {
		if b := &out[i]; b.Good > 0 {
			b.Sum, _ = exact[i].Float64()
			b.Sum += 0
			b.Mean = b.Sum / float64(b.Good)
		}
	}
	return out
}

// fillDevices appends seconds of two devices with series of many kinds: the first is good all the time, the second is not, falls
// silent, and has series with a NaN and with a status of their own.
func fillDevices(t testing.TB, n *node, seconds int) (refs []Ref, types []Type, samples [][]Sample) {
	const each = 10
	for range 2 * each {
		types = append(types, []Type{Float64, Float64, Float64, Float64, Float64, Float64, Float64, Int64, Bool, Int64}[len(types)%each])
	}
	refs = n.declare(t, types...)
	samples = make([][]Sample, len(refs))
	r := rand.New(rand.NewPCG(7, 7))
	walk := make([]float64, len(refs))
	seq := uint64(0)
	b := &Batch{Origin: Measured}
	send := func() {
		if len(b.Ref) == 0 {
			return
		}
		seq++
		commit := n.mustAppend(t, 1, seq, b).Commit
		for i, ref := range b.Ref {
			s := Sample{Time: b.Time[i], Gateway: b.Gateway[i], Status: b.Status[i], Flags: b.Flags[i], Origin: Measured, Commit: commit}
			if s.Flags&NoValue == 0 {
				s.Value = Value{Type: types[ref-1], Bits: b.Bits[i]}
			}
			samples[ref-1] = append(samples[ref-1], s)
		}
		b = &Batch{Origin: Measured}
	}
	silent := 0
	for second := range seconds {
		for d := range 2 {
			status := Good
			if d == 1 {
				switch {
				case second < silent:
					continue
				case r.IntN(2500) == 0:
					silent = second + 1 + r.IntN(400)
				case r.IntN(300) == 0:
					status = []Status{BadTimeout, UncertainLastUsable}[r.IntN(2)]
				}
			}
			at := begin + int64(second)*int64(time.Second) + int64(d*300+r.IntN(4))*int64(time.Millisecond)
			for p := range each {
				i := d*each + p
				x := &walk[i]
				var bits uint64
				switch p {
				case 0: // decimals through zero
					*x = math.Round((*x+float64(r.IntN(3)-1)*0.1)*10) / 10
				case 1:
					*x += r.NormFloat64()
				case 2:
					*x = float64(float32(*x + r.NormFloat64()))
				case 3, 7:
					*x += float64(r.IntN(5))
				case 4: // seldom another value
					if r.IntN(600) == 0 {
						*x = float64(r.IntN(1000)) / 10
					}
				case 5, 8:
					if r.IntN(120) == 0 {
						*x = 1 - *x
					}
				case 6, 9: // always the same
					*x = 12
				}
				if bits = math.Float64bits(*x); types[i] != Float64 {
					bits = uint64(int64(*x))
				}
				own, flags := status, Flags(0)
				if d == 1 {
					if p == 2 && second%4000 == 3999 {
						bits = math.Float64bits(math.NaN())
					}
					if p < 2 && r.IntN(900) == 0 {
						own, bits, flags = BadDeviceFailure, 0, NoValue
					}
				}
				b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, refs[i]), append(b.Time, at), append(b.Gateway, at+1e6), append(b.Bits, bits)
				b.Status, b.Flags = append(b.Status, own), append(b.Flags, flags)
			}
		}
		if second%100 == 99 {
			send()
		}
	}
	send()
	return refs, types, samples
}

// TestAggregateByPartsIsAggregateByRows asks for buckets that summaries of parts, changes, summaries of chunks and rows give.
func TestAggregateByPartsIsAggregateByRows(t *testing.T) {
	n := newNode(file.OS(), t.TempDir())
	n.journal.MaxBytes, n.journal.SegmentBytes = 256<<20, 8<<20
	n.clock.t = begin + 30*day
	n.mustOpen(t)
	t.Cleanup(n.close)
	const seconds = 3*3600 + 700
	refs, types, samples := fillDevices(t, n, seconds)
	ctx := context.Background()
	if err := n.store.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if err := n.store.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	parts, changes := n.shortcuts(t, refs)
	if parts < 20 || changes < 6 {
		t.Errorf("%d chunks have parts and %d few changes: this test has lost its point", parts, changes)
	}
	const minute = int64(time.Minute)
	end := begin + int64(seconds+100)*int64(time.Second)
	commit := samples[0][5000].Commit
	for _, c := range []struct {
		name   string
		span   Span
		step   int64
		bounds []int64
		now    int64
		asOf   uint64
	}{
		{name: "5 min", span: Span{begin, end}, step: 5 * minute},
		{name: "15 min, from before", span: Span{begin - 30*minute, end}, step: 15 * minute},
		{name: "hours", span: Span{begin, begin + 180*minute}, step: 60 * minute},
		{name: "askew", span: Span{begin + 17e9, end}, step: 7 * minute},
		{name: "5 min, in the middle of chunks", span: Span{begin + 35*minute, begin + 125*minute}, step: 5 * minute},
		{name: "seconds", span: Span{begin + 60*minute, begin + 70*minute}, step: 13e9},
		{name: "bounds", bounds: []int64{begin - minute, begin, begin + 5*minute, begin + 15*minute, begin + 60*minute, begin + 60*minute + 1, begin + 120*minute, end + day}},
		{name: "now within", span: Span{begin, end}, step: 5 * minute, now: begin + 90*minute},
		{name: "as of", span: Span{begin, end}, step: 5 * minute, asOf: commit},
	} {
		bounds := c.bounds
		for at := c.span.From; c.bounds == nil && at < c.span.To; at += c.step {
			bounds = append(bounds, at)
		}
		if c.bounds == nil {
			bounds = append(bounds, c.span.To)
		}
		if c.now == 0 {
			c.now = n.clock.t
		}
		got, err := n.store.Aggregate(ctx, refs, c.span, AggregateOptions{Step: time.Duration(c.step), Bounds: c.bounds, Now: c.now, AsOf: c.asOf})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for i := range refs {
			known := samples[i]
			for k, s := range known {
				if c.asOf != 0 && s.Commit > c.asOf {
					known = known[:k]
					break
				}
			}
			want := bruteForce(types[i], known, bounds, c.now, int64(5*time.Second))
			if len(got[i]) != len(want) {
				t.Fatalf("%s: %d buckets, want %d", c.name, len(got[i]), len(want))
			}
			for k := range want {
				if !sameBucket(got[i][k], want[k]) {
					t.Fatalf("%s, series %d (%v), bucket %d:\n got %+v\nwant %+v", c.name, i, types[i], k, got[i][k], want[k])
				}
			}
		}
	}
}

// shortcuts counts the chunks of the store that can be aggregated without their rows.
func (n *node) shortcuts(t testing.TB, refs []Ref) (parts, changes int) {
	v := n.store.acquire()
	defer n.store.release(v)
	for _, ref := range refs {
		s, _ := n.store.find(ref)
		for _, b := range v.blocks {
			chunks, err := b.reader.Chunks(s.ID, 0, MaxTime, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range chunks {
				var c column.Changes
				if seldom, err := chunks[i].DecodeChanges(&c); err != nil {
					t.Fatal(err)
				} else if seldom {
					changes++
				}
				if chunks[i].PartStep() != 0 {
					parts++
				}
			}
		}
	}
	return parts, changes
}

// A byte that is changed in summaries of parts, or in tallies, fails the aggregate that needs them, and no raw read.
func TestDamagedPartsAreNotServed(t *testing.T) {
	t.Run("parts", func(t *testing.T) { testDamagedParts(t, (*block.Chunk).PartsAt) })
	t.Run("tallies", func(t *testing.T) { testDamagedParts(t, (*block.Chunk).TalliesAt) })
}

func testDamagedParts(t *testing.T, place func(*block.Chunk) (off, length int)) {
	dir := t.TempDir()
	n := newNode(file.OS(), dir)
	n.journal.MaxBytes, n.journal.SegmentBytes = 256<<20, 8<<20
	n.clock.t = begin + 30*day
	n.mustOpen(t)
	t.Cleanup(n.close)
	refs, _, samples := fillDevices(t, n, 3600)
	ctx := context.Background()
	if err := n.store.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	s, _ := n.store.find(refs[1])
	n.close()
	var names []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".jwb") {
			names = append(names, path)
		}
		return err
	})
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	rd, err := block.Parse("m", data)
	if err != nil {
		t.Fatal(err)
	}
	chunks, err := rd.Chunks(s.ID, 0, MaxTime, nil)
	if err != nil || chunks[0].PartStep() == 0 {
		t.Fatal(err, "no parts")
	}
	at, length := place(&chunks[0])
	data[at+length/2] ^= 4
	if err := os.WriteFile(names[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	n.mustOpen(t)
	span := Span{begin, begin + int64(time.Hour)}
	_, err = n.store.Aggregate(ctx, refs[1:2], span, AggregateOptions{Step: 5 * time.Minute, Now: n.clock.t})
	var damage *DamageError
	if !errors.As(err, &damage) || damage.Offset != int64(at) {
		t.Errorf("aggregate of damaged parts: %v", err)
	}
	if n.store.Stats().Damaged == 0 {
		t.Error("the damage was not counted")
	}
	rows := 0
	if err := n.store.Scan(ctx, refs[1], span, ScanOptions{}, func(r *Run) bool { rows += r.Len(); return true }); err != nil || rows != len(samples[1]) {
		t.Errorf("%d rows of %d: %v", rows, len(samples[1]), err)
	}
}

func TestBoundsThatAreNone(t *testing.T) {
	n := newNode(file.OS(), t.TempDir())
	n.clock.t = begin
	n.mustOpen(t)
	t.Cleanup(n.close)
	refs := n.declare(t, Float64)
	for _, c := range []struct {
		span Span
		o    AggregateOptions
		says string
	}{
		{Span{}, AggregateOptions{Bounds: []int64{5}}, "a bucket needs two"},
		{Span{}, AggregateOptions{Bounds: []int64{}}, "a bucket needs two"},
		{Span{}, AggregateOptions{Bounds: []int64{5, 7, 7}}, "bound 1 is 7 and bound 2 is 7"},
		{Span{}, AggregateOptions{Bounds: []int64{5, 7}, Step: 1}, "not both"},
		{Span{5, 8}, AggregateOptions{Bounds: []int64{5, 7}}, "leave the span out"},
		{Span{}, AggregateOptions{Bounds: []int64{-5, 7}}, "between 1970 and 2200"},
		{Span{5, 8}, AggregateOptions{}, "longer than nothing"},
		{Span{8, 5}, AggregateOptions{Step: 1}, "longer than nothing"},
	} {
		_, err := n.store.Aggregate(context.Background(), refs, c.span, c.o)
		if !errors.Is(err, ErrBadSpan) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v %+v: %v, want %q", c.span, c.o, err, c.says)
		}
	}
}
