package flow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api/problem"
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

func TestDeadlinesRemindEscalateAndLapseOnceEach(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		n.clock = at("2026-05-06")
		c := n.apply()
		n.submit(&c) // check ends on 12 May: 7, 8, 9, 11, 12; reminders on the mornings of 9 and 11 May
		n.tick("2026-05-09 08:59")
		if got := n.told(); !slices.Equal(got, []string{"turn applicant", "turn clerk"}) {
			t.Fatalf("%v", got)
		}
		for _, when := range []string{"2026-05-09 09:00", "2026-05-09 09:00", "2026-05-11 12:00"} {
			n.tick(when)
			n.service = n.open() // the process ends and begins again
			n.tick(when)
		}
		want := []string{"reminder clerk check", "reminder clerk check", "turn applicant", "turn clerk"}
		if got := n.told(); !slices.Equal(got, want) {
			t.Fatalf("%v", got)
		}
		due := func(who, role string) int {
			list, _, err := n.service.DueList(n.as(who), n.orgs["agency"], DueFilter{Role: role, Overdue: true}, store.Page{})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if due(wang, "clerk") != 0 {
			t.Error("overdue before its end")
		}
		n.tick("2026-05-13 00:00")
		n.tick("2026-05-20 00:00")
		want = append([]string{"escalated chief check", "overdue clerk check"}, want...)
		if got := n.told(); !slices.Equal(got, want) {
			t.Fatalf("%v", got)
		}
		if due(wang, "clerk") != 1 || due(zhao, "chief") != 1 {
			t.Error("what was escalated does not stand on both lists")
		}
		// An overdue clock does not stand still: returning a case late mends nothing.
		n.take(wang, &c, "return", `{"missing":"营业执照不清晰"}`)
		if k := n.deadline(c, "check"); k.Stopped != 0 || k.Passed == 0 {
			t.Errorf("%+v", k)
		}
		// Nobody completes it: it lapses, and what the applicant sends a moment later comes too late, whether or not Run came first.
		n.clock = at("2026-06-03 23:59") // 21, 22, 25 to 29 May, 1 to 3 June
		if k := n.deadline(c, "completion"); k.Last.String() != "2026-06-03" {
			t.Errorf("%s", k.Last)
		}
		n.clock = at("2026-06-04 00:00")
		if err := n.try(li, &c, "complete", `{}`); !errors.Is(err, ErrChanged) {
			t.Errorf("after the lapse: %v", err)
		}
		c = proof.Must(n.service.Get(n.as(li), c.ID))
		if c.State != "lapsed" {
			t.Errorf("%s", c.State)
		}
		n.tick("2026-06-05")
		n.tick("2026-06-05")
		count := 0
		for _, s := range n.told() {
			if strings.HasPrefix(s, "overdue applicant completion") || strings.HasPrefix(s, "step ") {
				count++
			}
		}
		if count != 3 {
			t.Errorf("%v", n.told())
		}
		// A lapsed filing frees its project.
		if _, err := n.service.Open(n.as(li), Opening{Flow: "project-application", Org: n.orgs["agency"], Subject: n.orgs["firm"], Content: []byte(application)}); err != nil {
			t.Errorf("filed again: %v", err)
		}
	})
}

