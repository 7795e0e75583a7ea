package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Get returns a case as it stands, without what the caller may not see. Error: store.ErrNotFound.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Case, error) {
	st, err := s.seen(ctx, id)
	if err != nil {
		return Case{}, err
	}
	return st.shown(), nil
}

// seen reads a case for somebody who may.
func (s *Service) seen(ctx context.Context, id uuid.UUID) (*stand, error) {
	if _, err := auth.Need(ctx); err != nil {
		return nil, err
	}
	f, c, err := s.load(ctx, s.o.DB, id)
	if err != nil {
		return nil, err
	}
	st, err := standing(ctx, f, c)
	if err == nil && !st.reads {
		err = fmt.Errorf("case %s: %w", id, store.ErrNotFound)
	}
	return st, err
}

// History is the steps of a case, the first one first. Error: store.ErrNotFound.
func (s *Service) History(ctx context.Context, id uuid.UUID) ([]Step, error) {
	st, err := s.seen(ctx, id)
	if err != nil {
		return nil, err
	}
	steps, err := s.steps(ctx, s.o.DB, st.f, id)
	for i := range steps {
		steps[i] = st.step(steps[i])
	}
	if !st.owner { // who was named is for the owner's people
		steps = slices.DeleteFunc(steps, func(x Step) bool { return x.Transition == "" })
	}
	return steps, err
}

// Action is something that the caller may do with a case now.
type Action struct {
	Transition *Transition // the first of those of the action
	Role       string
	Refused    error // why it would be refused now by time or for want of people; nil where it would not
}

// Actions are what the caller may do with a case. Error: store.ErrNotFound.
func (s *Service) Actions(ctx context.Context, id uuid.UUID) ([]Action, error) {
	st, err := s.seen(ctx, id)
	if err != nil {
		return nil, err
	}
	now := s.o.Now().UnixNano()
	var out []Action
	for _, action := range st.f.actions(st.c.State) {
		for i := range st.f.Transitions {
			t := &st.f.Transitions[i]
			if t.action() != action || len(t.Roles) == 0 || !slices.Contains(t.From, st.c.State) {
				continue
			}
			role, acting, ok := st.role(t.Roles, uuid.Nil)
			if !ok {
				break
			}
			a := Action{Transition: t, Role: role}
			if wrong := st.f.timely(st.c, t, now); wrong != nil {
				a.Refused = wrong
			} else if wrong := st.f.staffed(st.c, t); wrong != nil {
				a.Refused = wrong
			}
			x := &attempt{s: s, st: st, f: st.f, c: st.c, role: role, acting: acting}
			if err := x.apart(ctx, s.o.DB, t); errors.Is(err, ErrApart) {
				a.Refused = err
			} else if err != nil {
				return nil, err
			}
			out = append(out, a)
			break
		}
	}
	return out, nil
}

// Filter narrows a list of cases; zero fields do not.
type Filter struct {
	Flow    string
	State   string
	Org     uuid.UUID // kept by
	Subject uuid.UUID
	Words   string // in the title, whatever the case
	Running bool
}

var like = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (f Filter) where(q *bun.SelectQuery) *bun.SelectQuery {
	if f.Flow != "" {
		q = q.Where("c.flow = ?", f.Flow)
	}
	if f.State != "" {
		q = q.Where("c.state = ?", f.State)
	}
	if f.Org != uuid.Nil {
		q = q.Where("c.org = ?", f.Org)
	}
	if f.Subject != uuid.Nil {
		q = q.Where("c.subject = ?", f.Subject.String())
	}
	if f.Words != "" {
		q = q.Where(`c.words LIKE ? ESCAPE '\'`, "%"+like.Replace(strings.ToLower(f.Words))+"%")
	}
	if f.Running {
		q = q.Where("c.ended = 0")
	}
	return q
}

var order = store.Keyset{Columns: []string{"c.id"}, Descending: true}

