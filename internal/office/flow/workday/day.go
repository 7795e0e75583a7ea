package workday

import (
	"time"

	"jingwei/internal/kernel/field"
)

// Day is a civil day in Asia/Shanghai, counted from 1970-01-01 (day 0, a Thursday).
type Day int32

const nsPerDay = int64(24 * time.Hour)

// zone is how far the civil day begins before that of UTC, in ns. China has had no summer time since 1991.
const zone = int64(8 * time.Hour)

// DayOf is the civil day of an instant, in ns since 1970 UTC.
func DayOf(at int64) Day {
	at += zone
	d := at / nsPerDay
	if at%nsPerDay < 0 {
		d--
	}
	return Day(d)
}

// ParseDay reads 2026-05-01, from 1900 to 2199.
func ParseDay(s string) (Day, bool) {
	at, ok := field.Day(s)
	return DayOf(at), ok
}

// Begin is the first instant of the day, in ns since 1970 UTC.
func (d Day) Begin() int64 { return int64(d)*nsPerDay - zone }

// End is the first instant after the day: its 24:00.
func (d Day) End() int64 { return (d + 1).Begin() }

// String is 2026-05-01.
func (d Day) String() string { return d.date().Format(time.DateOnly) }

// Year of the day.
func (d Day) Year() int { return d.date().Year() }

// Weekend tells whether it is a Saturday or a Sunday.
func (d Day) Weekend() bool {
	w := (int(d)%7 + 4 + 7) % 7 // 0 is Sunday
	return w == 0 || w == 6
}

// date is the day as a time in UTC, for the arithmetic of months.
func (d Day) date() time.Time { return time.Unix(0, int64(d)*nsPerDay).UTC() }

// AddMonths is the corresponding day so many months later; where that month has none, its last day (民法典 202).
func (d Day) AddMonths(n int) Day {
	t := d.date()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Day(first.AddDate(0, 0, min(t.Day(), last)-1).Unix() / int64(24*60*60))
}
