package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/identify/docking"
	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/inbox"
	"jingwei/packs"
)

// furnish makes A's objects, as its owner.
func (m *matrix) furnish(owner string) {
	const j = secret
	m.makes(owner, "site", "POST", "/plant/nodes", `{"org":"{org}","kind":"site","name":{"zh":"`+j+`厂","en":"x"}}`, "id")
	m.makes(owner, "line", "POST", "/plant/nodes", `{"org":"{org}","kind":"line","parent":"{site}","name":{"zh":"`+j+`线","en":"x"}}`, "id")
	m.makes(owner, "template", "GET", "/templates?limit=1", "", "items.id")
	m.makes(owner, "machine", "POST", "/plant/nodes", `{"org":"{org}","kind":"machine","parent":"{line}","name":{"zh":"`+j+`机","en":"x"},"template":"{template}"}`, "id")
	m.makes(owner, "series", "GET", "/series?org={org}&limit=1", "", "items.id")
	m.makesCalendar(owner)
	m.document(owner)
	m.makes(owner, "fact", "POST", "/facts", `{"org":"{org}","documents":["{document}"],"kind":"contract","source":"erp","externalId":"`+j+`","content":{"number":"`+j+`","signed":"2026-03-02","partyName":"`+j+`","subject":"software","amount":100}}`, "id")
	m.makes(owner, "fact revision", "GET", "/facts/{fact}", "", "revisionId")
	m.makes(owner, "entry", "POST", "/registers/enterprises/entries", `{"org":"{org}","class":"internal","content":{"creditCode":"9144030071526726XG","name":"`+j+`","industry":"C3670"}}`, "id")
	m.makes(owner, "gateway", "POST", "/gateways", `{"org":"{org}","name":"`+j+`"}`, "id")
	m.makes(owner, "source", "POST", "/sources", `{"org":"{org}","kind":"push","transport":"http","config":{},"name":"`+j+`"}`, "id")
	m.makes(owner, "credential", "POST", "/sources/{source}/credentials", `{"name":"`+j+`"}`, "id")
	m.makes(owner, "meter", "POST", "/plant/nodes", `{"org":"{org}","kind":"machine","parent":"{line}","name":{"zh":"`+j+`表","en":"x"}}`, "id")
	m.makes(owner, "feeder", "POST", "/plant/machines/{meter}/points", `{"key":"energy","name":{"zh":"`+j+`电能"},"type":"float64","unit":"kW.h","address":"energy"}`, "id")
	m.makes(owner, "main meter", "POST", "/energy/main-meters", `{"org":"{org}","series":"{feeder}","from":"2026-05-01"}`, "fact")
	m.makes(owner, "group", "POST", "/rollup-groups", `{"org":"{org}","name":{"zh":"`+j+`","en":"x"},"members":["{series}"],"reason":"because of it"}`, "id")
	m.makes(owner, "grant", "POST", "/grants", `{"from":"{org}","to":"{other}","purpose":"credit","words":"`+j+`","kind":"fact","subject":"contract","until":"`+time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339)+`"}`, "id")
	m.makes(owner, "agreement", "POST", "/agreements/offer", `{"org":"{org}","other":{"node":"00000000-0000-7000-8000-000000000002","creditCode":"91350100M000100Y43"},"kind":"parent","figures":["energy"],"detail":"aggregate","drill":"none","onward":"none","until":"`+time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339)+`","purpose":"statistics","words":"`+j+`"}`, "id")
	m.makes(owner, "channel", "POST", "/inbox/channels", `{"org":"{org}","kind":"mail","name":"`+j+`","address":"a@example.cn"}`, "id")
	m.makes(owner, "case", "POST", "/cases", `{"flow":"approval","org":"{org}","content":{"matter":"`+j+`","amount":1}}`, "id")
	m.makes(owner, "hold", "POST", "/retention/holds", `{"org":"{org}","reason":"`+j+` because","series":"{series}","from":"2026-05-04T00:00:00Z","to":"2026-05-05T00:00:00Z"}`, "id")
	m.makes(owner, "link", "POST", "/gateways/{gateway}/links", `{"name":"`+j+`","driver":"modbus","config":{"address":"192.0.2.1:502"}}`, "id")
	if err := m.n.inbox.Put(m.t.Context(), inbox.Message{Key: "a", Kind: inbox.Note, Topic: "test", To: []inbox.Recipient{{Org: uuid.MustParse(m.made["org"])}}, Text: text.Both(j)}); err != nil {
		m.t.Fatal(err)
	}
	m.makes(owner, "message", "GET", "/inbox?org={org}", "", "items.id")
	m.made["correction"] = m.made["series"] // none is made: its room asks for the series of one first
	if _, err := m.n.gs1.Entrust(auth.AsSystem(m.t.Context(), "test"), "690123", uuid.MustParse(m.made["org"]), j); err != nil {
		m.t.Fatal(err)
	}
	m.makes(owner, "declared set", "PUT", "/gs1/links?org={org}&anchor=%2F01%2F06901234567892", `{"description":{"zh":"`+j+`"},"links":[{"type":"gs1:pip","href":"https://firm.example","title":{"zh":"`+j+`"},"default":true}]}`, "anchor")
	m.furnishIdentifiers(owner)
	m.furnishDocking(owner)
	m.makes(owner, "token", "POST", "/tokens", `{"org":"{org}","name":"`+j+`","role":"viewer"}`, "id")
}

