package resolver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"jingwei/internal/identify/gs1"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

// world is a resolver behind a server, with two organisations; a holds 950600.
type world struct {
	t     testing.TB
	s     *Service
	db    *store.DB
	http  http.Handler
	sides authtest.Sides
	clock time.Time
}

func newWorld(t *testing.T, db *store.DB) *world {
	w := &world{t: t, db: db, sides: authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())}, clock: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	w.s = proof.Must(New(t.Context(), Options{DB: db, Name: "node", Stem: "/id", Now: func() time.Time { return w.clock },
		Known: func(_ context.Context, org uuid.UUID) error {
			if org != w.sides["a"] && org != w.sides["b"] {
				return store.ErrNotFound
			}
			return nil
		}}))
	server := proof.Must(api.New(t.Context(), api.Options{Auth: w.sides, DB: db}))
	w.s.Routes(server)
	w.http = server.Handler()
	if _, err := w.s.Entrust(operator(), "950600", w.sides["a"], "certificate 1"); err != nil {
		t.Fatal(err)
	}
	return w
}

// operator runs the node.
func operator() context.Context {
	return auth.With(context.Background(), auth.Principal{Kind: auth.KindSystem, Name: "operator", Via: "test"})
}

func (w *world) declare(anchor string, links ...DeclaredLink) {
	w.t.Helper()
	if _, err := w.s.Declare(w.sides.As(auth.Engineer, "a"), Declared{Org: w.sides["a"], Anchor: anchor, Description: text.Both("thing"), Links: links}); err != nil {
		w.t.Fatalf("%s: %v", anchor, err)
	}
}

func to(kind, href string, more ...func(*DeclaredLink)) DeclaredLink {
	l := DeclaredLink{Type: kind, Href: href, Title: text.Text{Zh: "标题", En: "title"}}
	for _, f := range more {
		f(&l)
	}
	return l
}

func standing(l *DeclaredLink)                   { l.Default = true }
func in(tags ...string) func(*DeclaredLink)      { return func(l *DeclaredLink) { l.Languages = tags } }
func as(media string) func(*DeclaredLink)        { return func(l *DeclaredLink) { l.Media = media } }
func within(words ...string) func(*DeclaredLink) { return func(l *DeclaredLink) { l.Contexts = words } }
func closed(l *DeclaredLink)                     { l.Closed = true }

