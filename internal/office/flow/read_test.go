package flow

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

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

// Whoever keeps many cases is served by another query than the others; it shows the same.
func TestAKeeperOfManySeesItsOwnNewestFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		c := n.apply()
		n.fill(t, 2*many)
		list, next, err := n.service.List(n.as(wang), Filter{Running: true}, store.Page{Limit: 50})
		if err != nil || len(list) != 50 || next == "" {
			t.Fatalf("%d, %v", len(list), err)
		}
		for i := range list[1:] {
			if list[i].ID.String() <= list[i+1].ID.String() {
				t.Fatalf("%s stands before %s", list[i].ID, list[i+1].ID)
			}
		}
		for who, want := range map[string]int{li: 1, wang: 1, rival: 0} { // of the one about the firm
			if list, _, err := n.service.List(n.as(who), Filter{Flow: c.Flow}, store.Page{}); err != nil || len(list) != want {
				t.Errorf("%s: %d cases, %v", who, len(list), err)
			}
		}
		counts, err := n.service.DueCounts(n.as(zhao), n.orgs["agency"])
		if err != nil || counts.All != 2*many || counts.Overdue == 0 || counts.Overdue == counts.All {
			t.Errorf("%+v, %v", counts, err)
		}
	})
}
