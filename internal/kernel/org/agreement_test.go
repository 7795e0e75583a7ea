package org

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

var agreementDay = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

func goodAgreement() Agreement {
	return Agreement{ID: uuid.UUID{1}, Version: 1, Kind: "parent", Giver: Party{Node: uuid.UUID{1}, Org: uuid.UUID{15: 1}}, Taker: Party{Node: uuid.UUID{2}, CreditCode: "9144030071526726XG"},
		Figures: []string{"machine-networking@designated&size=large", "energy"}, Detail: DetailAggregate, Drill: LevelNone, Onward: LevelAggregate,
		Span: Span{agreementDay.UnixNano(), agreementDay.AddDate(1, 0, 0).UnixNano()}, Purpose: "statistics", Words: "monthly figures", Basis: "〔2026〕1 号"}
}

func TestWhatAnAgreementNeeds(t *testing.T) {
	now := agreementDay
	for name, c := range map[string]struct {
		change func(*Agreement)
		want   *problem.Kind
	}{
		"good":                      {func(*Agreement) {}, nil},
		"the longest":               {func(a *Agreement) { a.Span.To = now.Add(MaxAgreement).UnixNano() }, nil},
		"too long":                  {func(a *Agreement) { a.Span.To = now.Add(MaxAgreement).UnixNano() + 1 }, ErrAgreementSpan},
		"without an end":            {func(a *Agreement) { a.Span.To = 0 }, ErrAgreementSpan},
		"for ever":                  {func(a *Agreement) { a.Span.To = store.Forever }, ErrAgreementSpan},
		"began long ago":            {func(a *Agreement) { a.Span.From = now.Add(-25 * time.Hour).UnixNano() }, ErrAgreementSpan},
		"of no kind":                {func(a *Agreement) { a.Kind = "friend" }, ErrAgreementKind},
		"without a node":            {func(a *Agreement) { a.Taker.Node = uuid.Nil }, ErrAgreementParty},
		"with nobody":               {func(a *Agreement) { a.Taker.CreditCode = "" }, ErrAgreementParty},
		"with a bad code":           {func(a *Agreement) { a.Taker.CreditCode = "9144030071526726XH" }, ErrAgreementParty},
		"with itself":               {func(a *Agreement) { a.Taker = a.Giver }, ErrAgreementSelf},
		"of nothing":                {func(a *Agreement) { a.Figures = nil }, ErrAgreementFigures},
		"of too much":               {func(a *Agreement) { a.Figures = make([]string, MaxFigures+1) }, ErrAgreementFigures},
		"of a figure with a blank":  {func(a *Agreement) { a.Figures = []string{"a b"} }, ErrAgreementFigures},
		"of two filters":            {func(a *Agreement) { a.Figures = []string{"a@b@c"} }, ErrAgreementFigures},
		"detail":                    {func(a *Agreement) { a.Detail = "all" }, ErrAgreementWord},
		"drill":                     {func(a *Agreement) { a.Drill = LevelAggregate }, ErrAgreementWord},
		"onward":                    {func(a *Agreement) { a.Onward = "everything" }, ErrAgreementWord},
		"onward deeper than seen":   {func(a *Agreement) { a.Onward = LevelInputs }, ErrAgreementOnward},
		"inputs of enterprises":     {func(a *Agreement) { a.Detail, a.Onward = DetailEnterprise, LevelInputs }, nil},
		"facts beyond inputs":       {func(a *Agreement) { a.Detail, a.Onward = DetailEnterprise, LevelFacts }, ErrAgreementOnward},
		"what it may ask it may do": {func(a *Agreement) { a.Drill, a.Onward = LevelFacts, LevelFacts }, nil},
		"since no day":              {func(a *Agreement) { a.Since = "2026-02-30" }, ErrAgreementSince},
		"no purpose":                {func(a *Agreement) { a.Purpose = "fun" }, ErrPurpose},
		"no words":                  {func(a *Agreement) { a.Words = " x " }, ErrGrantWords},
		"a book":                    {func(a *Agreement) { a.Basis = strings.Repeat("字", maxGrantBasis+1) }, ErrGrantBasis},
	} {
		a := goodAgreement()
		c.change(&a)
		if err := a.Check(now.UnixNano()); c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := goodAgreement()
	a.Figures = []string{"b@all", "a", "b", "a"}
	if err := a.Check(now.UnixNano()); err != nil || fmt.Sprint(a.Figures) != "[a b]" {
		t.Errorf("%v %v", a.Figures, err)
	}
}

// TestTermsAreOneSequenceOfBytes pins what both nodes hash. Every member that is agreed on changes the hash; what each side knows of the
// other beyond its identity does not.
func TestTermsAreOneSequenceOfBytes(t *testing.T) {
	a := goodAgreement()
	if err := a.Check(agreementDay.UnixNano()); err != nil {
		t.Fatal(err)
	}
	want := "jingwei.agreement/1\nid 36\n01000000-0000-0000-0000-000000000000\nversion 1\n1\nkind 6\nparent\ngiver.node 36\n01000000-0000-0000-0000-000000000000\n" +
		"giver 36\n00000000-0000-0000-0000-000000000001\ntaker.node 36\n02000000-0000-0000-0000-000000000000\ntaker 18\n9144030071526726XG\n" +
		"figures 47\nenergy\nmachine-networking@designated&size=large\ndetail 9\naggregate\ndrill 4\nnone\nonward 9\naggregate\nsince 0\n\n" +
		"from 19\n1777881600000000000\nto 19\n1809417600000000000\npurpose 10\nstatistics\nwords 15\nmonthly figures\nbasis 15\n〔2026〕1 号\n"
	if got := string(a.Terms()); got != want {
		t.Errorf("terms\n%q\nwant\n%q", got, want)
	}
	hash := a.Hash()
	for name, change := range map[string]func(*Agreement){
		"id": func(a *Agreement) { a.ID[3] = 1 }, "version": func(a *Agreement) { a.Version++ }, "kind": func(a *Agreement) { a.Kind = "bank" },
		"giver": func(a *Agreement) { a.Giver.Org[2] = 1 }, "giver.node": func(a *Agreement) { a.Giver.Node[2] = 1 }, "taker": func(a *Agreement) { a.Taker.CreditCode = "" },
		"figures": func(a *Agreement) { a.Figures = a.Figures[:1] }, "detail": func(a *Agreement) { a.Detail = "x" }, "drill": func(a *Agreement) { a.Drill = "x" },
		"onward": func(a *Agreement) { a.Onward = "x" }, "since": func(a *Agreement) { a.Since = "2026-01-01" }, "from": func(a *Agreement) { a.Span.From++ },
		"to": func(a *Agreement) { a.Span.To++ }, "purpose": func(a *Agreement) { a.Purpose = "x" }, "words": func(a *Agreement) { a.Words += "." }, "basis": func(a *Agreement) { a.Basis = "" },
	} {
		b := a
		change(&b)
		if b.Hash() == hash {
			t.Errorf("%s is not part of the hash", name)
		}
	}
	b := a
	b.Taker.Org, b.Taker.Name, b.Taker.Key, b.Epoch, b.Ended = uuid.UUID{9}, text.Both("x"), "key", 3, 5
	if b.Hash() != hash {
		t.Error("what is no term is part of the hash")
	}
}

func TestStatesFollowFromAcceptancesSpanAndEnd(t *testing.T) {
	a := goodAgreement()
	yes, other := &Acceptance{Hash: a.Hash()}, &Acceptance{Hash: "other"}
	from, to := a.Span.From, a.Span.To
	for _, c := range []struct {
		giver, taker *Acceptance
		at, ended    int64
		want         AgreementState
	}{
		{nil, yes, from, 0, AgreementRequested}, {other, yes, from, 0, AgreementRequested}, {yes, nil, from, 0, AgreementOffered}, {yes, other, from, 0, AgreementOffered},
		{yes, yes, from, 0, AgreementActive}, {yes, yes, from - 1, 0, AgreementAgreed}, {yes, yes, to - 1, 0, AgreementActive}, {yes, yes, to, 0, AgreementExpired},
		{nil, yes, to, 0, AgreementExpired}, {yes, yes, from, 7, AgreementEnded},
	} {
		a.GiverAccepted, a.TakerAccepted, a.Ended = c.giver, c.taker, c.ended
		if got := a.State(c.at); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if Least(LevelFacts, LevelInputs) != LevelInputs || Least(LevelNone, LevelReadings) != LevelNone || Level("x") != -1 {
		t.Error("levels")
	}
}

// agreementNode is the room on one node, with one organisation.
type agreementNode struct {
	*Service
	t     *testing.T
	id    uuid.UUID
	org   Org
	clock *time.Time
	acts  []AgreementAct
}

func newAgreementNode(t *testing.T, db *store.DB, id byte, code string) *agreementNode {
	clock := agreementDay
	n := &agreementNode{t: t, id: uuid.UUID{id, 15: 1}, clock: &clock}
	n.Service = proof.Must(New(t.Context(), db, func() time.Time { return clock }))
	n.SetNode(n.id, fmt.Sprintf("node%d+key", id))
	n.OnAgreement(func(_ context.Context, _ bun.Tx, a *Agreement, act AgreementAct) error {
		n.acts = append(n.acts, act)
		return nil
	})
	n.org = proof.Must(n.Create(t.Context(), Org{Kind: Enterprise, Name: text.Both(fmt.Sprint("org", id)), CreditCode: code}, uuid.Nil))
	return n
}

// tell brings one node's copy to the other.
func (n *agreementNode) tell(to *agreementNode, id uuid.UUID) (Agreement, bool, error) {
	return to.ReceivedAgreement(n.t.Context(), n.id, proof.Must(n.AgreementDocument(n.t.Context(), id)))
}

func (n *agreementNode) state(id uuid.UUID) AgreementState {
	a := proof.Must(n.Agreement(n.t.Context(), id))
	return a.State(n.clock.UnixNano())
}

func proposal(giver, taker Party) Agreement {
	a := goodAgreement()
	a.Giver, a.Taker = giver, taker
	return a
}

const giverCode, takerCode = "9144030071526726XG", "91350100M000100Y43"

func agreementNodes(t *testing.T, test func(giver, taker *agreementNode)) {
	t.Run("sqlite", func(t *testing.T) {
		test(newAgreementNode(t, storetest.SQLite(t), 1, giverCode), newAgreementNode(t, storetest.SQLite(t), 2, takerCode))
	})
	t.Run("postgres", func(t *testing.T) {
		test(newAgreementNode(t, storetest.Postgres(t), 1, giverCode), newAgreementNode(t, storetest.Postgres(t), 2, takerCode))
	})
}

func TestTwoNodesAgreeReviseAndEnd(t *testing.T) {
	agreementNodes(t, func(giver, taker *agreementNode) {
		ctx := giver.t.Context()
		t := giver.t
		a := proof.Must(taker.RequestAgreement(ctx, proposal(Party{Node: giver.id, CreditCode: giverCode}, Party{Org: taker.org.ID}), "t"))
		if taker.state(a.ID) != AgreementRequested || a.Giver.Org != uuid.Nil || a.Taker.CreditCode != takerCode {
			t.Errorf("%+v", a)
		}
		got, changed, err := taker.tell(giver, a.ID)
		if err != nil || !changed || giver.state(a.ID) != AgreementRequested || got.Giver.Org != giver.org.ID || got.Taker.Key != "node2+key" || got.Hash() != a.Hash() {
			t.Fatalf("%+v %v", got, err)
		}
		if _, changed, err := taker.tell(giver, a.ID); err != nil || changed {
			t.Errorf("told twice: %v %v", changed, err)
		}
		if _, err := giver.AcceptAgreement(ctx, a.ID, Giver, 2, "g"); !errors.Is(err, ErrAgreementVersion) {
			t.Errorf("another version: %v", err)
		}
		if _, err := giver.AcceptAgreement(ctx, a.ID, Taker, 1, "g"); !errors.Is(err, ErrNoOrg) {
			t.Errorf("the other side: %v", err)
		}
		_ = proof.Must(giver.AcceptAgreement(ctx, a.ID, Giver, 1, "g"))
		if _, err := giver.AcceptAgreement(ctx, a.ID, Giver, 1, "g"); !errors.Is(err, ErrAgreementNothing) {
			t.Errorf("twice: %v", err)
		}
		got, _, err = giver.tell(taker, a.ID)
		if err != nil || taker.state(a.ID) != AgreementActive || got.Giver.Org != giver.org.ID || got.Giver.Name.En != "org1" || got.GiverAccepted.By != "g" {
			t.Fatalf("%+v %v", got, err)
		}
		for side, n := range map[Side]*agreementNode{Giver: giver, Taker: taker} {
			if list := proof.Must(n.ActiveFor(ctx, side, n.org.ID, n.clock.UnixNano())); len(list) != 1 {
				t.Errorf("%s: %v", side, list)
			}
			if list := proof.Must(n.ActiveFor(ctx, side.Other(), n.org.ID, n.clock.UnixNano())); len(list) != 0 {
				t.Errorf("not %s: %v", side, list)
			}
		}
		// Other terms: the old ones stand until both have accepted the new.
		terms := got
		terms.Figures = []string{"energy"}
		if _, err := taker.ReviseAgreement(ctx, a.ID, Taker, got, "t"); !errors.Is(err, ErrAgreementSame) {
			t.Errorf("the same terms: %v", err)
		}
		terms = proof.Must(taker.ReviseAgreement(ctx, a.ID, Taker, terms, "t"))
		if terms.Version != 1 || terms.Proposed == nil || terms.Proposed.Version != 2 || len(terms.Figures) != 2 || taker.state(a.ID) != AgreementActive {
			t.Errorf("%+v", terms)
		}
		_, _, _ = taker.tell(giver, a.ID)
		_ = proof.Must(giver.AcceptAgreement(ctx, a.ID, Giver, 2, "g"))
		if now, _, err := giver.tell(taker, a.ID); err != nil || now.Version != 2 || now.Proposed != nil || fmt.Sprint(now.Figures) != "[energy]" {
			t.Errorf("%+v %v", now, err)
		}
		if versions := proof.Must(giver.AgreementVersions(ctx, a.ID)); len(versions) != 2 || !versions[0].Both() || !versions[1].Both() {
			t.Errorf("%+v", versions)
		}
		// Both propose at once: the giver's counts.
		mine, theirs := terms, terms
		mine.Words, theirs.Words = "the giver's", "the taker's"
		_ = proof.Must(giver.ReviseAgreement(ctx, a.ID, Giver, mine, "g"))
		_ = proof.Must(taker.ReviseAgreement(ctx, a.ID, Taker, theirs, "t"))
		if _, _, err := taker.tell(giver, a.ID); !errors.Is(err, ErrAgreementVersion) {
			t.Errorf("the taker's at the giver: %v", err)
		}
		if now, _, err := giver.tell(taker, a.ID); err != nil || now.Proposed.Words != "the giver's" || now.Proposed.TakerAccepted != nil {
			t.Errorf("the giver's at the taker: %+v %v", now, err)
		}
		// One ends it; the other side cannot undo that.
		if _, err := taker.EndAgreement(ctx, a.ID, Taker, "t", "no"); !errors.Is(err, ErrGrantReason) {
			t.Errorf("without a reason: %v", err)
		}
		*taker.clock = taker.clock.Add(time.Hour)
		_ = proof.Must(taker.EndAgreement(ctx, a.ID, Taker, "t", "not needed"))
		_, _, _ = giver.tell(taker, a.ID)
		now, _, err := taker.tell(giver, a.ID)
		if err != nil || now.EndedOn != Taker || now.Ended != taker.clock.UnixNano() || giver.state(a.ID) != AgreementEnded || taker.state(a.ID) != AgreementEnded {
			t.Errorf("%+v %v", now, err)
		}
		if _, err := giver.AcceptAgreement(ctx, a.ID, Giver, 3, "g"); !errors.Is(err, ErrAgreementEnded) {
			t.Errorf("after the end: %v", err)
		}
		// Every acceptance and the end is an act on both nodes, numbered in order.
		for name, n := range map[string]*agreementNode{"giver": giver, "taker": taker} {
			acts := proof.Must(n.AgreementActs(ctx, 0, 100))
			var words []string
			for i, x := range acts {
				if x.N != uint64(i+1) || x.Org != n.org.ID || len(x.Hash) != 64 {
					t.Errorf("%s: act %+v", name, x)
				}
				if found := proof.Must(n.Service.AgreementAct(ctx, x.ID)); found != x {
					t.Errorf("%+v, found %+v", x, found)
				}
				words = append(words, fmt.Sprint(x.Side, x.Act, x.Version))
			}
			for _, want := range []string{"takeraccept1", "giveraccept1", "takeraccept2", "giveraccept2", "takerend2"} {
				if !slices.Contains(words, want) {
					t.Errorf("%s: acts %v lack %s", name, words, want)
				}
			}
			if len(n.acts) != len(acts) || len(proof.Must(n.AgreementHistory(ctx, a.ID))) != len(acts) {
				t.Errorf("%s: %d told, %d kept", name, len(n.acts), len(acts))
			}
		}
		if list := proof.Must(giver.AgreementsWith(ctx, taker.id, 0, 10)); len(list) != 1 || list[0].ID != a.ID {
			t.Errorf("with the taker: %v", list)
		}
		if list := proof.Must(giver.AgreementsWith(ctx, uuid.UUID{7}, 0, 10)); len(list) != 0 {
			t.Errorf("with a stranger: %v", list)
		}
	})
}

func TestANodeSpeaksForItsOwnSideAlone(t *testing.T) {
	agreementNodes(t, func(giver, taker *agreementNode) {
		ctx, t := giver.t.Context(), giver.t
		a := proof.Must(taker.RequestAgreement(ctx, proposal(Party{Node: giver.id, CreditCode: giverCode}, Party{Org: taker.org.ID}), "t"))
		var doc map[string]any
		raw := proof.Must(taker.AgreementDocument(ctx, a.ID))
		altered := func(change func(doc, version map[string]any)) []byte {
			doc = nil
			if err := json.Unmarshal(raw, &doc); err != nil {
				t.Fatal(err)
			}
			change(doc, doc["versions"].([]any)[0].(map[string]any))
			return proof.Must(json.Marshal(doc))
		}
		part := func(doc map[string]any, name string) map[string]any { return doc[name].(map[string]any) }
		for name, c := range map[string]struct {
			peer uuid.UUID
			doc  []byte
			want error
		}{
			"noise":                    {taker.id, []byte("{"), ErrAgreementForged},
			"by a third node":          {uuid.UUID{9}, raw, ErrAgreementForged},
			"by this node":             {giver.id, raw, ErrAgreementForged},
			"of two other nodes":       {taker.id, altered(func(d, _ map[string]any) { part(d, "giver")["node"] = uuid.UUID{9} }), ErrAgreementForged},
			"of nobody here":           {taker.id, altered(func(d, _ map[string]any) { part(d, "giver")["creditCode"] = takerCode }), ErrAgreementParty},
			"changed after accepting":  {taker.id, altered(func(_, v map[string]any) { v["drill"] = LevelInputs }), ErrAgreementForged},
			"not accepted by its side": {taker.id, altered(func(_, v map[string]any) { delete(v, "taker") }), ErrAgreementForged},
			"out of bounds":            {taker.id, altered(func(_, v map[string]any) { v["kind"] = "friend" }), ErrAgreementKind},
			"of no version":            {taker.id, altered(func(d, _ map[string]any) { d["versions"] = []any{} }), ErrAgreementForged},
		} {
			if _, _, err := giver.ReceivedAgreement(ctx, c.peer, c.doc); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
			if _, err := giver.Agreement(ctx, a.ID); !errors.Is(err, ErrNoOrg) {
				t.Fatalf("%s: it was kept: %v", name, err)
			}
		}
		// That the giver has accepted is not the taker's to say.
		hash := a.Hash()
		_, _, err := giver.ReceivedAgreement(ctx, taker.id, altered(func(_, v map[string]any) {
			v["giver"] = map[string]any{"by": "forged", "at": "1", "hash": hash}
		}))
		if got := proof.Must(giver.Agreement(ctx, a.ID)); err != nil || got.GiverAccepted != nil || giver.state(a.ID) != AgreementRequested {
			t.Errorf("%+v %v", got, err)
		}
		_ = proof.Must(giver.AcceptAgreement(ctx, a.ID, Giver, 1, "g"))
		// Terms that both have accepted do not change, not even with a fitting hash; nor do the sides.
		other := a
		other.Words = "something else"
		changed := altered(func(_, v map[string]any) {
			v["words"] = other.Words
			v["taker"].(map[string]any)["hash"] = other.Hash()
		})
		if _, _, err := giver.ReceivedAgreement(ctx, taker.id, changed); !errors.Is(err, ErrAgreementForged) {
			t.Errorf("changed terms: %v", err)
		}
		if _, _, err := giver.ReceivedAgreement(ctx, taker.id, altered(func(d, v map[string]any) {
			part(d, "taker")["creditCode"] = "91110000802100433B"
		})); !errors.Is(err, ErrAgreementForged) {
			t.Errorf("another taker: %v", err)
		}
		// An end counts from the one who may tell it.
		end := map[string]any{"at": "5", "by": "x", "on": "giver", "reason": "because"}
		if _, changed, err := giver.ReceivedAgreement(ctx, taker.id, altered(func(d, _ map[string]any) { d["ended"] = end })); err != nil || changed || giver.state(a.ID) != AgreementActive {
			t.Errorf("ended in the giver's name: %v %v", changed, err)
		}
	})
}

func TestBothSidesOfOneNode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newAgreementNode(t, db, 1, giverCode)
		ctx := t.Context()
		park := proof.Must(n.Create(ctx, Org{Kind: Park, Name: text.Both("park"), CreditCode: takerCode}, uuid.Nil))
		city := proof.Must(n.Create(ctx, Org{Kind: Government, Name: text.Both("city")}, uuid.Nil))
		a := proof.Must(n.OfferAgreement(ctx, proposal(Party{Org: n.org.ID}, Party{CreditCode: takerCode}), "works"))
		if !a.Hosted() || n.state(a.ID) != AgreementOffered || a.Taker.Org != park.ID {
			t.Errorf("%+v", a)
		}
		_ = proof.Must(n.AcceptAgreement(ctx, a.ID, Taker, 1, "park"))
		if n.state(a.ID) != AgreementActive {
			t.Error("both have accepted")
		}
		// The park cannot promise the city more than its enterprises let it pass on.
		deep := proposal(Party{Org: park.ID}, Party{Org: city.ID})
		deep.Drill = LevelFacts
		if _, err := n.OfferAgreement(ctx, deep, "park"); !errors.Is(err, ErrAgreementDrill) || !strings.Contains(err.Error(), LevelInputs) {
			t.Errorf("facts without their word: %v", err)
		}
		asked := proof.Must(n.RequestAgreement(ctx, deep, "city"))
		if _, err := n.AcceptAgreement(ctx, asked.ID, Giver, 1, "park"); !errors.Is(err, ErrAgreementDrill) {
			t.Errorf("accepted: %v", err)
		}
		more := a
		more.Detail, more.Drill, more.Onward = DetailEnterprise, LevelFacts, LevelFacts
		_ = proof.Must(n.ReviseAgreement(ctx, a.ID, Giver, more, "works"))
		_ = proof.Must(n.AcceptAgreement(ctx, a.ID, Taker, 2, "park"))
		if _, err := n.AcceptAgreement(ctx, asked.ID, Giver, 1, "park"); err != nil {
			t.Errorf("with their word: %v", err)
		}
		list, _, err := n.Agreements(ctx, AgreementFilter{Orgs: []uuid.UUID{park.ID}}, store.Page{})
		if err != nil || len(list) != 2 {
			t.Errorf("%v %v", list, err)
		}
		for side, want := range map[Side]int{Giver: 1, Taker: 1} {
			if list, _, err := n.Agreements(ctx, AgreementFilter{Orgs: []uuid.UUID{park.ID}, Side: side, Standing: true}, store.Page{}); err != nil || len(list) != want {
				t.Errorf("%s: %v %v", side, list, err)
			}
		}
		if list, _, err := n.Agreements(ctx, AgreementFilter{}, store.Page{}); err != nil || list != nil {
			t.Errorf("of nobody: %v %v", list, err)
		}
		if sides := n.AgreementSides(&list[0], []uuid.UUID{park.ID}); len(list) > 0 && len(sides) != 1 {
			t.Errorf("sides %v", sides)
		}
		if _, err := n.OfferAgreement(ctx, proposal(Party{Org: n.org.ID}, Party{CreditCode: "91110000802100433B"}), "works"); !errors.Is(err, ErrAgreementParty) {
			t.Errorf("with nobody: %v", err)
		}
		// A version whose time is over is not accepted any more, and nothing is active behind its end.
		*n.clock = n.clock.AddDate(1, 0, 1)
		if n.state(a.ID) != AgreementExpired || len(proof.Must(n.ActiveFor(ctx, Giver, n.org.ID, n.clock.UnixNano()))) != 0 {
			t.Error("it goes on behind its end")
		}
	})
}

func FuzzReceivedAgreement(f *testing.F) {
	db := storetest.SQLite(f)
	clock := agreementDay
	s := proof.Must(New(f.Context(), db, func() time.Time { return clock }))
	s.SetNode(uuid.UUID{1}, "")
	o := proof.Must(s.Create(f.Context(), Org{Kind: Enterprise, Name: text.Both("x"), CreditCode: giverCode}, uuid.Nil))
	_ = o
	f.Add([]byte(`{"format":1,"id":"0190a0b0-0000-7000-8000-000000000001","giver":{"node":"01000000-0000-0000-0000-000000000000","creditCode":"` + giverCode + `"},"taker":{"node":"02000000-0000-0000-0000-000000000000","creditCode":"` + takerCode + `"},"versions":[{"version":1,"kind":"parent","figures":["a"],"detail":"aggregate","drill":"none","onward":"none","from":"1","to":"2","purpose":"credit","words":"abc","taker":{"by":"x","at":"1","hash":"y"}}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		a, _, err := s.ReceivedAgreement(context.Background(), uuid.UUID{2}, doc)
		if err == nil && (a.GiverAccepted != nil || a.Taker.Node != (uuid.UUID{2})) {
			t.Fatalf("%+v", a)
		}
	})
}
