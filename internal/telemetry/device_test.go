package telemetry

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"jingwei/internal/kernel/file/fault"
)

// TestDevicesThatShareFramesKeepTheirValues runs devices whose series share times, with long chunks, through many flushes
// and merges: chunks that are copied, chunks that late samples force open, series that miss a sample or have a status of
// their own and so leave the frame of their device.
func TestDevicesThatShareFramesKeepTheirValues(t *testing.T) {
	for seed := range uint64(env("DEVICE_SEEDS", 4)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 5))
			disk := fault.NewDisk(seed)
			n := newNode(disk, "/node")
			n.options.BlockBytes = []int64{24 << 10, 6 << 20}[seed%2]
			n.options.CompactAfter = 3
			n.journal.MaxBytes, n.journal.SegmentBytes = 256<<20, 8<<20
			n.clock.t = begin + 30*day
			n.mustOpen(t)
			t.Cleanup(n.close)
			const devices, each = 3, 5
			var types []Type
			for range devices * each {
				types = append(types, []Type{Float64, Float64, Int64, Bool, String}[len(types)%each])
			}
			refs := n.declare(t, types...)
			model := make([]map[int64]Sample, len(refs))
			for i := range model {
				model[i] = map[int64]Sample{}
			}
			texts := []string{"RUN", "STOP"}
			walk := make([]float64, len(refs))
			seq := uint64(0)
			send := func(b *Batch) {
				if len(b.Ref) == 0 {
					return
				}
				seq++
				rec := n.mustAppend(t, 1, seq, b)
				for i, ref := range b.Ref {
					s := Sample{Time: b.Time[i], Gateway: b.Gateway[i], Status: b.Status[i], Flags: b.Flags[i], Origin: b.Origin, Commit: rec.Commit}
					typ := types[ref-1]
					s.Value = Value{Type: typ, Bits: b.Bits[i]}
					if typ == String {
						s.Value = Value{Type: typ, Text: b.Text[b.Bits[i]]}
					}
					model[ref-1][s.Time] = s
				}
			}
			where := begin
			rows := func(b *Batch, d int, at int64, miss bool) {
				status := Good
				if r.IntN(400) == 0 {
					status = BadTimeout
				}
				gateway := at + 1e6 + r.Int64N(1e5)
				for p := range each {
					i := d*each + p
					if miss && r.IntN(300) == 0 {
						continue
					}
					own := status
					if miss && r.IntN(500) == 0 {
						own = UncertainLastUsable
					}
					var bits uint64
					switch types[i] {
					case Float64:
						walk[i] += r.NormFloat64()
						bits = math.Float64bits(walk[i])
					case Int64:
						walk[i] += float64(r.IntN(5))
						bits = uint64(walk[i])
					case Bool, String:
						bits = uint64(at/60e9) % 2
					}
					b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, refs[i]), append(b.Time, at), append(b.Gateway, gateway), append(b.Bits, bits)
					b.Status, b.Flags = append(b.Status, own), append(b.Flags, 0)
				}
			}
			fresh := func() *Batch { return &Batch{Origin: Measured, Text: texts} }
			var held []*Batch
			for stage := range 14 {
				for range 10 {
					b := fresh()
					for range 40 + r.IntN(60) {
						where += int64(time.Second)
						for d := range devices {
							rows(b, d, where+int64(d)*1e6, d == 2)
						}
					}
					if r.IntN(10) == 0 {
						held = append(held, b)
					} else {
						send(b)
					}
				}
				if len(held) > 0 && r.IntN(2) == 0 {
					send(held[0])
					held = held[1:]
				}
				if r.IntN(3) == 0 { // one late second between the others
					b := fresh()
					rows(b, r.IntN(devices), begin+r.Int64N(where-begin)/1e9*1e9+500e6, false)
					send(b)
				}
				must := func(err error) {
					if err != nil {
						t.Fatal(err)
					}
				}
				must(n.store.Flush(context.Background()))
				if r.IntN(3) == 0 {
					must(n.store.Compact(context.Background()))
				}
				if r.IntN(4) == 0 {
					n.close()
					n.mustOpen(t)
				}
				if stage%3 == 2 || stage == 13 {
					for i := range refs {
						compareSeries(t, n, refs[i], types[i], model[i], where)
					}
				}
			}
			if n.store.Stats().Compactions > 0 && seed == 1 && n.store.stats.chunksCopied.Load() == 0 {
				t.Error("no chunk was copied: this test has lost its point")
			}
		})
	}
}

