package figure

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// scattered writes a figure of enterprises in six places and of the accounts of two counties: one of another node, which is given, and one
// of this node, and what nobody has delivered. more further enterprises lie in a seventh place.
func (w *world) scattered(more int) *Figure {
	w.t.Helper()
	d := w.definition("networking")
	p, _ := rate.Time()
	hosted := uuid.UUID{7}
	firm := func(i int, region string) indicator.Enterprise {
		return indicator.Enterprise{Code: code(i), Name: fmt.Sprintf("企业%d", i), Region: region, Designated: true}
	}
	var all []indicator.Enterprise
	account := func(values ...int64) []byte {
		a := indicator.NewAccount(d)
		for _, v := range values {
			o := w.observed(v, 100)
			a.Add(o.Evaluate(d, p))
		}
		return a.Encode()
	}
	told := map[uuid.UUID]*Figure{}
	county := func(keeper, org uuid.UUID, scope string, from int, values ...int64) (pop Hash) {
		var list []indicator.Enterprise
		for i := range values {
			list = append(list, firm(from+i, scope))
		}
		all = append(all, list...)
		k := rate
		k.Keeper = keeper
		w.service.store.write(w.t, w.clock, func(c *Commit) {
			pop = c.PutPopulation(NewPopulation(org, scope, rate.Filter, p.To, list, 0, 0))
			c.PutFigure(&Figure{Key: k, Definition: definitionHash(d), Population: pop, Account: account(values...)})
		})
		told[keeper] = proof.Must(w.service.store.Figure(w.t.Context(), w.db, k.ID(), Now))
		return pop
	}
	away := county(givenBy, uuid.UUID{5}, "430424", 40, 30, 40, 50)
	here := county(hosted, hosted, "430502", 50, 90, 100)
	w.clock = w.clock.Add(time.Minute)
	out := w.service.store.write(w.t, w.clock, func(c *Commit) {
		for i, at := range map[int]string{1: "430102", 2: "430204", 3: "430103", 5: "430204", 7: "430302", 8: "430000", 9: "110101"} {
			e := firm(i, at)
			all = append(all, e)
			source := Local
			if i == 5 || i == 7 {
				source = Remote
			}
			o := w.observed(int64(10*i), 100)
			c.PutRow(rate.Column(source), Row{Code: e.Code, Observation: o.Encode()})
		}
		for i := range more {
			all = append(all, firm(1000+i, "430900"))
		}
		whole := c.PutPopulation(NewPopulation(keeper, "430000", rate.Filter, p.To, all, 0, 0))
		part := func(source, keeper uuid.UUID, pop Hash, n int) Part {
			f := told[keeper]
			return Part{Source: source.String(), Kind: Account, State: Given, Population: pop, Record: f.Hash(), Members: n, Known: n, At: f.Commit}
		}
		c.PutFigure(&Figure{Key: rate, Definition: definitionHash(d), Population: whole, Account: account(10, 30, 50, 70, 30, 40, 50, 90, 100), Parts: []Part{
			part(givenBy, givenBy, away, 3),
			part(uuid.UUID{0xc3}, hosted, here, 2),
			{Source: takenBy.String(), Kind: Account, State: Undelivered},
			{Source: Local, Kind: Rows, State: Given, Members: 2, Known: 2, At: w.clock.UnixNano()},
			{Source: Remote, Kind: Rows, State: Given, Members: 2, Known: 2, At: w.clock.UnixNano()},
		}})
	})
	return out.Figures[0]
}

// Targets stand by the figures that are kept, place by place: what was given as an account lies where its giver is, enterprises where they
// are; places of too few are held back, and who has not agreed is missing.
func TestTargetsStandByKeptFiguresPlaceByPlace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := w.as("one", keeper, auth.Engineer)
		if list := proof.Must(w.service.Targets(ctx, keeper, "", 4, Now)); len(list) != 0 {
			t.Errorf("%d targets of no policy", len(list))
		}
		proof.Must(w.service.SetKeeper(ctx, keeper, NewKeeper{Scope: "430000", Adopted: []string{"hn2026"}, Reason: "湘政办"}))
		one := func(asOf int64) FigureTarget {
			t.Helper()
			list := proof.Must(w.service.Targets(ctx, keeper, "", 4, asOf))
			if len(list) != 1 {
				t.Fatalf("%+v", list)
			}
			return list[0]
		}
		if x := one(Now); x.Figure != nil || x.Number != nil || x.Reason != indicator.Unkept || len(x.Divisions) != 0 || x.Absent == nil {
			t.Errorf("nothing is kept: %+v", x)
		}
		f := w.scattered(0)
		places := func(x FigureTarget) string {
			var out []string
			for _, d := range x.Divisions {
				v := string(d.Reason)
				if d.Number != nil {
					v = d.Number.Value + " " + d.Grade
				}
				out = append(out, fmt.Sprintf("%s %d/%d %s", d.Code, d.Known, d.Of, v))
			}
			return strings.Join(out, "; ")
		}
		const want = "430100 2/2 20.0 E1; 430200 1/2 too-few; 430300 1/1 too-few; 430400 3/3 40.0 E1; 430500 2/2 95.0 E1"
		x := one(Now)
		if got := places(x); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		if *x.Figure != rate.ID() || x.Revision != 1 || x.At.UnixNano() != f.Commit || x.Number.Value != "52.2" || x.Members.Day != "2025-12-31" {
			t.Errorf("%+v", x)
		}
		if len(x.Absent) != 1 || x.Absent[0].State != Undelivered || x.Absent[0].Source != takenBy.String() {
			t.Errorf("absent: %+v", x.Absent)
		}
		if y := one(f.Commit - 1); y.Figure != nil || len(y.Divisions) != 0 {
			t.Errorf("before it was written down: %+v", y)
		}

		// An enterprise that ends its agreement is told of no more, also not by its place; a source that is away is named.
		w.ended, w.away = map[int]bool{1: true}, w.clock
		x = one(Now)
		if got, now := places(x), strings.Replace(want, "2/2 20.0 E1", "1/2 too-few", 1); got != now {
			t.Errorf("%s\nwant %s", got, now)
		}
		if len(x.Absent) != 2 || x.Absent[0].Source != givenBy.String() || x.Absent[0].Away == nil || x.Absent[0].Name.En != "A county" {
			t.Errorf("absent: %+v", x.Absent)
		}

		// Of many enterprises the places are those of the accounts.
		w.scattered(maxPlaced)
		if x = one(Now); places(x) != want[strings.Index(want, "430400"):] || x.Revision != 2 {
			t.Errorf("%s in revision %d", places(x), x.Revision)
		}

		// A keeper of one city sees its counties.
		w.ended = nil
		w.scattered(1)
		proof.Must(w.service.SetKeeper(ctx, keeper, NewKeeper{Basis: 1, Scope: "430500", Adopted: []string{"hn2026"}, Reason: "只算本市"}))
		if x = one(Now); places(x) != "430502 2/2 95.0 E1" {
			t.Errorf("%s", places(x))
		}
		if _, err := w.service.Targets(w.as("two", w.province, auth.Owner), keeper, "", 0, Now); err == nil {
			t.Error("another organisation reads them")
		}
	})
}
