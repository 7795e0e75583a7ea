package indicator_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// world is a small region: enterprises, what they recorded, what the keeper's registers hold, and machines. What is put into it is
// read by the packs' own schemas, so that a content that the node would refuse is refused here.
type world struct {
	t       testing.TB
	words   words
	service *indicator.Service
	now     time.Time
	keeper  uuid.UUID
	firms   []indicator.Enterprise
	facts   map[uuid.UUID][]held
	entries map[string][]standing
	fleets  map[uuid.UUID]map[int64]indicator.Fleet // by the begin of the time
	meters  map[uuid.UUID]map[int64]indicator.Counted
	checks  map[uuid.UUID][]dated
	denied  map[uuid.UUID]map[string]bool // kinds of facts, "plant" and "checkup" that are not granted
	serial  uint64
}

type held struct {
	indicator.Fact
	kind         string
	since, until int64
}

type standing struct {
	indicator.Entry
	since, until int64
}

type dated struct {
	indicator.Checkup
	instrument string
	at         int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, words: spoken(), now: time.Date(2026, 5, 20, 4, 0, 0, 0, time.UTC), facts: map[uuid.UUID][]held{}, entries: map[string][]standing{}, fleets: map[uuid.UUID]map[int64]indicator.Fleet{},
		meters: map[uuid.UUID]map[int64]indicator.Counted{}, checks: map[uuid.UUID][]dated{}, denied: map[uuid.UUID]map[string]bool{}}
	w.keeper = w.id()
	w.service = indicator.New(indicator.Options{Library: shipped(t), Now: func() time.Time { return w.now }, Rooms: indicator.Rooms{Enterprises: w, Facts: w, Entries: w, Plants: plants{w}, Checkups: w, Fields: spoken()}})
	return w
}

// id is the next one; they are the same in every run.
func (w *world) id() (out uuid.UUID) {
	w.serial++
	binary.BigEndian.PutUint64(out[8:], w.serial)
	out[6], out[8] = 0x70, 0x80
	return out
}

// firm adds an enterprise that has joined the node.
func (w *world) firm(region string, change ...func(*indicator.Enterprise)) uuid.UUID {
	org := w.id()
	e := indicator.Enterprise{Entry: w.id(), Org: org, Code: fmt.Sprintf("91%016d", len(w.firms)+1), Name: fmt.Sprintf("企业%d", len(w.firms)+1), Industry: "3670", Region: region, Size: "large", Designated: true, Tags: []string{"key", "backbone", "pilot"}}
	for _, c := range change {
		c(&e)
	}
	w.firms = append(w.firms, e)
	return org
}

func day(t testing.TB, s string) int64 {
	t.Helper()
	n, ok := field.Day(s)
	if !ok {
		t.Fatalf("%s is no day", s)
	}
	return n
}

// record adds a fact.
func (w *world) record(org uuid.UUID, kind string, grade fact.Grade, content string) uuid.UUID {
	w.t.Helper()
	k := w.words.kinds.Get(kind)
	r, faults := k.Fields.Read([]byte(content))
	if len(faults) > 0 {
		w.t.Fatalf("%s %s: %v", kind, content, faults[0])
	}
	f := held{Fact: indicator.Fact{ID: w.id(), Revision: 1, Record: r, Grade: grade}, kind: kind, since: day(w.t, r[k.Valid.From].(string)), until: math.MaxInt64}
	if to, ok := r[k.Valid.To].(string); ok {
		f.until, _ = field.NextDay(to)
	} else if !k.Valid.Lasting {
		f.until = f.since
	}
	f.Title, _ = r[k.Title].(string)
	w.facts[org] = append(w.facts[org], f)
	return f.ID
}

// declare adds a declaration for a year.
func (w *world) declare(org uuid.UUID, year int, item, value, unit string) {
	w.t.Helper()
	w.record(org, "declaration", fact.Declared, fmt.Sprintf(`{"item":%q,"begins":"%d-01-01","ends":"%d-12-31","value":%q,"unit":%q}`, item, year, year, value, unit))
}

// list adds an entry of the keeper's registers that holds from a day, and until another.
func (w *world) list(register, state, since, until, content string) {
	w.t.Helper()
	r := w.words.registers.Get(register)
	record, faults := r.Fields.Read([]byte(content))
	if len(faults) > 0 {
		w.t.Fatalf("%s %s: %v", register, content, faults[0])
	}
	e := standing{indicator.Entry{ID: w.id(), Revision: 1, State: state, Record: record}, day(w.t, since), math.MaxInt64}
	if until != "" {
		e.until, _ = field.NextDay(until)
	}
	if s, ok := record[r.Subject].(string); ok {
		e.Subject = uuid.MustParse(s)
	}
	w.entries[register] = append(w.entries[register], e)
}

