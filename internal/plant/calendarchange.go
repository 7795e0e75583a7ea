package plant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/calendar"
)

// NewCalendar asks for a calendar. Its definition holds since ever.
type NewCalendar struct {
	Org        uuid.UUID
	Name       text.Text
	Definition calendar.Definition
	Reason     string
}

// CreateCalendar adds a calendar. scope is for configuring its organisation.
// Errors: ErrName, ErrCalendar (or problem.Invalid with several), auth.ErrNotFound.
func (s *Service) CreateCalendar(ctx context.Context, scope auth.Scope, q NewCalendar) (Calendar, error) {
	if err := checkName(q.Name); err != nil {
		return Calendar{}, err
	}
	worked, err := workOut("body.definition", q.Definition)
	if err != nil {
		return Calendar{}, err
	}
	if !scope.Includes(q.Org) {
		return Calendar{}, auth.ErrNotFound.With("thing", "org")
	}
	c := Calendar{ID: uuid.Must(uuid.NewV7()), Org: q.Org, Name: q.Name, Number: 1, Version: 1, Calendar: worked}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&calendarRow{ID: c.ID, Org: c.Org, Name: c.Name, Version: c.Version}).Exec(ctx); err != nil {
			return err
		}
		if err := s.insertVersion(ctx, tx, scope, &c, 0, q.Reason); err != nil {
			return err
		}
		after := map[string]any{"name": c.Name, "definition": c.Definition(), "version": c.Calendar.Version()}
		return s.noteCalendar(ctx, tx, scope, "plant.calendar.create", &c, nil, after, q.Reason)
	})
	if err != nil {
		return Calendar{}, fmt.Errorf("create calendar: %w", err)
	}
	return c, nil
}

// workOut makes a calendar of a definition. Errors: ErrCalendar, or problem.Invalid with several.
func workOut(place string, d calendar.Definition) (calendar.Calendar, error) {
	c, err := calendar.New(d)
	var faults calendar.Faults
	if !errors.As(err, &faults) {
		return c, err
	}
	wrong := make([]*problem.Error, len(faults))
	for i, f := range faults {
		wrong[i] = ErrCalendar.At(place+"."+f.Field, f.Value).With("reason", f.Text)
	}
	return c, problem.All(wrong...)
}

func (s *Service) insertVersion(ctx context.Context, tx bun.Tx, scope auth.Scope, c *Calendar, since int64, reason string) error {
	definition, err := json.Marshal(c.Calendar)
	if err != nil {
		return err
	}
	row := calendarVersionRow{
		Calendar: c.ID, Number: c.Number, Since: since, Made: s.o.Now().UnixNano(), Maker: scope.Principal().Name,
		Reason: reason, Definition: string(definition), Hash: c.Calendar.Version(),
	}
	_, err = tx.NewInsert().Model(&row).Exec(ctx)
	return err
}

// ChangeCalendar asks for a new name, or for another definition from a time on: from the beginning of the day, by that
// definition, in which From lies; zero is now. What was said before of that time and later holds no more, so that an
// earlier From mends the past. A reason is needed.
type ChangeCalendar struct {
	Name       *text.Text
	Definition *calendar.Definition
	From       time.Time
	Reason     string
	api.IfMatch
}

