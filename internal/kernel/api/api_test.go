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
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
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
	// An operation that says so takes more, to its own limit.
	s.large["POST /api/v1/things"] = 3000
	if r := call(t, s, "POST", "/api/v1/things", big, "Authorization", "Bearer a"); r.StatusCode == 413 {
		t.Errorf("an operation with a limit of its own: %d %s", r.StatusCode, r.body)
	}
	if r := call(t, s, "POST", "/api/v1/things", big+big, "Authorization", "Bearer a"); r.StatusCode != 413 || !strings.Contains(r.doc.Detail, "3000") {
		t.Errorf("more than its own limit: %d %s", r.StatusCode, r.body)
	}
	delete(s.large, "POST /api/v1/things")
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
