package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"jingwei/internal/identify/gs1/resolver"
	"jingwei/internal/kernel/auth"
)

// A product's way over HTTP: its prefix entrusted, its links declared, its symbols drawn and printed, and a scan that leads where they say.
func TestProductOfANewNodeOverHTTP(t *testing.T) {
	ctx := t.Context()
	n, home := newNode(t)
	if _, err := n.gs1.Entrust(auth.AsSystem(ctx, "test"), "950600", home.ID, "certificate"); err != nil {
		t.Fatal(err)
	}
	_, token, err := n.auth.CreateToken(auth.AsSystem(ctx, "test"), auth.System(home.ID), "engineer", auth.Engineer, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string, want int) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequestWithContext(ctx, method, "http://127.0.0.1"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if strings.HasPrefix(path, "/api/") {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		n.api.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
		}
		return w
	}
	anchor := url.QueryEscape("/01/09506000134352")
	declare := "/api/v1/gs1/links?anchor=" + anchor + "&org=" + home.ID.String()
	body := `{"description":{"zh":"蘑菇烩饭"},"links":[{"type":"gs1:pip","href":"https://firm.example/p","title":{"zh":"产品信息"},"default":true}]}`
	etag := ask(http.MethodPut, declare, body, http.StatusOK).Header().Get("ETag")
	if etag == "" {
		t.Error("no ETag")
	}
	if w := ask(http.MethodGet, "/01/09506000134352/21/S1?x=1", "", http.StatusTemporaryRedirect); w.Header().Get("Location") != "https://firm.example/p?x=1" {
		t.Errorf("%v", w.Header())
	}
	ask(http.MethodPut, declare, strings.Replace(body, "firm.example", "evil.example@x", 1), http.StatusUnprocessableEntity)
	var list struct{ Items []resolver.DeclaredSet }
	if err := json.Unmarshal(ask(http.MethodGet, "/api/v1/gs1/link-versions?anchor="+anchor, "", http.StatusOK).Body.Bytes(), &list); err != nil || len(list.Items) != 1 || list.Items[0].Link != "/id/01/09506000134352" {
		t.Errorf("%+v %v", list, err)
	}
	var read resolver.GS1Reading
	text := url.QueryEscape("(01)09506000134352(17)271231(10)L7(21)S1")
	if err := json.Unmarshal(ask(http.MethodGet, "/api/v1/gs1/read?text="+text, "", http.StatusOK).Body.Bytes(), &read); err != nil || read.Link != "https://id.gs1.org/01/09506000134352/10/L7/21/S1?17=271231" ||
		read.Drug == nil || read.Drug.Serial != "S1" || len(read.Elements) != 4 || read.Elements[2].Title != "BATCH/LOT" {
		t.Errorf("%+v %v", read, err)
	}
	if w := ask(http.MethodGet, "/api/v1/gs1/read?text=%2801%2909506000134353", "", http.StatusBadRequest); !strings.Contains(w.Body.String(), `"rule":"check-digit"`) && !strings.Contains(w.Body.String(), "check digit") {
		t.Errorf("%s", w.Body)
	}
	for _, c := range []string{"kind=qr", "kind=datamatrix&format=png", "kind=gs1-128"} {
		w := ask(http.MethodGet, "/api/v1/gs1/symbol?"+c+"&text="+text, "", http.StatusOK)
		if w.Body.Len() < 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "image/") {
			t.Errorf("%s: %v", c, w.Header())
		}
	}
	sheet := `{"kind":"qr","width":60000,"height":35000,"margin":8000,"module":500,"stem":"http://127.0.0.1/id","labels":[{"title":"蘑菇烩饭","text":"(01)09506000134352(21)S1","count":3}]}`
	if w := ask(http.MethodPost, "/api/v1/gs1/label-sheets", sheet, http.StatusOK); !strings.HasPrefix(w.Body.String(), "%PDF-") {
		t.Errorf("%v", w.Header())
	}
	ask(http.MethodDelete, declare, "", http.StatusNoContent)
	ask(http.MethodGet, "/01/09506000134352", "", http.StatusNotFound)
	ask(http.MethodGet, "/.well-known/gs1resolver", "", http.StatusOK)
}
