package kept

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// every sends a value at equal steps.
func (n *node) every(id uuid.UUID, from, to time.Time, step time.Duration, value func(i int) float64) {
	n.t.Helper()
	var list []sample
	for i := 0; ; i++ {
		at := from.Add(time.Duration(i) * step)
		if !at.Before(to) {
			break
		}
		if list = append(list, sample{at: at.UnixNano(), value: value(i)}); len(list) == 60_000 {
			n.send(id, list...)
			list = list[:0]
		}
	}
	if len(list) > 0 {
		n.send(id, list...)
	}
}

// feed is everything that was restated since the last time.
func (n *node) feed(after uint64) ([]Restatement, uint64) {
	n.t.Helper()
	list, next, err := n.service.Since(n.t.Context(), auth.System(n.sides["a"]), after, 0, RestatementFilter{})
	if err != nil {
		n.t.Fatal(err)
	}
	return list, next
}

// brief tells restatements shortly, in order of level and time.
func brief(list []Restatement) (out []string) {
	for _, r := range list {
		word := fmt.Sprintf("%d %s %s r%d %s", r.Level, r.Level, moment(r.From).Format("01-02T15:04"), r.Revision, r.Cause)
		if r.Withdrawn {
			word += " withdrawn"
		}
		out = append(out, word)
	}
	slices.Sort(out)
	return out
}

// A late sample, a correction and its withdrawal restate exactly the hour, the shift, the day and the month that hold
// them, once each; what changes nothing restates nothing.
func TestOneSampleRestatesWhatHoldsIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, "UTC")
		a, b := n.declare(telemetry.Float64, 5*time.Minute), n.declare(telemetry.Float64, 5*time.Minute)
		n.clock = begin.Add(-24 * time.Hour)
		n.round()
		for _, id := range []uuid.UUID{a, b} {
			n.every(id, begin, begin.Add(31*24*time.Hour), 150*time.Second, func(i int) float64 { return float64(i%100) / 8 })
		}
		n.until(begin.Add(40 * 24 * time.Hour))
		n.round()
		at := begin.Add(10*24*time.Hour + 13*time.Hour + 25*time.Minute + 7*time.Second).UnixNano()
		_, cursor := n.feed(0)
		if list, _ := n.feed(0); len(list) != 0 {
			t.Fatalf("%v", brief(list))
		}
		before := n.door.rows
		step := func(what string, want []string, x ...sample) {
			t.Helper()
			commit := n.send(a, x...)
			n.round()
			n.round()
			list, next := n.feed(cursor)
			if got := brief(list); !slices.Equal(got, want) || n.door.rows-before != len(want) {
				t.Fatalf("%s: %d rows, %q\nwant %q", what, n.door.rows-before, got, want)
			}
			for _, r := range list {
				if r.Series != a || r.NewInput != commit || r.OldInput >= commit || r.Org != n.sides["a"] {
					t.Errorf("%s: %+v, commit %d", what, r, commit)
				}
			}
			cursor, before = next, n.door.rows
		}
		rows := func(revision int, cause Cause) (out []string) {
			for _, x := range []string{"2 hour 03-12T13:00", "3 shift 03-12T07:50", "4 day 03-12T07:50", "5 month 03-01T07:50"} {
				out = append(out, fmt.Sprintf("%s r%d %s", x, revision, cause))
			}
			return out
		}
		step("late", rows(1, Late), sample{at: at, value: 99})
		step("corrected", rows(2, Corrected), sample{at: at, value: 98, revision: 1})
		step("the same again, of no account", nil, sample{at: at, value: 97})
		step("withdrawn", rows(3, Corrected), sample{at: at, flags: telemetry.NoValue | telemetry.Withdrawn, status: telemetry.BadNoData, revision: 2})
		got := n.read(a, rollup.LevelHour, time.Unix(0, at), time.Unix(0, at+1))
		plain := n.read(b, rollup.LevelHour, time.Unix(0, at), time.Unix(0, at+1))
		if len(got) != 1 || !got[0].Kept || got[0].Revision != 3 || got[0].figures() != plain[0].figures() {
			t.Errorf("%+v", got)
		}
		// Patience: what comes waits, and is told all the same.
		n.service.o.Patience = time.Minute
		n.send(a, sample{at: at + 1, value: 5})
		n.round()
		if list, _ := n.feed(cursor); len(list) != 0 || n.service.Stats().Dirty != 1 {
			t.Errorf("%v %+v", brief(list), n.service.Stats())
		}
		if r := n.read(a, rollup.LevelHour, time.Unix(0, at), time.Unix(0, at+1)); r[0].Kept || r[0].Good != plain[0].Good+1 {
			t.Errorf("%+v", r)
		}
		n.clock = n.clock.Add(time.Minute)
		n.round()
		if list, _ := n.feed(cursor); len(list) != 4 {
			t.Errorf("%v", brief(list))
		}
		n.check("after all", a, telemetry.Span{From: begin.UnixNano(), To: begin.Add(3 * 24 * time.Hour).UnixNano()}, 0, 0)
		if s := n.service.Stats(); s.Dirty != 0 || s.Restated != 16 || s.Lag != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// A node that falls at any place between what is written down, what is sent and what is noted as done comes to the same
