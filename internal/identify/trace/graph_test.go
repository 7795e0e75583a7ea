package trace

import (
	"errors"
	"slices"
	"testing"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// reached are the ids of an answer, sorted.
func reached(x Traced) []string {
	out := []string{}
	for _, n := range x.Nodes {
		out = append(out, n.ID)
	}
	slices.Sort(out)
	return out
}

func sorted(list ...string) []string {
	slices.Sort(list)
	return list
}

// chain is flour of lot A and water of lot B made into dough lot D, baked into units 1 to 4 of which 1 and 2 are packed in box 1
// and 3 and 4 in box 2; both boxes on pallet 9, which goes from p to w; there box 1 is taken off and goes to s.
func (w *world) chain() {
	w.record("p",
		epcis.Event{Type: epcis.TransformationEvent, Time: minute(0), Step: "commissioning", ReadPoint: at0(placeP),
			InputQuantities:  []epcis.Quantity{{Class: raw("A"), Amount: "12.5", Unit: "KGM"}, {Class: raw("B"), Amount: "7", Unit: "LTR"}},
			OutputQuantities: []epcis.Quantity{{Class: lot("D"), Amount: "19", Unit: "KGM"}}},
		epcis.Event{Type: epcis.TransformationEvent, Time: minute(10), Step: "commissioning", ReadPoint: at0(placeP),
			InputQuantities: []epcis.Quantity{{Class: lot("D"), Amount: "19", Unit: "KGM"}}, Outputs: []string{unit(1), unit(2), unit(3), unit(4)}},
		made(11, placeP, box(1), box(2), box(9)),
		packed(20, placeP, box(1), unit(1), unit(2)), packed(21, placeP, box(2), unit(3), unit(4)), packed(30, placeP, box(9), box(1), box(2)),
		moved(40, "shipping", placeP, partyP, partyW, box(9)))
	w.record("w",
		moved(50, "receiving", placeW, partyP, partyW, box(9)), unpacked(60, placeW, box(9), box(1)),
		moved(70, "shipping", placeW, partyW, partyS, box(1)))
	w.record("s", moved(80, "receiving", placeS, partyW, partyS, box(1)), unpacked(90, placeS, box(1)))
}

func TestALotIsFollowedForwardAndBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.chain()
		all := w.operator()
		x, err := w.service.Trace(all, Ask{ID: raw("A"), Direction: Forward})
		if err != nil {
			t.Fatal(err)
		}
		want := sorted(raw("A"), lot("D"), unit(1), unit(2), unit(3), unit(4), box(1), box(2), box(9))
		if got := reached(x); !slices.Equal(got, want) {
			t.Errorf("forward %v\nwant %v", got, want)
		}
		for _, e := range x.Edges {
			switch {
			case e.From == raw("A") && (e.To != lot("D") || e.Quantity != "19" || e.Unit != "KGM"):
				t.Errorf("%+v", e)
			case e.From == box(1) && e.To == box(9) && (e.Until == nil || !e.Until.Equal(minute(60).At)):
				t.Errorf("box 1 left the pallet at %v", e.Until)
			case e.From == unit(1) && e.To == box(1) && (e.Until == nil || !e.Until.Equal(minute(90).At)):
				t.Errorf("unit 1 left its box at %v", e.Until)
			case e.From == box(2) && e.Until != nil:
				t.Errorf("box 2 is still on the pallet: %v", e.Until)
			}
		}
		x, err = w.service.Trace(all, Ask{ID: unit(3), Direction: Backward})
		if got := reached(x); err != nil || !slices.Equal(got, sorted(unit(3), lot("D"), raw("A"), raw("B"))) {
			t.Errorf("back %v, %v", got, err)
		}
		x, err = w.service.Trace(all, Ask{ID: box(9), Direction: Backward})
		if got := reached(x); err != nil || len(got) != 10 {
			t.Errorf("what the pallet holds: %v, %v", got, err)
		}
		// One step: what comes after is told to be there.
		x, err = w.service.Trace(all, Ask{ID: raw("B"), Direction: Forward, Depth: 1})
		if got := reached(x); err != nil || !slices.Equal(got, sorted(raw("B"), lot("D"))) || !x.Deeper {
			t.Errorf("one step: %v %v, %v", got, x.Deeper, err)
		}
		x, err = w.service.Trace(all, Ask{ID: raw("B"), Direction: Forward, Nodes: 3})
		if err != nil || len(x.Nodes) != 3 || !x.Cut {
			t.Errorf("three things: %d %v, %v", len(x.Nodes), x.Cut, err)
		}
	})
}

