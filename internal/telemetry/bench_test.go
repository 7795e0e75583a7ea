package telemetry

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
)

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchNode(b testing.TB, head int64) *node {
	dir, err := os.MkdirTemp(os.Getenv("BENCH_DIR"), "jwbench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	n := newNode(file.OS(), dir)
	n.journal.SegmentBytes, n.journal.MaxBytes, n.journal.AlignBytes = 64<<20, 4<<30, 4096
	n.options = Options{HeadBytes: head, CompactRate: -1}
	n.clock.t = begin + int64(48*time.Hour)
	n.mustOpen(b)
	b.Cleanup(n.close)
	return n
}

func benchSeries(b testing.TB, n *node, devices int) []Ref {
	var d []Declaration
	for i := range devices * properties {
		d = append(d, declaration(i, Float64))
	}
	refs, err := n.store.Declare(context.Background(), d)
	if err != nil {
		b.Fatal(err)
	}
	return refs
}

// feed appends the workload from two goroutines over 200 pipelined producers and waits for all acknowledgements.
func feed(b testing.TB, n *node, refs []Ref, devices, seconds, perBatch int, late, apart bool) (samples int64) {
	ctx := context.Background()
	var wait sync.WaitGroup
	var acked, sent atomic.Int64
	for half := range 2 {
		wait.Go(func() {
			w := newWorkload(devices, late)
			w.rng += uint64(half)
			w.apart = apart
			seq := make([]uint64, 100)
			inFlight := make(chan struct{}, 400)
			batch := &Batch{}
			k := 0
			send := func(batch *Batch) {
				p := k % 100
				k++
				seq[p]++
				inFlight <- struct{}{}
				rows := int64(batch.Len())
				err := n.store.Append(ctx, producerID(p+100*half), 1, seq[p], batch, func(_ Receipt, err error) {
					if err == nil {
						acked.Add(rows)
					}
					<-inFlight
				})
				if err != nil {
					b.Error(err)
				}
				sent.Add(rows)
			}
			for second := range seconds {
				w.second = int64(second)
				for from := devices / 2 * half; from < devices/2*(half+1); from += perBatch {
					shift, hold := int64(0), false
					if late {
						switch r := w.random() % 1000; {
						case r == 0:
							shift = -int64(1+w.random()%3) * 24 * int64(time.Hour)
						case r <= 20:
							hold = true
						}
					}
					w.fill(batch, refs, from, min(from+perBatch, devices/2*(half+1)), shift)
					if hold {
						w.hold(batch, second+60+int(w.random()%540))
						continue
					}
					if old := w.due(second); old != nil {
						send(old)
					}
					send(batch)
				}
			}
			for old := w.due(1 << 30); old != nil; old = w.due(1 << 30) {
				send(old)
			}
			for range cap(inFlight) {
				inFlight <- struct{}{}
			}
		})
	}
	wait.Wait()
	if acked.Load() != sent.Load() {
		b.Fatalf("%d of %d samples acknowledged", acked.Load(), sent.Load())
	}
	return sent.Load()
}

func env(name string, def int) int {
	if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return v
	}
	return def
}

// BenchmarkAppendWide is all the processor time of a sample: door, journal with fsync, head, flush and compaction.
// Run it with -benchtime 1x.
func BenchmarkAppendWide(b *testing.B) {
	benchAppend(b, "wide", 1000, env("BENCH_SECONDS", 400), false)
}

// BenchmarkAppendLate is the same with 2 % of the batches minutes late and 0.1 % days.
func BenchmarkAppendLate(b *testing.B) { benchAppend(b, "late", 1000, env("BENCH_SECONDS", 400), true) }

// BenchmarkAppendApart is the worst case for frames: every property of a device has source and gateway times of its own.
func BenchmarkAppendApart(b *testing.B) {
	benchAppend(b, "apart", 1000, env("BENCH_SECONDS", 400), false)
}

// BenchmarkAppendD2 has 1,000 series only.
func BenchmarkAppendD2(b *testing.B) { benchAppend(b, "D2", 50, env("BENCH_SECONDS", 400)*10, false) }

