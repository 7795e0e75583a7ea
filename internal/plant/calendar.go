package plant

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/calendar"
)

// Calendar is what a site works by, as it is at one time: zone, start of the day, shifts, days off. Its name is as it is
// now. Nothing of its definitions is overwritten: each change is a further version, which holds from a time on, in the
// place of all that was said before of that time and later.
type Calendar struct {
	ID      uuid.UUID
	Org     uuid.UUID
	Name    text.Text
	Number  int64 // of the version that holds, from 1
	Version int64 // grows with each change
	calendar.Calendar
}

// ETag names the version.
func (c *Calendar) ETag() string { return api.ETag(c.ID, c.Version) }

// CalendarVersion is one definition of a calendar.
type CalendarVersion struct {
	Number int64
	From   int64 // ns; 0: since ever
	Made   int64 // when it was said
	Maker  string
	Reason string
	Hash   string // calendar.Version as it was then: it tells when the rules of the zone have changed since
	calendar.Calendar
}

// CalendarSpan is a time in which one definition holds.
type CalendarSpan struct {
	From, To int64     // ns UTC, half-open
	ID       uuid.UUID // of the calendar; zero: the default
	Number   int64     // of its version; 0: the default
	calendar.Calendar
}

// defaultZone is that of a site without a calendar.
const defaultZone = "Asia/Shanghai"

// DefaultCalendar is what a site without a calendar works by: days of Asia/Shanghai from midnight, no shifts.
var DefaultCalendar = sync.OnceValue(func() calendar.Calendar {
	c, err := calendar.Plain(defaultZone)
	if err != nil {
		panic(err) // the zone is embedded
	}
	return c
})

// workedOut keeps calendars that were read, by definition: to work one out costs as much as a thousand buckets.
type workedOut struct {
	mu sync.Mutex
	by map[string]calendar.Calendar
}

const maxWorkedOut = 1000

func (w *workedOut) get(definition string) (calendar.Calendar, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c, ok := w.by[definition]; ok {
		return c, nil
	}
	c, err := calendar.Parse([]byte(definition))
	if err != nil {
		return c, fmt.Errorf("a calendar that was accepted before: %w", err)
	}
	if len(w.by) >= maxWorkedOut || w.by == nil {
		w.by = map[string]calendar.Calendar{}
	}
	w.by[definition] = c
	return c, nil
}

// Calendars returns the scope's calendars as they are at a time, in the order in which they were made; zero is now.
// Error: store.ErrCursor.
func (s *Service) Calendars(ctx context.Context, scope auth.Scope, at time.Time, page store.Page) (items []Calendar, next string, err error) {
	var rows []calendarRow
	q := scope.Where(s.o.DB.NewSelect().Model(&rows), "c.org")
	if q, err = byCalendar.Apply(q, page); err != nil {
		return nil, "", err
	}
	when := s.at(at)
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := q.Conn(tx).Scan(ctx); err != nil {
			return err
		}
		rows, next = store.Cut(byCalendar, rows, page, func(r *calendarRow) []any { return []any{r.ID.String()} })
		items = make([]Calendar, len(rows))
		for i := range rows {
			if items[i], err = s.calendar(ctx, tx, &rows[i], when); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("list calendars: %w", err)
	}
	return items, next, nil
}

var byCalendar = store.Keyset{Columns: []string{"c.id"}}

// Calendar returns one calendar as it is at a time, and all its versions, oldest first; zero is now.
// Error: store.ErrNotFound.
func (s *Service) Calendar(ctx context.Context, scope auth.Scope, id uuid.UUID, at time.Time) (c Calendar, versions []CalendarVersion, err error) {
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := calendarByID(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if c, err = s.calendar(ctx, tx, &row, s.at(at)); err != nil {
			return err
		}
		var rows []calendarVersionRow
		versions = nil // a transaction may run twice
		if err := tx.NewSelect().Model(&rows).Where("v.calendar = ?", id).OrderExpr("v.number").Scan(ctx); err != nil {
			return err
		}
		for _, r := range rows {
			v := CalendarVersion{Number: r.Number, From: r.Since, Made: r.Made, Maker: r.Maker, Reason: r.Reason, Hash: r.Hash}
			if v.Calendar, err = s.workedOut.get(r.Definition); err != nil {
				return err
			}
			versions = append(versions, v)
		}
		return nil
	})
	if err != nil {
		return Calendar{}, nil, fmt.Errorf("calendar %s: %w", id, err)
	}
	return c, versions, nil
}

// calendar completes a row with the definition that holds at a time.
func (s *Service) calendar(ctx context.Context, db bun.IDB, row *calendarRow, at int64) (Calendar, error) {
	c := Calendar{ID: row.ID, Org: row.Org, Name: row.Name, Version: row.Version}
	v, _, err := versionAt(ctx, db, row.ID, at)
	if err != nil {
		return c, err
	}
	c.Number = v.Number
	c.Calendar, err = s.workedOut.get(v.Definition)
	return c, err
}

