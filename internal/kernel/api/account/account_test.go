package account_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/account"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// board is a fixed set of conditions.
type board []condition.Condition

func (b board) Version() uint64 { return 1 }

func (b board) List(scope condition.Including, withNode bool) []condition.Condition {
	var out []condition.Condition
	for _, c := range b {
		if scope.Includes(c.Org) || withNode && c.Org == uuid.Nil {
			out = append(out, c)
		}
	}
	return out
}

type node struct {
	t       *testing.T
	handler http.Handler
	auth    *auth.Service
	a, b    uuid.UUID
	link    string
}

func build(t *testing.T, db *store.DB) *node {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	orgs, err := org.New(ctx, db, time.Now)
	must(err)
	orgs.SetNode(uuid.Must(uuid.NewV7()), "")
	people, err := auth.New(ctx, auth.Options{DB: db, Orgs: orgs, Now: time.Now})
	must(err)
	link, ok, err := people.FirstStart(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "甲厂", En: "A"}}, "admin")
	must(err)
	home, _, err := orgs.Home(ctx)
	must(err)
	b, err := orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "乙厂", En: "B"}}, uuid.Nil)
	must(err)
	s, err := api.New(ctx, api.Options{Auth: people, DB: db})
	must(err)
	(&account.Service{DB: db, Auth: people, Orgs: orgs, Conditions: board{
		{Kind: "link.down", Org: home.ID, Subject: "x"}, {Kind: "link.down", Org: b.ID, Subject: "y"}, {Kind: "disk.full"},
	}}).Routes(s)
	if !ok {
		t.Fatal("no first link")
	}
	return &node{t: t, handler: s.Handler(), auth: people, a: home.ID, b: b.ID, link: link.URL("")}
}

// client is a browser (with cookies) or a program (with a token).
type client struct {
	*node
	cookie *http.Cookie
	token  string
}

func (c *client) call(method, path string, body any, status int, out any) *http.Response {
	c.t.Helper()
	var b bytes.Buffer
	if body != nil {
		_ = json.NewEncoder(&b).Encode(body)
	}
	r := httptest.NewRequest(method, "/api/v1"+path, &b)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.cookie != nil {
		r.AddCookie(c.cookie)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	if w.Code != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	for _, cookie := range w.Result().Cookies() {
		if c.cookie = cookie; cookie.MaxAge < 0 {
			c.cookie = nil
		}
	}
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			c.t.Fatalf("%s %s: %s: %v", method, path, w.Body, err)
		}
	}
	return w.Result()
}

type object = map[string]any