// A process that stops between a step and its message, or between a message and its mark, loses nothing and doubles nothing.
func TestACrashLosesAndDoublesNoMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		c := n.apply()
		n.submit(&c) // and now the process stops: nothing was handed on
		if got := n.told(); len(got) != 0 {
			t.Fatalf("%v", got)
		}
		n.service = n.open()
		tries := 0
		n.inbox.trouble = func(Notice) error { // it has written, and the process stops before the mark
			if tries++; tries%2 == 1 {
				return errors.New("stopped")
			}
			return nil
		}
		if err := n.service.Tick(t.Context()); err == nil {
			t.Error("trouble is not told")
		}
		for range 5 {
			n.clock = n.clock.Add(2 * time.Minute)
			_ = n.service.Tick(t.Context())
		}
		if got := n.told(); !slices.Equal(got, []string{"turn applicant", "turn clerk"}) || tries < 3 {
			t.Errorf("%v after %d tries", got, tries)
		}
		// Two processes at once.
		n.inbox.trouble = nil
		n.take(wang, &c, "return", `{"missing":"缺页"}`)
		two := n.open()
		var all sync.WaitGroup
		for _, s := range []*Service{n.service, two, n.service, two} {
			all.Go(func() {
				if err := s.Tick(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := n.told(); len(got) != 3 {
			t.Errorf("%v", got)
		}
	})
}

func TestRunHandsOnAndEnds(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	n.apply()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.service.Run(ctx) }()
	proof.Wait(t, "the first message", func() bool { return len(n.told()) == 1 })
	if c := n.apply2(); c.ID == uuid.Nil {
		t.Error("no second case")
	}
	proof.Wait(t, "the second message", func() bool { return len(n.told()) == 2 })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func (n *node) apply2() Case {
	return proof.Must(n.service.Open(n.as(li), Opening{Flow: "project-application", Org: n.orgs["agency"], Subject: n.orgs["firm"], Content: []byte(strings.Replace(application, "注塑", "喷涂", 1))}))
}

func TestTwoOfficersAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		c := n.apply()
		n.submit(&c)
		officers := []string{"a/operator@agency", "b/operator@agency", "c/operator@agency", "d/operator@agency"}
		errs := make([]error, len(officers))
		var all sync.WaitGroup
		for i, who := range officers {
			all.Go(func() {
				action, content := "accept", `{"complete":true}`
				if i%2 == 1 {
					action, content = "return", `{"missing":"缺页"}`
				}
				_, errs[i] = n.service.Take(n.as(who), c.ID, Taking{Action: action, Basis: c.Revision, Content: []byte(content)})
			})
		}
		all.Wait()
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				continue
			}
			p, ok := problem.From(err)
			if !ok || !errors.Is(err, ErrChanged) {
				t.Errorf("%s: %v", officers[i], err)
				continue
			}
			said := words(t).Document(p, problem.Chinese).Detail
			if !strings.Contains(said, "已于 2026-04-20 10:00 办理") || !strings.Contains(said, "现为第 3 版") {
				t.Errorf("%s", said)
			}
		}
		if got := proof.Must(n.service.Get(n.as(wang), c.ID)); won != 1 || got.Revision != 3 {
			t.Errorf("%d decided, revision %d", won, got.Revision)
		}
	})
}

func words(t *testing.T) *problem.Catalogue {
	t.Helper()
	c := proof.Must(problem.ReadCatalogue(texts, "texts"))
	if missing := c.Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
	return c
}

// A new flow is one file: from an empty folder of packs to a case at its end.
func TestANewFlowIsOneFile(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	packs := fstest.MapFS{}
	open := func() (*Service, error) {
		return New(t.Context(), Options{DB: n.db, Packs: packs, Now: n.service.o.Now})
	}
	in := Opening{Flow: "leave", Org: n.orgs["agency"], Content: []byte(`{"days":3}`)}
	if _, err := proof.Must(open()).Open(n.as(wang), in); !errors.Is(err, ErrFlow) {
		t.Fatalf("without a pack: %v", err)
	}
	packs["flows/leave.yaml"] = &fstest.MapFile{Data: []byte(leave)}
	s := proof.Must(open())
	c, err := s.Open(n.as(wang), in)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = s.Take(n.as(zhao), c.ID, Taking{Action: "grant", Basis: 1}); err != nil || c.State != "granted" || c.Ended == 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	// A running case keeps its version when a new one comes, and even when the pack goes.
	c = proof.Must(s.Open(n.as(wang), in))
	changed := strings.Replace(leave, "to: granted, roles: [chief]}", "to: granted, roles: [chief], when: [{field: days, atMost: 1}]}", 1)
	packs["flows/leave.yaml"] = &fstest.MapFile{Data: []byte(changed)}
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "raise the version") {
		t.Errorf("other content under a published version: %v", err)
	}
	packs["flows/leave.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(changed, "1.0.0", "1.1.0", 1))}
	s = proof.Must(open())
	fresh := proof.Must(s.Open(n.as(wang), in))
	if _, err := s.Take(n.as(zhao), fresh.ID, Taking{Action: "grant", Basis: 1}); !errors.Is(err, ErrGuard) || fresh.Version != "1.1.0" {
		t.Errorf("a new case: %s, %v", fresh.Version, err)
	}
	delete(packs, "flows/leave.yaml")
	s = proof.Must(open())
	if c, err = s.Take(n.as(zhao), c.ID, Taking{Action: "grant", Basis: 1}); err != nil || c.State != "granted" || c.Version != "1.0.0" {
		t.Errorf("a running case: %+v, %v", c, err)
	}
	if _, err := s.Open(n.as(wang), in); !errors.Is(err, ErrFlow) {
		t.Errorf("a flow that is gone: %v", err)
	}
}

