package flow

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

const tag = api.Tag("cases")

// DeadlineView is a deadline of a case as it is told.
type DeadlineView struct {
	ID      string     `json:"id"`
	Name    text.Text  `json:"name"`
	Basis   string     `json:"basis,omitempty"`
	Role    string     `json:"role" doc:"Who has to act"`
	Began   time.Time  `json:"began"`
	Last    string     `json:"last" format:"date" doc:"The last day"`
	Due     time.Time  `json:"due" doc:"From here on it has passed"`
	Moved   bool       `json:"moved,omitempty" doc:"The last day was a holiday and moved to the next working day"`
	Unknown []int      `json:"unknownYears,omitempty" doc:"Years without a notice of holidays: weekends only were counted"`
	Stopped *time.Time `json:"stopped,omitempty" doc:"Since when it stands still"`
	Overdue bool       `json:"overdue"`
	DeadlineWords
}

// CaseView is a case as it is told.
type CaseView struct {
	ID        uuid.UUID       `json:"id" format:"uuid"`
	Flow      string          `json:"flow"`
	Version   string          `json:"version" doc:"Of the flow, for the case's whole life"`
	FlowName  text.Text       `json:"flowName"`
	Org       uuid.UUID       `json:"org" format:"uuid" doc:"Who keeps it"`
	OrgName   text.Text       `json:"orgName,omitzero"`
	Subject   *uuid.UUID      `json:"subject,omitempty" format:"uuid" doc:"The organisation that it is about"`
	About     text.Text       `json:"subjectName,omitzero"`
	State     string          `json:"state"`
	StateName text.Text       `json:"stateName"`
	Title     string          `json:"title"`
	Content   json.RawMessage `json:"content" doc:"Fields that you may not see are left out"`
	Documents []Document      `json:"documents" nullable:"false"`
	Parties   []Party         `json:"parties" nullable:"false" doc:"Named for roles; of others than the owner's people those that they are themselves"`
	Deadlines []DeadlineView  `json:"deadlines" nullable:"false"`
	Opened    time.Time       `json:"opened"`
	At        time.Time       `json:"at" doc:"Of the last step"`
	Ended     *time.Time      `json:"ended,omitempty"`
	Revision  int64           `json:"revision"`
	Declared  *CaseFlow       `json:"declared,omitempty" doc:"Of one case: what the version of its flow says"`
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func (s *Service) view(ctx context.Context, c *Case) (CaseView, error) {
	f, err := s.version(ctx, s.o.DB, c.Flow, c.Version)
	if err != nil {
		return CaseView{}, err
	}
	now := s.o.Now().UnixNano()
	v := CaseView{ID: c.ID, Flow: c.Flow, FlowName: f.Name, Version: c.Version, Org: c.Org, State: c.State, StateName: f.state(c.State).Name, Title: c.Title, Content: c.Record.Encode(), Documents: list(c.Documents), Parties: list(c.Parties),
		Deadlines: f.deadlineViews(s.cal, c.Clocks, now), Opened: time.Unix(0, c.Opened).UTC(), At: time.Unix(0, c.At).UTC(), Ended: store.Instant(c.Ended), Revision: c.Revision}
	if c.Subject != uuid.Nil {
		v.Subject = &c.Subject
	}
	return v, nil
}

func (f *Flow) deadlineViews(cal *workday.Calendar, clocks []Clock, now int64) []DeadlineView {
	out := []DeadlineView{}
	for _, k := range clocks {
		d := f.deadline(k.Deadline)
		out = append(out, DeadlineView{ID: d.ID, Name: d.Name, Basis: d.Basis, Role: d.Role, Began: time.Unix(0, k.Began).UTC(), Last: k.Last.String(), Due: time.Unix(0, k.Due).UTC(), Moved: k.Moved,
			Unknown: k.Unknown, Stopped: store.Instant(k.Stopped), Overdue: k.Stopped == 0 && k.Due <= now, DeadlineWords: f.deadlineWords(cal, d, &k, now)})
	}
	return out
}

// StepView is one step of a case's history.
type StepView struct {
	Revision   int64           `json:"revision"`
	Transition string          `json:"transition,omitempty" doc:"Absent where people were named for a role"`
	Name       text.Text       `json:"name"`
	From       string          `json:"from,omitempty"`
	To         string          `json:"to"`
	ToName     text.Text       `json:"toName"`
	Role       string          `json:"role,omitempty"`
	RoleName   text.Text       `json:"roleName,omitzero"`
	Org        *uuid.UUID      `json:"org,omitempty" format:"uuid" doc:"For which organisation it was done"`
	OrgName    text.Text       `json:"orgName,omitzero"`
	By         audit.Actor     `json:"by"`
	Reason     string          `json:"reason,omitempty"`
	Content    json.RawMessage `json:"content" doc:"What was filled in"`
	Documents  []Document      `json:"documents" nullable:"false"`
	Named      []Party         `json:"named,omitempty"`
	Deadline   string          `json:"deadline,omitempty" doc:"That took the step by itself"`
	At         time.Time       `json:"at"`
}

func (f *Flow) stepView(x *Step) StepView {
	v := StepView{Revision: x.Revision, Transition: x.Transition, Name: text.Text{Zh: "指定办理人", En: "People named"}, From: x.From, To: x.To, Role: x.Role, By: x.By, Reason: x.Reason, Content: x.Content.Encode(),
		Documents: list(x.Documents), Named: x.Named, Deadline: x.Deadline, At: time.Unix(0, x.At).UTC()}
	if t := f.transition(x.Transition); t != nil {
		v.Name = t.Name
	}
	if to := f.state(x.To); to != nil {
		v.ToName = to.Name
	}
	if r := f.role(x.Role); r != nil {
		v.RoleName = r.Name
	}
	if x.Org != uuid.Nil {
		v.Org = &x.Org
	}
	return v
}

// ActionView is something that the caller may do with a case.
type ActionView struct {
	Action       string          `json:"action"`
	Name         text.Text       `json:"name"`
	Role         string          `json:"role" doc:"In which you do it"`
	Fields       json.RawMessage `json:"fields" doc:"What it fills in; required says what it needs"`
	Documents    []DocumentKind  `json:"documents" nullable:"false" doc:"Kinds that the case must carry"`
	MayDocuments []DocumentKind  `json:"mayDocuments" nullable:"false"`
	Reason       bool            `json:"reason" doc:"A reason in words is needed"`
	Refused      string          `json:"refused,omitempty" doc:"Code of the problem with which it would be refused now"`
}

func (f *Flow) actionView(a *Action) (ActionView, error) {
	t := a.Transition
	v := ActionView{Action: t.action(), Name: t.Name, Role: a.Role, Reason: t.Reason, Documents: []DocumentKind{}, MayDocuments: []DocumentKind{}}
	if p, ok := problem.From(a.Refused); ok {
		v.Refused = p.Kind().Code()
	}
	for _, id := range t.Documents {
		v.Documents = append(v.Documents, *f.documentKind(id))
	}
	for _, id := range t.MayDocuments {
		v.MayDocuments = append(v.MayDocuments, *f.documentKind(id))
	}
	var err error
	v.Fields, err = json.Marshal(f.asked(t))
	return v, err
}

// asked are the fields of a transition, as it asks for them.
func (f *Flow) asked(t *Transition) field.Schema {
	out := field.Schema{}
	for i := range f.Fields {
		x := f.Fields[i]
		x.Required = slices.Contains(t.Fields, x.Key)
		if x.Required || slices.Contains(t.Has, x.Key) || slices.Contains(t.May, x.Key) {
			out = append(out, x)
		}
	}
	return out
}

// FlowView is a flow as it is told.
type FlowView struct {
	ID          string          `json:"id"`
	Version     string          `json:"version"`
	Name        text.Text       `json:"name"`
	Note        text.Text       `json:"note,omitzero"`
	Case        text.Text       `json:"case" doc:"What one case is called"`
	Source      string          `json:"source" doc:"Where the pack comes from"`
	Fields      json.RawMessage `json:"fields" doc:"With their names in zh and en, types and bounds"`
	Schema      json.RawMessage `json:"schema" doc:"JSON Schema 2020-12 of what opens a case"`
	Documents   []DocumentKind  `json:"documents" nullable:"false"`
	Roles       []Role          `json:"roles" nullable:"false"`
	States      []State         `json:"states" nullable:"false"`
	Start       Transition      `json:"start"`
	Transitions []Transition    `json:"transitions" nullable:"false"`
	Deadlines   []Deadline      `json:"deadlines" nullable:"false"`
	Apart       []Apart         `json:"apart" nullable:"false"`
}

func (f *Flow) view(lang string) (FlowView, error) {
	v := FlowView{ID: f.ID, Version: f.Version, Name: f.Name, Note: f.Note, Case: f.Case, Source: f.Source, Documents: list(f.Documents), Roles: f.Roles, States: f.States, Start: f.Start,
		Transitions: f.Transitions, Deadlines: list(f.Deadlines), Apart: list(f.Apart)}
	v.Start.From = nil
	var err error
	if v.Fields, err = json.Marshal(f.Fields); err == nil {
		v.Schema, err = json.Marshal(f.asked(&f.Start).JSONSchema(lang))
	}
	return v, err
}

// DueView is one line of what is due.
type DueView struct {
	ID       uuid.UUID  `json:"id" format:"uuid"`
	Case     uuid.UUID  `json:"case" format:"uuid"`
	Owner    uuid.UUID  `json:"owner" format:"uuid" doc:"Who keeps the case"`
	Flow     string     `json:"flow"`
	State    string     `json:"state"`
	Title    string     `json:"title"`
	Revision int64      `json:"revision"`
	Role     string     `json:"role"`
	Person   *uuid.UUID `json:"person,omitempty" format:"uuid" doc:"Absent: anybody of the organisation who may"`
	Deadline string     `json:"deadline,omitempty"`
	Due      *time.Time `json:"due,omitempty" doc:"Absent where no deadline runs"`
	Overdue  bool       `json:"overdue"`

	OwnerName    text.Text     `json:"ownerName,omitzero"`
	Subject      *uuid.UUID    `json:"subject,omitempty" format:"uuid" doc:"The organisation that the case is about"`
	About        text.Text     `json:"subjectName,omitzero"`
	FlowName     text.Text     `json:"flowName"`
	StateName    text.Text     `json:"stateName"`
	RoleName     text.Text     `json:"roleName"`
	DeadlineView *DeadlineView `json:"clock,omitempty" doc:"The deadline in full; absent where none runs"`
}

func dueView(d *Due) DueView {
	v := DueView{ID: d.ID, Case: d.Case, Owner: d.Owner, Flow: d.Flow, State: d.State, Title: d.Title, Revision: d.Rev, Role: d.Role, Deadline: d.Deadline, Overdue: d.Overdue}
	if d.Person != uuid.Nil {
		v.Person = &d.Person
	}
	if d.Due != store.Forever {
		v.Due = store.Instant(d.Due)
	}
	return v
}

// OpenRequest opens a case.
type OpenRequest struct {
	Flow      string          `json:"flow" maxLength:"100"`
	Org       uuid.UUID       `json:"org" format:"uuid" doc:"Who is to keep it"`
	Subject   *uuid.UUID      `json:"subject,omitempty" format:"uuid" doc:"The organisation that it is about"`
	Content   json.RawMessage `json:"content,omitempty"`
	Documents []Paper         `json:"documents,omitempty" maxItems:"50"`
	Reason    string          `json:"reason,omitempty" maxLength:"2000"`
}

// StepRequest takes a case through a step.
type StepRequest struct {
	Action    string          `json:"action" maxLength:"50"`
	Basis     int64           `json:"basis" minimum:"1" doc:"The revision that you saw"`
	Content   json.RawMessage `json:"content,omitempty" doc:"The fields that the action fills in"`
	Documents []Paper         `json:"documents,omitempty" maxItems:"50"`
	Reason    string          `json:"reason,omitempty" maxLength:"2000"`
	Acting    *uuid.UUID      `json:"acting,omitempty" format:"uuid" doc:"For which organisation, of an action that is open to anyone"`
}

// NameRequest names people for a role.
type NameRequest struct {
	Role    string      `json:"role" maxLength:"50"`
	Basis   int64       `json:"basis" minimum:"1" doc:"The revision that you saw"`
	Parties []NameParty `json:"parties" maxItems:"100" nullable:"false" doc:"All of them, in place of those before"`
	Reason  string      `json:"reason,omitempty" maxLength:"2000"`
}

// NameParty is an organisation or one person in it.
type NameParty struct {
	Org    uuid.UUID  `json:"org" format:"uuid"`
	Person *uuid.UUID `json:"person,omitempty" format:"uuid"`
}

// OfferRequest says whether an organisation takes cases.
type OfferRequest struct {
	Org   uuid.UUID `json:"org" format:"uuid"`
	Takes bool      `json:"takes"`
}

// CaseLanguage is the caller's.
type CaseLanguage struct {
	AcceptLanguage string `header:"Accept-Language"`
}

// ByFlow is embedded in the input of an operation on a flow.
type ByFlow struct {
	Flow string `path:"flow" maxLength:"100"`
}

type caseOutput struct{ Body CaseView }

func (s *Service) one(ctx context.Context, c Case, err error) (*caseOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := s.view(ctx, &c)
	if err != nil {
		return nil, err
	}
	if v.Declared, err = s.declared(ctx, &c); err != nil {
		return nil, err
	}
	named, err := s.names(ctx, []CaseView{v})
	if err != nil {
		return nil, err
	}
	return &caseOutput{named[0]}, nil
}

func (s *Service) many(ctx context.Context, items []Case, next string, err error) (*api.List[CaseView], error) {
	if err != nil {
		return nil, err
	}
	out := make([]CaseView, len(items))
	for i := range items {
		if out[i], err = s.view(ctx, &items[i]); err != nil {
			return nil, err
		}
	}
	if out, err = s.names(ctx, out); err != nil {
		return nil, err
	}
	return api.Listed(out, next), nil
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "openCase", "/cases", "Open a case: file an application, ask for an approval")),
		func(ctx context.Context, in *struct{ Body OpenRequest }) (*caseOutput, error) {
			b := &in.Body
			c, err := s.Open(ctx, Opening{Flow: b.Flow, Org: b.Org, Subject: api.OrNil(b.Subject), Content: b.Content, Documents: b.Documents, Reason: b.Reason})
			return s.one(ctx, c, err)
		})
	type cases struct {
		Flow    string    `query:"flow" maxLength:"100"`
		State   string    `query:"state" maxLength:"50"`
		Org     uuid.UUID `query:"org" format:"uuid" doc:"Kept by this organisation"`
		Subject uuid.UUID `query:"subject" format:"uuid" doc:"About this organisation"`
		Words   string    `query:"q" maxLength:"200" doc:"Part of the title"`
		Running bool      `query:"running" doc:"Only those that have not ended"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listCases", "/cases", "Cases that you may see, the newest first"),
		func(ctx context.Context, in *cases) (*api.List[CaseView], error) {
			items, next, err := s.List(ctx, Filter{Flow: in.Flow, State: in.State, Org: in.Org, Subject: in.Subject, Words: in.Words, Running: in.Running}, in.Page())
			return s.many(ctx, items, next, err)
		})
	api.Register(a, tag.Operation(http.MethodGet, "getCase", "/cases/{id}", "One case"),
		func(ctx context.Context, in *api.ByID) (*caseOutput, error) {
			c, err := s.Get(ctx, in.ID)
			return s.one(ctx, c, err)
		})
	type step struct {
		api.ByID
		Body StepRequest
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "takeCaseStep", "/cases/{id}/steps", "Take a case through a step")),
		func(ctx context.Context, in *step) (*caseOutput, error) {
			b := &in.Body
			c, err := s.Take(ctx, in.ID, Taking{Action: b.Action, Basis: b.Basis, Content: b.Content, Documents: b.Documents, Reason: b.Reason, Acting: api.OrNil(b.Acting)})
			return s.one(ctx, c, err)
		})
	api.Register(a, tag.Operation(http.MethodGet, "listCaseSteps", "/cases/{id}/steps", "The history of a case, the first step first"),
		func(ctx context.Context, in *api.ByID) (*api.List[StepView], error) {
			steps, err := s.History(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			st, err := s.seen(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			views, err := s.stepNames(ctx, store.All(steps, st.f.stepView))
			return api.Listed(views, ""), err
		})
	api.Register(a, tag.Operation(http.MethodGet, "listCaseActions", "/cases/{id}/actions", "What you may do with a case now"),
		func(ctx context.Context, in *api.ByID) (*api.List[ActionView], error) {
			actions, err := s.Actions(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			st, err := s.seen(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out := make([]ActionView, len(actions))
			for i := range actions {
				if out[i], err = st.f.actionView(&actions[i]); err != nil {
					return nil, err
				}
			}
			return api.Listed(out, ""), nil
		})
	type name struct {
		api.ByID
		Body NameRequest
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "nameCaseParties", "/cases/{id}/parties", "Name organisations or people for a role of a case")),
		func(ctx context.Context, in *name) (*caseOutput, error) {
			naming := Naming{Role: in.Body.Role, Basis: in.Body.Basis, Reason: in.Body.Reason}
			for _, p := range in.Body.Parties {
				naming.Parties = append(naming.Parties, Party{Org: p.Org, Person: api.OrNil(p.Person)})
			}
			c, err := s.Name(ctx, in.ID, naming)
			return s.one(ctx, c, err)
		})
	s.dueRoutes(a)
	s.deskRoutes(a)
	s.flowRoutes(a)
}

func (s *Service) dueRoutes(a *api.Server) {
	type due struct {
		Org     uuid.UUID `query:"org" format:"uuid" required:"true"`
		Role    string    `query:"role" maxLength:"50"`
		Mine    bool      `query:"mine" doc:"For which you were named in person"`
		Overdue bool      `query:"overdue" doc:"Only what has passed"`
		Until   string    `query:"until" maxLength:"10" doc:"That ends on this day or before"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listDueCases", "/due-cases", "What waits for an organisation, the most pressing first; what has no deadline comes last"),
		func(ctx context.Context, in *due) (*api.List[DueView], error) {
			f := DueFilter{Role: in.Role, Mine: in.Mine, Overdue: in.Overdue}
			if in.Until != "" {
				day, ok := workday.ParseDay(in.Until)
				if !ok {
					return nil, ErrDay.At("query.until", in.Until)
				}
				f.Until = day.End()
			}
			items, next, err := s.DueList(ctx, in.Org, f, in.Page())
			if err != nil {
				return nil, err
			}
			views, err := s.dueViews(ctx, items)
			if err != nil {
				return nil, err
			}
			return api.Listed(views, next), nil
		})
	type period struct {
		Event string `query:"event" required:"true" maxLength:"10" doc:"The day of the event, which is not counted"`
		N     int    `query:"n" minimum:"0" maximum:"3660" required:"true"`
		Unit  string `query:"unit" enum:"working,calendar,month" default:"working"`
	}
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "lastDayOfPeriod", "/workdays/last", "The last day of a period by the Chinese calendar of working days")),
		func(_ context.Context, in *period) (*struct{ Body LastDay }, error) {
			event, ok := workday.ParseDay(in.Event)
			if !ok {
				return nil, ErrDay.At("query.event", in.Event)
			}
			last, err := s.cal.Last(event, workday.Period{N: in.N, Unit: workday.Unit(in.Unit)})
			if err != nil || last.Day.Year() > 2199 {
				return nil, ErrDay.At("query.n", in.N)
			}
			return &struct{ Body LastDay }{LastDay{Last: last.Day.String(), Counted: last.Counted.String(), Moved: last.Moved(), Unknown: last.Unknown, About: s.cal.About(last.Day)}}, nil
		})
}

// LastDay is the end of a period.
type LastDay struct {
	Last    string    `json:"last" format:"date"`
	Counted string    `json:"counted" format:"date" doc:"What counting alone gave, before a holiday moved it"`
	Moved   bool      `json:"moved"`
	Unknown []int     `json:"unknownYears,omitempty" doc:"Years without a notice of holidays: weekends only were counted"`
	About   text.Text `json:"about" doc:"What the last day is"`
}
