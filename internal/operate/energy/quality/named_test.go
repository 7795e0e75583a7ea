package quality

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// Naming, ending and taking back, each undone; who may, and what is refused.
func TestMainMetersAreNamedAndTakenBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Asia/Shanghai", time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC))
		id := w.meter("main")
		engineer, operator, viewer := w.as(auth.Engineer), w.as(auth.Operator), w.as(auth.Viewer)
		ask := Naming{Org: w.sides["a"], Series: id, From: "2026-01-01"}
		refused := func(what string, want error, with Naming, as context.Context) {
			t.Helper()
			if _, err := w.service.Name(as, with); !errors.Is(err, want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		refused("a viewer", auth.ErrForbidden, ask, viewer)
		refused("another enterprise", auth.ErrNotFound, ask, w.sides.As(auth.Owner, "b"))
		refused("a strange series", ErrMeter, Naming{ask.Org, uuid.New(), ask.From, ""}, engineer)
		refused("no date", ErrSpan, Naming{ask.Org, id, "2026-02-30", ""}, engineer)
		refused("an end before the begin", ErrSpan, Naming{ask.Org, id, "2026-02-01", "2026-01-31"}, engineer)
		n, err := w.service.Name(operator, ask)
		if err != nil || !n.Open() || !n.Counts || n.Grade != fact.Declared {
			t.Fatalf("%+v %v", n, err)
		}
		refused("twice", ErrOverlap, Naming{ask.Org, id, "2027-01-01", ""}, engineer)
		held := func() string {
			list, err := w.service.Candidates(viewer, w.sides["a"])
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			var out []string
			for i := range list[0].Named {
				v := list[0].Named[i].view()
				out = append(out, v.From+"/"+v.To)
			}
			return strings.Join(out, " ")
		}
		if _, err := w.service.End(operator, n.Fact, n.Revision, "2026-03-31", "meter replaced"); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("an operator ends it: %v", err)
		}
		ended, err := w.service.End(engineer, n.Fact, n.Revision, "2026-03-31", "meter replaced")
		if err != nil || held() != "2026-01-01/2026-03-31" {
			t.Fatalf("%s, %v", held(), err)
		}
		if _, err := w.service.End(engineer, n.Fact, n.Revision, "2026-04-30", "meter replaced"); !errors.Is(err, fact.ErrChanged) {
			t.Errorf("on what was seen before: %v", err)
		}
		again, err := w.service.Name(engineer, Naming{ask.Org, id, "2026-04-01", ""})
		if err != nil || held() != "2026-04-01/ 2026-01-01/2026-03-31" {
			t.Fatalf("%s, %v", held(), err)
		}
		if _, err := w.service.End(engineer, n.Fact, ended.Revision, "", "undo"); !errors.Is(err, ErrOverlap) {
			t.Errorf("over the one that came after: %v", err)
		}
		if err := w.service.TakeBack(engineer, again.Fact, again.Revision, "undo"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.End(engineer, n.Fact, ended.Revision, "", "undo"); err != nil || held() != "2026-01-01/" {
			t.Errorf("%s, %v", held(), err)
		}
		report := w.declare("r", "2026-04-01", "2026-04-30", "5", "kWh")
		if err := w.service.TakeBack(engineer, report.ID, 1, "undo"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another declaration is taken back: %v", err)
		}
	})
}

// Of several declarations of a day the one recorded last counts.
func TestDaysOnWhichAMeterIsNamed(t *testing.T) {
	a, b := uuid.New(), uuid.New()
	m, _ := ParseMonth("2026-10")
	got := namedOn([]Named{
		{Series: a, From: "2026-10-10", To: "2026-10-12", Counts: false},
		{Series: a, From: "2026-10-05", To: "2026-10-20", Counts: true},
		{Series: b, From: "2026-11-01", To: maxDate, Counts: true},
	}, m)
	if len(got) != 1 || len(got[a]) != 16-3 || !got[a]["2026-10-09"] || got[a]["2026-10-10"] || !got[a]["2026-10-13"] {
		t.Errorf("%v", got)
	}
}

