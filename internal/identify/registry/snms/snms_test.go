package snms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	bg    = context.Background()
	node  = uuid.MustParse("0190a0b0-0000-7000-8000-0000000000ff")
	steel = uuid.MustParse("0190a0b0-0000-7000-8000-000000000001")
)

type world struct {
	t       *testing.T
	s       *Service
	r       *registry.Service
	handler http.Handler
	now     time.Time
	token   string
}

func each(t *testing.T, fn func(w *world)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := &world{t: t, now: time.Date(2026, 5, 1, 20, 0, 0, 0, time.UTC)} // the 2nd in China
		now := func() time.Time { return w.now }
		w.must(audit.Migrate(bg, db))
		var err error
		w.r, err = registry.New(bg, registry.Options{DB: db, FS: file.OS(), Dir: t.TempDir(), Node: node, Home: func(context.Context) (uuid.UUID, error) { return node, nil }, Now: now})
		w.must(err)
		ctx, cancel := context.WithCancel(bg)
		ended := make(chan struct{})
		go func() { defer close(ended); _ = w.r.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			<-ended
			w.must(w.r.Close())
		})
		admin := auth.With(bg, auth.NewPrincipal(auth.KindPerson, node, "root", "session", map[uuid.UUID]auth.Role{node: auth.Owner}).AtHome(node))
		_, err = w.r.Allocate(admin, registry.Allocation{Prefix: "88.608.1", Org: steel, State: registry.Homed, Reason: "test"})
		w.must(err)
		_, err = w.r.Allocate(admin, registry.Allocation{Prefix: "88.608.2", Org: node, State: registry.Homed, Reason: "test"})
		w.must(err)
		w.s, err = New(bg, Options{DB: db, Registry: w.r, Now: now})
		w.must(err)
		a, err := api.New(bg, api.Options{DB: db, Now: now, Auth: authtest.Callers{"li": auth.NewPrincipal(auth.KindPerson, steel, "li", "session", map[uuid.UUID]auth.Role{steel: auth.Owner})}})
		w.must(err)
		w.s.Routes(a)
		w.handler = a.Handler()
		fn(w)
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) send(method, path, body, bearer string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

// call asks with the token, and wants a status.
func (w *world) call(method, path, body string, want Status) string {
	w.t.Helper()
	code, got := w.send(method, path, body, w.token)
	var a struct {
		Status  Status          `json:"status"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal([]byte(got), &a); err != nil || code != 200 || a.Status != want {
		w.t.Fatalf("%s %s: %d %s, want %d", method, path, code, got, want)
	}
	return a.Message + " " + string(a.Data)
}

const bearing = `{"prefix":"88.608.1","version":"1.0.0","industryCategory":"C","industrySpecific":"34","industryTrade":"345","industrySubclass":"3451","type":2,"description":"轴承",
"items":[{"name":"product","idType":"Handle","required":true,"metadata":{"type":"string","minLength":1,"maxLength":20}},{"name":"weight","idType":"Handle","required":false,"metadata":{"type":"number","minLength":0,"maxLength":20}}]}`

func rec(name, product string) string {
	return fmt.Sprintf(`{"handle":%q,"templateVersion":"1.0.0","value":[{"auth":"","index":2000,"type":"product","data":{"format":"string","value":%q}}]}`, name, product)
}

func TestAnEnterprisesProgram(t *testing.T) {
	each(t, func(w *world) {
		w.call("GET", "/identityv2/data/detail?handle=88.608.1/a", "", statusLogin)
		var made AccountView
		code, body := w.send("POST", "/api/v1/identifier-accounts", fmt.Sprintf(`{"org":%q,"name":"erp"}`, steel), "li")
		if err := json.Unmarshal([]byte(body), &made); err != nil || code != 201 || len(made.Password) != 32 {
			w.t.Fatalf("%d %s", code, body)
		}
		if code, body := w.send("POST", "/api/v1/identifier-accounts", fmt.Sprintf(`{"org":%q,"name":"erp"}`, steel), "li"); code != 409 {
			w.t.Errorf("%d %s", code, body)
		}
		w.call("POST", "/identity/token", `{"username":"erp","password":"wrong"}`, statusFailed)
		w.call("POST", "/identity/token", `{"username":"none","password":""}`, statusFailed)
		hash := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
		for path, password := range map[string]string{"/identity/token": made.Password, "/identity/token/v1": hash(hash(made.Password) + "2026-05-02")} {
			var in struct {
				Token string `json:"token"`
			}
			_, data, _ := strings.Cut(w.call("POST", path, fmt.Sprintf(`{"username":"erp","password":%q}`, password), statusOK), " ")
			w.must(json.Unmarshal([]byte(data), &in))
			w.token = in.Token
		}
		w.call("POST", "/identity/token/v1", fmt.Sprintf(`{"username":"erp","password":%q}`, hash(hash(made.Password)+"2026-05-01")), statusFailed)

		for _, version := range []string{"v3", "v5", "v5"} { // the same again is success
			w.call("POST", "/snms/api/"+version+"/template", bearing, statusOK)
		}
		w.call("PUT", "/snms/api/v5/template", strings.Replace(bearing, "weight", "mass", 1), statusFailed) // it is published
		if got := w.call("GET", "/snms/api/v3/template?prefix=88.608.1&version=1.0.0", "", statusOK); !strings.Contains(got, `"idIndex":2001`) || !strings.Contains(got, `"industrySubclass":"3451"`) {
			w.t.Error(got)
		}
		const at = "/identityv2/data"
		w.call("POST", at, rec("88.608.1/a", "深沟球轴承"), statusOK)
		w.call("POST", at, rec("88.608.1/a", "深沟球轴承"), statusOK) // after a time-out
		w.call("POST", at, rec("88.608.1/a", "another"), statusFailed)
		w.call("POST", at, rec("88.608.2/a", "x"), statusNoRight)
		if got := w.call("POST", at, strings.Replace(rec("88.608.1/b", "x"), "product", "weight", 1), statusFailed); !strings.Contains(got, "索引与类型不符") {
			w.t.Error(got)
		}
		w.call("POST", at, strings.Replace(rec("88.608.1/b", "x"), "2000", "1000", 1), statusFailed)
		w.call("POST", at, rec("88.608.1/b", strings.Repeat("x", 300)), statusFailed)
		w.call("POST", at, `{"handle":`, statusFailed)
		if got := w.call("GET", at+"/detail?handle=88.608.1/A", "", statusOK); !strings.Contains(got, `{"prefix":"88.608.1","handle":"88.608.1/a","templateVersion":"1.0.0","value":[{"index":2000,"type":"product","data":{"format":"string","value":"深沟球轴承"}}]}`) {
			w.t.Error(got)
		}
		w.call("PUT", at, rec("88.608.1/a", "调心球轴承"), statusOK)
		w.call("PUT", at, rec("88.608.1/none", "x"), statusFailed)

		batch := "[" + rec("88.608.1/a", "调心球轴承") + "," + rec("88.608.1/b1", "x") + "," + rec("88.608.1/b2", "") + "]"
		got := w.call("POST", at+"/batchCreate", batch, statusFailed) // a is equal, b1 new, b2 empty
		if !strings.Contains(got, `[{"handle":"88.608.1/b2"`) || strings.Contains(got, "b1") {
			w.t.Error(got)
		}
		w.call("PUT", at+"/batchUpdate", "["+rec("88.608.1/b1", "y")+"]", statusOK)
		w.call("POST", at+"/batchCreate", "[]", statusFailed)
		w.call("DELETE", at+"/batchDelete", `["88.608.1/b1",{"handle":"88.608.1/none"}]`, statusFailed)
		w.call("GET", at+"/detail?handle=88.608.1/b1", "", statusFailed)
		w.call("DELETE", at+"?handle=88.608.1/a", "", statusOK)
		w.call("DELETE", "/snms/api/v3/template?prefix=88.608.1&version=1.0.0", "", statusOK)
		w.call("POST", at, rec("88.608.1/c", "x"), statusFailed)

		w.now = w.now.Add(25 * time.Hour)
		w.call("GET", at+"/detail?handle=88.608.1/a", "", statusLogin)
		if code, _ := w.send("DELETE", "/api/v1/identifier-accounts/erp?org="+steel.String(), "", "li"); code != 204 {
			w.t.Error(code)
		}
		w.call("POST", "/identity/token", fmt.Sprintf(`{"username":"erp","password":%q}`, made.Password), statusFailed)
	})
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

// FuzzBody reads bodies of calls.
func FuzzBody(f *testing.F) {
	for _, s := range []string{bearing, rec("88.608.1/a", "x"), "[" + rec("a", "") + "]", `["x",{"handle":1}]`, `null`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, into := range []any{new(record), new([]record), new(template), new([]nameOrRecord), new(credentials)} {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(b)))
			if read(r, into) != nil {
				continue
			}
			switch v := into.(type) {
			case *record:
				_, _ = v.input(registry.Create)
			case *template:
				_ = v.content()
			}
		}
	})
}