// rows, and tells each restatement once.
func TestTheKeeperSurvivesTheNode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, "UTC")
		ids := []uuid.UUID{n.declare(telemetry.Float64, 30*time.Second), n.declare(telemetry.Int64, 30*time.Second), n.declare(telemetry.Float64, 30*time.Second)}
		n.clock = begin
		n.round()
		for _, id := range ids {
			n.every(id, begin, begin.Add(50*time.Hour), time.Minute, func(i int) float64 { return float64(i) })
		}
		n.until(begin.Add(100 * time.Hour))
		n.round()
		_, cursor := n.feed(0)
		for i, passing := range []int{0, 1, 0, 2} {
			for k, id := range ids {
				n.send(id, sample{at: begin.Add(time.Duration(5*i+k)*time.Hour + 30*time.Second).UnixNano(), value: 1e6})
			}
			n.door.after = passing
			err := n.service.round(t.Context())
			if passing == 0 && err == nil {
				t.Fatal("the door was shut, and nobody says so")
			}
			if list, _ := n.feed(cursor); passing == 0 && len(list) != 0 {
				t.Fatalf("told before it is so: %v", brief(list))
			}
			for k, id := range ids { // what could not be kept is told all the same
				at := begin.Add(time.Duration(5*i+k) * time.Hour)
				if r := n.read(id, rollup.LevelHour, at, at.Add(time.Hour)); len(r) != 1 || r[0].Good != 61 {
					t.Fatalf("%+v", r)
				}
			}
			if i > 1 {
				n.close()
				n.open()
			}
			n.door.after = -1
			n.round()
			n.round()
			var list []Restatement
			list, cursor = n.feed(cursor)
			seen := map[string]bool{}
			for _, r := range list {
				key := fmt.Sprint(r.Series, r.Level, r.From, r.Revision)
				if seen[key] {
					t.Errorf("told twice: %+v", r)
				}
				seen[key] = true
			}
			if hours := len(list); hours < 6 || hours > 12 {
				t.Errorf("round %d: %v", i, brief(list))
			}
		}
		// The node falls after the batch was stored, before that is noted: the cursor of before stands.
		n.send(ids[0], sample{at: begin.Add(30*time.Hour).UnixNano() + 1, value: 5})
		var old []stateRow
		if err := db.NewSelect().Model(&old).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.round()
		list, next := n.feed(cursor)
		if len(list) == 0 {
			t.Fatal("nothing was restated")
		}
		for _, r := range old {
			proof.Must(db.NewUpdate().Model(&r).WherePK().Exec(t.Context()))
		}
		n.close()
		n.open()
		n.round()
		if again, _ := n.feed(next); len(again) != 0 || n.door.rows != 0 {
			t.Errorf("done twice: %v", brief(again))
		}
		for _, id := range ids {
			n.check("at the end", id, telemetry.Span{From: begin.UnixNano(), To: begin.Add(60 * time.Hour).UnixNano()}, 0, 0)
		}
	})
}

// Hours, shifts, days and months follow the clocks of the plant when they change.
func TestRowsFollowTheClocks(t *testing.T) {
	for _, c := range []struct {
		zone string
		at   time.Time // of the change
		day  time.Duration
	}{
		{"Europe/Berlin", time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), 23 * time.Hour},
		{"America/New_York", time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC), 25 * time.Hour},
		{"Australia/Lord_Howe", time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC), 24*time.Hour + 30*time.Minute},
		{"Asia/Shanghai", time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), 24 * time.Hour},
	} {
		n := newNode(t, storetest.SQLite(t), c.zone)
		id := n.declare(telemetry.Float64, 20*time.Minute)
		n.clock = c.at.Add(-72 * time.Hour)
		n.round()
		from, to := c.at.Add(-48*time.Hour), c.at.Add(48*time.Hour)
		n.every(id, from, to, 7*time.Minute, func(i int) float64 { return math.Sin(float64(i)) })
		n.until(c.at.Add(40 * 24 * time.Hour))
		n.round()
		n.send(id, sample{at: c.at.UnixNano() + 1, value: 77})
		n.round()
		n.check(c.zone, id, telemetry.Span{From: from.UnixNano(), To: to.UnixNano()}, 0, 0)
		seen := map[time.Duration]bool{}
		for _, level := range Levels {
			for _, r := range n.read(id, level, from, to) {
				if !r.Kept {
					t.Errorf("%s: %s is not kept", c.zone, r.Word.String())
				}
				if level == rollup.LevelDay {
					seen[time.Duration(r.To-r.From)] = true
				}
			}
		}
		if !seen[c.day] {
			t.Errorf("%s: no day of %v: %v", c.zone, c.day, seen)
		}
	}
}

