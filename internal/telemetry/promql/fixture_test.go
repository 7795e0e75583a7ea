package promql

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// begin is where the tests' time begins: 2025-03-04 08:00 UTC.
var begin = time.Date(2025, 3, 4, 8, 0, 0, 0, time.UTC)

func at(d time.Duration) int64 { return begin.Add(d).UnixNano() }

// plant is a Catalogue that tests fill.
type plant struct {
	mu     sync.Mutex
	points []Point
	asked  int
}

func (p *plant) Points(_ context.Context, scope auth.Scope, yield func(Point) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	for _, x := range p.points {
		if scope.Includes(x.Org) {
			if err := yield(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// node is a store behind the node's HTTP server.
type node struct {
	t       testing.TB
	mu      sync.Mutex
	clock   time.Time
	disk    *fault.Disk
	log     *log.Log
	store   *telemetry.Store
	catalog *telemetry.MemoryCatalog
	plant   *plant
	s       *Service
	api     *api.Server
	url     string
	a, b    uuid.UUID // organisations
	seq     uint64
	ids     int
}

func (n *node) now() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.clock
}

func (n *node) set(d time.Duration) {
	n.mu.Lock()
	n.clock = begin.Add(d)
	n.mu.Unlock()
}

// id is the i-th identifier of the tests: the same in every run, as answers are in the order of labels.
func id(i int) uuid.UUID {
	return uuid.UUID{0: 0x01, 6: 0x70, 8: 0x80, 14: byte(i >> 8), 15: byte(i)}
}

func newNode(t testing.TB, change ...func(*Options)) *node {
	t.Helper()
	n := &node{t: t, clock: begin, plant: &plant{}, a: id(0xa0), b: id(0xb0)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	n.disk = fault.NewDisk(1)
	var err error
	n.log, err = log.Open(log.Options{FS: n.disk, Dir: "/node/journal", Now: n.now, Keepers: []string{telemetry.Keeper}, SegmentBytes: 1 << 20})
	must(err)
	n.catalog = &telemetry.MemoryCatalog{}
	n.openStore()
	callers := authtest.Callers{
		"a":    authtest.Person("a", map[uuid.UUID]auth.Role{n.a: auth.Viewer}),
		"b":    authtest.Person("b", map[uuid.UUID]auth.Role{n.b: auth.Viewer}),
		"both": authtest.Person("both", map[uuid.UUID]auth.Role{n.a: auth.Viewer, n.b: auth.Viewer}),
		"m":    authtest.Person("m", map[uuid.UUID]auth.Role{n.a: auth.Monitor}),
	}
	n.api, err = api.New(t.Context(), api.Options{Auth: callers, Listen: []api.Listen{{Address: "127.0.0.1:0", Plain: true}}, Now: n.now})
	must(err)
	o := Options{Store: n.store, Catalogue: n.plant, Auth: callers, Now: n.now, Language: "en", Version: "1.2.3"}
	for _, c := range change {
		c(&o)
	}
	n.s = New(o)
	n.s.Routes(n.api)
	must(n.api.Start(t.Context()))
	n.url = n.api.Addresses()[0] + "/prometheus"
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := n.api.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		_ = n.store.Close()
		_ = n.log.Close()
	})
	return n
}

// openStore opens the store, once more after it was closed.
func (n *node) openStore() {
	n.t.Helper()
	var err error
	n.store, err = telemetry.Open(context.Background(), telemetry.Options{FS: n.disk, Dir: "/node/telemetry", Log: n.log, Catalog: n.catalog, Now: n.now, NoBackground: true})
	if err != nil {
		n.t.Fatal(err)
	}
	if n.s != nil {
		n.s.o.Store, n.s.index.store = n.store, n.store
	}
}

// point is a series of a test.
type point struct {
	key, unit string
	typ       telemetry.Type
	machine   int
	silence   time.Duration
	org       uuid.UUID // zero: a
}

// add makes a point and its series.
func (n *node) add(p point) telemetry.Ref {
	n.t.Helper()
	if p.org == uuid.Nil {
		p.org = n.a
	}
	if p.silence == 0 {
		p.silence = 30 * time.Second
	}
	n.ids++
	series := id(0x1000 + n.ids)
	refs, err := n.store.Declare(n.t.Context(), []telemetry.Declaration{{ID: series, Org: p.org, Type: p.typ, Unit: p.unit, Report: telemetry.OnChange, MaxSilence: p.silence, From: begin.UnixNano()}})
	if err != nil {
		n.t.Fatal(err)
	}
	line := "A"
	if p.machine > 2 {
		line = "B"
	}
	n.plant.mu.Lock()
	n.plant.points = append(n.plant.points, Point{ID: series, Org: p.org, Machine: id(p.machine), Key: p.key,
		Name: text.Text{Zh: "读数", En: "reading of " + p.key}, MachineName: text.Text{Zh: fmt.Sprint("铣床", p.machine), En: fmt.Sprint("mill ", p.machine)},
		Site: text.Both("north"), Line: text.Both(line), Counter: strings.HasPrefix(p.key, "energy")})
	n.plant.mu.Unlock()
	n.s.Changed(p.org)
	return refs[0]
}

// row is one sample; its value is a number in the series' type.
type row struct {
	t      int64 // ns
	v      float64
	status telemetry.Status
	none   bool // without a value
	flags  telemetry.Flags
}

// put stores samples and waits until they are durable.
func (n *node) put(ref telemetry.Ref, rows ...row) {
	n.t.Helper()
	series, _ := n.store.Series(ref)
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for _, r := range rows {
		bits := math.Float64bits(r.v)
		switch series.Type {
		case telemetry.Int64:
			bits = uint64(int64(r.v))
		case telemetry.Bool:
			bits = uint64(r.v)
		}
		flags := r.flags
		if r.none {
			flags |= telemetry.NoValue
			bits = 0
		}
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, r.t), append(b.Gateway, r.t), append(b.Bits, bits)
		b.Status, b.Flags = append(b.Status, r.status), append(b.Flags, flags)
	}
	n.append(b)
}

func (n *node) append(b *telemetry.Batch) {
	n.t.Helper()
	n.seq++
	done := make(chan error, 1)
	if err := n.store.Append(n.t.Context(), id(0xf0), 1, n.seq, b, func(_ telemetry.Receipt, err error) { done <- err }); err != nil {
		n.t.Fatal(err)
	}
	if err := <-done; err != nil {
		n.t.Fatal(err)
	}
}

// response is what came back, as Prometheus' clients read it.
type response struct {
	code      int
	header    http.Header
	body      string
	Status    string          `json:"status"`
	Data      json.RawMessage `json:"data"`
	ErrorType string          `json:"errorType"`
	Error     string          `json:"error"`
	Warnings  []string        `json:"warnings"`
}

// call asks as somebody; form is the body of a POST.
func (n *node) call(method, path, token string, form url.Values) response {
	n.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, n.url+path, body)
	if err != nil {
		n.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return n.do(r)
}

func (n *node) do(r *http.Request) response {
	n.t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	out := response{code: res.StatusCode, header: res.Header, body: string(data)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(data, &out); err != nil {
			n.t.Fatalf("%s: %v in %.300s", r.URL, err, data)
		}
	}
	return out
}

// instant gives the value of an expression at a time, as text: "mill 1=20 mill 2=3", in the order of the answer.
func (n *node) instant(query string, d time.Duration, more ...string) string {
	n.t.Helper()
	v := url.Values{"query": {query}, "time": {begin.Add(d).Format(time.RFC3339Nano)}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	r := n.call("GET", "/api/v1/query?"+v.Encode(), "a", nil)
	if r.code != 200 {
		return fmt.Sprint(r.code, " ", r.ErrorType, " ", r.Error)
	}
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := json.Unmarshal(r.Data, &data); err != nil {
		n.t.Fatal(err)
	}
	if data.ResultType == "scalar" || data.ResultType == "string" {
		var v [2]any
		_ = json.Unmarshal(data.Result, &v)
		return fmt.Sprint(v[1])
	}
	var list []struct {
		Metric map[string]string
		Value  [2]any
		Values [][2]any
	}
	if err := json.Unmarshal(data.Result, &list); err != nil {
		n.t.Fatal(err)
	}
	var out []string
	for _, s := range list {
		if data.ResultType == "vector" {
			out = append(out, fmt.Sprintf("%s=%v", s.Metric[labelMachineName], s.Value[1]))
			continue
		}
		for _, p := range s.Values {
			out = append(out, fmt.Sprintf("%v@%v", p[1], math.Round((p[0].(float64)-float64(begin.Unix()))*1000)/1000))
		}
	}
	return strings.Join(out, " ")
}

func (n *node) want(query string, d time.Duration, want string, more ...string) {
	n.t.Helper()
	if got := n.instant(query, d, more...); got != want {
		n.t.Errorf("%s at +%v %v:\n got %s\nwant %s", query, d, more, got, want)
	}
}
