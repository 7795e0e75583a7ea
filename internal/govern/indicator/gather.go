package indicator

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
)

// subject is what a definition is computed for: an enterprise of a keeper's register, or the keeper itself.
type subject struct {
	keeper uuid.UUID
	org    uuid.UUID // of the enterprise on this node; zero where it is none. Of a region the keeper's
	firm   Enterprise
	region bool
	place  string // GB/T 2260 of a region: entries that name a division elsewhere do not count; "" for all
}

// gatherer reads the inputs of one run. What registers hold is read once and shared; it is safe for concurrent use.
type gatherer struct {
	rooms    Rooms
	library  *Library
	baseline string // day; "" where the run has none
	shelves  *shelves
}

// value gathers and evaluates.
func (g *gatherer) value(ctx context.Context, d *Definition, who subject, p Period) (*Valuation, error) {
	inputs := make([]Given, len(d.Inputs))
	for i := range d.Inputs {
		var err error
		if inputs[i], err = g.input(ctx, &d.Inputs[i], who, p); err != nil {
			return nil, fmt.Errorf("input %s of %s: %w", d.Inputs[i].Key, d.ID, err)
		}
	}
	return Evaluate(d, p, inputs), nil
}

// input takes the first source that is known. Where none is, the first one's reason is told.
func (g *gatherer) input(ctx context.Context, in *Input, who subject, p Period) (Given, error) {
	var first Given
	for i := range in.From {
		s := &in.From[i]
		out, err := g.source(ctx, s, who, p)
		if errors.Is(err, ErrNoConsent) {
			out, err = Given{Lack: NoConsent}, nil
		}
		if err != nil {
			return out, err
		}
		out.Source = i
		if out.Num != nil {
			if out.Num, err = formula.Convert(out.Num, s.given(), in.unit); err == nil {
				err = convertAll(out.United, s.given(), in.unit)
			}
			return out, err
		}
		if i == 0 {
			first = out
		}
	}
	first.Source = -1
	return first, nil
}

// given is the unit in which a source's number comes.
func (s *Source) given() formula.Unit {
	if s.unit != (formula.Unit{}) {
		return s.unit
	}
	u, _ := formula.ParseUnit("1")
	return u
}

func (g *gatherer) source(ctx context.Context, s *Source, who subject, p Period) (Given, error) {
	kind := s.Kind()
	if needs := kind == "fact" || kind == "plant" || kind == "energy" || kind == "checkup" || kind == "declared"; needs && who.org == uuid.Nil {
		return Given{Lack: NotHere}, nil
	}
	if s.Year != "" {
		var ok bool
		if p, ok = g.other(s.Year, p); !ok {
			return Given{Lack: NoBaseline}, nil
		}
	}
	switch kind {
	case "fact":
		return g.facts(ctx, s, who, p)
	case "entry":
		return g.entries(ctx, s, who, p)
	case "tag":
		return g.member(who, slices.Contains(who.firm.Tags, s.Tag)), nil
	case "members":
		return g.member(who, true), nil
	case "plant":
		return g.machines(ctx, s, who, p)
	case "energy":
		return g.energy(ctx, who, p)
	case "checkup":
		return g.checkup(ctx, s, who, p)
	case "declared":
		return g.declared(ctx, s, who, p)
	case "indicator":
		return g.below(ctx, s, who, p)
	}
	return Given{Lack: Awaited}, nil
}

// other is the period that a source with a year looks at.
func (g *gatherer) other(year string, p Period) (Period, bool) {
	if year == "previous" {
		return p.Previous()
	}
	return PeriodHolding(p.Kind, g.baseline)
}

// member says what the register of enterprises says. It is the keeper's list, not the enterprise's word.
func (g *gatherer) member(who subject, yes bool) Given {
	out := Given{Num: new(big.Rat), Grade: fact.Checked}
	if yes {
		out.Num.SetInt64(1)
	}
	out.rest(Rest{Kind: "enterprise", Title: who.firm.Name, Counts: yes})
	return out
}

func (g *gatherer) below(ctx context.Context, s *Source, who subject, p Period) (Given, error) {
	d := g.library.Definition(s.Indicator)
	if !slices.Contains(d.Kinds(), p.Kind) { // a year's inventory at its end
		p, _ = PeriodBy(d.Period, p.To)
	}
	v, err := g.value(ctx, d, who, p)
	if err != nil {
		return Given{}, err
	}
	out := Given{Below: v, Grade: v.Grade, Days: v.Days, Of: v.Of, Lack: Below}
	if v.Num != nil {
		out.Num, err = formula.Convert(v.Num, d.unit, s.given())
	}
	return out, err
}

