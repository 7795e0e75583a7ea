package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

var (
	orgA, orgB = uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	people     = authtest.Callers{
		"a": authtest.Person("a", map[uuid.UUID]auth.Role{orgA: auth.Owner}),
		"b": authtest.Person("b", map[uuid.UUID]auth.Role{orgB: auth.Engineer}).AtHome(orgB),
	}
)

func newServer(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Auth == nil {
		o.Auth = people
	}
	s, err := New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	type thing struct {
		Body struct {
			Name     string    `json:"name" minLength:"2" maxLength:"5"`
			Kind     string    `json:"kind,omitempty" enum:"x,y"`
			Count    int       `json:"count,omitempty" minimum:"1" maximum:"9"`
			Tags     []string  `json:"tags,omitempty" maxItems:"2" uniqueItems:"true"`
			When     time.Time `json:"when,omitempty"`
			Password string    `json:"password,omitempty" minLength:"20"`
		}
	}
	type made struct {
		ETag string `header:"ETag"`
		Body struct {
			Number int `json:"number"`
		}
	}
	var number atomic.Int64
	Register(s, huma.Operation{OperationID: "makeThing", Method: "POST", Path: "/things", DefaultStatus: 201},
		func(ctx context.Context, in *thing) (*made, error) {
			switch in.Body.Name {
			case "fail":
				return nil, errors.New("the cause with its secret")
			case "panic":
				panic("out of the blue")
			case "full":
				return nil, fmt.Errorf("save: %w", store.ErrFull)
			}
			out := &made{ETag: ETag("thing", 1)}
			out.Body.Number = int(number.Add(1))
			return out, nil
		})
	type query struct {
		Org uuid.UUID `query:"org"`
		Paging
	}
	Register(s, huma.Operation{OperationID: "listThings", Method: "GET", Path: "/things"},
		func(ctx context.Context, in *query) (*List[string], error) {
			if _, err := auth.AllowOrVisible(ctx, auth.Configure, in.Org); err != nil {
				return nil, err
			}
			if in.Cursor != "" {
				return nil, store.ErrCursor
			}
			return Listed([]string{strings.Repeat("item ", 2000)}, ""), nil
		})
	type change struct {
		ID uuid.UUID `path:"id"`
		IfMatch
	}
	Register(s, huma.Operation{OperationID: "changeThing", Method: "PATCH", Path: "/things/{id}"},
		func(ctx context.Context, in *change) (*struct{}, error) { return nil, in.Check(ETag("thing", 1)) })
	return s
}

type reply struct {
	*http.Response
	body string
	doc  problem.Document
}

func call(t testing.TB, s *Server, method, path, body string, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	out := reply{Response: w.Result(), body: w.Body.String()}
	if w.Header().Get("Content-Type") == problem.MediaType {
		if err := json.Unmarshal(w.Body.Bytes(), &out.doc); err != nil {
			t.Fatalf("%s: %v", out.body, err)
		}
	}
	return out
}

func TestTextsAreCompleteInBothLanguages(t *testing.T) {
	s := newServer(t, Options{})
	kinds := append(append(Kinds(), auth.Problems()...), org.Problems()...)
	if missing := s.texts.Missing(kinds...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
	known := map[string]bool{}
	for _, k := range kinds {
		known[k.Code()] = true
	}
	for _, code := range s.texts.Codes() {
		if !known[code] {
			t.Errorf("words for %q, which nothing returns", code)
		}
	}
}

func TestWhoMayAndWhoMayNot(t *testing.T) {
	s := newServer(t, Options{})
	for _, c := range []struct {
		caller, path string
		status       int
		code         string
	}{
		{"", "/api/v1/things", 401, "unauthenticated"},
		{"Bearer nonsense", "/api/v1/things", 401, "unauthenticated"},
		{"Bearer a", "/api/v1/things", 200, ""},
		{"Bearer a", "/api/v1/things?org=" + orgA.String(), 200, ""},
		{"Bearer a", "/api/v1/things?org=" + orgB.String(), 404, "not-found"},
		{"Bearer b", "/api/v1/things?org=" + orgA.String(), 404, "not-found"},
		{"Bearer a", "/api/v1/nothing", 404, "no-such-address"},
		{"", "/api/v1/nothing", 404, "no-such-address"},
	} {
		r := call(t, s, "GET", c.path, "", "Authorization", c.caller)
		if r.StatusCode != c.status || r.doc.Code != c.code {
			t.Errorf("%q %s: %d %s, want %d %s", c.caller, c.path, r.StatusCode, r.doc.Code, c.status, c.code)
		}
		if c.status == 401 && !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Error("401 without WWW-Authenticate")
		}
	}
	// Who is nobody is told so before their input is looked at.
	if r := call(t, s, "POST", "/api/v1/things", `{"name":1}`); r.StatusCode != 401 {
		t.Errorf("faulty input of nobody: %d", r.StatusCode)
	}
}

