package indicator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/fact"
)

// golden is a target, what a region must hold for it, and the value that was worked out by hand.
type golden struct {
	set    func(w *world, f []uuid.UUID) // f: six enterprises of the region; the last two in no filtered population
	on     string
	value  string // exact
	status string
	known  int
	of     int
	grade  fact.Grade
	also   string // further readings: "pooled=200/3 share=80"
}

// outside puts the last enterprises out of every filter of the policies.
func outside(e *indicator.Enterprise) {
	e.Designated, e.Tags, e.Size = false, nil, "micro"
}

func TestEveryTargetByHand(t *testing.T) {
	l := shipped(t)
	cases := goldens(t)
	for _, p := range l.Policies() {
		for i := range p.Targets {
			target := &p.Targets[i]
			x, ok := cases[target.ID]
			if !ok {
				t.Errorf("%s has no value that was worked out by hand", target.ID)
				continue
			}
			delete(cases, target.ID)
			t.Run(target.ID, func(t *testing.T) {
				w := newWorld(t)
				var firms []uuid.UUID
				for n := range 8 {
					firms = append(firms, w.firm(p.Region.Code[:4]+"00", func(e *indicator.Enterprise) {
						if strings.Contains(target.Indicator, "software-") {
							e.Industry = "6510"
						}
						if n >= 6 {
							outside(e)
						}
					}))
				}
				w.firm("110100") // elsewhere
				x.set(w, firms)
				got := w.progress(target.ID, x.on, 0)
				value := "unknown"
				if got.Value != nil {
					value = got.Value.RatString()
				}
				known, of, grade := 0, 1, fact.Declared
				var also []string
				if a := got.Whole; a != nil {
					of, grade = len(a.Members.List), a.Grade
					for _, r := range a.Readings {
						if r.How == target.Reading {
							known = r.Known
						} else if r.Num != nil && strings.Contains(x.also, r.How+"=") {
							also = append(also, r.How+"="+r.Num.RatString())
						}
					}
				} else if got.Single.Num != nil {
					known, grade = 1, got.Single.Grade
				}
				if value != x.value || got.Judgment.Status != x.status || known != x.known || of != x.of || grade != x.grade || strings.Join(also, " ") != x.also {
					t.Errorf("value %s, %s, known of %d/%d, %s, also %q;\nwant %s, %s, %d/%d, %s, %q", value, got.Judgment.Status, known, of, grade, strings.Join(also, " "), x.value, x.status, x.known, x.of, x.grade, x.also)
				}
			})
		}
	}
	for id := range cases {
		t.Errorf("%s is no target", id)
	}
}

// uses records that an enterprise used a kind of system on a day.
func uses(w *world, org uuid.UUID, kind, on string) {
	w.record(org, "software-use", fact.Documented, fmt.Sprintf(`{"system":"s","kind":%q,"deployed":"2014-01-01","day":%q,"uses":3,"catalogue":true}`, kind, on))
}

func order(w *world, org uuid.UUID, side, channel, on string, fen int) {
	w.record(org, "order", fact.Documented, fmt.Sprintf(`{"number":"n","placed":%q,"partyName":"p","side":%q,"channel":%q,"amount":%d}`, on, side, channel, fen))
}

func equipment(w *world, org uuid.UUID, process string, key, digital bool, ends string) {
	if ends != "" {
		ends = `,"ends":"` + ends + `"`
	}
	w.record(org, "equipment", fact.Documented, fmt.Sprintf(`{"number":"n","label":"l","process":%q,"keyProcess":%v,"digital":%v,"begins":"2014-05-01"%s}`, process, key, digital, ends))
}

func product(w *world, org uuid.UUID, released string, days int) {
	w.record(org, "rd-project", fact.Checked, fmt.Sprintf(`{"number":"n","product":"p","approved":"2014-01-01","released":%q,"days":%d}`, released, days))
}

// recognised lists, of a kind: two holders with three objects in force, one revoked, one that has ended, one that begins later, one elsewhere.
func recognised(kind string) func(*world, []uuid.UUID) {
	return func(w *world, _ []uuid.UUID) {
		n := 0
		entry := func(state, since, until, holder, place string) {
			n++
			division := ""
			if place != "" {
				division = fmt.Sprintf(`,"division":%q`, place)
			}
			w.list("recognitions", state, since, until, fmt.Sprintf(`{"number":"%d","object":"o%d","holder":"h","holderCode":%q,"kind":%q,"awarded":%q,"by":"b"%s}`, n, n, holder, kind, since, division))
		}
		const a, b, c = "91430100MA4L16JQ9D", "914403001922038216", "91330000142930414N"
		entry("valid", "2016-03-01", "", a, "")
		entry("valid", "2016-03-01", "", a, "")
		entry("valid", "2017-03-01", "2025-12-31", b, "")
		entry("revoked", "2016-03-01", "", c, "")
		entry("valid", "2016-03-01", "2016-12-31", c, "")
		entry("valid", "2026-01-01", "", c, "")
		entry("valid", "2016-03-01", "", c, "110100")
		w.list("recognitions", "valid", "2016-03-01", "", fmt.Sprintf(`{"number":"other","object":"o","holder":"h","holderCode":%q,"kind":"other","awarded":"2016-03-01","by":"b"}`, c))
	}
}

// facility lists so many in operation of a kind, one that is being built and one elsewhere.
func facility(kind string, running int) func(*world, []uuid.UUID) {
	return func(w *world, _ []uuid.UUID) {
		for i := range running {
			w.list("facilities", "operating", "2016-01-01", "", fmt.Sprintf(`{"code":"%d","label":"l","operator":"o","kind":%q}`, i, kind))
		}
		w.list("facilities", "planned", "2016-01-01", "", fmt.Sprintf(`{"code":"p","label":"l","operator":"o","kind":%q}`, kind))
		w.list("facilities", "operating", "2016-01-01", "", fmt.Sprintf(`{"code":"e","label":"l","operator":"o","kind":%q,"division":"110100"}`, kind))
	}
}

// rounds lists events of a kind: so many that were done in a year, one planned, one of another year.
func rounds(kind string, year, done int) func(*world, []uuid.UUID) {
	return func(w *world, _ []uuid.UUID) {
		add := func(code, state string, year int) {
			w.list("events", state, "2010-01-01", "", fmt.Sprintf(`{"code":%q,"label":"l","kind":%q,"day":"%d-11-05"}`, code, kind, year))
		}
		for i := range done {
			add(fmt.Sprint(i), "done", year)
		}
		add("p", "planned", year)
		add("q", "done", year-1)
		add("r", "done", year+1)
	}
}

// share: four of six used a system in the last 30 days, one used another one, one has no records.
func system(kind, on, before string) func(*world, []uuid.UUID) {
	return func(w *world, f []uuid.UUID) {
		for _, org := range f[:4] {
			uses(w, org, kind, on)
		}
		uses(w, f[4], "other", on)
		uses(w, f[5], kind, before) // longer ago
		uses(w, f[6], kind, on)     // outside
	}
}

// years declares items of two years: pairs of values of 2015 and 2017, per enterprise.
func years(w *world, org uuid.UUID, unit, item, then, now string) {
	w.declare(org, 2015, item, then, unit)
	w.declare(org, 2017, item, now, unit)
}
