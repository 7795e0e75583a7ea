package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/govern/assess/checkup"
	"jingwei/internal/govern/assess/measured"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/task"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
	"jingwei/internal/office/register"
	"jingwei/internal/plant"
	"jingwei/internal/plant/class"
)

// openIndicators opens what computes indicators and targets. It needs registers, facts, the plant's measures and check-ups.
func (n *node) openIndicators(context.Context) error {
	words := indicatorWords{n.facts, n.registers, n.checkups, n.plant}
	library, err := indicator.Load(n.packs, n.measures.Documents(), words)
	if err != nil {
		return err
	}
	n.indicators = indicator.New(indicator.Options{Library: library, Now: n.now, Rooms: indicator.Rooms{
		Enterprises: indicatorFirms{n.known},
		Facts:       indicatorFacts{n.facts},
		Entries:     indicatorEntries{n.registers},
		Plants:      indicatorPlants{n.measured, n.flows.Calendar()},
		Checkups:    indicatorCheckups{n.checkups},
		Fields:      words,
	}})
	n.outcomes, err = task.LoadOutcomes(n.packs, taskFigures{library})
	return err
}

// taskFigures is what tasks are tied to (task.Figures).
type taskFigures struct{ library *indicator.Library }

func (f taskFigures) Target(id string) (text.Text, string, bool) {
	t := f.library.Target(id)
	if t == nil {
		return text.Text{}, "", false
	}
	return t.Name, t.Indicator, true
}

func (f taskFigures) Indicator(id string) (text.Text, bool) {
	d := f.library.Definition(id)
	if d == nil {
		return text.Text{}, false
	}
	return d.Name, true
}

// indicatorWords is what definitions may speak of (indicator.Vocabulary).
type indicatorWords struct {
	facts     *fact.Service
	registers *register.Service
	checkups  *checkup.Service
	plant     *plant.Service
}

func (w indicatorWords) FactFields(kind string) (field.Schema, bool) {
	k := w.facts.Kinds().Get(kind)
	if k == nil {
		return nil, false
	}
	return k.Fields, true
}

func (w indicatorWords) register(id string) *register.Register {
	r, err := w.registers.Register(id)
	if err != nil {
		return nil
	}
	return r
}

func (w indicatorWords) EntryFields(id string) (field.Schema, []string, bool) {
	r := w.register(id)
	if r == nil {
		return nil, nil, false
	}
	states := make([]string, len(r.States))
	for i := range r.States {
		states[i] = r.States[i].ID
	}
	return r.Fields, states, true
}

func (w indicatorWords) Instrument(id string) bool {
	return slices.ContainsFunc(w.checkups.Instruments(), func(x *assess.Instrument) bool { return x.ID == id })
}

func (w indicatorWords) Class(id string) bool {
	return slices.ContainsFunc(w.plant.Classes(), func(c class.Class) bool { return c.ID == id })
}

func (w indicatorWords) Tag(id string) bool {
	r := w.register(enterpriseRegister)
	if r == nil {
		return false
	}
	f := r.Fields.Field("tags.tag")
	return f != nil && slices.ContainsFunc(f.Options, func(o field.Option) bool { return o.ID == id })
}

// indicatorFirms are the enterprises of a register (indicator.Enterprises).
type indicatorFirms struct{ known enterprises }

func indicatorFirm(e *register.Entry, day string) indicator.Enterprise {
	r := e.Record
	designated, _ := r["designated"].(bool)
	region, cluster := placeOn(r, day)
	return indicator.Enterprise{Entry: e.ID, Org: e.Subject, Code: e.Key, Name: word(r, "name"), Industry: word(r, "industry"), Region: region, Size: word(r, "sizeClass"), Cluster: cluster,
		Designated: designated, Tags: tagsOn(r, day)}
}

// activeFirm is the state of an enterprise that counts.
const activeFirm = "active"

func (f indicatorFirms) Each(ctx context.Context, keeper uuid.UUID, day string, call func(indicator.Enterprise) error) error {
	return store.Each(func(page store.Page) ([]register.Entry, string, error) {
		page.Limit = store.MaxLimit
		return f.known.registers.ListFor(ctx, auth.System(keeper), enterpriseRegister, register.Filter{Org: keeper, On: day, State: activeFirm}, page)
	}, func(e register.Entry) error { return call(indicatorFirm(&e, day)) })
}