func TestEveryFaultOfARequestIsNamedWithItsMend(t *testing.T) {
	s := newServer(t, Options{})
	r := call(t, s, "POST", "/api/v1/things",
		`{"name":"toolong","kind":"z","count":12,"tags":["q","q","q"],"when":"yesterday","password":"my secret","extra":true}`,
		"Authorization", "Bearer a", "Accept-Language", "zh-CN")
	if r.StatusCode != 422 || r.doc.Code != "invalid" || r.doc.Title != "请求有误" || !strings.HasPrefix(r.doc.Instance, "urn:jingwei:request:") {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	var got []string
	for _, f := range r.doc.Errors {
		got = append(got, fmt.Sprint(f.Location, " ", f.Code, " ", f.Value))
		if f.Message == "" || f.Mend == "" || strings.Contains(f.Message, "?") {
			t.Errorf("%+v has no whole message", f)
		}
	}
	want := []string{
		"body.count field-too-large 12", "body.extra field-unknown <nil>", "body.kind field-choice z", "body.name field-too-long toolong",
		"body.password field-too-short <nil>", "body.tags field-too-long <nil>", "body.tags field-not-unique <nil>", "body.when field-format yesterday",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if strings.Contains(r.body, "my secret") {
		t.Error("the password comes back")
	}
	for _, c := range []struct{ body, code, location, field string }{
		{`{"count":3}`, "invalid", "body.name", "field-missing"},
		{`{"name":`, "body-invalid", "body", "body-invalid"},
		{`{"name":1}`, "invalid", "body.name", "field-type"},
		{``, "body-invalid", "body", "body-invalid"},
	} {
		r := call(t, s, "POST", "/api/v1/things", c.body, "Authorization", "Bearer a")
		if r.doc.Code != c.code || len(r.doc.Errors) != 1 || r.doc.Errors[0].Location != c.location || r.doc.Errors[0].Code != c.field {
			t.Errorf("%s: %s", c.body, r.body)
		}
	}
	if r := call(t, s, "GET", "/api/v1/things?limit=5000", "", "Authorization", "Bearer a"); r.doc.Errors[0].Location != "query.limit" || r.doc.Errors[0].Code != "field-too-large" {
		t.Errorf("limit: %s", r.body)
	}
	if r := call(t, s, "GET", "/api/v1/things?cursor=x", "", "Authorization", "Bearer a"); r.StatusCode != 422 || r.doc.Code != "cursor-invalid" {
		t.Errorf("cursor: %s", r.body)
	}
	if r := call(t, s, "PATCH", "/api/v1/things/not-an-id", "", "Authorization", "Bearer a"); r.StatusCode != 422 || r.doc.Errors[0].Location != "path.id" {
		t.Errorf("id: %s", r.body)
	}
	if r := call(t, s, "POST", "/api/v1/things", "{}", "Authorization", "Bearer a", "Content-Type", "text/csv"); r.StatusCode != 415 || r.doc.Code != "media-type-unknown" {
		t.Errorf("media type: %d %s", r.StatusCode, r.body)
	}
}

func TestFaultsOfTheNodeAreLoggedAndNotShown(t *testing.T) {
	var b bytes.Buffer
	s := newServer(t, Options{Logger: slog.New(LogHandler(slog.NewJSONHandler(&b, nil)))})
	for name, want := range map[string]int{"fail": 500, "panic": 500, "full": 503} {
		b.Reset()
		trace := "4bf92f3577b34da6a3ce929d0e0e4736"
		r := call(t, s, "POST", "/api/v1/things", `{"name":"`+name+`"}`, "Authorization", "Bearer a", "Traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
		if r.StatusCode != want || strings.Contains(r.body, "secret") || strings.Contains(r.body, "blue") || r.doc.Mend == "" {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.body)
		}
		log := b.String()
		id := strings.TrimPrefix(r.doc.Instance, "urn:jingwei:request:")
		if !strings.Contains(log, id) || !strings.Contains(log, trace) || id != r.Header.Get("X-Request-Id") || !strings.Contains(log, `"actor":"person:a"`) {
			t.Errorf("%s: the log does not lead from %s to the cause: %s", name, id, log)
		}
	}
}

func TestWrongMethodTellsTheRightOnes(t *testing.T) {
	s := newServer(t, Options{})
	r := call(t, s, "DELETE", "/api/v1/things", "", "Authorization", "Bearer a")
	if r.StatusCode != 405 || r.Header.Get("Allow") != "GET, POST" || r.doc.Code != "method-not-allowed" {
		t.Errorf("%d %q %s", r.StatusCode, r.Header.Get("Allow"), r.body)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s := newServer(t, Options{MaxBody: 1000})
	big := `{"name":"` + strings.Repeat("x", 2000) + `"}`
	r := call(t, s, "POST", "/api/v1/things", big, "Authorization", "Bearer a")
	if r.StatusCode != 413 || r.doc.Code != "body-too-large" || !strings.Contains(r.doc.Detail, "1000") {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	// Without a length in front: cut while it is read.
	req := httptest.NewRequest("POST", "/api/v1/things", io.MultiReader(strings.NewReader(big)))
	req.ContentLength = -1
	req.Header.Set("Authorization", "Bearer a")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, req)
	if w.Code < 400 {
		t.Errorf("an unmeasured body: %d", w.Code)
	}
}

func TestAnotherSitesPageCannotAct(t *testing.T) {
	s := newServer(t, Options{})
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "same-site"}} {
		r := call(t, s, "POST", "/api/v1/things", `{"name":"ok"}`, append(headers, "Authorization", "Bearer a")...)
		if r.StatusCode != 403 || r.doc.Code != "cross-origin" {
			t.Errorf("%v: %d %s", headers, r.StatusCode, r.body)
		}
	}
	for _, headers := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://example.com"}, {}} {
		if r := call(t, s, "POST", "/api/v1/things", `{"name":"ok"}`, append(headers, "Authorization", "Bearer a")...); r.StatusCode != 201 {
			t.Errorf("%v: %d %s", headers, r.StatusCode, r.body)
		}
	}
}

