package figure

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	orgs "jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
)

func prizesOf(n *treeNode) Key {
	return Key{Keeper: n.keeper, Indicator: "prizes", Filter: All, Kind: "year", Period: "2025"}
}

// What the city knows of its region counts at the province, which says who has told it how many facts, opens it down, proves it, and names
// who has not told it.
func TestFactsOfRegionsAddUp(t *testing.T) {
	w, _ := newProvable(t)
	d := w.library.Definition("prizes")
	p, _ := prizesOf(w.province).Time()
	at := func(n *treeNode) int {
		for i := range w.nodes {
			if w.nodes[i] == n {
				return i
			}
		}
		return -1
	}
	for _, n := range []*treeNode{w.province, w.city} { // until both know some
		for _, some := w.prizes(at(n), d, p); !some; _, some = w.prizes(at(n), d, p) {
			w.said[inputKey{-1 - at(n), d.ID, p.Label}]++
		}
		n.changes = append(n.changes, Change{Org: n.keeper, What: indicator.TouchEntry + ":prizes", From: p.Begin()})
	}
	w.heal()
	f := proof.Must(w.province.store.Figure(t.Context(), w.province.db, prizesOf(w.province).ID(), Now))
	w.united(w.library, d, f)
	own, _ := w.prizes(at(w.province), d, p)
	below, _ := w.prizes(at(w.city), d, p)
	fresh := 0
	for _, x := range below {
		known := false
		for _, y := range own {
			known = known || x == y
		}
		if !known {
			fresh++
		}
	}
	if len(f.Parts) != 1 || f.Parts[0].State != Given || f.Parts[0].Members < 2*len(below) || f.Parts[0].Known < fresh || f.Parts[0].Known >= f.Parts[0].Members && fresh < len(below) {
		t.Errorf("%d of %d prizes are new: %+v", fresh, len(below), f.Parts)
	}
	e := proof.Must(w.explain[w.province].Explain(w.as(w.province), Asked{ID: prizesOf(w.province).ID()}))
	if len(e.Parts) != 1 || !e.Parts[0].Open || e.Readings[0].Known != 2 || e.Readings[0].Of != 2 || e.Value == nil {
		t.Fatalf("%+v", e)
	}
	city := proof.Must(w.explain[w.province].Explain(w.as(w.province), Asked{ID: prizesOf(w.province).ID(), Via: []uuid.UUID{w.upward}}))
	if city.Node != w.city.id || city.Value == nil || len(city.Hops) != 1 {
		t.Errorf("%+v", city)
	}
	for range 3 {
		w.heal()
	}
	v := proof.Must(VerifyPack(proof.Must(w.explain[w.province].Pack(w.as(w.province), Asked{ID: prizesOf(w.province).ID()}, GradeRecomputed)), w.trusted()...))
	if v.Grade != Proved || len(v.Below) != 1 || !strings.Contains(v.String(), "holds the facts of its 1 parts") {
		t.Error(v)
	}
	// Without the city's word it is the province's own, and says who is missing.
	for i := range w.agreed {
		if w.agreed[i].ID == w.upward {
			w.agreed[i].ID, w.upward = id('a', 99), id('a', 99)
			w.streams[w.upward] = &treeStream{cut: true}
			w.acts = append(w.acts, orgs.AgreementAct{N: uint64(len(w.acts) + 1), Agreement: w.upward})
		}
	}
	for _, n := range w.nodes {
		for n.step() {
		}
	}
	e = proof.Must(w.explain[w.province].Explain(w.as(w.province), Asked{ID: prizesOf(w.province).ID()}))
	if len(e.Parts) != 1 || e.Parts[0].State != Undelivered || e.Readings[0].Known != 1 || e.Readings[0].Of != 2 || len(e.Missing) != 1 || e.Missing[0].Reason != indicator.Undelivered {
		t.Errorf("%+v", e)
	}
}
