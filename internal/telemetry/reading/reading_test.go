package reading_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/reading"
	"jingwei/internal/telemetry/shown"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plant describes the points that a test has declared.
type plant struct {
	mu     sync.Mutex
	points []reading.Point
}

func (p *plant) Points(_ context.Context, scope auth.Scope, f reading.Filter, page store.Page) ([]reading.Point, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []reading.Point
	for _, x := range p.points {
		byID := len(f.IDs) == 0
		for _, id := range f.IDs {
			byID = byID || id == x.ID
		}
		if scope.Includes(x.Org) && (f.Machine == uuid.Nil || f.Machine == x.Machine) && byID && (page.After == "" || x.ID.String() > page.After) {
			out = append(out, x)
		}
	}
	if n := page.Rows(); len(out) > n {
		return out[:n], out[n-1].ID.String(), nil
	}
	return out, "", nil
}

type bench struct {
	t        testing.TB
	mu       sync.Mutex
	clock    time.Time
	dir      string // of the store
	store    *telemetry.Store
	plant    *plant
	server   *api.Server
	a, b     uuid.UUID
	mill     uuid.UUID
	producer uuid.UUID
	seq      uint64
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clock = b.clock.Add(d)
}

func build(t testing.TB) *bench {
	t.Helper()
	return buildWith(t, reading.DefaultLimits())
}

func buildWith(t testing.TB, limits reading.Limits) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), clock: time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC), plant: &plant{},
		a: uuid.Must(uuid.NewV7()), b: uuid.Must(uuid.NewV7()), mill: uuid.Must(uuid.NewV7()), producer: uuid.Must(uuid.NewV7())}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	journal, err := log.Open(log.Options{FS: file.OS(), Dir: t.TempDir(), SegmentBytes: 1 << 20, Now: b.now, Keepers: []string{telemetry.Keeper}})
	must(err)
	b.store, err = telemetry.Open(t.Context(), telemetry.Options{FS: file.OS(), Dir: b.dir, Log: journal, Catalog: &telemetry.MemoryCatalog{}, Now: b.now, NoBackground: true, Raise: func(telemetry.Trouble) {}})
	must(err)
	b.server, err = api.New(t.Context(), api.Options{
		Auth: authtest.Callers{
			"a": authtest.Person("a", map[uuid.UUID]auth.Role{b.a: auth.Viewer}),
			"b": authtest.Person("b", map[uuid.UUID]auth.Role{b.b: auth.Viewer}),
			"m": authtest.Person("m", map[uuid.UUID]auth.Role{b.a: auth.Monitor}),
		},
		Listen: []api.Listen{{Address: "127.0.0.1:0", Plain: true}}, LiveEvery: time.Millisecond, Now: b.now,
	})
	must(err)
	reading.New(b.store, b.plant, b.now).WithLimits(limits).Routes(b.server)
	must(b.server.Start(t.Context()))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := b.server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := b.store.Close(); err != nil {
			t.Error(err)
		}
		if err := journal.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// declare makes a point on the mill.
func (b *bench) declare(org uuid.UUID, name string, typ telemetry.Type, unit string) (uuid.UUID, telemetry.Ref) {
	b.t.Helper()
	id := uuid.Must(uuid.NewV7())
	refs, err := b.store.Declare(b.t.Context(), []telemetry.Declaration{{ID: id, Org: org, Type: typ, Unit: unit, Report: telemetry.OnChange, MaxSilence: 10 * time.Second, From: b.now().UnixNano()}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.plant.mu.Lock()
	b.plant.points = append(b.plant.points, reading.Point{ID: id, Org: org, Machine: b.mill, Name: text.Text{Zh: name, En: name}})
	b.plant.mu.Unlock()
	return id, refs[0]
}

// add stores samples and waits until they are durable.
func (b *bench) add(rows ...telemetry.Sample) {
	b.t.Helper()
	batch := &telemetry.Batch{Origin: telemetry.Replayed}
	for _, r := range rows {
		ref := telemetry.Ref(r.Commit) // the test's way to name the series
		bits := r.Value.Bits
		if r.Value.Type == telemetry.String {
			bits = uint64(len(batch.Text))
			batch.Text = append(batch.Text, r.Value.Text)
		}
		batch.Ref, batch.Time, batch.Gateway = append(batch.Ref, ref), append(batch.Time, r.Time), append(batch.Gateway, r.Time+1e6)
		batch.Bits, batch.Status, batch.Flags = append(batch.Bits, bits), append(batch.Status, r.Status), append(batch.Flags, r.Flags)
	}
	b.seq++
	done := make(chan error, 1)
	if err := b.store.Append(b.t.Context(), b.producer, 1, b.seq, batch, func(_ telemetry.Receipt, err error) { done <- err }); err != nil {
		b.t.Fatal(err)
	}
	if err := <-done; err != nil {
		b.t.Fatal(err)
	}
}

func float(ref telemetry.Ref, t time.Time, v float64) telemetry.Sample {
	return telemetry.Sample{Commit: uint64(ref), Time: t.UnixNano(), Value: telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(v)}}
}

func (b *bench) get(caller, path string, status int, out any) string {
	b.t.Helper()
	return b.do(caller, "GET", path, "", status, out)
}

// query posts a query.
func (b *bench) query(caller, body string, status int, out any) string {
	b.t.Helper()
	return b.do(caller, "POST", "/samples/query", body, status, out)
}

func (b *bench) do(caller, method, path, body string, status int, out any) string {
	b.t.Helper()
	r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if caller != "" {
		r.Header.Set("Authorization", "Bearer "+caller)
	}
	w := httptest.NewRecorder()
	b.server.Handler().ServeHTTP(w, r)
	if w.Code != status {
		b.t.Fatalf("%s: %d %s, want %d", path, w.Code, w.Body, status)
	}
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			b.t.Fatal(err)
		}
	}
	return w.Body.String()
}

