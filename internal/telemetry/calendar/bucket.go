package calendar

import (
	"math"
	"time"
)

const minute = int64(time.Minute) // bounds are nanoseconds outside, minutes inside

// bucket is [from, to) in ns UTC.
type bucket struct{ from, to int64 }

// Bucket is the bucket of a level that holds t, half-open; all in ns since 1970 UTC.
func (c Calendar) Bucket(level Level, t int64) (from, to int64) {
	if level == Minute {
		m := div(t, minute)
		return nano(m), nano(m + 1)
	}
	b := c.book()
	if last := b.last[level].Load(); last != nil && last.from <= t && t < last.to {
		return last.from, last.to
	}
	var lo, hi int64
	switch m := div(t, minute); level {
	case Hour:
		lo, hi = b.zone.hour(m)
	case Shift:
		p := b.piece(m)
		lo, hi = p.from, p.to
	case Day:
		d := b.day(m)
		lo, hi = b.begin(d), b.begin(d+1)
	default:
		lo, hi = b.monthOf(b.day(m))
	}
	found := &bucket{nano(lo), nano(hi)}
	b.last[level].Store(found)
	return found.from, found.to
}

// Bounds are the bounds of the buckets that cover [from, to): bucket i is [Bounds[i], Bounds[i+1]), the first holds from,
// the last ends at or after to. It is nil where from is not before to. Its length is the caller's to limit.
func (c Calendar) Bounds(level Level, from, to int64) []int64 {
	if from >= to {
		return nil
	}
	first, next := c.Bucket(level, from)
	out := []int64{first, next}
	if level == Minute {
		out = make([]int64, 0, (to-1-first)/minute+2)
		for t := first; ; t += minute {
			out = append(out, t)
			if t >= to || t > math.MaxInt64-minute {
				return out
			}
		}
	}
	for next < to && next < math.MaxInt64 {
		_, next = c.Bucket(level, next)
		out = append(out, next)
	}
	return out
}

// nano is a time of minutes in ns, or the nearest that there is.
func nano(m int64) int64 {
	switch {
	case m > math.MaxInt64/minute:
		return math.MaxInt64
	case m < math.MinInt64/minute:
		return math.MinInt64
	}
	return m * minute
}

// begin is the start of a production day, in Unix minutes.
func (b *book) begin(day int64) int64 { return b.zone.instant(day*1440 + b.dayStart) }

// day is the production day, in days since 1970-01-01, that holds a time in Unix minutes. Of days that begin at the same
// instant, because the clocks left out the earlier, it is the last.
func (b *book) day(t int64) int64 {
	d := div(b.zone.wall(t)-b.dayStart, 1440)
	for b.begin(d) > t {
		d--
	}
	for b.begin(d+1) <= t {
		d++
	}
	return d
}

// monthOf is the accounting month of a production day.
func (b *book) monthOf(day int64) (from, to int64) {
	at := date(day)
	y, m := at.Year(), at.Month()
	if int64(at.Day()) < b.monthStart {
		m--
	}
	return b.begin(dayOf(y, m, b.monthStart)), b.begin(dayOf(y, m+1, b.monthStart))
}

// date is a day at UTC midnight, to take apart.
func date(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }

func dayOf(y int, m time.Month, d int64) int64 {
	return div(time.Date(y, m, int(d), 0, 0, 0, 0, time.UTC).Unix(), 86400)
}
