package main

// The refusal matrix: every operation of the OpenAPI document × every role of another organisation × the objects of an
// organisation A. Whoever has roles in organisation B alone is refused (401 without a token, 404 or 403 as package auth says),
// nothing of A changes, and no answer holds anything of A.
//
// How to extend it, when a new room or route makes this test fail:
//
//   - "parameters have no object of A": add a line to things, with how A's own owner makes such an object (through the API, if that is short)
//     and the path that it fills. The first line whose prefix fits and whose parameter has that name counts.
//   - "query parameter … is not known": add it to queries (a value that names something of A, or any valid one).
//   - "answered 2xx": either a hole (mend it), or the operation acts on the caller alone: then add it to own, with the reason.
//   - "body … refused before it was judged": the generated body does not pass validation; give one in bodies.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/text"
)

// secret stands in everything of A that has words, and in nothing else of the node.
const secret = "机密A"

// made are A's objects by name.
type made map[string]string

// shown are objects whose being there is told to all, or to whoever runs the node, and why; that nothing else of A is told holds for them too.
var (
	shownToAll  = map[string]string{"round": "a call is open to all firms", "event": "announced to all firms"}
	shownToHome = map[string]string{"listing": "the node's organisation keeps the registers of supply", "application": "the node's organisation decides who joins", "guest": "the node's organisation holds the event"}
)

// thing fills a path parameter with an object of A.
type thing struct {
	prefix string // of the path
	param  string
	object string // in made; "=x" is x itself, for what belongs to nobody
}

var things = []thing{
	{"/agreements/", "id", "agreement"},
	{"/backups/", "id", "=00000000-0000-7000-8000-000000000001"}, // of the node: whoever runs it, and nobody else
	{"/cases/", "id", "case"},
	{"/checkup-campaigns/", "id", "campaign"},
	{"/checkups/", "id", "checkup"},
	{"/checkups/", "question", "question"},
	{"/corrections/", "id", "correction"},
	{"/docking/nodes/", "id", "node below"},
	{"/docking/nodes/", "return", "return"},
	{"/drafts/", "id", "draft"},
	{"/energy/main-meters/", "id", "main meter"},
	{"/evidence/records/", "id", "fact revision"},
	{"/fact-kinds/", "kind", "=contract"},
	{"/epcis/capture/", "captureID", "capture"},
	{"/epcis/events/", "eventID", "=urn:uuid:0190a0b0-0000-7000-8000-0000000000a1"},
	{"/epcis/queries/", "value", "named query"},
	{"/epcis/queries/", "subscriptionID", "subscription"},
	{"/epcis/epcs/", "value", "=x"},
	{"/epcis/eventTypes/", "value", "=ObjectEvent"},
	{"/epcis/bizSteps/", "value", "=commissioning"},
	{"/epcis/dispositions/", "value", "=active"},
	{"/epcis/", "value", "=urn:x:y"},
	{"/trace/parties/", "id", "=00000000-0000-7000-8000-000000000001"}, // of the node
	{"/facts/", "id", "fact"},
	{"/facts/", "document", "document"},
	{"/figure-keepers/", "org", "org"},
	{"/figures/", "id", "figure"},
	{"/flows/", "flow", "=demonstration-project"},
	{"/public/flows/", "flow", "=demonstration-project"},
	{"/gateways/", "id", "gateway"},
	{"/grants/", "id", "grant"},
	{"/gs1/prefixes/", "prefix", "=690123"},
	{"/health/series/", "id", "series"},
	{"/identifier-accounts/", "name", "=erp-a"},
	{"/identifier-templates/", "prefix", "=88.101"},
	{"/identifier-templates/", "version", "=1.0.0"},
	{"/identifiers/imports/", "id", "identifier import"},
	{"/indicators/", "indicator", "=erp-use"},
	{"/inbox/channels/", "id", "channel"},
	{"/inbox/undelivered/", "id", "channel"},
	{"/inbox/senders/", "kind", "=mail"},
	{"/inbox/", "id", "message"},
	{"/join/applications/", "id", "application"},
	{"/ledger/entries/", "id", "ledger entry"},
	{"/links/", "id", "link"},
	{"/manual-figures/", "id", "manual figure"},
	{"/maps/", "region", "=990000"},
	{"/matching/contacts/", "id", "contact"},
	{"/matching/event-guests/", "id", "guest"},
	{"/matching/events/", "id", "event"},
	{"/matching/needs/", "id", "need"},
	{"/matching/providers/", "provider", "org"},
	{"/matching/ratings/", "id", "rating"},
	{"/matching/supplies/", "id", "listing"},
	{"/neighbours/", "node", "=00000000-0000-7000-8000-000000000001"}, // of the node: whoever runs it, and nobody else
	{"/orgs/", "org", "org"},
	{"/people/", "id", "person"},
	{"/people/", "org", "org"},
	{"/plant/calendars/", "id", "calendar"},
	{"/plant/machines/", "id", "machine"},
	{"/plant/nodes/", "id", "machine"},
	{"/plant/points/", "id", "series"},
	{"/prefixes/", "prefix", "=88.101"},
	{"/programme-applications/", "id", "project"},
	{"/programme-applications/", "indicator", "=energy"},
	{"/programme-rounds/", "id", "round"},
	{"/public/programme-rounds/", "id", "round"},
	{"/public/registers/", "register", "=enterprises"},
	{"/public/registers/", "id", "entry"},
	{"/register-entries/", "id", "entry"},
	{"/registers/", "register", "=enterprises"},
	{"/retention/", "id", "hold"},
	{"/rollup-groups/", "id", "group"},
	{"/series/", "id", "series"},
	{"/series/", "day", "=2026-05-04"},
	{"/session/providers/", "provider", "=none"}, // the node has none, and nobody has any
	{"/sources/", "id", "source"},
	{"/sources/", "cid", "credential"},
	{"/sources/", "device", "=press-1"},
	{"/support/documents/", "document", "=001_a73fb7626b88447e.txt"},
	{"/support/inquiries/", "id", "inquiry"},
	{"/support/labs/", "id", "lab"},
	{"/support/measures/", "measure", "=inc-hn-01"},
	{"/support/results/", "id", "result"},
	{"/support/vouchers/", "id", "voucher"},
	{"/targets/", "target", "=KPI-ZJ-08"},
	{"/templates/", "id", "template"},
	{"/tokens/", "id", "token"},
	{"/twins/", "id", "machine"},
}

