package promql

import (
	"bytes"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"

	"jingwei/internal/telemetry"
)

func readBody(t testing.TB, q ...*prompb.Query) []byte {
	t.Helper()
	data, err := (&prompb.ReadRequest{Queries: q}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return snappy.Encode(nil, data)
}

func (n *node) read(body []byte, token string) (response, *prompb.ReadResponse) {
	n.t.Helper()
	r, _ := http.NewRequest("POST", n.url+"/api/v1/read", bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("Content-Encoding", "snappy")
	res := n.do(r)
	if res.code != 200 {
		return res, nil
	}
	data, err := snappy.Decode(nil, []byte(res.body))
	if err != nil {
		n.t.Fatal(err)
	}
	var out prompb.ReadResponse
	if err := out.Unmarshal(data); err != nil {
		n.t.Fatal(err)
	}
	return res, &out
}

func TestRemoteRead(t *testing.T) {
	n := newNode(t, func(o *Options) { o.MaxRead = 6 })
	x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1})
	y := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 2})
	other := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 3, org: n.b})
	n.set(time.Hour)
	n.put(x, row{t: at(0), v: 1}, row{t: at(10 * sec), v: 2})
	n.put(y, row{t: at(5 * sec), v: 3}, row{t: at(6 * sec), none: true, status: telemetry.Bad})
	n.put(other, row{t: at(0), v: 9})
	ask := func(from, to time.Duration, name string) *prompb.Query {
		return &prompb.Query{StartTimestampMs: at(from) / 1e6, EndTimestampMs: at(to) / 1e6, Matchers: []*prompb.LabelMatcher{{Type: prompb.LabelMatcher_RE, Name: "__name__", Value: name}}}
	}
	res, out := n.read(readBody(t, ask(0, 5*sec, "x"), ask(5*sec, time.Minute, "x|nothing"), ask(0, time.Minute, "nothing")), "a")
	if out == nil || len(out.Results) != 3 || len(out.Results[2].Timeseries) != 0 || res.header.Get("Content-Type") != "application/x-protobuf" || res.header.Get("Content-Encoding") != "snappy" {
		t.Fatalf("%d %s %v", res.code, res.body, out)
	}
	first, second := out.Results[0].Timeseries, out.Results[1].Timeseries
	if len(first) != 2 || len(first[0].Samples) != 1 || first[0].Samples[0].Timestamp != begin.UnixMilli() || first[0].Samples[0].Value != 1 || first[1].Samples[0].Value != 3 {
		t.Errorf("the first 5 s: %v", first)
	}
	if len(second) != 2 || len(second[0].Samples) != 2 || len(second[1].Samples) != 2 || second[0].Samples[1].Timestamp != begin.UnixMilli()+40_000 ||
		math.Float64bits(second[0].Samples[1].Value) != value.StaleNaN || math.Float64bits(second[1].Samples[1].Value) != value.StaleNaN {
		t.Errorf("with the marks at the end: %v", second)
	}
	for i := 1; i < len(first[0].Labels); i++ {
		if first[0].Labels[i-1].Name >= first[0].Labels[i].Name {
			t.Errorf("labels are not in order: %v", first[0].Labels)
		}
	}
	for name, c := range map[string]struct {
		body []byte
		code int
		says string
	}{
		"not compressed": {[]byte("hello"), 400, "not compressed with snappy"},
		"a bomb":         {[]byte("\xff\xff\xff\xff\x0f"), 400, "not compressed with snappy"},
		"too long":       {bytes.Repeat([]byte{'a'}, 2<<20), 413, ""},
		"no protobuf":    {snappy.Encode(nil, []byte("\xff\xff\xff")), 400, "no prometheus.ReadRequest"},
		"bad regexp":     {readBody(t, ask(0, sec, "(")), 400, "matchers is not valid"},
		"bad type":       {readBody(t, &prompb.Query{Matchers: []*prompb.LabelMatcher{{Type: 9, Name: "a"}}}), 400, "matchers is not valid"},
		"nothing asked":  {readBody(t), 200, ""},
		"too much":       {readBody(t, ask(0, time.Minute, "x"), ask(0, time.Minute, "x")), 400, "more than 6 samples. Read a shorter span"},
		"101 queries":    {readBody(t, slices.Repeat([]*prompb.Query{ask(0, 1, "x")}, 101)...), 400, "more than 100 queries"},
	} {
		if res, _ := n.read(c.body, "a"); res.code != c.code || !contains(res.body, c.says) {
			t.Errorf("%s: %d %.300s", name, res.code, res.body)
		}
	}
	_, out = n.read(readBody(t, ask(0, time.Minute, "x")), "b")
	if s := out.Results[0].Timeseries; len(s) != 1 || s[0].Samples[0].Value != 9 {
		t.Errorf("b reads %v", s)
	}
}

// Whatever a request of remote read holds, it is read or refused.
func FuzzReadRequest(f *testing.F) {
	f.Add(readBody(f, &prompb.Query{StartTimestampMs: 1, EndTimestampMs: 2, Matchers: []*prompb.LabelMatcher{{Name: "a", Value: "b"}}}))
	f.Add([]byte("\xff\xff\xff\xff\x0f"))
	f.Add(snappy.Encode(nil, []byte("\n\x7f\x08")))
	f.Add([]byte(strings.Repeat("a", 100)))
	f.Fuzz(func(t *testing.T, data []byte) {
		req, err := readRequest(bytes.NewReader(data))
		if (req == nil) == (err == nil) {
			t.Errorf("%v %v", req, err)
		}
	})
}

// The series of all queries of a request are bounded together, not those of each.
func TestRemoteReadOfTooManySeries(t *testing.T) {
	n := newNode(t, func(o *Options) { o.MaxSeries = 3 })
	for i := range 2 {
		n.put(n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: i + 1}), row{t: at(0), v: 1})
	}
	n.set(time.Hour)
	q := &prompb.Query{StartTimestampMs: at(0) / 1e6, EndTimestampMs: at(time.Second) / 1e6, Matchers: []*prompb.LabelMatcher{{Type: prompb.LabelMatcher_EQ, Name: "__name__", Value: "x"}}}
	if res, out := n.read(readBody(t, q), "a"); out == nil || len(out.Results[0].Timeseries) != 2 {
		t.Fatalf("one query: %d %s", res.code, res.body)
	}
	if res, _ := n.read(readBody(t, q, q), "a"); res.code != 422 || !contains(res.body, "More than 3 series") {
		t.Errorf("two queries: %d %s", res.code, res.body)
	}
}
