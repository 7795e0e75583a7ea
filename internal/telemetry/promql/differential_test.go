package promql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"

	"jingwei/internal/peertest"
	"jingwei/internal/telemetry"
)

// A peer is a real Prometheus server.
type peer struct{ url string }

// startPrometheus starts a Prometheus server that scrapes nothing, and waits until it answers.
func startPrometheus(t *testing.T, more string) *peer {
	t.Helper()
	program := peertest.Require(t, "prometheus")
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte("global: {scrape_interval: 1h}\n"+more), 0o600); err != nil {
		t.Fatal(err)
	}
	address := peertest.Port(t)
	c := exec.Command(program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address,
		"--log.level=warn", "--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y")
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
		if t.Failed() {
			t.Logf("prometheus said: %s", said.String())
		}
	})
	p := &peer{"http://" + address}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(p.url + "/-/ready")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == 200 {
				return p
			}
		}
		if time.Now().After(end) {
			t.Fatalf("prometheus does not answer: %s", said.String())
		}
	}
}

// write gives series to the server by remote write.
func (p *peer) write(t *testing.T, series []prompb.TimeSeries) {
	t.Helper()
	data, err := (&prompb.WriteRequest{Timeseries: series}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequest("POST", p.url+"/api/v1/write", bytes.NewReader(snappy.Encode(nil, data)))
	r.Header.Set("Content-Encoding", "snappy")
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode/100 != 2 {
		t.Fatalf("remote write: %d %s", res.StatusCode, body)
	}
}

// result is what a server answers to a query: each series' points by its labels.
type result struct {
	kind   string
	points map[string][]pt
	order  []string
	err    string
}

type pt struct {
	t int64 // ms
	v float64
}

func ask(t testing.TB, base, token, path string, v url.Values) result {
	t.Helper()
	r, _ := http.NewRequest("POST", base+"/api/v1/"+path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var doc struct {
		Error string
		Data  json.RawMessage
	}
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatalf("%s: %v", v, err)
	}
	if doc.Data == nil {
		return result{err: doc.Error}
	}
	return resultOf(t, doc.Data)
}

// resultOf reads the value of a query.
func resultOf(t testing.TB, data json.RawMessage) result {
	t.Helper()
	var doc struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	out := result{kind: doc.ResultType, points: map[string][]pt{}}
	switch out.kind {
	case "scalar", "string":
		var x [2]any
		if err := json.Unmarshal(doc.Result, &x); err != nil {
			t.Fatal(err)
		}
		if out.kind == "string" {
			out.points[fmt.Sprint(x[1])] = []pt{{ms(x[0]), 0}}
		} else {
			out.points[""] = []pt{{ms(x[0]), float(t, x[1])}}
		}
	case "vector", "matrix":
		var list []struct {
			Metric labels.Labels
			Value  [2]any
			Values [][2]any
		}
		if err := json.Unmarshal(doc.Result, &list); err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if out.kind == "vector" {
				s.Values = [][2]any{s.Value}
			}
			key := s.Metric.String()
			out.order = append(out.order, key)
			out.points[key] = nil
			for _, x := range s.Values {
				out.points[key] = append(out.points[key], pt{ms(x[0]), float(t, x[1])})
			}
		}
	}
	return out
}

func ms(x any) int64 { return int64(math.Round(x.(float64) * 1000)) }

