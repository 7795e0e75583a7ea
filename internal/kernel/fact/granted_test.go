package fact

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestAGrantShowsWhatItNamesAndEndsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		orgs := proof.Must(org.New(t.Context(), db, func() time.Time { return n.clock }))
		for name, id := range n.sides {
			_ = proof.Must(orgs.Create(t.Context(), org.Org{ID: id, Kind: org.Enterprise, Name: text.Both(name)}, uuid.Nil))
		}
		a, b := n.sides["a"], n.sides["b"]
		third := proof.Must(orgs.Create(t.Context(), org.Org{Kind: org.Institution, Name: text.Both("bank")}, uuid.Nil)).ID
		person := func(name string, role auth.Role, at uuid.UUID) context.Context {
			return auth.With(t.Context(), authtest.Person(name, map[uuid.UUID]auth.Role{at: role}).WithGrants(orgs))
		}
		reader, second, monitor, stranger := person("reader", auth.Viewer, b), person("second", auth.Viewer, b), person("monitor", auth.Monitor, b), person("stranger", auth.Owner, third)
		order := n.record(n.order("O-1", "2026-05-01", 100))
		contract := Input{Org: a, Kind: "contract", Key: Key{"erp", "HT-1"}, Content: []byte(`{"number":"HT-1","signed":"2026-03-02","partyName":"乙公司","subject":"software","amount":100}`)}
		hidden := n.record(contract)

		names := func(ctx context.Context, f Filter) string {
			list, _, err := n.service.List(ctx, f, store.Page{})
			if err != nil {
				return "error"
			}
			out := ""
			for _, f := range list {
				out += f.Kind + string(f.Record.Encode()) + f.External + " "
			}
			return out
		}
		refused := func(ctx context.Context, when string) {
			t.Helper()
			if _, _, err := n.service.List(ctx, Filter{Org: a}, store.Page{}); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("%s: the list: %v", when, err)
			}
			if _, err := n.service.Get(ctx, order.ID, time.Time{}); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: the fact: %v", when, err)
			}
			if _, _, err := n.service.History(ctx, order.ID, store.Page{}); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: its history: %v", when, err)
			}
		}
		refused(reader, "before any grant")
		give := func(g org.Grant) org.Grant {
			t.Helper()
			g.From, g.To, g.Purpose, g.Words, g.Kind = a, b, "credit", "a loan", GrantKind
			if g.Span.To == 0 {
				g.Span.To = n.clock.AddDate(0, 1, 0).UnixNano()
			}
			return proof.Must(orgs.Give(t.Context(), g))
		}
		later := give(org.Grant{Subject: "order", Fields: []string{"number", "amount"}, Span: org.Span{From: n.clock.Add(time.Hour).UnixNano()}})
		refused(reader, "before it begins")
		n.clock = n.clock.Add(time.Hour)

		if got, want := names(reader, Filter{Org: a}), `order{"amount":100,"number":"O-1"} `; got != want {
			t.Errorf("list: %s", got)
		}
		f, err := n.service.Get(reader, order.ID, time.Time{})
		if err != nil || fmt.Sprint(f.Record["partyName"]) != "<nil>" || f.External != "" || f.Source != "" || f.By.Name != "" || f.Documents != nil {
			t.Errorf("fact: %+v, %v", f, err)
		}
		if list, _, err := n.service.History(reader, order.ID, store.Page{}); err != nil || len(list) != 1 || list[0].Record["partyName"] != nil {
			t.Errorf("history: %+v, %v", list, err)
		}
		if _, err := n.service.Get(reader, hidden.ID, time.Time{}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a kind that is not granted: %v", err)
		}
		for name, f := range map[string]Filter{
			"another kind": {Org: a, Kind: "contract"}, "a hidden field": {Org: a, Kind: "order", Where: []string{"partyName=甲公司"}},
			"the id there": {Org: a, External: "O-1"}, "the source": {Org: a, Source: "erp"},
		} {
			if got := names(reader, f); got != "error" {
				t.Errorf("asked by %s: %s", name, got)
			}
		}
		if got := names(reader, Filter{}); got != "" {
			t.Errorf("a list that names nobody shows granted things: %s", got)
		}
		if _, err := n.service.Tally(reader, Tally{Filter: Filter{Org: a, Kind: "order"}}); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("a tally: %v", err)
		}
		if _, err := n.service.Revise(reader, order.ID, Change{Basis: 1, Content: []byte(`{}`), Reason: "because"}); err == nil {
			t.Error("a grant lets somebody write")
		}
		refused(monitor, "a role that does not read")
		refused(stranger, "a third organisation")
		refused(auth.With(t.Context(), authtest.Person("reader", map[uuid.UUID]auth.Role{b: auth.Viewer})), "where nobody knows grants")

		// To one person alone; all fields, of which documents must be named.
		only, _ := auth.FromContext(second)
		give(org.Grant{Subject: "contract", Person: only.ID})
		if got := names(second, Filter{Org: a, Kind: "contract"}); got == "error" || got == "" {
			t.Errorf("the one person: %s", got)
		}
		if got := names(reader, Filter{Org: a, Kind: "contract"}); got != "error" {
			t.Errorf("a colleague of the one person: %s", got)
		}

		// Who looked, counted by day and person; a day's first second is China's.
		reads, _, err := orgs.GrantReads(t.Context(), later.ID, store.Page{})
		if err != nil || len(reads) != 1 || reads[0].Day != "2026-05-04" || reads[0].Name != "reader" || reads[0].Reads != 4 || reads[0].Things != 4 {
			t.Errorf("who looked: %+v, %v", reads, err)
		}
		n.clock = time.Date(2026, 5, 4, 16, 0, 0, 0, time.UTC)
		_ = names(reader, Filter{Org: a})
		_ = names(second, Filter{Org: a, Kind: "order"})
		if reads, _, _ = orgs.GrantReads(t.Context(), later.ID, store.Page{}); len(reads) != 3 || reads[0].Day != "2026-05-05" || reads[2].Reads != 4 {
			t.Errorf("who looked on the next day: %+v", reads)
		}

		if _, err := orgs.EndGrant(t.Context(), later.ID, "owner", "not needed any more"); err != nil {
			t.Fatal(err)
		}
		refused(reader, "after it was ended")
		if _, err := orgs.EndGrant(t.Context(), later.ID, "owner", "again"); !errors.Is(err, org.ErrGrantEnded) {
			t.Errorf("ended twice: %v", err)
		}
		n.clock = n.clock.AddDate(0, 1, 0)
		refused(second, "after its time")
	})
}
