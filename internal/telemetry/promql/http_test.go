package promql

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

func contains(s string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}

// A query sees the series of those organisations that its caller may read, and nobody's without a token.
func TestTenancy(t *testing.T) {
	n := newNode(t)
	mine := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1})
	theirs := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 2, org: n.b})
	n.set(time.Minute)
	n.put(mine, row{t: at(0), v: 1})
	n.put(theirs, row{t: at(0), v: 2})
	for token, want := range map[string]string{"a": "1", "b": "2", "both": "3"} {
		for _, path := range []string{"/api/v1/query?time=2025-03-04T08:00:10Z&query=sum(x)", "/api/v1/query?time=2025-03-04T08:00:10Z&query=" + url.QueryEscape(`sum({machine=~".+"})`)} {
			if r := n.call("GET", path, token, nil); !contains(string(r.Data), `[1741075210,"`+want+`"]`) {
				t.Errorf("%s asks %s: %s", token, path, r.body)
			}
		}
	}
	for path, count := range map[string]int{"/api/v1/series?match[]=x": 1, "/api/v1/label/machine_name/values": 1, "/api/v1/label/org/values": 1} {
		r := n.call("GET", path, "b", nil)
		if contains(r.body, "mill 1") || contains(r.body, n.a.String()) || strings.Count(r.body, "mill 2")+strings.Count(r.body, n.b.String()) < count {
			t.Errorf("b asks %s: %s", path, r.body)
		}
	}
	// A role that may not read sees nothing; no token, a wrong one, or half a Basic is 401.
	if r := n.call("GET", "/api/v1/query?query=x&time=1741075210", "m", nil); r.code != 200 || !contains(r.body, `"result":[]`) {
		t.Errorf("m: %d %s", r.code, r.body)
	}
	for _, header := range []string{"", "Bearer nobody", "Basic !", "Basic " + base64.StdEncoding.EncodeToString([]byte("a")), "Basic " + base64.StdEncoding.EncodeToString([]byte("a:"))} {
		for _, path := range []string{"/api/v1/query?query=1", "/api/v1/read"} {
			method := "GET"
			if path == "/api/v1/read" {
				method = "POST"
			}
			req, _ := http.NewRequest(method, n.url+path, nil)
			if header != "" {
				req.Header.Set("Authorization", header)
			}
			req.Header.Set("Accept-Language", "zh-CN")
			if r := n.do(req); r.code != 401 || !contains(strings.Join(r.header.Values("WWW-Authenticate"), " "), "Basic") || !contains(r.body, "令牌") {
				t.Errorf("%q asks %s: %d %s", header, path, r.code, r.body)
			}
		}
	}
	req, _ := http.NewRequest("GET", n.url+"/api/v1/query?query=x&time=1741075210", nil)
	req.SetBasicAuth("whoever", "a")
	if r := n.do(req); r.code != 200 || !contains(r.body, `"1"`) {
		t.Errorf("Basic: %d %s", r.code, r.body)
	}
}

