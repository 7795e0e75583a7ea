package quality

import (
	"sort"
	"time"

	"jingwei/internal/telemetry/calendar"
	"jingwei/internal/telemetry/rollup/kept"
)

// Month is a month of the calendar year, 2026-10.
type Month struct {
	label string
	dates []string
}

// ParseMonth reads 2026-10, from 1970 on.
func ParseMonth(s string) (Month, bool) {
	at, err := time.Parse("2006-01", s)
	if err != nil || at.Year() < 1970 || at.Year() >= 2200 {
		return Month{}, false
	}
	m := Month{label: s}
	for d := at; d.Month() == at.Month(); d = d.AddDate(0, 0, 1) {
		m.dates = append(m.dates, d.Format(time.DateOnly))
	}
	return m, true
}

func (m Month) String() string { return m.label }

// First and Last are its first and last date.
func (m Month) First() string { return m.dates[0] }

// Last is its last date.
func (m Month) Last() string { return m.dates[len(m.dates)-1] }

// around is a span that holds the month in every zone, ns.
func (m Month) around() (from, to int64) {
	first, _ := time.Parse(time.DateOnly, m.First())
	last, _ := time.Parse(time.DateOnly, m.Last())
	return first.Add(-38 * time.Hour).UnixNano(), last.Add(86 * time.Hour).UnixNano()
}

// hour is an hour of a calendar, [from, to) in ns: 60 minutes, but where clocks change by less than an hour.
type hour struct{ from, to int64 }

// day is a production day: 24 hours, 23 or 25 where the clocks change.
type day struct {
	date     string
	from, to int64
	hours    []hour // that begin in it
}

// find is the place of the hour that holds t; false where none does.
func find(hours []hour, t int64) (int, bool) {
	i := sort.Search(len(hours), func(i int) bool { return hours[i].to > t })
	return i, i < len(hours) && hours[i].from <= t
}

// days are those of a month by the calendars of a series, oldest first: one for each date, without hours where no calendar
// has it. Where a calendar takes over from another, each has the hours that begin in its time.
func (m Month) days(spans []kept.CalendarSpan) []day {
	out := make([]day, len(m.dates))
	for i, date := range m.dates {
		out[i].date = date
		for _, s := range spans {
			from, to, ok := dayOf(s.Calendar, date)
			if from, to = max(from, s.From), min(to, s.To); !ok || from >= to {
				continue
			}
			d := &out[i]
			if len(d.hours) == 0 {
				d.from = from
			}
			d.to = to
			for t := from; t < to; {
				a, b := s.Bucket(calendar.Hour, t)
				if a >= from {
					d.hours = append(d.hours, hour{a, b})
				}
				t = b
			}
		}
	}
	return out
}

// dayOf finds the bucket of a date; false for one that the clocks left out. Days begin at most 14 hours before UTC's and at
// most 36 hours after: zone and start of the day.
func dayOf(c calendar.Calendar, date string) (from, to int64, ok bool) {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0, 0, false
	}
	for t := at.Add(-14 * time.Hour); t.Before(at.Add(62 * time.Hour)); t = t.Add(6 * time.Hour) {
		if c.Name(calendar.Day, t.UnixNano()).En == date {
			from, to = c.Bucket(calendar.Day, t.UnixNano())
			return from, to, true
		}
	}
	return 0, 0, false
}