const leave = `id: leave
version: 1.0.0
source: a test
name: {zh: 请假, en: Leave}
case: {zh: 假条, en: Request}
class: internal
title: []
fields:
  - {key: days, name: {zh: 天数, en: Days}, type: integer, min: 1, max: 30}
roles:
  - {id: worker, name: {zh: 职工, en: Worker}, of: owner}
  - {id: chief, name: {zh: 主管, en: Chief}, of: owner, verb: configure}
states:
  - {id: asked, name: {zh: 待批, en: Asked}, awaits: [chief]}
  - {id: granted, name: {zh: 准假, en: Granted}, final: true}
start: {name: {zh: 请假, en: Ask}, to: asked, roles: [worker], fields: [days]}
transitions:
  - {id: grant, name: {zh: 准假, en: Grant}, from: [asked], to: granted, roles: [chief]}
deadlines:
  - {id: answer, name: {zh: 批复, en: Answer}, role: chief, in: [asked], days: 2, unit: working}
`

func TestOneActionTakesTheWayOfTheAmount(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	ask := func(fen string) Case {
		return proof.Must(n.service.Open(n.as(wang), Opening{Flow: "approval", Org: n.orgs["agency"], Content: []byte(`{"matter":"采购","amount":` + fen + `}`)}))
	}
	small, large := ask("9999999"), ask("10000000")
	n.take(zhao, &small, "approve", "")
	n.take(zhao, &large, "approve", "")
	if small.State != "approved" || large.State != "second" {
		t.Errorf("%s, %s", small.State, large.State)
	}
	if err := n.try(zhao, &large, "approve-second", ""); !errors.Is(err, ErrApart) {
		t.Errorf("the same approves twice: %v", err)
	}
	actions := proof.Must(n.service.Actions(n.as(zhao), large.ID))
	if len(actions) != 4 || !errors.Is(actions[0].Refused, ErrApart) {
		t.Errorf("%+v", actions)
	}
	n.take(qian, &large, "approve-second", "")
	own := ask("100")
	if err := n.try(wang, &own, "approve", ""); !errors.Is(err, ErrRole) {
		t.Errorf("an operator approves: %v", err)
	}
}

func TestConflictedReviewerIsNotCounted(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	c := n.apply()
	n.submit(&c)
	n.take(wang, &c, "accept", `{"complete":true}`)
	name := func(who, role string, p Party) error {
		now, err := n.service.Name(n.as(who), c.ID, Naming{Role: role, Basis: c.Revision, Parties: []Party{p}})
		if err == nil {
			c = now
		}
		return err
	}
	if err := n.try(zhao, &c, "dispatch", ""); !errors.Is(err, ErrAssigned) {
		t.Errorf("nobody is named: %v", err)
	}
	if err := name(wang, "reviewer-first", Party{Org: n.orgs["institute"]}); !errors.Is(err, auth.ErrForbidden) {
		t.Errorf("a clerk names reviewers: %v", err)
	}
	if err := errors.Join(name(zhao, "reviewer-first", Party{Org: n.orgs["institute"], Person: person("first")}), name(zhao, "reviewer-second", Party{Org: n.orgs["college"], Person: person("last")})); err != nil {
		t.Fatal(err)
	}
	n.take(zhao, &c, "dispatch", "")
	if err := n.try(last, &c, "score-first", `{"independentFirst":true,"scoreFirst":1,"opinionFirst":"x"}`); !errors.Is(err, ErrRole) {
		t.Errorf("the second takes the first's place: %v", err)
	}
	if err := n.try(first, &c, "score-first", `{"independentFirst":false,"scoreFirst":90,"opinionFirst":"x"}`); !errors.Is(err, ErrGuard) {
		t.Errorf("a conflict is declared: %v", err)
	}
	if list, _, err := n.service.DueList(n.as(other), n.orgs["institute"], DueFilter{}, store.Page{}); err != nil || len(list) != 0 {
		t.Errorf("a colleague sees %+v, %v", list, err)
	}
	if list, _, err := n.service.DueList(n.as(first), n.orgs["institute"], DueFilter{Mine: true}, store.Page{}); err != nil || len(list) != 1 || list[0].Deadline != "review-first" {
		t.Errorf("the reviewer sees %+v, %v", list, err)
	}
	n.take(first, &c, "recuse-first", "")
	if err := name(zhao, "reviewer-first", Party{Org: n.orgs["institute"], Person: person("other")}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.service.Get(n.as(first), c.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("who stepped back still sees the case: %v", err)
	}
	n.take(zhao, &c, "dispatch", "")
	n.take(other, &c, "score-first", `{"independentFirst":true,"scoreFirst":59,"opinionFirst":"x"}`)
	n.take(last, &c, "score-second", `{"independentSecond":true,"scoreSecond":90,"opinionSecond":"x"}`)
	err := n.try(zhao, &c, "propose", `{"award":1}`)
	p, _ := problem.From(err)
	if !errors.Is(err, ErrGuard) || !strings.Contains(words(t).Document(p, problem.Chinese).Detail, "专家一评分不小于 60") {
		t.Errorf("%v", err)
	}
}

func TestListsAreThoseOfOnesOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		c := n.apply()
		n.submit(&c)
		for who, want := range map[string]int{li: 1, wang: 1, rival: 0, first: 0, "v/viewer@agency": 1, "v/viewer@firm": 1, "v/monitor@agency": 0} {
			list, _, err := n.service.List(n.as(who), Filter{Flow: "project-application", Words: "注塑"}, store.Page{})
			if err != nil || len(list) != want {
				t.Errorf("%s: %d cases, %v", who, len(list), err)
			}
			if _, err := n.service.Get(n.as(who), c.ID); (err == nil) != (want == 1) {
				t.Errorf("%s: %v", who, err)
			}
		}
		if _, _, err := n.service.DueList(n.as(rival), n.orgs["agency"], DueFilter{}, store.Page{}); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("another's list: %v", err)
		}
		for _, f := range []Filter{{Words: "%"}, {State: "draft"}, {Org: n.orgs["firm"]}, {Subject: n.orgs["agency"]}} {
			if list, _, err := n.service.List(n.as(wang), f, store.Page{}); err != nil || len(list) != 0 {
				t.Errorf("%+v: %d, %v", f, len(list), err)
			}
		}
		// Pages follow each other in the order of what presses most.
		for i := range 25 {
			n.clock = at("2026-05-06").Add(time.Duration(24-i) * 24 * time.Hour)
			proof.Must(n.service.Open(n.as(wang), Opening{Flow: "approval", Org: n.orgs["agency"], Content: fmt.Appendf(nil, `{"matter":"采购 %d","amount":1}`, i)}))
		}
		var before int64
		seen := map[uuid.UUID]bool{}
		err := store.Each(func(p store.Page) ([]Due, string, error) {
			p.Limit = 7
			return n.service.DueList(n.as(zhao), n.orgs["agency"], DueFilter{}, p)
		}, func(d Due) error {
			if d.Due < before || seen[d.ID] {
				return fmt.Errorf("%+v out of order", d)
			}
			before, seen[d.ID] = d.Due, true
			return nil
		})
		if err != nil || len(seen) != 25+2 { // check and handling of the application
			t.Errorf("%d lines, %v", len(seen), err)
		}
		list, _, err := n.service.DueList(n.as(zhao), n.orgs["agency"], DueFilter{Role: "approver", Until: at("2026-05-12 00:00").UnixNano()}, store.Page{})
		if err != nil || len(list) != 2 { // asked on 6 May: 7, 8, 9; on 7 May: 8, 9, 11
			t.Errorf("%d lines until 11 May, %v", len(list), err)
		}
	})
}