// List returns the cases that the caller may see, the newest first. Error: store.ErrCursor.
func (s *Service) List(ctx context.Context, f Filter, page store.Page) ([]Case, string, error) {
	var rows []caseRow
	q, err := s.visible(ctx, f.where(s.o.DB.NewSelect().Model(&rows)))
	if err != nil {
		return nil, "", err
	}
	return s.page(ctx, q, &rows, page, func(f *Flow, c *Case) (Case, error) {
		st, err := standing(ctx, f, c)
		if err != nil {
			return *c, err
		}
		return st.shown(), nil
	})
}

// many cases of one's own are met soon when all are looked through, the newest first; fewer are looked up.
const many = 1000

// visible narrows a query on cases to those that the caller may see.
func (s *Service) visible(ctx context.Context, q *bun.SelectQuery) (*bun.SelectQuery, error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return nil, err
	}
	read, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, err
	}
	own := func(q *bun.SelectQuery) *bun.SelectQuery { return read.Where(q, "x.org") }
	some := own(s.o.DB.NewSelect().TableExpr("flow_case AS x").ColumnExpr("1").Limit(many + 1))
	owned := 0
	if err := s.o.DB.NewSelect().TableExpr("(?) AS few", some).ColumnExpr("COUNT(*)").Scan(ctx, &owned); err != nil {
		return nil, wrap("list cases", err)
	}
	named := read.Where(s.o.DB.NewSelect().Model((*partyRow)(nil)).Column("case_id").Where("p.person IN ('', ?)", p.ID.String()), "p.org")
	if owned <= many { // among those of all others: found by their indexes
		mine := own(s.o.DB.NewSelect().TableExpr("flow_case AS x").Column("id"))
		about := read.Where(s.o.DB.NewSelect().TableExpr("flow_case AS x").Column("id"), "x.subject")
		return q.Where("c.id IN (? UNION ? UNION ?)", mine, about, named), nil
	}
	and := " AND " // looked through in the order of the list
	if s.o.DB.Engine() == store.SQLite {
		and = " AND +" // with the sign it does not collect them all by their indexes and sort them
	}
	q = q.Where("1 = 1").WhereGroup(and, func(q *bun.SelectQuery) *bun.SelectQuery {
		for _, column := range []string{"c.org", "c.subject"} {
			q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery { return read.Where(q.Where("1 = 1"), column) })
		}
		return q.WhereOr("c.id IN (?)", named)
	})
	return q, nil
}

func (s *Service) page(ctx context.Context, q *bun.SelectQuery, rows *[]caseRow, page store.Page, show func(*Flow, *Case) (Case, error)) ([]Case, string, error) {
	var broken error
	list, next, err := store.List(ctx, order, q, rows, page, func(r *caseRow) []any { return []any{r.ID.String()} }, func(r *caseRow) Case {
		f, err := s.version(ctx, s.o.DB, r.Flow, r.Version)
		if err != nil {
			broken = err
			return Case{}
		}
		c, err := f.caseOf(r)
		if err == nil {
			c, err = show(f, &c)
		}
		if err != nil {
			broken = err
		}
		return c
	})
	if err == nil {
		err = broken
	}
	return list, next, err
}

