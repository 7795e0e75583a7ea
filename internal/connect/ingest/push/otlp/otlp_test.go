package otlp

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/connect/ingest/push/wire"
)

// tree is a message in both encodings: fields with their number and JSON name.
type tree []field

type field struct {
	number int
	name   string
	value  any // string, tree, []tree, u64 (fixed64), f64, enum
}

type (
	u64  uint64
	s64  int64
	enum uint64
)

func (m tree) protobuf() (out []byte) {
	for _, f := range m {
		switch v := f.value.(type) {
		case string:
			out = wire.AppendBytes(out, f.number, []byte(v))
		case tree:
			out = wire.AppendBytes(out, f.number, v.protobuf())
		case []tree:
			for _, e := range v {
				out = wire.AppendBytes(out, f.number, e.protobuf())
			}
		case u64:
			out = wire.AppendFixed64(out, f.number, uint64(v))
		case s64:
			if f.name == "intValue" {
				out = wire.AppendVarint(out, f.number, uint64(v))
			} else {
				out = wire.AppendFixed64(out, f.number, uint64(v))
			}
		case float64:
			out = wire.AppendFixed64(out, f.number, math.Float64bits(v))
		case bool:
			out = wire.AppendVarint(out, f.number, map[bool]uint64{true: 1}[v])
		case enum:
			out = wire.AppendVarint(out, f.number, uint64(v))
		default:
			panic(fmt.Sprintf("%T", v))
		}
	}
	return out
}

func (m tree) MarshalJSON() ([]byte, error) {
	out := map[string]any{}
	for _, f := range m {
		switch v := f.value.(type) {
		case u64:
			out[f.name] = strconv.FormatUint(uint64(v), 10)
		case s64:
			out[f.name] = strconv.FormatInt(int64(v), 10)
		case float64:
			if math.IsNaN(v) {
				out[f.name] = "NaN"
				continue
			}
			out[f.name] = v
		default:
			out[f.name] = v
		}
	}
	return json.Marshal(out)
}

func attribute(key string, value field) tree {
	return tree{{1, "key", key}, {2, "value", tree{value}}}
}

func word(s string) field { return field{1, "stringValue", s} }

func request(resource []tree, metrics ...tree) tree {
	return tree{{1, "resourceMetrics", []tree{{
		{1, "resource", tree{{1, "attributes", resource}}},
		{2, "scopeMetrics", []tree{{{1, "scope", tree{{1, "name", "lib"}}}, {2, "metrics", metrics}}}},
	}}}}
}

func metric(name, unit string, number int, kind string, data ...field) tree {
	return tree{{1, "name", name}, {3, "unit", unit}, {number, kind, tree(data)}}
}

func points(p ...tree) field       { return field{1, "dataPoints", p} }
func temporality(n uint64) field   { return field{2, "aggregationTemporality", enum(n)} }
func at(ns uint64) field           { return field{3, "timeUnixNano", u64(ns)} }
func double(v float64) field       { return field{4, "asDouble", v} }
func integer(v int64) field        { return field{6, "asInt", s64(v)} }
func attrs(n int, a ...tree) field { return field{n, "attributes", a} }

func tell(b *rows.Batch) (out []string) {
	n := Naming{Omit: map[string]bool{"left.out": true}}
	for i := range b.Rows {
		r := &b.Rows[i]
		device, _ := n.Device(b.Bytes(b.Groups[r.Group]))
		metric, f := n.Metric(nil, b.Bytes(r.Name))
		if f != nil {
			out = append(out, fmt.Sprintf("%s: %s %q", b.Locate(r.Place, r.Sub), f.Reason.En, f.Value))
			continue
		}
		out = append(out, fmt.Sprintf("%s | %s | %s %d [%s] %d %#x", device, metric, rows.Show(b.Value(r)), r.Type, b.Unit(r), r.Time, uint32(r.Status)))
	}
	for _, f := range b.Faults {
		out = append(out, fmt.Sprintf("%s: %s", b.Locate(f.Place, f.Sub), f.Reason.En))
	}
	return out
}

