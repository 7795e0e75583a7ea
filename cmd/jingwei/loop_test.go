package main

// The loop of a small firm, on one node with a clock of its own: it joins, is checked up, files what it lacks as a need, finds a
// provider and contracts with it, asks what support there is, applies, is judged, awarded and paid, proves the effect by what its
// machine measures, and is checked up again. Everybody acts over HTTP, as the console does; the machine's samples come through the
// door of the store.

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/programme"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// loop is the node, its clock and what people have made.
type loop struct {
	t   *testing.T
	n   *node
	now atomic.Int64

	seq      uint64 // of the machine's batches
	reported int64  // until when it has reported
	pieces   float64
}

// object is an answer, or a part of one.
type object = map[string]any

func newLoop(t *testing.T, start string) *loop {
	l := &loop{t: t}
	l.to(start)
	cfg := proof.Must(config.Load(config.Sources{Environ: []string{"JINGWEI_DATA=" + t.TempDir(), "JINGWEI_AUTH_SIGN_UP=true", "JINGWEI_HTTP_ADDRESS=127.0.0.1:0", "JINGWEI_HTTPS_ADDRESS=off", "JINGWEI_LINK_ADDRESS=off", "JINGWEI_MQTT_ADDRESS=off"}}))
	logger := slog.New(slog.DiscardHandler)
	l.n = proof.Must(openNodeOn(t.Context(), &machine{cfg, func() time.Time { return time.Unix(0, l.now.Load()) }, logger}, cfg, logger))
	t.Cleanup(l.n.close)
	return l
}

// to sets the clock to nine in the morning of a day.
func (l *loop) to(day string) {
	at, ok := field.Day(day)
	if !ok {
		l.t.Fatal(day)
	}
	l.now.Store(at + int64(9*time.Hour))
}

// person acts over HTTP with a session.
type person struct {
	l      *loop
	cookie string
}

func (p *person) send(method, path string, body any, media string) (int, []byte) {
	p.l.t.Helper()
	var content string
	switch b := body.(type) {
	case nil:
	case string:
		content = b
	default:
		content = string(proof.Must(json.Marshal(b)))
	}
	p.l.now.Add(int64(time.Second)) // no two acts at one instant
	r := httptest.NewRequestWithContext(p.l.t.Context(), method, "http://127.0.0.1/api/v1"+path, strings.NewReader(content))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Language", "zh")
	if content != "" {
		r.Header.Set("Content-Type", media)
	}
	if p.cookie != "" {
		r.AddCookie(&http.Cookie{Name: auth.PlainCookieName, Value: p.cookie})
	}
	w := httptest.NewRecorder()
	p.l.n.api.Handler().ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == auth.PlainCookieName {
			p.cookie = c.Value
		}
	}
	return w.Code, w.Body.Bytes()
}

func (p *person) does(method, path string, body any) object {
	p.l.t.Helper()
	status, answer := p.send(method, path, body, "application/json")
	if status/100 != 2 {
		p.l.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	out := object{}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &out); err != nil {
			p.l.t.Fatalf("%s %s: %v: %.300s", method, path, err, answer)
		}
	}
	return out
}

func (p *person) get(path string) object { p.l.t.Helper(); return p.does("GET", path, nil) }

func (p *person) post(path string, body any) object {
	p.l.t.Helper()
	return p.does("POST", path, body)
}

