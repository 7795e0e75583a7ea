package flow

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestOverHTTP(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	callers := authtest.Callers{}
	for _, who := range []string{li, wang, zhao, rival, first, "v/viewer@agency", "v/viewer@firm", "o/owner@rival"} {
		name, rest, _ := strings.Cut(who, "/")
		role, org, _ := strings.Cut(rest, "@")
		callers[who] = authtest.Person(name, map[uuid.UUID]auth.Role{n.orgs[org]: auth.Role(role)})
	}
	a := proof.Must(api.New(t.Context(), api.Options{Auth: callers, DB: n.db, Now: n.service.o.Now}))
	n.service.Routes(a)
	server := httptest.NewServer(a.Handler())
	defer server.Close()
	call := func(who, method, path, body string) (int, string) {
		t.Helper()
		r := proof.Must(http.NewRequestWithContext(t.Context(), method, server.URL+api.Base+path, strings.NewReader(body)))
		if who != "" {
			r.Header.Set("Authorization", "Bearer "+who)
		}
		r.Header.Set("Accept-Language", "zh-CN")
		r.Header.Set("Content-Type", "application/json")
		res := proof.Must(http.DefaultClient.Do(r))
		defer res.Body.Close()
		return res.StatusCode, string(proof.Must(io.ReadAll(res.Body)))
	}
	n.shelf["form"], n.shelf["licence"] = n.orgs["firm"], n.orgs["firm"]
	agency, firm, far := n.orgs["agency"].String(), n.orgs["firm"].String(), n.orgs["rival"].String()
	open := fmt.Sprintf(`{"flow":"project-application","org":%q,"subject":%q,"content":%s}`, agency, firm, application)
	offer := func(takes bool) string { return fmt.Sprintf(`{"org":%q,"takes":%v}`, agency, takes) }
	id := ""
	for _, c := range []struct {
		who, method, path, body string
		status                  int
		says, not               string
	}{
		{"", "GET", "/flows", "", 401, "", ""},
		{li, "GET", "/flows", "", 200, "https://json-schema.org/draft/2020-12/schema", ""},
		{li, "POST", "/cases", open, 403, "未开通“项目申报”的受理", ""},
		{wang, "POST", "/flows/project-application/offers", offer(true), 403, "", ""},
		{rival, "POST", "/flows/project-application/offers", offer(true), 404, "", ""},
		{zhao, "POST", "/flows/nothing/offers", offer(true), 404, "没有流程 nothing", ""},
		{zhao, "POST", "/flows/project-application/offers", offer(true), 200, agency, ""},
		{li, "GET", "/flows/project-application/offers", "", 200, agency, ""},
		{"", "POST", "/cases", open, 401, "", ""},
		{rival, "POST", "/cases", open, 404, "", ""},
		{"v/viewer@firm", "POST", "/cases", open, 403, "此事项由申报单位发起", ""},
		{wang, "POST", "/cases", open, 403, "", ""},
		{li, "POST", "/cases", strings.Replace(open, `"benchmark"`, `"best"`, 1), 422, "申报类别", ""},
		{li, "POST", "/cases", open, 201, `"state":"draft"`, ""},
		{li, "POST", "/cases", open, 409, "{id}", "没有"},
		{li, "GET", "/cases/{id}", "", 200, `"title":"注塑车间数字化改造"`, ""},
		{rival, "GET", "/cases/{id}", "", 404, "", "注塑"},
		{first, "GET", "/cases/{id}/steps", "", 404, "", ""},
		{rival, "GET", "/cases/{id}/actions", "", 404, "", ""},
		{"", "GET", "/cases/{id}", "", 401, "", ""},
		{li, "GET", "/cases/{id}/actions", "", 200, `"action":"submit"`, `"action":"accept"`},
		{"v/viewer@firm", "GET", "/cases/{id}/actions", "", 200, `"items":[]`, ""},
		{li, "POST", "/cases/{id}/steps", `{"action":"submit","basis":1,"content":{"truthful":true}}`, 422, "缺少：申报书、营业执照", ""},
		{rival, "POST", "/cases/{id}/steps", `{"action":"submit","basis":1}`, 404, "", ""},
		{"v/viewer@firm", "POST", "/cases/{id}/steps", `{"action":"submit","basis":1}`, 403, "由申报单位办理", ""},
		{li, "POST", "/cases/{id}/steps", `{"action":"submit","basis":1,"content":{"truthful":true},"documents":[{"kind":"application","id":"form"},{"kind":"licence","id":"licence"}]}`, 201, `"last":"2026-04-27"`, ""},
		{li, "POST", "/cases/{id}/steps", `{"action":"withdraw","basis":1,"reason":"不报了"}`, 409, "li已于 2026-04-20 10:00 办理“提交”", ""},
		{wang, "GET", "/due-cases?org=" + agency, "", 200, `"deadline":"check"`, ""},
		{wang, "GET", "/due-cases?org=" + agency + "&until=2026-04-26", "", 200, `"items":[]`, ""},
		{wang, "GET", "/due-cases?org=" + agency + "&until=soon", "", 422, "不是日期", ""},
		{rival, "GET", "/due-cases?org=" + agency, "", 404, "", ""},
		{li, "GET", "/due-cases?org=" + agency, "", 404, "", ""},
		{"v/viewer@agency", "POST", "/cases/{id}/parties", `{"role":"reviewer-first","basis":2,"parties":[{"org":"` + far + `"}]}`, 403, "", ""},
		{"o/owner@rival", "POST", "/cases/{id}/parties", `{"role":"reviewer-first","basis":2,"parties":[{"org":"` + far + `"}]}`, 404, "", ""},
		{zhao, "POST", "/cases/{id}/parties", `{"role":"king","basis":2,"parties":[]}`, 422, "king 不是可指定的角色", ""},
		{zhao, "POST", "/cases/{id}/parties", `{"role":"reviewer-first","basis":2,"parties":[{"org":"` + far + `"}]}`, 201, `"revision":3`, ""},
		{li, "GET", "/cases/{id}", "", 200, `"parties":[]`, far},
		{li, "GET", "/cases/{id}/steps", "", 200, `"transition":"submit"`, far},
		{zhao, "GET", "/cases/{id}/steps", "", 200, far, ""},
		{wang, "GET", "/cases?state=submitted&org=" + agency + "&q=%E6%B3%A8%E5%A1%91", "", 200, "{id}", ""},
		{first, "GET", "/cases", "", 200, `"items":[]`, ""},
		{"", "GET", "/public/flows/project-application/cases", "", 200, `"items":[]`, ""},
		{"", "GET", "/workdays/last?event=2026-04-30&n=4", "", 200, "调休上班（劳动节），国办发明电〔2025〕7号", ""},
		{"", "GET", "/workdays/last?event=2026-12-30&n=3", "", 200, `"unknownYears":[2027]`, ""},
		{"", "GET", "/workdays/last?event=2026-13-01&n=4", "", 422, "不是日期", ""},
		{zhao, "POST", "/flows/project-application/offers", offer(false), 200, `"orgs":[]`, ""},
	} {
		status, answer := call(c.who, c.method, strings.ReplaceAll(c.path, "{id}", id), c.body)
		if c.says = strings.ReplaceAll(c.says, "{id}", id); status != c.status || !strings.Contains(answer, c.says) || c.not != "" && strings.Contains(answer, c.not) {
			t.Errorf("%s %s %s: %d %.1500s\nwant %d with %q without %q", c.who, c.method, c.path, status, answer, c.status, c.says, c.not)
		}
		if status == 201 && id == "" {
			var v CaseView
			if err := json.Unmarshal([]byte(answer), &v); err != nil {
				t.Fatal(err)
			}
			id = v.ID.String()
		}
	}
}