func float(t testing.TB, x any) float64 {
	f, err := strconv.ParseFloat(x.(string), 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ulps is how far two values are from each other, in units of the last place; NaNs are equal.
func ulps(a, b float64) uint64 {
	if a == b || math.IsNaN(a) && math.IsNaN(b) {
		return 0
	}
	if math.IsNaN(a) || math.IsNaN(b) || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return math.MaxUint64
	}
	order := func(f float64) int64 {
		if i := int64(math.Float64bits(f)); i >= 0 {
			return i
		}
		return math.MinInt64 - int64(math.Float64bits(f))
	}
	x, y := order(a), order(b)
	return uint64(max(x, y)) - uint64(min(x, y))
}

// differ says where two answers differ: in their shape, or how far their values are from each other at most.
func differ(a, b result) (what string, far uint64) {
	if a.kind != b.kind || (a.err == "") != (b.err == "") {
		return fmt.Sprintf("%s %q against %s %q", a.kind, a.err, b.kind, b.err), 0
	}
	if len(a.points) != len(b.points) {
		return fmt.Sprintf("series %v against %v", slices.Sorted(maps.Keys(a.points)), slices.Sorted(maps.Keys(b.points))), 0
	}
	for key, x := range a.points {
		y, ok := b.points[key]
		if !ok {
			return "no series " + key, 0
		}
		if len(x) != len(y) {
			return fmt.Sprintf("%s: %d points against %d: %v against %v", key, len(x), len(y), x, y), 0
		}
		for i := range x {
			if x[i].t != y[i].t {
				return fmt.Sprintf("%s: point %d at %d against %d", key, i, x[i].t, y[i].t), 0
			}
			if u := ulps(x[i].v, y[i].v); u > far {
				far, what = u, fmt.Sprintf("%s: %v against %v at %d", key, x[i].v, y[i].v, x[i].t)
			}
		}
	}
	return what, far
}

// addsOtherwise are the queries whose values may differ in the last places.
var addsOtherwise = regexp.MustCompile(`\b(sum|avg|avg_over_time)\b`)

// anyOrder are the queries that sum up groups of groups: Prometheus 2.42 takes groups in another order each time, so that
// one and the same server answers differently in the last place.
var anyOrder = regexp.MustCompile(`^(sum|avg)\((sum|avg) by`)

// near tells whether all values of two answers of the same shape differ by less than 1e-12 of their size (of 1 where they
// are smaller: a difference of averages cancels what they agree in).
func near(a, b result) bool {
	for key, x := range a.points {
		for i, y := range b.points[key] {
			if d := math.Abs(x[i].v - y.v); d > 1e-12*max(1, math.Abs(y.v)) {
				return false
			}
		}
	}
	return true
}

// dropNames takes the metrics' names away: Prometheus 2.42 forgets to for atan2.
func (r *result) dropNames(t testing.TB) {
	out := map[string][]pt{}
	for key, x := range r.points {
		if i := strings.Index(key, `__name__="`); i >= 0 {
			_, rest, _ := strings.Cut(key[i+10:], `", `)
			key = key[:i] + rest
		}
		out[key] = x
	}
	if len(out) != len(r.points) {
		t.Errorf("without names some series are the same")
	}
	r.points = out
}

// factory fills the node with half an hour of four machines: readings each 10 s with gaps, bad and uncertain samples,
// counters that begin anew, silences; and gives what of it is to be seen, as Prometheus keeps it.
func factory(n *node) (series []prompb.TimeSeries) {
	r := rand.New(rand.NewPCG(4, 4))
	const silence = 30 * time.Second
	for machine := 1; machine <= 4; machine++ {
		level := 30 + 10*r.Float64()
		energy, parts, running := 1000*r.Float64(), float64(r.IntN(1000)), 0.0
		for _, p := range []struct {
			point
			next func(i int) float64
		}{
			{point{key: "temperature", unit: "Cel", typ: telemetry.Float64}, func(int) float64 { level += r.NormFloat64(); return level }},
			{point{key: "load", unit: "%", typ: telemetry.Float64}, func(int) float64 { return math.Round(1000*r.Float64()) / 10 }},
			{point{key: "speed", unit: "{rev}/min", typ: telemetry.Float64}, func(int) float64 { return float64(r.IntN(4)) * 750 }},
			{point{key: "energy.import", unit: "kW.h", typ: telemetry.Float64}, func(i int) float64 {
				if i == 77*machine%180 { // the meter was changed
					energy = 0
				}
				energy += r.Float64() / 8
				return energy
			}},
			{point{key: "parts", unit: "1", typ: telemetry.Int64}, func(i int) float64 {
				if i == 90 {
					parts = 0
				}
				parts += float64(r.IntN(3))
				return parts
			}},
			{point{key: "running", typ: telemetry.Bool}, func(int) float64 {
				if r.IntN(12) == 0 {
					running = 1 - running
				}
				return running
			}},
		} {
			p.machine, p.silence = machine, silence
			ref := n.add(p.point)
			known := n.plant.points[len(n.plant.points)-1]
			k, _ := n.store.Series(ref)
			b := labels.NewScratchBuilder(10)
			to := prompb.TimeSeries{Labels: prompb.FromLabels(labelsOf(&b, &known, &k, MetricName(known.Key, k.Unit), "en"), nil)}
			var rows []row
			phase := time.Duration(r.IntN(9000)) * time.Millisecond
			skip := 0
			for i := range 180 {
				x := row{t: at(time.Duration(i)*10*sec + phase + time.Duration(r.IntN(900))*time.Millisecond), v: p.next(i)}
				switch x.t / 1e6 % 1000 {
				case 0, 123, 500: // where spans and the steps of subqueries end in the queries
					x.t += 1e6
				}
				if skip > 0 {
					skip--
					continue
				}
				switch r.IntN(40) {
				case 0:
					x.status = telemetry.Uncertain
				case 1:
					x.status, x.none = telemetry.BadNoCommunication, true
				case 2:
					skip = 2 + r.IntN(8)
				}
				rows = append(rows, x)
			}
			n.put(ref, rows...)
			// The rule of docs/promql.md, written down once more.
			for i, x := range rows {
				if x.status == telemetry.Good {
					to.Samples = append(to.Samples, prompb.Sample{Timestamp: x.t / 1e6, Value: x.v})
					if end := x.t + int64(silence); i == len(rows)-1 || rows[i+1].t > end {
						to.Samples = append(to.Samples, prompb.Sample{Timestamp: end / 1e6, Value: stale})
					}
				} else if k := len(to.Samples); k > 0 && !math.IsNaN(to.Samples[k-1].Value) {
					to.Samples = append(to.Samples, prompb.Sample{Timestamp: x.t / 1e6, Value: stale})
				}
			}
			series = append(series, to)
		}
	}
	n.set(40 * time.Minute)
	return series
}

// queries are those of testdata/queries.txt.
func queries(t testing.TB) (out []string) {
	t.Helper()
	data, err := os.ReadFile("testdata/queries.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// Three servers answer the corpus: the node; a Prometheus server that holds the same samples; and one that holds
// nothing and reads from the node (remote read). The two Prometheus servers agree to the last bit: what the node stores
// and hands out is what Prometheus holds. The node's own answers agree to the last bit too, but where a query adds up or
// averages: there its engine (3.15) compensates the rounding of each addition and Debian's (2.42) does not.
func TestSameAnswersAsPrometheus(t *testing.T) {
	peertest.Require(t, "prometheus")
	n := newNode(t)
	series := factory(n)
	holds := startPrometheus(t, "")
	reads := startPrometheus(t, fmt.Sprintf("remote_read:\n- url: %s/api/v1/read\n  read_recent: true\n  authorization: {credentials: a}\n", n.url))
	holds.write(t, series)
	// Times are such that no sample and no step of a subquery falls on the edge of a span: there Prometheus 3 leaves out
	// what 2 counted in ("left-open").
	single := url.Values{"time": {begin.Add(29*time.Minute + 17123*time.Millisecond).Format(time.RFC3339Nano)}}
	span := url.Values{"start": {begin.Add(3*time.Minute + 17123*time.Millisecond).Format(time.RFC3339Nano)}, "end": {begin.Add(33 * time.Minute).Format(time.RFC3339Nano)}, "step": {"60"}}
	far := map[string]uint64{}
	asked, empty, points := 0, 0, 0
	one := func(q, path string, v url.Values) {
		v = maps.Clone(v)
		v.Set("query", q)
		ours, theirs, remote := ask(t, n.url, "a", path, v), ask(t, holds.url, "", path, v), ask(t, reads.url, "", path, v)
		if d, u := differ(remote, theirs); d != "" && (u == 0 || !anyOrder.MatchString(q) || !near(remote, theirs)) {
			t.Errorf("%s %s by remote read: %s (%d ulp)", path, q, d, u)
		}
		if strings.Contains(q, "atan2") {
			theirs.dropNames(t)
		}
		d, u := differ(ours, theirs)
		if d != "" && (u == 0 || !addsOtherwise.MatchString(q) || !near(ours, theirs)) {
			t.Errorf("%s %s: %s (%d ulp)", path, q, d, u)
		}
		if strings.HasPrefix(q, "sort") && (!slices.Equal(ours.order, theirs.order) || !slices.Equal(remote.order, theirs.order)) {
			t.Errorf("%s %s: another order", path, q)
		}
		asked++
		if u > 0 {
			far[path+" "+q] = u
		}
		if theirs.err != "" {
			t.Errorf("%s %s: Prometheus says %s", path, q, theirs.err)
		}
		if len(theirs.points) == 0 {
			empty++
		}
		for _, p := range theirs.points {
			points += len(p)
		}
	}
	all := queries(t)
	for _, q := range all {
		one(q, "query", single)
		if expr, err := n.s.parser.ParseExpr(q); err != nil {
			t.Errorf("%s: %v", q, err)
		} else if kind := expr.Type(); kind == "vector" || kind == "scalar" {
			one(q, "query_range", span)
		}
	}
	for _, q := range slices.Sorted(maps.Keys(far)) {
		t.Logf("%d ulp: %s", far[q], q)
	}
	t.Logf("%d queries, asked %d times of each of three; %d answers are empty; %d points; %d answers differ in last places", len(all), asked, empty, points, len(far))
	if len(all) < 200 || empty > asked/10 {
		t.Errorf("only %d queries, %d of %d answers are empty", len(all), empty, asked)
	}
}
