package promql

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Whatever is asked, the answer is in Prometheus' shape: 200 with data, or an error with its type and words.
func FuzzRequest(f *testing.F) {
	n := newNode(f, func(o *Options) { o.MaxSamples, o.Timeout = 10_000, time.Second })
	factory(n)
	for i, q := range queries(f) {
		if i%8 == 0 {
			f.Add(uint8(i), q, "1741075200", "1741076400.5", "60", "2025-03-04T08:30:00Z", "5m")
		}
	}
	for i, q := range []string{"", "{", `{__name__=~"(.+)+:covered"}`, `x{__status__=~"g.*"}`, "a[5m:0s]", "x offset -9223372036854775807s", "\xff", `{"a\x00b"="c"}`, "sum(sum(sum(1)))", "x @ 1e308"} {
		f.Add(uint8(i), q, "-1", "9e18", "1e-9", "292277026596-01-01T00:00:00Z", "-5")
		f.Add(uint8(i+4), q, "NaN", "Inf", "1y", "0", "999999999w")
	}
	paths := []string{"query", "query_range", "series", "labels", "label/line/values", "format_query", "metadata", "query_exemplars"}
	f.Fuzz(func(t *testing.T, which uint8, query, start, end, step, when, other string) {
		v := url.Values{"query": {query}, "match[]": {query}, "start": {start}, "end": {end}, "step": {step}, "time": {when}, "asOf": {""}, "limit": {""}}
		if which >= 128 {
			v.Set("timeout", other)
			v.Set("lookback_delta", other)
			v.Set("limit", other)
			v.Set("asOf", when)
		}
		r := httptest.NewRequest(http.MethodGet, Base+"/"+paths[int(which)%len(paths)]+"?"+v.Encode(), nil)
		r.Header.Set("Authorization", "Bearer a")
		w := httptest.NewRecorder()
		n.s.ServeHTTP(w, r)
		var out struct {
			Status, ErrorType, Error string
			Data                     json.RawMessage
		}
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%d %.300s: %v", w.Code, w.Body, err)
		}
		switch {
		case w.Code == 200 && out.Status == "success" && len(out.Data) > 0:
		case (w.Code == 400 || w.Code == 422 || w.Code == 503) && out.Status == "error" && out.ErrorType != "" && strings.TrimSpace(out.Error) != "":
		default:
			t.Fatalf("%d %.300s", w.Code, w.Body)
		}
	})
}