func benchAppend(b *testing.B, name string, devices, seconds int, late bool) {
	for b.Loop() {
		// What the generator itself takes.
		w, batch := newWorkload(devices, false), &Batch{}
		refs := make([]Ref, devices*properties)
		gen := cpu()
		for s := range 20 {
			w.second = int64(s)
			for d := 0; d < devices; d += 50 {
				w.fill(batch, refs, d, d+50, 0)
			}
		}
		generate := float64(cpu()-gen) / float64(20*devices*properties)
		n := benchNode(b, int64(env("BENCH_HEAD_MB", 64))<<20)
		refs = benchSeries(b, n, devices)
		runtime.GC()
		if f := os.Getenv("BENCH_PROFILE"); f != "" {
			out, _ := os.Create(f)
			pprof.StartCPUProfile(out)
			defer pprof.StopCPUProfile()
		}
		before := cpu()
		wall := time.Now()
		perBatch := 50
		if devices < 100 {
			perBatch = 25
		}
		samples := feed(b, n, refs, devices, seconds, perBatch, late, name == "apart")
		in := cpu() - before
		took := time.Since(wall)
		st := n.store.Stats()
		if err := n.store.Flush(context.Background()); err != nil {
			b.Fatal(err)
		}
		if err := n.store.Compact(context.Background()); err != nil {
			b.Fatal(err)
		}
		all := cpu() - before
		end := n.store.Stats()
		l := n.log.Stats()
		fmt.Printf("%s: %d samples in %.2fs wall; cpu ns/sample: acked %.0f, all %.0f (generator %.0f of it); flushes %d (%.0f ns), compactions %d (%.0f ns), copied chunks %d; B/sample %.3f in %d blocks; at ack: head %d MiB; journal %.2f B/sample\n",
			name, samples, took.Seconds(), float64(in)/float64(samples), float64(all)/float64(samples), generate,
			end.Flushes, float64(end.FlushNanos)/float64(samples), end.Compactions, float64(end.CompactNanos)/float64(samples), n.store.stats.chunksCopied.Load(),
			float64(end.Bytes)/float64(samples), end.Blocks, st.HeadBytes>>20, float64(l.WrittenBytes)/float64(samples))
		b.ReportMetric(float64(all)/float64(samples)-generate, "cpu-ns/sample")
		b.ReportMetric(float64(end.Bytes)/float64(samples), "B/sample")
		pprof.StopCPUProfile()
		n.close()
	}
}

// queryNode holds D2: 1,000 series at 1 Hz, flushed and compacted.
func queryNode(b *testing.B, seconds int) (*node, []Ref) {
	n := benchNode(b, 64<<20)
	refs := benchSeries(b, n, 50)
	feed(b, n, refs, 50, seconds, 25, false, false)
	if err := n.store.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	if err := n.store.Compact(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	return n, refs
}

// BenchmarkAggregate is 1,000 series, means of 5 minutes over 6 hours at 1 Hz.
func BenchmarkAggregate(b *testing.B) {
	hours := env("BENCH_HOURS", 6)
	n, refs := queryNode(b, hours*3600)
	before := cpu()
	rounds := 0
	for b.Loop() {
		rounds++
		out, err := n.store.Aggregate(context.Background(), refs, Span{begin, begin + int64(hours)*int64(time.Hour)}, AggregateOptions{Step: 5 * time.Minute, Now: n.clock.t})
		if err != nil {
			b.Fatal(err)
		}
		total := uint64(0)
		for _, s := range out {
			for _, k := range s {
				total += k.Count
			}
		}
		if total < uint64(hours*3600-1)*1000 {
			b.Fatalf("%d samples", total)
		}
	}
	b.ReportMetric(float64(cpu()-before)/float64(rounds)/1e6, "cpu-ms/op")
	b.ReportMetric(float64(cpu()-before)/float64(rounds)/float64(hours*3600*1000), "cpu-ns/sample")
}

// BenchmarkRawDay reads a day of one series at 1 Hz: time, value and status of 86,400 samples.
func BenchmarkRawDay(b *testing.B) {
	n := benchNode(b, 64<<20)
	refs := benchSeries(b, n, 2)
	feed(b, n, refs, 2, 86400, 2, false, false)
	if err := n.store.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	if err := n.store.Compact(context.Background()); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		prop int
		want Columns
	}{{"quantised", 0, WithStatus}, {"full", 6, WithStatus}, {"counter", 12, WithStatus}, {"full-everything", 6, Everything}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			before, rounds := cpu(), 0
			for b.Loop() {
				rounds++
				rows := 0
				err := n.store.Scan(context.Background(), refs[c.prop], Span{begin, begin + 2*day}, ScanOptions{Columns: c.want}, func(r *Run) bool {
					rows += r.Len()
					return true
				})
				if err != nil || rows < 86399 {
					b.Fatal(rows, err)
				}
			}
			b.ReportMetric(float64(cpu()-before)/float64(rounds)/1e6, "cpu-ms/op")
		})
	}
}