// queries are values of query parameters by name; "" leaves a parameter that is not required away.
var queries = map[string]string{
	"org": "{org}", "series": "{series}", "machine": "{machine}", "node": "{machine}", "subject": "{org}", "parent": "{site}", "actor": "{person}", "object": "{fact}", "ids": "",
	"limit": "", "cursor": "", "format": "", "at": "", "asOf": "", "from": "2026-05-04T00:00:00Z", "to": "2026-05-05T00:00:00Z", "level": "hour", "kind": "month", "state": "", "name": "x.txt", "source": "erp",
	"agreement": "{agreement}", "period": "2026-05", "firstDay": "2026-05-01", "lastDay": "2026-05-31",
	"anchor": "/01/06901234567892", "text": "(01)06901234567892", "stem": "", "module": "", "bar": "", "dpi": "",
	"identifier": "88.101/a", "prefix": "88.101",
	"register": "enterprises", "flow": "", "role": "", "reason": "because of it", "dryRun": "", "device": "press-1", "event": "2026-05-04", "n": "5", "application": "{org}", "case": "{case}", "need": "{need}", "with": "{checkup}", "checkup": "{checkup}", "month": "2026-05", "region": "990000", "way": "up", "review": "浙S(2023)45号", "figure": "{figure}", "id": "{fact}", "documentKind": "shell", "document": "urn:x", "version": "1",
}