func (w *world) ask(method, path string, headers ...string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(method, "https://node.example"+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.http.ServeHTTP(rec, r)
	return rec.Result()
}

// goes wants a redirect to a place, or a status without one ("404").
func (w *world) goes(path, want string, headers ...string) {
	w.t.Helper()
	r := w.ask(http.MethodGet, path, headers...)
	got := r.Header.Get("Location")
	if r.StatusCode != http.StatusTemporaryRedirect {
		got = http.StatusText(r.StatusCode)
	}
	if got != want {
		body, _ := io.ReadAll(r.Body)
		w.t.Errorf("%s %q goes to %q (%d), want %q: %.200s", path, headers, got, r.StatusCode, want, body)
	}
}

const (
	product = "/01/09506000134352"
	pip     = "gs1:pip"
)

// TestResolver walks through the conformance list of GS1's resolver test suite (Conformance1_2.txt).
func TestResolver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.declare(product,
			to(pip, "https://firm.example/risotto", standing, in("en"), as("text/html")),
			to(pip, "https://firm.example/risotto.zh", in("zh"), as("text/html")),
			to(pip, "https://firm.example/risotto.json", as("application/json")),
			to("gs1:recipeInfo", "https://firm.example/recipe?lang=en", in("en")),
			to("gs1:recipeInfo", "https://firm.example/recipe?lang=es", in("es")),
			to("gs1:safetyInfo", "https://firm.example/safety#top", closed),
			to("gs1:certificationInfo", "https://firm.example/cn", within("CN")),
			to("gs1:certificationInfo", "https://firm.example/eu", within("EU")),
			to("https://schema.org/review", "http://firm.example/review"),
		)
		w.declare(product+"/10/LOT1", to("gs1:recallStatus", "https://firm.example/recall", standing))
		w.declare(product+"/21/S1", to("gs1:epcis", "https://firm.example/events", standing))

		// The default, and what answers better.
		w.goes(product, "https://firm.example/risotto")
		w.goes(product+"/", "https://firm.example/risotto")
		w.goes("/01/9506000134352", "https://firm.example/risotto")
		w.goes("/id"+product, "https://firm.example/risotto")
		w.goes(product, "https://firm.example/risotto.zh", "Accept-Language", "zh-CN,zh;q=0.9,en;q=0.5")
		w.goes(product, "https://firm.example/risotto", "Accept-Language", "fr,en;q=0.2")
		w.goes(product, "https://firm.example/risotto.json", "Accept", "application/json")
		w.goes(product, "https://firm.example/risotto", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		// A type, in every way of writing it.
		w.goes(product+"?linkType=gs1:recipeInfo", "https://firm.example/recipe?lang=es&linkType=gs1:recipeInfo", "Accept-Language", "es")
		w.goes(product+"?linkType=https://gs1.org/voc/recipeInfo", "https://firm.example/recipe?lang=en&linkType=https://gs1.org/voc/recipeInfo", "Accept-Language", "en")
		w.goes(product+"?linkType=https://ref.gs1.org/voc/pip", "https://firm.example/risotto?linkType=https://ref.gs1.org/voc/pip")
		w.goes(product+"?linkType=gs1:defaultLink", "https://firm.example/risotto?linkType=gs1:defaultLink")
		w.goes(product+"?linkType=https://schema.org/review&a=b%20c", "http://firm.example/review?linkType=https://schema.org/review&a=b%20c")
		w.goes(product+"?linkType=gs1:certificationInfo&context=CN", "https://firm.example/cn?linkType=gs1:certificationInfo&context=CN")
		w.goes(product+"?linkType=gs1:recipeInfo", "Multiple Choices")
		w.goes(product+"?linkType=gs1:tutorial", "Not Found")
		// The query is passed on, unless the link is closed; the fragment stays last.
		w.goes(product+"?17=271231&x=%E4%B8%AD", "https://firm.example/risotto?17=271231&x=%E4%B8%AD")
		w.goes(product+"?linkType=gs1:safetyInfo&x=1", "https://firm.example/safety#top")
		// Up the qualifiers: the serial number before the lot before the product; what they lack is found above.
		w.goes(product+"/10/LOT1", "https://firm.example/recall")
		w.goes(product+"/10/LOT2", "https://firm.example/risotto")
		w.goes(product+"/10/LOT1/21/S1", "https://firm.example/events")
		w.goes(product+"/10/LOT1/21/S2", "https://firm.example/recall")
		w.goes(product+"/10/LOT1/21/S1?linkType=gs1:recallStatus", "https://firm.example/recall?linkType=gs1:recallStatus")
		w.goes(product+"/10/LOT1/21/S1?linkType=gs1:recipeInfo", "https://firm.example/recipe?lang=es&linkType=gs1:recipeInfo", "Accept-Language", "es")
		// What is not there, and what is not valid.
		w.goes("/01/09521234543213", "Not Found")
		w.goes("/01/09506000134353", "Bad Request")
		w.goes("/01/", "Bad Request")
		w.goes(product+"/21/A/10/B", "Bad Request")
		w.goes(product+"/10/%E4%B8%AD", "Bad Request")
		w.goes("/id/nonsense", "Bad Request")
		if r := w.ask(http.MethodPost, product); r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("POST: %d %s", r.StatusCode, r.Header.Get("Allow"))
		}
		w.compressed()
		w.linksets()
		w.headers()
	})
}

func (w *world) compressed() {
	w.t.Helper()
	l := proof.Must(gs1.ParseLink("https://node.example" + product + "/10/LOT1"))
	path := strings.TrimPrefix(l.Compress(), "https://node.example")
	w.goes("/id"+path, "https://firm.example/recall")
	r := w.ask(http.MethodGet, "/id"+path)
	if want := "<https://node.example/id" + product + `/10/LOT1>; rel="owl:sameAs"`; !slices.Contains(r.Header.Values("Link"), want) {
		w.t.Errorf("%q lacks %s", r.Header.Values("Link"), want)
	}
}

