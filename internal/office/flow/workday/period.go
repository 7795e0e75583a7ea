package workday

import "fmt"

// Unit is in what a period is counted.
type Unit string

// The units.
const (
	WorkingDays  Unit = "working"  // 行政许可法 82
	CalendarDays Unit = "calendar" // 民法典 200, 201, 203
	Months       Unit = "month"    // 民法典 202, 203
)

// Units that exist.
var Units = []Unit{WorkingDays, CalendarDays, Months}

// MaxPeriod bounds a period, in its unit.
const MaxPeriod = 3660

// Period is a stretch of time that law or a pack gives.
type Period struct {
	N    int // 0: it ends on the day of the event, or the next working day
	Unit Unit
}

// Last is the answer to when a period ends.
type Last struct {
	Day     Day
	Counted Day   // what counting alone gave, before a holiday moved it
	Unknown []int // years on the way that no notice arranges: weekends only were known
}

// Moved tells whether a holiday moved the last day (民法典 203).
func (l Last) Moved() bool { return l.Day != l.Counted }

// Last is the last day of a period after an event: the day of the event is not counted, the next day is day 1 (民法典 201).
// Error: the period is longer than MaxPeriod, negative, or of no unit.
func (c *Calendar) Last(event Day, p Period) (Last, error) {
	if p.N < 0 || p.N > MaxPeriod {
		return Last{}, fmt.Errorf("a period of %d: want 0 to %d", p.N, MaxPeriod)
	}
	d := event
	switch p.Unit {
	case WorkingDays:
		for n := p.N; n > 0; {
			if d++; c.Working(d) {
				n--
			}
		}
	case CalendarDays:
		d += Day(p.N)
	case Months:
		d = d.AddMonths(p.N)
	default:
		return Last{}, fmt.Errorf("unit %q: want one of %v", p.Unit, Units)
	}
	l := Last{Counted: d, Day: c.Next(d)}
	l.Unknown = c.unknown(event, l.Day)
	return l, nil
}

// Between counts the days of a unit that lie after one day and before another; neither is counted. Months have no such count: 0.
func (c *Calendar) Between(after, before Day, u Unit) int {
	n := 0
	switch u {
	case CalendarDays:
		n = max(0, int(before-after)-1)
	case WorkingDays:
		for d := after + 1; d < before; d++ {
			if c.Working(d) {
				n++
			}
		}
	}
	return n
}

// Back is the day that lies so many days of a unit before another: for reminders. Of months, calendar days.
func (c *Calendar) Back(from Day, n int, u Unit) Day {
	if u != WorkingDays {
		return from - Day(n)
	}
	for ; n > 0; n-- {
		for from--; !c.Working(from); from-- {
		}
	}
	return from
}