func TestMonthlyReports(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Asia/Shanghai", time.Date(2026, 5, 31, 4, 0, 0, 0, time.UTC))
		m, _ := ParseMonth("2026-05")
		read := func() report {
			t.Helper()
			r, err := w.service.report(w.as(auth.Viewer), w.sides["a"], m)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if r := read(); r.lack != NoReport || r.came != 0 {
			t.Errorf("%+v", r)
		}
		first := w.declare("a", "2026-05-01", "2026-05-31", "1.5", "万千瓦时")
		if r := read(); r.wattHours.RatString() != "15000000" || r.came != first.At || r.fact != first.ID {
			t.Errorf("%+v", r)
		}
		// A correction does not change when it was first said.
		w.clock = w.clock.AddDate(0, 0, 5)
		if _, err := w.facts.Revise(w.as(auth.Engineer), first.ID, fact.Change{Basis: 1, Reason: "typing error", Content: []byte(`{"item":"electricity-consumption","begins":"2026-05-01","ends":"2026-05-31","value":"16000","unit":"kWh"}`)}); err != nil {
			t.Fatal(err)
		}
		if r := read(); r.wattHours.RatString() != "16000000" || r.came != first.At {
			t.Errorf("%+v", r)
		}
		same := w.declare("b", "2026-05-01", "2026-05-31", "16", "MWh")
		if r := read(); r.lack != "" || r.wattHours.RatString() != "16000000" {
			t.Errorf("%+v", r)
		}
		w.declare("c", "2026-05-01", "2026-05-31", "17", "MWh")
		if r := read(); r.lack != Ambiguous || r.wattHours != nil || r.came != first.At {
			t.Errorf("%+v", r)
		}
		for _, id := range []uuid.UUID{first.ID, same.ID} {
			f, err := w.facts.Get(w.as(auth.Engineer), id, noTime)
			if err == nil {
				_, err = w.facts.Withdraw(w.as(auth.Engineer), id, f.Revision, "taken back")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if r := read(); r.lack != "" || r.wattHours.RatString() != "17000000" || r.came == first.At {
			t.Errorf("%+v", r)
		}
		w.declare("d", "2026-05-01", "2026-05-31", "17", "t")
		if r := read(); r.lack != Ambiguous {
			t.Errorf("%+v", r)
		}
	})
}

// A board of enterprises: the lowest score first, one without a score last, one that has just ended its grant not at all; files.
func TestBoardAndFiles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Asia/Shanghai", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
		m := w.meter("=1+1") // a name that a spreadsheet would take for a formula
		w.daily(m, quarters(w.at("2026-04-30 20:00"), w.at("2026-05-10 00:15"), 5))
		w.name(m, "2026-05-01", "")
		w.clock = w.at("2026-05-11 12:00")
		w.refuse["report"] = true
		w.givers = []Giver{{w.sides["b"], text.Both("empty")}, {w.sides["a"], text.Both("metered")}}
		lines, _, err := w.service.Board(w.sides.As(auth.Viewer, "b"), w.sides["b"], "2026-05", "")
		if err != nil || len(lines) != 2 || lines[0].Name.En != "metered" || !lines[0].Scored || lines[1].Scored {
			t.Fatalf("%+v %v", lines, err)
		}
		out := board(lines, "2026-05", "en")
		if got := strings.Join(out.Rows[1], "|"); got != "empty||0|0|0|0|unknown|unknown|unknown|unknown" {
			t.Error(got)
		}
		a := w.assess(w.as(auth.Viewer), "2026-05")
		for which, rows := range map[string]int{"days": 31, "rules": 5, "gaps": 1} {
			out := a.table(which, "zh")
			if len(out.Rows) != rows {
				t.Errorf("%s: %d rows", which, len(out.Rows))
			}
			for _, r := range out.Rows {
				if len(r) != len(out.Heading) {
					t.Errorf("%s: %d cells under %d headings", which, len(r), len(out.Heading))
				}
			}
			for _, f := range []table.Format{table.CSV, table.XLSX} {
				data, err := table.Write(f, out)
				if err != nil || len(data) == 0 || f == table.CSV && which == "gaps" && bytes.Contains(data, []byte("\n=1+1")) {
					t.Errorf("%s %s: %d bytes, %v", which, f, len(data), err)
				}
			}
		}
		w.refuse["energy"] = true
		if lines, _, err := w.service.Board(w.sides.As(auth.Viewer, "b"), w.sides["b"], "2026-05", ""); err != nil || len(lines) != 1 {
			t.Errorf("%+v %v", lines, err)
		}
		for _, month := range []string{"2026-06", "2026", ""} {
			if _, err := w.service.Assess(w.as(auth.Viewer), Ask{Org: w.sides["a"], Month: month}); !errors.Is(err, ErrMonth) {
				t.Errorf("%q: %v", month, err)
			}
		}
		if _, err := w.service.Assess(w.as(auth.Viewer), Ask{Org: w.sides["a"], Month: "2026-05", Rules: "none"}); !errors.Is(err, ErrRules) {
			t.Error(err)
		}
	})
}