// facts takes facts of the enterprise. Where it has none of the kind in the time at all, nothing is known: no records are not no orders.
func (g *gatherer) facts(ctx context.Context, s *Source, who subject, p Period) (Given, error) {
	fields, _ := g.rooms.Fields.FactFields(s.Fact)
	q := FactQuery{Org: who.org, Kind: s.Fact, Fields: s.looked()}
	if s.Within == "moment" {
		q.At = p.End() - 1
	} else {
		q.From, q.To = p.window(s.Within)
	}
	t := newTaker(s, fields)
	some := false
	err := g.rooms.Facts.Facts(ctx, q, func(f Fact) error {
		some = true
		t.none = min(t.none, f.Grade)
		if s.Where.hold(fields, f.Record, p.End()-1) {
			t.take(f.Record, Rest{Kind: "fact", ID: f.ID, Revision: f.Revision, Title: f.Title}, f.Grade)
		}
		return nil
	})
	if err != nil || some || s.Within != "moment" {
		return t.given(some, NoData), err
	}
	// Of what lasts, one that has ended is enough to know that there is none.
	q.At, q.From, q.To = 0, field.Always, p.End()
	err = g.rooms.Facts.Facts(ctx, q, func(f Fact) error { some, t.none = true, f.Grade; return errEnough })
	if errors.Is(err, errEnough) {
		err = nil
	}
	return t.given(some, NoData), err
}

// errEnough ends a list whose rest is not needed.
var errEnough = errors.New("enough")

