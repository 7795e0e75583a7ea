package calendar

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// zones are places whose clocks do something unusual.
var zones = []string{
	"UTC", "Asia/Shanghai", // summer time 1986 to 1991
	"Europe/Berlin", "America/New_York",
	"Australia/Lord_Howe", // half an hour of summer time
	"America/St_Johns",    // -3:30; changed at 00:01 for years
	"Asia/Kathmandu",      // +5:30, +5:45 since 1986
	"Africa/Casablanca",   // summer time but in Ramadan
	"Pacific/Apia",        // no 2011-12-30
	"Antarctica/Troll",    // two hours of summer time
	"America/Sao_Paulo",   // summer time began at midnight
	"Asia/Pyongyang",      // half an hour back and forth
}

// worked is a calendar with an independent account of its shifts: spans on the running local clock, in minutes from
// midnight of a production day.
type worked struct {
	name       string
	d          Definition
	dayStart   int64
	monthStart int64
	spans      func(day int64) [][2]int64
}

func always(spans ...[2]int64) func(int64) [][2]int64 {
	return func(int64) [][2]int64 { return spans }
}

func calendars(zone string) []worked {
	three := Presets(zone)[2].Definition
	three.MonthStart = 26
	office := Presets(zone)[0].Definition
	return []worked{
		{"plain", Definition{Zone: zone}, 0, 1, always()},
		{"three shifts, months from the 26th", three, 480, 26, always([2]int64{480, 960}, [2]int64{960, 1440}, [2]int64{1440, 1920})},
		{"five days a week", office, 0, 1, func(day int64) [][2]int64 {
			if wd := date(day).Weekday(); wd == time.Saturday || wd == time.Sunday {
				return nil
			}
			return [][2]int64{{480, 1020}}
		}},
		{"nights over midnight, and small hours", Definition{Zone: zone, Patterns: []Pattern{{
			Shifts: []WorkShift{shiftAt("night", "22:00", "02:00"), shiftAt("a", "02:00", "02:15"), shiftAt("b", "02:15", "02:45"), shiftAt("c", "02:50", "03:10")},
			Cycle: &Cycle{First: "2000-01-01", Days: [][]Turn{
				{{Shift: "night"}, {Shift: "a"}, {Shift: "b"}, {Shift: "c"}}, {{Shift: "a"}, {Shift: "c"}}}},
		}}}, 0, 1, func(day int64) [][2]int64 {
			if mod(day-dayOf(2000, 1, 1), 2) == 0 {
				return [][2]int64{{120, 135}, {135, 165}, {170, 190}, {1320, 1560}}
			}
			return [][2]int64{{120, 135}, {170, 190}}
		}},
	}
}

// marks are the labels of one minute: what the running clock (the latest time that the local clock has shown so far)
// says of it. Buckets begin where a label changes.
type marks struct{ day, month, shift int64 }

func (w *worked) marks(clock int64) (m marks) {
	m.day = div(clock-w.dayStart, 1440)
	at := date(m.day)
	y, mo := at.Year(), int64(at.Month())
	if int64(at.Day()) < w.monthStart {
		mo--
	}
	m.month = int64(y)*12 + mo
	m.shift = -m.day*100 - 1 // none
	for d := m.day - 1; d <= m.day; d++ {
		for i, s := range w.spans(d) {
			if d*1440+s[0] <= clock && clock < d*1440+s[1] {
				m.shift = d*100 + int64(i)
			}
		}
	}
	return m
}

// TestBucketsAgreeWithTheClock walks minute by minute over every change of the clocks and finds the bounds from what the
// clock shows alone.
func TestBucketsAgreeWithTheClock(t *testing.T) {
	for _, name := range zones {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, change := range changes(place) {
				agree(t, name, place, change)
			}
		})
	}
}

// changes are the changes of a zone's clocks in years that are interesting, and two quiet moments.
func changes(place *time.Location) (out []time.Time) {
	out = []time.Time{time.Date(1975, 2, 28, 12, 0, 0, 0, time.UTC), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)}
	_, off := time.Date(1970, 1, 5, 0, 0, 0, 0, time.UTC).In(place).Zone()
	for t := time.Date(1970, 1, 5, 0, 0, 0, 0, time.UTC).In(place); t.Year() < 2090; t = t.Add(12 * time.Hour) {
		if _, now := t.Zone(); now != off {
			off = now
			switch y := t.Year(); {
			case y < 1972, y > 1985 && y < 1992, y == 2011, y == 2015, y == 2018, y == 2026, y == 2080, y == 2087:
				out = append(out, t)
			}
		}
	}
	return out
}

