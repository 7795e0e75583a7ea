package plant

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/calendar"
)

// CalendarSummary is a calendar in a list.
type CalendarSummary struct {
	ID      uuid.UUID `json:"id" format:"uuid"`
	Org     uuid.UUID `json:"org" format:"uuid"`
	Name    text.Text `json:"name"`
	Zone    string    `json:"zone"`
	Number  int64     `json:"number" doc:"Of the version that holds, from 1"`
	Version string    `json:"version" doc:"Hash of the definition and of the zone's rules; roll-ups name it"`
	ETag    string    `json:"etag"`
}

// CalendarVersionView is one version of a calendar.
type CalendarVersionView struct {
	Number     int64               `json:"number"`
	From       *time.Time          `json:"from,omitempty" doc:"Since when it holds, in the place of all that was said before of that time and later; absent: since ever"`
	Made       time.Time           `json:"made" doc:"When it was said"`
	Maker      string              `json:"maker" doc:"Who said it"`
	Reason     string              `json:"reason,omitempty"`
	Version    string              `json:"version" doc:"Hash of the definition and of the zone's rules when it was made"`
	Definition calendar.Definition `json:"definition"`
}

// CalendarView is a calendar as it is at a time.
type CalendarView struct {
	CalendarSummary
	ZoneVersion string                `json:"zoneVersion" doc:"Hash of the zone's changes of the clocks from 1970 to 2200"`
	Definition  calendar.Definition   `json:"definition"`
	Versions    []CalendarVersionView `json:"versions" nullable:"false" doc:"All versions, oldest first"`
}

func (c *Calendar) summary() CalendarSummary {
	return CalendarSummary{ID: c.ID, Org: c.Org, Name: c.Name, Zone: c.Zone(), Number: c.Number, Version: c.Calendar.Version(), ETag: c.ETag()}
}

func (c *Calendar) view(versions []CalendarVersion) CalendarView {
	v := CalendarView{CalendarSummary: c.summary(), ZoneVersion: c.ZoneVersion(), Definition: c.Definition(), Versions: make([]CalendarVersionView, len(versions))}
	for i, x := range versions {
		v.Versions[i] = CalendarVersionView{Number: x.Number, From: store.Instant(x.From), Made: *instant(x.Made), Maker: x.Maker, Reason: x.Reason, Version: x.Hash, Definition: x.Definition()}
	}
	return v
}

// NodeCalendarView is what a node works by.
type NodeCalendarView struct {
	Calendar   *uuid.UUID          `json:"calendar,omitempty" format:"uuid" doc:"Absent: the default, days of Asia/Shanghai without shifts"`
	Number     int64               `json:"number,omitempty" doc:"Of the calendar's version"`
	Version    string              `json:"version"`
	To         *time.Time          `json:"to,omitempty" doc:"When something else holds; absent: nothing is known"`
	Definition calendar.Definition `json:"definition"`
}

// BucketView is one bucket of a preview.
type BucketView struct {
	From      time.Time  `json:"from"`
	To        time.Time  `json:"to"`
	Hours     float64    `json:"hours" doc:"How long it is; clocks that change make it longer or shorter"`
	Name      text.Text  `json:"name"`
	Day       string     `json:"day" doc:"Production day in which it begins"`
	Works     bool       `json:"works" doc:"Of a shift: somebody works; of other buckets: the day in which it begins has shifts"`
	Shift     *text.Text `json:"shift,omitempty"`
	Crew      *text.Text `json:"crew,omitempty"`
	Exception *text.Text `json:"exception,omitempty" doc:"Why the day does not follow its pattern"`
}

const maxPreview = 1000

