package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Paper names a document that comes with a step.
type Paper struct {
	Kind string `json:"kind"`
	ID   string `json:"id" maxLength:"200"`
}

// Opening is a case as somebody opens it.
type Opening struct {
	Flow      string
	Org       uuid.UUID // who is to keep it
	Subject   uuid.UUID // zero for none
	Content   []byte    // JSON
	Documents []Paper
	Reason    string
}

// Taking is a step as somebody takes it.
type Taking struct {
	Action    string
	Basis     int64 // the revision that was seen
	Content   []byte
	Documents []Paper
	Reason    string
	Acting    uuid.UUID // of somebody from outside: for which organisation
}

// maxDocuments bounds the documents of a case.
const maxDocuments = 200

// Open opens a case. Errors: ErrFlow, ErrOpener, ErrOffer, ErrField, ErrDocument, ErrPaper, ErrReason, ErrGuard, ErrTwice; those of
// auth and of the gate.
func (s *Service) Open(ctx context.Context, in Opening) (Case, error) {
	f := s.flows.Offered(in.Flow)
	if f == nil {
		_, err := s.Flow(in.Flow)
		return Case{}, err
	}
	c := Case{ID: uuid.Must(uuid.NewV7()), Org: in.Org, Subject: in.Subject, Flow: f.ID, Version: f.Version, Record: field.Record{}}
	st, err := standing(ctx, f, &c)
	if err != nil {
		return Case{}, err
	}
	role, acting, ok := st.role(f.Start.Roles, uuid.Nil)
	if !ok && !st.reads { // whether the organisation exists is not told
		return Case{}, auth.ErrNotFound.With("thing", "org")
	}
	if !ok || in.Org == uuid.Nil {
		return Case{}, ErrOpener.At("body.org", in.Org).With("roles", f.roleNames(f.Start.Roles))
	}
	x := &attempt{s: s, st: st, f: f, c: &c, role: role, acting: acting, at: s.o.Now().UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		c = Case{ID: c.ID, Org: in.Org, Subject: in.Subject, Flow: f.ID, Version: f.Version, Record: field.Record{}, Opened: x.at}
		if f.role(role).Of == Subject && !st.may(auth.Operate, in.Org) {
			takes, err := s.offered(ctx, tx, in.Org, f.ID)
			if err != nil {
				return err
			}
			if !takes {
				return ErrOffer.At("body.org", in.Org).With("flow", f.Name)
			}
		}
		return x.run(ctx, tx, []*Transition{&f.Start}, Taking{Action: startID, Content: in.Content, Documents: in.Documents, Reason: in.Reason})
	})
	if err != nil {
		return Case{}, s.twice(ctx, x, &c, err)
	}
	s.rouse()
	return st.shown(), nil
}

// twice tells which case was filed already.
func (s *Service) twice(ctx context.Context, x *attempt, c *Case, err error) error {
	if !errors.Is(err, store.ErrConflict) || len(x.f.Unique) == 0 {
		return err
	}
	var zh, en []string
	for _, key := range x.f.Unique {
		name := x.f.Fields.Field(key).Name
		zh, en = append(zh, name.In("zh")), append(en, name.In("en"))
	}
	var other caseRow
	id := "" // told to nobody who may not see it
	if x.s.o.DB.NewSelect().Model(&other).Where("c.org = ? AND c.flow = ? AND c.same = ?", c.Org, c.Flow, x.f.same(c)).Scan(ctx) == nil {
		if seen, e := s.Get(ctx, other.ID); e == nil {
			id = seen.ID.String()
		}
	}
	return ErrTwice.At("body.content."+x.f.Unique[0], c.Record[x.f.Unique[0]]).With("fields", text.Text{Zh: strings.Join(zh, "、"), En: strings.Join(en, ", ")}).With("id", id).Because(err)
}