// fleet gives an enterprise so many production machines in a year of 250 working days, of which some delivered on days of them.
func (w *world) fleet(org uuid.UUID, year, machines, delivering, days int) {
	f := indicator.Fleet{Working: 250}
	for i := range machines {
		m := indicator.Machine{ID: w.id(), Name: text.Both(fmt.Sprintf("M%02d", i+1)), Production: true, Days: days - 1}
		if i < delivering {
			m.Days, m.Series = days, []uuid.UUID{w.id()}
		}
		f.Machines = append(f.Machines, m)
	}
	f.Machines = append(f.Machines, indicator.Machine{ID: w.id(), Name: text.Both("meter"), Meter: true, Days: 250})
	if w.fleets[org] == nil {
		w.fleets[org] = map[int64]indicator.Fleet{}
	}
	w.fleets[org][day(w.t, fmt.Sprintf("%d-01-01", year))] = f
}

// meter gives an enterprise a main meter that counted so many kWh in years.
func (w *world) meter(org uuid.UUID, kWh map[int]int64) {
	w.t.Helper()
	series := w.id()
	w.record(org, "declaration", fact.Declared, fmt.Sprintf(`{"item":"main-meter.%s","begins":"2015-01-01","ends":"2030-12-31","value":"1"}`, series))
	w.meters[series] = map[int64]indicator.Counted{}
	for year, n := range kWh {
		w.meters[series][day(w.t, fmt.Sprintf("%d-01-01", year))] = indicator.Counted{WattHours: n * 1000, Name: text.Both("总表"), Days: 360, Of: 365}
	}
}

func (w *world) deny(org uuid.UUID, what string) {
	if w.denied[org] == nil {
		w.denied[org] = map[string]bool{}
	}
	w.denied[org][what] = true
}

func (w *world) Each(_ context.Context, _ uuid.UUID, _ string, call func(indicator.Enterprise) error) error {
	for i := len(w.firms) - 1; i >= 0; i-- { // any order does
		if err := call(w.firms[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) One(_ context.Context, org uuid.UUID, _ string) (uuid.UUID, indicator.Enterprise, bool, error) {
	for _, e := range w.firms {
		if e.Org == org {
			return w.keeper, e, true, nil
		}
	}
	return w.keeper, indicator.Enterprise{}, false, nil
}

func (w *world) Facts(_ context.Context, q indicator.FactQuery, call func(indicator.Fact) error) error {
	if w.denied[q.Org][q.Kind] {
		return indicator.ErrNoConsent
	}
	for _, f := range w.facts[q.Org] {
		inside := f.since >= q.From && f.since < q.To
		if q.At != 0 {
			inside = f.since <= q.At && f.until > q.At
		}
		if f.kind == q.Kind && inside {
			if err := call(f.Fact); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) Entries(_ context.Context, _ uuid.UUID, register, on string, call func(indicator.Entry) error) error {
	at, _ := field.Day(on)
	for _, e := range w.entries[register] {
		if e.since <= at && at < e.until {
			if err := call(e.Entry); err != nil {
				return err
			}
		}
	}
	return nil
}

type plants struct{ *world }

func (p plants) Machines(_ context.Context, org uuid.UUID, from, _ int64) (indicator.Fleet, error) {
	if p.denied[org]["plant"] {
		return indicator.Fleet{}, indicator.ErrNoConsent
	}
	return p.fleets[org][from], nil
}

func (p plants) Counted(_ context.Context, org, series uuid.UUID, from, _ int64) (indicator.Counted, bool, error) {
	if p.denied[org]["plant"] {
		return indicator.Counted{}, false, indicator.ErrNoConsent
	}
	c, ok := p.meters[series][from]
	return c, ok, nil
}

func (w *world) Last(_ context.Context, org uuid.UUID, instrument string, from, to int64) (out indicator.Checkup, ok bool, err error) {
	if w.denied[org]["checkup"] {
		return out, false, indicator.ErrNoConsent
	}
	for _, c := range w.checks[org] {
		if c.instrument == instrument && c.at >= from && c.at < to {
			out, ok = c.Checkup, true
		}
	}
	return out, ok, nil
}

// officer is a context of the node's own work, which may read every organisation.
func officer(t testing.TB) context.Context { return auth.AsSystem(t.Context(), "test") }

// progress evaluates a target on a day.
func (w *world) progress(target, on string, past int) *indicator.Progress {
	w.t.Helper()
	x, err := w.service.Progress(officer(w.t), target, w.keeper, on, past)
	if err != nil {
		w.t.Fatalf("%s: %v", target, err)
	}
	return x
}

// value evaluates an indicator of one organisation.
func (w *world) value(id string, org uuid.UUID, period, baseline string) *indicator.Valuation {
	w.t.Helper()
	v, err := w.service.Value(officer(w.t), id, org, period, baseline)
	if err != nil {
		w.t.Fatalf("%s: %v", id, err)
	}
	return v
}
