package incentive

import (
	"fmt"
	"time"
)

// Date is a civil day (of law: in Asia/Shanghai), counted from 1970-01-01. Only days between 1900 and 2200 are taken.
type Date int32

// ParseDate reads yyyy-mm-dd.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2200 {
		return 0, fmt.Errorf("%q is no day; write yyyy-mm-dd, such as 2019-01-31", s)
	}
	return Date(t.Unix() / 86400), nil
}

// DateOf is the day of a moment in Asia/Shanghai (UTC+8 without summer time since 1991).
func DateOf(t time.Time) Date {
	return Date((t.Unix() + 8*3600) / 86400)
}

func (d Date) time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String writes yyyy-mm-dd.
func (d Date) String() string { return d.time().Format(time.DateOnly) }

// Year is the calendar year.
func (d Date) Year() int { return d.time().Year() }

// years is the same day n years later; 29 February becomes 28 February where there is none, so that a term never gains a day.
func (d Date) years(n int) Date {
	t := d.time()
	u := time.Date(t.Year()+n, t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	if u.Month() != t.Month() {
		u = u.AddDate(0, 0, -u.Day())
	}
	return Date(u.Unix() / 86400)
}
