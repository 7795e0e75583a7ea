package remotewrite

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/connect/ingest/push/wire"
)

func labels(dst []byte, pairs ...string) []byte {
	for i := 0; i < len(pairs); i += 2 {
		dst = wire.AppendBytes(dst, 1, wire.AppendBytes(wire.AppendBytes(nil, 1, []byte(pairs[i])), 2, []byte(pairs[i+1])))
	}
	return dst
}

func value(dst []byte, v float64, ms int64) []byte {
	return wire.AppendBytes(dst, 2, wire.AppendVarint(wire.AppendFixed64(nil, 1, math.Float64bits(v)), 2, uint64(ms)))
}

func request(series ...[]byte) (out []byte) {
	for _, s := range series {
		out = wire.AppendBytes(out, 1, s)
	}
	return out
}

func tell(b *rows.Batch) (out []string) {
	n := Naming{Keys: []string{"instance"}, Omit: map[string]bool{"job": true}}
	for i := range b.Rows {
		r := &b.Rows[i]
		key := b.Bytes(b.Groups[r.Group])
		device, f := n.Device(key)
		metric, g := n.Metric(key, nil)
		if f != nil || g != nil {
			out = append(out, fmt.Sprintf("%s: %s %q", b.Locate(r.Place, 0), f.Reason.En, f.Value))
			continue
		}
		out = append(out, fmt.Sprintf("%s %s %s %s %d %#x", b.Locate(r.Place, r.Sub), device, metric, rows.Show(b.Value(r)), r.Time, uint32(r.Status)))
	}
	for _, f := range b.Faults {
		out = append(out, fmt.Sprintf("%s: %s %q", b.Locate(f.Place, f.Sub), f.Reason.En, f.Value))
	}
	return out
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name string
		body []byte
		want []string
	}{
		{"nothing", nil, nil},
		{"series", request(value(value(labels(nil, "__name__", "up", "instance", "i", "job", "j"), 1, 5), 2.5, 6), value(labels(nil, "__name__", "q", "instance", "i", "le", "+Inf", "a", "x,y", "empty", ""), math.Float64frombits(Stale), 7)), []string{
			"timeseries[0].samples[0] i up 1 5000000 0x0", "timeseries[0].samples[1] i up 2.5 6000000 0x0", `timeseries[1].samples[0] i q{a=x\,y,le=+Inf} null 7000000 0x80310000`}},
		{"proto3 leaves out what is zero", request(wire.AppendBytes(labels(nil, "__name__", "up", "instance", "i"), 2, nil)), []string{"timeseries[0].samples[0] i up 0 -1 0x0"}},
		{"samples before labels", request(labels(value(nil, 1, 5), "__name__", "up", "instance", "i")), []string{"timeseries[0].samples[0] i up 1 5000000 0x0"}},
		{"labels apart", request(labels(value(labels(nil, "__name__", "up"), 1, 5), "instance", "i")), []string{"timeseries[0].samples[0] i up 1 5000000 0x0"}},
		{"series without samples", request(labels(nil, "x", "y")), nil},
		{"metadata and exemplars", append(wire.AppendBytes(nil, 3, []byte{8, 1}), request(wire.AppendBytes(value(labels(nil, "__name__", "up", "instance", "i"), 1, 5), 3, []byte{8, 1}))...), []string{"timeseries[0].samples[0] i up 1 5000000 0x0"}},
		{"a native histogram", request(wire.AppendBytes(labels(nil, "__name__", "up", "instance", "i"), 4, []byte{8, 1})), []string{`timeseries[0]: native histograms are not supported; switch send_native_histograms off at the sender ""`}},
		{"cut off", request(value(labels(nil, "__name__", "up", "instance", "i"), 1, 5))[:30], []string{`body: is not a valid protobuf WriteRequest "byte 0"`}},
		{"version 2", wire.AppendBytes(nil, 4, []byte("up")), []string{`body: the body is remote write 2.0; only 1.0 is taken here ""`}},
		{"no name", request(value(labels(nil, "instance", "i"), 1, 5)), []string{`timeseries[0]: the label __name__ is missing "instance"`}},
	} {
		b := &rows.Batch{}
		b.Reset(c.body)
		Decode(b, c.body)
		if got := tell(b); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
	many := []byte{}
	for i := range 300 {
		many = labels(many, fmt.Sprint("l", i), "x")
	}
	if _, f := (Naming{}).Device(many); f == nil || f.Reason != rows.TooManyTags {
		t.Errorf("300 labels: %v", f)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(request(value(labels(nil, "__name__", "up", "instance", "i"), 1, 5)))
	f.Add(request(labels(value(labels(nil, "__name__", "up"), math.Float64frombits(Stale), 5), "instance", "i")))
	f.Add(wire.AppendBytes(nil, 4, []byte("up")))
	f.Add([]byte{10, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		b := &rows.Batch{}
		b.Reset(body)
		Decode(b, body)
		tell(b)
		for i := range b.Rows {
			if r := &b.Rows[i]; r.Time == 0 || r.Type == 0 && r.Status == 0 {
				t.Fatalf("row %+v", r)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	var series [][]byte
	for i := range 500 {
		series = append(series, value(labels(nil, "__name__", "prometheus_http_request_duration_seconds_bucket", "handler", fmt.Sprintf("/api/v1/query%d", i), "instance", "localhost:9090", "job", "prometheus", "le", "0.4"), float64(i), 1795334400000))
	}
	body := request(series...)
	var batch rows.Batch
	b.ReportAllocs()
	for b.Loop() {
		batch.Reset(body)
		Decode(&batch, body)
	}
	if len(batch.Rows) != 500 {
		b.Fatal(len(batch.Rows), batch.Faults)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*500), "ns/sample")
}