func (f indicatorFirms) One(ctx context.Context, id uuid.UUID, day string) (keeper uuid.UUID, e indicator.Enterprise, ok bool, err error) {
	home, ok, err := f.known.orgs.Home(ctx)
	if err != nil || !ok {
		return uuid.Nil, e, false, err
	}
	o, err := f.known.orgs.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && o.CreditCode == "" {
		return home.ID, e, false, nil
	}
	if err != nil {
		return home.ID, e, false, err
	}
	entry, err := f.known.registers.FindFor(ctx, auth.System(home.ID), home.ID, enterpriseRegister, o.CreditCode)
	if errors.Is(err, store.ErrNotFound) {
		return home.ID, e, false, nil
	}
	if err != nil {
		return home.ID, e, false, err
	}
	at, _ := field.Day(day)
	e = indicatorFirm(&entry, day)
	e.Org = id // who has joined with that credit code, also where the register does not name it yet
	return home.ID, e, entry.State == activeFirm && entry.Since <= at && at < entry.Until, nil
}

// indicatorFacts reads facts as the caller (indicator.Facts): its own organisation's, or what is granted.
type indicatorFacts struct{ room *fact.Service }

// allowed tells whether all fields that are looked at may be: hidden ones would look as if they had no value.
func (f indicatorFacts) allowed(ctx context.Context, q *indicator.FactQuery) error {
	k := f.room.Kinds().Get(q.Kind)
	restricted := func(key string) bool {
		x := k.Fields.Field(key)
		return k.Class == field.Restricted || x != nil && x.Class == field.Restricted
	}
	_, err := auth.Allow(ctx, auth.Read, q.Org)
	if err == nil {
		if slices.ContainsFunc(q.Fields, restricted) {
			if _, err := auth.Allow(ctx, auth.Configure, q.Org); err != nil {
				return indicator.ErrNoConsent
			}
		}
		return nil
	}
	shares, err := granted(ctx, fact.GrantKind, q.Org, err)
	if err != nil {
		return err
	}
	fields, all, ok := shares.Fields(q.Org, q.Kind)
	if !ok || slices.ContainsFunc(q.Fields, func(key string) bool { return (!all || restricted(key)) && !slices.Contains(fields, key) }) {
		return indicator.ErrNoConsent
	}
	return nil
}

// granted asks for grants where the caller does not see an organisation; refused is what it was told.
func granted(ctx context.Context, kind string, org uuid.UUID, refused error) (auth.Shares, error) {
	if !errors.Is(refused, auth.ErrNotFound) {
		return auth.Shares{}, refused
	}
	shares, err := auth.Granted(ctx, kind, org)
	if errors.Is(err, auth.ErrNotFound) {
		err = indicator.ErrNoConsent
	}
	return shares, err
}

func (f indicatorFacts) Facts(ctx context.Context, q indicator.FactQuery, call func(indicator.Fact) error) error {
	if err := f.allowed(ctx, &q); err != nil {
		return err
	}
	k := f.room.Kinds().Get(q.Kind)
	filter := fact.Filter{Org: q.Org, Kind: q.Kind, Where: q.Where}
	if q.At != 0 {
		filter.At = time.Unix(0, q.At)
	} else {
		filter.From, filter.To = time.Unix(0, q.From), time.Unix(0, q.To)
	}
	return store.Each(func(page store.Page) ([]fact.Fact, string, error) {
		page.Limit = store.MaxLimit
		return f.room.List(ctx, filter, page)
	}, func(x fact.Fact) error {
		title, _ := x.Record[k.Title].(string)
		return call(indicator.Fact{ID: x.ID, Revision: x.Revision, Title: title, Record: x.Record, Grade: x.Grade})
	})
}

// indicatorEntries reads a keeper's registers (indicator.Entries). Who may is decided before.
type indicatorEntries struct{ room *register.Service }

func (r indicatorEntries) Entries(ctx context.Context, keeper uuid.UUID, id, day string, call func(indicator.Entry) error) error {
	declared, err := r.room.Register(id)
	if err != nil {
		return err
	}
	return store.Each(func(page store.Page) ([]register.Entry, string, error) {
		page.Limit = store.MaxLimit
		return r.room.ListFor(ctx, auth.System(keeper), id, register.Filter{Org: keeper, On: day}, page)
	}, func(e register.Entry) error {
		var title []string
		for _, key := range declared.Title {
			if s := word(e.Record, key); s != "" && e.Class != field.Restricted { // it counts; what it says stays with its keeper
				title = append(title, s)
			}
		}
		return call(indicator.Entry{ID: e.ID, Key: e.Key, Revision: e.Revision, Title: strings.Join(title, " · "), Subject: e.Subject, State: e.State, Record: e.Record})
	})
}

