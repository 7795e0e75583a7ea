package telemetry

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/telemetry/block"
)

func TestCostIsWhatTheDirectoriesSay(t *testing.T) {
	n, _ := memoryNode(t, 4)
	refs := n.declare(t, Float64, Float64, Float64)
	n.clock.add(2 * time.Hour)
	fill(t, n, refs[:2], 1, 1, begin, 6000)
	ctx := context.Background()
	whole := Span{begin, begin + 7200*second}
	want := func(what string, refs []Ref, span Span, o CostOptions, blocks, chunks int, rows uint64, heads int, headRows uint64, summaries int) Cost {
		t.Helper()
		c, err := n.store.Cost(ctx, refs, span, o)
		if err != nil {
			t.Fatal(err)
		}
		if c.Blocks != blocks || c.Chunks != chunks || c.Rows != rows || c.Heads != heads || c.HeadRows != headRows || c.Summaries != summaries || c.Series != len(refs) {
			t.Errorf("%s: %+v", what, c)
		}
		return c
	}
	want("in memory", refs, whole, CostOptions{Columns: Everything}, 0, 0, 0, 1, 12000, 0)
	if err := n.store.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	one := want("one series", refs[:1], whole, CostOptions{Columns: Everything}, 1, 2, 6000, 0, 0, 0)
	two := want("two series of one frame", refs[:2], whole, CostOptions{Columns: Everything}, 1, 4, 12000, 0, 0, 0)
	frame := 2*one.Bytes - two.Bytes // which the two share
	if frame <= 0 || one.Bytes <= frame || one.Memory <= 0 {
		t.Errorf("one %+v, two %+v", one, two)
	}
	want("the first chunk", refs[:1], Span{begin, begin + second}, CostOptions{Columns: Everything}, 1, 1, 3600, 0, 0, 0)
	want("none", refs[2:], whole, CostOptions{Columns: Everything}, 0, 0, 0, 0, 0, 0)
	want("outside", refs, Span{begin - 100*second, begin}, CostOptions{Columns: Everything}, 0, 0, 0, 0, 0, 0)
	// One bucket takes both chunks by their summaries; what lies in memory behind them does not hinder.
	fill(t, n, refs[:1], 1, 6001, begin+6000*second, 10)
	hour := want("in one bucket", refs[:1], whole, CostOptions{Columns: WithStatus, Aggregate: true, Step: 2 * time.Hour, Now: n.clock.t}, 1, 2, 6000, 1, 10, 2)
	if hour.Decoded() != 10 || hour.Buckets != 1 || hour.Bytes != 0 {
		t.Errorf("in one bucket: %+v", hour)
	}
	want("in 5-minute buckets", refs[:1], whole, CostOptions{Columns: WithStatus, Aggregate: true, Step: 5 * time.Minute, Now: n.clock.t}, 1, 2, 6000, 1, 10, 0)
	for what, c := range map[string]struct {
		refs []Ref
		span Span
		o    CostOptions
		want error
	}{"backwards": {refs, Span{2, 1}, CostOptions{}, ErrBadSpan}, "no step": {refs, whole, CostOptions{Aggregate: true}, ErrBadSpan}, "unknown": {[]Ref{77}, whole, CostOptions{}, ErrUnknownSeries}} {
		if _, err := n.store.Cost(ctx, c.refs, c.span, c.o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// The parts of a directory that a question does not touch may be damaged; those that it touches are told before a page is
// read.
func TestCostFindsADamagedBlock(t *testing.T) {
	dir := t.TempDir()
	n := newNode(file.OS(), dir)
	n.mustOpen(t)
	t.Cleanup(n.close)
	refs := n.declare(t, Float64)
	fill(t, n, refs, 1, 1, begin, 100)
	if err := n.store.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	n.close()
	names, _ := filepath.Glob(dir + "/telemetry/blocks/*.jwb")
	if len(names) != 1 {
		t.Fatal(names)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-150] ^= 1 // in the index
	if err := os.WriteFile(names[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	n.mustOpen(t)
	var damage *DamageError
	if _, err := n.store.Cost(context.Background(), refs, Span{begin, begin + second}, CostOptions{Columns: Everything}); !errors.As(err, &damage) {
		t.Errorf("a damaged index: %v", err)
	}
	if _, err := n.store.Cost(context.Background(), refs, Span{begin - 10*second, begin}, CostOptions{Columns: Everything}); err != nil {
		t.Errorf("beside it: %v", err)
	}
}

// What Cost promises of summaries an aggregate keeps; it may do better.
func TestCostCountsTheSummariesThatServe(t *testing.T) {
	n, _ := memoryNode(t, 9)
	refs := n.declare(t, Float64, Int64, Bool, String)
	n.clock.add(48 * time.Hour)
	r := rand.New(rand.NewPCG(7, 7))
	seq := uint64(0)
	for file := range int64(6) {
		for i, ref := range refs {
			b := &Batch{Origin: Measured, Text: []string{"x"}}
			at := begin + file*2*3600*second
			if r.IntN(3) == 0 {
				at -= 3600 * second // late, into what lies there
			}
			for range 500 + r.IntN(3000) {
				at += second
				if r.IntN(900) == 0 {
					at += 60 * second // silence
				}
				status := Good
				if r.IntN(4000) == 0 {
					status = Bad
				}
				bits := uint64(r.IntN(2))
				if i == 3 {
					bits = 0
				}
				b.Ref, b.Time, b.Gateway, b.Bits, b.Status = append(b.Ref, ref), append(b.Time, at), append(b.Gateway, at), append(b.Bits, bits), append(b.Status, status)
			}
			seq++
			n.mustAppend(t, 1, seq, b)
		}
		if err := n.store.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	served := 0
	for range 200 {
		span := Span{begin + r.Int64N(6*3600)*second, begin + (6*3600+r.Int64N(8*3600))*second}
		o := CostOptions{Columns: WithStatus, Aggregate: true, Now: begin + (3600+r.Int64N(14*3600))*second}
		var bounds []int64
		width := span.To - span.From
		if r.IntN(2) == 0 {
			o.Step = []time.Duration{time.Minute, 30 * time.Minute, 3 * time.Hour}[r.IntN(3)]
		} else {
			for at := span.From; at < span.To; at += 1 + r.Int64N(2*3600*second) {
				bounds = append(bounds, at)
			}
			bounds = append(bounds, span.To)
			o.Bounds = bounds
		}
		buckets := len(bounds) - 1
		if bounds == nil {
			buckets = int((width-1)/int64(o.Step)) + 1
		}
		for _, ref := range refs {
			c, err := n.store.Cost(context.Background(), []Ref{ref}, span, o)
			if err != nil {
				t.Fatal(err)
			}
			v := n.store.acquire()
			q := n.store.scanner()
			series, _ := n.store.find(ref)
			a := &aggregator{q: q, span: span, step: int64(o.Step), bounds: bounds, now: o.Now, n: buckets, s: series, state: make([]bucketState, buckets)}
			longest := int64(series.longestSilence())
			q.begin(v, span.From-longest, span.To, ScanOptions{Columns: WithStatus}, nil)
			did := 0
			err = q.series(context.Background(), series, span.From-longest, span.To, func(ch *block.Chunk) bool {
				ok := a.whole(ch)
				if ok {
					did++
				}
				return ok
			}, a.run)
			n.store.giveBack(q)
			n.store.release(v)
			if err != nil || c.Summaries > did {
				t.Fatalf("%s: %d summaries, %d served, %v: %+v", series.Type, c.Summaries, did, err, o)
			}
			served += c.Summaries
		}
	}
	if served < 100 {
		t.Errorf("only %d summaries promised", served)
	}
}