// Both encodings of a request tell the same.
func TestDecode(t *testing.T) {
	host := []tree{attribute("process.command_args", field{5, "arrayValue", tree{{1, "values", []tree{{word("a")}}}}}), attribute("host.name", word("plc 1"))}
	for _, c := range []struct {
		name string
		body tree
		o    Options
		want []string
	}{
		{"nothing", tree{}, Options{}, nil},
		{"gauges", request(host,
			metric("line.temp", "Cel", 5, "gauge", points(
				tree{at(7), double(21.5), attrs(7, attribute("b", word("x,y")), attribute("a", field{3, "intValue", s64(-3)}), attribute("left.out", word("z")))},
				tree{at(8), integer(-9007199254740993)}, tree{at(9), double(math.NaN())}, tree{at(10), field{8, "flags", enum(1)}}))), Options{}, []string{
			`plc 1 | line.temp{a=-3,b=x\,y} | 21.5 1 [Cel] 7 0x0`, `plc 1 | line.temp | -9007199254740993 2 [Cel] 8 0x0`, `plc 1 | line.temp | null 0 [Cel] 9 0x803c0000`, `plc 1 | line.temp | null 0 [Cel] 10 0x80310000`}},
		{"attributes of all kinds", request(host, metric("m", "", 5, "gauge", points(tree{at(7), double(1), attrs(7,
			attribute("b", field{2, "boolValue", true}), attribute("d", field{4, "doubleValue", 0.5}),
			attribute("l", field{5, "arrayValue", tree{{1, "values", []tree{{word("p")}, {field{3, "intValue", s64(2)}}}}}}),
			attribute("m", field{6, "kvlistValue", tree{{1, "values", []tree{attribute("k", word("v"))}}}}))}))), Options{}, []string{`plc 1 | m{b=true,d=0.5,l=[p\,2],m=\{k\=v\}} | 1 1 [] 7 0x0`}},
		{"sums", request(host,
			metric("parts", "1", 7, "sum", points(tree{at(7), integer(3)}), temporality(2), field{3, "isMonotonic", true}),
			metric("parts", "1", 7, "sum", points(tree{at(7), integer(3)}), temporality(1)),
			metric("none", "1", 7, "sum", points(tree{at(7), integer(3)}))), Options{}, []string{
			"plc 1 | parts | 3 2 [1] 7 0x0", "plc 1 | parts.delta | 3 2 [1] 7 0x0", "resourceMetrics[0].scopeMetrics[0].metrics[2]: aggregationTemporality is not told (1 is delta, 2 is cumulative)"}},
		{"histograms", request(host,
			metric("took", "s", 9, "histogram", points(tree{attrs(9, attribute("k", word("v"))), at(7), {4, "count", u64(5)}, {5, "sum", 2.5}, {11, "min", 0.25}, {12, "max", 1.0}}), temporality(2)),
			metric("size", "By", 10, "exponentialHistogram", points(tree{attrs(1, attribute("k", word("v"))), at(7), {4, "count", u64(5)}, {5, "sum", 2.5}, {12, "min", 0.25}, {13, "max", 1.0}}), temporality(1))), Options{}, []string{
			"plc 1 | took.count{k=v} | 5 2 [1] 7 0x0", "plc 1 | took.sum{k=v} | 2.5 1 [s] 7 0x0", "plc 1 | took.min{k=v} | 0.25 1 [s] 7 0x0", "plc 1 | took.max{k=v} | 1 1 [s] 7 0x0",
			"plc 1 | size.count.delta{k=v} | 5 2 [1] 7 0x0", "plc 1 | size.sum.delta{k=v} | 2.5 1 [By] 7 0x0", "plc 1 | size.min.delta{k=v} | 0.25 1 [By] 7 0x0", "plc 1 | size.max.delta{k=v} | 1 1 [By] 7 0x0"}},
		{"a summary", request(host, metric("lag", "s", 11, "summary", points(tree{attrs(7, attribute("k", word("v"))), at(7), {4, "count", u64(5)}, {5, "sum", 2.5},
			{6, "quantileValues", []tree{{{1, "quantile", 0.5}, {2, "value", 3.0}}, {{1, "quantile", 0.99}, {2, "value", 4.5}}}}}))), Options{}, []string{
			"plc 1 | lag.count{k=v} | 5 2 [1] 7 0x0", "plc 1 | lag.sum{k=v} | 2.5 1 [s] 7 0x0", "plc 1 | lag{k=v,quantile=0.5} | 3 1 [s] 7 0x0", "plc 1 | lag{k=v,quantile=0.99} | 4.5 1 [s] 7 0x0"}},
		{"no device, with the scope", request(nil, metric("m", "", 5, "gauge", points(tree{at(7), double(1)}))), Options{Scope: true}, []string{" | m{otel_scope_name=lib} | 1 1 [] 7 0x0"}},
		{"faults", request(host,
			metric("", "", 5, "gauge", points(tree{at(7), double(1)})), metric("m", "", 5, "gauge", points(tree{double(1)}, tree{at(1 << 63), double(1)}, tree{at(7)})),
			metric("m", "", 5, "gauge", points(tree{at(7), double(1), attrs(7, attribute("k", word("v")), attribute("k", word("w")))}))), Options{}, []string{
			`resourceMetrics[0].scopeMetrics[0].metrics[2].gauge.dataPoints[0]: an attribute stands there twice "k"`,
			"resourceMetrics[0].scopeMetrics[0].metrics[0]: the metric has no name", "resourceMetrics[0].scopeMetrics[0].metrics[1].gauge.dataPoints[0]: timeUnixNano is missing",
			"resourceMetrics[0].scopeMetrics[0].metrics[1].gauge.dataPoints[1]: timeUnixNano is beyond a signed 64-bit integer", "resourceMetrics[0].scopeMetrics[0].metrics[1].gauge.dataPoints[2]: the data point has no value (asDouble or asInt)"}},
	} {
		c.o.Keys = []string{"service.instance.id", "host.name", "service.name"}
		proto := c.body.protobuf()
		b := &rows.Batch{}
		b.Reset(proto)
		DecodeProtobuf(b, proto, c.o)
		if got := tell(b); !slices.Equal(got, c.want) {
			t.Errorf("%s, protobuf:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
		doc, err := json.Marshal(c.body)
		if err != nil {
			t.Fatal(err)
		}
		b.Reset(doc)
		DecodeJSON(b, doc, c.o)
		if got := tell(b); !slices.Equal(got, c.want) {
			t.Errorf("%s, JSON:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

func seeds() (out []tree) {
	host := []tree{attribute("host.name", word("a"))}
	return []tree{
		request(host, metric("m", "s", 5, "gauge", points(tree{at(7), double(1), attrs(7, attribute("k", word("v")))}))),
		request(host, metric("m", "s", 9, "histogram", points(tree{at(7), {4, "count", u64(5)}, {5, "sum", 2.5}}), temporality(2))),
		request(nil, metric("m", "s", 11, "summary", points(tree{at(7), {4, "count", u64(5)}, {6, "quantileValues", []tree{{{1, "quantile", 0.5}, {2, "value", 3.0}}}}}))),
	}
}

func check(t *testing.T, b *rows.Batch) {
	tell(b)
	for i := range b.Rows {
		if r := &b.Rows[i]; r.Time <= 0 || r.Type == 0 && r.Status == 0 {
			t.Fatalf("row %+v", r)
		}
	}
}

func FuzzProtobuf(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s.protobuf())
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		b := &rows.Batch{}
		b.Reset(body)
		DecodeProtobuf(b, body, Options{Keys: []string{"host.name"}, Scope: true})
		check(t, b)
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range seeds() {
		doc, _ := json.Marshal(s)
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		b := &rows.Batch{}
		b.Reset(body)
		DecodeJSON(b, body, Options{Keys: []string{"host.name"}, Scope: true})
		check(t, b)
	})
}

func BenchmarkProtobuf(b *testing.B) {
	var metrics []tree
	for i := range 50 {
		var p []tree
		for k := range 10 {
			p = append(p, tree{at(1795334400000000000), double(float64(k)), attrs(7, attribute("machine", word(fmt.Sprint("press", k))), attribute("line", word("3")))})
		}
		metrics = append(metrics, metric(fmt.Sprint("temperature", i), "Cel", 5, "gauge", points(p...)))
	}
	body := request([]tree{attribute("host.name", word("plc 1"))}, metrics...).protobuf()
	var batch rows.Batch
	b.ReportAllocs()
	for b.Loop() {
		batch.Reset(body)
		DecodeProtobuf(&batch, body, Options{Keys: []string{"host.name"}})
	}
	if len(batch.Rows) != 500 {
		b.Fatal(len(batch.Rows), batch.Faults)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*500), "ns/point")
}
