package indicator

import (
	"fmt"
	"time"

	"jingwei/internal/kernel/field"
)

// Period is the time that a value is of: a day, month, quarter or year of the calendar, or a moment, which is the end of a day.
type Period struct {
	Kind  string `json:"kind" enum:"moment,day,month,quarter,year"`
	Label string `json:"label" doc:"2018, 2018-Q3, 2018-06, 2018-06-30"`
	From  string `json:"from" format:"date" doc:"First day; of a moment the day itself"`
	To    string `json:"to" format:"date" doc:"Last day"`
}

// Begin and End bound the period: [Begin, End) in nanoseconds since 1970 UTC, by days of China.
func (p Period) Begin() int64 { n, _ := field.Day(p.From); return n }

// End is the first instant behind it.
func (p Period) End() int64 { n, _ := field.NextDay(p.To); return n }

// civil is a day as a time of which only year, month and day count.
func civil(day string) (time.Time, bool) {
	if _, ok := field.Day(day); !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, day)
	return t, err == nil
}

// holding is the period of a kind in which a day lies.
func holding(kind string, t time.Time) Period {
	y, m := t.Year(), t.Month()
	date := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	from, to, label := t, t, t.Format(time.DateOnly)
	switch kind {
	case "month":
		from, to, label = date(y, m, 1), date(y, m+1, 0), t.Format("2006-01")
	case "quarter":
		q := (m - 1) / 3
		from, to, label = date(y, q*3+1, 1), date(y, q*3+4, 0), fmt.Sprintf("%04d-Q%d", y, q+1)
	case "year":
		from, to, label = date(y, 1, 1), date(y, 12, 31), fmt.Sprintf("%04d", y)
	}
	return Period{Kind: kind, Label: label, From: from.Format(time.DateOnly), To: to.Format(time.DateOnly)}
}

// PeriodHolding is the period of a kind in which a day lies. False where it is no day.
func PeriodHolding(kind, day string) (Period, bool) {
	t, ok := civil(day)
	if !ok {
		return Period{}, false
	}
	return holding(kind, t), true
}

// PeriodBy is the last period of a kind that has ended by the end of a day. False where it is no day.
func PeriodBy(kind, day string) (Period, bool) {
	p, ok := PeriodHolding(kind, day)
	if ok && p.To > day {
		p, ok = p.Previous()
	}
	return p, ok
}

// Previous is the one before; of a moment the same day a year before. False before the calendar begins.
func (p Period) Previous() (Period, bool) {
	t, ok := civil(p.From)
	if !ok {
		return Period{}, false
	}
	if p.Kind == "moment" {
		t = time.Date(t.Year()-1, t.Month(), min(t.Day(), lastDay(t.Year()-1, t.Month())), 0, 0, 0, 0, time.UTC)
	} else {
		t = t.AddDate(0, 0, -1)
	}
	return PeriodHolding(p.Kind, t.Format(time.DateOnly))
}

func lastDay(y int, m time.Month) int { return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// ParsePeriod reads a label of a kind: 2018, 2018-Q3, 2018-06, 2018-06-30.
func ParsePeriod(kind, label string) (Period, bool) {
	day := label
	switch kind {
	case "year":
		day = label + "-01-01"
	case "month":
		day = label + "-01"
	case "quarter":
		var y, q int
		if n, err := fmt.Sscanf(label, "%4d-Q%1d", &y, &q); n != 2 || err != nil || q < 1 || q > 4 {
			return Period{}, false
		}
		day = fmt.Sprintf("%04d-%02d-01", y, 3*q-2)
	}
	p, ok := PeriodHolding(kind, day)
	return p, ok && p.Label == label
}

// window is the time that ends with the period: the period itself, or so many days, months or years.
func (p Period) window(within string) (from, to int64) {
	m := windowForm.FindStringSubmatch(within)
	if m == nil {
		return p.Begin(), p.End()
	}
	var n int
	_, _ = fmt.Sscan(m[1], &n) // the form has digits there
	end := time.Unix(0, p.End()).In(field.China)
	switch m[2] {
	case "D":
		end = end.AddDate(0, 0, -n)
	case "M":
		end = end.AddDate(0, -n, 0)
	default:
		end = end.AddDate(-n, 0, 0)
	}
	return end.UnixNano(), p.End()
}