// refused tells the code of the problem with which something is refused.
func (p *person) refused(method, path string, body any) string {
	p.l.t.Helper()
	status, answer := p.send(method, path, body, "application/json")
	if status/100 == 2 {
		p.l.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	var problem struct{ Code string }
	_ = json.Unmarshal(answer, &problem)
	return problem.Code
}

// hands gives a paper in and returns its id.
func (p *person) hands(path, name, content string) string {
	p.l.t.Helper()
	status, answer := p.send("POST", path+"&name="+url.QueryEscape(name), content, "application/octet-stream")
	if status/100 != 2 {
		p.l.t.Fatalf("POST %s: %d %s", path, status, answer)
	}
	var d struct{ ID string }
	_ = json.Unmarshal(answer, &d)
	return d.ID
}

func items(o object) (out []object) {
	list, _ := o["items"].([]any)
	for _, x := range list {
		out = append(out, x.(object))
	}
	return out
}

// at is what stands at a way into an answer, such as "award.amount".
func at(v any, path string) any {
	for _, k := range strings.Split(path, ".") {
		m, _ := v.(object)
		v = m[k]
	}
	return v
}

const pdf = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

// invited is somebody whom the node's administrator has made.
func (l *loop) invited(o uuid.UUID, login string, role auth.Role) *person {
	l.t.Helper()
	_, link, err := l.n.auth.CreatePerson(auth.AsSystem(l.t.Context(), "test"), auth.System(o), login, login, role)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.welcomed(link)
}

func (l *loop) welcomed(link auth.Link) *person {
	l.t.Helper()
	_, token, _ := strings.Cut(link.URL(""), "token=")
	p := &person{l: l}
	p.post("/session/link", object{"token": token})
	p.does("PUT", "/me/password", object{"new": password})
	return p
}

// comesBack signs in again: a session does not last for weeks.
func (p *person) comesBack(login string) {
	p.l.t.Helper()
	p.cookie = ""
	p.post("/session", object{"login": login, "password": password})
}

const password = "correct horse battery"

// runs lets the machine report power (kW) and its counter of pieces, one a minute, from a day or from where it stopped until now.
func (l *loop) runs(power, pieces telemetry.Ref, from string, kW float64) {
	l.t.Helper()
	begin, _ := field.Day(from)
	begin = max(begin, l.reported)
	b := &telemetry.Batch{Origin: telemetry.Measured}
	flush := func() {
		l.seq++
		done := make(chan error, 1)
		err := l.n.telemetry.Append(l.t.Context(), uuid.UUID{1}, 1, l.seq, b, func(_ telemetry.Receipt, err error) { done <- err })
		if err == nil {
			err = <-done
		}
		if err != nil {
			l.t.Fatal(err)
		}
		*b = telemetry.Batch{Origin: telemetry.Measured}
	}
	for at := begin; at <= l.now.Load(); at += int64(time.Minute) {
		l.reported = at + int64(time.Minute)
		l.pieces++
		for ref, v := range map[telemetry.Ref]float64{power: kW, pieces: l.pieces} {
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, at), append(b.Gateway, at), append(b.Bits, math.Float64bits(v))
		}
		if b.Len() >= 4000 {
			flush()
		}
	}
	flush()
}