// preview lists the buckets of a calendar. Error: ErrPreview.
func preview(c calendar.Calendar, level string, from, to time.Time) ([]BucketView, error) {
	l, ok := calendar.ParseLevel(level)
	if from.Year() < 1970 || to.Year() >= 2200 || !ok || !from.Before(to) {
		return nil, ErrPreview.At("query.to", to.Format(time.RFC3339)).With("limit", maxPreview)
	}
	named := func(t text.Text) *text.Text {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	var out []BucketView
	for t := from.UnixNano(); t < to.UnixNano(); {
		if len(out) == maxPreview {
			return nil, ErrPreview.At("query.to", to.Format(time.RFC3339)).With("limit", maxPreview)
		}
		lo, hi := c.Bucket(l, t)
		duty := c.Duty(lo)
		b := BucketView{
			From: *instant(lo), To: *instant(hi), Hours: time.Duration(hi - lo).Hours(), Name: c.Name(l, lo), Day: duty.Day,
			Works: c.Works(lo), Exception: named(duty.Exception),
		}
		if l == calendar.Shift {
			b.Works, b.Shift, b.Crew = duty.Shift != "", named(duty.Name), named(duty.CrewName)
		}
		out = append(out, b)
		t = hi
	}
	return out, nil
}

// configureCalendar is the right to change a calendar.
func (s *Service) configureCalendar(ctx context.Context, id uuid.UUID) (auth.Scope, error) {
	seen, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return auth.Scope{}, err
	}
	row, err := calendarByID(ctx, s.o.DB, seen, id)
	if err != nil {
		return auth.Scope{}, err
	}
	return auth.Allow(ctx, auth.Configure, row.Org)
}

type calendarOutput struct {
	ETag string `header:"ETag"`
	Body CalendarView
}

func (s *Service) answerCalendar(ctx context.Context, scope auth.Scope, id uuid.UUID, at time.Time) (*calendarOutput, error) {
	c, versions, err := s.Calendar(ctx, scope, id, at)
	if err != nil {
		return nil, err
	}
	return &calendarOutput{c.ETag(), c.view(versions)}, nil
}

func (s *Service) calendarRoutes(a *api.Server) {
	type listInput struct {
		Org uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
		When
		api.Paging
	}
	api.Register(a, operation(http.MethodGet, "listCalendars", "/plant/calendars", "Calendars: zones, shifts and days off, as they are at a time"),
		func(ctx context.Context, in *listInput) (*api.List[CalendarSummary], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			items, next, err := s.Calendars(ctx, scope, in.At, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, (*Calendar).summary), next), nil
		})

	type presetInput struct {
		Zone string `query:"zone" maxLength:"60" default:"Asia/Shanghai" doc:"IANA time zone"`
	}
	api.Register(a, operation(http.MethodGet, "listCalendarPresets", "/plant/calendars/presets", "Usual ways to work, to begin a calendar with"),
		func(_ context.Context, in *presetInput) (*api.List[calendar.Preset], error) {
			if _, err := workOut("query", calendar.Definition{Zone: in.Zone}); err != nil {
				return nil, err
			}
			return api.Listed(calendar.Presets(in.Zone), ""), nil
		})

	type addInput struct {
		Body struct {
			Org        uuid.UUID           `json:"org" format:"uuid"`
			Name       text.Text           `json:"name"`
			Definition calendar.Definition `json:"definition"`
			Reason     string              `json:"reason,omitempty" maxLength:"500"`
		}
	}
	api.Register(a, created(operation(http.MethodPost, "addCalendar", "/plant/calendars", "Add a calendar; its first definition holds since ever")),
		func(ctx context.Context, in *addInput) (*calendarOutput, error) {
			scope, err := auth.Allow(ctx, auth.Configure, in.Body.Org)
			if err != nil {
				return nil, err
			}
			b := in.Body
			c, err := s.CreateCalendar(ctx, scope, NewCalendar{Org: b.Org, Name: b.Name, Definition: b.Definition, Reason: b.Reason})
			if err != nil {
				return nil, err
			}
			return s.answerCalendar(ctx, scope, c.ID, time.Time{})
		})

	type getInput struct {
		ByID
		When
	}
	api.Register(a, operation(http.MethodGet, "getCalendar", "/plant/calendars/{id}", "A calendar as it is at a time, with all its versions"),
		func(ctx context.Context, in *getInput) (*calendarOutput, error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			return s.answerCalendar(ctx, scope, in.ID, in.At)
		})

	type changeInput struct {
		ByID
		api.IfMatch
		Body struct {
			Name       *text.Text           `json:"name,omitempty"`
			Definition *calendar.Definition `json:"definition,omitempty"`
			From       time.Time            `json:"from,omitempty" doc:"From the beginning of this day the definition holds, in the place of all that was said of it and later; now where it is left out. A time that has passed mends the past"`
			Reason     string               `json:"reason" maxLength:"500"`
		}
	}
	api.Register(a, operation(http.MethodPatch, "changeCalendar", "/plant/calendars/{id}", "Rename a calendar, or add a version that holds from a day on"),
		func(ctx context.Context, in *changeInput) (*calendarOutput, error) {
			scope, err := s.configureCalendar(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			b := in.Body
			if _, err := s.ChangeCalendar(ctx, scope, in.ID, ChangeCalendar{Name: b.Name, Definition: b.Definition, From: b.From, Reason: b.Reason, IfMatch: in.IfMatch}); err != nil {
				return nil, err
			}
			return s.answerCalendar(ctx, scope, in.ID, b.From)
		})

	s.previewRoutes(a)
	s.nodeCalendarRoutes(a)
}