func (w *world) linksets() {
	t := w.t
	t.Helper()
	schema, general := schemaOf(t, "gs1-linkset-schema.json"), schemaOf(t, "linkset-schema.json")
	for _, c := range []struct {
		path, accept, media string
		anchors             []string
	}{
		{product + "?linkType=linkset", "", linksetJSON, []string{product}},
		{product + "?linkType=all", "*/*", linksetJSON, []string{product}},
		{product, linksetJSON, linksetJSON, []string{product}},
		{product + "/10/LOT1/21/S1?linkType=linkset", plainJSON, plainJSON, []string{product + "/10/LOT1/21/S1", product + "/21/S1", product + "/10/LOT1", product}},
		{"/id" + product + "/10/LOT1?linkType=linkset", linksetJSON, linksetJSON, []string{product + "/10/LOT1", product}},
	} {
		r := w.ask(http.MethodGet, c.path, "Accept", c.accept)
		body := proof.Must(io.ReadAll(r.Body))
		if r.StatusCode != 200 || r.Header.Get("Content-Type") != c.media {
			t.Errorf("%s: %d %s %.100s", c.path, r.StatusCode, r.Header.Get("Content-Type"), body)
			continue
		}
		doc := proof.Must(jsonschema.UnmarshalJSON(bytes.NewReader(body)))
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v\n%s", c.path, err, body)
		}
		if err := general.Validate(withoutGS1(doc)); err != nil {
			t.Errorf("%s: %v", c.path, err)
		}
		var got []string
		for _, e := range doc.(map[string]any)["linkset"].([]any) {
			e := e.(map[string]any)
			_, path, _ := strings.Cut(strings.TrimPrefix(e["anchor"].(string), "https://"), "/")
			got = append(got, "/"+strings.TrimPrefix(path, "id/"))
			if n := len(e[defaultLink].([]any)); n != 1 {
				t.Errorf("%s has %d default links", c.path, n)
			}
		}
		var want []string
		for _, a := range c.anchors {
			if a != product+"/10/LOT1/21/S1" { // nothing is declared for it
				want = append(want, a)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has anchors %q, want %q", c.path, got, want)
		}
	}
	r := w.ask(http.MethodGet, product+"?linkType=linkset", "Accept", linkedJSON)
	if body := proof.Must(io.ReadAll(r.Body)); !bytes.Contains(body, []byte(`"@context":{`)) || r.Header.Get("Content-Type") != linkedJSON {
		t.Errorf("%s %.200s", r.Header.Get("Content-Type"), body)
	}
	r = w.ask(http.MethodGet, product+"?linkType=linkset", "Accept", "text/html,*/*;q=0.8", "Accept-Language", "zh-CN")
	if body := string(proof.Must(io.ReadAll(r.Body))); !strings.HasPrefix(r.Header.Get("Content-Type"), html) || !strings.Contains(body, "标题") || !strings.Contains(body, `lang="zh"`) {
		t.Errorf("%s %.300s", r.Header.Get("Content-Type"), body)
	}
}

func (w *world) headers() {
	t := w.t
	t.Helper()
	for _, path := range []string{product, product + "?linkType=linkset", WellKnown, "/01/09506000134353"} {
		get, head := w.ask(http.MethodGet, path), w.ask(http.MethodHead, path)
		body := proof.Must(io.ReadAll(get.Body))
		if get.StatusCode != head.StatusCode || get.Header.Get("Location") != head.Header.Get("Location") || get.Header.Get("Content-Type") != head.Header.Get("Content-Type") {
			t.Errorf("%s: GET %d, HEAD %d", path, get.StatusCode, head.StatusCode)
		}
		if get.StatusCode == 200 && len(body) == 0 || get.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v", path, len(body), get.Header)
		}
	}
	r := w.ask(http.MethodGet, product)
	if want := "<https://node.example" + product + `?linkType=linkset>; rel="linkset"; type="application/linkset+json"`; r.Header.Get("Link") != want {
		t.Errorf("Link: %s", r.Header.Get("Link"))
	}
	if r := w.ask(http.MethodOptions, product, "Origin", "https://app.example", "Access-Control-Request-Method", "GET"); r.StatusCode != http.StatusNoContent || r.Header.Get("Access-Control-Allow-Methods") == "" {
		t.Errorf("OPTIONS: %d %v", r.StatusCode, r.Header)
	}
	var description struct {
		ResolverRoot         string
		SupportedPrimaryKeys []string
	}
	r = w.ask(http.MethodGet, WellKnown)
	if err := json.NewDecoder(r.Body).Decode(&description); err != nil || description.ResolverRoot != "https://node.example" || len(description.SupportedPrimaryKeys) == 0 {
		t.Errorf("%+v, %v", description, err)
	}
	r = w.ask(http.MethodGet, "/01/09506000134353", "Accept-Language", "zh")
	var p problem.Document
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil || !strings.Contains(p.Detail, "校验位") || r.Header.Get("Content-Type") != problem.MediaType {
		t.Errorf("%+v, %v", p, err)
	}
}