// own are operations that B's people may do all the same, because they act on the caller or on what belongs to nobody.
var own = map[string]string{
	"signOut": "ends the caller's own session", "setPassword": "the caller's own", "changePassword": "the caller's own",
	"setPhone": "the caller's own", "bindProvider": "the caller's own",
	"listCases": "org only narrows what the caller sees", "countCases": "org only narrows", "exportCases": "org only narrows", "search": "org only narrows", "listNeeds": "org only narrows",
	"getMatchEvent": "announced to all", "exportMatchEventTable": "holds the caller's own meetings", "getRound": "an open call is for all",
	"listMatchEventGuests": "shows the caller's own sign-ups", "getMatchEventTable": "shows the caller's own meetings", "listContacts": "only narrows", "getProviderRating": "the node's rating of a provider, for all", "listRatings": "for all", "listDrafts": "only narrows",
	"printGS1Labels": "prints what the caller gives", "readInbox": "marks the caller's own messages", "putInboxPreference": "the caller's own", "addInboxChannel": "without an organisation the caller's own",
}

// atHome are operations of whoever runs the node for its whole desk; B's people are refused them like any other.
var atHome = map[string]string{"bindTraceParty": "who runs the node says whose a GLN is", "allocatePrefix": "whoever runs the node gives prefixes to all", "addProviderCheck": "the node's organisation checks the providers of its pool"}

// announced are answers that name A because A has made them for all: they hold its name and its call, and nothing else of it.
var announced = map[string]string{"listRounds": "open calls", "getPublicRound": "an open call", "getRound": "an open call"}

// byHome are what the node's organisation does with its own event, to which A has signed up, and with company prefixes, which it
// entrusts. It is not called for whoever runs the node.
var byHome = []string{"inviteToMatchEvent", "sendMatchEventInvitations", "pairMatchEvent", "endMatchEvent", "noteMatchEventOutcome", "listMatchEventGuests", "entrustGS1Prefix", "takeBackGS1Prefix"}

// skipped are operations that this test does not call, and why.
var skipped = map[string]string{
	"streamEpcisQuery": "a stream; internal/identify/trace asks it for another organisation",
	"live":             "a stream without an end; its own tests ask it for another organisation", "signOut": own["signOut"],
}

// moving are reads whose answer changes by itself, and why.
var moving = map[string]string{"getStorage": "tells how much of the disk is free, which other programs use too"}

// bodies are those that generation does not find, with {name} for A's objects.
var bodies = map[string]string{
	"recordFact":       `{"org":"{org}","kind":"contract","source":"erp","externalId":"X-1","content":{"number":"X-1","signed":"2026-03-02","partyName":"x","subject":"software","amount":1}}`,
	"addEntry":         `{"org":"{org}","content":{"creditCode":"914403001922038216","name":"x","industry":"C3670"}}`,
	"giveGrant":        `{"from":"{org}","to":"{other}","purpose":"credit","words":"a loan","kind":"fact","subject":"contract","until":"2027-05-04T00:00:00Z"}`,
	"inviteNeighbour":  `{"name":"x"}`,
	"requestAgreement": `{"org":"{org}","other":{"org":"{other}"},"kind":"peer","figures":["x"],"detail":"aggregate","drill":"none","onward":"none","until":"2027-05-04T00:00:00Z","purpose":"statistics","words":"figures"}`,
	"offerAgreement":   `{"org":"{org}","other":{"org":"{other}"},"kind":"peer","figures":["x"],"detail":"aggregate","drill":"none","onward":"none","until":"2027-05-04T00:00:00Z","purpose":"statistics","words":"figures"}`,
	"addOrg":           `{"kind":"unit","name":{"zh":"新部门","en":"x"},"parent":"{org}"}`,
	"addPerson":        `{"org":"{org}","login":"new.person","name":"x","role":"viewer"}`,
	"makeToken":        `{"org":"{org}","name":"x","role":"viewer"}`,
	"addInboxChannel":  `{"org":"{org}","kind":"mail","address":"x@example.cn"}`,
	"readInbox":        `{"org":"{org}"}`,

	"registerNodeBelow": `{"prefix":"88.7","role":"secondary","name":{"zh":"x","en":"x"},"operator":{"zh":"x","en":"x"},"keys":["x"],"doors":["x"],"reason":"because of it"}`,
	"changeNodeBelow":   `{"prefix":"88.7","role":"secondary","name":{"zh":"x","en":"x"},"operator":{"zh":"x","en":"x"},"keys":["x"],"doors":["x"],"reason":"because of it","revision":1}`,
	"setNodeAbove":      `{"prefix":"88.7","url":"https://top.example","since":"2026-05-01","reason":"because of it","revision":0}`,
	"sendReturnAgain":   `{"table":"own-statistics","period":"2026-05-01"}`,

	"registerIdentifier":      `{"name":"88.101/b","values":[]}`,
	"changeIdentifier":        `{"operation":"modify","values":[]}`,
	"changeIdentifiers":       `{"changes":[{"name":"88.101/a","operation":"delete"}]}`,
	"allocatePrefix":          `{"prefix":"88.555","org":"{other}","state":"allocated","reason":"because of it"}`,
	"draftIdentifierTemplate": `{"name":{"zh":"x"},"industryCategory":"C","type":2,"items":[{"name":"x","type":"string"}]}`,

	"bindTraceParty":        `{"org":"{other}","party":"https://id.gs1.org/417/6901234500003","reason":"because of it"}`,
	"keepEpcisQuery":        `{"name":"x","query":{"EQ_action":["ADD"]}}`,
	"subscribeEpcisQuery":   `{"dest":"https://example.com/x","stream":true}`,
	"entrustGS1Prefix":      `{"prefix":"690999","org":"{other}","ground":"x"}`,
	"declareGS1Links":       `{"description":{"zh":"x"},"links":[{"type":"gs1:pip","href":"https://firm.example","title":{"zh":"x"},"default":true}]}`,
	"printGS1Labels":        `{"kind":"qr","width":70000,"height":37000,"module":500,"labels":[{"text":"(01)06901234567892"}]}`,
	"callFirms":             `{"firms":["9144030071526726XG"]}`,
	"declareConflict":       `{"conflict":true,"reason":"because of it"}`,
	"publishPassport":       `{"org":"{org}","id":"urn:x:dpp","product":"urn:x:product","granularity":"item","status":"active","operator":"urn:x:operator","shell":"urn:jingwei:twin:{machine}:shell","tiers":{"Nameplate":"public"}}`,
	"noteMatchEventOutcome": `{"round":1,"table":1,"outcome":"absent"}`,
	"runLab":                `{"org":"{org}","drafts":["{edited}"]}`,
	"writeLedgerEntry":      `{"org":"{org}","day":"2026-05-04","ref":"x","why":"because of it","lines":[{"account":"1002","fund":"fund","year":2026,"debit":1},{"account":"4001","fund":"fund","year":2026,"credit":1}]}`,
}

