package retention

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("retention")

// TermView is what a class says from a time on.
type TermView struct {
	From   time.Time `json:"from"`
	Days   int       `json:"days" doc:"0: for ever"`
	Reason string    `json:"reason"`
}

// ClassView is a class as it is told.
type ClassView struct {
	ID   uuid.UUID `json:"id" format:"uuid"`
	Org  uuid.UUID `json:"org" format:"uuid"`
	Name text.Text `json:"name"`
	Days int       `json:"days" doc:"In effect now; 0: for ever"`
	// Terms are all that it ever said, and what it will say.
	Terms []TermView `json:"terms" nullable:"false"`
}

func (s *Service) classView(c *Class) ClassView {
	v := ClassView{ID: c.ID, Org: c.Org, Name: c.Name, Days: c.At(s.now()).Days}
	for _, t := range c.Terms {
		v.Terms = append(v.Terms, TermView{time.Unix(0, t.From).UTC(), t.Days, t.Reason})
	}
	return v
}

// AssignmentView is an assignment as it is told.
type AssignmentView struct {
	ID     uuid.UUID  `json:"id" format:"uuid"`
	Target Target     `json:"target" enum:"org,template,node,series"`
	Of     string     `json:"of"`
	Class  *uuid.UUID `json:"class,omitempty" format:"uuid" doc:"Left out: for ever"`
	From   time.Time  `json:"from"`
	Until  *time.Time `json:"until,omitempty"`
	Reason string     `json:"reason"`
}

func assignmentView(a *Assignment) AssignmentView {
	v := AssignmentView{ID: a.ID, Target: a.Target, Of: a.Of, From: time.Unix(0, a.From).UTC(), Reason: a.Reason}
	if a.Class != uuid.Nil {
		v.Class = &a.Class
	}
	if a.Until != forever {
		v.Until = store.Instant(a.Until)
	}
	return v
}

// HoldView is a hold as it is told.
type HoldView struct {
	ID     uuid.UUID  `json:"id" format:"uuid"`
	Series *uuid.UUID `json:"series,omitempty" format:"uuid" doc:"Left out: all of the organisation"`
	From   time.Time  `json:"from"`
	To     time.Time  `json:"to"`
	Reason string     `json:"reason"`
}

func holdView(h *Hold) HoldView {
	v := HoldView{ID: h.ID, From: time.Unix(0, h.From).UTC(), To: time.Unix(0, h.To).UTC(), Reason: h.Reason}
	if h.Series != uuid.Nil {
		v.Series = &h.Series
	}
	return v
}

// RulesView is all that an organisation has laid down.
type RulesView struct {
	Classes     []ClassView      `json:"classes" nullable:"false"`
	Assignments []AssignmentView `json:"assignments" nullable:"false" doc:"Those in effect and those to come"`
	Holds       []HoldView       `json:"holds" nullable:"false"`
	Due         []DueView        `json:"due" nullable:"false" doc:"What it comes to"`
}

// DueView is what a class does.
type DueView struct {
	Class  *uuid.UUID `json:"class,omitempty" format:"uuid" doc:"Left out: kept for ever"`
	Series int        `json:"series" doc:"For which it counts"`
	Before *time.Time `json:"before,omitempty" doc:"Samples before it may be gone"`
	Soon   int        `json:"soon" doc:"Series that have samples which go by what takes effect within a day"`
}

// DiskView is how long the disk will last.
type DiskView struct {
	Bytes    int64      `json:"bytes" doc:"That samples take"`
	Budget   int64      `json:"budget" doc:"That they may take; 0: what is free"`
	Free     int64      `json:"free" doc:"On the volume"`
	PerDay   float64    `json:"perDay" doc:"Growth in bytes a day"`
	DaysLeft *float64   `json:"daysLeft,omitempty"`
	State    string     `json:"state" enum:"fine,warn,urgent"`
	Swept    *SweptView `json:"swept,omitempty" doc:"The last sweep"`
}

// SweptView is what a sweep did.
type SweptView struct {
	At     time.Time `json:"at"`
	Series int       `json:"series" doc:"That have a cutoff"`
	Kept   int       `json:"kept" doc:"Whose expired samples somebody still needed"`
	Rows   uint64    `json:"rows"`
	Bytes  int64     `json:"bytes" doc:"Freed"`
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.ruleRoutes(a)
	s.holdRoutes(a)
	type disk struct{ Body DiskView }
	api.Register(a, tag.Operation(http.MethodGet, "getStorage", "/retention/storage", "How long the disk will last"),
		func(ctx context.Context, _ *struct{}) (*disk, error) {
			f, w, err := s.Status(ctx)
			if err != nil {
				return nil, err
			}
			v := DiskView{Bytes: f.Bytes, Budget: f.Budget, Free: f.Free, PerDay: f.PerDay, State: [...]string{"fine", "warn", "urgent"}[f.Severity]}
			if f.Grows {
				days := f.Left.Hours() / 24
				v.DaysLeft = &days
			}
			if w.At != 0 {
				v.Swept = &SweptView{time.Unix(0, w.At).UTC(), w.Series, w.Kept, w.Rows, w.Bytes}
			}
			return &disk{v}, nil
		})
}