// Take takes a case through a step. Errors: store.ErrNotFound, ErrChanged, ErrAction, ErrState, ErrEnded, ErrRole, ErrApart, ErrGuard,
// ErrPassed, ErrNotPassed, ErrAssigned, ErrField, ErrDocument, ErrPaper, ErrReason; those of the gate.
func (s *Service) Take(ctx context.Context, id uuid.UUID, in Taking) (Case, error) {
	if err := s.settle(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return Case{}, err
	}
	var x *attempt
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if x, err = s.attempt(ctx, tx, id, in.Basis, in.Acting); err != nil {
			return err
		}
		f, c := x.f, x.c
		candidates, err := x.candidates(ctx, tx, in.Action)
		if err != nil {
			return err
		}
		var ok bool
		if x.role, x.acting, ok = x.st.role(candidates[0].Roles, in.Acting); !ok {
			if !x.st.reads && !f.state(c.State).Public {
				return x.missing()
			}
			return ErrRole.At("body.action", in.Action).With("action", candidates[0].Name).With("roles", f.roleNames(candidates[0].Roles))
		}
		return x.run(ctx, tx, candidates, in)
	})
	if err != nil {
		return Case{}, err
	}
	s.rouse()
	return x.st.shown(), nil
}

// candidates are the transitions that an action may mean in a state. Errors: ErrAction, ErrEnded, ErrState.
func (f *Flow) candidates(state, action string) (list []*Transition, wrong *problem.Error) {
	known := false
	for i := range f.Transitions {
		t := &f.Transitions[i]
		if t.action() != action || len(t.Roles) == 0 {
			continue
		}
		known = true
		if slices.Contains(t.From, state) {
			list = append(list, t)
		}
	}
	switch now := f.state(state); {
	case !known:
		return nil, ErrAction.At("body.action", action).With("actions", strings.Join(f.actions(state), ", "))
	case now.Final:
		return nil, ErrEnded.At("body.action", action).With("state", now.Name)
	case len(list) == 0:
		name := text.Both(action)
		for _, t := range f.Transitions {
			if t.action() == action {
				name = t.Name
			}
		}
		return nil, ErrState.At("body.action", action).With("state", now.Name).With("action", name).With("actions", f.actionNames(state))
	}
	return list, nil
}

// candidates are the transitions that an action may mean in the case as it stands. That it has moved on or ended is told with who did it:
// who comes too late may have kept what they filled in since an earlier revision. Errors: ErrAction, ErrEnded, ErrState.
func (x *attempt) candidates(ctx context.Context, db bun.IDB, action string) ([]*Transition, error) {
	list, wrong := x.f.candidates(x.c.State, action)
	if wrong == nil {
		return list, nil
	}
	if wrong.Kind() == ErrAction {
		return nil, wrong
	}
	return nil, x.since(ctx, db, wrong)
}

// attempt is a step that is being tried.
type attempt struct {
	s      *Service
	st     *stand
	f      *Flow
	c      *Case
	role   string
	acting uuid.UUID
	at     int64
}

func (x *attempt) missing() error { return fmt.Errorf("case %s: %w", x.c.ID, store.ErrNotFound) }