func (s *Service) previewRoutes(a *api.Server) {
	type Span struct {
		From  time.Time `query:"from" required:"true"`
		To    time.Time `query:"to" required:"true"`
		Level string    `query:"level" enum:"hour,shift,day,month" default:"shift"`
	}
	type savedInput struct {
		ByID
		When
		Span
	}
	api.Register(a, operation(http.MethodGet, "previewCalendar", "/plant/calendars/{id}/preview", "The buckets of a calendar with their names"),
		func(ctx context.Context, in *savedInput) (*api.List[BucketView], error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			c, _, err := s.Calendar(ctx, scope, in.ID, in.At)
			if err != nil {
				return nil, err
			}
			out, err := preview(c.Calendar, in.Level, in.From, in.To)
			if err != nil {
				return nil, err
			}
			return api.Listed(out, ""), nil
		})

	type draftInput struct {
		Span
		Body struct {
			Definition calendar.Definition `json:"definition"`
		}
	}
	api.Register(a, operation(http.MethodPost, "previewDraftCalendar", "/plant/calendars/preview", "The buckets of a definition before it is saved"),
		func(ctx context.Context, in *draftInput) (*api.List[BucketView], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			c, err := workOut("body.definition", in.Body.Definition)
			if err != nil {
				return nil, err
			}
			out, err := preview(c, in.Level, in.From, in.To)
			if err != nil {
				return nil, err
			}
			return api.Listed(out, ""), nil
		})
}

func (s *Service) nodeCalendarRoutes(a *api.Server) {
	type getInput struct {
		ByID
		When
	}
	type nodeCalendarOutput struct{ Body NodeCalendarView }
	api.Register(a, operation(http.MethodGet, "getNodeCalendar", "/plant/nodes/{id}/calendar", "What a site, or the site in which it stands, works by at a time"),
		func(ctx context.Context, in *getInput) (*nodeCalendarOutput, error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			span, err := s.CalendarAt(ctx, scope, in.ID, in.At)
			if err != nil {
				return nil, err
			}
			v := NodeCalendarView{Number: span.Number, Version: span.Calendar.Version(), To: instant(span.To), Definition: span.Definition()}
			if span.ID != uuid.Nil {
				v.Calendar = &span.ID
			}
			return &nodeCalendarOutput{v}, nil
		})

	type putInput struct {
		ByID
		api.IfMatch
		Body struct {
			Calendar uuid.UUID `json:"calendar,omitempty" format:"uuid" doc:"The default where it is left out"`
			From     time.Time `json:"from,omitempty" doc:"From the beginning of this day; now where it is left out. It may be before the site was entered"`
			Reason   string    `json:"reason" maxLength:"500"`
		}
	}
	api.Register(a, operation(http.MethodPut, "assignCalendar", "/plant/nodes/{id}/calendar", "Say by which calendar a site works from a day on"),
		func(ctx context.Context, in *putInput) (*nodeOutput, error) {
			scope, err := s.configure(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return answer(s.AssignCalendar(ctx, scope, in.ID, AssignCalendar{Calendar: in.Body.Calendar, From: in.Body.From, Reason: in.Body.Reason, IfMatch: in.IfMatch}))
		})
}