// A period that runs into a year without a notice is counted again once the notice is there.
func TestANoticeThatComesLaterMovesWhatRuns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		n.clock = at("2026-12-30")
		c := proof.Must(n.service.Open(n.as(wang), Opening{Flow: "approval", Org: n.orgs["agency"], Content: []byte(`{"matter":"采购","amount":1}`)}))
		if k := n.deadline(c, "answer"); k.Last.String() != "2027-01-04" || !slices.Equal(k.Unknown, []int{2027}) {
			t.Fatalf("%+v", k)
		}
		packs := fstest.MapFS{"calendar/cn-2027.yaml": &fstest.MapFile{Data: []byte(`id: cn-2027
version: 1.0.0
source: a test
name: {zh: 测, en: T}
year: 2027
document: a test
issued: "2026-11-30"
holidays: [{name: {zh: 元旦, en: New Year}, from: "2027-01-01", to: "2027-01-03"}, {name: {zh: 测, en: T}, from: "2027-01-04", to: "2027-01-05"}]
`)}}
		for _, name := range []string{"flows/approval.yaml", "calendar/cn-2026.yaml"} {
			packs[name] = &fstest.MapFile{Data: proof.Must(fs.ReadFile(shipped, name))}
		}
		s := proof.Must(New(t.Context(), Options{DB: db, Packs: packs, Now: n.service.o.Now}))
		for range 2 {
			if err := s.Recount(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		c = proof.Must(s.Get(n.as(wang), c.ID))
		if k := n.deadline(c, "answer"); k.Last.String() != "2027-01-07" || len(k.Unknown) != 0 || c.Revision != 1 { // 31 December, 6 and 7 January
			t.Errorf("%+v", k)
		}
		if list, _, err := s.DueList(n.as(wang), n.orgs["agency"], DueFilter{Role: "approver"}, store.Page{}); err != nil || len(list) != 1 || list[0].Due != at("2027-01-08 00:00").UnixNano() {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
