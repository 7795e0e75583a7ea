package push

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"jingwei/internal/connect/ingest/push/wire"
	"jingwei/internal/telemetry"
)

// wrongRow is a row that is put among good ones, and what is told of it.
type wrongRow struct {
	name, row, code, value string
}

// batchOf is a request of 40 rows in one format with one wrong row in place n.
type batchOf struct {
	name, path string
	head       []string
	wrong      []wrongRow
	build      func(n int, wrong string) string
	where      func(n int, wrong wrongRow) string
}

// A request with one bad row anywhere stores nothing, and the row's place is told.
func TestOneBadRowRefusesTheWholeRequestAndIsLocated(t *testing.T) {
	const size = 40
	h := newHouse(t)
	for _, m := range []string{"m.v", "v", "v{job=j}", "v.count"} {
		h.bind("a", m, telemetry.Float64)
	}
	h.bind("a", "m.s", telemetry.String)
	h.bind("a", "n", telemetry.Int64)
	h.bind("a", "m.n", telemetry.Int64)
	at := func(i int) int64 { return now + int64(i)*1e9 }
	lines := func(good func(i int) string) func(int, string) string {
		return func(n int, wrong string) string {
			out := make([]string, size)
			for i := range out {
				if out[i] = good(i); i == n {
					out[i] = wrong
				}
			}
			return strings.Join(out, "\n")
		}
	}
	proto := func(labels ...string) string {
		return string(timeSeries(append([]string{"__name__", "v", "job", "j"}, labels...), 5))
	}
	point := func(fields string) string {
		return `{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"a"}}]},"scopeMetrics":[{"metrics":[{"name":"v",` + fields + `}]}]}`
	}
	for _, f := range []batchOf{
		{name: "influx", path: "/push/write",
			build: lines(func(i int) string {
				if i%10 == 3 {
					return "# a comment\r"
				}
				return fmt.Sprintf("m,host=a v=%d,s=\"x\" %d", i, at(i))
			}),
			where: func(n int, w wrongRow) string {
				if w.name == "a fraction for an integer" {
					return fmt.Sprintf("line %d: n", n+1)
				}
				for _, field := range []string{"v", "s", "x"} {
					if strings.HasSuffix(w.name, " in "+field) {
						return fmt.Sprintf("line %d: %s", n+1, field)
					}
				}
				return fmt.Sprintf("line %d", n+1)
			},
			wrong: []wrongRow{
				{"half a line", "m,host=a v=1,s", "push-syntax", "s"},
				{"half a measurement", "m,host=a", "push-syntax", "m,host=a"},
				{"half a number in v", "m,host=a v=-", "push-syntax", "-"},
				{"no value in v", "m,host=a v=,s=\"x\"", "push-syntax", ""},
				{"an empty tag", "m,host= v=1", "push-syntax", "host="},
				{"a text for a number in v", `m,host=a v="21"`, "push-type", "21"},
				{"a number for a text in s", "m,host=a s=1", "push-type", "1"},
				{"a fraction for an integer", "m,host=a n=1.5", "push-type", "1.5"},
				{"too large in v", "m,host=a v=18446744073709551615u", "push-value", "18446744073709551615u"},
				{"unknown series in x", "m,host=a x=1", "push-series-unknown", "1"},
				{"seconds for nanoseconds", "m,host=a v=1,s=\"x\" 1795334400", "push-time", "1970-01-01T00:00:01.7953344Z"},
				{"no time at all", "m,host=a v=1 12:00", "push-syntax", "12:00"},
			}},
		{name: "ndjson", path: "/push/json",
			build: lines(func(i int) string {
				return fmt.Sprintf(`{"device":"a","time":%d,"values":{"v":%d,"n":3}}`, at(i)/1e6, i)
			}),
			where: func(n int, w wrongRow) string {
				if i := strings.LastIndex(w.name, " in "); i > 0 {
					return fmt.Sprintf("line %d: %s", n+1, w.name[i+4:])
				}
				return fmt.Sprintf("line %d", n+1)
			},
			wrong: []wrongRow{
				{"a text in v", `{"device":"a","values":{"v":"21.5"}}`, "push-type", "21.5"},
				{"a fraction in n", `{"device":"a","values":{"v":1,"n":1.25}}`, "push-type", "1.25"},
				{"nested in v", `{"device":"a","values":{"v":{"x":1}}}`, "push-syntax", `{"x":1}`},
				{"too large in v", `{"device":"a","values":{"v":1e999}}`, "push-value", "1e999"},
				{"unknown in x", `{"values":{"x":true},"device":"a"}`, "push-series-unknown", "true"},
				{"no device", `{"values":{"v":1}}`, "push-device-missing", ""},
				{"no values", `{"device":"a"}`, "push-syntax", ""},
				{"member in vaules", `{"device":"a","vaules":{"v":1}}`, "push-syntax", ""},
				{"both forms", `{"device":"a","values":{"v":1},"name":"v","value":2}`, "push-syntax", ""},
				{"year in time", `{"device":"a","time":"22.11.2026","values":{"v":1}}`, "push-syntax", "22.11.2026"},
				{"microseconds in time", fmt.Sprintf(`{"device":"a","time":%d,"values":{"v":1}}`, now/1000), "push-syntax", ""},
				{"status in status", `{"device":"a","status":"good enough","values":{"v":1}}`, "push-syntax", "good enough"},
			}},
		{name: "remote write", path: "/push/prom", head: []string{"Content-Type", "application/x-protobuf", "Content-Encoding", "identity"},
			build: func(n int, wrong string) string {
				var out []byte
				for i := range size {
					s := proto("instance", "a")
					if i == n {
						s = wrong
					}
					out = wire.AppendBytes(out, 1, []byte(s))
				}
				return string(out)
			},
			where: func(n int, w wrongRow) string {
				if i := strings.LastIndex(w.name, " in "); i > 0 {
					return fmt.Sprintf("timeseries[%d].%s", n, w.name[i+4:])
				}
				return fmt.Sprintf("timeseries[%d].samples[0]", n)
			},
			wrong: []wrongRow{
				{"no device", proto(), "push-device-missing", ""},
				{"unknown series", proto("instance", "b"), "push-series-unknown", "5"},
				{"a label twice", proto("instance", "a", "instance", "b"), "push-syntax", "instance"},
				{"no name", string(timeSeries([]string{"instance", "a"}, 5)), "push-syntax", "instance"},
				{"not UTF-8", proto("instance", "a\xff"), "push-syntax", "instance=a�"},
				{"1970 in samples[1]", proto("instance", "a") + string(wire.AppendBytes(nil, 2, wire.AppendVarint(nil, 2, 12345))), "push-time", "1970-01-01T00:00:12.345Z"},
				{"beyond in samples[1]", proto("instance", "a") + string(wire.AppendBytes(nil, 2, wire.AppendVarint(nil, 2, math.MaxInt64))), "push-syntax", "9223372036854775807"},
				{"a long name", proto("instance", "a", "x", strings.Repeat("x", 300)), "push-name", ""},
			}},
		{name: "otlp", path: "/push/v1/metrics", head: []string{"Content-Type", "application/json"},
			build: func(n int, wrong string) string {
				out := make([]string, size)
				for i := range out {
					if out[i] = point(fmt.Sprintf(`"gauge":{"dataPoints":[{"timeUnixNano":"%d","asDouble":%d}]}`, at(i), i)); i == n {
						out[i] = wrong
					}
				}
				return `{"resourceMetrics":[` + strings.Join(out, ",") + `]}`
			},
			where: func(n int, w wrongRow) string {
				at := fmt.Sprintf("resourceMetrics[%d].scopeMetrics[0].metrics[0]", n)
				if i := strings.LastIndex(w.name, " in "); i > 0 {
					at += w.name[i+4:]
				}
				return at
			},
			wrong: []wrongRow{
				{"no time in .gauge.dataPoints[0]", point(`"gauge":{"dataPoints":[{"asDouble":1}]}`), "push-syntax", ""},
				{"no value in .gauge.dataPoints[1]", point(fmt.Sprintf(`"gauge":{"dataPoints":[{"timeUnixNano":%d,"asInt":"7"},{"timeUnixNano":"%d"}]}`, now, now)), "push-syntax", ""},
				{"no temporality", point(fmt.Sprintf(`"sum":{"dataPoints":[{"timeUnixNano":"%d","asInt":"7"}]}`, now)), "push-syntax", "0"},
				{"too many in .histogram.dataPoints[0]: count", point(fmt.Sprintf(`"histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"%d","count":"18446744073709551615"}]}`, now)), "push-value", "18446744073709551615"},
				{"no list in : dataPoints", point(`"gauge":7`), "push-syntax", "7"},
				{"no number in .gauge.dataPoints[0]: asInt", point(fmt.Sprintf(`"gauge":{"dataPoints":[{"timeUnixNano":"%d","asInt":"x"}]}`, now)), "push-syntax", `"x"`},
				{"unknown in .gauge.dataPoints[0]", point(fmt.Sprintf(`"gauge":{"dataPoints":[{"timeUnixNano":"%d","asInt":7,"attributes":[{"key":"k","value":{"intValue":"3"}}]}]}`, now)), "push-series-unknown", "7"},
			}},
	} {
		for _, w := range f.wrong {
			before := h.stored()
			for _, n := range []int{0, 1 + rand.IntN(size-2), size - 1} {
				a := h.post(f.path, f.build(n, w.row), f.head...)
				r := a.refusal(t)
				if a.status != 400 || len(r.Errors) != 1 {
					t.Errorf("%s: %s at %d: %d %s", f.name, w.name, n, a.status, a.body)
					continue
				}
				e := r.Errors[0]
				if e.Location != f.where(n, w) || e.Code != w.code || e.Message == "" || e.Mend == "" || w.value != "" && fmt.Sprint(e.Value) != w.value {
					t.Errorf("%s: %s at %d: got %+v, want %s at %s with %q", f.name, w.name, n, e, w.code, f.where(n, w), w.value)
				}
			}
			if h.stored() != before {
				t.Fatalf("%s: %s: %d samples were stored", f.name, w.name, h.stored()-before)
			}
		}
		before := h.stored()
		if a := h.post(f.path, f.build(-1, ""), f.head...); a.status >= 300 || h.stored() == before {
			t.Errorf("%s: without a wrong row: %d %s", f.name, a.status, a.body)
		}
	}
}

