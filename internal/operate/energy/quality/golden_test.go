package quality

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// told is an assessment in one line per rule.
func toldOf(a *Assessment) string {
	var b strings.Builder
	for i := range a.Verdicts {
		v := a.Verdicts[i].view()
		fmt.Fprintf(&b, "%s %s %s %s %s\n", v.Rule, v.Status, v.Percent, v.Reason, v.Points)
	}
	fmt.Fprintf(&b, "score %s of %d", a.score().Points, a.Known)
	return b.String()
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
	}
}

// October 2026 in Berlin, calculated by hand. The clocks go back on the 25th: 745 hours, 2980 quarters.
//
//	counter   1.25 kWh a quarter. On the 10th at 12:00 it falls to 0: that quarter is lost. 2979 · 1.25 = 3723.75 kWh
//	gap       no answer from the 14th 22:10 on, first value the 15th 03:15. Hours 23, 0, 1, 2 have none: 741 of 745
//	          The 14th ends with the reading of 22:00 (110 kWh), the 15th has what was caught up (130 kWh)
//	backlog   the 20th 10:00 to 12:45 comes on the 22nd: nothing is missing, but the 20th is late
//	arrival   29 of 31 days: the 20th late, the 14th without its last hour
//	report    3600 kWh: +123.75, 3.44 %, recorded six hours after the end of the month
//	score     50·741/745 + 20 + 20·29/31 + 10 = 98.44
func TestAMonthOfTwentyFiveHours(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Europe/Berlin", time.Date(2026, 9, 30, 12, 0, 0, 0, time.UTC))
		m := w.meter("main")
		reset := w.at("2026-10-10 12:00")
		list := append(quarters(w.at("2026-09-30 20:00"), reset, 1000), quarters(reset, w.at("2026-11-01 00:15"), 0)...)
		silent := func(r reading) bool {
			return r.at.After(w.at("2026-10-14 22:10")) && r.at.Before(w.at("2026-10-15 03:15"))
		}
		list = slices.DeleteFunc(list, silent)
		at, _ := slices.BinarySearchFunc(list, w.at("2026-10-14 22:10"), func(r reading, t time.Time) int { return r.at.Compare(t) })
		list = slices.Insert(list, at, reading{at: w.at("2026-10-14 22:10"), status: noCommunication})
		backlog := func(r reading) bool {
			return !r.at.Before(w.at("2026-10-20 10:00")) && r.at.Before(w.at("2026-10-20 13:00"))
		}
		var late, first, second []reading
		for _, r := range list {
			switch {
			case backlog(r):
				late = append(late, r)
			case r.at.Before(w.at("2026-10-22 00:00")):
				first = append(first, r)
			default:
				second = append(second, r)
			}
		}
		w.daily(m, first)
		w.send(m, w.at("2026-10-22 09:00"), late...)
		w.daily(m, second)
		w.name(m, "2026-01-01", "")
		w.clock = w.at("2026-11-01 06:00")
		report := w.declare("oct", "2026-10-01", "2026-10-31", "3600", "kWh")
		w.declare("year", "2026-10-01", "2026-12-31", "9999", "kWh") // of another period
		w.clock = w.at("2026-11-03 09:00")

		a := w.assess(w.as(auth.Viewer), "2026-10")
		same(t, "rules", toldOf(a), `completeness met 99.46  49.73
deviation met 3.44  20.00
daily missed 93.55 not-in-time 18.71
monthly met   10.00
score 98.4 of 100`)
		if a.Expected != 745 || a.Actual != 741 || a.WattHours != 3_723_750 || a.Sum != "" || !a.Over || a.Report.fact != report.ID {
			t.Errorf("%d of %d, %d Wh, %q, over %v", a.Actual, a.Expected, a.WattHours, a.Sum, a.Over)
		}
		day := func(d int) string {
			x := a.Meters[0].Days[d-1]
			return fmt.Sprint(x.Date, " ", x.Actual, "/", x.Expected, " ", x.WattHours, " ", x.Arrival)
		}
		for d, want := range map[int]string{
			1: "2026-10-01 24/24 120000 in-time", 10: "2026-10-10 24/24 118750 in-time", 14: "2026-10-14 23/24 110000 absent", 15: "2026-10-15 21/24 130000 in-time",
			20: "2026-10-20 24/24 120000 late", 25: "2026-10-25 25/25 125000 in-time", 31: "2026-10-31 24/24 120000 in-time",
		} {
			same(t, "day", day(d), want)
		}
		if came := time.Unix(0, a.Meters[0].Days[19].Came); !came.Equal(w.at("2026-10-22 09:00")) {
			t.Errorf("the backlog came at %s", came)
		}
		if len(a.Gaps) != 1 || a.MoreGaps != 0 {
			t.Fatalf("gaps %+v", a.Gaps)
		}
		g := a.Gaps[0]
		if g.From != w.at("2026-10-14 22:10").UnixNano() || g.To != w.at("2026-10-15 03:15").UnixNano() || g.Hours != 4 || g.Cause != "no-communication" || g.Words.En == "" || g.Name.Zh != "设备无应答" {
			t.Errorf("gap %+v", g)
		}

		// The one who was granted it sees gaps without what names devices, and no report that was not granted.
		w.refuse["report"] = true
		b := w.assess(w.sides.As(auth.Viewer, "b"), "2026-10")
		same(t, "for another", toldOf(b), `completeness met 99.46  49.73
deviation unknown  no-consent 
daily missed 93.55 not-in-time 18.71
monthly unknown  no-consent 
score 97.8 of 70`)
		if b.Own || b.Gaps[0].Words.En != "" || b.Gaps[0].Name.En == "" {
			t.Errorf("another sees %+v", b.Gaps[0])
		}

		// What has expired: when it came is not known any more.
		w.refuse = map[string]bool{}
		w.horizon = w.at("2026-10-20 00:00").UnixNano()
		same(t, "expired", toldOf(w.assess(w.as(auth.Viewer), "2026-10")), `completeness met 99.46  49.73
deviation met 3.44  20.00
daily missed 91.67 not-in-time 18.33
monthly met   10.00
score 98.1 of 100`)
		w.horizon = w.at("2026-10-21 00:00").UnixNano()
		same(t, "what is left was in time", toldOf(w.assess(w.as(auth.Viewer), "2026-10")), `completeness met 99.46  49.73
deviation met 3.44  20.00
daily unknown  expired 
monthly met   10.00
score 99.7 of 80`)
	})
}