// makesCalendar takes the first calendar that the node offers.
func (m *matrix) makesCalendar(owner string) {
	_, answer := m.call(owner, "GET", "/plant/calendars/presets", "", "")
	var list struct{ Items []map[string]any }
	if err := json.Unmarshal([]byte(answer), &list); err != nil || len(list.Items) == 0 {
		m.t.Fatalf("calendars on offer: %v %s", err, answer)
	}
	body := map[string]any{"org": m.made["org"], "name": map[string]string{"zh": secret, "en": "x"}}
	for k, v := range list.Items[0] {
		if k != "name" && k != "id" && k != "note" && k != "$schema" {
			body[k] = v
		}
	}
	b, _ := json.Marshal(body)
	m.makes(owner, "calendar", "POST", "/plant/calendars", string(b), "id")
}

// furnishOffice makes what A has as a firm and as an office of its own: it fills things in, keeps books, calls for projects and calls
// firms to a check-up.
func (m *matrix) furnishOffice(owner string) {
	const j = secret
	now := time.Now().UTC()
	year, later := fmt.Sprint(now.Year()), now.AddDate(0, 2, 0).Format(time.DateOnly)
	m.makes(owner, "draft", "POST", "/drafts", `{"org":"{org}","kind":"case","id":"approval"}`, "id")
	m.makes(owner, "application", "POST", "/join/applications", "", "id")
	m.makes(owner, "checkup", "POST", "/checkups", `{"org":"{org}","instrument":"sme2024"}`, "id")
	m.answers(owner)
	m.makes(owner, "inquiry", "POST", "/support/inquiries", `{"org":"{org}","name":"`+j+`","day":"2026-06-01","region":"430000"}`, "id")
	m.makes(owner, "result", "POST", "/support/inquiries/{inquiry}/results", "", "id")
	measure, err := packs.Files.ReadFile("policy/inc-hn-01.yaml")
	if err != nil {
		m.t.Fatal(err)
	}
	edited, _ := json.Marshal(map[string]string{"org": m.made["org"], "yaml": string(measure)})
	m.makes(owner, "edited", "POST", "/support/drafts", string(edited), "id")
	m.makes(owner, "lab", "POST", "/support/labs", `{"org":"{org}","drafts":["{edited}"],"generated":50}`, "id")
	m.makes(owner, "fund", "POST", "/ledger/funds", `{"org":"{org}","id":"fund","name":{"zh":"`+j+`","en":"x"}}`, "id")
	m.does(owner, "/ledger/budget", `{"org":"{org}","fund":"fund","year":`+year+`,"amount":100000000,"why":"`+j+` budget"}`)
	m.makes(owner, "ledger entry", "GET", "/ledger/entries?org={org}", "", "items.id")
	m.makes(owner, "round", "POST", "/programme-rounds", `{"org":"{org}","call":"hn-demonstration","name":{"zh":"第一批","en":"First"},"closes":"`+later+`","budget":1000000,"fund":"fund","year":`+year+`}`, "id")
	m.makes(owner, "project", "POST", "/cases", `{"flow":"call-hn-demonstration","org":"{org}","subject":"{org}","content":{"project":"`+j+`联网改造","summary":"`+j+`","investment":1000000000,"begins":"2026-06-01","ends":"2026-12-31"}}`, "id")
	m.makes(owner, "campaign", "POST", "/checkup-campaigns", `{"org":"{org}","instrument":"sme2024","name":{"zh":"`+j+`","en":"x"},"firms":["9144030071526726XG"],"until":"`+later+`"}`, "id")
	m.loadsMap(owner)
}

