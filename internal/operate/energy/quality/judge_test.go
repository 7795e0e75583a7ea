package quality

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/big"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/calendar"
	"jingwei/internal/telemetry/health"
	"jingwei/internal/telemetry/rollup"
	"jingwei/internal/telemetry/rollup/kept"
)

func TestHoursOfMonths(t *testing.T) {
	all := func(text string) []kept.CalendarSpan {
		return []kept.CalendarSpan{{From: 0, To: telemetry.MaxTime, Calendar: proof.Must(calendar.Parse([]byte(text)))}}
	}
	for _, c := range []struct {
		month, calendar string
		hours           int
		odd             string // the date that has not 24
	}{
		{"2026-10", `{"zone":"Asia/Shanghai"}`, 744, ""},
		{"2026-02", `{"zone":"Asia/Shanghai"}`, 672, ""},
		{"2026-10", `{"zone":"Europe/Berlin"}`, 745, "2026-10-25 25"},
		{"2026-03", `{"zone":"Europe/Berlin"}`, 743, "2026-03-29 23"},
		{"2026-03", `{"zone":"Europe/Berlin","dayStart":"07:50"}`, 743, "2026-03-28 23"}, // the night to the 29th belongs to the 28th
		{"2026-10", `{"zone":"Asia/Kolkata","dayStart":"06:00","monthStart":26}`, 744, ""},
		{"2011-12", `{"zone":"Pacific/Apia"}`, 720, "2011-12-30 0"}, // the clocks left out a day
		{"2026-10", `{"zone":"Pacific/Kiritimati","dayStart":"23:00"}`, 744, ""},
	} {
		m, ok := ParseMonth(c.month)
		if !ok {
			t.Fatal(c.month)
		}
		days := m.days(all(c.calendar))
		hours, odd, end := 0, "", int64(0)
		for _, d := range days {
			hours += len(d.hours)
			if len(d.hours) != 24 {
				odd += fmt.Sprint(d.date, " ", len(d.hours))
			}
			if len(d.hours) > 0 && end != 0 && d.from != end {
				t.Errorf("%s %s: %s does not follow the day before", c.month, c.calendar, d.date)
			}
			if len(d.hours) > 0 {
				end = d.to
			}
		}
		if hours != c.hours || odd != c.odd || len(days) != len(m.dates) {
			t.Errorf("%s %s: %d hours, %q; want %d, %q", c.month, c.calendar, hours, odd, c.hours, c.odd)
		}
	}
	// A machine that was moved to a site with another zone in the middle of a day: the hours of both, each once.
	moved := proof.Must(time.Parse(time.RFC3339, "2026-05-10T12:00:00+08:00")).UnixNano()
	spans := []kept.CalendarSpan{{From: 0, To: moved, Calendar: proof.Must(calendar.Plain("Asia/Shanghai"))}, {From: moved, To: telemetry.MaxTime, Calendar: proof.Must(calendar.Plain("Asia/Tokyo"))}}
	m, _ := ParseMonth("2026-05")
	d := m.days(spans)[9]
	if len(d.hours) != 23 || d.hours[12].from != moved {
		t.Errorf("%d hours", len(d.hours))
	}
	for _, s := range []string{"", "2026", "2026-13", "2026-1", "1969-12", "2026-10-01", "2200-01"} {
		if _, ok := ParseMonth(s); ok {
			t.Errorf("%q is a month", s)
		}
	}
}

func TestExactEnergy(t *testing.T) {
	row := func(flags rollup.Flags, hi, lo float64) *rollup.Row {
		return &rollup.Row{Flags: flags, Consumption: rollup.Total{Hi: hi, Lo: lo}}
	}
	for _, c := range []struct {
		row  *rollup.Row
		unit string
		want int64
		ok   bool
	}{
		{row(rollup.HasCounter, 3723.75, 0), "kW.h", 3_723_750, true},
		{row(rollup.HasCounter, 0.1, 0), "kW.h", 100, true},
		{row(rollup.HasCounter, 0.0005, 0), "kW.h", 1, true}, // half a Wh, rounded away
		{row(rollup.HasCounter, 36, 0), "GJ", 10_000_000, true},
		{row(rollup.HasCounter, 7.2, 0), "TJ", 2_000_000_000, true},
		{row(rollup.HasCounter, 1<<53, 1), "W.h", 1<<53 + 1, true}, // more than a float64 holds
		{row(rollup.HasCounter, -1, 0), "kW.h", 0, false},
		{row(rollup.HasCounter|rollup.Unread, 5, 0), "kW.h", 0, false},
		{row(0, 5, 0), "kW.h", 0, false},
		{row(rollup.HasCounter, math.Inf(1), 0), "kW.h", 0, false},
		{row(rollup.HasCounter, 1e300, 0), "kW.h", 0, false},
	} {
		f, known := factor(c.unit)
		if !known {
			t.Fatal(c.unit)
		}
		if got, ok := consumed(c.row, f); ok != c.ok || ok && got != c.want {
			t.Errorf("%v %s: %d, %v; want %d, %v", c.row.Consumption, c.unit, got, ok, c.want, c.ok)
		}
	}
	for _, unit := range []string{"m3", "", "???", "Cel"} {
		if _, ok := factor(unit); ok {
			t.Errorf("%q is energy", unit)
		}
	}
}

