package kept

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/calendar"
	"jingwei/internal/telemetry/rollup"
)

// bucket is [from, to), and the version of the calendar that made it so.
type bucket struct {
	from, to int64
	version  string
}

// cuts are the calendars of a series in a time.
type cuts struct {
	from, to   int64
	spans      []CalendarSpan // their bounds on whole minutes
	generation uint64
}

// around is how far beyond what is asked for calendars are fetched: no bucket is longer.
const around = 45 * 24 * time.Hour

// maxCuts bounds the series whose calendars are remembered.
const maxCuts = 200_000

// cutsOf returns the calendars of a series in a span and around it.
func (s *Service) cutsOf(ctx context.Context, series uuid.UUID, span telemetry.Span) (*cuts, error) {
	from, to := max(span.From-int64(around), 0), min(max(span.To, span.From+1)+int64(around), telemetry.MaxTime)
	s.cutsMu.Lock()
	c := s.cuts[series]
	generation := s.generation
	s.cutsMu.Unlock()
	if c != nil && c.generation == generation && c.from <= from && to <= c.to {
		return c, nil
	}
	wide := max(to, min(to+int64(around), telemetry.MaxTime)) // so that the next closings find it
	spans, err := s.o.Calendars(ctx, series, from, wide)
	if err != nil {
		return nil, err
	}
	if c = newCuts(spans, from, wide); len(c.spans) == 0 {
		return nil, fmt.Errorf("series %s has no calendar from %s to %s", series, stamp(from), stamp(wide))
	}
	c.generation = generation
	s.cutsMu.Lock()
	defer s.cutsMu.Unlock()
	if len(s.cuts) >= maxCuts {
		clear(s.cuts)
	}
	s.cuts[series] = c
	return c, nil
}

// newCuts brings the bounds of calendars to whole minutes: a machine may be moved at any time.
func newCuts(spans []CalendarSpan, from, to int64) *cuts {
	c := &cuts{from: from, to: to}
	for _, x := range spans {
		x.From, x.To = x.From-x.From%rollup.Minute, x.To-x.To%rollup.Minute
		if n := len(c.spans); n > 0 && c.spans[n-1].Calendar.Version() == x.Calendar.Version() {
			c.spans[n-1].To = x.To
		} else if x.To > x.From {
			c.spans = append(c.spans, x)
		}
	}
	return c
}

// invalidate makes all calendars be asked for again.
func (s *Service) invalidate() {
	s.cutsMu.Lock()
	s.generation++
	clear(s.cuts)
	s.cutsMu.Unlock()
}

// calendarLevel is the level as calendars number it.
func calendarLevel(l rollup.Level) calendar.Level {
	return map[rollup.Level]calendar.Level{rollup.LevelMinute: calendar.Minute, rollup.LevelHour: calendar.Hour, rollup.LevelShift: calendar.Shift,
		rollup.LevelDay: calendar.Day, rollup.LevelMonth: calendar.Month}[l]
}

// at is the bucket of a level that holds t. Where another calendar takes over, a bucket goes on if both have the same one,
// as a month does whose shifts are changed in its middle; otherwise it is cut there.
func (c *cuts) at(level rollup.Level, t int64) bucket {
	if level == rollup.LevelMinute {
		from := t - t%rollup.Minute
		return bucket{from, from + rollup.Minute, ""}
	}
	l := calendarLevel(level)
	i := sort.Search(len(c.spans), func(i int) bool { return c.spans[i].To > t })
	i = min(i, len(c.spans)-1)
	lo, hi := c.spans[i].Bucket(l, t)
	versions := []string{version(level, &c.spans[i])}
	from, to := lo, hi
	for j := i; j > 0 && c.spans[j].From > from; j-- {
		a, b := c.spans[j-1].Bucket(l, c.spans[j].From-1)
		if a != lo || b != hi {
			from = c.spans[j].From
			break
		}
		versions = append([]string{version(level, &c.spans[j-1])}, versions...)
	}
	for j := i; j+1 < len(c.spans) && c.spans[j].To < to; j++ {
		a, b := c.spans[j+1].Bucket(l, c.spans[j].To)
		if a != lo || b != hi {
			to = c.spans[j].To
			break
		}
		versions = append(versions, version(level, &c.spans[j+1]))
	}
	out := bucket{from: max(from, 0), to: to}
	const hour = int64(time.Hour)
	if level == rollup.LevelHour && out.from%hour == 0 && out.to-out.from == hour {
		return out // the UTC hour, whatever the calendar
	}
	for k, v := range versions {
		if k > 0 && v == versions[k-1] {
			continue
		}
		if out.version != "" {
			out.version += "+"
		}
		out.version += v
	}
	return out
}

// version names what of a calendar makes the buckets of a level: hours know nothing of shifts.
func version(level rollup.Level, x *CalendarSpan) string {
	if level == rollup.LevelHour {
		return "zone " + x.ZoneVersion()
	}
	return x.Version()
}

// buckets are those of a level that overlap a span, in order.
func (c *cuts) buckets(level rollup.Level, span telemetry.Span) (out []bucket) {
	for t := span.From; t < span.To; {
		b := c.at(level, t)
		out = append(out, b)
		t = b.to
	}
	return out
}

// count is how many buckets there are, as far as most and one more.
func (c *cuts) count(level rollup.Level, span telemetry.Span, most int) int {
	if level == rollup.LevelMinute {
		return int(min((span.To-span.From)/rollup.Minute, int64(most)+1))
	}
	n := 0
	for t := span.From; t < span.To && n <= most; n++ {
		t = c.at(level, t).to
	}
	return n
}

// print names the calendars of a series at all times.
func (c *cuts) print() string {
	var b strings.Builder
	for _, x := range c.spans {
		b.WriteString(time.Unix(0, x.From).UTC().Format(time.RFC3339) + " " + x.Version() + "\n")
	}
	return b.String()
}