// compareSeries compares everything there is of a series with what the model has.
func compareSeries(t *testing.T, n *node, ref Ref, typ Type, model map[int64]Sample, until int64) {
	t.Helper()
	ctx := context.Background()
	times := make([]int64, 0, len(model))
	for at := range model {
		times = append(times, at)
	}
	slices.Sort(times)
	k := 0
	err := n.store.Scan(ctx, ref, Span{0, MaxTime}, ScanOptions{Columns: Everything}, func(r *Run) bool {
		for _, f := range r.Flags {
			if !r.Nulls && Flags(f)&NoValue != 0 {
				t.Errorf("series %d: a run that is said to have no nulls has one", ref)
			}
		}
		for i := range r.Time {
			if k >= len(times) || r.Sample(i) != model[times[k]] {
				t.Fatalf("series %d, sample %d: %+v, want %+v", ref, k, r.Sample(i), model[times[min(k, len(times)-1)]])
			}
			k++
		}
		return true
	})
	if err != nil || k != len(times) {
		t.Fatalf("series %d: %d samples, want %d: %v", ref, k, len(times), err)
	}
	m := &seriesModel{typ, times, model}
	for _, step := range []time.Duration{time.Hour, 5 * time.Minute, 17 * time.Second} {
		span := Span{begin + 1800e9, until + int64(2*time.Hour)}
		got, err := n.store.Aggregate(ctx, []Ref{ref}, span, AggregateOptions{Step: step, Now: n.clock.t})
		if err != nil {
			t.Fatal(err)
		}
		want := m.buckets(span, int64(step), n.clock.t)
		for i := range want {
			if !sameBucket(got[0][i], want[i]) {
				t.Fatalf("series %d (%v), bucket %d of %v:\n got %+v\nwant %+v", ref, typ, i, step, got[0][i], want[i])
			}
		}
	}
	m.plot(t, n, ref, Span{begin, until + 1})
}

type seriesModel struct {
	typ   Type
	times []int64
	rows  map[int64]Sample
}

// buckets uses the brute-force definition on the samples of each bucket and what may reach into it.
func (m *seriesModel) buckets(span Span, step, now int64) []Bucket {
	var out []Bucket
	for from := span.From; from < span.To; from += step {
		to := min(from+step, span.To)
		lo, _ := slices.BinarySearch(m.times, from)
		hi, _ := slices.BinarySearch(m.times, to)
		part := &model{types: []Type{m.typ}, stored: make([][]Sample, 1)}
		for _, at := range m.times[max(lo-1, 0):min(hi+1, len(m.times))] {
			part.stored[0] = append(part.stored[0], m.rows[at])
		}
		out = append(out, part.aggregate(0, 0, Span{from, to}, step, now, int64(5*time.Second))...)
	}
	return out
}

// plot checks each pixel against all its samples.
func (m *seriesModel) plot(t *testing.T, n *node, ref Ref, span Span) {
	t.Helper()
	const pixels = 61
	points, err := n.store.Plot(context.Background(), ref, span, PlotOptions{Pixels: pixels, Now: n.clock.t})
	if err != nil {
		t.Fatal(err)
	}
	step := (span.To - span.From + pixels - 1) / pixels
	for px := range int64(pixels) {
		from, to := span.From+px*step, span.From+(px+1)*step
		var got []PlotPoint
		for _, p := range points {
			if p.Time >= from && p.Time < to {
				got = append(got, p)
			}
		}
		want := map[int64]bool{}
		var first, last, low, high, bad *Sample
		number := func(s *Sample) float64 {
			switch m.typ {
			case Float64:
				return math.Float64frombits(s.Value.Bits)
			case String:
				return 0
			}
			return float64(int64(s.Value.Bits))
		}
		lo, _ := slices.BinarySearch(m.times, from)
		hi, _ := slices.BinarySearch(m.times, to)
		for _, at := range m.times[lo:hi] {
			s := m.rows[at]
			if s.Status.IsBad() {
				if bad == nil {
					bad = &s
				}
				continue
			}
			if first == nil {
				first, low, high = &s, &s, &s
			}
			last = &s
			if number(&s) < number(low) {
				low = &s
			}
			if number(&s) > number(high) {
				high = &s
			}
		}
		for _, s := range []*Sample{first, last, low, high, bad} {
			if s != nil {
				want[s.Time] = true
			}
		}
		if len(got) != len(want) {
			t.Fatalf("series %d, pixel %d: %d points, want %d", ref, px, len(got), len(want))
		}
		for i, p := range got {
			if !want[p.Time] || p.Sample != m.rows[p.Time] || i > 0 && p.Time <= got[i-1].Time {
				t.Fatalf("series %d, pixel %d: point %+v is not wanted", ref, px, p)
			}
			if p.Kind == PlotBad != p.Status.IsBad() {
				t.Fatalf("kind of %+v", p)
			}
		}
	}
}
