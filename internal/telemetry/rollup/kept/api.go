package kept

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

const tag = api.Tag("roll-ups")

// translate gives errors of the store and of this package their problems.
func translate(err error) error {
	var damage *telemetry.DamageError
	switch {
	case errors.Is(err, ErrUnknown):
		return problem.NotFound.Because(err)
	case errors.Is(err, telemetry.ErrClosed), errors.As(err, &damage):
		return ErrBusy.Because(err).Header("Retry-After", "10")
	}
	return err
}

// commitAt turns a time that came with a request into a commit; a zero one is now.
func (s *Service) commitAt(t time.Time) (asOf uint64, now int64, err error) {
	if t.IsZero() {
		return 0, 0, nil
	}
	at, ok := instant(t)
	if !ok && t.UTC().Year() >= 2200 {
		at = math.MaxInt64
	}
	asOf, err = s.o.Store.AsOf(at)
	var open *telemetry.NotClosedError
	if errors.As(err, &open) {
		return 0, 0, ErrNotClosed.At("query.asOf", t.UTC().Format(time.RFC3339Nano)).With("closed", stamp(open.Closed)).Because(err)
	}
	return asOf, at, err
}

// Span is a span of a level, as both reads take it.
type Span struct {
	Level string    `query:"level" required:"true" enum:"minute,hour,shift,day,month"`
	From  time.Time `query:"from" required:"true" doc:"Every bucket that overlaps from and to is told whole"`
	To    time.Time `query:"to" required:"true"`
	AsOf  time.Time `query:"asOf" doc:"As it was known at this time; now where it is left out"`
}

func (q *Span) read() (rollup.Level, telemetry.Span, error) {
	level, err := Level(q.Level)
	if err != nil {
		return 0, telemetry.Span{}, err
	}
	from, ok := instant(q.From)
	if !ok {
		return 0, telemetry.Span{}, ErrSpan.At("query.from", q.From.Format(time.RFC3339Nano))
	}
	to, ok := instant(q.To)
	if !ok || to <= from {
		return 0, telemetry.Span{}, ErrSpan.At("query.to", q.To.Format(time.RFC3339Nano))
	}
	return level, telemetry.Span{From: from, To: to}, nil
}

// Reason is what a change needs.
type Reason struct {
	Reason string `json:"reason" doc:"Why, in words; 3 to 2000 characters"`
}

// NewCounter says how a counter counts.
type NewCounter struct {
	Modulus float64 `json:"modulus,omitempty" doc:"The reading after which 0 comes, plus 1: 10000 of a counter of four digits; 0 or left out: not known, every fall is a reset"`
	MaxStep float64 `json:"maxStep,omitempty" doc:"More than it can count between two readings, in the unit of the series; a fall that would be more as a roll-over is a reset"`
	Reason
}

// NewMeter is a change of a meter.
type NewMeter struct {
	At        time.Time       `json:"at" doc:"Readings before it are of the old meter"`
	Old       json.RawMessage `json:"old,omitempty" doc:"Last reading of the old meter: a number, for int64 a string of digits"`
	New       json.RawMessage `json:"new,omitempty" doc:"First reading of the new meter"`
	Void      bool            `json:"void,omitempty" doc:"There was no change at that time, whatever was told before"`
	Reference string          `json:"reference,omitempty" doc:"Where the evidence is; at most 500 characters"`
	Reason
}

func bare(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.readRoutes(a)
	s.settingRoutes(a)
	s.groupRoutes(a)
}

func (s *Service) readRoutes(a *api.Server) {
	type input struct {
		api.ByID
		Span
	}
	api.Register(a, tag.Operation(http.MethodGet, "readRollups", "/series/{id}/rollups", "What the samples of a series say of minutes, hours, shifts, days or months"),
		func(ctx context.Context, in *input) (*api.List[RollupRow], error) {
			if _, _, _, err := s.may(ctx, auth.Read, in.ID); err != nil {
				return nil, err
			}
			level, span, err := in.read()
			if err != nil {
				return nil, err
			}
			asOf, now, err := s.commitAt(in.AsOf)
			if err != nil {
				return nil, translate(err)
			}
			rows, err := s.Read(ctx, Question{Series: in.ID, Level: level, Span: span, AsOf: asOf, Now: now})
			if err != nil {
				return nil, translate(err)
			}
			return api.Listed(store.All(rows, rowView), ""), nil
		})
	type feedInput struct {
		Org    uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
		Series uuid.UUID `query:"series" format:"uuid"`
		Level  string    `query:"level" enum:"hour,shift,day,month"`
		After  string    `query:"after" pattern:"^[0-9]{1,19}$" doc:"Only those after this id; 0 or left out: from the oldest there is"`
		Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"1000"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listRestatements", "/restatements", "Rows of roll-ups that say something else than before, oldest first; they are told for 400 days"),
		func(ctx context.Context, in *feedInput) (*api.List[RestatementView], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			f := RestatementFilter{Series: in.Series}
			if in.Level != "" {
				if f.Level, err = Level(in.Level); err != nil {
					return nil, err
				}
			}
			after, _ := strconv.ParseUint(in.After, 10, 64)
			items, _, err := s.Since(ctx, scope, after, in.Limit, f)
			if err != nil {
				return nil, err
			}
			next := ""
			if len(items) == in.Limit {
				next = strconv.FormatUint(items[len(items)-1].ID, 10)
			}
			return api.Listed(store.All(items, restatementView), next), nil
		})
}