// TestTimesAreRespected: what was packed after a box had been emptied has nothing to do with what was in it before.
func TestTimesAreRespected(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.record("p", made(0, placeP, unit(1), unit(2), box(1), box(2)),
		packed(10, placeP, box(1), unit(1)), packed(11, placeP, box(2), box(1)), unpacked(20, placeP, box(2), box(1)), unpacked(21, placeP, box(1), unit(1)),
		packed(30, placeP, box(1), unit(2)), packed(31, placeP, box(2), box(1)),
		moved(40, "shipping", placeP, partyP, partyW, box(2)))
	x, err := w.service.Trace(w.operator(), Ask{ID: unit(1), Direction: Forward})
	if err != nil {
		t.Fatal(err)
	}
	if got := reached(x); !slices.Equal(got, sorted(unit(1), box(1), box(2))) {
		t.Errorf("%v", got)
	}
	for _, e := range x.Edges {
		if e.At.After(minute(20).At) {
			t.Errorf("a box that unit 1 had left: %+v", e)
		}
	}
	x, err = w.service.Trace(w.operator(), Ask{ID: box(1), Direction: Backward})
	if got := reached(x); err != nil || !slices.Equal(got, sorted(box(1), unit(1), unit(2))) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestRingsEnd: rework puts a thing into what it came out of.
func TestRingsEnd(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	turn := func(n int, in, out string) epcis.Event {
		return epcis.Event{Type: epcis.TransformationEvent, Time: minute(n), Step: "commissioning", Inputs: []string{in}, Outputs: []string{out}}
	}
	w.record("p", turn(0, unit(1), unit(2)), turn(1, unit(2), unit(3)), turn(2, unit(3), unit(1)), turn(3, unit(1), unit(1)),
		packed(4, placeP, box(1), box(2)), packed(5, placeP, box(2), box(1)))
	for _, id := range []string{unit(1), unit(2), box(1)} {
		for _, d := range []Direction{Forward, Backward} {
			x, err := w.service.Trace(w.operator(), Ask{ID: id, Direction: d})
			if err != nil || len(x.Nodes) > 3 {
				t.Errorf("%s %s: %v, %v", d, id, reached(x), err)
			}
		}
	}
}

// TestOneTransformationIsManyEvents joins what went in by one event with what came out by another.
func TestOneTransformationIsManyEvents(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	id := "https://id.gs1.org/253/06901234567892T1"
	w.record("p",
		epcis.Event{Type: epcis.TransformationEvent, Time: minute(0), Transformation: id, InputQuantities: []epcis.Quantity{{Class: raw("A"), Amount: "1"}}},
		epcis.Event{Type: epcis.TransformationEvent, Time: minute(5), Transformation: id, Outputs: []string{unit(1)}},
		epcis.Event{Type: epcis.TransformationEvent, Time: minute(6), Transformation: id, InputQuantities: []epcis.Quantity{{Class: raw("B"), Amount: "1"}}},
		epcis.Event{Type: epcis.TransformationEvent, Time: minute(9), Transformation: id, Outputs: []string{unit(2)}})
	x, err := w.service.Trace(w.operator(), Ask{ID: raw("B"), Direction: Forward})
	if got := reached(x); err != nil || !slices.Equal(got, sorted(raw("B"), unit(2))) {
		t.Errorf("B went in after unit 1 came out: %v, %v", got, err)
	}
	x, err = w.service.Trace(w.operator(), Ask{ID: unit(2), Direction: Backward})
	if got := reached(x); err != nil || !slices.Equal(got, sorted(raw("A"), raw("B"), unit(2))) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestALotOfMasterDataLeadsToItsUnits: instances whose commissioning names their lot are of it.
func TestALotOfMasterDataLeadsToItsUnits(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	e := made(0, placeP, unit(1), unit(2))
	e.HasILMD, e.ILMD = true, []epcis.Member{{Name: epcis.Name{Prefix: "cbvmda", Space: "urn:epcglobal:cbv:mda", Local: "lotNumber"}, Value: epcis.TextValue("L/7")}}
	w.record("p", e, packed(5, placeP, box(1), unit(1)))
	key := lot("L%2F7")
	x, err := w.service.Trace(w.operator(), Ask{ID: key, Direction: Forward})
	if got := reached(x); err != nil || !slices.Equal(got, sorted(key, unit(1), unit(2), box(1))) {
		t.Errorf("%v, %v", got, err)
	}
	x, err = w.service.Trace(w.operator(), Ask{ID: unit(2), Direction: Backward})
	if got := reached(x); err != nil || !slices.Equal(got, sorted(key, unit(2))) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestAnEventThatWasDeclaredWrongIsNotFollowed leaves the declaration alone, and the event too.
func TestAnEventThatWasDeclaredWrongIsNotFollowed(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	e := packed(5, placeP, box(1), unit(1))
	e.ID = "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8"
	w.record("p", made(0, placeP, unit(1)), e)
	wrong := e
	wrong.Error = &epcis.ErrorDeclaration{Time: minute(9), Reason: "https://ref.gs1.org/cbv/ER-did_not_occur"}
	w.record("p", wrong)
	x, err := w.service.Trace(w.operator(), Ask{ID: unit(1), Direction: Forward})
	if got := reached(x); err != nil || !slices.Equal(got, []string{unit(1)}) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestWhoSeesWhat: each sees its own step and one up and down; a stranger nothing; a regulator and the node all.
func TestWhoSeesWhat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		bind := func(side, party string) {
			if _, err := w.service.Bind(w.operator(), Binding{Org: w.sides[side], Party: party, Reason: "合同"}); err != nil {
				t.Fatal(err)
			}
		}
		bind("p", partyP)
		bind("w", partyW) // before the events
		w.chain()
		bind("s", partyS) // after them
		bind("g", "")
		for side, want := range map[string][]string{
			"p": sorted(raw("A"), lot("D"), unit(1), unit(2), unit(3), unit(4), box(1), box(2), box(9)),
			"g": sorted(raw("A"), lot("D"), unit(1), unit(2), unit(3), unit(4), box(1), box(2), box(9)),
			"w": nil, "s": nil, "x": nil,
		} {
			x, err := w.service.Trace(w.as(auth.Viewer, side), Ask{ID: raw("A"), Direction: Forward})
			if want == nil {
				if !errors.Is(err, ErrUnknown) {
					t.Errorf("%s sees the recipe of p: %v, %v", side, reached(x), err)
				}
			} else if err != nil || !slices.Equal(reached(x), want) {
				t.Errorf("%s: %v, %v", side, reached(x), err)
			}
		}
		// The pallet: w received it from p, and sees p's shipping of it; what is in it nobody told w.
		for side, events := range map[string]int{"p": 4, "w": 3, "s": 0, "x": 0, "g": 5} {
			found, err := w.service.find(t.Context(), mustSight(t, w, side), parsed(t, Params{"MATCH_anyEPC": {box(9)}}), 100, "")
			if err != nil || len(found.Events) != events {
				t.Errorf("%s sees %d events of the pallet, want %d, %v", side, len(found.Events), events, err)
			}
		}
		list, err := w.service.Bindings(w.operator())
		if err != nil || len(list) != 4 {
			t.Fatalf("%d, %v", len(list), err)
		}
		if err := w.service.Unbind(w.operator(), list[1].ID, "到期"); err != nil {
			t.Fatal(err)
		}
		found, err := w.service.find(t.Context(), mustSight(t, w, "w"), parsed(t, Params{"MATCH_anyEPC": {box(9)}}), 100, "")
		if err != nil || len(found.Events) != 2 {
			t.Errorf("w sees %d events after its binding ended, %v", len(found.Events), err)
		}
		if _, err := w.service.Bind(w.as(auth.Owner, "x"), Binding{Org: w.sides["x"], Party: partyW, Reason: "mine"}); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("a stranger bound a party: %v", err)
		}
	})
}

func mustSight(t testing.TB, w *world, side string) Sight {
	t.Helper()
	v, err := w.service.sight(w.as(auth.Viewer, side))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func parsed(t testing.TB, p Params) *Query {
	t.Helper()
	q, err := ParseQuery(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