func agree(t *testing.T, name string, place *time.Location, change time.Time) {
	const days = 4
	begin := div(change.Unix(), 60) - days*1440
	walls := make([]int64, 2*days*1440)
	for i := range walls {
		m := time.Unix((begin+int64(i))*60, 0).In(place)
		walls[i] = div(time.Date(m.Year(), m.Month(), m.Day(), m.Hour(), m.Minute(), 0, 0, time.UTC).Unix(), 60)
	}
	for _, w := range calendars(name) {
		c, err := New(w.d)
		if err != nil {
			t.Fatal(err)
		}
		want := map[Level][]int64{}
		running, last := walls[0], marks{}
		for i, wall := range walls {
			running = max(running, wall)
			now := w.marks(running)
			at := nano(begin + int64(i))
			if i >= 2*1440 { // by then the running clock knows what happened before
				if now.day != last.day {
					want[Day] = append(want[Day], at)
				}
				if now.month != last.month {
					want[Month] = append(want[Month], at)
				}
				if now.shift != last.shift {
					want[Shift] = append(want[Shift], at)
				}
				off, before := wall-begin-int64(i), walls[i-1]-begin-int64(i-1)
				if mod(wall, 60) == 0 || mod(off, 60) != mod(before, 60) {
					want[Hour] = append(want[Hour], at)
				}
			}
			last = now
		}
		from, to := nano(begin+2*1440), nano(begin+int64(len(walls)))
		for _, level := range []Level{Hour, Shift, Day, Month} {
			got := slices.DeleteFunc(c.Bounds(level, from, to), func(b int64) bool { return b < from || b >= to })
			if !slices.Equal(got, want[level]) {
				t.Errorf("%s, %s, %s around %s:\n got %v\nwant %v", name, w.name, level, change.UTC(), times(got), times(want[level]))
			}
		}
	}
}

func times(bounds []int64) (out []string) {
	for _, b := range bounds {
		out = append(out, time.Unix(0, b).UTC().Format(time.RFC3339))
	}
	return out
}

// TestBucketsTile takes spans at random: bounds rise, hold the span, and every time between is in the bucket that they
// say, whichever is asked first.
func TestBucketsTile(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2026))
	for _, name := range zones {
		for _, w := range calendars(name) {
			c, err := New(w.d)
			if err != nil {
				t.Fatal(err)
			}
			for range 12 {
				from := random.Int64N(int64(200 * 365 * 24 * time.Hour))
				to := from + 1 + random.Int64N(int64(20*24*time.Hour))
				for _, level := range []Level{Minute, Hour, Shift, Day, Month} {
					bounds := c.Bounds(level, from, to)
					n := len(bounds) - 1
					if bounds[0] > from || bounds[1] <= from || bounds[n] < to || bounds[n-1] >= to {
						t.Fatalf("%s, %s, %s: [%d, %d) has bounds from %d, %d to %d, %d", name, w.name, level, from, to, bounds[0], bounds[1], bounds[n-1], bounds[n])
					}
					for range 40 {
						i := random.IntN(n)
						lo, hi := bounds[i], bounds[i+1]
						if lo >= hi || lo%int64(time.Minute) != 0 {
							t.Fatalf("%s, %s, %s: bucket [%d, %d)", name, w.name, level, lo, hi)
						}
						for _, at := range []int64{lo, hi - 1, lo + random.Int64N(hi-lo)} {
							if f, g := c.Bucket(level, at); f != lo || g != hi {
								t.Fatalf("%s, %s, %s: %d is in [%d, %d), bounds say [%d, %d)", name, w.name, level, at, f, g, lo, hi)
							}
						}
					}
				}
			}
		}
	}
}

// TestDayIsThatOfTheStandardLibrary compares days with time.Date wherever midnight is shown exactly once.
func TestDayIsThatOfTheStandardLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 2026))
	for _, name := range zones {
		place, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Plain(name)
		if err != nil {
			t.Fatal(err)
		}
		compared := 0
		for range 1200 {
			at := time.Unix(random.Int64N(int64(130*365.25*86400)), random.Int64N(1e9)).In(place)
			from := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, place)
			to := time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, place)
			if !once(from) || !once(to) {
				continue
			}
			compared++
			if f, g := c.Bucket(Day, at.UnixNano()); f != from.UnixNano() || g != to.UnixNano() {
				t.Fatalf("%s: %s is in [%s, %s), time.Date says [%s, %s)", name, at, time.Unix(0, f).In(place), time.Unix(0, g).In(place), from, to)
			}
			if got, want := c.Name(Day, at.UnixNano()).En, at.Format(time.DateOnly); got != want {
				t.Fatalf("%s: the day of %s is called %s", name, at, got)
			}
		}
		if compared < 1150 {
			t.Errorf("%s: only %d of 1200 days could be compared", name, compared)
		}
	}
}

// once tells whether a local midnight is shown exactly once around that time.
func once(m time.Time) bool {
	if m.Hour() != 0 || m.Minute() != 0 {
		return false
	}
	for step := -3 * time.Hour; step <= 3*time.Hour; step += time.Minute {
		if o := m.Add(step); step != 0 && o.Hour() == 0 && o.Minute() == 0 && o.Day() == m.Day() {
			return false
		}
	}
	return true
}