// What is refused is refused in Prometheus' shape, and says how to go on.
func TestRefusals(t *testing.T) {
	n := newNode(t, func(o *Options) { o.MaxSeries, o.MaxSamples, o.MaxPoints, o.MaxRead = 2, 50, 100, 5 })
	for i := range 3 {
		x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: i + 1})
		var rows []row
		for k := range 30 {
			rows = append(rows, row{t: at(time.Duration(k) * 10 * sec), v: float64(k)})
		}
		n.put(x, rows...)
	}
	n.set(10 * time.Minute)
	for _, c := range []struct {
		path, kind string
		code       int
		says       string
	}{
		{"query", "bad_data", 400, `invalid parameter "query": `},
		{"query?query=x+%2B", "bad_data", 400, "parse error: unexpected end of input"},
		{"query?query=unknown(x)", "bad_data", 400, `parse error: unknown function with name "unknown"`},
		{"query?query=x{a%3D~%22(%22}", "bad_data", 400, "missing closing )"},
		{"query?query={}", "bad_data", 400, "at least one non-empty matcher"},
		{"query?query=1&time=soon", "bad_data", 400, `invalid parameter "time": "soon" is no time`},
		{"query?query=1&timeout=0", "bad_data", 400, `must be greater than zero`},
		{"query?query=1&limit=-1", "bad_data", 400, `invalid parameter "limit"`},
		{"query?query=1&lookback_delta=x", "bad_data", 400, `invalid parameter "lookback_delta"`},
		{"query_range?query=x&start=10&end=5&step=1", "bad_data", 400, `invalid parameter "end": "5" is before the start`},
		{"query_range?query=x&start=0&end=5", "bad_data", 400, `invalid parameter "step"`},
		{"query_range?query=x&start=0&end=5&step=-1", "bad_data", 400, `must be greater than zero`},
		{"query_range?query=x&end=5&step=1", "bad_data", 400, `invalid parameter "start"`},
		{"query_range?query=x&start=0&end=1000&step=1", "bad_data", 400, "exceeded maximum resolution of 100 points per timeseries"},
		{"query_range?query=x&start=0&end=1000&step=1", "bad_data", 400, "Take a longer step"},
		{"query_range?query=x[1m]&start=0&end=10&step=1", "bad_data", 400, "invalid expression type"},
		{"query_range?query=1&start=NaN&end=10&step=1", "bad_data", 400, `invalid parameter "start"`},
		{"query_range?query=1&start=-1e300&end=1e300&step=1e300", "bad_data", 400, `invalid parameter "start"`},
		{"query_range?query=x&start=5&end=5&step=0.0001", "bad_data", 400, `invalid parameter "step": "0.0001" is too short`},
		{"query?query=count_over_time(x[5m:0.0001])", "bad_data", 400, "the step of a subquery must be at least 1ms"},
		{"query_range?query=1&start=-9000000000000&end=9000000000000&step=100000000", "bad_data", 400, "exceeded maximum resolution of 100 points"}, // 570,000 years
		{"series?match[]=x&limit=3", "execution", 422, "More than 2 series"},
		{"query?query=x", "execution", 422, "More than 2 series fit what is asked for. Narrow it"},
		{"series?match[]=x", "execution", 422, "More than 2 series"},
		{"query?time=2025-03-04T08:05:00Z&query=" + url.QueryEscape(`x{machine_name!="mill 3"}[10m]`), "execution", 422, "too many samples into memory (more than 50). Take a shorter span"},
		{"query?time=2025-03-04T08:05:00Z&query=" + url.QueryEscape(`x{machine_name="mill 1"}+on()group_left()x{machine_name!="mill 3"}`), "execution", 422, "many-to-many"},
		{"query?query=" + url.QueryEscape(`label_replace(vector(1),"~","","","(")`), "execution", 422, "regular expression"},
		{"series", "bad_data", 400, `give at least one match[]`},
		{"series?match[]={}", "bad_data", 400, "at least one matcher"},
		{"series?match[]=x[", "bad_data", 400, `invalid parameter "match[]"`},
		{"series?match[]=x&start=9&end=8", "bad_data", 400, "before the start"},
		{"labels?limit=x", "bad_data", 400, `invalid parameter "limit"`},
		{"metadata?limit=x", "bad_data", 400, `invalid parameter "limit"`},
		{"label/%ff/values", "bad_data", 400, "no label's name"},
		{"format_query?query=(", "bad_data", 400, "parse error"},
		{"targets", "not_found", 404, "There is no /prometheus/api/v1/targets here"},
		{"query?query=1&%zz", "bad_data", 400, "cannot be read"},
	} {
		r := n.call("GET", "/api/v1/"+c.path, "a", nil)
		if r.code != c.code || r.Status != "error" || r.ErrorType != c.kind || !contains(r.Error, c.says) {
			t.Errorf("%s: %d %s, want %d %s %q", c.path, r.code, r.body, c.code, c.kind, c.says)
		}
	}
	if r := n.call("DELETE", "/api/v1/query", "a", nil); r.code != 405 || r.header.Get("Allow") == "" || r.Status != "error" {
		t.Errorf("DELETE: %d %s", r.code, r.body)
	}
	if r := n.call("GET", "/api/v1/query_range?start=0&end=1000&step=1", "a", nil); r.code != 400 {
		t.Errorf("%d", r.code)
	}
	req, _ := http.NewRequest("GET", n.url+"/api/v1/query_range?query=x&start=0&end=1000&step=1", nil)
	req.Header.Set("Authorization", "Bearer a")
	req.Header.Set("Accept-Language", "zh")
	if r := n.do(req); !contains(r.Error, "请加大步长") {
		t.Errorf("in Chinese: %s", r.body)
	}
	// A limit that is kept is told.
	r := n.call("GET", "/api/v1/label/machine_name/values?limit=2", "a", nil)
	if string(r.Data) != `["mill 1","mill 2"]` || len(r.Warnings) != 1 {
		t.Errorf("limit: %s", r.body)
	}
	r = n.call("GET", "/api/v1/query?limit=1&time=2025-03-04T08:04:00Z&query="+url.QueryEscape(`x{machine_name!="mill 3"}`), "a", nil)
	if strings.Count(r.body, `"metric"`) != 1 || len(r.Warnings) != 1 {
		t.Errorf("limit: %s", r.body)
	}
}

