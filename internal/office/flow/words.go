package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

// DeadlineWords are a deadline as a desk shows it: how many working days are left, and why it ends when it does.
type DeadlineWords struct {
	RoleName text.Text   `json:"roleName"`
	Days     int         `json:"days" doc:"Its length in its unit"`
	Unit     string      `json:"unit" enum:"working,calendar,month"`
	Left     int         `json:"workdaysLeft" doc:"Working days after today up to the last day; 0 on the last day; negative: working days since it has passed"`
	Counted  string      `json:"counted,omitempty" format:"date" doc:"Where a holiday moved it: what counting alone gave"`
	Why      *text.Text  `json:"why,omitempty" doc:"Why that day was none on which a period ends"`
	Through  []text.Text `json:"through,omitempty" doc:"Holidays and shifted working days on the way"`
}

// farDays bounds for how far working days are counted one by one.
const farDays = 3 * 366

func (f *Flow) deadlineWords(cal *workday.Calendar, d *Deadline, k *Clock, now int64) DeadlineWords {
	w := DeadlineWords{RoleName: f.role(d.Role).Name, Days: d.Days, Unit: string(d.Unit)}
	today := workday.DayOf(now)
	if k.Stopped != 0 {
		today = workday.DayOf(k.Stopped)
	}
	switch {
	case k.Last-today > farDays || today-k.Last > farDays: // nobody counts that
		w.Left = int(k.Last - today)
	case today <= k.Last:
		w.Left = cal.Between(today, k.Last+1, workday.WorkingDays)
	default:
		w.Left = -cal.Between(k.Last, today+1, workday.WorkingDays)
	}
	from := workday.DayOf(k.Since)
	if k.Moved {
		if last, err := cal.Last(from, workday.Period{N: max(0, d.Days-k.Used), Unit: d.Unit}); err == nil && last.Moved() {
			why := cal.About(last.Counted)
			w.Counted, w.Why = last.Counted.String(), &why
		}
	}
	if k.Last-from <= farDays {
		w.Through = cal.Through(from, k.Last)
	}
	return w
}

// CaseFlow is what a page needs of the version of a flow by which a case runs.
type CaseFlow struct {
	Case      text.Text       `json:"case" doc:"What one case is called"`
	Fields    json.RawMessage `json:"fields"`
	Documents []DocumentKind  `json:"documents" nullable:"false"`
	Roles     []Role          `json:"roles" nullable:"false"`
	States    []State         `json:"states" nullable:"false"`
	Naming    []string        `json:"naming" nullable:"false" doc:"Roles for which people are named before a step that can be taken now"`
}

func (s *Service) declared(ctx context.Context, c *Case) (*CaseFlow, error) {
	f, err := s.version(ctx, s.o.DB, c.Flow, c.Version)
	if err != nil {
		return nil, err
	}
	v := &CaseFlow{Case: f.Case, Documents: list(f.Documents), Roles: f.Roles, States: f.States, Naming: []string{}}
	for i := range f.Transitions {
		if t := &f.Transitions[i]; slices.Contains(t.From, c.State) {
			for _, role := range t.Assigned {
				if !slices.Contains(v.Naming, role) {
					v.Naming = append(v.Naming, role)
				}
			}
		}
	}
	v.Fields, err = json.Marshal(f.Fields)
	return v, err
}

// called is what organisations are called.
func (s *Service) called(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]text.Text, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return id == uuid.Nil })
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	if ids = slices.Compact(ids); s.o.Names == nil || len(ids) == 0 {
		return map[uuid.UUID]text.Text{}, nil
	}
	names, err := s.o.Names.Names(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("names of organisations: %w", err)
	}
	return names, nil
}