// How many operations may be refused for their body before their right was judged, and how many reads of one thing A's owner may
// not find (what this test does not make). Both only ever fall.
const (
	mostUnjudged = 6
	mostUnread   = 17
	standInsLeft = 29 // parameters of routes for which things has no line yet, exactly
)

// matrix is the node with A's objects and everybody's credentials.
type matrix struct {
	t        *testing.T
	n        *node
	handler  http.Handler
	made     made
	standIns []string // operations whose parameters have no object of their own
	doc      struct {
		Paths      map[string]map[string]operation
		Components struct{ Schemas map[string]schema }
	}
}

type operation struct {
	OperationID string `json:"operationId"`
	Security    []map[string][]string
	Parameters  []struct {
		Name, In string
		Required bool
		Schema   schema
	}
	RequestBody *struct {
		Content map[string]struct{ Schema schema }
	}
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Format     string
	Enum       []any
	Properties map[string]schema
	Required   []string
	Items      *schema
	MinLength  int
	MinItems   int
	Minimum    *float64
	Pattern    string
}

// call makes a request as somebody: a session's cookie, "token:…" or nobody.
func (m *matrix) call(who, method, path, mediaType, body string) (int, string) {
	r := httptest.NewRequestWithContext(m.t.Context(), method, "http://127.0.0.1/api/v1"+path, strings.NewReader(body))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	if token, ok := strings.CutPrefix(who, "token:"); ok {
		r.Header.Set("Authorization", "Bearer "+token)
	} else if who != "" {
		r.AddCookie(&http.Cookie{Name: auth.PlainCookieName, Value: who})
	}
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// makes does something as A's owner and keeps an id of the answer.
func (m *matrix) makes(owner, object, method, path, body, key string) {
	m.t.Helper()
	status, answer := m.call(owner, method, m.fill(path), map[bool]string{true: "application/json", false: ""}[body != ""], m.fill(body))
	if status/100 != 2 {
		m.t.Errorf("make A's %s: %s %s answered %d %s", object, method, path, status, answer)
		m.made[object] = uuid.NewString()
		return
	}
	var v any
	_ = json.Unmarshal([]byte(answer), &v)
	for _, k := range strings.Split(key, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[k]
		case []any:
			if len(x) == 0 {
				m.t.Fatalf("make A's %s: nothing in %s", object, answer)
			}
			v = x[0].(map[string]any)[k]
		}
	}
	if s, ok := v.(string); ok && s != "" {
		m.made[object] = s
		return
	}
	m.t.Fatalf("make A's %s: no %s in %s", object, key, answer)
}

