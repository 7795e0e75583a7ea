package register

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestGrantedEntriesShowWhatIsNamed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		orgs := proof.Must(org.New(t.Context(), db, func() time.Time { return n.clock }))
		for name, id := range n.sides {
			_ = proof.Must(orgs.Create(t.Context(), org.Org{ID: id, Kind: org.Enterprise, Name: text.Both(name)}, uuid.Nil))
		}
		reader := auth.With(t.Context(), authtest.Person("reader", map[uuid.UUID]auth.Role{n.sides["b"]: auth.Viewer}).WithGrants(orgs))
		e := n.add(n.firm(""))
		closed := n.firm("")
		closed.Content, closed.Class = []byte(`{"creditCode":"914403001922038216","name":"另一公司","industry":"C3670"}`), field.Restricted
		secret := n.add(closed)
		if _, _, err := n.service.List(reader, "enterprises", Filter{Org: n.org}, store.Page{}); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("before any grant: %v", err)
		}
		give := func(fields ...string) org.Grant {
			t.Helper()
			return proof.Must(orgs.Give(t.Context(), org.Grant{From: n.org, To: n.sides["b"], Purpose: "statistics", Words: "a survey", Kind: GrantKind, Subject: "enterprises", Fields: fields,
				Span: org.Span{To: n.clock.AddDate(1, 0, 0).UnixNano()}}))
		}
		g := give("name", "industry")
		list, _, err := n.service.List(reader, "enterprises", Filter{Org: n.org}, store.Page{})
		if err != nil || len(list) != 1 || string(list[0].Record.Encode()) != `{"industry":"3670","name":"某某股份有限公司"}` || list[0].Key != "" || list[0].By.Name != "" {
			t.Errorf("list: %+v, %v", list, err)
		}
		got, err := n.service.Get(reader, e.ID)
		if err != nil || len(got.Record) != 2 || got.Key != "" {
			t.Errorf("entry: %+v, %v", got, err)
		}
		hidden := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, auth.ErrNotFound) && !errors.Is(err, ErrSearch) && !errors.Is(err, auth.ErrForbidden) {
				t.Errorf("%s: %v", what, err)
			}
		}
		get := func(ctx context.Context, id uuid.UUID) error { _, err := n.service.Get(ctx, id); return err }
		ask := func(register string, f Filter) error {
			f.Org = n.org
			_, _, err := n.service.List(reader, register, f, store.Page{})
			return err
		}
		hidden("a restricted entry", get(reader, secret.ID))
		hidden("another register", ask("departments", Filter{}))
		hidden("by a key that is hidden", ask("enterprises", Filter{Key: code}))
		hidden("by words that may be the key's", ask("enterprises", Filter{Words: "9144"}))
		hidden("by a field that is hidden", ask("enterprises", Filter{Where: []string{"sizeClass=large"}}))
		_, _, err = n.service.History(reader, e.ID, store.Page{})
		hidden("history", err)
		_, _, err = n.service.Counts(reader, "enterprises", "state", Filter{Org: n.org})
		hidden("counts", err)
		_, err = n.service.Change(reader, e.ID, Change{Basis: 1, Reason: "because"})
		hidden("a change", err)
		if err := ask("enterprises", Filter{Where: []string{"industry=C3670"}}); err != nil {
			t.Errorf("by a field that is shown: %v", err)
		}
		reads, _, err := orgs.GrantReads(t.Context(), g.ID, store.Page{})
		if err != nil || len(reads) != 1 || reads[0].Reads < 3 {
			t.Errorf("who looked: %+v, %v", reads, err)
		}
		if _, err := orgs.EndGrant(t.Context(), g.ID, "owner", "done with it"); err != nil {
			t.Fatal(err)
		}
		hidden("an ended grant", get(reader, e.ID))
		give("name")
		if err := get(reader, e.ID); err != nil {
			t.Errorf("given again: %v", err)
		}
	})
}