func (s *Service) settingRoutes(a *api.Server) {
	type counterOutput struct{ Body CounterView }
	answer := func(c Counter, err error) (*counterOutput, error) {
		if err != nil {
			return nil, err
		}
		return &counterOutput{counterView(&c)}, nil
	}
	api.Register(a, tag.Operation(http.MethodGet, "getCounter", "/series/{id}/counter", "How a counter counts, and the changes of its meter"),
		func(ctx context.Context, in *api.ByID) (*counterOutput, error) { return answer(s.Counter(ctx, in.ID)) })
	type putInput struct {
		api.ByID
		Body NewCounter
	}
	api.Register(a, tag.Operation(http.MethodPut, "putCounter", "/series/{id}/counter", "Say that a series is a counter, and how it counts; its rows are made anew"),
		func(ctx context.Context, in *putInput) (*counterOutput, error) {
			return answer(s.SetCounter(ctx, in.ID, in.Body.Modulus, in.Body.MaxStep, in.Body.Reason.Reason))
		})
	type dropInput struct {
		api.ByID
		Reason string `query:"reason" required:"true" doc:"Why, in words; 3 to 2000 characters"`
	}
	api.Register(a, tag.Operation(http.MethodDelete, "deleteCounter", "/series/{id}/counter", "Say that a series is no counter; what was said before is kept"),
		func(ctx context.Context, in *dropInput) (*struct{}, error) {
			return nil, s.ClearCounter(ctx, in.ID, in.Reason)
		})
	type statesInput struct {
		api.ByID
		Body struct {
			Kept bool `json:"kept"`
			Reason
		}
	}
	api.Register(a, tag.Operation(http.MethodPut, "putStates", "/series/{id}/states", "Say whether durations in state are kept for an int64 series"),
		func(ctx context.Context, in *statesInput) (*struct{}, error) {
			return nil, s.SetStates(ctx, in.ID, in.Body.Kept, in.Body.Reason.Reason)
		})
	type meterInput struct {
		api.ByID
		Body NewMeter
	}
	type meterOutput struct{ Body MeterView }
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "changeMeter", "/series/{id}/meter-changes", "Tell that a counter's meter was changed, or its register set; the rows that it touches are made anew")),
		func(ctx context.Context, in *meterInput) (*meterOutput, error) {
			b := &in.Body
			m, err := s.ChangeMeter(ctx, in.ID, NewMeterChange{At: b.At, Void: b.Void, Old: bare(b.Old), New: bare(b.New), Reason: b.Reason.Reason, Reference: b.Reference})
			if err != nil {
				return nil, err
			}
			return &meterOutput{meterView(&m)}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listMeterChanges", "/series/{id}/meter-changes", "All changes of a meter that were told, oldest first, those that count no more among them"),
		func(ctx context.Context, in *api.ByID) (*api.List[MeterView], error) {
			list, err := s.MeterChanges(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, meterView), ""), nil
		})
}

// RollupGroupBody is what is said of a group.
type RollupGroupBody struct {
	Name    text.Text   `json:"name"`
	Members []uuid.UUID `json:"members" maxItems:"500" doc:"Series of numbers, of one organisation and one unit"`
	From    time.Time   `json:"from,omitempty" doc:"Of buckets that begin at or after it; since ever where it is left out"`
	Reason
}

func (s *Service) groupRoutes(a *api.Server) {
	type output struct{ Body RollupGroupView }
	answer := func(g GroupVersion, err error) (*output, error) {
		if err != nil {
			return nil, err
		}
		return &output{groupView(&g)}, nil
	}
	said := func(b *RollupGroupBody) NewGroupVersion {
		return NewGroupVersion{Name: b.Name, Members: b.Members, From: b.From, Reason: b.Reason.Reason}
	}
	type addInput struct {
		Body struct {
			Org uuid.UUID `json:"org" format:"uuid"`
			RollupGroupBody
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "addRollupGroup", "/rollup-groups", "Declare a group of series that are rolled up together")),
		func(ctx context.Context, in *addInput) (*output, error) {
			return answer(s.DeclareGroup(ctx, in.Body.Org, uuid.Nil, said(&in.Body.RollupGroupBody)))
		})
	type putInput struct {
		api.ByID
		Body RollupGroupBody
	}
	api.Register(a, tag.Operation(http.MethodPut, "putRollupGroup", "/rollup-groups/{id}", "Say who is in a group from a time on; all versions are kept"),
		func(ctx context.Context, in *putInput) (*output, error) {
			return answer(s.DeclareGroup(ctx, uuid.Nil, in.ID, said(&in.Body)))
		})
	type listInput struct {
		Org uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listRollupGroups", "/rollup-groups", "Groups, the newest version of each"),
		func(ctx context.Context, in *listInput) (*api.List[RollupGroupView], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			items, next, err := s.Groups(ctx, scope, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, groupView), next), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getRollupGroup", "/rollup-groups/{id}", "All versions of a group, oldest first"),
		func(ctx context.Context, in *api.ByID) (*api.List[RollupGroupView], error) {
			list, err := s.Group(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, groupView), ""), nil
		})
	type readInput struct {
		api.ByID
		Span
	}
	api.Register(a, tag.Operation(http.MethodGet, "readRollupGroup", "/rollup-groups/{id}/rollups", "What the members of a group say together"),
		func(ctx context.Context, in *readInput) (*api.List[RollupGroupRow], error) {
			if _, err := s.Group(ctx, in.ID); err != nil {
				return nil, err
			}
			level, span, err := in.read()
			if err != nil {
				return nil, err
			}
			asOf, now, err := s.commitAt(in.AsOf)
			if err != nil {
				return nil, translate(err)
			}
			rows, err := s.ReadGroup(ctx, in.ID, level, span, asOf, now)
			if err != nil {
				return nil, translate(err)
			}
			return api.Listed(store.All(rows, groupRowView), ""), nil
		})
}
