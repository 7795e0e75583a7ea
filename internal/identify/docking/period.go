package docking

import "time"

// China is the time of periods: hours, days and months of the guide are those of Beijing.
var China = time.FixedZone("CST", 8*60*60)

var layouts = map[Due]string{Hourly: "2006-01-02T15", Daily: "2006-01-02", Monthly: "2006-01"}

// Period is what a return is of: "2026-11-21T13", "2026-11-21", "2026-11", or "" of a table that is due at once.
type Period string

// PeriodAt is the period of a table that holds a time.
func PeriodAt(d Due, at time.Time) Period {
	if d == AtOnce {
		return ""
	}
	return Period(at.In(China).Format(layouts[d]))
}

// Last is the newest period that has ended at a time.
func Last(d Due, at time.Time) Period {
	if d == AtOnce {
		return ""
	}
	begin, _, _ := PeriodAt(d, at).Span(d)
	return PeriodAt(d, begin.Add(-time.Nanosecond))
}

// Span is when a period begins and ends. Error: *DocumentError.
func (p Period) Span(d Due) (from, to time.Time, err error) {
	if d == AtOnce {
		if p != "" {
			return from, to, noReturn("%q：随时报送的表没有期间", "%q is a period; what is due at once has none", p)
		}
		return from, to, nil
	}
	from, err = time.ParseInLocation(layouts[d], string(p), China)
	if err != nil || from.Format(layouts[d]) != string(p) {
		return from, to, noReturn("%q 不是期间，应写成 %s 的形式", "%q is no period; write it like %s", p, layouts[d])
	}
	switch d {
	case Hourly:
		to = from.Add(time.Hour)
	case Daily:
		to = from.AddDate(0, 0, 1)
	case Monthly:
		to = from.AddDate(0, 1, 0)
	}
	return from, to, nil
}

// Next is the period after this one.
func (p Period) Next(d Due) Period {
	_, to, err := p.Span(d)
	if err != nil || d == AtOnce {
		return p
	}
	return PeriodAt(d, to)
}