func (s *Service) names(ctx context.Context, views []CaseView) ([]CaseView, error) {
	var ids []uuid.UUID
	for i := range views {
		ids = append(ids, views[i].Org)
		if views[i].Subject != nil {
			ids = append(ids, *views[i].Subject)
		}
	}
	names, err := s.called(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range views {
		v := &views[i]
		v.OrgName = names[v.Org]
		if v.Subject != nil {
			v.About = names[*v.Subject]
		}
	}
	return views, nil
}

func (s *Service) stepNames(ctx context.Context, views []StepView) ([]StepView, error) {
	var ids []uuid.UUID
	for i := range views {
		if views[i].Org != nil {
			ids = append(ids, *views[i].Org)
		}
	}
	names, err := s.called(ctx, ids)
	for i := range views {
		if views[i].Org != nil {
			views[i].OrgName = names[*views[i].Org]
		}
	}
	return views, err
}

func (s *Service) publicNames(ctx context.Context, views []PublicCase) error {
	var ids []uuid.UUID
	for i := range views {
		ids = append(ids, views[i].Org, views[i].subject)
	}
	names, err := s.called(ctx, ids)
	for i := range views {
		views[i].OrgName, views[i].About = names[views[i].Org], names[views[i].subject]
	}
	return err
}

func (s *Service) dueViews(ctx context.Context, items []Due) ([]DueView, error) {
	var ids []uuid.UUID
	for i := range items {
		ids = append(ids, items[i].Owner, items[i].Subject)
	}
	names, err := s.called(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := s.o.Now().UnixNano()
	out := make([]DueView, len(items))
	for i := range items {
		d := &items[i]
		f, err := s.version(ctx, s.o.DB, d.Flow, d.Version)
		if err != nil {
			return nil, err
		}
		v := dueView(d)
		v.FlowName, v.StateName, v.RoleName = f.Name, f.state(d.State).Name, f.role(d.Role).Name
		v.OwnerName, v.About = names[d.Owner], names[d.Subject]
		if d.Subject != uuid.Nil {
			v.Subject = &d.Subject
		}
		if d.Clock != nil {
			v.DeadlineView = &f.deadlineViews(s.cal, []Clock{*d.Clock}, now)[0]
		}
		out[i] = v
	}
	return out, nil
}

// Doing is an action on a case as somebody is about to take it: for rooms that keep what is filled in until then.
type Doing struct {
	Flow       *Flow
	Case       Case // without what the caller may not see
	Transition *Transition
	Role       *Role
	Refused    error // by time, for want of people, or because duties are apart; nil where it would not be
}

// Doing looks up an action that the caller, acting for an organisation, may take. Errors: those of Take, without what depends on
// what is filled in.
func (s *Service) Doing(ctx context.Context, id uuid.UUID, action string, acting uuid.UUID) (Doing, error) {
	f, c, err := s.load(ctx, s.o.DB, id)
	if err != nil {
		return Doing{}, err
	}
	st, err := standing(ctx, f, c)
	if err != nil {
		return Doing{}, err
	}
	x := &attempt{s: s, st: st, f: f, c: c}
	if !st.reads && !(f.state(c.State).Public && st.may(auth.Operate, acting)) {
		return Doing{}, x.missing()
	}
	candidates, err := x.candidates(ctx, s.o.DB, action)
	if err != nil {
		return Doing{}, err
	}
	t := candidates[0]
	role, org, ok := st.role(t.Roles, acting)
	if !ok {
		return Doing{}, ErrRole.At("body.action", action).With("action", t.Name).With("roles", f.roleNames(t.Roles))
	}
	x.role, x.acting = role, org
	d := Doing{Flow: f, Case: st.shown(), Transition: t, Role: f.role(role)}
	if !st.reads { // somebody from outside sees what is public
		d.Case.Record = visible(c.Record, func(key string) bool { return f.Fields.Field(key) != nil && f.classOf(key) == field.Public })
	}
	if wrong := f.timely(c, t, s.o.Now().UnixNano()); wrong != nil {
		d.Refused = wrong
	} else if wrong := f.staffed(c, t); wrong != nil {
		d.Refused = wrong
	} else if err := x.apart(ctx, s.o.DB, t); err != nil {
		d.Refused = err
	}
	return d, nil
}

// Asks are the fields of a transition as it asks for them; required are those that are given with it.
func (f *Flow) Asks(t *Transition) field.Schema { return f.asked(t) }

// Step finds the first transition of an action; "start" is the one that opens a case.
func (f *Flow) Step(action string) *Transition {
	if action == startID || action == "" {
		return &f.Start
	}
	for i := range f.Transitions {
		if t := &f.Transitions[i]; t.action() == action && len(t.Roles) > 0 {
			return t
		}
	}
	return nil
}

// RoleOf finds a role; nil where there is none.
func (f *Flow) RoleOf(id string) *Role { return f.role(id) }

// PaperKind finds a kind of document; nil where there is none.
func (f *Flow) PaperKind(id string) *DocumentKind { return f.documentKind(id) }

// Paper gives the content of a document of a case to whoever may see it. Error: store.ErrNotFound.
func (s *Service) Paper(ctx context.Context, id uuid.UUID, document string) (Document, []byte, error) {
	missing := fmt.Errorf("document %s of case %s: %w", document, id, store.ErrNotFound)
	st, err := s.seen(ctx, id)
	if err != nil {
		return Document{}, nil, err
	}
	c := st.shown()
	i := slices.IndexFunc(c.Documents, func(d Document) bool { return d.ID == document })
	papers, ok := s.o.Documents.(Papers)
	if i < 0 || !ok {
		return Document{}, nil, missing
	}
	steps, err := s.steps(ctx, s.o.DB, st.f, id)
	if err != nil {
		return Document{}, nil, err
	}
	for _, x := range steps {
		if x.Revision == c.Documents[i].Revision {
			if shown := st.step(x); x.Confidential && !slices.ContainsFunc(shown.Documents, func(d Document) bool { return d.ID == document }) {
				break // who came with it, and what, is for the owner's people alone
			}
			d, data, err := papers.Read(ctx, x.Org, document)
			d.Kind, d.ID, d.Revision = c.Documents[i].Kind, document, x.Revision
			return d, data, err
		}
	}
	return Document{}, nil, missing
}
