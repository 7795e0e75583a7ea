package flow

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shipped are the packs of the product.
var shipped = os.DirFS("../../../packs")

// shelf keeps documents by the organisation for which they were handed in.
type shelf map[string]uuid.UUID

func (s shelf) Document(_ context.Context, org uuid.UUID, id string) (Document, error) {
	if s[id] != org {
		return Document{}, store.ErrNotFound
	}
	return Document{ID: id, Name: id + ".pdf", Media: "application/pdf", Size: 7}, nil
}

// inbox keeps messages in a table of the same database, as the room that comes will.
type inbox struct {
	trouble func(n Notice) error // after it has written
}

func newInbox(t testing.TB, db *store.DB) *inbox {
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE test_inbox (id TEXT NOT NULL, kind TEXT NOT NULL, role TEXT NOT NULL, deadline TEXT NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	return &inbox{}
}

func (b *inbox) Notify(ctx context.Context, tx bun.Tx, n Notice) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO test_inbox (id, kind, role, deadline) VALUES (?, ?, ?, ?)", n.ID.String(), string(n.Kind), n.Role, n.Deadline); err != nil {
		return err
	}
	if b.trouble != nil {
		return b.trouble(n)
	}
	return nil
}

type node struct {
	t       testing.TB
	db      *store.DB
	clock   time.Time
	service *Service
	inbox   *inbox
	shelf   shelf
	orgs    map[string]uuid.UUID
}

// at is an instant in China.
func at(s string) time.Time {
	layout := "2006-01-02 15:04"
	if len(s) == 10 {
		s += " 10:00"
	}
	return proof.Must(time.ParseInLocation(layout, s, field.China))
}

func newNode(t testing.TB, db *store.DB) *node {
	n := &node{t: t, db: db, clock: at("2026-04-20"), shelf: shelf{}, orgs: map[string]uuid.UUID{}}
	for _, name := range []string{"agency", "firm", "rival", "institute", "college"} {
		n.orgs[name] = uuid.Must(uuid.NewV7())
	}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	n.inbox = newInbox(t, db)
	n.service = n.open()
	return n
}

// open is another process on the same database.
func (n *node) open() *Service {
	return proof.Must(New(n.t.Context(), Options{DB: n.db, Packs: shipped, Documents: n.shelf, Notifier: n.inbox, Now: func() time.Time { return n.clock }, Logger: proof.Logger(n.t)}))
}

// as is somebody: "name/role@org".
func (n *node) as(who string) context.Context {
	name, rest, _ := strings.Cut(who, "/")
	role, org, _ := strings.Cut(rest, "@")
	return auth.With(context.Background(), authtest.Person(name, map[uuid.UUID]auth.Role{n.orgs[org]: auth.Role(role)}))
}

func person(name string) uuid.UUID { return authtest.Person(name, nil).ID }

// The people of the tests.
const (
	li    = "li/operator@firm"
	wang  = "wang/operator@agency"
	zhao  = "zhao/engineer@agency"
	qian  = "qian/engineer@agency"
	first = "first/operator@institute"
	other = "other/operator@institute"
	last  = "last/operator@college"
	rival = "rival/operator@rival"
)

const application = `{"project":"注塑车间数字化改造","category":"benchmark","summary":"联网 60 台注塑机","investment":500000000,"begins":"2026-05-01","ends":"2027-04-30"}`

