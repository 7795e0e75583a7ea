package jsonpush

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/connect/ingest/push/rows"
)

func tell(b *rows.Batch) (out []string) {
	for i := range b.Rows {
		r := &b.Rows[i]
		out = append(out, fmt.Sprintf("%d %s %s %s:%d %d %#x", r.Place, b.Bytes(b.Groups[r.Group]), b.Bytes(r.Name), rows.Show(b.Value(r)), r.Type, r.Time, uint32(r.Status)))
	}
	for _, f := range b.Faults {
		out = append(out, fmt.Sprintf("%s %s: %s %q", b.Locate(f.Place, f.Sub), f.Field, f.Reason.En, f.Value))
	}
	return out
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"nothing", "", []string{`line 1 : the JSON breaks off here (did only a part arrive?) "1:1 "`}},
		{"an empty array", " [ ] ", nil},
		{"no values at all", `{"device":"a","values":{}}`, nil},
		{"members in any order", `{"values":{"x":1,"y\u0031":true},"status":"Bad_Timeout","time":5,"device":"a"}`, []string{"1 a x 1:2 5000000 0x800a0000", "1 a y1 true:3 5000000 0x800a0000"}},
		{"numbers", `{"values":{"a":-0,"b":1e2,"c":9223372036854775807,"d":9223372036854775808,"e":0.1,"f":-12}}`, []string{
			"1  a -0:1 0 0x0", "1  b 100:1 0 0x0", "1  c 9223372036854775807:2 0 0x0", "1  d 9.223372036854776e+18:1 0 0x0", "1  e 0.1:1 0 0x0", "1  f -12:2 0 0x0"}},
		{"null", `{"device":"a","name":"x","value":null,"time":null}`, []string{"1 a x null:0 0 0x80000000"}},
		{"lines", "\n{\"values\":{\"x\":1}}\n\n{\"values\":\n{\"x\":2}}", []string{"2  x 1:2 0 0x0", "4  x 2:2 0 0x0"}},
		{"half a line", "{\"values\":{\"x\":1}}\n{\"values\":{\"x", []string{`1  x 1:2 0 0x0`, `line 2 : the JSON breaks off here (did only a part arrive?) "2:14 "`}},
		{"no object", `[1]`, []string{`[0] : must be an object, an array of objects, or one object on each line "1:2 1]"`}},
		{"after the array", `[] {}`, []string{`[0] : something follows the array "1:4 {}"`}},
		{"a member twice", `{"device":"a","device":"b","values":{"x":1}}`, []string{`line 1 device: the member stands there twice ""`}},
		{"texts", `{"device":1,"values":3}`, []string{`line 1 device: must be a text "1"`, `line 1 values: must be an object of names and values "3"`}},
		{"time", `[{"time":1.5,"values":{}},{"time":9223372036855,"values":{}},{"time":"2600-01-01T00:00:00Z","values":{}},{"time":true,"values":{}}]`, []string{
			`[0] time: must be an RFC 3339 time or a whole number (of milliseconds, or as the parameter precision says) "1.5"`,
			`[1] time: the time is beyond 64-bit nanoseconds in this precision "9223372036855"`, `[2] time: the time is beyond 64-bit nanoseconds in this precision "2600-01-01T00:00:00Z"`,
			`[3] time: must be an RFC 3339 time or a whole number (of milliseconds, or as the parameter precision says) "true"`}},
	} {
		b := &rows.Batch{}
		b.Reset([]byte(c.body))
		Decode(b, []byte(c.body), 1e6)
		if got := tell(b); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"device":"a","time":5,"values":{"x":1,"y":"t\u00e9","z":null}}`, `[{"device":"a","name":"x","value":true,"status":"Bad"},{}]`, "{\"values\":{}}\n{\"value\":1}", `{"time":"2026-11-22T08:00:00+08:00","values":{"a":1e5}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		b := &rows.Batch{}
		b.Reset(body)
		Decode(b, body, 1e6)
		for _, l := range tell(b) {
			if l == "" {
				t.Fatal("an empty line")
			}
		}
		if b.Wrong > 0 || bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
			return
		}
		// What we find good, others read the same.
		d := json.NewDecoder(bytes.NewReader(body))
		n := 0
		for d.More() {
			var o struct {
				Values map[string]any
				Value  json.RawMessage
			}
			if err := d.Decode(&o); err != nil {
				t.Fatalf("%q: %v", body, err)
			}
			if n += len(o.Values); len(o.Value) > 0 {
				n++
			}
		}
		if n > len(b.Rows) { // a name may stand in values twice
			t.Fatalf("%q: %d rows, want %d", body, len(b.Rows), n)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	var s strings.Builder
	for i := range 100 {
		fmt.Fprintf(&s, `{"device":"press%d","time":%d,"values":{`, i, 1795334400000+i)
		for k := range 20 {
			fmt.Fprintf(&s, `%s"temperature%d":%.2f`, ","[:min(k, 1)], k, 20+float64(i*k%977)/7)
		}
		s.WriteString("}}\n")
	}
	body := []byte(s.String())
	var batch rows.Batch
	b.ReportAllocs()
	for b.Loop() {
		batch.Reset(body)
		Decode(&batch, body, 1e6)
	}
	if len(batch.Rows) != 2000 {
		b.Fatal(len(batch.Rows), batch.Faults)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*2000), "ns/value")
}