func TestValuesOfEveryTypeInJSON(t *testing.T) {
	b := build(t)
	at := func(i int) int64 { return b.clock.Add(time.Duration(i) * time.Second).UnixNano() }
	f, fr := b.declare(b.a, "f", telemetry.Float64, "mm/s")
	n, nr := b.declare(b.a, "n", telemetry.Int64, "1")
	l, lr := b.declare(b.a, "l", telemetry.Bool, "")
	s, sr := b.declare(b.a, "s", telemetry.String, "")
	for i, v := range []float64{1.5, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 5e-324, 1e21, 0.1} {
		b.add(float(fr, time.Unix(0, at(i)), v))
	}
	b.add(telemetry.Sample{Commit: uint64(fr), Time: at(8), Status: telemetry.BadNoCommunication, Flags: telemetry.NoValue | telemetry.GatewayTime})
	b.add(telemetry.Sample{Commit: uint64(nr), Time: at(0), Value: telemetry.Value{Type: telemetry.Int64, Bits: 1 << 63}},
		telemetry.Sample{Commit: uint64(nr), Time: at(1), Value: telemetry.Value{Type: telemetry.Int64, Bits: math.MaxInt64}, Status: 0x40930000 | 0x100},
		telemetry.Sample{Commit: uint64(lr), Time: at(0), Value: telemetry.Value{Type: telemetry.Bool, Bits: 1}, Status: 0x80FF0001},
		telemetry.Sample{Commit: uint64(sr), Time: at(0), Value: telemetry.Value{Type: telemetry.String, Text: "停机 \"A\"\n"}})
	b.pass(time.Minute)
	values := func(id uuid.UUID) string {
		var out struct {
			Items []struct {
				Value json.RawMessage `json:"value"`
			} `json:"items"`
		}
		b.get("a", "/series/"+id.String()+"/samples?from=2026-05-04T08:00:00Z", 200, &out)
		var list []string
		for _, i := range out.Items {
			list = append(list, string(i.Value))
		}
		return strings.Join(list, " ")
	}
	for id, want := range map[uuid.UUID]string{
		f: `1.5 "NaN" "Infinity" "-Infinity" -0 5e-324 1e+21 0.1 null`, n: `"-9223372036854775808" "9223372036854775807"`, l: `true`, s: `"停机 \"A\"\n"`,
	} {
		if got := values(id); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	whole := b.get("a", "/series/"+f.String()+"/samples?from=2026-05-04T08:00:08Z&detail=true", 200, nil)
	want := `{"items":[{"time":"2026-05-04T08:00:08Z","gatewayTime":"2026-05-04T08:00:08.001Z","value":null,"status":{"code":2150694912,"name":"BadNoCommunication","class":"bad"},"flags":["noValue","gatewayTime"],"origin":"replayed","revision":0,"commit":"9","commitTime":"2026-05-04T08:00:00.000000008Z","trace":"TRACE"}]}` + "\n"
	want = strings.Replace(want, "TRACE", b.producer.String()+"-1-9", 1)
	if whole != want {
		t.Errorf("got  %s\nwant %s", whole, want)
	}
	if got := b.get("a", "/series/"+n.String()+"/samples?from=2026-05-04T08:00:01Z", 200, nil); !strings.Contains(got, `{"code":1083375872,"name":"UncertainSensorNotAccurate","class":"uncertain"}`) {
		t.Errorf("information bits: %s", got)
	}
	if got := b.get("a", "/series/"+l.String()+"/samples?from=2026-05-04T08:00:00Z", 200, nil); !strings.Contains(got, `"name":"Bad0x80FF0000","class":"bad"`) {
		t.Errorf("an unknown code: %s", got)
	}
}

func TestSamplesByPageAndAsPlot(t *testing.T) {
	b := build(t)
	id, ref := b.declare(b.a, "speed", telemetry.Float64, "mm/s")
	start := b.clock
	for i := range 100 {
		b.add(float(ref, start.Add(time.Duration(i)*time.Second), float64(i%10)))
	}
	b.pass(time.Hour)
	path := "/series/" + id.String() + "/samples?from=2026-05-04T08:00:00Z&to=2026-05-04T08:01:40Z"
	var got []string
	for cursor, pages := "", 0; ; pages++ {
		var page reading.Samples
		raw := b.get("a", path+"&limit=30&cursor="+cursor, 200, nil)
		var times struct {
			Items []struct{ Time string }
			Next  string
		}
		_ = json.Unmarshal([]byte(raw), &times)
		_ = page
		for _, i := range times.Items {
			got = append(got, i.Time)
		}
		if cursor = times.Next; cursor == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
	}
	if len(got) != 100 || got[0] != "2026-05-04T08:00:00Z" || got[99] != "2026-05-04T08:01:39Z" {
		t.Errorf("%d samples from %s to %s", len(got), got[0], got[len(got)-1])
	}
	var plot struct {
		Items []struct {
			Time  string
			Value float64
			Kind  string
		}
		From, To string
		Pixels   int
	}
	b.get("a", path+"&mode=plot&pixels=2", 200, &plot)
	var drawn []string
	for _, p := range plot.Items {
		drawn = append(drawn, fmt.Sprintf("%s %s %v", p.Time[14:19], p.Kind, p.Value))
	}
	if want := "[00:00 first 0 00:09 max 9 00:49 last 9 00:50 first 0 00:59 max 9 01:39 last 9]"; fmt.Sprint(drawn) != want {
		t.Errorf("drawn %v, want %s", drawn, want)
	}
	if plot.From != "2026-05-04T08:00:00Z" || plot.To != "2026-05-04T08:01:40Z" || plot.Pixels != 2 {
		t.Errorf("plot of %s to %s on %d", plot.From, plot.To, plot.Pixels)
	}
	var buckets struct{ Items []map[string]any }
	b.get("a", strings.Replace(path, "/samples", "/aggregates", 1)+"&step=50s", 200, &buckets)
	if len(buckets.Items) != 2 {
		t.Fatalf("%d buckets", len(buckets.Items))
	}
	for key, want := range map[string]any{"from": "2026-05-04T08:00:50Z", "to": "2026-05-04T08:01:40Z", "count": 50.0, "good": 50.0, "bad": 0.0, "min": 0.0, "max": 9.0, "sum": 225.0, "mean": 4.5, "first": 0.0, "last": 9.0, "covered": 50.0} {
		if got := buckets.Items[1][key]; got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	// An empty bucket has no figures, and says so.
	b.get("a", "/series/"+id.String()+"/aggregates?from=2026-05-04T07:00:00Z&to=2026-05-04T07:05:00Z", 200, &buckets)
	if e := buckets.Items[0]; e["mean"] != nil || e["min"] != nil || e["count"] != 0.0 || e["sum"] != nil {
		t.Errorf("an empty bucket: %v", e)
	}
	for query, location := range map[string]string{
		"samples?from=2026-05-04T08:00:00Z&to=2026-05-04T08:00:00Z": "query.to", "samples?from=1969-12-31T23:59:59Z": "query.from", "samples?to=9999-01-01T00:00:00Z": "query.to",
		"samples?from=yesterday": "query.from", "samples?mode=fast": "query.mode", "samples?limit=0": "query.limit", "samples?mode=plot&pixels=20001": "query.pixels",
		"samples?cursor=!!": "query.cursor", "aggregates?step=often": "query.step", "aggregates?step=-5m": "query.step", "aggregates?step=1ns": "query.step",
	} {
		if got := b.get("a", "/series/"+id.String()+"/"+query, 422, nil); strings.Contains(got, "2006") || !strings.Contains(got, `"location":"`+location+`"`) {
			t.Errorf("%s: %s", query, got)
		}
	}
}

func TestAnotherOrganisationsSeriesIsNotFound(t *testing.T) {
	b := build(t)
	id, ref := b.declare(b.a, "speed", telemetry.Float64, "mm/s")
	other, _ := b.declare(b.b, "secret", telemetry.Float64, "mm/s")
	b.add(float(ref, b.clock, 1))
	for _, path := range []string{"", "/samples", "/samples?mode=plot", "/aggregates"} {
		b.get("a", "/series/"+id.String()+path, 200, nil)
		b.get("b", "/series/"+id.String()+path, 404, nil)
		b.get("m", "/series/"+id.String()+path, 403, nil) // a member of the organisation whose role sees metrics only
		b.get("", "/series/"+id.String()+path, 401, nil)
		b.get("a", "/series/"+uuid.NewString()+path, 404, nil)
	}
	// Nothing tells another's from none: the two answers are the same but for the id.
	another, none := b.get("a", "/series/"+other.String(), 404, nil), b.get("a", "/series/"+uuid.NewString(), 404, nil)
	var x, y map[string]any
	_ = json.Unmarshal([]byte(another), &x)
	_ = json.Unmarshal([]byte(none), &y)
	for _, doc := range []map[string]any{x, y} {
		delete(doc, "instance")
		for _, e := range doc["errors"].([]any) {
			delete(e.(map[string]any), "value") // the id
		}
	}
	if fmt.Sprint(x) != fmt.Sprint(y) {
		t.Errorf("%v and %v", x, y)
	}
	for path, want := range map[string]int{"/series": 1, "/series?org=" + b.a.String(): 1, "/series?machine=" + b.mill.String(): 1, "/latest?machine=" + b.mill.String(): 1, "/latest?org=" + b.a.String(): 1} {
		var list struct{ Items []map[string]any }
		b.get("a", path, 200, &list)
		if len(list.Items) != want {
			t.Errorf("%s gives %d", path, len(list.Items))
		}
	}
	b.get("a", "/series?org="+b.b.String(), 404, nil)
	b.get("a", "/latest?org="+b.b.String(), 404, nil)
	b.get("a", "/latest", 422, nil)
	want := fmt.Sprintf(`{"id":"%s","org":"%s","point":"%s","machine":"%s","name":{"zh":"speed","en":"speed"},"unit":"mm/s","type":"float64","report":"onChange","maxSilence":"10s"}`, id, b.a, id, b.mill)
	if got := b.get("a", "/series/"+id.String(), 200, nil); strings.TrimSpace(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSeriesComeInPages(t *testing.T) {
	b := build(t)
	for i := range 7 {
		b.declare(b.a, fmt.Sprint("p", i), telemetry.Float64, "1")
	}
	var names []string
	for cursor := ""; ; {
		var page struct {
			Items []struct{ Name text.Text }
			Next  string
		}
		b.get("a", "/series?limit=3&cursor="+cursor, 200, &page)
		for _, s := range page.Items {
			names = append(names, s.Name.En)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if fmt.Sprint(names) != "[p0 p1 p2 p3 p4 p5 p6]" {
		t.Errorf("%v", names)
	}
}

func TestLatestSaysWhatAValueIsWorth(t *testing.T) {
	b := build(t)
	state := func(id uuid.UUID) string {
		var list struct {
			Items []struct {
				Series uuid.UUID
				State  string
				Sample *struct{ Time string }
			}
		}
		b.get("a", "/latest?machine="+b.mill.String(), 200, &list)
		for _, i := range list.Items {
			if i.Series == id {
				if (i.Sample == nil) != (i.State == "silent") && i.Sample == nil {
					t.Errorf("%s without a sample", i.State)
				}
				return i.State
			}
		}
		return "absent"
	}
	id, ref := b.declare(b.a, "speed", telemetry.Float64, "mm/s")
	if got := state(id); got != "silent" {
		t.Errorf("never heard of: %s", got)
	}
	b.add(float(ref, b.clock, 1))
	b.pass(12 * time.Second) // the longest silence and the grace
	if got := state(id); got != "live" {
		t.Errorf("after 12 s: %s", got)
	}
	b.pass(1)
	if got := state(id); got != "stale" {
		t.Errorf("a nanosecond later: %s", got)
	}
	for _, c := range []struct {
		status telemetry.Status
		flags  telemetry.Flags
		want   string
	}{{telemetry.BadNoCommunication, telemetry.NoValue, "silent"}, {telemetry.BadDeviceFailure, 0, "stale"}, {telemetry.Uncertain, 0, "stale"}, {telemetry.Good, 0, "live"}} {
		b.pass(time.Second)
		s := float(ref, b.clock, 2)
		s.Status, s.Flags = c.status, c.flags
		if c.flags != 0 {
			s.Value = telemetry.Value{}
		}
		b.add(s)
		if got := state(id); got != c.want {
			t.Errorf("%s: %s, want %s", shown.StatusName(c.status), got, c.want)
		}
	}
}

// events reads a live stream's values events.
type events struct {
	t     testing.TB
	lines *bufio.Scanner
}

func (e *events) next() (out []string) {
	e.t.Helper()
	for e.lines.Scan() {
		data, ok := strings.CutPrefix(e.lines.Text(), "data: ")
		if !ok {
			continue
		}
		var page struct {
			Items []struct {
				Series uuid.UUID
				State  string
				Sample *struct{ Value any }
			}
		}
		if err := json.Unmarshal([]byte(data), &page); err != nil {
			e.t.Fatal(err)
		}
		for _, i := range page.Items {
			v := "none"
			if i.Sample != nil {
				v = fmt.Sprint(i.Sample.Value)
			}
			out = append(out, v+" "+i.State)
		}
		return out
	}
	e.t.Fatalf("the stream ended: %v", e.lines.Err())
	return nil
}

func TestLiveValuesCoalesceAndAge(t *testing.T) {
	b := build(t)
	_, ref := b.declare(b.a, "speed", telemetry.Float64, "mm/s")
	_, two := b.declare(b.a, "load", telemetry.Float64, "%")
	b.declare(b.b, "secret", telemetry.Float64, "%") // on the same machine's id, of another organisation
	r, err := http.NewRequestWithContext(t.Context(), "GET", b.server.Addresses()[0]+"/api/v1/live?machine="+b.mill.String()+"&org="+b.a.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer a")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	e := &events{t, bufio.NewScanner(resp.Body)}
	want := func(values ...string) {
		t.Helper()
		if got := e.next(); fmt.Sprint(got) != fmt.Sprint(values) {
			t.Fatalf("got %v, want %v", got, values)
		}
	}
	want("none silent", "none silent") // the whole state once, each series once
	b.add(float(ref, b.now(), 1))
	want("1 live")
	// A thousand samples of two series at once are not a thousand events: what comes last is the latest.
	var rows []telemetry.Sample
	for i := range 500 {
		rows = append(rows, float(ref, b.now().Add(time.Duration(i+1)), float64(i)), float(two, b.now().Add(time.Duration(i+1)), float64(-i)))
	}
	b.add(rows...)
	want("499 live", "-499 live")
	// Time alone makes values stale, and the client is told once.
	b.pass(13 * time.Second)
	want("499 stale", "-499 stale")
	b.add(float(two, b.now(), 7))
	want("7 live")
	// A point that is added later comes without a new connection.
	_, three := b.declare(b.a, "temperature", telemetry.Float64, "Cel")
	b.add(float(three, b.now(), 21))
	b.pass(10 * time.Second)
	want("21 live")
}

func TestManyStreamsOnManySeriesStayCheap(t *testing.T) {
	b := build(t)
	var refs []telemetry.Ref
	for i := range 300 {
		_, ref := b.declare(b.a, fmt.Sprint(i), telemetry.Float64, "1")
		refs = append(refs, ref)
	}
	var streams []*events
	for range 20 {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", b.server.Addresses()[0]+"/api/v1/live?org="+b.a.String(), nil)
		r.Header.Set("Authorization", "Bearer a")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 0)); _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		streams = append(streams, &events{t, lines})
	}
	for _, e := range streams {
		if got := e.next(); len(got) != 300 {
			t.Fatalf("%d values", len(got))
		}
	}
	var rows []telemetry.Sample
	for i, ref := range refs {
		rows = append(rows, float(ref, b.now(), float64(i)))
	}
	b.add(rows...)
	for _, e := range streams {
		if got := e.next(); len(got) != 300 || got[299] != "299 live" {
			t.Fatalf("%d values, the last %q", len(got), got[len(got)-1])
		}
	}
}

func TestTextsAreComplete(t *testing.T) {
	b := build(t)
	for _, k := range reading.Problems() {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", "zh")
		b.server.WriteProblem(w, r, k)
		if strings.Contains(w.Body.String(), `"title":"`+k.Code()+`"`) || w.Code != k.GetStatus() {
			t.Errorf("%s: %s", k.Code(), w.Body)
		}
	}
}