// Resets, roll-overs and changes of the meter are told of by the rows that they are in, whenever they are told.
func TestMetersAreChanged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, "UTC")
		ctx := n.sides.As(auth.Engineer, "a")
		id := n.declare(telemetry.Int64, 10*time.Minute)
		n.clock = begin
		n.round()
		// 100 a step, over 1,000,000 at hour 3; the meter is changed at 5:30 at 40 and begins at 7000; a reset at hour 8.
		reading := func(i int) float64 {
			h := float64(i) / 12
			v := 999_000 - 3600 + float64(i)*100
			switch {
			case h >= 8:
				return float64(i-96) * 100
			case h >= 5.5:
				return 7000 + float64(i-66)*100
			case v >= 1_000_000:
				return v - 1_000_000
			}
			return v
		}
		n.every(id, begin, begin.Add(20*time.Hour), 5*time.Minute, reading)
		n.until(begin.Add(60 * 24 * time.Hour))
		n.round()
		if r := n.read(id, rollup.LevelDay, begin.Add(8*time.Hour), begin.Add(9*time.Hour)); len(r) != 1 || r[0].Flags&rollup.HasCounter != 0 {
			t.Fatalf("%+v", r)
		}
		_, cursor := n.feed(0)
		proof.Must(n.service.SetCounter(ctx, id, 1_000_000, 100_000, "a register of six digits"))
		n.round()
		hour := func(h int) Result {
			t.Helper()
			r := n.read(id, rollup.LevelHour, begin.Add(time.Duration(h)*time.Hour), begin.Add(time.Duration(h+1)*time.Hour))
			if len(r) != 1 || !r[0].Kept {
				t.Fatalf("hour %d: %+v", h, r)
			}
			return r[0]
		}
		rolled := 0
		for h := range 20 {
			rolled += int(hour(h).RollOvers)
		}
		if rolled != 1 || hour(7).Consumption.Hi != 1200-100 || hour(7).Resets != 1 || hour(8).Resets != 0 || hour(0).Flags&rollup.Unread != 0 {
			t.Errorf("%d, %+v, %+v", rolled, hour(7), hour(8))
		}
		list, next := n.feed(cursor)
		if len(list) < 20 || slices.ContainsFunc(list, func(r Restatement) bool { return r.Cause != Meter }) {
			t.Errorf("%v", brief(list))
		}
		// The change is told a month later: it touches one hour, and what holds it.
		m := proof.Must(n.service.ChangeMeter(ctx, id, NewMeterChange{At: begin.Add(5*time.Hour + 29*time.Minute), Old: fmt.Sprint(int(reading(65)) + 40), New: "6950", Reason: "the old one was worn out", Reference: "work order 7"}))
		n.round()
		list, cursor = n.feed(next)
		if got := brief(list); len(got) != 4 || got[0] != "2 hour 03-02T05:00 r2 meter" {
			t.Errorf("%q", got)
		}
		if r := hour(5); r.Consumption.Hi != 1200-10 || r.Exchanges != 1 {
			t.Errorf("%s", r.Word.String())
		}
		n.check("after the change", id, telemetry.Span{From: begin.UnixNano(), To: begin.Add(24 * time.Hour).UnixNano()}, 0, 0)
		// It was none after all; a node that falls before it has worked that in does so afterwards.
		proof.Must(n.service.ChangeMeter(ctx, id, NewMeterChange{At: time.Unix(0, m.At), Void: true, Reason: "it was another meter"}))
		n.close()
		n.open()
		n.round()
		if list, _ := n.feed(cursor); len(list) != 4 || hour(5).Exchanges != 0 {
			t.Errorf("%v", brief(list))
		}
		if all := proof.Must(n.service.MeterChanges(ctx, id)); len(all) != 2 || all[0].Reference != "work order 7" || !all[1].Void {
			t.Errorf("%+v", all)
		}
	})
}