// BenchmarkDueList holds 100,000 running cases of one organisation.
func BenchmarkDueList(b *testing.B) {
	for name, db := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			n := newNode(b, db(b))
			n.fill(b, 100_000)
			page := func(f DueFilter, after string, want int) func(*testing.B) {
				return func(b *testing.B) {
					for b.Loop() {
						list, _, err := n.service.DueList(n.as(zhao), n.orgs["agency"], f, store.Page{After: after})
						if err != nil || len(list) != want {
							b.Fatalf("%d lines, %v", len(list), err)
						}
					}
				}
			}
			late := ""
			for p := (store.Page{Limit: 1000}); ; {
				_, next, err := n.service.DueList(n.as(zhao), n.orgs["agency"], DueFilter{}, p)
				if err != nil {
					b.Fatal(err)
				}
				if next == "" {
					break
				}
				late, p.After = p.After, next
			}
			b.Run("first page", page(DueFilter{}, "", 100))
			b.Run("last page", page(DueFilter{}, late, 100))
			b.Run("role overdue", page(DueFilter{Role: "approver", Overdue: true}, "", 100))
			b.Run("mine", page(DueFilter{Mine: true}, "", 0))
			b.Run("nothing due by role", page(DueFilter{Role: "requester"}, "", 0))
			b.Run("cases", func(b *testing.B) {
				for b.Loop() {
					if list, _, err := n.service.List(n.as(li), Filter{}, store.Page{}); err != nil || len(list) != 0 {
						b.Fatal(len(list), err)
					}
				}
			})
			b.Run("idle tick", func(b *testing.B) {
				for b.Loop() {
					if err := n.service.ripen(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
