package flow

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

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
