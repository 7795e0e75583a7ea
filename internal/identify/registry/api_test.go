package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store/storetest"
)

// web is the API of a world.
type web struct {
	*world
	handler http.Handler
}

func (w *world) web() *web {
	w.t.Helper()
	person := func(name string, roles map[uuid.UUID]auth.Role) auth.Principal {
		return auth.NewPrincipal(auth.KindPerson, uuid.NewSHA1(node, []byte(name)), name, "session", roles).AtHome(node)
	}
	a, err := api.New(bg, api.Options{DB: w.o.DB, Now: w.clock.now, Auth: authtest.Callers{
		"root": person("root", map[uuid.UUID]auth.Role{node: auth.Owner}), "li": person("li", map[uuid.UUID]auth.Role{steel: auth.Engineer}),
		"viewer": person("zhao", map[uuid.UUID]auth.Role{steel: auth.Viewer}), "wang": person("wang", map[uuid.UUID]auth.Role{mills: auth.Owner}),
	}})
	w.must(err)
	w.Routes(a)
	return &web{w, a.Handler()}
}

// call asks, and reads what is answered into out unless that is nil.
func (w *web) call(who, method, path, body string, want int, out any) string {
	w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if strings.Contains(path, "/imports?") {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	b, err := io.ReadAll(rec.Body)
	w.must(err)
	if rec.Code != want {
		w.t.Fatalf("%s %s as %q: %d %s, want %d", method, path, who, rec.Code, b, want)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, b)
		}
	}
	return string(b)
}