func TestIfMatch(t *testing.T) {
	s := newServer(t, Options{})
	id, tag := uuid.NewString(), ETag("thing", 1)
	for match, want := range map[string]int{"": 204, tag: 204, "W/" + tag: 204, "*": 204, `"x", ` + tag: 204, ETag("thing", 2): 412} {
		r := call(t, s, "PATCH", "/api/v1/things/"+id, "", "Authorization", "Bearer a", "If-Match", match)
		if r.StatusCode != want {
			t.Errorf("%q: %d, want %d", match, r.StatusCode, want)
		}
		if want == 412 && !strings.Contains(r.doc.Detail, tag) {
			t.Errorf("the tag that stands is not named: %s", r.body)
		}
	}
}

func TestGzipWhereItPays(t *testing.T) {
	s := newServer(t, Options{})
	r := call(t, s, "GET", "/api/v1/things", "", "Authorization", "Bearer a", "Accept-Encoding", "br, gzip")
	if r.Header.Get("Content-Encoding") != "gzip" || len(r.body) > 2000 || !strings.Contains(r.Header.Get("Vary"), "Accept-Encoding") {
		t.Fatalf("%v, %d bytes", r.Header, len(r.body))
	}
	z, err := gzip.NewReader(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || !strings.Contains(string(b), "item item") {
		t.Errorf("%v", err)
	}
	for _, headers := range [][]string{{"Accept-Encoding", "gzip;q=0"}, {}} {
		if r := call(t, s, "GET", "/api/v1/things", "", append(headers, "Authorization", "Bearer a")...); r.Header.Get("Content-Encoding") != "" || len(r.body) < 10000 {
			t.Errorf("%v: %v", headers, r.Header)
		}
	}
	if r := call(t, s, "GET", "/api/v1/nothing", "", "Accept-Encoding", "gzip"); r.Header.Get("Content-Encoding") != "" || r.doc.Code != "no-such-address" {
		t.Errorf("a small answer: %v", r.Header)
	}
}

func TestIdempotencyKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
		s := newServer(t, Options{DB: db, Now: func() time.Time { return now }})
		make := func(caller, key, name string) reply {
			return call(t, s, "POST", "/api/v1/things", `{"name":"`+name+`"}`, "Authorization", "Bearer "+caller, "Idempotency-Key", key)
		}
		first := make("a", "k1", "one")
		again := make("a", "k1", "one")
		if first.StatusCode != 201 || again.StatusCode != 201 || first.body != again.body || again.Header.Get("Idempotency-Replayed") != "true" ||
			again.Header.Get("ETag") != first.Header.Get("ETag") || first.Header.Get("Idempotency-Replayed") != "" {
			t.Errorf("first %d %s %v, again %d %s %v", first.StatusCode, first.body, first.Header, again.StatusCode, again.body, again.Header)
		}
		if r := make("a", "k1", "two"); r.StatusCode != 422 || r.doc.Code != "idempotency-key-reused" {
			t.Errorf("the same key for another body: %s", r.body)
		}
		if r := make("b", "k1", "one"); r.StatusCode != 201 || r.body == first.body {
			t.Errorf("another caller with the same key: %s", r.body)
		}
		if r := make("a", "k2", "one"); r.body == first.body {
			t.Errorf("another key: %s", r.body)
		}
		if r := make("a", "bad key", "one"); r.StatusCode != 422 || r.doc.Code != "idempotency-key-invalid" {
			t.Errorf("a key with a blank: %s", r.body)
		}
		// Refusals are answers too; faults of the node may be tried again.
		if r := make("a", "k3", "toolong"); r.StatusCode != 422 {
			t.Error(r.body)
		}
		if r := make("a", "k3", "toolong"); r.Header.Get("Idempotency-Replayed") != "true" || r.doc.Code != "invalid" {
			t.Errorf("a refusal again: %s", r.body)
		}
		for range 2 {
			if r := make("a", "k4", "panic"); r.StatusCode != 500 || r.Header.Get("Idempotency-Replayed") != "" {
				t.Errorf("a fault again: %d %v", r.StatusCode, r.Header)
			}
		}
		// What is kept is sealed.
		var kept [][]byte
		if err := db.NewSelect().Table("api_idempotency").Column("answer").Scan(context.Background(), &kept); err != nil {
			t.Fatal(err)
		}
		for _, b := range kept {
			if bytes.Contains(b, []byte("number")) {
				t.Error("an answer is kept in readable form")
			}
		}
		// A day later the key is free, and the table has been swept.
		now = now.Add(25 * time.Hour)
		if r := make("a", "k1", "two"); r.StatusCode != 201 || r.Header.Get("Idempotency-Replayed") != "" {
			t.Errorf("a day later: %s", r.body)
		}
		if n, err := db.NewSelect().Table("api_idempotency").Count(context.Background()); err != nil || n != 1 {
			t.Errorf("%d rows stay, %v", n, err)
		}
	})
}