func (s *Service) ruleRoutes(a *api.Server) {
	type ofOrg struct {
		Org uuid.UUID `query:"org" format:"uuid" required:"true"`
	}
	type rulesOutput struct{ Body RulesView }
	api.Register(a, tag.Operation(http.MethodGet, "getRetention", "/retention", "How long an organisation keeps its samples"),
		func(ctx context.Context, in *ofOrg) (*rulesOutput, error) {
			r, err := s.Rules(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			due, err := s.Preview(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			now := s.now()
			v := RulesView{Classes: []ClassView{}, Assignments: []AssignmentView{}, Holds: store.All(r.Holds, holdView), Due: make([]DueView, len(due))}
			for _, c := range r.Classes {
				if !c.Removed {
					v.Classes = append(v.Classes, s.classView(c))
				}
			}
			slices.SortFunc(v.Classes, func(a, b ClassView) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
			for i := range r.Assignments {
				if r.Assignments[i].Until > max(now, r.Assignments[i].From) {
					v.Assignments = append(v.Assignments, assignmentView(&r.Assignments[i]))
				}
			}
			for i, d := range due {
				v.Due[i] = DueView{Series: d.Series, Soon: d.Soon}
				if d.Class != uuid.Nil {
					v.Due[i].Class = &due[i].Class
				}
				if d.Oldest != 0 {
					v.Due[i].Before = store.Instant(d.Oldest)
				}
			}
			return &rulesOutput{v}, nil
		})
	type class struct{ Body ClassView }
	type newClass struct {
		Body struct {
			Org    uuid.UUID `json:"org" format:"uuid"`
			Name   text.Text `json:"name"`
			Days   int       `json:"days" doc:"35 to 36525, or 0 for ever"`
			Reason string    `json:"reason"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "createRetentionClass", "/retention/classes", "Make a class: a time to keep")),
		func(ctx context.Context, in *newClass) (*class, error) {
			c, err := s.NewClass(ctx, in.Body.Org, in.Body.Name, in.Body.Days, in.Body.Reason)
			if err != nil {
				return nil, err
			}
			return &class{s.classView(&c)}, nil
		})
	type change struct {
		api.ByID
		Body struct {
			Days   int    `json:"days" doc:"35 to 36525, or 0 for ever"`
			Reason string `json:"reason"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPatch, "changeRetentionClass", "/retention/classes/{id}", "Keep longer at once, or shorter from tomorrow on"),
		func(ctx context.Context, in *change) (*class, error) {
			c, err := s.ChangeClass(ctx, in.ID, in.Body.Days, in.Body.Reason)
			if err != nil {
				return nil, err
			}
			return &class{s.classView(&c)}, nil
		})
	api.Register(a, tag.Operation(http.MethodDelete, "removeRetentionClass", "/retention/classes/{id}", "Remove a class that is not assigned"),
		func(ctx context.Context, in *api.ByID) (*struct{}, error) { return nil, s.RemoveClass(ctx, in.ID) })
	type assignment struct{ Body AssignmentView }
	type assign struct {
		Body struct {
			Org    uuid.UUID  `json:"org" format:"uuid"`
			Target Target     `json:"target" enum:"org,template,node,series"`
			Of     string     `json:"of" doc:"The id of the organisation, node or series, or the template"`
			Class  *uuid.UUID `json:"class,omitempty" format:"uuid" doc:"Left out: for ever"`
			Reason string     `json:"reason"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPut, "assignRetentionClass", "/retention/assignments", "Say which class counts for what; from tomorrow on, or at once where it keeps for ever"),
		func(ctx context.Context, in *assign) (*assignment, error) {
			made, err := s.Assign(ctx, in.Body.Org, in.Body.Target, in.Body.Of, api.OrNil(in.Body.Class), in.Body.Reason)
			if err != nil {
				return nil, err
			}
			return &assignment{assignmentView(&made)}, nil
		})
	type end struct {
		api.ByID
		Body struct {
			Reason string `json:"reason"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "endRetentionAssignment", "/retention/assignments/{id}/end", "End an assignment from tomorrow on, or take one back that is not in effect yet"),
		func(ctx context.Context, in *end) (*struct{}, error) {
			return nil, s.Unassign(ctx, in.ID, in.Body.Reason)
		})
}

func (s *Service) holdRoutes(a *api.Server) {
	type hold struct{ Body HoldView }
	type newHold struct {
		Body struct {
			Org    uuid.UUID  `json:"org" format:"uuid"`
			Series *uuid.UUID `json:"series,omitempty" format:"uuid" doc:"Left out: all of the organisation"`
			From   time.Time  `json:"from"`
			To     time.Time  `json:"to"`
			Reason string     `json:"reason"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "holdSamples", "/retention/holds", "Keep the samples of a span whatever the classes say")),
		func(ctx context.Context, in *newHold) (*hold, error) {
			for field, t := range map[string]time.Time{"body.from": in.Body.From, "body.to": in.Body.To} {
				if y := t.UTC().Year(); y < 1970 || y >= 2200 {
					return nil, ErrSpan.At(field, t.UTC().Format(time.RFC3339))
				}
			}
			h, err := s.Hold(ctx, in.Body.Org, api.OrNil(in.Body.Series), in.Body.From.UnixNano(), in.Body.To.UnixNano(), in.Body.Reason)
			if err != nil {
				return nil, err
			}
			return &hold{holdView(&h)}, nil
		})
	type release struct {
		api.ByID
		Body struct {
			Reason string `json:"reason"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "releaseSamples", "/retention/holds/{id}/release", "End a hold"),
		func(ctx context.Context, in *release) (*struct{}, error) {
			return nil, s.Release(ctx, in.ID, in.Body.Reason)
		})
}
