package intake

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkIntake has 200 connections with messages of 100 rows in flight, into a journal and a store on disk. One
// operation is a message.
func BenchmarkIntake(b *testing.B) {
	for _, flight := range []int{1, 32} {
		b.Run(fmt.Sprintf("flight=%d", flight), func(b *testing.B) {
			const connections, rows = 200, 100
			h := newHouse(b, 4*connections*rows, log.Options{SegmentBytes: 64 << 20, MaxBytes: 4 << 30})
			in, stop := h.run(Options{})
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ReportAllocs()
			b.ResetTimer()
			busy := cpu()
			var work sync.WaitGroup
			for c := range connections {
				work.Go(func() {
					room := make(chan struct{}, flight)
					done := func(err error) {
						if err != nil {
							b.Error(err)
						}
						<-room
					}
					var m Message
					for i := 0; left.Add(-1) >= 0; i++ {
						room <- struct{}{}
						m.Reset()
						at := begin + int64(i)*int64(time.Second)
						for k := range rows {
							v := telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(float64((i+k)%1000) / 10)}
							m.Add(h.refs[4*(c*rows+k)], at, at+5e6, v, 0)
						}
						if err := in.Put(context.Background(), &m, done); err != nil {
							b.Error(err)
						}
					}
					for range flight {
						room <- struct{}{}
					}
				})
			}
			work.Wait()
			b.StopTimer()
			spent := cpu() - busy
			total := float64(b.N) * rows
			b.ReportMetric(total/b.Elapsed().Seconds()/1e6, "Mrows/s")
			b.ReportMetric(spent.Seconds()/total*1e6, "cpu-s/Mrow")
			b.ReportMetric(float64(b.N)/float64(max(in.Stats().Batches, 1)), "messages/append")
			if err := stop(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