func TestTheAPI(t *testing.T) {
	w := open(t, storetest.SQLite(t), file.OS(), t.TempDir())
	w.bulk()
	defer w.idle()
	h := w.web()
	const base = "/api/v1"
	allocate := func(prefix, state, more string) string {
		return fmt.Sprintf(`{"prefix":%q,"org":%q,"state":%q,"reason":"test"%s}`, prefix, steel, state, more)
	}
	h.call("", "POST", base+"/prefixes", allocate("88.101", "homed", ""), 401, nil)
	h.call("li", "POST", base+"/prefixes", allocate("88.101", "homed", ""), 403, nil)
	h.call("root", "POST", base+"/prefixes", allocate("88.101", "homed", ""), 201, nil)
	h.call("root", "POST", base+"/prefixes", allocate("88..1", "homed", ""), 422, nil)
	h.call("root", "POST", base+"/prefixes", allocate("88.102", "delegated", ""), 422, nil)
	h.call("root", "POST", base+"/prefixes", allocate("88.102", "delegated", `,"values":[{"index":1,"type":"HS_SERV","data":"0.SITE/88.102"}]`), 201, nil)
	var prefixes api.Page[PrefixView]
	h.call("li", "GET", base+"/prefixes", "", 200, &prefixes)
	if len(prefixes.Items) != 2 {
		t.Errorf("%+v", prefixes)
	}
	h.call("wang", "GET", base+"/prefixes/88.101", "", 404, nil)
	h.call("li", "GET", base+"/prefixes/88.101/states", "", 200, nil)

	tpl, err := json.Marshal(content())
	w.must(err)
	at := base + "/identifier-templates/88.101/1.0.0"
	h.call("viewer", "PUT", at, string(tpl), 403, nil)
	h.call("li", "PUT", at, string(tpl), 200, nil)
	h.call("li", "POST", at+"/transitions", `{"to":"published"}`, 201, nil)
	h.call("li", "DELETE", at, "", 409, nil)

	var one IdentifierView
	h.call("li", "POST", base+"/identifiers", `{"name":"88.101/轴承-1","template":"1.0.0","values":[{"type":"product","data":"深沟球轴承"},{"index":1,"type":"URL","data":"https://example.com/1"},{"index":9,"type":"NOTE","data":"inside","permissions":"1100"},{"index":10,"type":"HS_SECKEY","data":"secret","permissions":"1100"}]}`, 201, &one)
	if one.Template != "1.0.0" || len(one.Values) != 5 || one.By.Name != "li" {
		t.Errorf("%+v", one)
	}
	record := base + "/identifiers/record?identifier=" + url.QueryEscape("88.101/轴承-1")
	if s := h.call("viewer", "GET", record, "", 200, nil); strings.Contains(s, "inside") || strings.Contains(s, "secret") || !strings.Contains(s, "产品名称") {
		t.Errorf("a viewer sees %s", s)
	}
	if s := h.call("li", "GET", record, "", 200, nil); !strings.Contains(s, "inside") || strings.Contains(s, "secret") {
		t.Errorf("an engineer sees %s", s)
	}
	h.call("wang", "GET", record, "", 404, nil)
	h.call("", "GET", record, "", 401, nil)
	for _, c := range []struct {
		body   string
		status int
		code   string
	}{
		{`{"name":"88.101/轴承-1","values":[]}`, 409, "identifier-taken"},
		{`{"name":"88.101/x","template":"1.0.0","values":[]}`, 422, "identifier-item"},
		{`{"name":"88.101/x","template":"9","values":[]}`, 404, "identifier-template-unknown"},
		{`{"name":"no slash","values":[]}`, 409, "identifier-prefix-elsewhere"},
		{`{"name":"88.102/x","values":[]}`, 409, "identifier-prefix-elsewhere"},
		{`{"name":"99/x","values":[]}`, 404, "identifier-prefix-unknown"},
		{`{"name":"88.101/x","values":[{"index":1,"type":"HS_ADMIN","data":"?"}]}`, 422, "identifier-value"},
		{`{"name":"88.101/x","values":[{"index":1,"type":"URL","data":"?","format":"base64"}]}`, 422, "identifier-value"},
	} {
		var p problem.Document
		h.call("li", "POST", base+"/identifiers", c.body, c.status, &p)
		if p.Code != c.code {
			t.Errorf("%s: %+v, want %s", c.body, p, c.code)
		}
	}
	h.call("viewer", "POST", base+"/identifiers", `{"prefix":"88.101","values":[]}`, 403, nil)
	var minted IdentifierView
	h.call("li", "POST", base+"/identifiers", `{"prefix":"88.101","values":[]}`, 201, &minted)
	if len(minted.Name.Suffix()) != 36 {
		t.Errorf("minted %s", minted.Name)
	}
	versions := base + "/identifiers/versions?identifier=" + url.QueryEscape("88.101/轴承-1")
	h.call("li", "POST", versions, fmt.Sprintf(`{"operation":"modify","template":"1.0.0","values":[{"type":"product","data":"调心球轴承"}],"basis":%d}`, one.Serial), 201, nil)
	h.call("li", "POST", versions, fmt.Sprintf(`{"operation":"remove","indexes":[9],"basis":%d}`, one.Serial), 409, nil)
	var past api.Page[IdentifierView]
	h.call("li", "GET", versions, "", 200, &past)
	if len(past.Items) != 2 || past.Items[1].Until == nil || !past.Items[1].Until.Equal(past.Items[0].At) {
		t.Errorf("%+v", past)
	}
	if s := h.call("li", "GET", record+"&asOf="+url.QueryEscape(past.Items[1].At.Format(time.RFC3339Nano)), "", 200, nil); !strings.Contains(s, "深沟球轴承") {
		t.Errorf("as of then %s", s)
	}

	for _, public := range []string{"/i/88.101/轴承-1", base + "/public/identifiers?identifier=" + url.QueryEscape("88.101/轴承-1")} {
		var r ResolvedIdentifier
		s := h.call("", "GET", public, "", 200, &r)
		if strings.Contains(s, "inside") || strings.Contains(s, "secret") || r.Template == nil || r.Template.Name.Zh != "轴承" || len(r.Values) != 4 {
			t.Errorf("anybody sees %s", s)
		}
	}
	var elsewhere ResolvedIdentifier
	if h.call("", "GET", "/i/88.102/x", "", 200, &elsewhere); elsewhere.Referral == nil || elsewhere.Referral.Handle != "0.SITE/88.102" {
		t.Errorf("%+v", elsewhere)
	}
	h.call("", "GET", "/i/88.101/none", "", 404, nil)
	h.call("", "GET", "/i/77/none", "", 404, nil)

	batch := `{"once":"n1","changes":[{"name":"88.101/b1","operation":"create","values":[{"index":1,"type":"URL","data":"u"}]},{"name":"88.101/b1","operation":"create"},{"name":"88.101/b2","operation":"delete"}]}`
	var results BatchResults
	first := h.call("li", "POST", base+"/identifiers/batch", batch, 200, &results)
	if again := h.call("li", "POST", base+"/identifiers/batch", batch, 200, nil); results.Refused != 2 || again != first {
		t.Errorf("%s, then %s", first, again)
	}
	var count IdentifierCount
	if h.call("li", "GET", base+"/identifiers/count?prefix=88.101&q="+url.QueryEscape("调心"), "", 200, &count); count.Count != 1 {
		t.Errorf("%+v", count)
	}
	h.call("li", "GET", base+"/identifiers?prefix=88.101&where="+url.QueryEscape("product~深"), "", 200, nil)
	h.call("li", "GET", base+"/identifiers?prefix=88.101&where=wrong", "", 422, nil)
	h.call("li", "GET", base+"/identifiers?prefix=88.101&cursor=!", "", 422, nil)

	var j struct {
		ID uuid.UUID `json:"id"`
	}
	h.call("wang", "POST", base+"/identifiers/imports?prefix=88.101", "suffix,1 URL\nf1,u\n", 404, nil)
	h.call("li", "POST", base+"/identifiers/imports?prefix=88.101", "suffix,1 URL\nf1,u\nb1,u\n", 201, &j)
	if _, out := w.finished(j.ID); out.Refused != 1 || out.Accepted != 0 {
		t.Errorf("%+v", out)
	}
	if s := h.call("li", "GET", base+"/identifiers/imports/"+j.ID.String()+"/faults?format=csv", "", 200, nil); !strings.Contains(s, "3,identifier,88.101/b1,is registered already") {
		t.Errorf("%s", s)
	}
	h.call("wang", "GET", base+"/identifiers/imports/"+j.ID.String(), "", 404, nil)
	h.call("li", "DELETE", base+"/identifiers/imports/"+j.ID.String(), "", 409, nil)

	// What is exported is imported elsewhere.
	sheet := h.call("li", "GET", base+"/identifiers/export?prefix=88.101&format=csv", "", 200, nil)
	h.call("root", "POST", base+"/prefixes", allocate("88.103", "homed", ""), 201, nil)
	h.call("li", "PUT", strings.Replace(at, "88.101", "88.103", 1), string(tpl), 200, nil)
	h.call("li", "POST", strings.Replace(at, "88.101", "88.103", 1)+"/transitions", `{"to":"published"}`, 201, nil)
	moved := strings.ReplaceAll(sheet, "88.101/", "88.103/")
	h.call("li", "POST", base+"/identifiers/imports?prefix=88.103&template=1.0.0&mode=proceed", moved, 201, &j)
	if _, out := w.finished(j.ID); out.Accepted != 1 || out.Refused != 2 || w.data("88.103/轴承-1", 2000) != "调心球轴承" || w.data("88.103/轴承-1", 1) != "https://example.com/1" || w.data("88.103/轴承-1", 9) != "no value 9" {
		t.Errorf("%+v of %s", out, sheet)
	}
	h.call("li", "DELETE", record, "", 204, nil)
	h.call("li", "GET", record, "", 404, nil)
}