func TestAtMostAHundredFaultsAreListedAndAllAreCounted(t *testing.T) {
	h := newHouse(t)
	h.bind("a", "m.v", telemetry.Float64)
	var b strings.Builder
	for i := range 300 {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&b, "m,host=a v=1 %d\n", now)
		case 1:
			b.WriteString("m,host=a v=x\n")
		case 2:
			b.WriteString("m,host=a v=\"text\"\n")
		}
	}
	if a := h.post("/push/write", "m,host=a v=1"); a.status != 204 {
		t.Fatal(a)
	}
	a := h.post("/push/api/v2/write", b.String(), "Accept-Language", "zh-CN")
	r := a.refusal(t)
	if a.status != 400 || len(r.Errors) != 100 || r.Code != "invalid" || r.Line != 2 || !strings.Contains(r.Message, "200 处") {
		t.Fatalf("%d: %d faults, line %d: %s", a.status, len(r.Errors), r.Line, r.Message)
	}
	for i, e := range r.Errors {
		line, code := i/2*3+2+i%2, []string{"push-syntax", "push-type"}[i%2]
		if e.Location != fmt.Sprintf("line %d: v", line) || e.Code != code {
			t.Fatalf("fault %d is %+v, want %s at line %d", i, e, code, line)
		}
	}
	if len(h.book.troubles) != 1 || h.book.troubles[0].Where != "line 2: v" || h.book.troubles[0].Value != "x" || h.book.troubles[0].Code != "push-syntax" || !strings.Contains(h.book.troubles[0].Zh, "200 处") {
		t.Errorf("told: %+v", h.book.troubles)
	}
}

