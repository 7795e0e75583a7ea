package flow

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

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

// Who comes too late is told who was faster: with what they saw, and where a room kept what they filled in and asks only now.
func TestWhoComesTooLateIsToldWho(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		said := func(err error, want *problem.Kind) string {
			t.Helper()
			p, ok := problem.From(err)
			if !ok || !errors.Is(err, want) {
				t.Fatalf("%v, want %v", err, want)
			}
			return words(t).Document(p, problem.Chinese).Detail
		}
		check := func(got string, parts ...string) {
			t.Helper()
			for _, part := range parts {
				if !strings.Contains(got, part) {
					t.Errorf("%s does not say %s", got, part)
				}
			}
		}
		asked := proof.Must(n.service.Open(n.as(wang), Opening{Flow: "approval", Org: n.orgs["agency"], Content: []byte(`{"matter":"采购","amount":1}`)}))
		ended := asked
		n.take(zhao, &ended, "approve", "")
		check(said(n.try(qian, &asked, "approve", ""), ErrChanged), "zhao已于 2026-04-20 10:00", "现为第 2 版")
		for name, err := range map[string]error{
			"Take":  n.try(qian, &ended, "approve", ""),
			"Doing": second(n.service.Doing(n.as(qian), asked.ID, "approve", n.orgs["agency"])),
			"Name":  second(n.service.Name(n.as(qian), asked.ID, Naming{Role: "approver", Basis: ended.Revision, Parties: []Party{{Org: n.orgs["agency"]}}})),
		} {
			t.Log(name)
			check(said(err, ErrEnded), "zhao已于 2026-04-20 10:00 办理")
		}
		c := n.apply()
		n.submit(&c)
		n.review(&c)
		doing := func(who, action, org string) string {
			return said(second(n.service.Doing(n.as(who), c.ID, action, n.orgs[org])), ErrState)
		}
		check(doing(wang, "accept", "agency"), "last于 2026-04-20 10:00 办理")
		if got := doing(li, "submit", "firm"); !strings.Contains(got, "他人于 2026-04-20 10:00 办理") { // who reviews is not for applicants
			t.Errorf("%s", got)
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