// fill puts A's objects in place of {name}.
func (m *matrix) fill(s string) string {
	for name, v := range m.made {
		s = strings.ReplaceAll(s, "{"+name+"}", v)
	}
	return s
}

func newMatrix(t *testing.T) (m *matrix, ownerOfA string, callers map[string]string) {
	ctx := t.Context()
	cfg := proof.Must(config.Load(config.Sources{Environ: []string{"JINGWEI_DATA=" + t.TempDir(), "JINGWEI_HTTP_ADDRESS=127.0.0.1:0", "JINGWEI_HTTPS_ADDRESS=off", "JINGWEI_LINK_ADDRESS=off", "JINGWEI_MQTT_ADDRESS=off"}}))
	n := proof.Must(openNode(ctx, cfg, slog.New(slog.DiscardHandler)))
	t.Cleanup(n.close)
	m = &matrix{t: t, n: n, handler: n.api.Handler(), made: made{}}
	var doc bytes.Buffer
	if err := writeOpenAPI(ctx, &doc); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(doc.Bytes(), &m.doc); err != nil {
		t.Fatal(err)
	}
	system := auth.AsSystem(ctx, "test")
	link, _, err := n.auth.FirstStart(ctx, org.Org{Kind: org.Government, Name: text.Both("home")}, "root")
	if err != nil {
		t.Fatal(err)
	}
	session := func(l auth.Link) string {
		_, token, _ := strings.Cut(l.URL(""), "token=")
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, "POST", "http://127.0.0.1/api/v1/session/link", strings.NewReader(`{"token":"`+token+`"}`))
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		m.handler.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Fatalf("sign in: %d %s", w.Code, w.Body)
		}
		return w.Result().Cookies()[0].Value
	}
	found := func(name, code string) uuid.UUID {
		return proof.Must(n.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Both(name), CreditCode: code}, uuid.Nil)).ID
	}
	a, b, third := found(secret, "9144030071526726XG"), found("B", ""), found("third", "914403001000000248")
	m.made["org"], m.made["other"] = a.String(), third.String()
	person := func(o uuid.UUID, login string, role auth.Role) string {
		p, l, err := n.auth.CreatePerson(system, auth.System(o), login, login, role)
		if err != nil {
			t.Fatal(err)
		}
		if o == a {
			m.made["person"] = p.ID.String()
		}
		return session(l)
	}
	ownerOfA = person(a, "owner.a", auth.Owner)
	callers = map[string]string{"nobody": "", "who runs the node": session(link)}
	for _, role := range []auth.Role{auth.Owner, auth.Engineer, auth.Operator, auth.Viewer} {
		callers[string(role)] = person(b, "b."+string(role), role)
	}
	for _, role := range auth.Roles {
		_, token, err := n.auth.CreateToken(system, auth.System(b), "token "+string(role), role, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		callers["token of a "+string(role)] = "token:" + token
	}
	m.furnish(ownerOfA)
	m.furnishOffice(ownerOfA)
	m.furnishFigures(ownerOfA)
	m.furnishMarket(ownerOfA, callers["who runs the node"], person(third, "owner.third", auth.Owner))
	m.furnishTrace(ownerOfA)
	return m, ownerOfA, callers
}

