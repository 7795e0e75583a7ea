package reading_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

// drain is a client that takes everything and keeps nothing.
type drain struct {
	header http.Header
	bytes  int64
	peak   uint64 // of the heap, looked at now and then
	writes int
}

func (d *drain) Header() http.Header { return d.header }
func (d *drain) WriteHeader(int)     {}
func (d *drain) Write(b []byte) (int, error) {
	d.bytes += int64(len(b))
	if d.writes++; d.writes%64 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		d.peak = max(d.peak, m.HeapAlloc)
	}
	return io.Discard.Write(b)
}

// BenchmarkExport sends 500,000 samples of one series as a file.
func BenchmarkExport(b *testing.B) {
	x := build(b)
	begin := x.now()
	x.pass(24 * time.Hour)
	id, ref := x.declare(x.a, "speed", telemetry.Float64, "mm/s")
	const rows = 500_000
	for part := range rows / 10_000 {
		var batch []telemetry.Sample
		for i := range 10_000 {
			n := part*10_000 + i
			batch = append(batch, float(ref, begin.Add(time.Duration(n)*100*time.Millisecond), float64(n%5000)/10))
		}
		x.add(batch...)
	}
	if err := x.store.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ format, coding string }{{"csv", ""}, {"csv", "zstd"}, {"csv", "gzip"}, {"arrow", ""}, {"xlsx", ""}} {
		b.Run(c.format+c.coding, func(b *testing.B) {
			var d *drain
			for b.Loop() {
				r := httptest.NewRequest("GET", "/api/v1/samples/export?from=2026-05-04T08:00:00Z&to=2026-05-05T08:00:00Z&format="+c.format+"&series="+id.String(), nil)
				r.Header.Set("Authorization", "Bearer a")
				r.Header.Set("Accept-Encoding", c.coding)
				d = &drain{header: http.Header{}}
				runtime.GC()
				x.server.Handler().ServeHTTP(d, r)
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(d.bytes)/rows, "bytes/row")
			b.ReportMetric(float64(d.peak)/(1<<20), "heap-MB")
		})
	}
}