// A batch with faults of syntax asks for no new series: a source that adopts makes nothing of what is refused.
func TestARefusedRequestAdoptsNothing(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	a := h.post("/push/write", "m,host=a v=1\nm,host=b v=x")
	if a.status != 400 || h.book.asked != 0 || len(h.book.slots) != 0 || len(h.book.alive) != 0 {
		t.Errorf("%d, asked %d times, made %q", a.status, h.book.asked, h.names())
	}
}

func TestShapesOfRefusals(t *testing.T) {
	h := newHouse(t)
	one := h.post("/push/write", "m,host=a v=").refusal(t)
	if !strings.Contains(one.Error, "line 1: v") || one.Code != "push-refused" {
		t.Errorf("Influx 1: %+v", one)
	}
	a := h.post("/push/v1/metrics", "\xff\xff", "Content-Type", "application/x-protobuf")
	r := wire.Read([]byte(a.body))
	if !r.Next() || r.Field != 1 || r.Num != 3 || !r.Next() || r.Field != 2 || !strings.Contains(string(r.Value()), "ExportMetricsServiceRequest") || r.Next() || r.Bad || a.header.Get("Content-Type") != "application/x-protobuf" {
		t.Errorf("OTLP: %d %v %q", a.status, a.header, a.body)
	}
	a = h.post("/push/v1/metrics", `{"resourceMetrics":`, "Content-Type", "application/json")
	var status struct {
		Code    int
		Message string
	}
	if err := json.Unmarshal([]byte(a.body), &status); err != nil || status.Code != 3 || !strings.Contains(status.Message, "breaks off") {
		t.Errorf("OTLP JSON: %v %s", err, a.body)
	}
	for _, c := range []struct {
		path, body, mediaType, query string
		status                       int
		code                         string
	}{
		{"/push/v1/metrics", "x", "text/xml", "", 415, "push-media-type"},
		{"/push/prom", "x", "application/json", "", 415, "push-media-type"},
		{"/push/json", "x", "image/png", "", 415, "push-media-type"},
		{"/push/write", "x", "application/json", "", 415, "push-media-type"},
		{"/push/write", "x", "", "?precision=year", 400, "push-precision"},
		{"/push/api/v2/write", "x", "", "?precision=h", 400, "push-precision"},
		{"/push/json", "x", "", "?precision=m", 400, "push-precision"},
	} {
		if a := h.post(c.path+c.query, c.body, "Content-Type", c.mediaType); a.status != c.status || !strings.Contains(a.body, c.code) {
			t.Errorf("%+v: %d %s", c, a.status, a.body)
		}
	}
}