func TestFromTheFirstLinkToAWorkingOrganisation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := build(t, db)
		admin := &client{node: n}
		admin.call("GET", "/me", nil, 401, nil)
		_, secret, _ := strings.Cut(n.link, "token=")
		var me account.Me
		resp := admin.call("POST", "/session/link", object{"token": secret}, 200, &me)
		cookie := resp.Header.Get("Set-Cookie")
		for _, part := range []string{"jingwei=", "HttpOnly", "SameSite=Strict", "Path=/"} {
			if !strings.Contains(cookie, part) {
				t.Errorf("the cookie %q has no %s", cookie, part)
			}
		}
		if me.PasswordSet || me.Person.Login != "admin" || len(me.Roles) != 1 || me.Roles[0].Role != auth.Owner || me.Roles[0].Org.Name.Zh != "甲厂" || !me.Roles[0].Org.Home {
			t.Errorf("me: %+v", me)
		}
		(&client{node: n}).call("POST", "/session/link", object{"token": secret}, 401, nil)
		admin.call("PUT", "/me/password", object{"new": "password123"}, 422, nil)
		admin.call("PUT", "/me/password", object{"new": "copper lathe seventeen"}, 204, nil)

		// Somebody is invited, signs in with the link, sets a password, signs out and in again.
		var invited account.Invited
		admin.call("POST", "/people?org="+n.a.String(), object{"login": "li", "name": "Li Na", "role": "operator"}, 201, &invited)
		li := &client{node: n}
		_, secret, _ = strings.Cut(invited.Link, "token=")
		li.call("POST", "/session/link", object{"token": secret}, 200, nil)
		li.call("PUT", "/me/password", object{"new": "granite harbour lantern"}, 204, nil)
		li.call("DELETE", "/session", nil, 204, nil)
		li.call("GET", "/me", nil, 401, nil)
		li.call("POST", "/session", object{"login": "li", "password": "wrong"}, 401, nil)
		li.call("POST", "/session", object{"login": "LI", "password": "granite harbour lantern"}, 200, &me)
		if !me.PasswordSet || me.Person.Name != "Li Na" {
			t.Errorf("li: %+v", me)
		}

		// An operator sees and does not manage.
		var orgs api.Page[account.Org]
		li.call("GET", "/orgs", nil, 200, &orgs)
		if len(orgs.Items) != 1 || orgs.Items[0].ID != n.a {
			t.Errorf("li sees %v", orgs)
		}
		li.call("GET", "/people?org="+n.a.String(), nil, 403, nil)
		li.call("GET", "/audit?org="+n.a.String(), nil, 403, nil)
		li.call("POST", "/tokens", object{"name": "t", "org": n.a, "role": "viewer"}, 403, nil)
		li.call("POST", "/people/"+me.Person.ID.String()+"/link", nil, 403, nil)
		admin.call("POST", "/tokens", object{"name": "t", "role": "viewer"}, 422, nil) // of which organisation?
		li.call("PATCH", "/people/"+me.Person.ID.String(), object{"name": "Li Na (mill)"}, 200, nil)

		// A token of the one organisation meets the other: not found, never forbidden.
		var token account.NewAPIToken
		admin.call("POST", "/tokens", object{"name": "historian", "org": n.a, "role": "engineer"}, 201, &token)
		program := &client{node: n, token: token.Token}
		program.call("GET", "/orgs", nil, 200, &orgs)
		if len(orgs.Items) != 1 || orgs.Items[0].ID != n.a {
			t.Errorf("the token sees %v", orgs)
		}
		for _, path := range []string{"/people?org=", "/tokens?org=", "/audit?org=", "/conditions?org="} {
			program.call("GET", path+n.b.String(), nil, 404, nil)
			admin.call("GET", path+n.b.String(), nil, 404, nil)
		}
		program.call("GET", "/me", nil, 200, &me)
		if me.Person.Name != "historian" || me.Roles[0].Role != auth.Engineer {
			t.Errorf("the token is %+v", me)
		}
		program.call("PUT", "/me/password", object{"new": "granite harbour lantern"}, 403, nil)

		var conditions api.Page[condition.Condition]
		li.call("GET", "/conditions", nil, 200, &conditions)
		if len(conditions.Items) != 1 || conditions.Items[0].Org != n.a {
			t.Errorf("li sees conditions %+v", conditions.Items)
		}
		admin.call("GET", "/conditions", nil, 200, &conditions)
		if len(conditions.Items) != 2 { // and the node's own
			t.Errorf("the administrator sees conditions %+v", conditions.Items)
		}

		// The audit tells all of it, the latest first, in pages.
		var verbs []string
		for cursor := ""; ; {
			var page api.Page[account.AuditEntry]
			admin.call("GET", "/audit?limit=3&org="+n.a.String()+"&cursor="+cursor, nil, 200, &page)
			for _, e := range page.Items {
				verbs = append(verbs, e.Verb+" "+e.Actor+" "+e.Object)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		all := strings.Join(verbs, "\n")
		for _, want := range []string{
			"auth.token.make admin historian", "auth.person.change li li", "auth.session.open li li", "auth.session.refuse li li", "auth.session.close li li",
			"auth.person.add admin li", "auth.password.set admin admin", "auth.session.open admin admin", "auth.link.make node admin", "auth.person.add node admin",
		} {
			if !strings.Contains(all, want) {
				t.Errorf("the audit does not tell %q:\n%s", want, all)
			}
		}
		if strings.Index(all, "auth.token.make") > strings.Index(all, "auth.person.add node") {
			t.Error("the audit is not the latest first")
		}
		admin.call("DELETE", "/tokens/"+token.ID.String(), nil, 204, nil)
		program.call("GET", "/me", nil, 401, nil)
	})
}