// ChangeCalendar renames a calendar or adds a version to it. The answer is the calendar as it then is from From on.
// Errors: ErrName, ErrCalendar (or problem.Invalid with several), ErrReason, ErrTime, api.ErrPrecondition,
// store.ErrNotFound.
func (s *Service) ChangeCalendar(ctx context.Context, scope auth.Scope, id uuid.UUID, q ChangeCalendar) (c Calendar, err error) {
	from, err := moment(q.From, s.o.Now(), "body.from")
	if err != nil {
		return Calendar{}, err
	}
	if err := checkReason(q.Reason); err != nil {
		return Calendar{}, err
	}
	if q.Name != nil {
		if err := checkName(*q.Name); err != nil {
			return Calendar{}, err
		}
	}
	var worked calendar.Calendar
	if q.Definition != nil {
		if worked, err = workOut("body.definition", *q.Definition); err != nil {
			return Calendar{}, err
		}
		from, _ = worked.Bucket(calendar.Day, from)
		from = max(from, 0)
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := calendarByID(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if c, err = s.calendar(ctx, tx, &row, from); err != nil {
			return err
		}
		if err := q.Check(c.ETag()); err != nil {
			return err
		}
		before, after := map[string]any{}, map[string]any{}
		if q.Name != nil {
			before["name"], after["name"] = c.Name, *q.Name
			c.Name = *q.Name
		}
		if q.Definition != nil {
			before["definition"], before["version"] = c.Definition(), c.Calendar.Version()
			if err := tx.NewSelect().Model((*calendarVersionRow)(nil)).ColumnExpr("MAX(v.number)").Where("v.calendar = ?", id).Scan(ctx, &c.Number); err != nil {
				return err
			}
			c.Number++
			c.Calendar = worked
			after["definition"], after["version"], after["from"] = c.Definition(), c.Calendar.Version(), instant(from)
			if err := s.insertVersion(ctx, tx, scope, &c, from, q.Reason); err != nil {
				return err
			}
		}
		c.Version++
		_, err = tx.NewUpdate().Model(&calendarRow{ID: id, Org: c.Org, Name: c.Name, Version: c.Version}).Column("name", "version").WherePK().Exec(ctx)
		if err != nil {
			return err
		}
		return s.noteCalendar(ctx, tx, scope, "plant.calendar.change", &c, before, after, q.Reason)
	})
	if err != nil {
		return Calendar{}, fmt.Errorf("change calendar %s: %w", id, err)
	}
	s.o.Changed(c.Org)
	return c, nil
}

func (s *Service) noteCalendar(ctx context.Context, tx bun.Tx, scope auth.Scope, verb string, c *Calendar, before, after any, reason string) error {
	return s.record(ctx, tx, scope, verb, c.Org, audit.Object{Kind: "plant.calendar", ID: c.ID.String(), Name: c.Name.In("zh")}, before, after, reason)
}

// AssignCalendar asks that a site works by a calendar from a time on: from the beginning of the day, by that calendar, in
// which From lies; zero is now. That may be before the site was entered here. A zero calendar is the default. A reason is
// needed.
type AssignCalendar struct {
	Calendar uuid.UUID
	From     time.Time
	Reason   string
	api.IfMatch
}

// AssignCalendar says by which calendar a site works.
// Errors: ErrNoCalendar, ErrNotSite, ErrReason, ErrTime, ErrLater, ErrRetired, api.ErrPrecondition, store.ErrNotFound.
func (s *Service) AssignCalendar(ctx context.Context, scope auth.Scope, site uuid.UUID, q AssignCalendar) (Node, error) {
	from, err := moment(q.From, s.o.Now(), "body.from")
	if err != nil {
		return Node{}, err
	}
	if err := checkReason(q.Reason); err != nil {
		return Node{}, err
	}
	// The node's own rule, that nothing is dated before its beginning, is about where it stands; hence Forever-1 here.
	return s.change(ctx, scope, site, store.Forever-1, q.IfMatch, func(ctx context.Context, tx bun.Tx, n *Node) error {
		if n.Kind != Site {
			return ErrNotSite.At("path.id", site.String()).With("kind", n.Kind)
		}
		now, err := s.calendarOfNode(ctx, tx, &nodeRow{ID: n.ID, Kind: n.Kind}, from)
		if err != nil {
			return err
		}
		next := Calendar{Calendar: DefaultCalendar()}
		if q.Calendar != uuid.Nil {
			row, err := calendarByID(ctx, tx, scope, q.Calendar)
			if errors.Is(err, store.ErrNotFound) || err == nil && row.Org != n.Org {
				return ErrNoCalendar.At("body.calendar", q.Calendar.String())
			}
			if err != nil {
				return err
			}
			if next, err = s.calendar(ctx, tx, &row, from); err != nil {
				return err
			}
		}
		start, _ := next.Bucket(calendar.Day, from)
		start = max(start, 0)
		if err := supersede(ctx, tx, "plant_site_calendar", site, start); err != nil {
			return err
		}
		row := siteCalendarRow{dated: dated{site, start, store.Forever}, Calendar: store.Word(q.Calendar)}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		before := map[string]any{"calendar": store.Word(now.ID)}
		after := map[string]any{"calendar": store.Word(q.Calendar), "from": instant(start)}
		return s.note(ctx, tx, scope, "plant.node.calendar", n, before, after, q.Reason)
	})
}