// measuredGrant is what grants call what the node finds out about an enterprise by itself.
const measuredGrant = "measured"

// consented tells whether the caller may have a part of what is found out about an organisation: its own people, or by a grant, whose
// use is counted.
func consented(ctx context.Context, org uuid.UUID, subject string) error {
	_, err := auth.Allow(ctx, auth.Read, org)
	if err == nil {
		return nil
	}
	shares, err := granted(ctx, measuredGrant, org, err)
	if err != nil {
		return err
	}
	if _, _, ok := shares.Fields(org, subject); !ok {
		return indicator.ErrNoConsent
	}
	return shares.Looked(ctx, org, subject, 1)
}

// indicatorPlants tells what machines deliver (indicator.Plants).
type indicatorPlants struct {
	room *measured.Service
	days *workday.Calendar
}

func (p indicatorPlants) Machines(ctx context.Context, org uuid.UUID, from, to int64) (indicator.Fleet, error) {
	if err := consented(ctx, org, "machines"); err != nil {
		return indicator.Fleet{}, err
	}
	list, days, err := p.room.Machines(ctx, org, time.Unix(0, from), time.Unix(0, to))
	if err != nil {
		return indicator.Fleet{}, err
	}
	var out indicator.Fleet
	working := make([]bool, len(days))
	for i, at := range days {
		if working[i] = p.days.Working(workday.DayOf(at)); working[i] {
			out.Working++
		}
	}
	for i := range list {
		m := &list[i]
		x := indicator.Machine{ID: m.ID, Name: m.Name, Class: m.Class, Production: m.Production, Meter: m.Meter, Series: m.Series}
		for d, yes := range m.Days {
			if yes && working[d] {
				x.Days++
			}
		}
		out.Machines = append(out.Machines, x)
	}
	return out, nil
}

func (p indicatorPlants) Counted(ctx context.Context, org, series uuid.UUID, from, to int64) (indicator.Counted, bool, error) {
	if err := consented(ctx, org, "energy"); err != nil {
		return indicator.Counted{}, false, err
	}
	c, ok, err := p.room.Counted(ctx, org, series, time.Unix(0, from), time.Unix(0, to))
	return indicator.Counted{WattHours: c.WattHours, Name: c.Name, Days: c.Days, Of: c.Of}, ok, err
}

// indicatorCheckups tells of check-ups (indicator.Checkups): what is evidenced of them, and what an expert confirmed.
type indicatorCheckups struct{ room *checkup.Service }

func (c indicatorCheckups) Last(ctx context.Context, org uuid.UUID, instrument string, from, to int64) (out indicator.Checkup, ok bool, err error) {
	if err := consented(ctx, org, "checkups"); err != nil {
		return out, false, err
	}
	ctx = auth.AsSystem(ctx, "indicators") // the organisation is asked for by itself, and has agreed
	var last checkup.Checkup
	err = store.Each(func(page store.Page) ([]checkup.Checkup, string, error) {
		page.Limit = store.MaxLimit
		return c.room.List(ctx, checkup.Filter{Org: org, State: checkup.Submitted}, page)
	}, func(x checkup.Checkup) error {
		if x.Instrument == instrument && x.EndedAt >= from && x.EndedAt < to && x.EndedAt > last.EndedAt {
			last = x
		}
		return nil
	})
	if err != nil || last.ID == uuid.Nil {
		return out, false, err
	}
	out = indicator.Checkup{ID: last.ID, Title: last.Instrument + " " + last.Day, Level: last.Proven, Score: last.ProvenAt.String(), Grade: fact.Documented}
	err = store.Each(func(page store.Page) ([]checkup.ExpertCheck, string, error) {
		page.Limit = store.MaxLimit
		return c.room.Experts(ctx, checkup.ExpertFilter{Org: org, Checkup: last.ID}, page)
	}, func(e checkup.ExpertCheck) error {
		if e.State == checkup.Finished && e.EndedAt < to && !out.Accepted {
			out.Accepted, out.Level, out.Score, out.Grade = true, e.Level, e.Points.String(), fact.Checked
		}
		return nil
	})
	return out, true, err
}

var (
	_ task.Figures          = taskFigures{}
	_ indicator.Vocabulary  = indicatorWords{}
	_ indicator.Enterprises = indicatorFirms{}
	_ indicator.Facts       = indicatorFacts{}
	_ indicator.Entries     = indicatorEntries{}
	_ indicator.Plants      = indicatorPlants{}
	_ indicator.Checkups    = indicatorCheckups{}
)
