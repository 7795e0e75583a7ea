package account_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/account"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// signedIn is a person of an organisation.
func (n *node) signedIn(o uuid.UUID, login string, role auth.Role) *client {
	n.t.Helper()
	_, link, err := n.auth.CreatePerson(auth.AsSystem(n.t.Context(), "test"), auth.System(o), login, login, role)
	if err != nil {
		n.t.Fatal(err)
	}
	c := &client{node: n}
	_, secret, _ := strings.Cut(link.URL(""), "token=")
	c.call("POST", "/session/link", object{"token": secret}, 200, nil)
	return c
}

func TestAnAgreementIsMadeByThoseWhoConfigureEachSide(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := build(t, db)
		giver, viewer, taker := n.signedIn(n.a, "engineer.a", auth.Engineer), n.signedIn(n.a, "viewer.a", auth.Viewer), n.signedIn(n.b, "owner.b", auth.Owner)
		terms := func(more object) object {
			o := object{"kind": "peer", "figures": []string{"energy"}, "detail": "aggregate", "drill": "none", "onward": "none", "until": time.Now().AddDate(1, 0, 0), "purpose": "statistics", "words": "monthly figures"}
			for k, v := range more {
				o[k] = v
			}
			return o
		}
		offer := terms(object{"org": n.a, "other": object{"org": n.b}})
		viewer.call("POST", "/agreements/offer", offer, 403, nil)
		taker.call("POST", "/agreements/offer", offer, 404, nil)
		giver.call("POST", "/agreements/offer", terms(object{"org": n.a, "other": object{"org": n.a}}), 422, nil)
		giver.call("POST", "/agreements/offer", terms(object{"org": n.a, "other": object{"creditCode": "91110000802100433B"}}), 422, nil)
		var a account.AgreementView
		giver.call("POST", "/agreements/offer", offer, 201, &a)
		if a.State != "offered" || !a.Hosted || len(a.Sides) != 1 || a.Sides[0] != "giver" || a.Taker.Name.Zh != "乙厂" || a.GiverAccepted.By != "engineer.a" {
			t.Errorf("%+v", a)
		}
		path := "/agreements/" + a.ID.String()
		giver.call("POST", path+"/accept", object{"version": 1}, 409, nil)
		giver.call("POST", path+"/accept", object{"version": 1, "side": "taker"}, 404, nil)
		taker.call("POST", path+"/accept", object{"version": 2}, 409, nil)
		taker.call("POST", path+"/accept", object{"version": 1}, 200, &a)
		if a.State != "active" || a.Sides[0] != "taker" || a.TakerAccepted.Hash != a.Hash {
			t.Errorf("%+v", a)
		}
		viewer.call("GET", path, nil, 200, &a)
		viewer.call("POST", path+"/end", object{"reason": "because of it"}, 403, nil)
		taker.call("POST", path+"/revise", terms(object{"figures": []string{"energy", "erp-use"}}), 200, &a)
		if a.Version != 1 || a.Proposed == nil || a.Proposed.Version != 2 || len(a.Proposed.Figures) != 2 || a.Proposed.GiverAccepted != nil {
			t.Errorf("%+v", a)
		}
		giver.call("POST", path+"/accept", object{"version": 2}, 200, &a)
		giver.call("POST", path+"/end", object{"reason": "because of it"}, 200, &a)
		if a.State != "ended" || a.EndedOn != "giver" || a.Reason != "because of it" || a.Version != 2 {
			t.Errorf("%+v", a)
		}
		taker.call("POST", path+"/end", object{"reason": "because of it"}, 409, nil)
		var versions struct{ Items []account.AgreementVersion }
		taker.call("GET", path+"/versions", nil, 200, &versions)
		var acts struct{ Items []account.AgreementActView }
		taker.call("GET", path+"/acts", nil, 200, &acts)
		if len(versions.Items) != 2 || len(acts.Items) != 5 || acts.Items[4].Act != "end" || acts.Items[4].By != "engineer.a" {
			t.Errorf("%+v %+v", versions, acts)
		}
		var list struct{ Items []account.AgreementView }
		for query, want := range map[string]int{"": 1, "?side=taker": 1, "?side=giver": 0, "?standing=true": 0, "?org=" + n.b.String(): 1} {
			taker.call("GET", "/agreements"+query, nil, 200, &list)
			if len(list.Items) != want {
				t.Errorf("%s: %d", query, len(list.Items))
			}
		}
		taker.call("GET", "/agreements?org="+n.a.String(), nil, 404, nil)
		(&client{node: n}).call("GET", path, nil, 401, nil)

		// Both sides find every act in their audit.
		for _, o := range []uuid.UUID{n.a, n.b} {
			entries, _, err := audit.List(t.Context(), db, auth.System(o), audit.Filter{Object: a.ID.String()}, store.Page{})
			if err != nil || len(entries) != 5 {
				t.Errorf("%d entries, %v", len(entries), err)
			}
		}
	})
}

func TestAgreementsHaveWordsForTheirProblems(t *testing.T) {
	c := proof.Must(problem.ReadCatalogue(os.DirFS("../texts"), "."))
	if missing := c.Missing(org.Problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}
