package trace

import (
	"slices"
	"testing"
	"time"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// TestARecallNamesWhoHasWhat: units 1 and 2 are at the shop, 3 and 4 at the warehouse; the lots are used up.
func TestARecallNamesWhoHasWhat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.chain()
		r, err := w.service.Recall(w.operator(), raw("A"))
		if err != nil {
			t.Fatal(err)
		}
		where := map[string]string{}
		for _, x := range r.Items {
			where[x.ID] = x.State + " " + x.Party + " " + x.Place + " " + x.In
		}
		for id, want := range map[string]string{
			raw("A"): "used   ", lot("D"): "used  " + placeP + " ",
			unit(1): "there " + partyS + " " + placeS + " ", unit(2): "there " + partyS + " " + placeS + " ",
			unit(3): "there " + partyW + " " + placeW + " " + box(2), unit(4): "there " + partyW + " " + placeW + " " + box(2),
		} {
			if id == raw("A") {
				want = "used  " + placeP + " "
			}
			if where[id] != want {
				t.Errorf("%s: %q, want %q", id, where[id], want)
			}
		}
		if r.Total != 6 || r.Cut {
			t.Errorf("%d items, cut %v", r.Total, r.Cut)
		}
		want := []Customer{{partyW, placeW, 2, []Amount{}}, {partyS, placeS, 2, []Amount{}}}
		if len(r.Customers) != 2 || r.Customers[0].Party != want[0].Party || r.Customers[0].Items != 2 || r.Customers[1].Party != want[1].Party || r.Customers[1].Items != 2 {
			t.Errorf("%+v", r.Customers)
		}
	})
}

// TestAmountsOfALotAreAddedUp: what was shipped of a lot, by whom it went to.
func TestAmountsOfALotAreAddedUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ship := func(n int, to, amount string) epcis.Event {
			e := moved(n, "shipping", placeP, partyP, to)
			e.Quantities = []epcis.Quantity{{Class: lot("D"), Amount: amount, Unit: "KGM"}}
			return e
		}
		add := made(0, placeP)
		add.Quantities = []epcis.Quantity{{Class: lot("D"), Amount: "100", Unit: "KGM"}}
		w.record("p", add, ship(1, partyW, "30.1"), ship(2, partyW, "0.2"), ship(3, partyS, "9.95"))
		r, err := w.service.Recall(w.operator(), lot("D"))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, c := range r.Customers {
			for _, a := range c.Quantities {
				got[c.Party] += a.Lot + " " + a.Quantity + " " + a.Unit
			}
		}
		if got[partyW] != lot("D")+" 30.3 KGM" || got[partyS] != lot("D")+" 9.95 KGM" {
			t.Errorf("%v", got)
		}
	})
}

func TestBreaksOfTheChainAreFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.clock = begin.Add(30 * 24 * time.Hour)
		po := func(e epcis.Event, id string) epcis.Event {
			e.Transactions = []epcis.Typed{{Type: "desadv", ID: id}}
			return e
		}
		use := func(n int, amount string) epcis.Event {
			return epcis.Event{Type: epcis.TransformationEvent, Time: minute(n), InputQuantities: []epcis.Quantity{{Class: raw("Q"), Amount: amount, Unit: "KGM"}}, Outputs: []string{unit(80 + n)}}
		}
		add := made(0, placeP)
		add.Quantities = []epcis.Quantity{{Class: raw("Q"), Amount: "10", Unit: "KGM"}}
		ended := made(5, placeP, unit(5))
		ended.Action, ended.Step = epcis.Delete, "destroying"
		w.record("p", made(0, placeP, unit(1), unit(2), unit(4), unit(5), unit(6), unit(7), unit(8)),
			moved(10, "shipping", placeP, partyP, partyW, unit(1)),         // never received
			made(30, placeP, unit(3)), packed(20, placeP, box(3), unit(3)), // packed before it was made
			packed(10, placeP, box(4), unit(4)), packed(11, placeP, box(5), unit(4)), // in two boxes
			ended, packed(20, placeP, box(6), unit(5)), // packed after it was destroyed
			po(moved(10, "shipping", placeP, partyP, partyW, unit(6), unit(7)), "urn:epcglobal:cbv:bt:1:D1"),
			add, use(1, "6"), use(2, "4.5"),
			moved(50, "shipping", placeP, partyP, partyW, unit(8)))
		w.record("w", moved(20, "receiving", placeW, partyP, partyW, unit(2)), // never sent
			po(moved(20, "receiving", placeW, partyP, partyW, unit(6)), "urn:epcglobal:cbv:bt:1:D1"), // unit 7 is missing
			moved(20, "receiving", placeW, partyP, partyW, unit(9)),                                  // never made, never sent
			moved(40, "receiving", placeW, partyP, partyW, unit(8)))                                  // before it was sent
		for id, want := range map[string][]string{
			unit(1): {breakNotReceived}, unit(2): {breakNotSent}, unit(3): {breakBeforeMade}, unit(4): {breakTwoHolders}, unit(5): {breakAfterEnd},
			unit(6): {breakIDsDiffer}, unit(9): {breakNoOrigin, breakNotSent}, unit(8): {breakEarly}, raw("Q"): {breakMoreThanMade},
		} {
			list, err := w.service.Breaks(w.operator(), id)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range list {
				if b.ID == id {
					got = append(got, b.Kind)
				}
			}
			if id == unit(8) { // nobody has told of it since it was sent
				got = slices.DeleteFunc(got, func(k string) bool { return k == breakNotReceived })
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %+v, want %v", id, list, want)
			}
			for _, b := range list {
				if b.Kind == breakMoreThanMade && b.Value != "0.5 KGM" {
					t.Errorf("%+v", b)
				}
			}
		}
	})
}