func TestEveryProblemHasItsWords(t *testing.T) {
	words, err := problem.ReadCatalogue(texts, "texts")
	if err != nil {
		t.Fatal(err)
	}
	if missing := words.Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}

// FuzzRows reads files of bulk registration.
func FuzzRows(f *testing.F) {
	for _, s := range []string{big(3, 2), `{"suffix":"a","items":{"product":"x"}}`, "标识;1 URL\n88.101/a;u\n", "suffix\t2001 serial\nx\tS\n", "\xef\xbb\xbfsuffix\nx\n", "suffix\n\"", "{\"values\":[{\"index\":0}]}", "\xb1\xea\xca\xb6\n88.1/a\n"} {
		for _, format := range []string{"csv", "ndjson", "xlsx"} {
			f.Add(format, []byte(s))
		}
	}
	c := content()
	if err := c.complete(nil); err != nil {
		f.Fatal(err)
	}
	t := &Template{Content: c, Version: "1", State: Published}
	f.Fuzz(func(tt *testing.T, format string, data []byte) {
		_ = readRows(Format(format), bytes.NewReader(data), "88.101", t, func(r *row) error {
			if len(r.faults) == 0 && r.name != "" {
				change := Change{Operation: Create, Name: r.name, Values: t.Bind(r.values)}
				if change.check() == nil && len(t.checkRecord(change.Values)) == 0 {
					record, _, err := change.next(nil, 1)
					if err != nil {
						tt.Fatalf("%q: %v", r.name, err)
					}
					if name, values, err := handle.DecodeRecord(record); err != nil || name != r.name || len(values) != len(change.Values) {
						tt.Fatalf("%q: %v", r.name, err)
					}
				}
			}
			return nil
		})
	})
}

// FuzzProof reads files of proofs.
func FuzzProof(f *testing.F) {
	good, err := Proof{Version: []byte("v"), Group: group.Proof{Format: "jingwei-group-proof/1", Size: 1}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":"jingwei-identifier-proof/1","group":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ParseProof(b); err == nil {
			if _, err := p.Verify("x"); err == nil {
				t.Error("proved by nobody's key")
			}
		}
	})
}
