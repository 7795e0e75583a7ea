package promql

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

// BenchmarkDay draws a day of ten series of one sample a second, in 1,440 points each, as a dashboard does.
func BenchmarkDay(b *testing.B) {
	n := newNode(b)
	r := rand.New(rand.NewPCG(7, 7))
	n.set(25 * time.Hour)
	for i := range 10 {
		ref := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: i + 1})
		v := 0.0
		for hour := range 24 {
			rows := make([]row, 3600)
			for k := range rows {
				v += float64(r.IntN(100)) / 8
				rows[k] = row{t: at(time.Duration(hour*3600+k) * time.Second), v: v}
			}
			n.put(ref, rows...)
		}
	}
	if err := n.store.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	for _, q := range []string{"x", "rate(x[5m])", "sum(rate(x[5m]))", "x:covered", "sum(avg_over_time(x[1h]))"} {
		b.Run(q, func(b *testing.B) {
			b.ReportAllocs()
			v := url.Values{"query": {q}, "start": {begin.Format(time.RFC3339)}, "end": {begin.Add(24 * time.Hour).Format(time.RFC3339)}, "step": {"60"}}
			for b.Loop() {
				req := httptest.NewRequest(http.MethodGet, Base+"/query_range?"+v.Encode(), nil)
				req.Header.Set("Authorization", "Bearer a")
				w := httptest.NewRecorder()
				n.s.ServeHTTP(w, req)
				if w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/query")
		})
	}
}