// March 2026 in Berlin: the clocks go forward on the 29th, 743 hours. The meter is named from the 11th to the 20th, another from
// the 21st on that never came; the running month is told as far as it has passed.
func TestARunningMonthAndMetersThatChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Europe/Berlin", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		m, silent := w.meter("first"), w.meter("second")
		w.daily(m, quarters(w.at("2026-03-10 12:00"), w.at("2026-03-19 18:15"), 100))
		w.name(m, "2026-03-11", "2026-03-20")
		w.name(silent, "2026-03-21", "")
		w.clock = w.at("2026-03-19 18:30")
		a := w.assess(w.as(auth.Viewer), "2026-03")
		// 8 days and 18 hours are due and came; the daily value of the 19th is not due.
		same(t, "running", toldOf(a), `completeness met 100.00  50.00
deviation unknown  not-over 
daily met 100.00  20.00
monthly unknown  not-over 
score 100.0 of 70`)
		if a.Expected != 8*24+18 || a.Over || len(a.Gaps) != 0 || a.WattHours != 8*120_000 {
			t.Errorf("%d due, over %v, gaps %+v, %d Wh", a.Expected, a.Over, a.Gaps, a.WattHours)
		}
		// The month is over: the second meter never came. 10·24 + 11·24 - 1 hours are due; 8·24 + 19 came (the reading of 18:00 is in the hour that
		// was not over before).
		w.clock = w.at("2026-04-03 08:00")
		a = w.assess(w.as(auth.Viewer), "2026-03")
		same(t, "over", toldOf(a), `completeness missed 41.95 below 20.97
deviation unknown  no-report 
daily missed 38.10 not-in-time 7.62
monthly missed  late 0.00
score 35.7 of 80`)
		if a.Expected != 10*24+11*24-1 || a.Actual != 8*24+19 || a.Sum != NoEdge || a.Days[0].Meters != 0 || a.Days[28].Expected != 23 {
			t.Errorf("%d of %d, %q", a.Actual, a.Expected, a.Sum)
		}
		if n := len(a.Gaps); n != 2 || a.Gaps[1].Cause != "before-first" || a.Gaps[1].Hours != 11*24-1 || a.Gaps[0].Hours != 24+6-1 {
			t.Errorf("gaps %+v", a.Gaps)
		}
		// Already more than the report, though the sum is not whole.
		w.declare("mar", "2026-03-01", "2026-03-31", "0.1", "万kWh")
		a = w.assess(w.as(auth.Viewer), "2026-03")
		if v := a.Verdicts[1]; v.Status != Unknown || v.Reason != NoEdge {
			t.Errorf("%+v", v)
		}
	})
}

// A month that a meter began in its middle, without a reading before: its sum is not known; hours before it was there are not due.
func TestAMeterThatBegan(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Asia/Shanghai", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
		m := w.meter("main")
		w.points[0].From = w.at("2026-05-20 08:30").UnixNano()
		w.daily(m, quarters(w.at("2026-05-20 08:30"), w.at("2026-06-01 00:15"), 5))
		w.name(m, "2026-05-01", "")
		w.clock = w.at("2026-06-01 09:00")
		w.declare("may", "2026-05-01", "2026-05-31", "900", "kWh")
		a := w.assess(w.as(auth.Viewer), "2026-05")
		same(t, "began", toldOf(a), `completeness met 100.00  50.00
deviation missed 46.67 over-report 0.00
daily met 100.00  20.00
monthly met   10.00
score 80.0 of 100`)
		// From 09:00 on the 20th: 15 hours, then 11 days of 120 kWh. What the 20th counted before its first reading is not known.
		if a.Expected != 15+11*24 || a.WattHours != 1_320_000 || a.Meters[0].Days[19].Known || a.Sum != NoEdge {
			t.Errorf("%d due, %d Wh, %q", a.Expected, a.WattHours, a.Sum)
		}
	})
}
