package calendar

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/text"
)

func shiftAt(id, start, end string) WorkShift {
	return WorkShift{ID: id, Name: text.Both(id), Start: start, End: end}
}

func must(t *testing.T, d Definition) Calendar {
	t.Helper()
	c, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t *testing.T, s string) int64 {
	t.Helper()
	x, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return x.UnixNano()
}

// check compares one bucket and its name.
func check(t *testing.T, c Calendar, level Level, when, from, to, name string) {
	t.Helper()
	f, g := c.Bucket(level, at(t, when))
	if f != at(t, from) || g != at(t, to) {
		t.Errorf("%s of %s: got %v, want [%s, %s)", level, when, times([]int64{f, g}), from, to)
	}
	if got := c.Name(level, f).In("en"); got != name {
		t.Errorf("%s of %s is called %q, want %q", level, when, got, name)
	}
}

func TestDaysAndHoursWhenClocksChange(t *testing.T) {
	berlin := must(t, Definition{Zone: "Europe/Berlin"})
	check(t, berlin, Day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29") // 23 h
	check(t, berlin, Day, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-25") // 25 h
	check(t, berlin, Hour, "2026-10-25T00:59:59.999Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25 02:00 +02:00")
	check(t, berlin, Hour, "2026-10-25T01:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25 02:00 +01:00")
	check(t, berlin, Month, "2026-10-25T12:00:00Z", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", "2026-10")
	check(t, berlin, Minute, "2026-10-25T12:34:56Z", "2026-10-25T12:34:00Z", "2026-10-25T12:35:00Z", "2026-10-25 13:34")

	howe := must(t, Definition{Zone: "Australia/Lord_Howe"})
	// 2026-04-05: at 02:00 (+11:00) the clocks go back to 01:30 (+10:30): the half hour is shown twice.
	check(t, howe, Hour, "2026-04-04T14:30:00Z", "2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z", "2026-04-05 01:00")
	check(t, howe, Hour, "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z", "2026-04-05 01:30 +10:30")
	check(t, howe, Hour, "2026-04-04T15:30:00Z", "2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z", "2026-04-05 02:00")
	check(t, howe, Day, "2026-04-05T00:00:00Z", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z", "2026-04-05") // 24 h 30 min
	// 2026-10-04: at 02:00 (+10:30) they go forward to 02:30 (+11:00).
	check(t, howe, Hour, "2026-10-03T15:40:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z", "2026-10-04 02:30")

	check(t, must(t, Definition{Zone: "Asia/Kathmandu"}), Hour, "2026-11-22T00:00:00Z", "2026-11-21T23:15:00Z", "2026-11-22T00:15:00Z", "2026-11-22 05:00")
	check(t, must(t, Definition{Zone: "America/St_Johns"}), Hour, "2026-11-22T00:00:00Z", "2026-11-21T23:30:00Z", "2026-11-22T00:30:00Z", "2026-11-21 20:00")

	shanghai := must(t, Definition{Zone: "Asia/Shanghai"})
	check(t, shanghai, Day, "1986-05-04T12:00:00+08:00", "1986-05-03T16:00:00Z", "1986-05-04T15:00:00Z", "1986-05-04") // 23 h
	check(t, shanghai, Day, "2026-11-22T00:00:00+08:00", "2026-11-21T16:00:00Z", "2026-11-22T16:00:00Z", "2026-11-22")

	apia := must(t, Definition{Zone: "Pacific/Apia"})
	check(t, apia, Day, "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-29")
	check(t, apia, Day, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", "2011-12-31")

	troll := must(t, Definition{Zone: "Antarctica/Troll"})
	check(t, troll, Day, "2026-03-29T12:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29") // 22 h
}

// A day that begins at a time the clocks leave out begins at the first instant after; one that they show twice at the
// first.
func TestGapsAndFolds(t *testing.T) {
	c := must(t, Definition{Zone: "Europe/Berlin", DayStart: "02:30"})
	check(t, c, Day, "2026-03-29T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "2026-03-29")
	check(t, c, Day, "2026-10-25T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-25")
	// Clocks in Newfoundland once went back at 00:01, to 23:01 of the day before: that day had already begun.
	j := must(t, Definition{Zone: "America/St_Johns"})
	check(t, j, Day, "2010-11-07T02:45:00Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z", "2010-11-07")
	// In São Paulo summer began at midnight: that day begins at 01:00.
	check(t, must(t, Definition{Zone: "America/Sao_Paulo"}), Day, "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z", "2018-11-04")
}

func TestNightShiftHasSevenOrNineHours(t *testing.T) {
	c := must(t, Definition{Zone: "Europe/Berlin", Patterns: []Pattern{{
		Shifts: []WorkShift{shiftAt("N", "22:00", "06:00"), shiftAt("E", "06:00", "14:00"), shiftAt("L", "14:00", "22:00")},
		Cycle:  &Cycle{Days: [][]Turn{{{Shift: "N"}, {Shift: "E"}, {Shift: "L"}}}},
	}}})
	check(t, c, Shift, "2026-03-29T00:30:00Z", "2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z", "2026-03-28 N")
	check(t, c, Shift, "2026-10-25T01:30:00Z", "2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z", "2026-10-24 N")
	check(t, c, Shift, "2026-10-25T05:00:00Z", "2026-10-25T05:00:00Z", "2026-10-25T13:00:00Z", "2026-10-25 E")
}

func TestFourCrewsOnThreeShifts(t *testing.T) {
	c := must(t, Presets("Asia/Shanghai")[3].Definition)
	// 2026-01-01 is the first day: A early, D late, C night.
	for day, want := range []string{"adc", "adc", "bad", "bad", "cba", "cba", "dcb", "dcb", "adc"} {
		got := ""
		for _, hour := range []int{8, 16, 24} {
			got += c.Duty(time.Date(2026, 1, 1+day, hour-8, 0, 0, 0, time.UTC).UnixNano()).Crew
		}
		if got != want {
			t.Errorf("day %d is worked by %s, want %s", day+1, got, want)
		}
	}
	n := c.Name(Shift, at(t, "2026-01-02T03:00:00+08:00"))
	if n.Zh != "2026-01-01 夜班 丙班" || n.En != "2026-01-01 Night Crew C" {
		t.Errorf("the night that belongs to the day before is called %+v", n)
	}
	check(t, c, Day, "2026-01-02T07:59:59+08:00", "2026-01-01T08:00:00+08:00", "2026-01-02T08:00:00+08:00", "2026-01-01")
}

func TestExceptionsMoveWorkingDays(t *testing.T) {
	d := Presets("Asia/Shanghai")[0].Definition
	d.Exceptions = []Exception{
		{Date: "2026-10-10", Name: text.Text{Zh: "国庆节调休"}, As: "wed"},
		{Date: "2026-10-01", Last: "2026-10-07", Name: text.Text{Zh: "国庆节"}, Off: true},
		{Date: "2026-09-20", As: "2026-10-06"}, // worked as that Tuesday is by its pattern, not by its exception
		{Date: "2026-11-22", Turns: []Turn{{Shift: "day"}}},
	}
	c := must(t, d)
	for day, want := range map[string]bool{
		"2026-09-30": true, "2026-10-01": false, "2026-10-07": false, "2026-10-08": true, "2026-10-10": true, "2026-10-11": false,
		"2026-09-20": true, "2026-09-19": false, "2026-11-22": true,
	} {
		noon := at(t, day+"T12:00:00+08:00")
		if got := c.Duty(noon); (got.Shift == "day") != want || c.Works(noon) != want || got.Day != day {
			t.Errorf("%s: got %+v, want a shift: %t", day, got, want)
		}
	}
	if got := c.Duty(at(t, "2026-10-03T12:00:00+08:00")).Exception.Zh; got != "国庆节" {
		t.Errorf("the holiday is called %q", got)
	}
	check(t, c, Shift, "2026-10-03T12:00:00+08:00", "2026-10-03T00:00:00+08:00", "2026-10-04T00:00:00+08:00", "2026-10-03 no shift 00:00")
	check(t, c, Shift, "2026-10-08T07:00:00+08:00", "2026-10-08T00:00:00+08:00", "2026-10-08T08:00:00+08:00", "2026-10-08 no shift 00:00")
	check(t, c, Shift, "2026-10-08T18:00:00+08:00", "2026-10-08T17:00:00+08:00", "2026-10-09T00:00:00+08:00", "2026-10-08 no shift 17:00")
}

// Where a pattern takes over, the shift that still runs ends as the next begins.
func TestPatternTakesOver(t *testing.T) {
	c := must(t, Definition{Zone: "Asia/Shanghai", Patterns: []Pattern{
		{Shifts: []WorkShift{shiftAt("day", "08:00", "20:00"), shiftAt("night", "20:00", "08:00")}, Cycle: &Cycle{Days: [][]Turn{{{Shift: "day"}, {Shift: "night"}}}}},
		{From: "2026-06-01", Shifts: []WorkShift{{ID: "e", Name: text.Both("e"), Start: "06:00", Length: "8h30m"}}, Cycle: &Cycle{Days: [][]Turn{{{Shift: "e"}}}}},
		{From: "2026-07-01"},
	}})
	check(t, c, Shift, "2026-06-01T05:59:00+08:00", "2026-05-31T20:00:00+08:00", "2026-06-01T06:00:00+08:00", "2026-05-31 night")
	check(t, c, Shift, "2026-06-01T06:00:00+08:00", "2026-06-01T06:00:00+08:00", "2026-06-01T14:30:00+08:00", "2026-06-01 e")
	check(t, c, Shift, "2026-07-02T06:00:00+08:00", "2026-07-02T00:00:00+08:00", "2026-07-03T00:00:00+08:00", "2026-07-02 no shift 00:00")
}

func TestAccountingMonth(t *testing.T) {
	late := must(t, Definition{Zone: "Asia/Shanghai", MonthStart: 26, DayStart: "08:00"})
	check(t, late, Month, "2026-11-22T12:00:00+08:00", "2026-10-26T08:00:00+08:00", "2026-11-26T08:00:00+08:00", "2026-11")
	check(t, late, Month, "2026-12-31T12:00:00+08:00", "2026-12-26T08:00:00+08:00", "2027-01-26T08:00:00+08:00", "2027-01")
	early := must(t, Definition{Zone: "Asia/Shanghai", MonthStart: 6})
	check(t, early, Month, "2027-01-05T12:00:00+08:00", "2026-12-06T00:00:00+08:00", "2027-01-06T00:00:00+08:00", "2026-12")
}

func TestVersionChangesWhenTheMeaningDoes(t *testing.T) {
	base := Presets("Asia/Shanghai")[2].Definition
	a := must(t, base)
	same := base
	same.MonthStart = 1
	same.Patterns = slices.Clone(base.Patterns)
	same.Patterns[0].Shifts = slices.Clone(base.Patterns[0].Shifts)
	same.Patterns[0].Shifts[0].End, same.Patterns[0].Shifts[0].Length = "", "8h"
	if b := must(t, same); b.Version() != a.Version() {
		t.Errorf("the same calendar in other words has version %s, not %s", b.Version(), a.Version())
	}
	if base.Patterns[0].Shifts[0].End != "16:00" || same.Patterns[0].Shifts[0].Length != "8h" {
		t.Error("New changed what it was given")
	}
	seen := map[string]string{a.Version(): "base"}
	for name, change := range map[string]func(*Definition){
		"zone":       func(d *Definition) { d.Zone = "Asia/Urumqi" },
		"day start":  func(d *Definition) { d.DayStart = "07:00" },
		"month":      func(d *Definition) { d.MonthStart = 2 },
		"exception":  func(d *Definition) { d.Exceptions = []Exception{{Date: "2026-10-01", Off: true}} },
		"no pattern": func(d *Definition) { d.Patterns = nil },
	} {
		d := base
		change(&d)
		v := must(t, d).Version()
		if other, ok := seen[v]; ok || len(v) != 32 {
			t.Errorf("%s: version %q is that of %s", name, v, other)
		}
		seen[v] = name
	}
	// Two names of the same clocks have the same rules.
	if a, b := must(t, Definition{Zone: "Asia/Shanghai"}), must(t, Definition{Zone: "PRC"}); a.ZoneVersion() != b.ZoneVersion() || a.Version() == b.Version() {
		t.Error("Asia/Shanghai and PRC: the same rules under two names were expected")
	}
	if a, b := must(t, Definition{Zone: "Asia/Shanghai"}), must(t, Definition{Zone: "Asia/Singapore"}); a.ZoneVersion() == b.ZoneVersion() {
		t.Error("Shanghai and Singapore have the same history of clocks")
	}
}

// A zone's rules are the identity of all roll-ups by it; this pins what they are made of.
func TestVersionIsStable(t *testing.T) {
	if got, want := must(t, Definition{Zone: "UTC"}).Version(), "ba762eec9a9c58c24dabf43796544bcf"; got != want {
		t.Errorf("UTC has version %s, want %s", got, want)
	}
	if got, want := must(t, Presets("Asia/Shanghai")[3].Definition).Version(), "7448ad7b78451ba107b861f45985c3a2"; got != want {
		t.Errorf("four crews in Shanghai have version %s, want %s", got, want)
	}
	var zero Calendar
	if zero.Version() != must(t, Definition{Zone: "UTC"}).Version() || zero.Zone() != "UTC" {
		t.Error("the zero calendar is not that of UTC")
	}
}

func TestJSONRoundTrip(t *testing.T) {
	d := Presets("Europe/Berlin")[3].Definition
	d.Exceptions = []Exception{{Date: "2026-12-31", Turns: []Turn{{Shift: "late"}, {Shift: "early", Crew: "a"}}}, {Date: "2026-12-25", Last: "2026-12-26", Off: true}}
	a := must(t, d)
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var back Calendar
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if back.Version() != a.Version() {
		t.Errorf("read back: version %s, was %s\n%s", back.Version(), a.Version(), b)
	}
}

const office = `# a small works
zone: Asia/Shanghai
dayStart: 08:00
patterns:
  - shifts:
      - {id: day, name: {zh: 白班, en: Day}, start: 08:00, length: 9h}
    week:
      mon: [{shift: day}]
exceptions:
  - {date: 2026-10-10, as: mon, name: {zh: 调休}}
`

func TestYAML(t *testing.T) {
	c, err := Parse([]byte(office))
	if err != nil {
		t.Fatal(err)
	}
	check(t, c, Shift, "2026-10-10T12:00:00+08:00", "2026-10-10T08:00:00+08:00", "2026-10-10T17:00:00+08:00", "2026-10-10 Day")
}

func TestFaultsNameFieldValueAndMend(t *testing.T) {
	shift := `{"id":"a","name":{"zh":"早"},"start":"08:00","end":"16:00"}`
	for _, x := range []struct{ name, doc, field, value, says string }{
		{"empty", ``, "", "", "empty"},
		{"no zone", `{}`, "zone", "", "is not an IANA time zone"},
		{"unknown zone", `{"zone":"Asia/Peking"}`, "zone", "Asia/Peking", "is not an IANA time zone"},
		{"local", `{"zone":"Local"}`, "zone", "Local", "is not an IANA"},
		{"a path", `{"zone":"../etc/passwd"}`, "zone", "../etc/passwd", "is not an IANA"},
		{"half minutes", `{"zone":"Africa/Monrovia"}`, "zone", "Africa/Monrovia", "no whole minutes from UTC"},
		{"unknown field", `{"zone":"UTC","shifts":[]}`, "", "", `unknown field "shifts"`},
		{"unknown field in YAML", "zone: UTC\nshifts: []\n", "", "", `line 2: unknown field "shifts"`},
		{"twice", `{"zone":"UTC","zone":"PRC"}`, "zone", "", "given twice"},
		{"alias", "zone: &a UTC\n", "", "", "anchors"},
		{"wrong kind", `{"zone":"UTC","monthStart":"1"}`, "monthStart", "string", "want int"},
		{"more", `{"zone":"UTC"}{}`, "", "", "more follows"},
		{"day start", `{"zone":"UTC","dayStart":"24:00"}`, "dayStart", "24:00", "from 00:00 to 23:59"},
		{"month start", `{"zone":"UTC","monthStart":29}`, "monthStart", "29", "1 to 28"},
		{"second pattern undated", `{"zone":"UTC","patterns":[{},{}]}`, "patterns[1].from", "", "give the first date"},
		{"patterns out of order", `{"zone":"UTC","patterns":[{"from":"2026-02-01"},{"from":"2026-01-01"}]}`, "patterns[1].from", "2026-01-01", "later"},
		{"no such date", `{"zone":"UTC","patterns":[{"from":"2026-02-30"}]}`, "patterns[0].from", "2026-02-30", "is not a date"},
		{"shift without an end", `{"zone":"UTC","patterns":[{"shifts":[{"id":"a","name":{"zh":"早"},"start":"08:00"}]}]}`, "patterns[0].shifts[0].end", "", "either end or length"},
		{"long shift", `{"zone":"UTC","patterns":[{"shifts":[{"id":"a","name":{"zh":"早"},"start":"08:00","length":"25h"}]}]}`, "patterns[0].shifts[0].length", "25h", "at most 24h"},
		{"nameless", `{"zone":"UTC","patterns":[{"shifts":[{"id":"a","name":{},"start":"08:00","end":"09:00"}]}]}`, "patterns[0].shifts[0].name", "", "is empty"},
		{"same shift", `{"zone":"UTC","patterns":[{"shifts":[` + shift + `,` + shift + `]}]}`, "patterns[0].shifts[1].id", "a", "another shift"},
		{"unknown shift", `{"zone":"UTC","patterns":[{"shifts":[` + shift + `],"week":{"mon":[{"shift":"b"}]}}]}`, "patterns[0].week.mon[0].shift", "b", "is no shift"},
		{"unknown crew", `{"zone":"UTC","patterns":[{"shifts":[` + shift + `],"week":{"mon":[{"shift":"a","crew":"x"}]}}]}`, "patterns[0].week.mon[0].crew", "x", "is no crew"},
		{"unknown weekday", `{"zone":"UTC","patterns":[{"week":{"Monday":[]}}]}`, "patterns[0].week", "Monday", "is not a weekday"},
		{"overlap in a day", `{"zone":"UTC","patterns":[{"shifts":[` + shift + `,{"id":"b","name":{"zh":"中"},"start":"15:00","end":"23:00"}],"cycle":{"days":[[{"shift":"a"},{"shift":"b"}]]}}]}`,
			"patterns[0].cycle.days[0]", "a, b", "shift a (until 16:00) overlaps the following b (from 15:00)"},
		{"overlap over midnight", `{"zone":"UTC","patterns":[{"shifts":[{"id":"n","name":{"zh":"夜"},"start":"20:00","end":"09:00"},` + shift + `],"week":{"sun":[{"shift":"n"}],"mon":[{"shift":"a"}]}}]}`,
			"patterns[0]", "n, a", "overlaps"},
		{"cycle without a beginning", `{"zone":"UTC","patterns":[{"cycle":{"days":[[],[]]}}]}`, "patterns[0].cycle.first", "", "first of the cycle"},
		{"week and cycle", `{"zone":"UTC","patterns":[{"week":{},"cycle":{"days":[[]]}}]}`, "patterns[0].cycle", "", "not both"},
		{"exception of nothing", `{"zone":"UTC","exceptions":[{"date":"2026-01-01"}]}`, "exceptions[0]", "2026-01-01", "exactly one"},
		{"two exceptions", `{"zone":"UTC","exceptions":[{"date":"2026-01-01","last":"2026-01-03","off":true},{"date":"2026-01-02","off":true}]}`, "exceptions[1].date", "2026-01-02", "keep one"},
		{"weekday in a cycle", `{"zone":"UTC","patterns":[{"shifts":[` + shift + `],"cycle":{"days":[[{"shift":"a"}]]}}],"exceptions":[{"date":"2026-01-02","as":"mon"}]}`, "exceptions[0].as", "mon", "write a date"},
		{"backwards", `{"zone":"UTC","exceptions":[{"date":"2026-01-02","last":"2026-01-01","off":true}]}`, "exceptions[0].last", "2026-01-01", "not be before"},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, err := Parse([]byte(x.doc))
			var f Faults
			if !errors.As(err, &f) {
				t.Fatalf("got %v, want faults", err)
			}
			if f[0].Field != x.field || f[0].Value != x.value || !strings.Contains(f[0].Text.En, x.says) || f[0].Text.Zh == "" {
				t.Errorf("got %+v, want %s %q: … %s …", f[0], x.field, x.value, x.says)
			}
		})
	}
	big := append([]byte(`{"zone":"UTC"`), slices.Repeat([]byte{' '}, MaxDocument)...)
	if _, err := Parse(big); err == nil || !strings.Contains(err.Error(), "at most 262144 fit") {
		t.Errorf("a large document: got %v", err)
	}
}

func TestFarTimesStayInRange(t *testing.T) {
	c := must(t, Presets("America/New_York")[2].Definition)
	for _, x := range []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, math.MaxInt64 - 1, math.MaxInt64} {
		for _, level := range []Level{Minute, Hour, Shift, Day, Month} {
			from, to := c.Bucket(level, x)
			if from > x || to < x || from >= to {
				t.Errorf("%s of %d is [%d, %d)", level, x, from, to)
			}
		}
	}
	if got := c.Bounds(Day, math.MaxInt64-int64(50*time.Hour), math.MaxInt64); len(got) < 3 || got[len(got)-1] != math.MaxInt64 {
		t.Errorf("bounds at the end of time: %d", got)
	}
	if got := c.Bounds(Day, 5, 5); got != nil {
		t.Errorf("an empty span has bounds %d", got)
	}
}

func TestLevelNames(t *testing.T) {
	for l := range levels {
		if got, ok := ParseLevel(l.String()); !ok || got != l {
			t.Errorf("%s is read as %s", l, got)
		}
	}
	if _, ok := ParseLevel("week"); ok {
		t.Error("week is a level")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(office))
	f.Add([]byte(`{"zone":"UTC","exceptions":[{"date":"2026-01-01","last":"2026-01-03","off":true}]}`))
	f.Add([]byte("zone: [\n"))
	f.Add([]byte(`{"zone":"Pacific/Apia","patterns":[{"week":{}}],"exceptions":[{"date":"2011-12-30","as":"mon"}]}`))
	for _, p := range Presets("Australia/Lord_Howe") {
		b, err := json.Marshal(p.Definition)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err != nil {
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("error %v is no faults", err)
			}
			return
		}
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(b)
		if err != nil || again.Version() != c.Version() {
			t.Fatalf("canonical form %s: %v", b, err)
		}
		from := time.Date(2011, 12, 28, 0, 0, 0, 0, time.UTC).UnixNano()
		bounds := c.Bounds(Shift, from, from+int64(5*24*time.Hour))
		for i := 1; i < len(bounds); i++ {
			if bounds[i] <= bounds[i-1] {
				t.Fatalf("bounds %d", bounds)
			}
			if lo, hi := again.Bucket(Shift, bounds[i]-1); lo != bounds[i-1] || hi != bounds[i] {
				t.Fatalf("bucket [%d, %d) among bounds %d", lo, hi, bounds)
			}
		}
	})
}

func BenchmarkBucket(b *testing.B) {
	c, err := New(Presets("Europe/Berlin")[3].Definition)
	if err != nil {
		b.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	for level := range levels {
		b.Run(level.String()+"/walking", func(b *testing.B) {
			t := start
			for b.Loop() {
				c.Bucket(level, t)
				t += int64(time.Second)
			}
		})
		b.Run(level.String()+"/jumping", func(b *testing.B) {
			t := start
			for b.Loop() {
				c.Bucket(level, t)
				t = start + (t-start+int64(37*24*time.Hour))%int64(3*365*24*time.Hour)
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	d := Presets("Europe/Berlin")[3].Definition
	for b.Loop() {
		if _, err := New(d); err != nil {
			b.Fatal(err)
		}
	}
}