// path fills an operation's path parameters with A's objects, and its query with queries. ok is false where the tables lack one.
func (m *matrix) path(path string, op *operation) (out string, ok bool) {
	ok = true
	var query []string
	for _, p := range op.Parameters {
		switch p.In {
		case "path":
			v := ""
			for _, t := range things {
				if t.param == p.Name && strings.HasPrefix(path, t.prefix) {
					if v = m.made[t.object]; strings.HasPrefix(t.object, "=") {
						v = t.object[1:]
					}
					break
				}
			}
			if v == "" { // another object of A stands in: no room gives anything for it, and a wrong right would still show
				if v = m.made["org"]; p.Schema.Format != "uuid" {
					v = "x"
				}
				m.standIns = append(m.standIns, op.OperationID+" "+p.Name)
			}
			path = strings.Replace(path, "{"+p.Name+"}", v, 1)
		case "query":
			v, known := queries[p.Name]
			if !known && (p.Required || p.Schema.Format == "uuid") {
				m.t.Errorf("%s %s: query parameter %s is not known; add it to queries in refusals_test.go", op.OperationID, path, p.Name)
				ok = false
			}
			if v != "" && (p.Required || strings.HasPrefix(v, "{")) {
				query = append(query, p.Name+"="+strings.ReplaceAll(m.fill(v), " ", "+"))
			}
		}
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return path, ok
}

// example makes a body of a schema: what is required, and every id, which is A's.
func (m *matrix) example(name string, s schema, depth int) any {
	if ref, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		s = m.doc.Components.Schemas[ref]
	}
	kind := fmt.Sprint(s.Type)
	has := func(k string) bool { return kind == k || strings.Contains(kind, k) }
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case has("object") || len(s.Properties) > 0:
		out := map[string]any{}
		for key, p := range s.Properties {
			if key == "$schema" || depth > 6 {
				continue
			}
			if slices.Contains(s.Required, key) || p.Format == "uuid" {
				out[key] = m.example(key, p, depth+1)
			}
		}
		return out
	case has("array"):
		if s.Items == nil || s.MinItems == 0 && s.Items.Format != "uuid" {
			return []any{}
		}
		return []any{m.example(name, *s.Items, depth+1)}
	case has("boolean"):
		return true
	case has("integer"), has("number"):
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case s.Format == "uuid":
		for _, guess := range []string{name, strings.TrimSuffix(name, "s"), strings.TrimSuffix(name, "Id")} {
			if v := m.made[guess]; v != "" {
				return v
			}
		}
		return m.made["org"]
	case s.Format == "date-time":
		return "2026-05-04T00:00:00Z"
	case s.Format == "date":
		return "2026-05-04"
	case has("string"):
		return strings.Repeat("x", max(3, s.MinLength))
	}
	return map[string]any{}
}

func (m *matrix) body(op *operation) (mediaType, body string) {
	if op.RequestBody == nil {
		return "", ""
	}
	for media, c := range op.RequestBody.Content {
		if media != "application/json" {
			return media, "x"
		}
		if b := bodies[op.OperationID]; b != "" {
			return media, m.fill(b)
		}
		b, _ := json.Marshal(m.example("", c.Schema, 0))
		return media, string(b)
	}
	return "", ""
}

// request is one operation with A's objects filled in.
type request struct {
	id, method, path, route, media, body string
	public                               bool
}

func (m *matrix) operations() (out []request) {
	for route, methods := range m.doc.Paths {
		for method, op := range methods {
			if _, skip := skipped[op.OperationID]; skip {
				continue
			}
			path, ok := m.path(route, &op)
			if !ok {
				continue
			}
			q := request{id: op.OperationID, method: strings.ToUpper(method), path: path, route: route, public: len(op.Security) == 1 && len(op.Security[0]) == 0}
			q.media, q.body = m.body(&op)
			out = append(out, q)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].route+out[i].method < out[j].route+out[j].method })
	return out
}

// leaks finds what of A an answer holds that the caller did not send.
func (m *matrix) leaks(who string, q request, answer string) string {
	if strings.Contains(answer, secret) && announced[q.id] == "" {
		return secret
	}
	for name, v := range m.made {
		if name == "template" || name == "other" || len(v) < 20 || strings.Contains(q.path+q.body, v) || shownToAll[name] != "" || name == "org" && announced[q.id] != "" || who == "who runs the node" && shownToHome[name] != "" {
			continue
		}
		if strings.Contains(answer, v) {
			return name + " " + v
		}
	}
	return ""
}

