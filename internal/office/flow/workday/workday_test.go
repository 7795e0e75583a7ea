package workday

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
)

func shipped(t testing.TB) *Calendar { return proof.Must(Load(os.DirFS("../../../../packs"))) }

func day(s string) Day {
	d, ok := ParseDay(s)
	if !ok {
		panic(s)
	}
	return d
}

func TestCivilDays(t *testing.T) {
	for s, d := range map[string]Day{"1970-01-01": 0, "1969-12-31": -1, "2026-05-01": 20574} {
		if day(s) != d || d.String() != s || DayOf(d.Begin()) != d || DayOf(d.End()-1) != d || DayOf(d.End()) != d+1 {
			t.Errorf("%s: %d, %s", s, day(s), d)
		}
	}
	for d := day("1900-01-01"); d < day("2199-12-31"); d += 13 {
		at := time.Unix(0, d.Begin()).In(field.China)
		if at.Format(time.DateOnly+" 15:04:05") != d.String()+" 00:00:00" || (at.Weekday() == 0 || at.Weekday() == 6) != d.Weekend() {
			t.Fatalf("%s: %v", d, at)
		}
	}
	for _, c := range [][3]string{{"2026-01-31", "1", "2026-02-28"}, {"2024-01-31", "1", "2024-02-29"}, {"2026-03-31", "11", "2027-02-28"}, {"2026-11-30", "3", "2027-02-28"}, {"2026-05-15", "12", "2027-05-15"}, {"2026-12-31", "0", "2026-12-31"}} {
		var n int
		_, _ = fmt.Sscan(c[1], &n)
		if got := day(c[0]).AddMonths(n).String(); got != c[2] {
			t.Errorf("%s and %s months: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

// A shift moves work, it makes none: the working days of a year are its weekdays without the holidays by law (全国年节及纪念日放假办法: 11
// days until 2024, 13 since 2025).
func TestYearsHaveTheWorkingDaysOfTheLaw(t *testing.T) {
	c := shipped(t)
	for year, holidays := range map[int]int{2024: 11, 2025: 13, 2026: 13, 2030: 0} {
		working, weekdays := 0, 0
		for d := day(fmt.Sprintf("%d-01-01", year)); d.Year() == year; d++ {
			if !d.Weekend() {
				weekdays++
			}
			if c.Working(d) {
				working++
			}
		}
		if working != weekdays-holidays {
			t.Errorf("%d: %d working days of %d weekdays, want %d holidays", year, working, weekdays, holidays)
		}
	}
}

// Every day of each notice, and the days around it, written out a second time from the notices.
func TestHolidaysAndShiftedDays(t *testing.T) {
	c := shipped(t)
	for _, h := range []struct{ off, work string }{
		{"2024-01-01", "2024-01-02"}, {"2024-02-10..2024-02-17", "2024-02-04 2024-02-09 2024-02-18 2024-02-19"}, {"2024-04-04..2024-04-06", "2024-04-03 2024-04-07 2024-04-08"},
		{"2024-05-01..2024-05-05", "2024-04-28 2024-04-30 2024-05-06 2024-05-11"}, {"2024-06-08..2024-06-10", "2024-06-11"}, {"2024-09-15..2024-09-17", "2024-09-14 2024-09-18"},
		{"2024-10-01..2024-10-07", "2024-09-29 2024-09-30 2024-10-08 2024-10-12"}, {"2024-12-28..2024-12-29", "2024-12-31"},
		{"2025-01-01", "2024-12-31 2025-01-02"}, {"2025-01-28..2025-02-04", "2025-01-26 2025-01-27 2025-02-05 2025-02-08"}, {"2025-04-04..2025-04-06", "2025-04-03 2025-04-07"},
		{"2025-05-01..2025-05-05", "2025-04-27 2025-04-30 2025-05-06"}, {"2025-05-31..2025-06-02", "2025-05-30 2025-06-03"}, {"2025-10-01..2025-10-08", "2025-09-28 2025-09-30 2025-10-09 2025-10-11"}, {"2025-10-12", "2025-10-13"},
		{"2026-01-01..2026-01-03", "2025-12-31 2026-01-04 2026-01-05"}, {"2026-02-15..2026-02-23", "2026-02-14 2026-02-24 2026-02-28"}, {"2026-03-01", "2026-03-02"}, {"2026-04-04..2026-04-06", "2026-04-03 2026-04-07"},
		{"2026-05-01..2026-05-05", "2026-04-30 2026-05-06 2026-05-09"}, {"2026-06-19..2026-06-21", "2026-06-18 2026-06-22"}, {"2026-09-25..2026-09-27", "2026-09-20 2026-09-24 2026-09-28"},
		{"2026-10-01..2026-10-07", "2026-09-30 2026-10-08 2026-10-10"}, {"2026-10-11", "2026-10-12"},
	} {
		from, to, more := strings.Cut(h.off, "..")
		if !more {
			to = from
		}
		for d := day(from); d <= day(to); d++ {
			if c.Working(d) {
				t.Errorf("%s is taken for a working day", d)
			}
		}
		for _, s := range strings.Fields(h.work) {
			if !c.Working(day(s)) {
				t.Errorf("%s is not taken for a working day", s)
			}
		}
	}
}

func TestPeriodsEndAsTheLawSays(t *testing.T) {
	c := shipped(t)
	for _, x := range []struct {
		event   string
		n       int
		unit    Unit
		last    string
		moved   bool
		unknown []int
	}{
		{"2026-04-29", 1, WorkingDays, "2026-04-30", false, nil},               // the day of the event is not counted
		{"2026-04-30", 1, WorkingDays, "2026-05-06", false, nil},               // over Labour Day
		{"2026-04-30", 4, WorkingDays, "2026-05-09", false, nil},               // a Saturday on which people work is the last day
		{"2026-04-30", 5, WorkingDays, "2026-05-11", false, nil},               //
		{"2026-05-08", 1, WorkingDays, "2026-05-09", false, nil},               // deadline on a shifted working day
		{"2026-02-13", 1, WorkingDays, "2026-02-14", false, nil},               //
		{"2026-02-13", 5, WorkingDays, "2026-02-27", false, nil},               // over Spring Festival: 14, 24, 25, 26, 27
		{"2026-02-13", 6, WorkingDays, "2026-02-28", false, nil},               //
		{"2026-02-16", 1, WorkingDays, "2026-02-24", false, nil},               // the event itself on a holiday
		{"2026-09-18", 1, WorkingDays, "2026-09-20", false, nil},               // Friday to a working Sunday
		{"2026-09-30", 3, WorkingDays, "2026-10-10", false, nil},               // 8, 9, 10
		{"2025-09-30", 3, WorkingDays, "2025-10-11", false, nil},               // 9, 10, 11
		{"2024-02-09", 1, WorkingDays, "2024-02-18", false, nil},               //
		{"2026-04-22", 10, CalendarDays, "2026-05-06", true, nil},              // 2 May is a holiday: the day after it ends
		{"2026-04-29", 10, CalendarDays, "2026-05-09", false, nil},             // a Saturday, but people work: it stands
		{"2026-05-06", 10, CalendarDays, "2026-05-18", true, nil},              // Saturday 16 May
		{"2026-09-10", 10, CalendarDays, "2026-09-20", false, nil},             // a working Sunday
		{"2026-01-31", 1, Months, "2026-02-28", false, nil},                    // no 31 February; and 28 February is worked
		{"2026-01-15", 1, Months, "2026-02-24", true, nil},                     // 15 February opens Spring Festival
		{"2026-04-03", 1, Months, "2026-05-06", true, nil},                     //
		{"2026-05-04", 0, WorkingDays, "2026-05-06", true, nil},                // nothing left, on a holiday
		{"2026-05-07", 0, CalendarDays, "2026-05-07", false, nil},              //
		{"2026-12-30", 3, WorkingDays, "2027-01-04", false, []int{2027}},       // 31 December, then 1 and 4 January, weekends only
		{"2029-12-28", 2, WorkingDays, "2030-01-01", false, []int{2029, 2030}}, //
	} {
		got, err := c.Last(day(x.event), Period{x.n, x.unit})
		if err != nil || got.Day != day(x.last) || got.Moved() != x.moved || !slices.Equal(got.Unknown, x.unknown) {
			t.Errorf("%s + %d %s: %s (counted %s, unknown %v), %v; want %s", x.event, x.n, x.unit, got.Day, got.Counted, got.Unknown, err, x.last)
		}
	}
	for _, p := range []Period{{-1, WorkingDays}, {MaxPeriod + 1, WorkingDays}, {1, "week"}} {
		if _, err := c.Last(0, p); err == nil {
			t.Errorf("%v is taken", p)
		}
	}
}

func TestDaysBetweenAndBack(t *testing.T) {
	c := shipped(t)
	for _, x := range []struct {
		after, before string
		working, days int
	}{{"2026-04-30", "2026-05-06", 0, 5}, {"2026-04-30", "2026-05-11", 4, 10}, {"2026-05-06", "2026-05-06", 0, 0}, {"2026-05-07", "2026-05-06", 0, 0}} {
		if w, d := c.Between(day(x.after), day(x.before), WorkingDays), c.Between(day(x.after), day(x.before), CalendarDays); w != x.working || d != x.days {
			t.Errorf("%s to %s: %d, %d", x.after, x.before, w, d)
		}
	}
	if d := c.Back(day("2026-05-11"), 2, WorkingDays); d != day("2026-05-08") {
		t.Errorf("%s", d)
	}
	if d := c.Back(day("2026-05-06"), 1, WorkingDays); d != day("2026-04-30") {
		t.Errorf("%s", d)
	}
	if d := c.Back(day("2026-05-06"), 3, CalendarDays); d != day("2026-05-03") {
		t.Errorf("%s", d)
	}
}

func TestAYearWithoutANoticeSaysSo(t *testing.T) {
	c := proof.Must(Load(fstest.MapFS{}))
	if c.Working(day("2026-05-09")) || !c.Working(day("2026-05-01")) {
		t.Error("without notices there is more than weekends")
	}
	if s := c.About(day("2026-05-01")); !strings.Contains(s.Zh, "尚无放假通知") || !strings.Contains(s.En, "weekends only") {
		t.Errorf("%+v", s)
	}
	if s := shipped(t).About(day("2026-05-09")); s.Zh != "调休上班（劳动节），国办发明电〔2025〕7号" {
		t.Errorf("%+v", s)
	}
}

func TestANoticeThatIsWrongIsToldWithItsLine(t *testing.T) {
	_, err := Load(fstest.MapFS{"calendar/cn-2026.yaml": &fstest.MapFile{Data: []byte(`id: cn-2026
version: 1.0.0
source: a test
name: {zh: 测, en: T}
year: 2026
document: ""
issued: soon
holidays:
  - {name: {zh: 甲, en: A}, from: "2026-01-03", to: "2026-01-01"}
  - {name: {zh: 乙, en: B}, from: "2025-05-01", to: "2026-02-30", working: ["2026-05-08"]}
  - {name: {zh: 丙, en: C}, from: "2026-06-01", to: "2026-06-02", working: ["2026-06-02"]}
`)}})
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"cn-2026.yaml:6:", "cn-2026.yaml:7:", "ends after it begins", "2025-05-01 does not lie in 2026", `"2026-02-30" is not a day`, "2026-05-08 is no Saturday", "2026-06-02 is there twice"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in\n%v", want, err)
		}
	}
}
