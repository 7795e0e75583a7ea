package org

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestMembershipGivesNothingAndUnitsInherit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		clock := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
		s, err := New(ctx, db, func() time.Time { return clock })
		if err != nil {
			t.Fatal(err)
		}
		make := func(kind Kind, name string, parent uuid.UUID) Org {
			t.Helper()
			o, err := s.Create(ctx, Org{Kind: kind, Name: text.Text{Zh: name}}, parent)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		park := make(Park, "园区", uuid.Nil)
		firm := make(Enterprise, "企业", uuid.Nil)
		plant := make(Unit, "一厂", firm.ID)
		shop := make(Unit, "车间", plant.ID)
		sub := make(Enterprise, "子公司", firm.ID)
		if _, err := s.Join(ctx, Membership{Member: firm.ID, Body: park.ID, Span: Span{clock.UnixNano(), store.Forever}}); err != nil {
			t.Fatal(err)
		}

		at := clock.UnixNano()
		reach, err := s.Reach(ctx, []uuid.UUID{firm.ID, park.ID}, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := reach[firm.ID]; !sameIDs(got, firm.ID, plant.ID, shop.ID) {
			t.Errorf("the firm reaches %v, want itself and its two units, not its subsidiary %v", got, sub.ID)
		}
		if got := reach[park.ID]; !sameIDs(got, park.ID) {
			t.Errorf("the park reaches %v, want itself alone", got)
		}
		if got, _ := s.Reach(ctx, []uuid.UUID{firm.ID}, at-1); !sameIDs(got[firm.ID], firm.ID) {
			t.Errorf("before the ownership began the firm reaches %v", got)
		}

		// The plant is sold: from that moment its shop goes with it.
		later := clock.Add(time.Hour)
		if err := s.Release(ctx, plant.ID, later.UnixNano()); err != nil {
			t.Fatal(err)
		}
		if got, _ := s.Reach(ctx, []uuid.UUID{firm.ID}, later.UnixNano()); !sameIDs(got[firm.ID], firm.ID) {
			t.Errorf("after the sale the firm reaches %v", got)
		}
		parents, err := s.Parents(ctx, []uuid.UUID{plant.ID, shop.ID}, later.UnixNano())
		if err != nil || parents[shop.ID] != plant.ID || len(parents) != 1 {
			t.Errorf("parents after the sale: %v, %v", parents, err)
		}
		if list, err := s.Memberships(ctx, firm.ID, at); err != nil || len(list) != 1 || list[0].Body != park.ID {
			t.Errorf("memberships: %v, %v", list, err)
		}
	})
}

func sameIDs(got []uuid.UUID, want ...uuid.UUID) bool {
	set := map[uuid.UUID]bool{}
	for _, id := range got {
		set[id] = true
	}
	for _, id := range want {
		if !set[id] {
			return false
		}
	}
	return len(set) == len(want) && len(got) == len(want)
}

func TestCreateRefusesWhatIsWrong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		s, err := New(ctx, db, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		name := text.Text{En: "Works"}
		first, err := s.Create(ctx, Org{Kind: Enterprise, Name: name, CreditCode: "9144030071526726xg", Home: true}, uuid.Nil)
		if err != nil || first.CreditCode != "9144030071526726XG" {
			t.Fatalf("%+v, %v", first, err)
		}
		for _, c := range []struct {
			o      Org
			parent uuid.UUID
			want   error
		}{
			{Org{Kind: Enterprise, Name: name, CreditCode: "9144030071526726XG"}, uuid.Nil, ErrCodeTaken},
			{Org{Kind: Enterprise, Name: name, CreditCode: "9144030071526726XH"}, uuid.Nil, ErrCreditCode},
			{Org{Kind: "club", Name: name}, uuid.Nil, ErrKind},
			{Org{Kind: Unit, Name: name}, uuid.Nil, ErrNeedParent},
			{Org{Kind: Unit, Name: name}, uuid.Must(uuid.NewV7()), ErrNoOrg},
			{Org{Kind: Park}, uuid.Nil, ErrName},
		} {
			if _, err := s.Create(ctx, c.o, c.parent); !errors.Is(err, c.want) {
				t.Errorf("%+v: got %v, want %v", c.o, err, c.want)
			}
		}
		if home, ok, err := s.Home(ctx); err != nil || !ok || home.ID != first.ID {
			t.Errorf("home: %v %v %v", home, ok, err)
		}
		if _, err := s.Create(ctx, Org{Kind: Park, Name: name, Home: true}, uuid.Nil); err == nil {
			t.Error("a second home organisation was taken")
		}
		if _, err := s.Get(ctx, uuid.Must(uuid.NewV7())); !errors.Is(err, ErrNoOrg) {
			t.Errorf("an unknown organisation: %v", err)
		}
		if list, err := s.List(ctx, []uuid.UUID{first.ID}); err != nil || len(list) != 1 || list[0].Name.En != "Works" {
			t.Errorf("after the refusals there is %v, %v", list, err)
		}
	})
}