// furnishFigures makes A a keeper that has a figure of itself, and has entered a value beside it.
func (m *matrix) furnishFigures(owner string) {
	const j = secret
	keeper := uuid.MustParse(m.made["org"])
	d := m.n.indicators.Library().Definition("machine-networking")
	k := figure.Key{Keeper: keeper, Indicator: d.ID, Filter: figure.All, Kind: "year", Period: "2025"}
	account := indicator.NewAccount(d)
	account.Miss(1, indicator.NoData)
	err := m.n.db.InTx(m.t.Context(), func(ctx context.Context, tx bun.Tx) error {
		c := &figure.Commit{}
		whole := c.PutPopulation(figure.NewPopulation(keeper, "", figure.All, "2025-12-31", []indicator.Enterprise{{Code: "9144030071526726XG", Name: j}}, 0, 0))
		c.PutFigure(&figure.Figure{Key: k, Definition: proof.Must(figure.ParseHash(d.Hash())), Population: whole, Account: account.Encode(), Parts: []figure.Part{{Source: figure.Local, Kind: figure.Rows, State: figure.Given, Members: 1}}})
		_, err := m.n.figures.Store().Write(ctx, tx, c, time.Now())
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.made["figure"] = k.ID().String()
	m.makes(owner, "manual figure", "POST", "/manual-figures", `{"org":"{org}","indicator":"machine-networking","kind":"year","period":"2025","reading":"mean","value":"61","unit":"%","grade":"E0","reason":"`+j+` said so"}`, "id")
}

// loadsMap gives A a map of its own.
func (m *matrix) loadsMap(owner string) {
	path := "/maps?org={org}&region=990000&review=" + url.QueryEscape("浙S(2023)45号") + "&source=" + url.QueryEscape(secret)
	shape := `{"type":"FeatureCollection","features":[{"properties":{"code":"990100"},"geometry":{"type":"Polygon","coordinates":[[[1,1],[2,1],[2,2],[1,1]]]}}]}`
	if status, answer := m.call(owner, http.MethodPost, m.fill(path), "application/octet-stream", shape); status/100 != 2 {
		m.t.Errorf("A's map: %d %.500s", status, answer)
	}
}

// answers fills A's check-up in and hands it in, so that it has a result.
func (m *matrix) answers(owner string) {
	_, answer := m.call(owner, "GET", m.fill("/checkups/{checkup}"), "", "")
	var page struct {
		Form struct {
			Questions []struct {
				ID, Kind string
				Choices  []struct{ ID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(answer), &page); err != nil || len(page.Form.Questions) == 0 {
		m.t.Fatalf("A's check-up: %v %.300s", err, answer)
	}
	m.made["question"] = page.Form.Questions[0].ID
	for _, q := range page.Form.Questions {
		body := `{"basis":0,"answer":{"number":"15"}}`
		if q.Kind != "percentage" && q.Kind != "number" {
			if body = `{"basis":0,"answer":{"choice":"` + q.Choices[0].ID + `"}}`; q.Kind == "multi" {
				body = `{"basis":0,"answer":{"choices":["` + q.Choices[0].ID + `"]}}`
			}
		}
		if status, answer := m.call(owner, "PUT", m.fill("/checkups/{checkup}/answers/"+q.ID), "application/json", body); status/100 != 2 {
			m.t.Errorf("answer %s of A's check-up: %d %.300s", q.ID, status, answer)
		}
	}
	m.does(owner, "/checkups/{checkup}/submission", "")
}

// furnishMarket makes what A has where firms and providers meet: the node's organisation admits a third organisation as a provider and
// announces an event, A contacts it and signs up.
func (m *matrix) furnishMarket(owner, home, third string) {
	const j = secret
	m.makes(owner, "need", "POST", "/matching/needs", `{"org":"{org}","kind":"equipment-networking","visibility":"private","title":"`+j+`注塑机联网","words":"`+j+`二十台"}`, "id")
	m.makes(owner, "listing", "POST", "/matching/supplies", `{"org":"{org}","register":"solutions","content":{"code":"A1","title":"一个方案","summary":"采集产量","covers":[{"kind":"equipment-networking"}]}}`, "id")
	var me struct{ Items []struct{ ID string } }
	_, answer := m.call(home, "GET", "/orgs", "", "")
	if err := json.Unmarshal([]byte(answer), &me); err != nil || len(me.Items) == 0 {
		m.t.Fatalf("who runs the node: %v %.300s", err, answer)
	}
	pool := made{}
	market := &matrix{t: m.t, n: m.n, handler: m.handler, made: pool}
	pool["home"], pool["other"], pool["code"] = me.Items[0].ID, m.made["other"], "914403001000000248"
	market.makes(home, "pool", "POST", "/registers/providers/entries", `{"org":"{home}","content":{"code":"{code}","name":"third","kind":"software","provider":"{other}"}}`, "id")
	market.does(home, "/register-entries/{pool}/transitions", `{"transition":"admit","basis":1,"reason":"complete"}`)
	market.makes(third, "supply", "POST", "/matching/supplies", `{"org":"{other}","register":"solutions","content":{"code":"S1","title":"联网网关","summary":"自动采集产量","covers":[{"kind":"equipment-networking"}]}}`, "id")
	market.does(home, "/register-entries/{supply}/transitions", `{"transition":"publish","basis":1}`)
	market.makes(home, "event", "POST", "/matching/events", `{"title":"一次对接会","place":"园区","day":"`+time.Now().AddDate(0, 1, 0).Format(time.DateOnly)+`","seats":5,"rounds":1,"tables":1}`, "id")
	m.made["event"] = pool["event"]
	m.makes(owner, "guest", "POST", "/matching/events/{event}/guests", `{"as":"{org}","need":"{need}"}`, "id")
	m.makes(owner, "contact", "POST", "/matching/contacts", `{"as":"{org}","need":"{need}","supply":"`+pool["supply"]+`","words":"`+j+`想了解"}`, "id")
	today := time.Now().In(time.FixedZone("", 8*3600)).Format(time.DateOnly)
	for i, step := range []string{`"as":"{other}","step":"accept"`, `"as":"{org}","step":"propose","contract":{"number":"` + j + `","signed":"` + today + `","amount":100,"subject":"software"}`, `"as":"{other}","step":"confirm"`,
		`"as":"{org}","step":"result","result":{"words":"` + j + `已见效","delivered":"` + today + `"}`} {
		m.does([]string{third, owner}[i%2], "/matching/contacts/{contact}/steps", fmt.Sprintf(`{%s,"basis":%d}`, step, i+1))
	}
	m.makes(owner, "rating", "POST", "/matching/contacts/{contact}/rating", `{"aspects":{"delivery":5,"price":4,"quality":5,"service":5}}`, "id")
	market.does(home, "/registers/enterprises/entries", `{"org":"{home}","content":{"creditCode":"{code}","name":"third","industry":"C3670"}}`)
	m.makes(owner, "voucher", "POST", "/support/vouchers", `{"keeper":"{org}","holder":"{other}","fund":"fund","year":`+fmt.Sprint(time.Now().Year())+`,"amount":1000000,"purpose":"`+j+`","expires":"`+time.Now().AddDate(0, 2, 0).Format(time.DateOnly)+`"}`, "id")
}

// document hands a paper in for A.
func (m *matrix) document(owner string) {
	status, answer := m.call(owner, http.MethodPost, m.fill("/facts/documents?org={org}&name=a.txt"), "application/octet-stream", secret)
	var d struct{ ID string }
	if err := json.Unmarshal([]byte(answer), &d); err != nil || status/100 != 2 || d.ID == "" {
		m.t.Fatalf("hand A's paper in: %d %.300s", status, answer)
	}
	m.made["document"] = d.ID
}

// does something as somebody, which must be done.
func (m *matrix) does(who, path, body string) {
	m.t.Helper()
	media := ""
	if body != "" {
		media = "application/json"
	}
	if status, answer := m.call(who, http.MethodPost, m.fill(path), media, m.fill(body)); status/100 != 2 {
		m.t.Errorf("POST %s: %d %.500s", m.fill(path), status, answer)
	}
}

// furnishIdentifiers makes A's prefix with what is in it. The values of an identifier that are public are for all.
func (m *matrix) furnishIdentifiers(owner string) {
	const j = secret
	system := auth.AsSystem(m.t.Context(), "test")
	if _, err := m.n.registry.Allocate(system, registry.Allocation{Prefix: "88.101", Org: uuid.MustParse(m.made["org"]), State: registry.Homed, Reason: j}); err != nil {
		m.t.Fatal(err)
	}
	m.makes(owner, "identifier template", "PUT", "/identifier-templates/88.101/1.0.0", `{"name":{"zh":"`+j+`"},"industryCategory":"C","type":2,"items":[{"name":"x","type":"string"}]}`, "id")
	m.makes(owner, "identifier", "POST", "/identifiers", `{"name":"88.101/a","values":[{"index":1,"type":"URL","data":"u"},{"index":2,"type":"NOTE","data":"`+j+`","permissions":"1100"}]}`, "name")
	m.makes(owner, "identifier account", "POST", "/identifier-accounts", `{"org":"{org}","name":"erp-a"}`, "password")
	started, err := m.n.registry.StartImport(system, []byte("suffix\nx\n"), registry.Import{Prefix: "88.101", Mode: registry.Whole}, "", j)
	if err != nil {
		m.t.Fatal(err)
	}
	m.made["identifier import"] = started.ID.String()
}

// furnishDocking makes a node below A, and a return that it has handed in.
func (m *matrix) furnishDocking(owner string) {
	const j = secret
	var keys []string
	for _, k := range m.n.signers {
		keys = append(keys, `"`+k.Verifier().String()+`"`)
	}
	m.makes(owner, "node below", "POST", "/docking/nodes?org={org}", `{"prefix":"88.9","role":"secondary","name":{"zh":"`+j+`","en":"`+j+`"},"operator":{"zh":"x","en":"x"},"keys":[`+strings.Join(keys, ",")+`],"doors":["udp 127.0.0.1:9"],"reason":"`+j+`"}`, "id")
	m.makes(owner, "node below", "PUT", "/docking/nodes/{node below}", `{"prefix":"88.9","role":"secondary","name":{"zh":"`+j+`","en":"`+j+`"},"operator":{"zh":"x","en":"x"},"keys":[`+strings.Join(keys, ",")+`],"doors":["udp 127.0.0.1:9"],"reason":"`+j+`","revision":1,"state":"testing"}`, "id")
	head := docking.Head{ID: uuid.Must(uuid.NewV7()), Guide: guideID, Version: "1.0.0", Table: "own-resolution", Prefix: "88.9", Revision: 1, Part: 1, Parts: 1, Made: m.n.now()}
	document, err := docking.Write(&head, []field.Record{{"prefix": "88.9", "codeType": "handle", "address": "192.0.2.1"}}, m.n.signers...)
	if err != nil {
		m.t.Fatal(err)
	}
	if _, err := m.n.docking.Take(m.t.Context(), document); err != nil {
		m.t.Fatal(err)
	}
	m.made["return"] = head.ID.String()
}
