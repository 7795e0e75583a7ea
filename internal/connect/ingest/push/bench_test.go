package push

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"

	"jingwei/internal/connect/ingest/intake"
)

// benchBodies are requests as collectors send them.
func benchBodies() map[string]func() (path string, head []string, body []byte, values int) {
	return map[string]func() (string, []string, []byte, int){
		"remote-write-500": func() (string, []string, []byte, int) {
			var series [][]byte
			for i := range 500 {
				series = append(series, timeSeries([]string{"__name__", "prometheus_http_request_duration_seconds_bucket", "handler", fmt.Sprintf("/api/v1/query%d", i), "instance", "localhost:9090", "job", "prometheus", "le", "0.4"}, float64(i)/7))
			}
			return "/push/api/v1/write", remoteWriteHead, snappy.Encode(nil, write(series...)), 500
		},
		"influx-20-fields": func() (string, []string, []byte, int) {
			var b strings.Builder
			for i := range 100 {
				fmt.Fprintf(&b, "press,line=3,device=press%d ", i)
				for k := range 20 {
					fmt.Fprintf(&b, "%stemperature%d=%.2f", ","[:min(k, 1)], k, 20+float64(i*k%977)/7)
				}
				fmt.Fprintf(&b, " %d\n", now)
			}
			return "/push/api/v2/write?precision=ns", nil, []byte(b.String()), 2000
		},
		"json-20-values": func() (string, []string, []byte, int) {
			var b strings.Builder
			for i := range 100 {
				fmt.Fprintf(&b, `{"device":"press%d","time":%d,"values":{`, i, now/1e6)
				for k := range 20 {
					fmt.Fprintf(&b, `%s"temperature%d":%.2f`, ","[:min(k, 1)], k, 20+float64(i*k%977)/7)
				}
				b.WriteString("}}\n")
			}
			return "/push/json", nil, []byte(b.String()), 2000
		},
	}
}

// BenchmarkRequest is a whole request through the handler: credential, decompression, decoding, judging, filling the
// message. In "alone" the message is then dropped; in "stored" it goes through the intake into a journal and a store in
// memory, eight requests at a time.
func BenchmarkRequest(b *testing.B) {
	for name, make := range benchBodies() {
		path, head, body, values := make()
		request := func() *http.Request {
			r := httptest.NewRequest("POST", path, bytes.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+id+":"+secret)
			for i := 0; i < len(head); i += 2 {
				r.Header.Set(head[i], head[i+1])
			}
			return r
		}
		serve := func(b *testing.B, h *house) {
			w := httptest.NewRecorder()
			h.h.ServeHTTP(w, request())
			if w.Code >= 300 {
				b.Error(w.Code, w.Body)
			}
		}
		b.Run("alone/"+name, func(b *testing.B) {
			h := newHouse(b)
			h.book.adopts.Store(true)
			h.door.Put = func(_ context.Context, m *intake.Message, done func(error)) error { done(nil); return nil }
			serve(b, h)
			b.ReportAllocs()
			for b.Loop() {
				serve(b, h)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*values), "ns/value")
		})
		b.Run("stored/"+name, func(b *testing.B) {
			h := newHouse(b)
			h.book.adopts.Store(true)
			serve(b, h)
			b.SetParallelism(4)
			b.ResetTimer()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					serve(b, h)
				}
			})
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*values), "ns/value")
		})
	}
}