// The timeout of a query ends it.
func TestTimeout(t *testing.T) {
	n := newNode(t)
	x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1})
	n.set(time.Hour)
	n.put(x, row{t: at(0), v: 1})
	r := n.call("GET", "/api/v1/query?timeout=0.000001&time=2025-03-04T08:00:10Z&query="+url.QueryEscape("max_over_time(x[1h:1ms])"), "a", nil)
	if r.code != 503 || r.ErrorType != "timeout" || !contains(r.Error, "shorter span") {
		t.Errorf("%d %s", r.code, r.body)
	}
}

// A plant that changes is looked up again; one that does not is looked up now and then.
func TestNamesFollowThePlant(t *testing.T) {
	n := newNode(t)
	n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1})
	names := func() string { return string(n.call("GET", "/api/v1/label/machine_name/values", "a", nil).Data) }
	for range 2 { // the second time without asking the plant again
		if got := names(); got != `["mill 1"]` || n.plant.asked != 1 {
			t.Errorf("%s, asked %d times", got, n.plant.asked)
		}
	}
	n.plant.points[0].MachineName.En = "lathe"
	if names() != `["mill 1"]` {
		t.Errorf("known before it was told: %s", names())
	}
	n.s.Changed(n.a)
	if names() != `["lathe"]` || n.plant.asked != 2 {
		t.Errorf("%s, asked %d times", names(), n.plant.asked)
	}
	n.plant.points[0].MachineName.En = "press"
	n.set(6 * time.Minute)
	var wait sync.WaitGroup
	for range 20 { // one of them looks it up for all
		wait.Go(func() {
			if names() != `["press"]` {
				t.Errorf("six minutes later: %s", names())
			}
		})
	}
	wait.Wait()
	if n.plant.asked != 3 {
		t.Errorf("asked %d times", n.plant.asked)
	}
}

// The labels of a series are those that docs/promql.md names.
func TestLabels(t *testing.T) {
	n := newNode(t)
	n.add(point{key: "spindle.temperature", unit: "Cel", typ: telemetry.Float64, machine: 1})
	r := n.call("GET", "/api/v1/series?match[]=spindle_temperature_celsius", "a", nil)
	want := fmt.Sprintf(`[{"__name__":"spindle_temperature_celsius","line":"A","machine":%q,"machine_name":"mill 1","org":%q,"point":"spindle.temperature","series":%q,"site":"north","unit":"Cel"}]`,
		id(1), n.a, id(0x1001))
	if string(r.Data) != want {
		t.Errorf("got %s\nwant %s", r.Data, want)
	}
	r = n.call("GET", "/api/v1/series?match[]=spindle_temperature_celsius:status&match[]={point=\"spindle.temperature\"}", "a", nil)
	if strings.Count(string(r.Data), "__name__") != 2 || !contains(string(r.Data), `"spindle_temperature_celsius:status"`) {
		t.Errorf("two selectors: %s", r.Data)
	}
}
