package registry

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store/storetest"
)

// BenchmarkRegister registers identifiers durably, one at a time by so many callers: URL, EMAIL and HS_ADMIN.
func BenchmarkRegister(b *testing.B) {
	for _, callers := range []int{2, 16, 256} {
		b.Run(fmt.Sprint(callers, " callers"), func(b *testing.B) {
			w := open(b, storetest.SQLite(b), file.OS(), b.TempDir())
			w.home("88.101", steel)
			values := []handle.Value{urlValue(1, "https://id.example.com/p/1"), handletest.Text(2, "EMAIL", "service@example.com"), handletest.AdminValue(100, handle.AllRights, "0.NA/88.101", 300)}
			var n atomic.Int64
			before := used()
			b.SetParallelism(callers / 2)
			b.ResetTimer()
			began := time.Now()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := w.Create(bg, li, handle.Name(fmt.Sprintf("88.101/%d", n.Add(1))), values, false); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(n.Load())/time.Since(began).Seconds(), "registrations/s")
			b.ReportMetric(float64(used()-before)/float64(n.Load())/1000, "cpu-µs/registration")
			b.StopTimer()
			var commits int
			if err := w.o.DB.NewSelect().Model((*commitRow)(nil)).ColumnExpr("count(*)").Scan(bg, &commits); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n.Load())/float64(commits), "registrations/commit")
		})
	}
}

// used is the CPU time of the process.
func used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
