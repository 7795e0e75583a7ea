package push

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/peertest"
	"jingwei/internal/telemetry"
)

// node runs a script of tools/peers.
func node(t *testing.T, pkg, script string, args ...string) string {
	t.Helper()
	dir := peertest.Node(t, pkg)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	c.Dir = dir
	var out, errs strings.Builder
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out.String(), errs.String())
	}
	return out.String()
}

func TestTheInfluxClient(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	out := node(t, "@influxdata/influxdb-client", "influx.mjs", h.url+"/push", id+":"+secret)
	const d = "p,3 =x"
	h.want(d, `press 3.temp{plant=第一厂,site=A\,B}`, "21.5 +7ns")
	h.want(d, `press 3.n{plant=第一厂,site=A\,B}`, "-3i +7ns")
	h.want(d, `press 3.u{plant=第一厂,site=A\,B}`, "9223372036854775807i +7ns")
	h.want(d, `press 3.ok{plant=第一厂,site=A\,B}`, "true +7ns")
	h.want(d, `press 3.s{plant=第一厂,site=A\,B}`, `"he said \"汉字\" \\ and\nleft" +7ns`)
	h.want("ms", `press 3.v{plant=第一厂}`, "1 +1000000ns")
	h.want("s", `press 3.v{plant=第一厂}`, "1 +1000000000ns")
	for name, want := range map[string]func(i int) string{
		"press 3.v{plant=第一厂}": func(i int) string { return fmt.Sprintf("%v %+dns", float64(i)/8, i) },
		"press 3.i{plant=第一厂}": func(i int) string { return fmt.Sprintf("%di %+dns", i, i) },
	} {
		got := h.samples("many", name)
		if len(got) != 1000 {
			t.Fatalf("%s: %d samples", name, len(got))
		}
		for i, s := range got {
			if shown(s) != want(i) {
				t.Fatalf("%s: %d is %s, want %s", name, i, shown(s), want(i))
			}
		}
	}
	var refused struct {
		Status, Line  int
		Code, Message string
	}
	if err := json.Unmarshal([]byte(out), &refused); err != nil || refused.Status != 400 || refused.Code != "invalid" || refused.Line != 2 || !strings.Contains(refused.Message, "line 2") {
		t.Errorf("the client was told %s (%v)", out, err)
	}
}

func TestTheOpenTelemetryExporter(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Now = time.Now }) // the exporter stamps by its own clock
	h.book.adopts.Store(true)
	const d = "plc 1"
	value := func(metric string) string {
		t.Helper()
		s := h.samples(d, metric)
		if len(s) != 1 || s[0].Flags != 0 {
			t.Fatalf("%s: %v", metric, s)
		}
		word, _, _ := strings.Cut(shown(telemetry.Sample{Time: now, Value: s[0].Value, Status: s[0].Status}), " +0ns")
		return word
	}
	auth := "Bearer " + id + ":" + secret
	h.wantOutcome(node(t, "@opentelemetry/exporter-metrics-otlp-proto", "otlp.mjs", h.url+"/push/v1/metrics", auth), "")
	for metric, want := range map[string]string{
		`temp{device=d\,1,pressure=3}`: "21.5", "parts{good=true}": "7i", "level": "-2i", "level.observed{tank=汉}": "7i",
		"took.count{step=welding}": "3i", "took.sum{step=welding}": "2.75", "took.min{step=welding}": "0.25", "took.max{step=welding}": "2",
		"size.count": "4i", "size.sum": "15", "size.min": "1", "size.max": "8",
	} {
		got := value(metric)
		if strings.TrimSuffix(got, "i") != strings.TrimSuffix(want, "i") { // JavaScript's 7 may come as an integer or a double
			t.Errorf("%s: %s, want %s", metric, got, want)
		}
	}
	h.book.mu.Lock()
	if h.book.units[key(d, `temp{device=d\,1,pressure=3}`)] != "Cel" || h.book.units[key(d, "took.sum{step=welding}")] != "s" {
		t.Errorf("units: %v", h.book.units)
	}
	h.book.mu.Unlock()
	h.wantOutcome(node(t, "@opentelemetry/exporter-metrics-otlp-proto", "otlp.mjs", h.url+"/push/v1/metrics", auth, "delta"), "")
	if got := value("parts.delta{good=true}"); strings.TrimSuffix(got, "i") != "7" {
		t.Errorf("delta: %s", got)
	}
	h.wantOutcome(node(t, "@opentelemetry/exporter-metrics-otlp-proto", "otlp.mjs", h.url+"/push/v1/metrics", "Bearer x:y"), "Unauthorized")
}

func (h *house) wantOutcome(out, failure string) {
	h.t.Helper()
	var o struct {
		Code  int
		Error string
	}
	if err := json.Unmarshal([]byte(out), &o); err != nil || (o.Code == 0) != (failure == "") || !strings.Contains(o.Error, failure) {
		h.t.Errorf("the exporter says %s (%v)", out, err)
	}
}