func (n *node) apply() Case {
	n.t.Helper()
	if err := n.service.Offer(n.as(zhao), n.orgs["agency"], "project-application", true); err != nil {
		n.t.Fatal(err)
	}
	n.shelf["form"], n.shelf["licence"], n.shelf["photo"] = n.orgs["firm"], n.orgs["firm"], n.orgs["rival"]
	c, err := n.service.Open(n.as(li), Opening{Flow: "project-application", Org: n.orgs["agency"], Subject: n.orgs["firm"], Content: []byte(application)})
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

// take takes a step that has to succeed.
func (n *node) take(who string, c *Case, action, content string, papers ...Paper) {
	n.t.Helper()
	next, err := n.service.Take(n.as(who), c.ID, Taking{Action: action, Basis: c.Revision, Content: []byte(content), Reason: "按规定办理", Documents: papers})
	if err != nil {
		n.t.Fatalf("%s by %s: %v", action, who, err)
	}
	*c = next
}

// try takes a step and returns what is wrong.
func (n *node) try(who string, c *Case, action, content string, papers ...Paper) error {
	acting := uuid.Nil
	if _, org, _ := strings.Cut(who, "@"); org == "rival" {
		acting = n.orgs[org]
	}
	_, err := n.service.Take(n.as(who), c.ID, Taking{Action: action, Basis: c.Revision, Content: []byte(content), Documents: papers, Acting: acting})
	return err
}

const submission = `{"category":"benchmark","summary":"联网 60 台注塑机","investment":500000000,"begins":"2026-05-01","ends":"2027-04-30","truthful":true}`

func (n *node) submit(c *Case) {
	n.t.Helper()
	n.take(li, c, "submit", `{"truthful":true}`, Paper{"application", "form"}, Paper{"licence", "licence"})
}

// review brings a submitted case to its decision.
func (n *node) review(c *Case) {
	n.t.Helper()
	n.take(wang, c, "accept", `{"complete":true}`)
	for role, p := range map[string]Party{"reviewer-first": {Org: n.orgs["institute"], Person: person("first")}, "reviewer-second": {Org: n.orgs["college"], Person: person("last")}} {
		now, err := n.service.Name(n.as(zhao), c.ID, Naming{Role: role, Basis: c.Revision, Parties: []Party{p}})
		if err != nil {
			n.t.Fatal(err)
		}
		*c = now
	}
	n.take(zhao, c, "dispatch", "")
	n.take(first, c, "score-first", `{"independentFirst":true,"scoreFirst":82,"opinionFirst":"可行"}`)
	n.take(last, c, "score-second", `{"independentSecond":true,"scoreSecond":77,"opinionSecond":"建议支持"}`)
}

func (n *node) deadline(c Case, id string) Clock {
	n.t.Helper()
	k := c.clock(id)
	if k == nil {
		n.t.Fatalf("%v has no deadline %s: %+v", c.State, id, c.Clocks)
	}
	return *k
}

func (n *node) tick(when string) {
	n.t.Helper()
	n.clock = at(when)
	if err := n.service.Tick(context.Background()); err != nil {
		n.t.Fatal(err)
	}
}

// told are the messages in the inbox, "kind role deadline", sorted; none may be there twice.
func (n *node) told() []string {
	n.t.Helper()
	var rows []struct{ ID, Kind, Role, Deadline string }
	if err := n.db.NewSelect().TableExpr("test_inbox").Column("id", "kind", "role", "deadline").Scan(context.Background(), &rows); err != nil {
		n.t.Fatal(err)
	}
	var out []string
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.ID] {
			n.t.Errorf("message %s %s %s is there twice", r.Kind, r.Role, r.Deadline)
		}
		seen[r.ID] = true
		out = append(out, strings.TrimSpace(r.Kind+" "+r.Role+" "+r.Deadline))
	}
	slices.Sort(out)
	return out
}

func second[T any](_ T, err error) error { return err }