// Another calendar restates shifts, days and months, does away with those that are no more, and leaves hours alone; as of
// a time before, everything is as it was.
func TestAnotherCalendar(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, "UTC")
		id := n.declare(telemetry.Float64, 10*time.Minute)
		n.clock = begin
		n.round()
		n.every(id, begin, begin.Add(70*time.Hour), 5*time.Minute, func(i int) float64 { return float64(i % 17) })
		n.until(begin.Add(60 * 24 * time.Hour))
		n.round()
		from, to := begin.Add(-24*time.Hour), begin.Add(96*time.Hour)
		old := map[rollup.Level][]string{}
		asOf := proof.Must(n.store.AsOf(n.store.Closed()))
		now := n.clock.UnixNano()
		for _, level := range Levels {
			old[level] = figuresOf(n.read(id, level, from, to))
		}
		_, cursor := n.feed(0)
		n.clock = n.clock.Add(time.Hour)
		n.spans = []CalendarSpan{{0, begin.Add(32 * time.Hour).UnixNano(), works("UTC")}, {begin.Add(32 * time.Hour).UnixNano(), telemetry.MaxTime, works("Asia/Shanghai")}}
		n.service.Changed(n.sides["a"])
		n.check("before it is worked in", id, telemetry.Span{From: from.UnixNano(), To: to.UnixNano()}, 0, 0)
		n.round()
		list, cursor := n.feed(cursor)
		withdrawn := 0
		for _, r := range list {
			if r.Level == rollup.LevelHour || r.Cause != Calendar {
				t.Errorf("%+v", r)
			}
			if r.Withdrawn {
				withdrawn++
			}
		}
		if withdrawn < 3 || len(list) < 5 {
			t.Errorf("%v", brief(list))
		}
		n.check("afterwards", id, telemetry.Span{From: from.UnixNano(), To: to.UnixNano()}, 0, 0)
		for _, level := range Levels {
			for _, r := range n.read(id, level, from, to) {
				if !r.Kept {
					t.Errorf("%s is not kept", r.Word.String())
				}
			}
			then := proof.Must(n.service.Read(t.Context(), Question{Series: id, Level: level, Span: telemetry.Span{From: from.UnixNano(), To: to.UnixNano()}, AsOf: asOf, Now: now}))
			if !slices.Equal(figuresOf(then), old[level]) {
				t.Errorf("%s as of before: %v\nwant %v", level, figuresOf(then), old[level])
			}
		}
		// The same again is nothing.
		n.service.Changed(n.sides["a"])
		n.close()
		n.open()
		n.round()
		if list, _ := n.feed(cursor); len(list) != 0 {
			t.Errorf("%v", brief(list))
		}
		// A longer silence from a time on restates what it touches.
		proof.Must(n.store.Declare(t.Context(), []telemetry.Declaration{{ID: id, Org: n.sides["a"], Type: telemetry.Float64, Unit: "kW", Report: telemetry.Periodic, MaxSilence: 3 * time.Minute, From: begin.Add(60 * time.Hour).UnixNano()}}))
		n.service.Changed(n.sides["a"])
		n.round()
		if list, _ := n.feed(cursor); len(list) < 10 || list[0].Cause != Silence || slices.ContainsFunc(list, func(r Restatement) bool { return r.To <= begin.Add(60*time.Hour).UnixNano() }) {
			t.Errorf("%v", brief(list))
		}
		n.check("with the other silence", id, telemetry.Span{From: from.UnixNano(), To: to.UnixNano()}, 0, 0)
	})
}

// A series that cannot be read does not keep the others from being right, and is made right once it can be.
func TestADamagedSeriesDoesNotStopTheOthers(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "UTC")
	a, b := n.declare(telemetry.Float64, 10*time.Minute), n.declare(telemetry.Float64, 10*time.Minute)
	n.clock = begin
	n.round()
	for _, id := range []uuid.UUID{a, b} {
		n.every(id, begin, begin.Add(5*time.Hour), 5*time.Minute, func(i int) float64 { return float64(i) })
	}
	n.until(begin.Add(30 * time.Hour))
	n.door.hurt, _ = n.store.Lookup(a)
	for _, id := range []uuid.UUID{a, b} {
		n.send(id, sample{at: begin.Add(time.Hour).UnixNano() + 1, value: 9})
	}
	var damage *telemetry.DamageError
	if err := n.service.round(t.Context()); !errors.As(err, &damage) {
		t.Fatal(err)
	}
	list, cursor := n.feed(0)
	if len(list) == 0 || slices.ContainsFunc(list, func(r Restatement) bool { return r.Series != b }) {
		t.Errorf("%v", brief(list))
	}
	n.close()
	n.open() // what is left is found again
	n.round()
	list, _ = n.feed(cursor)
	if len(list) != 3 || slices.ContainsFunc(list, func(r Restatement) bool { return r.Series != a }) {
		t.Errorf("%v", brief(list))
	}
}