func TestTheLoop(t *testing.T) {
	l := newLoop(t, "2026-06-01") // a Monday
	ctx := t.Context()
	link, _, err := l.n.auth.FirstStart(ctx, org.Org{Kind: org.Government, Name: text.Text{Zh: "示例省工业和信息化厅", En: "Department of Example Province"}}, "root")
	if err != nil {
		t.Fatal(err)
	}
	root := l.welcomed(link)
	home := proof.Must(home(l)).ID
	wang := l.invited(home, "wang", auth.Engineer) // checks what root decides

	// The firm joins.
	li := &person{l: l}
	li.post("/session/person", object{"login": "li.na", "name": "李娜", "password": password})
	application := li.post("/join/applications", nil)
	id := application["id"].(string)
	li.does("PATCH", "/join/applications/"+id, object{"content": object{
		"creditCode": "91440101MA0TEXT12H", "name": "示例注塑有限公司", "industry": "2929", "region": "430100", "employees": 80, "revenue": 5_000_000_000, "assets": 3_000_000_000,
		"contact": "李娜", "phone": "13800138000", "until": "2028-05-31",
	}})
	li.hands("/join/letters?application="+id, "授权书.pdf", pdf)
	application = li.post("/join/applications/"+id+"/submission", nil)
	if got := items(root.get("/inbox?org=" + home.String())); len(got) == 0 {
		t.Error("nobody is told that an application waits")
	}
	application = root.post("/join/applications/"+id+"/decisions", object{"basis": application["revision"], "decision": "approve", "reason": "材料齐全"})
	firm := application["org"].(string)
	if _, ok, err := l.n.known.Of(ctx, uuid.MustParse(firm), "2026-06-01"); err != nil || !ok {
		t.Fatalf("the firm is not in the register: %v", err)
	}

	// It is checked up, and files its gaps as needs.
	first := l.checkedUp(li, firm)
	if declared, proven := at(first, "checkup.standing.points"), at(first, "checkup.standing.provenPoints"); declared == proven {
		t.Errorf("the firm has %v points declared and %v proven: nothing is proven yet", declared, proven)
	}
	checkup := at(first, "checkup.id").(string)
	if filed := li.post("/checkups/"+checkup+"/needs", object{}); filed["filed"].(float64) < 1 {
		t.Errorf("the gaps are no needs: %v", filed)
	}
	if filed := li.post("/checkups/"+checkup+"/needs", object{}); filed["filed"].(float64) != 0 {
		t.Errorf("gaps are filed twice: %v", filed)
	}

	// A provider has what it lacks; both come to a contract and a result.
	provider := proof.Must(l.n.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "示例网关公司", En: "Example Gateways"}, CreditCode: "914403001000000248"}, uuid.Nil)).ID
	wu := l.invited(provider, "wu", auth.Operator)
	pool := root.post("/registers/providers/entries", object{"org": home, "content": object{"code": "914403001000000248", "name": "示例网关公司", "kind": "software", "provider": provider}})
	root.post("/register-entries/"+pool["id"].(string)+"/transitions", object{"transition": "admit", "basis": 1, "reason": "资料齐全"})
	supply := wu.post("/matching/supplies", object{"org": provider, "register": "solutions", "content": object{"code": "S1", "title": "注塑机设备联网网关", "summary": "给老旧注塑机加装网关，自动采集产量", "covers": []object{{"kind": "equipment-networking"}}}})
	root.post("/register-entries/"+supply["id"].(string)+"/transitions", object{"transition": "publish", "basis": supply["revision"]})
	need := l.networking(li, firm)
	matches := items(li.get("/matching/needs/" + need + "/matches"))
	if len(matches) == 0 || !strings.Contains(string(proof.Must(json.Marshal(matches[0]))), "覆盖需求") {
		t.Fatalf("matches: %v", matches)
	}
	contact := li.post("/matching/contacts", object{"as": firm, "need": need, "supply": supply["id"], "words": "想了解方案"})
	step := func(p *person, as any, body object) {
		t.Helper()
		body["as"], body["basis"] = as, p.get("/matching/contacts/" + contact["id"].(string))["revision"]
		p.post("/matching/contacts/"+contact["id"].(string)+"/steps", body)
	}
	step(wu, provider, object{"step": "accept"})
	step(wu, provider, object{"step": "quote", "amount": 3_800_000})
	step(li, firm, object{"step": "propose", "contract": object{"number": "HT-2026-1", "signed": "2026-06-01", "subject": "equipment", "amount": 3_800_000, "due": "2026-07-01"}})
	step(wu, provider, object{"step": "confirm"})
	for who, org := range map[*person]string{wu: provider.String(), li: firm} { // each hears what the other one did
		if !slices.ContainsFunc(items(who.get("/inbox?org="+org)), func(o object) bool { return strings.Contains(fmt.Sprint(o), "needs/contacts/") }) {
			t.Errorf("%s hears nothing of the contact", org)
		}
	}
	ties, err := callParties{l.n}.Ties(ctx, provider, uuid.MustParse(firm)) // nobody of one judges the other's project
	for _, kind := range []string{programme.Contact, programme.Contract} {
		if err != nil || !slices.ContainsFunc(ties, func(x programme.Tie) bool { return x.Kind == kind && x.On == "2026-06-01" }) {
			t.Errorf("no %s between the provider and the firm: %v, %v", kind, ties, err)
		}
	}

	// It asks what support there is, and why.
	inquiry := li.post("/support/inquiries", object{"org": firm, "name": "注塑车间联网改造", "day": "2026-06-01", "region": "430000"})["id"].(string)
	root.does("PUT", "/support/documents/001_a73fb7626b88447e.txt/publication", object{"day": "2018-12-31", "source": "省政府公报"})
	opinion := li.post("/support/inquiries/"+inquiry+"/answers", object{"basis": at(li.get("/support/inquiries/"+inquiry), "inquiry.revision"), "answers": object{
		"project.category": "enterprise_platform", "project.demonstration": true, "project.investment": 1_000_000_000,
	}})
	if body := string(proof.Must(json.Marshal(opinion))); !strings.Contains(body, `"200000000"`) && !strings.Contains(body, ":200000000") {
		t.Errorf("20 %% of ten million yuan are not in the opinion: %.2000s", body)
	}

	// It applies to a call, is judged by experts without a tie to it, and made public.
	root.post("/ledger/funds", object{"org": home, "id": "demo", "name": object{"zh": "示范专项", "en": "Demonstration fund"}, "line": "hn2018"})
	root.post("/ledger/budget", object{"org": home, "fund": "demo", "year": 2026, "amount": 500_000_000, "why": "年度预算"})
	round := root.post("/programme-rounds", object{"org": home, "call": "hn-demonstration", "name": object{"zh": "2026 年第一批", "en": "First of 2026"}, "closes": "2026-06-30", "budget": 500_000_000, "fund": "demo", "year": 2026})
	roundPath := "/programme-rounds/" + round["id"].(string)
	file := li.post("/cases", object{"flow": "call-hn-demonstration", "org": home, "subject": firm, "content": object{
		"project": "注塑车间联网改造", "summary": "二十台注塑机联网", "investment": 1_000_000_000, "begins": "2026-06-01", "ends": "2026-12-31",
	}})["id"].(string)
	take := func(p *person, action string, content object, documents ...object) object {
		t.Helper()
		return p.post("/cases/"+file+"/steps", object{"action": action, "basis": p.get("/cases/" + file)["revision"], "content": content, "documents": documents})
	}
	plan := li.hands("/facts/documents?org="+firm, "建设方案.pdf", pdf)
	take(li, "submit", object{"truthful": true}, object{"kind": "plan", "id": plan})
	take(wang, "check", object{"checkSubject": true, "checkPapers": true, "checkCredit": true, "checkOnce": true})
	institute := proof.Must(l.n.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "示例研究院", En: "Example Institute"}}, uuid.Nil)).ID
	var experts []*person
	for i, work := range []string{"工业互联网", "节能", "财务"} {
		login := []string{"zhou", "wu2", "zheng"}[i]
		root.post("/registers/experts/entries", object{"org": home, "state": "active", "content": object{"code": login, "name": login, "employer": "单位" + login, "account": login, "fieldsOfWork": []object{{"field": work}}}})
		experts = append(experts, l.invited(institute, login, auth.Viewer))
	}
	onRound := func(act string, body object) {
		t.Helper()
		body["basis"] = root.get(roundPath)["revision"]
		root.post(roundPath+"/"+act, body)
	}
	onRound("closing", object{"reason": "申报已全部收齐"})
	onRound("draw", object{})
	for _, e := range experts {
		for _, review := range items(e.get("/programme-reviews")) {
			points := object{}
			for _, c := range review["criteria"].([]any) {
				points[at(c, "id").(string)] = 8
			}
			e.post("/programme-reviews/"+review["id"].(string)+"/scores", object{"basis": review["revision"], "points": points, "opinion": "方案可行", "submit": true})
		}
	}
	onRound("ranking", object{})
	onRound("publicity", object{})
	if code := root.refused("POST", "/cases/"+file+"/steps", object{"action": "award", "basis": root.get("/cases/" + file)["revision"]}); code != "flow-deadline-runs" {
		t.Errorf("an award before the publicity period has passed: %s", code)
	}

	// Its machine is connected; a week of it is the baseline, frozen with the award.
	l.to("2026-06-15")
	li.comesBack("li.na")
	root.comesBack("root")
	site := li.post("/plant/nodes", object{"org": firm, "kind": "site", "name": object{"zh": "注塑厂", "en": "Works"}})["id"]
	line := li.post("/plant/nodes", object{"org": firm, "kind": "line", "parent": site, "name": object{"zh": "一线", "en": "Line 1"}})["id"]
	press := li.post("/plant/nodes", object{"org": firm, "kind": "machine", "parent": line, "class": "large-machine", "name": object{"zh": "注塑机 1", "en": "Press 1"}})["id"].(string)
	point := func(key, zh, unit string) (string, telemetry.Ref) {
		t.Helper()
		id := li.post("/plant/machines/"+press+"/points", object{"key": key, "name": object{"zh": zh, "en": key}, "type": "float64", "unit": unit, "address": key, "every": "1m", "maxSilence": "2m"})["id"].(string)
		ref, _ := l.n.telemetry.Lookup(uuid.MustParse(id))
		return id, ref
	}
	powerID, power := point("power", "有功功率", "kW")
	piecesID, pieces := point("pieces", "产量", "1")
	li.does("PUT", "/series/"+piecesID+"/counter", object{"reason": "产量计数器"})
	l.runs(power, pieces, "2026-06-07", 30) // 60 pieces an hour: 0.5 kWh each
	project := "/programme-applications/" + file
	li.does("PUT", project+"/indicators/energy/series", object{"series": object{"power": powerID, "pieces": piecesID}})
	li.post(project+"/indicators/energy/measurements", nil)
	take(root, "award", object{})
	awarded := li.get(project)
	if amount := at(awarded, "award.amount"); amount != 200_000_000.0 { // 20 % of ten million yuan
		t.Fatalf("an award of %v fen", amount)
	}
	indicator := func(o object) any { return at(o, "indicators").([]any)[0] }
	if x := indicator(awarded); at(x, "baseline.value") != "0.5" || at(x, "baseline.frozen") != true {
		t.Fatalf("the baseline is %v", at(x, "baseline"))
	}
	ref := at(awarded, "award.ref").(string)
	// The page of support knows it: as filed through the call, and as awarded.
	if f := items(li.get("/support/filings?org=" + firm)); len(f) != 1 || f[0]["state"] != "awarded" || at(f[0], "through.application") != file {
		t.Errorf("filed for support: %v", f)
	}
	if w := items(li.get("/support/awards?org=" + firm)); len(w) != 1 || w[0]["amount"] != 200_000_000.0 || w[0]["ref"] != ref || at(w[0], "through.application") != file {
		t.Errorf("awarded support: %v", w)
	}
	if code := li.refused("POST", "/support/inquiries/"+inquiry+"/filings", object{"measure": "inc-hn-01"}); code != "support-second" {
		t.Errorf("the project that is awarded is filed for support: %s", code)
	}
	books := func() (open, paid any) {
		t.Helper()
		for _, c := range items(root.get("/ledger/commitments?org=" + home.String())) {
			if c["ref"] == ref {
				return c["committed"], c["paid"]
			}
		}
		t.Fatal("the award is not in the books")
		return nil, nil
	}
	pay := func(on string) (sum float64) {
		t.Helper()
		for _, x := range at(root.get(project), "payments").([]any) {
			if at(x, "state") == "released" {
				root.post("/programme-payments/"+at(x, "id").(string)+"/settlement", object{"basis": at(x, "revision"), "on": on, "document": "国库 " + on})
				sum += at(x, "amount").(float64)
			}
		}
		return sum
	}
	if open, paid := books(); open != 200_000_000.0 || paid != 0.0 {
		t.Errorf("%v fen are committed, %v paid", open, paid)
	}
	if sum := pay("2026-06-15"); sum != 100_000_000 {
		t.Errorf("%v fen are paid after the award", sum)
	}
	if e, _, err := l.n.known.Of(ctx, uuid.MustParse(firm), "2026-06-15"); err != nil || !slices.Contains(e.Tags, "demonstration") {
		t.Errorf("the register does not call it a demonstration enterprise: %v %v", e.Tags, err)
	}

	// A week later its machine needs a tenth less for a piece: measured, accepted, paid.
	l.to("2026-06-23")
	li.comesBack("li.na")
	root.comesBack("root")
	take(li, "present", object{"report": "项目已完成"})
	if code := root.refused("POST", "/cases/"+file+"/steps", object{"action": "accept", "basis": root.get("/cases/" + file)["revision"], "content": object{"opinion": "通过"}}); code != "programme-indicator-not-reached" {
		t.Errorf("an acceptance without a measurement: %s", code)
	}
	l.runs(power, pieces, "2026-06-15", 27)
	root.post(project+"/indicators/energy/measurements", nil)
	take(root, "accept", object{"opinion": "指标达到"})
	accepted := li.get(project)
	if x := indicator(accepted); at(x, "now.value") != "0.45" || at(x, "gain") != "10.00" || accepted["state"] != "accepted" {
		t.Errorf("accepted: %v, %v", accepted["state"], x)
	}
	if sum := pay("2026-06-23"); sum != 100_000_000 {
		t.Errorf("%v fen are paid after acceptance", sum)
	}
	if open, paid := books(); open != 0.0 || paid != 200_000_000.0 {
		t.Errorf("%v fen are still committed, %v paid", open, paid)
	}

	// It is checked up again: what the plant shows has proven more of it.
	again := l.checkedUp(li, firm)
	was, is := at(first, "checkup.standing.provenPoints"), at(again, "checkup.standing.provenPoints")
	if was == is {
		t.Errorf("%v points were proven and %v are, with a machine that reports", was, is)
	}
	if measured := at(again, "filled").([]any); len(measured) == 0 {
		t.Error("nothing of the check-up was measured")
	}

	// The provider has delivered, and is rated for it: only now it has a rating.
	if r := li.get("/matching/providers/" + provider.String() + "/rating"); r["known"] != false {
		t.Errorf("a provider without a result has a rating: %v", r)
	}
	step(li, firm, object{"step": "result", "result": object{"delivered": "2026-06-20", "words": "产量自动采集"}})
	li.post("/matching/contacts/"+contact["id"].(string)+"/rating", object{"aspects": object{"delivery": 5, "price": 4, "quality": 5, "service": 5}})
	if r := li.get("/matching/providers/" + provider.String() + "/rating"); r["known"] != true {
		t.Errorf("a rated provider has no rating: %v", r)
	}
}

