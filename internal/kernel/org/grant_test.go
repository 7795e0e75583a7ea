package org

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestWhatAGrantNeeds(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	good := func() Grant {
		return Grant{From: uuid.UUID{15: 1}, To: uuid.UUID{15: 2}, Purpose: "credit", Words: "a loan", Kind: "fact", Subject: "order", Span: Span{To: now.AddDate(1, 0, 0).UnixNano()}}
	}
	for name, c := range map[string]struct {
		change func(*Grant)
		want   *problem.Kind
	}{
		"good":                 {func(*Grant) {}, nil},
		"the longest":          {func(g *Grant) { g.Span.To = now.Add(MaxGrant).UnixNano() }, nil},
		"too long":             {func(g *Grant) { g.Span.To = now.Add(MaxGrant).UnixNano() + 1 }, ErrGrantSpan},
		"without an end":       {func(g *Grant) { g.Span.To = 0 }, ErrGrantSpan},
		"for ever":             {func(g *Grant) { g.Span.To = store.Forever }, ErrGrantSpan},
		"ended already":        {func(g *Grant) { g.Span.To = now.UnixNano() }, ErrGrantSpan},
		"ends before it":       {func(g *Grant) { g.Span.From = g.Span.To }, ErrGrantSpan},
		"began long ago":       {func(g *Grant) { g.Span.From = now.Add(-25 * time.Hour).UnixNano() }, ErrGrantSpan},
		"no purpose":           {func(g *Grant) { g.Purpose = "fun" }, ErrPurpose},
		"no words":             {func(g *Grant) { g.Words = "  x " }, ErrGrantWords},
		"too many words":       {func(g *Grant) { g.Words = strings.Repeat("字", maxGrantWords+1) }, ErrGrantWords},
		"to itself":            {func(g *Grant) { g.To = g.From }, ErrGrantSelf},
		"of no field":          {func(g *Grant) { g.Fields = []string{} }, ErrGrantFields},
		"a document of a book": {func(g *Grant) { g.Basis = strings.Repeat("字", maxGrantBasis+1) }, ErrGrantBasis},
	} {
		g := good()
		c.change(&g)
		if err := g.check(now.UnixNano()); c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	g := good()
	g.Fields = []string{"b", "a", "b"}
	if err := g.check(now.UnixNano()); err != nil || fmt.Sprint(g.Fields) != "[a b]" || g.Span.From != now.UnixNano() {
		t.Errorf("%v %+v", err, g)
	}
}

func TestReadersOfOneDayAreBounded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
		s := proof.Must(New(t.Context(), db, func() time.Time { return now }))
		a := proof.Must(s.Create(t.Context(), Org{Kind: Enterprise, Name: text.Both("a")}, uuid.Nil)).ID
		b := proof.Must(s.Create(t.Context(), Org{Kind: Enterprise, Name: text.Both("b")}, uuid.Nil)).ID
		g := Grant{From: a, To: b, Purpose: "credit", Words: "a loan", Kind: "fact", Subject: "order", Span: Span{To: now.AddDate(1, 0, 0).UnixNano()}}
		g = proof.Must(s.Give(t.Context(), g))
		for i := range maxReaders + 5 {
			if err := s.Looked(t.Context(), g.ID, fmt.Sprintf("r%04d", i), "reader", 2); err != nil {
				t.Fatal(err)
			}
		}
		reads, _, err := s.GrantReads(t.Context(), g.ID, store.Page{Limit: 1000})
		last := reads[len(reads)-1]
		if err != nil || len(reads) != maxReaders+1 || last.Name != "…" || last.Reads != 5 || last.Things != 10 {
			t.Errorf("%d rows, the last %+v, %v", len(reads), last, err)
		}
		// Both sides find it, nobody else does.
		for side, want := range map[uuid.UUID]error{a: nil, b: nil, {15: 9}: store.ErrNotFound} {
			if _, err := s.Grant(t.Context(), g.ID, []uuid.UUID{side}); !errors.Is(err, want) {
				t.Errorf("%v: %v", side, err)
			}
		}
		count := func(f GrantFilter) int {
			list, _, err := s.Grants(t.Context(), f, store.Page{})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if count(GrantFilter{From: []uuid.UUID{a}}) != 1 || count(GrantFilter{To: []uuid.UUID{a}}) != 0 || count(GrantFilter{To: []uuid.UUID{b}}) != 1 || count(GrantFilter{}) != 0 {
			t.Error("lists of sides")
		}
		if _, err := s.EndGrant(t.Context(), g.ID, "x", "no"); !errors.Is(err, ErrGrantReason) {
			t.Errorf("without a reason: %v", err)
		}
		_ = proof.Must(s.EndGrant(t.Context(), g.ID, "x", "not needed"))
		if err := s.Looked(t.Context(), g.ID, "r", "reader", 1); !errors.Is(err, ErrNoOrg) {
			t.Errorf("a read after its end is counted: %v", err)
		}
		if count(GrantFilter{From: []uuid.UUID{a}, Standing: true}) != 0 {
			t.Error("an ended grant stands")
		}
		if _, err := s.Give(t.Context(), Grant{From: a, To: uuid.UUID{15: 9}, Purpose: "credit", Words: "a loan", Kind: "fact", Subject: "order", Span: g.Span}); !errors.Is(err, ErrGrantTaker) {
			t.Errorf("to nobody: %v", err)
		}
	})
}