// state is what A's owner reads of A; what differs between two readings of the same is left out.
func (m *matrix) state(owner string, ops []request) map[string]string {
	out := map[string]string{}
	for _, q := range ops {
		if q.method == http.MethodGet && !q.public {
			status, answer := m.call(owner, q.method, q.path, "", "")
			if strings.HasPrefix(answer, "{") { // a file may hold the time at which it was made
				out[q.id] = fmt.Sprint(status, " ", answer)
			}
		}
	}
	return out
}

func TestNothingOfAnotherOrganisationIsReachedByAnyRouteOrRole(t *testing.T) {
	m, owner, callers := newMatrix(t)
	ops := m.operations()
	if len(ops) < 150 {
		t.Fatalf("the document has only %d operations", len(ops))
	}
	if n := len(m.standIns); n > standInsLeft {
		t.Errorf("%d parameters have no object of A, at most %d may be without; add lines to things in refusals_test.go: %v", n, standInsLeft, m.standIns)
	} else if n < standInsLeft {
		t.Errorf("only %d parameters have no object of A any more: write that into standInsLeft, so that it stays so", n)
	}
	t.Logf("%d parameters are filled with a stand-in", len(m.standIns))
	before, again := m.state(owner, ops), m.state(owner, ops)
	count := 0
	var unjudged []string
	names := make([]string, 0, len(callers))
	for name := range callers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, q := range ops {
		for _, who := range names {
			if who == "who runs the node" && slices.Contains(byHome, q.id) {
				continue
			}
			status, answer := m.call(callers[who], q.method, q.path, q.media, q.body)
			count++
			if leak := m.leaks(who, q, answer); leak != "" {
				t.Errorf("%s %s (%s) by %s answers with A's %s: %.300s", q.method, q.path, q.id, who, leak, answer)
			}
			if q.public {
				continue
			}
			if who == "nobody" {
				if status != 401 {
					t.Errorf("%s %s (%s) without a token answered %d", q.method, q.path, q.id, status)
				}
				continue
			}
			ofA := m.namesA(q)
			switch {
			case status == 401 && own[q.id] == "" || status >= 500 && status != 503:
				t.Errorf("%s %s (%s) by %s answered %d: %.300s", q.method, q.path, q.id, who, status, answer)
			case status == 404 || status == 403:
			case status/100 == 2 && who == "who runs the node" && atHome[q.id] != "":
			case status/100 == 2 && ofA && own[q.id] == "":
				t.Errorf("%s %s (%s) by %s answered %d: %.300s", q.method, q.path, q.id, who, status, answer)
			case status/100 != 2 && ofA && !slices.Contains(unjudged, q.id):
				unjudged = append(unjudged, q.id)
				t.Logf("%s: body or parameters refused before the right was judged: %d %.300s", q.id, status, answer)
			}
		}
	}
	if len(unjudged) > mostUnjudged {
		t.Errorf("%d operations were refused for their body before their right was judged, at most %d may be: %v; give them one in bodies", len(unjudged), mostUnjudged, unjudged)
	}
	after := m.state(owner, ops)
	for id, was := range before {
		if was == again[id] && after[id] != was && moving[id] == "" {
			t.Errorf("A has changed, by %s: %.300s is now %.300s", id, was, after[id])
		}
	}
	// The objects are real: A's own owner reads them.
	unread := 0
	for _, q := range ops {
		if q.method == http.MethodGet && strings.Contains(q.route, "{id}") && !q.public && strings.HasPrefix(before[q.id], "404") {
			unread++
			t.Logf("A's owner does not find %s %s: %.200s", q.id, q.path, before[q.id])
		}
	}
	if unread > mostUnread {
		t.Errorf("A's owner does not find %d of A's objects, at most %d may be missing: mend things in refusals_test.go", unread, mostUnread)
	}
	t.Logf("%d operations × %d callers = %d requests", len(ops), len(callers), count)
}

// namesA tells whether a request names something of A.
func (m *matrix) namesA(q request) bool {
	for name, v := range m.made {
		if name != "template" && name != "other" && len(v) > 20 && strings.Contains(q.path+q.body, v) {
			return true
		}
	}
	return false
}