func TestJudging(t *testing.T) {
	rules := proof.Must(proof.Must(Load(shipped)).get(""))
	const end = int64(40 * dayLength)
	day := int64(dayLength)
	full := func(change func(*sums)) *sums {
		s := &sums{meters: 1, expected: 100, actual: 100, days: 10, inTime: 10, over: true, wattHours: 1_000_000, counted: true, end: end, now: end + 10*day,
			report: report{wattHours: big.NewRat(1_000_000, 1), came: end}}
		change(s)
		return s
	}
	for _, c := range []struct {
		name   string
		change func(*sums)
		want   string
	}{
		{"all is well", func(*sums) {}, "met met met met 100.0/100"},
		{"at the limits", func(s *sums) { s.actual, s.wattHours = 90, 1_050_000 }, "met met met met 95.0/100"},
		{"just below", func(s *sums) { s.expected, s.actual = 10_000, 8_999 }, "missed(below) met met met 95.0/100"},
		{"just above", func(s *sums) { s.wattHours = 1_050_001 }, "met missed(deviates) met met 100.0/100"},
		{"less than the report", func(s *sums) { s.wattHours = 875_000 }, "met missed(deviates) met met 90.0/100"},
		{"far off", func(s *sums) { s.wattHours = 2_000_000 }, "met missed(deviates) met met 80.0/100"},
		{"one day late", func(s *sums) { s.inTime = 9 }, "met met missed(not-in-time) met 98.0/100"},
		{"no meters", func(s *sums) { *s = sums{end: end, now: end + 10*day, over: true, report: report{lack: NoReport}} }, "unknown(no-meters) unknown(no-meters) unknown(no-meters) missed(late) /0"},
		{"nothing due", func(s *sums) {
			s.expected, s.actual, s.days, s.inTime, s.over, s.counted, s.now, s.report = 0, 0, 0, 0, false, false, end-29*day, report{lack: NoReport}
		}, "unknown(nothing-due) unknown(not-over) unknown(nothing-due) unknown(not-over) /0"},
		{"no report", func(s *sums) { s.report = report{lack: NoReport} }, "met unknown(no-report) met missed(late) 87.5/80"},
		{"report still in its window", func(s *sums) { s.report, s.now = report{lack: NoReport}, end+day }, "met unknown(no-report) met unknown(not-over) 100.0/70"},
		{"report at the end of the window", func(s *sums) { s.report.came = end + day }, "met met met met 100.0/100"},
		{"report after it", func(s *sums) { s.report.came = end + day + 1 }, "met met met missed(late) 90.0/100"},
		{"report before it", func(s *sums) { s.report.came = end - day - 1 }, "met met met missed(early) 90.0/100"},
		{"reports that differ", func(s *sums) { s.report = report{lack: Ambiguous, came: end} }, "met unknown(ambiguous) met met 100.0/80"},
		{"a report of nothing", func(s *sums) { s.report.wattHours = new(big.Rat) }, "met unknown(zero-report) met met 100.0/80"},
		{"no consent", func(s *sums) { s.report = report{lack: NoConsent} }, "met unknown(no-consent) met unknown(no-consent) 100.0/70"},
		{"the sum is not whole", func(s *sums) { s.lack = NoEdge }, "met unknown(no-edge) met met 100.0/80"},
		{"not whole, and too much already", func(s *sums) { s.lack, s.wattHours = NotNamed, 1_100_000 }, "met missed(over-report) met met 93.3/100"},
		{"too much, but perhaps of before", func(s *sums) { s.lack, s.wattHours, s.carried = NoEdge, 1_100_000, true }, "met unknown(no-edge) met met 100.0/80"},
		{"too much before the month is over", func(s *sums) { s.over, s.wattHours = false, 1_300_000 }, "met missed(over-report) met met 80.0/100"},
		{"damaged", func(s *sums) { s.damaged = true }, "unknown(damaged) unknown(damaged) unknown(damaged) met /0"},
		{"all has expired", func(s *sums) { s.days, s.inTime, s.expired = 0, 0, true }, "met met unknown(expired) met 100.0/80"},
	} {
		verdicts := judge(rules, full(c.change))
		var words []string
		for _, v := range verdicts {
			w := string(v.Status)
			if v.Reason != "" {
				w += "(" + string(v.Reason) + ")"
			}
			words = append(words, w)
		}
		tenths, known, ok := Score(verdicts)
		score := fmt.Sprintf("%d.%d", tenths/10, tenths%10)
		if !ok {
			score = ""
		}
		if got := strings.Join(words, " ") + fmt.Sprintf(" %s/%d", score, known); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestGapsAndTheHoursTheyCost(t *testing.T) {
	const h = int64(time.Hour)
	m := &Meter{Point: Point{ID: uuid.New()}, Days: []MeterDay{{absent: []hour{{22 * h, 23 * h}, {23 * h, 24 * h}}}, {absent: []hour{{24 * h, 25 * h}, {30 * h, 31 * h}, {31 * h, 32 * h}, {40 * h, 41 * h}}}}}
	// Cut at 24 h: one gap over midnight, whose longer piece says why.
	seam := join([]Gap{{From: 21*h + h/2, To: 24 * h, Cause: health.Silence}}, []Gap{{From: 24 * h, To: 30*h + h/4, Cause: health.GatewayOffline, Open: true}}, 24*h)
	if len(seam) != 1 || seam[0].To != 30*h+h/4 || seam[0].Cause != health.GatewayOffline || !seam[0].Open {
		t.Fatalf("%+v", seam)
	}
	if apart := join([]Gap{{From: 20 * h, To: 23 * h}}, []Gap{{From: 24 * h, To: 25 * h}}, 24*h); len(apart) != 2 {
		t.Errorf("%+v", apart)
	}
	out := m.cost(seam)
	if len(out) != 3 || out[0].Hours != 4 || out[1].From != 31*h || out[1].Hours != 1 || out[2].Cause != Sparse || out[2].From != 40*h {
		t.Errorf("%+v", out)
	}
}

func TestRulesAreChecked(t *testing.T) {
	good := string(proof.Must(fs.ReadFile(shipped, Dir+"/"+DefaultRules+".yaml")))
	for _, c := range []struct{ old, new, where string }{
		{"atLeast: '90'", "atLeast: '900'", "$.completeness.atLeast"},
		{"atMost: '5'", "atMost: '1/2'", "$.deviation.atMost"},
		{"zeroAt: '20'", "zeroAt: '5'", "$.deviation.zeroAt"},
		{"edge: 3", "edge: 0", "$.deviation.edge"},
		{"within: 60", "within: -1", "$.daily.within"},
		{"weight: 50", "weight: 60", "$.completeness.weight"},
		{"{zh: '月数据 ±1 天', en: 'Monthly data within 1 day'}", "{zh: '月数据 ±1 天', en: ''}", "$.monthly"},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%s is not in the pack", c.old)
		}
		_, err := Load(fstest.MapFS{Dir + "/" + DefaultRules + ".yaml": {Data: []byte(text)}})
		var faults pack.Faults
		if !errors.As(err, &faults) || faults[0].Where != c.where && !strings.Contains(err.Error(), strings.TrimPrefix(c.where, "$.")) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	// One's own rules stand beside those that ship.
	own := strings.ReplaceAll(strings.Replace(good, "atLeast: '90'", "atLeast: '99.9'", 1), "id: energy-monitoring", "id: city")
	l := proof.Must(Load(fstest.MapFS{Dir + "/energy-monitoring.yaml": {Data: []byte(good)}, Dir + "/city.yaml": {Data: []byte(own)}}))
	if all := l.All(); len(all) != 2 || all[0].ID != DefaultRules {
		t.Errorf("%d rules, %s first", len(all), all[0].ID)
	}
	if v := judge(proof.Must(l.get("city")), &sums{meters: 1, expected: 1000, actual: 998, report: report{lack: NoReport}})[0]; v.Status != Missed {
		t.Errorf("%+v", v)
	}
	if _, err := l.get("none"); !errors.Is(err, ErrRules) {
		t.Error(err)
	}
	if _, err := Load(fstest.MapFS{Dir + "/city.yaml": {Data: []byte(own)}}); err == nil {
		t.Error("no default rules")
	}
}

func TestEveryProblemReasonAndCauseHasWords(t *testing.T) {
	if missing := proof.Must(problem.ReadCatalogue(texts, "texts")).Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
	for _, r := range []Reason{NoMeters, NothingDue, NotOver, NoReport, Ambiguous, WrongUnit, ZeroReport, NoConsent, NoCounter, NoEdge, NotNamed, Expired, Early, Late, Damaged, OverReport, Below, NotInTime, Deviates} {
		if w := r.Text(); w.Zh == "" || w.En == "" {
			t.Errorf("%s has no words", r)
		}
	}
	for _, c := range []health.Cause{health.NotConnected, health.BeforeFirst, health.Withdrawn, health.GatewayOffline, health.GatewayDropped, health.GatewayConfig, health.LinkDown, health.SourceDown, health.NodeDown, health.NoCommunication, health.DeviceBad, health.NotSure, health.NotANumber, health.DatedAhead, health.Unreadable, health.Silence, Sparse} {
		if w := causeWords[c]; w.Zh == "" || w.En == "" {
			t.Errorf("%s has no words", c)
		}
	}
}
