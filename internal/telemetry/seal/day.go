package seal

import (
	"fmt"
	"strings"
	"time"

	"jingwei/internal/kernel/evidence/tuple"
)

// Day is a UTC day of commit times, in days since 1970-01-01.
type Day int32

const dayLength = int64(24 * time.Hour)

// DayOf is the day of a commit time.
func DayOf(t int64) Day { return Day(tuple.Day(t)) }

// Begin and End bound the commit times of a day, half-open.
func (d Day) Begin() int64 { return int64(d) * dayLength }
func (d Day) End() int64   { return d.Begin() + dayLength }

func (d Day) String() string { return time.Unix(0, d.Begin()).UTC().Format(time.DateOnly) }

// Month is the UTC calendar month of a day.
func (d Day) Month() Month {
	t := time.Unix(0, d.Begin()).UTC()
	return Month(t.Year()*12 + int(t.Month()) - 1)
}

// ParseDay reads 2026-11-21.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1970 || t.Year() >= 2200 {
		return 0, fmt.Errorf("%.40q is no day from 1970 to 2199, such as 2026-11-21", s)
	}
	return DayOf(t.UnixNano()), nil
}

// Month is a calendar month, UTC: year × 12 + month − 1.
type Month int32

func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m/12, m%12+1) }

// End is the first day behind the month.
func (m Month) End() Day {
	return DayOf(time.Date(int(m/12), time.Month(m%12+2), 1, 0, 0, 0, 0, time.UTC).UnixNano())
}

// ParseMonth reads 2026-11.
func ParseMonth(s string) (Month, error) {
	d, err := ParseDay(strings.TrimSpace(s) + "-01")
	if err != nil {
		return 0, fmt.Errorf("%.40q is no month from 1970 to 2199, such as 2026-11", s)
	}
	return d.Month(), nil
}