// Prometheus scrapes itself and a target of ours, and writes what it has to us. Everything that its own API answers
// is in the store, value by value; when the target goes away, its series end with a mark.
func TestPrometheus(t *testing.T) {
	program := peertest.Require(t, "prometheus")
	h := newHouse(t, func(o *Options) { o.Now = time.Now })
	h.book.adopts.Store(true)
	scrapes := atomic.Int64{}
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := scrapes.Add(1)
		fmt.Fprintf(w, "press_parts_total{line=\"a,b{c}\"} %d\npress_temperature 21.5\npress_nothing NaN\npress_endless +Inf\n", n)
	}))
	defer target.Close()
	dir := t.TempDir()
	address := peertest.Port(t)
	config := fmt.Sprintf(`
global: {scrape_interval: 500ms, scrape_timeout: 400ms}
scrape_configs:
  - {job_name: prometheus, static_configs: [{targets: [%q]}]}
  - {job_name: press, static_configs: [{targets: [%q]}]}
remote_write:
  - url: %s/push/api/v1/write
    basic_auth: {username: %s, password: %s}
    queue_config: {batch_send_deadline: 100ms, min_backoff: 30ms, max_samples_per_send: 500, max_shards: 1}
    metadata_config: {send_interval: 1s}
`, address, strings.TrimPrefix(target.URL, "http://"), h.url, id, secret)
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=warn")
	var said strings.Builder
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() {
		if c.ProcessState == nil {
			_ = c.Process.Signal(syscall.SIGTERM)
			_ = c.Wait()
		}
	}
	defer stop()
	press := strings.TrimPrefix(target.URL, "http://")
	wait(t, "five scrapes of the target", func() bool {
		return h.count(press, "press_temperature{job=press}") >= 5 && h.count(address, "up{job=prometheus}") >= 5
	})
	target.Close()
	gone := func() bool {
		h.book.mu.Lock()
		_, ok := h.book.slots[key(press, "press_temperature{job=press}")]
		h.book.mu.Unlock()
		if !ok {
			return false
		}
		s := h.samples(press, "press_temperature{job=press}")
		return s[len(s)-1].Status == telemetry.BadNoCommunication && s[len(s)-1].Value.Type == 0
	}
	wait(t, "the mark at the end", gone)
	series := prometheusSamples(t, address)
	last := int64(0) // everything up to here must have come
	for _, s := range series {
		last = max(last, s.values[len(s.values)-1].at)
	}
	wait(t, "the last scrape", func() bool {
		s := h.samples(address, "up{job=prometheus}")
		return s[len(s)-1].Time > last*1e6
	})
	stop()
	values, special := 0, 0
	for _, s := range series {
		device := s.labels["instance"]
		got := map[int64]telemetry.Sample{}
		for _, g := range h.samples(device, s.name()) {
			got[g.Time] = g
		}
		for _, v := range s.values {
			g, ok := got[v.at*1e6]
			values++
			switch f := asFloat(g.Value); {
			case !ok:
				t.Fatalf("%v at %d is missing", s.labels, v.at)
			case math.IsNaN(v.value) || math.IsInf(v.value, 0):
				special++
				if g.Value.Type != 0 || g.Status != telemetry.BadOutOfRange {
					t.Fatalf("%v at %d is %s, want none and Bad_OutOfRange", s.labels, v.at, shown(g))
				}
			case f != v.value || g.Status != 0 || g.Flags != 0:
				t.Fatalf("%v at %d is %s, want %v", s.labels, v.at, shown(g), v.value)
			}
		}
	}
	if len(series) < 400 || values < 5*400 || special < 10 {
		t.Errorf("only %d series, %d values, %d NaN and Inf were compared", len(series), values, special)
	}
	t.Logf("%d series, %d values compared, %d of them NaN or Inf; %d samples stored; %s", len(series), values, special, h.stored(), said.String())
	if got := h.samples(press, `press_parts_total{job=press,line=a\,b\{c\}}`); asFloat(got[0].Value) != 1 {
		t.Errorf("the first is %s", shown(got[0]))
	}
	if strings.Contains(said.String(), "non-recoverable") || len(h.book.troubles) > 0 {
		t.Errorf("troubles: %s %v", said.String(), h.book.troubles)
	}
}

func (h *house) count(device, metric string) int {
	h.book.mu.Lock()
	_, ok := h.book.slots[key(device, metric)]
	h.book.mu.Unlock()
	if !ok {
		return 0
	}
	return len(h.samples(device, metric))
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

type promSeries struct {
	labels map[string]string
	values []promValue
}

type promValue struct {
	at    int64 // ms
	value float64
}

// name is what the metric is called here, worked out from the labels that the peer's own API gives.
func (s *promSeries) name() string {
	var keys []string
	for k := range s.labels {
		if k != "__name__" && k != "instance" {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return s.labels["__name__"]
	}
	for i := range keys { // few enough
		for j := i; j > 0 && keys[j] < keys[j-1]; j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
	for i, k := range keys {
		v := strings.NewReplacer(`\`, `\\`, ",", `\,`, "=", `\=`, "{", `\{`, "}", `\}`).Replace(s.labels[k])
		keys[i] = k + "=" + v
	}
	return s.labels["__name__"] + "{" + strings.Join(keys, ",") + "}"
}

func prometheusSamples(t *testing.T, address string) (out []promSeries) {
	t.Helper()
	res, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(`{__name__=~".+"}[5m]`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range doc.Data.Result {
		s := promSeries{labels: r.Metric}
		for _, v := range r.Values {
			f, err := strconv.ParseFloat(v[1].(string), 64)
			if err != nil {
				t.Fatal(err)
			}
			s.values = append(s.values, promValue{int64(math.Round(v[0].(float64) * 1000)), f})
		}
		out = append(out, s)
	}
	return out
}