// looked are the fields that a source looks at.
func (s *Source) looked() (out []string) {
	for key := range s.Where {
		head, _, _ := strings.Cut(key, ".")
		out = append(out, head)
	}
	if s.Field != "" {
		head, _, _ := strings.Cut(s.Field, ".")
		out = append(out, head)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// entries takes entries of the keeper's register: those about the enterprise, or of a region all. A register without any entry says
// nothing yet.
func (g *gatherer) entries(ctx context.Context, s *Source, who subject, p Period) (Given, error) {
	shelf, err := g.shelves.get(ctx, who, s, p)
	if err != nil {
		return Given{}, err
	}
	fields, _, _ := g.rooms.Fields.EntryFields(s.Entry)
	t := newTaker(s, fields)
	t.none = fact.Checked // the keeper says so of another
	if who.region {
		t.none = fact.Documented // of its own work
	}
	for _, e := range shelf.of(who) {
		t.take(e.Record, Rest{Kind: "entry", ID: e.ID, Revision: e.Revision, Title: e.Title}, t.none)
		if who.region {
			t.unite(&e)
		}
	}
	return t.given(shelf.some, NoEntries), nil
}

// machines counts machines of the plant.
func (g *gatherer) machines(ctx context.Context, s *Source, who subject, p Period) (Given, error) {
	fleet, err := g.rooms.Plants.Machines(ctx, who.org, p.Begin(), p.End())
	if err != nil {
		return Given{}, err
	}
	out, n, any := Given{Grade: fact.Measured, Of: fleet.Working}, int64(0), false
	for _, m := range fleet.Machines {
		out.Days = max(out.Days, m.Days)
		if s.Plant == "production-machines" && !m.Production || s.Plant == "meters" && !m.Meter {
			continue
		}
		any = true
		counts := s.counts(m, fleet.Working)
		if counts {
			n++
		}
		out.rest(Rest{Kind: "machine", ID: m.ID, Title: m.Name.Zh, Counts: counts, Days: m.Days, Of: fleet.Working, Series: m.Series})
	}
	if !any { // a plant without machines was not entered yet
		return Given{Lack: NoData}, nil
	}
	if s.delivers == nil { // how many there are does not depend on what came
		out.Days, out.Of = 0, 0
	}
	out.Num = new(big.Rat).SetInt64(n)
	return out, nil
}

func (s *Source) counts(m Machine, working int) bool {
	if classes := s.Where["class"]; len(classes) > 0 && !classes.Has(m.Class) {
		return false
	}
	if s.delivers == nil {
		return true
	}
	return working > 0 && big.NewRat(int64(m.Days)*100, int64(working)).Cmp(s.delivers) >= 0
}

// mainMeter is the item of declarations that names a main meter; the id of its series follows.
const mainMeter = "main-meter."

// energy sums what the meters counted that the enterprise declared as its main ones. There is no sum without that declaration: meters
// stand behind each other, and the model does not say which.
func (g *gatherer) energy(ctx context.Context, who subject, p Period) (Given, error) {
	meters := map[uuid.UUID]bool{}
	q := FactQuery{Org: who.org, Kind: "declaration", At: p.End() - 1, Fields: []string{"item", "value"}}
	err := g.rooms.Facts.Facts(ctx, q, func(f Fact) error {
		item, _ := f.Record["item"].(string)
		id, err := uuid.Parse(strings.TrimPrefix(item, mainMeter))
		if err == nil && strings.HasPrefix(item, mainMeter) {
			value, ok := new(big.Rat).SetString(fmt.Sprint(f.Record["value"]))
			meters[id] = ok && value.Sign() > 0
		}
		return nil
	})
	if err != nil {
		return Given{}, err
	}
	out := Given{Lack: NoData, Grade: fact.Measured}
	wattHours := new(big.Int)
	for id, yes := range meters {
		if !yes {
			continue
		}
		c, ok, err := g.rooms.Plants.Counted(ctx, who.org, id, p.Begin(), p.End())
		if err != nil {
			return out, err
		}
		if !ok { // the sum of the others is not the sum
			return Given{Lack: NoData}, nil
		}
		wattHours.Add(wattHours, big.NewInt(c.WattHours))
		if out.Of == 0 || c.Days*out.Of < out.Days*c.Of {
			out.Days, out.Of = c.Days, c.Of
		}
		out.Num = new(big.Rat).SetFrac(wattHours, big.NewInt(1000))
		out.rest(Rest{Kind: "series", ID: id, Title: c.Name.Zh, Counts: true, Value: formula.Round(big.NewRat(c.WattHours, 1000), 3), Days: c.Days, Of: c.Of})
	}
	return out, nil
}

func (g *gatherer) checkup(ctx context.Context, s *Source, who subject, p Period) (Given, error) {
	from, to := p.window(s.Within)
	if s.Take != "accepted" && s.Within == "" {
		from = field.Always // the last one stands until the next
	}
	c, ok, err := g.rooms.Checkups.Last(ctx, who.org, s.Checkup, from, to)
	if err != nil {
		return Given{}, err
	}
	if !ok { // check-ups are made here: without one, none was accepted
		if s.Take == "accepted" {
			return Given{Num: new(big.Rat), Grade: fact.Checked}, nil
		}
		return Given{Lack: NoData}, nil
	}
	out := Given{Grade: c.Grade, Num: new(big.Rat)}
	switch s.Take {
	case "level":
		out.Num.SetInt64(int64(c.Level))
	case "score":
		if _, ok := out.Num.SetString(c.Score); !ok {
			return Given{Lack: NoData}, nil
		}
	default:
		if c.Accepted {
			out.Num.SetInt64(1)
		}
	}
	out.rest(Rest{Kind: "checkup", ID: c.ID, Title: c.Title, Counts: true, Value: out.Num.RatString()})
	return out, nil
}

// declared takes what the enterprise declared of an item for exactly the period, of a moment the last one up to its day. Two that
// differ are no value; where they agree, or grades differ, the best proved counts.
func (g *gatherer) declared(ctx context.Context, s *Source, who subject, p Period) (Given, error) {
	q := FactQuery{Org: who.org, Kind: "declaration", From: p.Begin(), To: p.End(), Where: []string{"item=" + s.Declared}, Fields: []string{"item", "begins", "ends", "value", "unit"}}
	if p.Kind == "moment" {
		q.From = field.Always
	}
	var found []Fact
	err := g.rooms.Facts.Facts(ctx, q, func(f Fact) error {
		begins, _ := f.Record["begins"].(string)
		ends, _ := f.Record["ends"].(string)
		fits := begins == p.From && ends == p.To
		if p.Kind == "moment" {
			fits = ends <= p.To
		}
		if fits && f.Record["item"] == s.Declared {
			found = append(found, f)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		return Given{Lack: NoData}, err
	}
	ends := func(f Fact) string { e, _ := f.Record["ends"].(string); return e }
	best := found[0]
	for _, f := range found[1:] {
		if ends(f) > ends(best) || ends(f) == ends(best) && f.Grade > best.Grade {
			best = f
		}
	}
	out := Given{Grade: best.Grade}
	for _, f := range found {
		if ends(f) != ends(best) {
			continue
		}
		n, ok := s.reads(f)
		if !ok && f.ID == best.ID {
			return Given{Lack: WrongUnit}, nil
		}
		counts := f.ID == best.ID
		r := Rest{Kind: "fact", ID: f.ID, Revision: f.Revision, Title: f.Title, Counts: counts}
		if ok {
			r.Value = n.RatString()
		}
		out.rest(r)
		if counts {
			out.Num = n
		}
	}
	for _, f := range found {
		if n, ok := s.reads(f); f.ID != best.ID && f.Grade == best.Grade && ends(f) == ends(best) && (!ok || n.Cmp(out.Num) != 0) {
			out.Num, out.Lack = nil, Ambiguous
			return out, nil
		}
	}
	return out, nil
}

// reads gives a declaration's number in the source's unit.
func (s *Source) reads(f Fact) (*big.Rat, bool) {
	n, ok := new(big.Rat).SetString(fmt.Sprint(f.Record["value"]))
	if !ok {
		return nil, false
	}
	word, _ := f.Record["unit"].(string)
	u, err := formula.ParseUnit(word)
	if err != nil {
		return nil, false
	}
	n, err = formula.Convert(n, u, s.given())
	return n, err == nil
}