// expression is a pattern of the schemas. Go's has no look-ahead; the two of the schemas only keep the words of an entry out.
type expression struct {
	*regexp.Regexp
	words bool
}

func (e expression) MatchString(s string) bool {
	return !(e.words && (s == "anchor" || s == "itemDescription")) && e.Regexp.MatchString(s)
}

func schemaOf(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(func(s string) (jsonschema.Regexp, error) {
		for _, ahead := range []string{"(?!(anchor|itemDescription))", "(?!anchor)"} {
			if rest, ok := strings.CutPrefix(s, ahead); ok {
				re, err := regexp.Compile(rest)
				return expression{re, true}, err
			}
		}
		re, err := regexp.Compile(s)
		return expression{re, false}, err
	})
	f := proof.Must(os.Open("testdata/" + name))
	defer f.Close()
	if err := c.AddResource(name, proof.Must(jsonschema.UnmarshalJSON(f))); err != nil {
		t.Fatal(err)
	}
	return proof.Must(c.Compile(name))
}

// withoutGS1 takes away what GS1's profile adds.
func withoutGS1(doc any) any {
	for _, e := range doc.(map[string]any)["linkset"].([]any) {
		e := e.(map[string]any)
		delete(e, "itemDescription")
		for _, targets := range e {
			list, _ := targets.([]any)
			for _, l := range list {
				delete(l.(map[string]any), "fwqs")
				delete(l.(map[string]any), "context")
			}
		}
	}
	return doc
}

// TestSchemasAreAsked: the judges accept the published examples and refuse what is broken.
func TestSchemasAreAsked(t *testing.T) {
	for example, name := range map[string]string{"valid-gs1-example.json": "gs1-linkset-schema.json", "valid-basic-example.json": "linkset-schema.json"} {
		f := proof.Must(os.Open("testdata/" + example))
		doc := proof.Must(jsonschema.UnmarshalJSON(f))
		f.Close()
		s := schemaOf(t, name)
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", example, err)
		}
		doc.(map[string]any)["linkset"].([]any)[0].(map[string]any)["extra thing"] = 1.0
		if s.Validate(doc) == nil {
			t.Errorf("%s is taken with something else in it", example)
		}
	}
}

func TestEveryProblemHasWords(t *testing.T) {
	if missing := proof.Must(problem.ReadCatalogue(texts, "texts")).Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{product, product + "/10/LOT1?linkType=linkset", "/id/CwjUMQ", "/id/01/%zz", "/01//"} {
		f.Add(s, "zh;q=0.5,*", "application/linkset+json;q=x")
	}
	set := &Set{Anchor: product, Version: 1, Description: text.Both("x"), Links: []DeclaredLink{to(Namespace+"pip", "https://firm.example/a?b#c", standing)}}
	v := proof.Must(NewResolver(fixed{set}, "n", "/id", func(w http.ResponseWriter, _ *http.Request, err error) {
		w.WriteHeader(http.StatusBadRequest)
	}))
	f.Fuzz(func(t *testing.T, target, language, accept string) {
		r, err := http.NewRequest(http.MethodGet, "http://node.example"+target, nil)
		if err != nil {
			return
		}
		r.Header.Set("Accept-Language", language)
		r.Header.Set("Accept", accept)
		rec := httptest.NewRecorder()
		v.ServeHTTP(rec, r)
		if to := rec.Header().Get("Location"); to != "" && !strings.HasPrefix(to, "https://firm.example/a?b") {
			t.Fatalf("%q leads to %q", target, to)
		}
	})
}

type fixed struct{ set *Set }

func (f fixed) Sets(context.Context, []string) ([]*Set, error) { return []*Set{f.set}, nil }
