package main

// A project is filed once, on the page of support or in an application to a call: the real rooms, over HTTP.

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/text"
)

// applicant is a firm that may apply, and files for support too.
type applicant struct {
	*person
	firm, home string
}

func newApplicant(l *loop) (a *applicant, root *person) {
	l.t.Helper()
	ctx := l.t.Context()
	link, _, err := l.n.auth.FirstStart(ctx, org.Org{Kind: org.Government, Name: text.Text{Zh: "示例省工业和信息化厅", En: "Department of Example Province"}}, "root")
	if err != nil {
		l.t.Fatal(err)
	}
	root = l.welcomed(link)
	at := proof.Must(home(l)).ID
	firm := proof.Must(l.n.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "示例注塑有限公司", En: "Example Moulding"}, CreditCode: "91440101MA0TEXT12H"}, uuid.Nil)).ID
	root.post("/registers/enterprises/entries", object{"org": at, "state": "active", "content": object{"creditCode": "91440101MA0TEXT12H", "name": "示例注塑有限公司", "org": firm, "industry": "2929", "region": "430100", "employees": 80}})
	root.does("PUT", "/support/documents/001_a73fb7626b88447e.txt/publication", object{"day": "2018-12-31", "source": "省政府公报"})
	root.post("/programme-rounds", object{"org": at, "call": "hn-demonstration", "name": object{"zh": "2026 年第一批", "en": "First of 2026"}, "closes": "2026-06-30", "budget": 0})
	return &applicant{l.invited(firm, "li", auth.Engineer), firm.String(), at.String()}, root
}

// asks begins an inquiry about a project that could be filed for the measure of the call.
func (a *applicant) asks(project string) string {
	a.l.t.Helper()
	id := a.post("/support/inquiries", object{"org": a.firm, "name": project, "day": "2026-06-01", "region": "430000"})["id"].(string)
	a.post("/support/inquiries/"+id+"/answers", object{"basis": 1, "answers": object{"project.category": "enterprise_platform", "project.demonstration": true, "project.investment": 1_000_000_000}})
	return id
}

// drafts begins an application about a project, and gives what submits it.
func (a *applicant) drafts(project string) (id string, submission object) {
	a.l.t.Helper()
	c := a.post("/cases", object{"flow": "call-hn-demonstration", "org": a.home, "subject": a.firm, "content": object{"project": project, "summary": "联网", "investment": 1_000_000_000, "begins": "2026-06-01", "ends": "2026-12-31"}})
	plan := a.hands("/facts/documents?org="+a.firm, "建设方案.pdf", pdf)
	return c["id"].(string), object{"action": "submit", "basis": c["revision"], "content": object{"truthful": true}, "documents": []object{{"kind": "plan", "id": plan}}}
}

// filed are the firm's filings of a project that stand.
func (a *applicant) filed(project string) (out []object) {
	a.l.t.Helper()
	for _, f := range items(a.get("/support/filings?org=" + a.firm)) {
		if f["name"] == project && (f["state"] == "open" || f["state"] == "awarded") {
			out = append(out, f)
		}
	}
	return out
}

func TestAProjectIsFiledOnceOverBothRooms(t *testing.T) {
	l := newLoop(t, "2026-06-01")
	li, root := newApplicant(l)
	measure := object{"measure": "inc-hn-01"}

	inquiry := li.asks("注塑车间联网改造")
	application, submission := li.drafts("注塑车间 联网改造")
	first := li.post("/support/inquiries/"+inquiry+"/filings", measure)["id"].(string)
	status, answer := li.send("POST", "/cases/"+application+"/steps", submission, "application/json")
	if body := string(answer); status != http.StatusConflict || !strings.Contains(body, "support-second") || !strings.Contains(body, "项目“注塑车间联网改造”已于 2026-06-01 在“能拿到什么支持”按“企业级工业互联网平台示范项目”申报") {
		t.Fatalf("filed here, and through a call: %d %s", status, body)
	}
	if state := li.get("/cases/" + application)["state"]; state != "draft" {
		t.Fatalf("refused, and in the state %v", state)
	}
	li.post("/support/filings/"+first+"/withdrawal", object{"why": "改走申报通知"})
	li.post("/cases/"+application+"/steps", submission)
	through := li.filed("注塑车间 联网改造")
	if len(through) != 1 || at(through[0], "through.application") != application || at(through[0], "through.call.zh") != "企业级工业互联网平台示范项目" {
		t.Fatalf("filed: %v", through)
	}
	status, answer = li.send("POST", "/support/inquiries/"+inquiry+"/filings", measure, "application/json")
	if body := string(answer); status != http.StatusConflict || !strings.Contains(body, "support-second") || !strings.Contains(body, "通过申报通知“企业级工业互联网平台示范项目”") {
		t.Fatalf("filed through a call, and here: %d %s", status, body)
	}
	id := through[0]["id"].(string)
	for what, code := range map[string]string{
		"granted":   root.refused("POST", "/support/filings/"+id+"/award", object{"fund": "demo", "year": 2026, "amount": 1, "why": "专家评审通过"}),
		"refused":   root.refused("POST", "/support/filings/"+id+"/refusal", object{"why": "材料不全"}),
		"withdrawn": li.refused("POST", "/support/filings/"+id+"/withdrawal", object{"why": "不再申报"}),
	} {
		if code != "support-through" {
			t.Errorf("%s on the page of support: %s", what, code)
		}
	}
	li.post("/cases/"+application+"/steps", object{"action": "withdraw", "basis": li.get("/cases/" + application)["revision"], "reason": "暂不申报"})
	if left := li.filed("注塑车间 联网改造"); len(left) != 0 {
		t.Errorf("withdrawn, and filed: %v", left)
	}
	li.post("/support/inquiries/"+inquiry+"/filings", measure)
}

// Both rooms at the same time: one gets through, and the other one tells why it does not.
func TestBothRoomsFileAtOnce(t *testing.T) {
	l := newLoop(t, "2026-06-01")
	li, _ := newApplicant(l)
	wang := &applicant{l.invited(uuid.MustParse(li.firm), "wang", auth.Engineer), li.firm, li.home}
	for i := range 4 {
		project := "同时申报" + strings.Repeat("一", i)
		inquiry := li.asks(project)
		application, submission := wang.drafts(project)
		var g sync.WaitGroup
		var statuses [2]int
		var codes [2]string
		send := func(k int, p *person, path string, body object) {
			status, answer := p.send("POST", path, body, "application/json")
			var problem struct{ Code string }
			_ = json.Unmarshal(answer, &problem)
			statuses[k], codes[k] = status, problem.Code
		}
		g.Go(func() { send(0, li.person, "/support/inquiries/"+inquiry+"/filings", object{"measure": "inc-hn-01"}) })
		g.Go(func() { send(1, wang.person, "/cases/"+application+"/steps", submission) })
		g.Wait()
		slices.Sort(statuses[:])
		if statuses[0]/100 != 2 || statuses[1] != http.StatusConflict || !slices.Contains(codes[:], "support-second") {
			t.Errorf("%v %v", statuses, codes)
		}
		if filed := li.filed(project); len(filed) != 1 {
			t.Errorf("filed: %v", filed)
		}
	}
}