// attempt reads a case for a step. Errors: store.ErrNotFound to those who may not see it, ErrChanged.
func (s *Service) attempt(ctx context.Context, tx bun.Tx, id uuid.UUID, basis int64, acting uuid.UUID) (*attempt, error) {
	f, c, err := s.load(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	st, err := standing(ctx, f, c)
	if err != nil {
		return nil, err
	}
	x := &attempt{s: s, st: st, f: f, c: c, at: max(s.o.Now().UnixNano(), c.At+1)}
	if !st.reads && !(f.state(c.State).Public && st.may(auth.Operate, acting)) {
		return nil, x.missing()
	}
	if c.Revision != basis {
		return nil, x.changed(ctx, tx, basis)
	}
	return x, nil
}

// changed tells somebody who saw an older revision what has been done since.
func (x *attempt) changed(ctx context.Context, tx bun.Tx, basis int64) error {
	return x.since(ctx, tx, ErrChanged.At("body.basis", basis).With("revision", x.c.Revision).With("state", x.f.state(x.c.State).Name))
}

// since adds the last step to a refusal: what it was, who took it and when, as far as the caller may know.
func (x *attempt) since(ctx context.Context, db bun.IDB, refusal *problem.Error) error {
	steps, err := x.s.steps(ctx, db, x.f, x.c.ID)
	if err != nil {
		return err
	}
	last := x.st.step(steps[len(steps)-1])
	what := text.Text{Zh: "指定办理人", En: "people were named"}
	if t := x.f.transition(last.Transition); t != nil {
		what = t.Name
	}
	who := text.Both(last.By.Name)
	if who.IsZero() {
		who = text.Text{Zh: "他人", En: "somebody"}
	}
	return refusal.With("step", what).With("who", who).With("when", hour(last.At))
}

// load reads a case with its version of the flow. It asks nobody's rights: standing does.
func (s *Service) load(ctx context.Context, db bun.IDB, id uuid.UUID) (*Flow, *Case, error) {
	var row caseRow
	if err := db.NewSelect().Model(&row).Where("c.id = ?", id).Scan(ctx); err != nil {
		return nil, nil, wrap("case "+id.String(), err)
	}
	f, err := s.version(ctx, db, row.Flow, row.Version)
	if err != nil {
		return nil, nil, err
	}
	c, err := f.caseOf(&row)
	return f, &c, err
}

// run takes one of the transitions that an action may mean, if the case, what is given and the time allow it, and writes it.
func (x *attempt) run(ctx context.Context, tx bun.Tx, candidates []*Transition, in Taking) error {
	f, c := x.f, x.c
	basis, from := c.Revision, c.State
	for _, t := range candidates { // those of one action keep their duties apart one by one
		if err := x.apart(ctx, tx, t); err != nil {
			return err
		}
	}
	given, after, faults := f.fill(candidates[0], c.Record, in.Content)
	if len(faults) > 0 {
		return problem.All(told(faults)...)
	}
	t, wrong := f.choose(candidates, after)
	if wrong != nil {
		return wrong
	}
	for _, check := range []*problem.Error{f.timely(c, t, x.at), f.staffed(c, t)} {
		if check != nil {
			return check
		}
	}
	papers, err := x.papers(ctx, t, in.Documents)
	if err != nil {
		return err
	}
	if wrong := f.carries(c, t, papers); wrong != nil {
		return wrong
	}
	if in.Reason != "" || t.Reason {
		if wrong := checkReason(in.Reason); wrong != nil {
			return wrong
		}
	}
	c.Record, c.Documents = after, append(slices.Clone(c.Documents), papers...)
	if f.role(x.role).Of == Anyone {
		p := Party{Role: x.role, Org: x.acting}
		if !slices.Contains(c.Parties, p) {
			c.Parties = append(slices.Clone(c.Parties), p)
		}
	}
	notices := f.take(x.s.cal, c, t, x.at)
	step := Step{Case: c.ID, Revision: c.Revision, Transition: t.ID, Action: t.action(), From: from, To: t.To, Role: x.role, Org: x.acting, By: auth.ActorOf(x.st.principal),
		Reason: in.Reason, Content: given, Documents: papers, Confidential: t.Confidential, At: x.at}
	return x.s.commit(ctx, tx, f, c, &step, basis, notices, x.st.principal)
}

// commit writes a step: the case, its history, the audit, the messages.
func (s *Service) commit(ctx context.Context, tx bun.Tx, f *Flow, c *Case, st *Step, basis int64, notices []Notice, by auth.Principal) error {
	if s.o.Gate != nil {
		if err := s.o.Gate.Step(ctx, tx, f, c, st); err != nil {
			return err
		}
	}
	var err error
	if basis == 0 {
		err = s.insertCase(ctx, tx, f, c)
	} else {
		err = s.updateCase(ctx, tx, f, c, basis)
	}
	if err != nil {
		return err
	}
	if err := insert(ctx, tx, []stepRow{f.stepRow(st)}); err != nil {
		return err
	}
	if err := post(ctx, tx, notices); err != nil {
		return err
	}
	verb := map[bool]string{true: "flow.case.open", false: "flow.case.step"}[basis == 0]
	after := map[string]any{"state": c.State, "revision": c.Revision}
	switch {
	case st.Transition == "":
		verb = "flow.case.name"
		after["named"] = st.Named
	default:
		after["transition"] = st.Transition
		after["fields"] = sortedKeys(st.Content)
		if st.Deadline != "" {
			after["deadline"] = st.Deadline
		}
	}
	var before any
	if basis > 0 {
		before = map[string]any{"state": st.From, "revision": basis}
	}
	entry := auth.System(c.Org).Act(ctx, timeOf(st.At), verb, audit.Object{Kind: "flow." + f.ID, ID: c.ID.String(), Name: shorten(c.Title)}, before, after)
	entry.Actor, entry.Via, entry.Reason = auth.ActorOf(by), by.Via, st.Reason
	return audit.Record(ctx, tx, entry)
}

// apart refuses who has done another of the steps that are kept apart.
func (x *attempt) apart(ctx context.Context, tx bun.IDB, t *Transition) error {
	for _, a := range x.f.Apart {
		if !slices.Contains(a.Steps, t.ID) {
			continue
		}
		steps, err := x.s.steps(ctx, tx, x.f, x.c.ID)
		if err != nil {
			return err
		}
		me := auth.ActorOf(x.st.principal).ID
		for _, old := range steps {
			if old.Transition == t.ID || !slices.Contains(a.Steps, old.Transition) {
				continue
			}
			if a.By == "org" && old.Org == x.acting || a.By != "org" && me != "" && old.By.ID == me {
				return ErrApart.At("body.action", t.action()).With("action", t.Name).With("step", x.f.transition(old.Transition).Name).With("when", hour(old.At)).With("why", a.Why)
			}
		}
	}
	return nil
}

// papers looks up the documents that come with a step. Errors: ErrPaper.
func (x *attempt) papers(ctx context.Context, t *Transition, list []Paper) (out []Document, err error) {
	allowed := append(slices.Clone(t.Documents), t.MayDocuments...)
	for i, p := range list {
		at := fmt.Sprintf("body.documents[%d]", i)
		if !slices.Contains(allowed, p.Kind) || len(x.c.Documents)+len(list) > maxDocuments {
			return nil, ErrPaper.At(at+".kind", p.Kind).With("kinds", strings.Join(allowed, ", "))
		}
		org := x.acting
		d, err := x.s.o.Documents.Document(ctx, org, p.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil, ErrPaper.At(at+".id", p.ID).With("kinds", strings.Join(allowed, ", "))
		}
		if err != nil {
			return nil, err
		}
		d.Kind, d.ID, d.Revision = p.Kind, p.ID, x.c.Revision+1
		out = append(out, d)
	}
	return out, nil
}

func (f *Flow) roleNames(list []string) text.Text {
	return names(list, func(id string) text.Text { return f.role(id).Name })
}

// actionNames are what can be done in a state.
func (f *Flow) actionNames(state string) text.Text {
	return names(f.actions(state), func(action string) text.Text {
		for i := range f.Transitions {
			if t := &f.Transitions[i]; t.action() == action && slices.Contains(t.From, state) {
				return t.Name
			}
		}
		return text.Both(action)
	})
}

func names(list []string, of func(string) text.Text) text.Text {
	var zh, en []string
	for _, id := range list {
		n := of(id)
		zh, en = append(zh, n.In("zh")), append(en, n.In("en"))
	}
	return text.Text{Zh: strings.Join(zh, "、"), En: strings.Join(en, ", ")}
}

func sortedKeys(r field.Record) []string {
	out := []string{}
	for key := range r {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// shorten keeps a title within what the audit takes.
func shorten(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 200)])
}