func TestIdempotencyKeyWorksOnceForManyAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newServer(t, Options{DB: db})
		var wg sync.WaitGroup
		var mu sync.Mutex
		bodies, busy := map[string]int{}, 0
		for range 10 {
			wg.Go(func() {
				r := call(t, s, "POST", "/api/v1/things", `{"name":"one"}`, "Authorization", "Bearer a", "Idempotency-Key", "race")
				mu.Lock()
				defer mu.Unlock()
				if r.StatusCode == 409 && r.doc.Code == "idempotency-key-in-progress" {
					busy++
				} else {
					bodies[r.body]++
				}
			})
		}
		wg.Wait()
		if len(bodies) != 1 {
			t.Errorf("the work was done %d times: %v (%d were told to wait)", len(bodies), bodies, busy)
		}
	})
}

func TestSpecIsTheSameEveryTimeAndDescribesProblems(t *testing.T) {
	var first []byte
	for range 5 {
		var b bytes.Buffer
		if err := newServer(t, Options{}).WriteSpec(&b); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b.Bytes()
		} else if !bytes.Equal(first, b.Bytes()) {
			t.Fatal("two servers write two documents")
		}
	}
	for _, want := range []string{`"openapi": "3.1.0"`, `"application/problem+json"`, `"#/components/schemas/Problem"`, `"text/event-stream"`, `"url": "/api/v1"`, `"bearer"`} {
		if !strings.Contains(string(first), want) {
			t.Errorf("%s is not in the document", want)
		}
	}
	if strings.Contains(string(first), "ErrorModel") {
		t.Error("the document describes errors that nobody gets")
	}
	r := call(t, newServer(t, Options{}), "GET", "/openapi.json", "")
	if r.StatusCode != 200 || r.body != string(first) {
		t.Errorf("/openapi.json: %d", r.StatusCode)
	}
}

func TestHealthReadinessAndMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := newServer(t, Options{Metrics: registry, Register: registry})
	broken := errors.New("postgres://user:password@db is away")
	var fault error
	s.Ready("database", func(context.Context) error { return fault })
	if r := call(t, s, "GET", "/healthz", ""); r.StatusCode != 200 || r.body != `{"status":"ok"}`+"\n" {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	if r := call(t, s, "GET", "/readyz", ""); r.StatusCode != 200 || r.body != `{"status":"ready","checks":{"database":"ok"}}`+"\n" {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	fault = broken
	if r := call(t, s, "GET", "/readyz", ""); r.StatusCode != 503 || strings.Contains(r.body, "password") || !strings.Contains(r.body, `"database":"failed"`) {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	metrics := func(remote, host string, headers ...string) reply {
		r := httptest.NewRequest("GET", "http://"+host+"/metrics", nil)
		r.RemoteAddr = remote
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return reply{Response: w.Result(), body: w.Body.String()}
	}
	for _, c := range []struct {
		remote, host string
		headers      []string
		status       int
	}{
		{"127.0.0.1:5000", "127.0.0.1:8480", nil, 200},
		{"[::1]:5000", "localhost:8480", nil, 200},
		{"192.0.2.1:5000", "127.0.0.1:8480", nil, 401},
		{"127.0.0.1:5000", "evil.example", nil, 401},                                        // DNS rebinding
		{"127.0.0.1:5000", "127.0.0.1:8480", []string{"X-Forwarded-For", "192.0.2.1"}, 401}, // a proxy beside the node
		{"192.0.2.1:5000", "node.example", []string{"Authorization", "Bearer a"}, 403},      // owner of some organisation
		{"192.0.2.1:5000", "node.example", []string{"Authorization", "Bearer b"}, 200},      // engineer of the home organisation
	} {
		if r := metrics(c.remote, c.host, c.headers...); r.StatusCode != c.status {
			t.Errorf("%s %s %v: %d, want %d", c.remote, c.host, c.headers, r.StatusCode, c.status)
		}
	}
	if r := metrics("127.0.0.1:1", "127.0.0.1"); !strings.Contains(r.body, `jingwei_http_requests_total{method="GET",route="GET /readyz",status="503"} 1`) {
		t.Errorf("metrics: %s", r.body)
	}
}

func TestConsoleIsServedWithFallbackAndCaching(t *testing.T) {
	script := strings.Repeat("console.log('jingwei');", 500)
	s := newServer(t, Options{Console: fstest.MapFS{
		"index.html": {Data: []byte("<!doctype html><title>Jingwei</title>")}, "assets/app-1a2b3c.js": {Data: []byte(script)}, "favicon.svg": {Data: []byte("<svg/>")}, ".hidden": {Data: []byte("x")},
	}})
	page := call(t, s, "GET", "/", "", "Accept", "text/html")
	if page.StatusCode != 200 || page.Header.Get("Cache-Control") != "no-cache" || !strings.Contains(page.Header.Get("Content-Security-Policy"), "script-src 'self';") ||
		strings.Contains(page.Header.Get("Content-Security-Policy"), "script-src 'self' 'unsafe-inline'") {
		t.Errorf("%d %v", page.StatusCode, page.Header)
	}
	if r := call(t, s, "GET", "/machines/42/trend", "", "Accept", "text/html,*/*"); r.body != page.body {
		t.Errorf("an address inside the console: %d %s", r.StatusCode, r.body)
	}
	for _, path := range []string{"/assets/missing.js", "/api/v1/nothing", "/.hidden", "/api", "/../etc/passwd.txt"} {
		if r := call(t, s, "GET", path, "", "Accept", "text/html"); r.StatusCode == 200 && path != "/api" {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.body)
		}
	}
	app := call(t, s, "GET", "/assets/app-1a2b3c.js", "", "Accept-Encoding", "gzip")
	if app.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || app.Header.Get("Content-Encoding") != "gzip" || len(app.body) > 1000 || app.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%v", app.Header)
	}
	if r := call(t, s, "GET", "/assets/app-1a2b3c.js", "", "Accept-Encoding", "gzip", "If-None-Match", app.Header.Get("ETag")); r.StatusCode != 304 || r.body != "" {
		t.Errorf("%d", r.StatusCode)
	}
	if r := call(t, s, "GET", "/assets/app-1a2b3c.js", ""); r.body != script {
		t.Error("without gzip the script differs")
	}
	if r := call(t, s, "GET", "/api/v1/things", "", "Authorization", "Bearer a"); r.Header.Get("Content-Security-Policy") != apiPolicy || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers of an answer: %v", r.Header)
	}
}