// CalendarAt is what a site, or the site in which a node stands, works by at a time; zero is now.
// Error: store.ErrNotFound where the scope does not reach the node.
func (s *Service) CalendarAt(ctx context.Context, scope auth.Scope, node uuid.UUID, at time.Time) (span CalendarSpan, err error) {
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		var n nodeRow
		if err := scope.Where(tx.NewSelect().Model(&n).Where("n.id = ?", node), "n.org").Scan(ctx); err != nil {
			return store.Err(err)
		}
		span, err = s.calendarOfNode(ctx, tx, &n, s.at(at))
		return err
	})
	if err != nil {
		return CalendarSpan{}, fmt.Errorf("calendar of %s: %w", node, err)
	}
	return span, nil
}

// CalendarOf is what a series is summed up by at a time (ns UTC): the calendar of the site in which its machine stood
// then. version is that of the calendar. Before a machine was there it counts for where it first stood, after it went for
// where it last stood. It asks in the node's own right, never answer a caller whose scope was not checked.
// Error: store.ErrNotFound for a series that is no point of any plant; DefaultCalendar may do for it.
func (s *Service) CalendarOf(ctx context.Context, series uuid.UUID, t int64) (c calendar.Calendar, version string, err error) {
	var span CalendarSpan
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		machine, err := machineOf(ctx, tx, series)
		if err == nil {
			span, err = s.calendarOfNode(ctx, tx, &machine, t)
		}
		return err
	})
	if err != nil {
		return calendar.Calendar{}, "", fmt.Errorf("calendar of series %s: %w", series, err)
	}
	return span.Calendar, span.Calendar.Version(), nil
}

// CalendarSpans are all calendars by which a series is summed up in [from, to), oldest first and without gap; as
// CalendarOf. Two that follow one another differ.
func (s *Service) CalendarSpans(ctx context.Context, series uuid.UUID, from, to int64) (out []CalendarSpan, err error) {
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		out = nil
		machine, err := machineOf(ctx, tx, series)
		if err != nil {
			return err
		}
		for t := from; t < to; {
			span, err := s.calendarOfNode(ctx, tx, &machine, t)
			if err != nil {
				return err
			}
			span.From, span.To = t, min(span.To, to)
			if n := len(out); n > 0 && out[n-1].Calendar.Version() == span.Calendar.Version() {
				out[n-1].To = span.To
			} else {
				out = append(out, span)
			}
			t = span.To
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("calendars of series %s: %w", series, err)
	}
	return out, nil
}

// calendarOfNode walks from a node up to its site. The span that it returns holds t; it begins at t.
func (s *Service) calendarOfNode(ctx context.Context, tx bun.Tx, n *nodeRow, t int64) (CalendarSpan, error) {
	span := CalendarSpan{From: t, To: store.Forever, Calendar: DefaultCalendar()}
	for range len(rank) { // no deeper than there are kinds
		if n.Kind == Site {
			err := s.calendarOfSite(ctx, tx, n.ID, t, &span)
			return span, err
		}
		// Where it stands: before its beginning where it first stood, after its end where it last stood.
		var place placeRow
		err := tx.NewSelect().Model(&place).Where("node = ? AND since <= ?", n.ID, max(t, n.Since)).OrderExpr("since DESC").Limit(1).Scan(ctx)
		if err = store.Err(err); err != nil {
			return span, err
		}
		if place.Until < n.Until {
			span.To = min(span.To, max(place.Until, t+1))
		}
		var parent nodeRow
		if err := tx.NewSelect().Model(&parent).Where("n.id = ?", store.ID(place.Parent)).Scan(ctx); err != nil {
			if errors.Is(store.Err(err), store.ErrNotFound) {
				return span, nil
			}
			return span, store.Err(err)
		}
		n = &parent
	}
	return span, nil
}

func (s *Service) calendarOfSite(ctx context.Context, tx bun.Tx, site uuid.UUID, t int64, span *CalendarSpan) error {
	var rows []siteCalendarRow
	if err := tx.NewSelect().Model(&rows).Where("node = ? AND until > ?", site, t).OrderExpr("since").Limit(1).Scan(ctx); err != nil {
		return store.Err(err)
	}
	if len(rows) == 0 {
		return nil
	}
	if rows[0].Since > t {
		span.To = min(span.To, rows[0].Since)
		return nil
	}
	span.To = min(span.To, rows[0].Until)
	if rows[0].Calendar == "" {
		return nil
	}
	span.ID = store.ID(rows[0].Calendar)
	v, until, err := versionAt(ctx, tx, span.ID, t)
	if err != nil {
		return err
	}
	span.Number, span.To = v.Number, min(span.To, until)
	span.Calendar, err = s.workedOut.get(v.Definition)
	return err
}