// BenchmarkReplay opens a store whose samples are all in the journal.
func BenchmarkReplay(b *testing.B) {
	n := benchNode(b, 512<<20)
	refs := benchSeries(b, n, 1000)
	samples := feed(b, n, refs, 1000, 250, 50, false, false)
	b.ResetTimer()
	rounds := 0
	before := cpu()
	for b.Loop() {
		rounds++
		n.close()
		n.mustOpen(b)
		if got := n.store.Stats().Replayed; got != uint64(samples) {
			b.Fatal(got)
		}
	}
	b.ReportMetric(float64(cpu()-before)/float64(rounds)/float64(samples), "cpu-ns/sample")
}

// BenchmarkLateAggregate is BenchmarkAggregate while late samples lie in runs of their own: 2 % of the batches come a minute
// to ten late, nothing is merged.
func BenchmarkLateAggregate(b *testing.B) {
	n := benchNode(b, 16<<20)
	n.close()
	n.options.NoBackground = true
	n.mustOpen(b)
	refs := benchSeries(b, n, 50)
	for part := range 4 {
		w := newWorkload(50, false)
		batch, late := &Batch{}, &Batch{}
		seq := uint64(part*1800*2 + 1)
		for s := range 1800 {
			w.second = int64(part*1800 + s)
			to := batch
			if s%50 == 7 {
				to = late
			}
			w.fill(to, refs, 0, 50, 0)
			if to == batch {
				n.mustAppend(b, 1, seq, batch)
				seq++
			}
			if s%50 == 49 {
				n.mustAppend(b, 1, seq, late)
				seq++
			}
		}
		for ; seq < uint64((part+1)*1800*2+1); seq++ {
			n.mustAppend(b, 1, seq, &Batch{Origin: Measured})
		}
		if err := n.store.Flush(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	for _, stage := range []string{"before", "merged"} {
		b.Run(stage, func(b *testing.B) {
			before, rounds := cpu(), 0
			for b.Loop() {
				rounds++
				if _, err := n.store.Aggregate(context.Background(), refs, Span{begin, begin + 2*int64(time.Hour)}, AggregateOptions{Step: 5 * time.Minute, Now: n.clock.t}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpu()-before)/float64(rounds)/7.2e6, "cpu-ns/sample")
		})
		if err := n.store.Compact(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlotDay draws a day of one series on 1,000 pixels.
func BenchmarkPlotDay(b *testing.B) {
	n := benchNode(b, 64<<20)
	refs := benchSeries(b, n, 2)
	feed(b, n, refs, 2, 86400, 2, false, false)
	if err := n.store.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	before, rounds := cpu(), 0
	for b.Loop() {
		rounds++
		p, err := n.store.Plot(context.Background(), refs[6], Span{begin, begin + day}, PlotOptions{Pixels: 1000, Now: n.clock.t})
		if err != nil || len(p) < 3000 {
			b.Fatal(len(p), err)
		}
	}
	b.ReportMetric(float64(cpu()-before)/float64(rounds)/1e6, "cpu-ms/op")
}
