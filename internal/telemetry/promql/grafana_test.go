package promql

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
)

// Requests in the shapes of Grafana's data source are answered in the shape that it reads.
func TestGrafanaRequests(t *testing.T) {
	n := newNode(t)
	factory(n)
	data, err := os.ReadFile("testdata/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var requests []struct {
		Name, Method, Path, Form, Shape string
		Code                            int
		Holds                           []string
	}
	if err := json.Unmarshal(data, &requests); err != nil {
		t.Fatal(err)
	}
	for _, q := range requests {
		r, err := http.NewRequest(q.Method, n.url+q.Path, strings.NewReader(q.Form))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("grafana", "a")
		r.Header.Set("User-Agent", "Grafana/12.1.0")
		if q.Method == "POST" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res := n.do(r)
		if q.Code == 0 {
			q.Code = 200
		}
		shape := res.ErrorType
		if res.Status == "success" {
			shape = shapeOf(t, res.Data)
		}
		text := string(res.Data) + res.Error
		if res.code != q.Code || shape != q.Shape || !contains(text, q.Holds...) {
			t.Errorf("%s: %d %s %.600s, want %d %s with %q", q.Name, res.code, shape, res.body, q.Code, q.Shape, q.Holds)
		}
	}
	if len(requests) < 25 {
		t.Errorf("only %d requests", len(requests))
	}
}

// shapeOf names what a client would take data for, having read every part of it.
func shapeOf(t *testing.T, data json.RawMessage) string {
	t.Helper()
	strict := func(v any) bool {
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.DisallowUnknownFields()
		return d.Decode(v) == nil
	}
	var text string
	var words []string
	var sets []map[string]string
	type sample [2]any
	var vector struct {
		ResultType string
		Stats      any
		Result     []struct {
			Metric map[string]string
			Value  sample
			Values []sample
		}
	}
	var single struct {
		ResultType string
		Result     sample
	}
	whole := func(s sample) bool {
		_, number := s[0].(float64)
		_, str := s[1].(string)
		return number && str
	}
	switch {
	case strict(&text):
		return "string"
	case strict(&words):
		return "strings"
	case strict(&sets):
		return "labels"
	case strict(&single) && whole(single.Result):
		return single.ResultType
	case strict(&vector) && vector.ResultType != "":
		for _, s := range vector.Result {
			if vector.ResultType == "vector" && !whole(s.Value) || vector.ResultType == "matrix" && len(s.Values) == 0 {
				return "half a " + vector.ResultType
			}
			for _, v := range s.Values {
				if !whole(v) {
					return "half a matrix"
				}
			}
		}
		return vector.ResultType
	}
	return "object"
}