// ListPublic returns the public fields of cases in public states, to anybody. Of a flow whose states have changed, those count that
// its newest version calls public.
func (s *Service) ListPublic(ctx context.Context, flow string, org uuid.UUID, page store.Page) ([]Case, string, error) {
	f, err := s.Flow(flow)
	if err != nil {
		return nil, "", err
	}
	states := []string{""}
	for _, x := range f.States {
		if x.Public {
			states = append(states, x.ID)
		}
	}
	var rows []caseRow
	q := Filter{Flow: flow, Org: org}.where(s.o.DB.NewSelect().Model(&rows)).Where("c.state IN (?)", bun.List(states))
	return s.page(ctx, q, &rows, page, func(f *Flow, c *Case) (Case, error) {
		open := f.state(c.State).Public // and by its own version
		out := Case{ID: c.ID, Org: c.Org, Subject: c.Subject, Flow: c.Flow, Version: c.Version, State: c.State, Opened: c.Opened, At: c.At, Revision: c.Revision}
		for _, d := range f.Deadlines {
			if k := c.clock(d.ID); k != nil && open && slices.ContainsFunc(f.Transitions, func(t Transition) bool {
				return t.Before == d.ID && slices.ContainsFunc(t.Roles, func(r string) bool { return f.role(r).Of == Anyone })
			}) {
				out.Clocks = append(out.Clocks, *k) // until when one may object
			}
		}
		out.Record = visible(c.Record, func(key string) bool { return open && f.Fields.Field(key) != nil && f.classOf(key) == field.Public })
		return out, nil
	})
}

// Due is one line of somebody's list: what waits, until when, in which case.
type Due struct {
	Task
	ID      uuid.UUID
	Owner   uuid.UUID
	Subject uuid.UUID // zero for none
	Flow    string
	Version string
	Clock   *Clock // nil where no deadline runs
	State   string
	Title   string
	Rev     int64
}

// DueFilter narrows a list of what is due; zero fields do not.
type DueFilter struct {
	Role    string
	Mine    bool  // for which the caller was named in person
	Overdue bool  // only what has passed
	Until   int64 // that ends before this instant
}

var dueOrder = store.Keyset{Columns: []string{"t.due", "t.id"}}

type dueRow struct {
	ID       uuid.UUID
	CaseID   uuid.UUID
	Org      uuid.UUID
	Role     string
	Person   string
	Deadline string
	Due      int64
	CaseOrg  uuid.UUID
	Subject  string
	Version  string
	Clocks   string
	Flow     string
	State    string
	Title    string
	Revision int64
}

// DueList returns what waits for an organisation, the most pressing first; what has no deadline comes last. What is for one person
// named for a role that is assigned is for that person alone. Errors: those of auth, store.ErrCursor.
func (s *Service) DueList(ctx context.Context, org uuid.UUID, f DueFilter, page store.Page) ([]Due, string, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	now := s.o.Now().UnixNano()
	var rows []dueRow
	q := scope.Where(s.o.DB.NewSelect().TableExpr("flow_task AS t").ColumnExpr("t.id, t.case_id, t.org, t.role, t.person, t.deadline, t.due, c.org AS case_org, c.subject, c.version, c.clocks, c.flow, c.state, c.title, c.revision").Join("JOIN flow_case AS c ON c.id = t.case_id"), "t.org")
	q = q.Where("t.seen IN ('', ?)", scope.Principal().ID.String())
	if f.Role != "" {
		q = q.Where("t.role = ?", f.Role)
	}
	if f.Mine {
		q = q.Where("t.person = ?", scope.Principal().ID.String())
	}
	if f.Until > 0 {
		q = q.Where("t.due <= ?", f.Until)
	}
	if f.Overdue {
		q = q.Where("t.due <= ?", now)
	}
	if q, err = dueOrder.Apply(q, page); err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, "", wrap("list what is due", err)
	}
	cut, next := store.Cut(dueOrder, rows, page, func(r *dueRow) []any { return []any{r.Due, r.ID.String()} })
	return store.All(cut, func(r *dueRow) Due {
		d := Due{Task: Task{Case: r.CaseID, Org: r.Org, Role: r.Role, Person: store.ID(r.Person), Deadline: r.Deadline, Due: r.Due, Overdue: r.Due <= now},
			ID: r.ID, Owner: r.CaseOrg, Subject: store.ID(r.Subject), Flow: r.Flow, Version: r.Version, State: r.State, Title: r.Title, Rev: r.Revision}
		var c Case
		if r.Deadline != "" && json.Unmarshal([]byte(r.Clocks), &c.Clocks) == nil {
			d.Clock = c.clock(r.Deadline)
		}
		return d
	}), next, nil
}
