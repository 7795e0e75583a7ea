package trace

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// TestABottleOfLiquorIsFollowedOverHTTP: a distillery (p) ferments sorghum, blends and bottles, a warehouse (w) keeps, a shop (s)
// sells; each captures its own documents through the API, the regulator (g) finds the lot's bottles, and each sees its step.
func TestABottleOfLiquorIsFollowedOverHTTP(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := newCaller(t, w)
		for side, party := range map[string]string{"p": partyP, "w": partyW, "s": partyS, "g": ""} {
			if _, err := w.service.Bind(w.operator(), Binding{Org: w.sides[side], Party: party, Reason: "演示"}); err != nil {
				t.Fatal(err)
			}
		}
		kg := func(class, amount string) []epcis.Quantity {
			return []epcis.Quantity{{Class: class, Amount: amount, Unit: "KGM"}}
		}
		sorghum, base := raw("GL2026"), "https://id.gs1.org/01/06909999999988/10/JJ01"
		bottling := epcis.Event{Type: epcis.TransformationEvent, Time: minute(20), Step: "commissioning", ReadPoint: at0(placeP), InputQuantities: kg(base, "400"),
			Outputs: []string{unit(1), unit(2), unit(3), unit(4)}, HasILMD: true,
			ILMD: []epcis.Member{{Name: epcis.Name{Prefix: "cbvmda", Space: "urn:epcglobal:cbv:mda", Local: "lotNumber"}, Value: epcis.TextValue("B0504")}}}
		sold := made(120, placeS, unit(1))
		sold.Action, sold.Step, sold.Disposition = epcis.Observe, "retail_selling", "retail_sold"
		for _, x := range []struct {
			who    string
			events []epcis.Event
		}{
			{"p", []epcis.Event{
				{Type: epcis.TransformationEvent, Time: minute(0), Step: "commissioning", ReadPoint: at0(placeP), InputQuantities: kg(sorghum, "1000"), OutputQuantities: kg(base, "400")},
				bottling, packed(30, placeP, box(1), unit(1), unit(2)), packed(31, placeP, box(2), unit(3), unit(4)),
				moved(40, "shipping", placeP, partyP, partyW, box(1), box(2))}},
			{"w", []epcis.Event{moved(60, "receiving", placeW, partyP, partyW, box(1), box(2)), moved(80, "shipping", placeW, partyW, partyS, box(1))}},
			{"s", []epcis.Event{moved(100, "receiving", placeS, partyW, partyS, box(1)), unpacked(110, placeS, box(1)), sold}},
		} {
			if r := c.do("POST", "/epcis/capture", "operator@"+x.who, document(t, x.events...)); r.Code != 202 {
				t.Fatalf("%s: %d %s", x.who, r.Code, r.Body)
			}
		}
		r := c.do("GET", "/trace/recall?id="+url.QueryEscape(lot("B0504")), "viewer@g", "")
		var recall Recall
		if err := json.Unmarshal(r.Body.Bytes(), &recall); err != nil || r.Code != 200 {
			t.Fatalf("%d %s %v", r.Code, r.Body, err)
		}
		states := map[string]string{}
		for _, x := range recall.Items {
			states[x.ID] = x.State + " " + x.Party
		}
		for n, want := range map[int]string{1: "sold " + partyS, 2: "there " + partyS, 3: "there " + partyW, 4: "there " + partyW} {
			if states[unit(n)] != want {
				t.Errorf("bottle %d: %q, want %q", n, states[unit(n)], want)
			}
		}
		if r := c.do("GET", "/trace/graph?direction=backward&id="+url.QueryEscape(unit(1)), "viewer@g", ""); !strings.Contains(r.Body.String(), sorghum) {
			t.Errorf("the sorghum of bottle 1: %d %s", r.Code, r.Body)
		}
		// The shop sees what the warehouse sent it and what it did itself; where the bottle's spirit came from it does not.
		if r := c.do("GET", "/trace/graph?direction=backward&id="+url.QueryEscape(unit(1)), "viewer@s", ""); strings.Contains(r.Body.String(), sorghum) || strings.Contains(r.Body.String(), base) {
			t.Errorf("the shop sees the recipe: %s", r.Body)
		}
		for who, want := range map[string]int{"s": 2, "w": 4, "p": 2, "x": 0} {
			r := c.do("GET", "/epcis/events?EQ_bizStep=shipping,receiving", "viewer@"+who, "")
			if got := ids(t, r.Body.Bytes()); len(got) != want {
				t.Errorf("%s sees %d movements, want %d", who, len(got), want)
			}
		}
	})
}