func TestTraceparent(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for header, ok := range map[string]bool{
		"00-" + id + "-00f067aa0ba902b7-01":                      true,
		"cc-" + id + "-00f067aa0ba902b7-01-future":               true,
		"00-" + id + "-00f067aa0ba902b7-01-more":                 false,
		"ff-" + id + "-00f067aa0ba902b7-01":                      false,
		"00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01":     false,
		"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01": false,
		"00-" + id + "-0000000000000000-01":                      false,
		"":                                                       false,
		"00-" + id:                                               false,
	} {
		if got, is := parseTraceparent(header); is != ok || ok && got != id {
			t.Errorf("%q: %q %v", header, got, is)
		}
	}
}

func TestListenErrorsNameTheAddressAndTheMend(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, c := range []struct {
		l    Listen
		want []string
	}{
		{Listen{taken.Addr().String(), true}, []string{taken.Addr().String(), "another program uses this port"}},
		{Listen{"0.0.0.0:0", true}, []string{"0.0.0.0:0", "plain HTTP is allowed on a loopback address only", "HTTPS"}},
		{Listen{":8480", true}, []string{"loopback"}},
		{Listen{"example.com:80", true}, []string{"loopback"}},
		{Listen{"127.0.0.1", true}, []string{"host:port"}},
		{Listen{"127.0.0.1:0", false}, []string{"certificate"}},
		{Listen{"192.0.2.250:0", false}, []string{"certificate"}},
	} {
		s := newServer(t, Options{Listen: []Listen{{"127.0.0.1:0", true}, c.l}})
		err := s.Start(context.Background())
		var le *ListenError
		if !errors.As(err, &le) {
			t.Errorf("%+v: %v", c.l, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%+v: %q does not say %q", c.l, err, w)
			}
		}
		if len(s.Addresses()) != 0 {
			t.Error("it listens all the same")
		}
	}
}

func TestInputsThatWouldNeverBeReadAreRefused(t *testing.T) {
	s := newServer(t, Options{})
	type hidden struct {
		Org uuid.UUID `query:"org"`
	}
	defer func() {
		if v := recover(); !strings.Contains(fmt.Sprint(v), "hidden") {
			t.Errorf("got %v", v)
		}
	}()
	Register(s, huma.Operation{OperationID: "x", Method: "GET", Path: "/x"}, func(context.Context, *struct{ hidden }) (*struct{}, error) { return nil, nil })
}
