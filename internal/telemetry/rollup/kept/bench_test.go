package kept

import (
	"math"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

// plenty is a node with an hour of many series at 1 Hz.
func plenty(b *testing.B, series int) (n *node, ids []uuid.UUID) {
	n = newNode(b, storetest.SQLite(b), "UTC")
	n.clock = begin.Add(-time.Hour)
	n.round()
	var d []telemetry.Declaration
	for range series {
		ids = append(ids, uuid.Must(uuid.NewV7()))
		d = append(d, telemetry.Declaration{ID: ids[len(ids)-1], Org: n.sides["a"], Type: telemetry.Float64, Unit: "kW", Report: telemetry.Periodic, MaxSilence: 10 * time.Second})
	}
	refs := proof.Must(n.store.Declare(b.Context(), d))
	batch := &telemetry.Batch{Origin: telemetry.Measured}
	for second := 0; second < 3600; {
		n.clock = begin.Add(time.Duration(second+60) * time.Second)
		*batch = telemetry.Batch{Origin: telemetry.Measured}
		for range 60 {
			at := begin.Add(time.Duration(second) * time.Second).UnixNano()
			for i, ref := range refs {
				batch.Ref, batch.Time, batch.Gateway = append(batch.Ref, ref), append(batch.Time, at), append(batch.Gateway, at)
				batch.Bits = append(batch.Bits, math.Float64bits(20+math.Round(1e3*math.Sin(float64(second+i)/50))/100))
			}
			second++
		}
		n.store.Send(n.producer, batch)
	}
	return n, ids
}

// BenchmarkCloseHour closes an hour of 1,000 series at 1 Hz, from blocks and from memory.
func BenchmarkCloseHour(b *testing.B) {
	for _, c := range []struct {
		name  string
		flush bool
	}{{"blocks", true}, {"memory", false}} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				const series = 1000
				n, _ := plenty(b, series)
				if c.flush {
					if err := n.store.Flush(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
				n.clock = begin.Add(70 * time.Minute)
				b.StartTimer()
				start := time.Now()
				n.round()
				took := time.Since(start)
				if n.door.rows != series {
					b.Fatalf("%d rows", n.door.rows)
				}
				b.ReportMetric(float64(took.Nanoseconds())/(series*3600), "ns/sample")
			}
		})
	}
}

// BenchmarkRestate works in one late sample of a series at 1 Hz: the hour of samples, and of hours the rest.
func BenchmarkRestate(b *testing.B) {
	n := newNode(b, storetest.SQLite(b), "UTC")
	n.clock = begin.Add(-31 * 24 * time.Hour)
	n.round()
	id := n.declare(telemetry.Float64, 10*time.Second)
	ref, _ := n.store.Lookup(id)
	from := begin.Add(-31 * time.Hour * 24)
	for hour := range 31 * 24 {
		n.clock = from.Add(time.Duration(hour+1) * time.Hour)
		batch := &telemetry.Batch{Origin: telemetry.Measured}
		for second := range 3600 {
			at := from.Add(time.Duration(hour*3600+second) * time.Second).UnixNano()
			batch.Ref, batch.Time, batch.Gateway = append(batch.Ref, ref), append(batch.Time, at), append(batch.Gateway, at)
			batch.Bits = append(batch.Bits, math.Float64bits(20+math.Round(1e3*math.Sin(float64(second)/50))/100))
		}
		n.store.Send(n.producer, batch)
	}
	if err := n.store.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	n.until(begin.Add(40 * 24 * time.Hour))
	n.round()
	before := n.door.rows
	i := 0
	for b.Loop() {
		i++
		n.send(id, sample{at: begin.Add(-20*24*time.Hour).UnixNano() + int64(i), value: float64(i)})
		n.round()
	}
	b.ReportMetric(float64(n.door.rows-before)/float64(i), "rows/op")
}