func TestOrganisationsAreAddedByThoseWhoMay(t *testing.T) {
	n := build(t, storetest.SQLite(t))
	_, secret, _ := strings.Cut(n.link, "token=")
	admin := &client{node: n}
	admin.call("POST", "/session/link", object{"token": secret}, 200, nil)
	var firm, plant account.Org
	admin.call("POST", "/orgs", object{"kind": "enterprise", "name": object{"zh": "新企业", "en": ""}, "creditCode": "9144030071526726XG"}, 201, &firm)
	admin.call("POST", "/orgs", object{"kind": "unit", "name": object{"zh": "一厂", "en": ""}, "parent": firm.ID}, 201, &plant)
	if plant.Parent == nil || *plant.Parent != firm.ID {
		t.Errorf("the plant's parent is %v", plant.Parent)
	}
	admin.call("POST", "/orgs", object{"kind": "unit", "name": object{"zh": "二厂", "en": ""}, "parent": n.b}, 404, nil)
	admin.call("POST", "/orgs", object{"kind": "enterprise", "name": object{"zh": "x", "en": ""}, "creditCode": "9144030071526726XH"}, 422, nil)
	var me account.Me
	admin.call("GET", "/me", nil, 200, &me)
	roles := map[uuid.UUID]auth.Role{}
	for _, r := range me.Roles {
		roles[r.Org.ID] = r.Role
	}
	if roles[firm.ID] != auth.Owner || roles[plant.ID] != auth.Owner || len(roles) != 3 {
		t.Errorf("the founder's roles: %v", roles)
	}

	// The firm's own owner may add units to it and nothing else.
	var invited account.Invited
	admin.call("POST", "/people", object{"org": firm.ID, "login": "boss", "name": "Boss", "role": "owner"}, 201, &invited)
	boss := &client{node: n}
	_, secret, _ = strings.Cut(invited.Link, "token=")
	boss.call("POST", "/session/link", object{"token": secret}, 200, nil)
	boss.call("POST", "/orgs", object{"kind": "unit", "name": object{"zh": "三厂", "en": ""}, "parent": firm.ID}, 201, nil)
	boss.call("POST", "/orgs", object{"kind": "enterprise", "name": object{"zh": "另一企业", "en": ""}}, 403, nil)
	boss.call("POST", "/orgs", object{"kind": "unit", "name": object{"zh": "x", "en": ""}, "parent": n.a}, 404, nil)
	boss.call("GET", "/audit?org="+n.a.String(), nil, 404, nil)
}

func TestCookieOverHTTPSIsBoundToTheHost(t *testing.T) {
	n := build(t, storetest.SQLite(t))
	_, secret, _ := strings.Cut(n.link, "token=")
	r := httptest.NewRequest("POST", "https://node.example/api/v1/session/link", strings.NewReader(`{"token":"`+secret+`"}`))
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	cookie := w.Header().Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-jingwei=") || !strings.Contains(cookie, "Secure") || strings.Contains(cookie, "Domain") {
		t.Errorf("the cookie is %q", cookie)
	}
	// The same session does not count under the plain name: a cookie that another port could have set.
	r = httptest.NewRequest("GET", "https://node.example/api/v1/me", nil)
	r.AddCookie(&http.Cookie{Name: "jingwei", Value: w.Result().Cookies()[0].Value})
	w = httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	if w.Code != 401 {
		t.Errorf("the plain name over HTTPS: %d", w.Code)
	}
}
