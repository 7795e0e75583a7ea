package promql

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/peertest"
)

var update = flag.Bool("update", false, "write what testdata/grafana.jsonl wants anew; the requests stay as they were recorded")

const grafanaFile = "testdata/grafana.jsonl"

// recorded is a request that Grafana's data source sent; testdata/SOURCE.md says how it was written down.
type recorded struct {
	Name    string            `json:"name"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Code    int               `json:"code"` // as the data source saw it
	Want    string            `json:"want"` // the answer, summed up by shapeOf
}

func recordedRequests(t *testing.T) (out []recorded) {
	t.Helper()
	data, err := os.ReadFile(grafanaFile)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	for {
		var q recorded
		if err := d.Decode(&q); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		out = append(out, q)
	}
	if len(out) < 70 {
		t.Fatalf("only %d requests", len(out))
	}
	return out
}

// request is what was recorded, to another server.
func (q *recorded) request(t *testing.T, base string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(q.Method, base+q.Path, strings.NewReader(q.Body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range q.Headers {
		r.Header.Set(k, v)
	}
	return r
}

// Every request that Grafana's data source was seen to send is answered with the status that it saw, in the shape that
// it reads, and with the values that are in the store.
func TestGrafanaRequests(t *testing.T) {
	n := newNode(t)
	factory(n)
	base := strings.TrimSuffix(n.url, "/prometheus")
	all := recordedRequests(t)
	kinds := map[string]int{}
	for i := range all {
		q := &all[i]
		r := q.request(t, base)
		r.SetBasicAuth("grafana", "a")
		res := n.do(r)
		got := res.ErrorType + ": " + res.Error
		if res.Status == "success" {
			got = shapeOf(t, res.Data)
		}
		if *update {
			q.Want = got
		}
		if res.code != q.Code || got != q.Want || res.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s:\n got %d %s\nwant %d %s", q.Name, res.code, got, q.Code, q.Want)
		}
		kinds[strings.SplitN(got, " ", 2)[0]]++
	}
	for _, kind := range []string{"matrix", "vector", "scalar", "string", "words", "labels", "object", "bad_data:", "execution:"} {
		if kinds[kind] == 0 {
			t.Errorf("no answer is a %s: %v", kind, kinds)
		}
	}
	if *update {
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		for _, q := range all {
			if err := e.Encode(q); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(grafanaFile, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// otherwise are the recorded requests whose answer is not to be that of Debian's Prometheus, by a part of their path or body, and why.
var otherwise = map[string]string{
	"%3Astatus":              "metrics of ours",
	"%3Acovered":             "metrics of ours",
	"%7B%22temperature":      "Prometheus 3 has names in braces, 2.42 has not",
	"/metadata":              "Prometheus learns it from scrapes",
	"/buildinfo":             "tells the server's version",
	"/rules":                 "an object, and there are no rules",
	"query=rate%28parts%5B&": "words of the parsers",
}

// The same requests, sent to a Prometheus server that holds the same samples, have the same answers.
func TestGrafanaAnswersAsPrometheus(t *testing.T) {
	peertest.Require(t, "prometheus")
	n := newNode(t)
	holds := startPrometheus(t, "")
	holds.write(t, factory(n))
	base := strings.TrimSuffix(n.url, "/prometheus")
	compared := 0
	left := maps.Clone(otherwise)
next:
	for _, q := range recordedRequests(t) {
		for part := range otherwise {
			if strings.Contains(q.Path+q.Body, part) {
				delete(left, part)
				continue next
			}
		}
		r := q.request(t, base)
		r.SetBasicAuth("grafana", "a")
		ours := n.do(r)
		q.Path = strings.TrimPrefix(q.Path, "/prometheus")
		theirs := n.do(q.request(t, holds.url))
		compared++
		switch {
		case ours.code != theirs.code || ours.ErrorType != theirs.ErrorType:
			t.Errorf("%s: %d %s against %d %s", q.Name, ours.code, ours.body, theirs.code, theirs.body)
		case strings.HasPrefix(q.Path, "/api/v1/query?") || strings.HasPrefix(q.Path, "/api/v1/query_range") || q.Path == "/api/v1/query":
			if ours.code != 200 {
				continue
			}
			a, b := resultOf(t, ours.Data), resultOf(t, theirs.Data)
			if what, far := differ(a, b); what != "" && (far == 0 || !near(a, b)) {
				t.Errorf("%s: %s (%d ulp)", q.Name, what, far)
			}
		default: // words in order; series in any
			if a, b := inOrder(t, ours.Data), inOrder(t, theirs.Data); a != b {
				t.Errorf("%s:\n got %s\nwant %s", q.Name, a, b)
			}
		}
	}
	for part := range left {
		t.Errorf("no request has %s", part)
	}
	if compared < 60 {
		t.Errorf("only %d compared", compared)
	}
}

// inOrder writes a list, an element in a line.
func inOrder(t *testing.T, data json.RawMessage) string {
	t.Helper()
	var list []any
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	lines := make([]string, len(list))
	for i, x := range list {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = string(b)
	}
	if len(lines) > 0 && lines[0][0] == '{' { // series have no order of their own
		slices.Sort(lines)
	}
	return strings.Join(lines, "\n")
}

// What Grafana was not seen to ask here, and other clients do: promtool, older versions, people with a browser.
func TestOtherRequests(t *testing.T) {
	n := newNode(t)
	factory(n)
	for path, want := range map[string]string{
		"/query?query=1%2B1":           `"resultType":"scalar","result":[1741077600,"2"]`, // now
		"/query?query=parts&stats=all": `"totalQueryableSamples":`,
		"/query_range?query=load_percent&start=2025-03-04T08:05:00Z&end=2025-03-04T08:06:00Z&step=1m": `"point":"load"`,
		"/format_query?query=sum(rate(parts%5B5m%5D))by(line)":                                        `"data":"sum by (line) (rate(parts[5m]))"`,
		"/metadata?metric=parts&limit_per_metric=1":                                                   `"data":{"parts":[{"type":"gauge","unit":"1","help":"reading of parts"}]}`,
		"/metadata":                            `"energy_import_kilowatthours":[{"type":"counter","unit":"kW.h","help":"reading of energy.import"}]`,
		"/metadata?limit=1":                    `"data":{"energy_import_kilowatthours":[{"type":"counter","unit":"kW.h","help":"reading of energy.import"}]}`,
		"/status/buildinfo":                    `"revision":"jingwei 1.2.3","version":"3.15.0"`,
		"/label/__name__/values?match[]=parts": `"data":["parts"]`,
	} {
		if r := n.call("GET", "/api/v1"+path, "a", nil); r.code != 200 || !contains(r.body, want) {
			t.Errorf("%s: %d %.600s, want %s", path, r.code, r.body, want)
		}
	}
}

// shapeOf sums up an answer, having read every part of it as a client does: what it is, how much of it, and its values.
func shapeOf(t *testing.T, data json.RawMessage) string {
	t.Helper()
	strict := func(v any) bool {
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		return d.Decode(v) == nil
	}
	var words []string
	var sets []map[string]string
	var value struct{ ResultType, Result, Stats json.RawMessage }
	var object map[string]json.RawMessage
	switch {
	case strict(&words):
		return fmt.Sprintf("words %q", words)
	case strict(&sets):
		names := map[string]int{}
		for _, s := range sets {
			names[s["__name__"]]++
		}
		return fmt.Sprintf("labels of %d series %v", len(sets), names)
	case strict(&value) && value.ResultType != nil:
		r := resultOf(t, data)
		if r.kind == "string" {
			return fmt.Sprintf("string %q", slices.Sorted(maps.Keys(r.points)))
		}
		points, sum := 0, 0.0
		for _, key := range slices.Sorted(maps.Keys(r.points)) {
			if len(r.points[key]) == 0 {
				return "half a " + r.kind
			}
			for _, p := range r.points[key] {
				points++
				sum += p.v
			}
		}
		return fmt.Sprintf("%s of %d series, %d points, their sum %.9g", r.kind, len(r.points), points, sum)
	case strict(&object):
		return fmt.Sprintf("object %q", slices.Sorted(maps.Keys(object)))
	}
	return "not what a client reads: " + string(data)
}