// checkedUp answers the digital level of small and medium enterprises and submits it. What the plant shows stands beside what is said.
func (l *loop) checkedUp(p *person, firm string) object {
	l.t.Helper()
	c := p.post("/checkups", object{"org": firm, "instrument": "sme2024"})
	id := c["id"].(string)
	for _, q := range at(p.get("/checkups/"+id), "form.questions").([]any) {
		answer := object{"number": "15"}
		if kind := at(q, "kind"); kind != "percentage" && kind != "number" {
			choice := at(at(q, "choices").([]any)[1], "id")
			answer = object{"choice": choice}
			if at(q, "kind") == "multi" {
				answer = object{"choices": []any{choice}}
			}
		}
		p.does("PUT", "/checkups/"+id+"/answers/"+at(q, "id").(string), object{"basis": 0, "answer": answer})
	}
	p.post("/checkups/"+id+"/submission", nil)
	return p.get("/checkups/" + id + "/result")
}

// networking is the firm's need of networked machines.
func (l *loop) networking(p *person, firm string) string {
	l.t.Helper()
	for _, n := range items(p.get("/matching/needs?org=" + firm)) {
		if n["kind"] == "equipment-networking" {
			return n["id"].(string)
		}
	}
	l.t.Fatal("the check-up left no need of networked machines")
	return ""
}

func home(l *loop) (org.Org, error) {
	o, _, err := l.n.orgs.Home(l.t.Context())
	return o, err
}