func TestAnApplicationFromDraftToAward(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		c := n.apply()
		for name, x := range map[string]struct{ err, want error }{
			"twice": {second(n.service.Open(n.as(li), Opening{Flow: "project-application", Org: n.orgs["agency"], Subject: n.orgs["firm"],
				Content: []byte(strings.Replace(application, "注塑车间", " 注塑 车间", 1))})), ErrTwice},
			"not offered":           {second(n.service.Open(n.as(li), Opening{Flow: "project-application", Org: n.orgs["rival"], Subject: n.orgs["firm"], Content: []byte(application)})), ErrOffer},
			"for another firm":      {second(n.service.Open(n.as(li), Opening{Flow: "project-application", Org: n.orgs["agency"], Subject: n.orgs["rival"], Content: []byte(application)})), auth.ErrNotFound},
			"nothing is filled in":  {n.try(li, &c, "submit", `{}`), ErrField},
			"ends before it begins": {n.try(li, &c, "save", `{"ends":"2026-04-01"}`), ErrField},
			"not declared true":     {n.try(li, &c, "submit", strings.Replace(submission, "true}", "false}", 1)), ErrGuard},
			"papers are missing":    {n.try(li, &c, "submit", submission), ErrDocument},
			"another's paper":       {n.try(li, &c, "submit", submission, Paper{"application", "photo"}), ErrPaper},
			"no paper of this step": {n.try(li, &c, "submit", submission, Paper{"evidence", "form"}), ErrPaper},
			"not from this state":   {n.try(li, &c, "complete", `{}`), ErrState},
			"no such action":        {n.try(li, &c, "promote", `{}`), ErrAction},
			"an automatic one":      {n.try(li, &c, "award", `{}`), ErrAction},
			"the clerk submits":     {n.try(wang, &c, "submit", submission), ErrRole},
			"a stranger":            {n.try(rival, &c, "submit", submission), store.ErrNotFound},
			"no reason":             {n.try(li, &c, "withdraw", ``), ErrReason},
			"a field is emptied":    {n.try(li, &c, "submit", `{"truthful":true,"summary":""}`), ErrField},
		} {
			if !errors.Is(x.err, x.want) {
				t.Errorf("%s: %v, want %v", name, x.err, x.want)
			}
		}
		// Submitted on the last day before Labour Day: day 1 is 6 May, and Saturday 9 May is a working day.
		n.clock = at("2026-04-30 16:00")
		n.submit(&c)
		if k := n.deadline(c, "check"); k.Last.String() != "2026-05-11" || k.Due != at("2026-05-12 00:00").UnixNano() {
			t.Errorf("formal check: %s", k.Last)
		}
		// Returned on 8 May: 6 and 7 May have gone, 3 days are left. Completed on 15 May: 18, 19, 20 May.
		n.clock = at("2026-05-08")
		n.take(wang, &c, "return", `{"missing":"审计报告未盖章"}`)
		if k := n.deadline(c, "check"); k.Stopped == 0 || k.Used != 2 {
			t.Errorf("returned: %+v", k)
		}
		if k := n.deadline(c, "completion"); k.Last.String() != "2026-05-21" { // 9, 11 to 15, 18 to 21 May
			t.Errorf("completion: %s", k.Last)
		}
		n.clock = at("2026-05-15")
		n.take(li, &c, "complete", `{"summary":"联网 62 台注塑机"}`)
		if k := n.deadline(c, "check"); k.Last.String() != "2026-05-20" || k.Stopped != 0 {
			t.Errorf("completed: %+v", k)
		}
		if c.clock("completion") != nil {
			t.Error("the period of completion runs on")
		}
		// Who filed does not check; who checked does not decide.
		both := auth.With(context.Background(), authtest.Person("li", map[uuid.UUID]auth.Role{n.orgs["agency"]: auth.Owner, n.orgs["firm"]: auth.Owner}))
		if _, err := n.service.Take(both, c.ID, Taking{Action: "accept", Basis: c.Revision, Content: []byte(`{"complete":true}`)}); !errors.Is(err, ErrApart) {
			t.Errorf("the one who filed checks: %v", err)
		}
		if err := n.try(zhao, &c, "dispatch", ""); !errors.Is(err, ErrState) {
			t.Errorf("%v", err)
		}
		n.review(&c)
		if c.State != "decision" || c.Record["scoreFirst"] != nil {
			t.Errorf("%v: the second reviewer sees %v", c.State, c.Record["scoreFirst"])
		}
		seen := proof.Must(n.service.Get(n.as(li), c.ID))
		if seen.Record["scoreSecond"] != nil || len(seen.Parties) != 0 || seen.Record["summary"] != "联网 62 台注塑机" {
			t.Errorf("the applicant sees %+v", seen)
		}
		for _, st := range proof.Must(n.service.History(n.as(li), c.ID)) {
			if st.Confidential && (st.By.Name != "" || st.By.ID != "" || st.Org != uuid.Nil || st.Reason != "") || st.Transition == "" {
				t.Errorf("the applicant sees who reviewed: %+v", st)
			}
		}
		if all := proof.Must(n.service.History(n.as(zhao), c.ID)); len(all) != 10 || all[8].By.Name != "first" && all[8].By.Name != "last" {
			t.Errorf("%d steps", len(all))
		}
		if seen := proof.Must(n.service.Get(n.as(zhao), c.ID)); seen.Record["scoreFirst"] != int64(82) || len(seen.Parties) != 2 {
			t.Errorf("the agency sees %+v", seen)
		}
		if _, err := n.service.Get(n.as(other), c.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a colleague of the reviewer: %v", err)
		}
		n.clock = at("2026-06-15")
		if public, _, err := n.service.ListPublic(t.Context(), "project-application", uuid.Nil, store.Page{}); err != nil || len(public) != 0 {
			t.Errorf("before publicity: %+v, %v", public, err)
		}
		n.take(zhao, &c, "propose", `{"award":100000000}`)
		// 16, 17, 18 June, then Dragon Boat until 21 June, 22 and 23 June.
		if k := n.deadline(c, "publicity"); k.Last.String() != "2026-06-23" {
			t.Errorf("publicity: %s", k.Last)
		}
		public, _, err := n.service.ListPublic(t.Context(), "project-application", uuid.Nil, store.Page{})
		if err != nil || len(public) != 1 || public[0].Record["award"] != int64(100000000) || public[0].Record["investment"] != nil || public[0].Clocks[0].Deadline != "publicity" {
			t.Errorf("public: %+v, %v", public, err)
		}
		// On the last evening somebody objects; the same an hour later is refused.
		n.clock = at("2026-06-23 23:30")
		if err := n.try(rival, &c, "object", `{"objection":"该项目与另一项目重复申报，请核查。"}`); err != nil {
			t.Fatal(err)
		}
		c = proof.Must(n.service.Get(n.as(zhao), c.ID))
		if seen := proof.Must(n.service.Get(n.as(rival), c.ID)); seen.Record["objection"] == nil || seen.Record["summary"] != nil || len(seen.Documents) != 0 {
			t.Errorf("who objected sees %+v", seen)
		}
		n.clock = at("2026-06-24 00:00")
		if err := n.try(rival, &c, "object", `{"objection":"另有一处数据不实，请核查。"}`); !errors.Is(err, ErrPassed) {
			t.Errorf("an objection after the period: %v", err)
		}
		n.tick("2026-06-25")
		if c = proof.Must(n.service.Get(n.as(zhao), c.ID)); c.State != "objected" {
			t.Errorf("awarded while an objection is examined: %s", c.State)
		}
		n.take(qian, &c, "dismiss", `{"finding":"经核查不属于同一内容"}`)
		n.tick("2026-06-25 10:01")
		if c = proof.Must(n.service.Get(n.as(zhao), c.ID)); c.State != "awarded" || c.Ended == 0 || len(c.Clocks) != 0 {
			t.Errorf("%+v", c)
		}
		if err := n.try(li, &c, "withdraw", ""); !errors.Is(err, ErrEnded) {
			t.Errorf("after the end: %v", err)
		}
		if due, _, err := n.service.DueList(n.as(zhao), n.orgs["agency"], DueFilter{}, store.Page{}); err != nil || len(due) != 0 {
			t.Errorf("due after the end: %+v, %v", due, err)
		}
		entries, _, err := audit.List(t.Context(), db, auth.System(n.orgs["agency"]), audit.Filter{Object: c.ID.String()}, store.Page{})
		if err != nil || len(entries) < 14 || entries[0].Verb != "flow.case.step" || entries[0].Actor.Kind != "system" {
			t.Errorf("%d audit entries, %v", len(entries), err)
		}
	})
}
