package seal

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

// BenchmarkDay seals a day of 64 series at 1 Hz (5.5 million samples): 4 devices of 16 properties, flushed, then merged.
func BenchmarkDay(b *testing.B) {
	const devices, properties, seconds = 4, 16, 86400
	for _, merged := range []bool{false, true} {
		b.Run(map[bool]string{false: "flushed", true: "merged"}[merged], func(b *testing.B) {
			n := newNode(b, storetest.SQLite(b))
			n.perBatch = 1024
			n.room()
			ctx := context.Background()
			var refs []telemetry.Ref
			for range devices * properties {
				refs = append(refs, proof.Must(n.store.Declare(ctx, []telemetry.Declaration{{ID: uuid.Must(uuid.NewV7()), Org: n.sides["a"], Type: telemetry.Float64, Report: telemetry.Periodic, MaxSilence: 10 * time.Second}}))...)
			}
			begin := day0.UnixNano()
			for d := range devices {
				for at := 0; at < seconds; at += 60 {
					batch := &telemetry.Batch{Origin: telemetry.Measured}
					for s := at; s < at+60; s++ {
						for p := range properties {
							t := begin + int64(s)*int64(time.Second) + int64(d)
							batch.Ref, batch.Time, batch.Gateway = append(batch.Ref, refs[d*properties+p]), append(batch.Time, t), append(batch.Gateway, t+1e6)
							batch.Bits = append(batch.Bits, math.Float64bits(float64(s%997)/10+float64(p)))
						}
					}
					n.batch(batch)
				}
				must(b, n.store.Flush(ctx))
			}
			if merged {
				must(b, n.store.Compact(ctx))
			}
			n.until(1)
			row := proof.Must(n.seal.begin(ctx, dayN(0)))
			w := row.between()
			all := proof.Must(n.store.Changed(ctx, w))
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				list, err := n.seal.leaves(ctx, dayN(0), w, all)
				must(b, err)
				for i := range list {
					if list[i].digest == nil {
						b.Fatal(list[i].reason)
					}
				}
				rows += devices * properties * seconds
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Msamples/s")
		})
	}
}

// BenchmarkWide seals a day of 20,000 series with 60 samples each, leaves and all: what a series costs beside its samples.
func BenchmarkWide(b *testing.B) {
	const series, seconds = 20_000, 60
	n := newNode(b, storetest.SQLite(b))
	n.perBatch = 1024
	n.room()
	ctx := context.Background()
	var all []telemetry.Declaration
	for range series {
		all = append(all, telemetry.Declaration{ID: uuid.Must(uuid.NewV7()), Org: n.sides["a"], Type: telemetry.Float64, Report: telemetry.Periodic, MaxSilence: 10 * time.Second})
	}
	refs := proof.Must(n.store.Declare(ctx, all))
	day := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for s := range seconds {
			batch := &telemetry.Batch{Origin: telemetry.Measured}
			t := n.clock.UnixNano() + int64(s)*int64(time.Second)
			for i, ref := range refs {
				batch.Ref, batch.Time, batch.Gateway = append(batch.Ref, ref), append(batch.Time, t), append(batch.Gateway, t)
				batch.Bits = append(batch.Bits, math.Float64bits(float64(s*i)))
			}
			n.batch(batch)
		}
		day++
		n.until(day)
		b.StartTimer()
		n.days()
	}
	b.ReportMetric(float64(series)*float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
}
