package checkup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Request asks for an expert check.
type Request struct {
	Checkup uuid.UUID
	By      uuid.UUID // the organisation that asks: the enterprise itself, or that of the check-up's campaign
	Expert  string    // credit code of the organisation that shall check
	Person  string    // login of who alone may; "" for anybody who works there
	Due     string    // day, or ""
	Note    string
}

// AskExpert asks another organisation to check a submitted check-up. Errors: ErrNotDone, ErrCode, ErrOwnExpert, ErrAsked, ErrDay, ErrNote.
func (s *Service) AskExpert(ctx context.Context, q Request) (ExpertCheck, error) {
	scope, err := auth.Allow(ctx, auth.Operate, q.By)
	if err != nil {
		return ExpertCheck{}, err
	}
	if _, ok := field.Day(q.Due); q.Due != "" && !ok {
		return ExpertCheck{}, ErrDay.At("body.due", q.Due)
	}
	if n := utf8.RuneCountInString(q.Note); n > maxNote {
		return ExpertCheck{}, ErrNote.At("body.note", n).With("max", maxNote)
	}
	expert, err := s.o.Firms.ByCode(ctx, q.Expert)
	if errors.Is(err, store.ErrNotFound) {
		return ExpertCheck{}, ErrCode.At("body.expert", q.Expert)
	}
	if err != nil {
		return ExpertCheck{}, err
	}
	now := s.o.Now()
	e := ExpertCheck{ID: uuid.Must(uuid.NewV7()), Checkup: q.Checkup, Expert: expert, Person: strings.TrimSpace(q.Person), Asker: q.By, State: Asked, Due: q.Due, Note: strings.TrimSpace(q.Note), AskedAt: now.UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		c, err := s.askable(ctx, tx, q.Checkup, q.By)
		if err != nil {
			return err
		}
		if c.State != Submitted {
			return ErrNotDone.With("state", string(c.State))
		}
		if c.Org == expert {
			return ErrOwnExpert.At("body.expert", q.Expert)
		}
		n, err := tx.NewSelect().Model((*expertRow)(nil)).Where("e.checkup = ? AND e.expert = ? AND e.state IN (?, ?)", c.ID, expert, Asked, Accepted).Count(ctx)
		if err != nil {
			return wrap("read expert checks", err)
		}
		if n > 0 {
			return ErrAsked.At("body.expert", q.Expert)
		}
		e.Org = c.Org
		act := scope.Act(ctx, now, "checkup.expert.ask", audit.Object{Kind: "checkup.expert", ID: e.ID.String(), Name: q.Expert}, nil, map[string]any{"checkup": c.ID, "expert": expert, "org": c.Org})
		e.AskedBy = act.Actor
		r := e.row()
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return wrap("ask an expert", err)
		}
		return audit.Record(ctx, tx, act)
	})
	return e, err
}

// askable is a check-up of the organisation itself, or one that serves a campaign of it.
func (s *Service) askable(ctx context.Context, tx bun.Tx, id, by uuid.UUID) (Checkup, error) {
	var r row
	err := tx.NewSelect().Model(&r).Where("c.id = ?", id).
		Where("(c.org = ? OR c.state = ? AND EXISTS (SELECT 1 FROM checkup_campaign AS k WHERE k.id = c.campaign AND k.org = ?))", by, Submitted, by).Scan(ctx)
	if err != nil {
		return Checkup{}, wrap("check-up "+id.String(), err)
	}
	return r.checkup()
}

// Desk is an expert check with all that the expert works with.
type Desk struct {
	Check    ExpertCheck
	Checkup  Checkup
	Form     *assess.Instrument
	Answers  []Answered
	Verdicts []Judged
	Result   *assess.Result // with what is judged so far; of a finished one as it was frozen
	Filled   []assess.Filled
}

// sides are those who may see an expert check: the enterprise, and, while it is live, the expert. Who asked sees its state and result only.
func (s *Service) expertSight(ctx context.Context, id uuid.UUID) (e ExpertCheck, own, desk, asker bool, err error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return e, false, false, false, err
	}
	if e, err = expertByID(ctx, s.o.DB, id); err != nil {
		return e, false, false, false, err
	}
	own, asker = scope.Includes(e.Org), scope.Includes(e.Asker)
	desk = e.live() && scope.Includes(e.Expert) && (e.Person == "" || e.Person == scope.Principal().Name)
	if !own && !desk && !asker {
		return ExpertCheck{}, false, false, false, fmt.Errorf("expert check %s: %w", id, store.ErrNotFound)
	}
	return e, own, desk, asker, nil
}

// ExpertDesk returns an expert check with the check-up that it is of. Nobody sees answers through it but the enterprise and, until it is
// ended or declined, the expert; the expert sees them once it was declared that there is no conflict. Error: store.ErrNotFound.
func (s *Service) ExpertDesk(ctx context.Context, id uuid.UUID) (*Desk, error) {
	e, own, desk, _, err := s.expertSight(ctx, id)
	if err != nil {
		return nil, err
	}
	c, err := get(ctx, s.o.DB, auth.System(e.Org), e.Checkup)
	if err != nil {
		return nil, err
	}
	d := &Desk{Check: e, Checkup: c}
	if d.Form, err = s.instrument(ctx, c.Instrument, c.Hash); err != nil {
		return nil, err
	}
	if !own && (!desk || e.State == Asked) {
		return d, nil
	}
	if d.Answers, err = answers(ctx, s.o.DB, c.ID); err != nil {
		return nil, err
	}
	if d.Verdicts, err = verdicts(ctx, s.o.DB, id); err != nil {
		return nil, err
	}
	return d, s.judge(d)
}

// judge scores a desk.
func (s *Service) judge(d *Desk) error {
	r, err := reckon(d.Form, d.Checkup.Profile, d.Answers, d.Checkup.Facts, Evidence)
	if err != nil {
		return err
	}
	d.Filled = r.filled
	d.Result, err = d.Form.Assess(judgedSheet(r.sheet, d.Verdicts, d.Check.ID), Checked)
	return err
}

// Declare says whether the expert has a conflict of interest. Without one it is accepted; with one, or for another reason, it is declined,
// and the expert sees nothing of the check-up. Errors: ErrDesk, ErrReason.
func (s *Service) Declare(ctx context.Context, id uuid.UUID, conflict bool, reason string) (ExpertCheck, error) {
	if conflict {
		if err := checkReason("body.reason", reason); err != nil {
			return ExpertCheck{}, err
		}
	}
	return s.atDesk(ctx, id, "checkup.expert.declare", func(_ bun.Tx, e *ExpertCheck, act *audit.Entry) error {
		if e.State != Asked {
			return ErrDesk.With("state", string(e.State))
		}
		e.DeclaredBy, e.DeclaredAt, e.State = &act.Actor, act.Time.UnixNano(), Accepted
		if conflict {
			e.State, e.Conflict = Declined, strings.TrimSpace(reason)
		}
		act.After, act.Reason = audit.State(map[string]any{"conflict": conflict}), reason
		return nil
	})
}

// atDesk writes what the expert does.
func (s *Service) atDesk(ctx context.Context, id uuid.UUID, doing string, next func(bun.Tx, *ExpertCheck, *audit.Entry) error) (e ExpertCheck, err error) {
	e, own, desk, _, err := s.expertSight(ctx, id)
	if err != nil {
		return e, err
	}
	if !desk {
		if e.State == Declined {
			return e, ErrConflict
		}
		return e, auth.ErrForbidden.With("verb", string(auth.Operate))
	}
	// Who works for the enterprise judges nothing of it, whatever the expert's organisation is to them.
	if own {
		return e, ErrConflict
	}
	scope, err := auth.Allow(ctx, auth.Operate, e.Expert)
	if err != nil {
		return e, err
	}
	now := s.o.Now()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if e, err = expertByID(ctx, tx, id); err != nil {
			return err
		}
		was := e.State
		act := scope.Act(ctx, now, doing, audit.Object{Kind: "checkup.expert", ID: id.String()}, nil, nil)
		if err := next(tx, &e, &act); err != nil {
			return err
		}
		if err := putExpert(ctx, tx, &e, was); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
	return e, err
}

// Verdict is what an expert says of one answer.
type Verdict struct {
	Basis   int64
	Verdict string
	Answer  *assess.Answer
	Reason  string
}

// Judge saves a verdict on one question. Errors: ErrDesk, ErrAnswered, ErrVerdict, ErrReason, those of assess.
func (s *Service) Judge(ctx context.Context, id uuid.UUID, question string, v Verdict) (Judged, error) {
	d, err := s.ExpertDesk(ctx, id)
	if err != nil {
		return Judged{}, err
	}
	if !d.Form.Has(question) {
		return Judged{}, assess.ErrQuestion.At("path.question", question).With("instrument", d.Form.ID)
	}
	said := answerOf(d.Answers, question)
	switch {
	case v.Verdict == Confirmed && (said == nil || said.Answer == nil || v.Answer != nil), v.Verdict == Otherwise && v.Answer == nil,
		!slices.Contains([]string{Confirmed, Otherwise, Unjudged}, v.Verdict):
		if d.Check.State == Accepted {
			return Judged{}, ErrVerdict.At("body.verdict", v.Verdict)
		}
	case v.Verdict == Otherwise:
		if wrong := d.Form.CheckAnswer("body.answer", question, v.Answer); wrong != nil {
			return Judged{}, wrong
		}
		if err := checkReason("body.reason", v.Reason); err != nil {
			return Judged{}, err
		}
	}
	j := Judged{Question: question, Revision: v.Basis + 1, verdict: verdict{v.Verdict, v.Answer, strings.TrimSpace(v.Reason)}}
	if v.Verdict != Otherwise {
		j.Answer = nil
	}
	_, err = s.atDesk(ctx, id, "checkup.expert.judge", func(tx bun.Tx, e *ExpertCheck, act *audit.Entry) error {
		if e.State != Accepted {
			return ErrDesk.With("state", string(e.State))
		}
		j.By, j.At = act.Actor, act.Time.UnixNano()
		list, err := verdicts(ctx, tx, id)
		if err != nil {
			return err
		}
		var old Judged
		if i := slices.IndexFunc(list, func(o Judged) bool { return o.Question == question }); i >= 0 {
			old = list[i]
		}
		act.Object.Name, act.After = question, audit.State(map[string]any{"verdict": v.Verdict, "revision": j.Revision})
		if old.Revision == j.Revision && encode(old.verdict) == encode(j.verdict) && old.By == j.By {
			return nil
		}
		if old.Revision != v.Basis {
			return ErrAnswered.At("body.basis", v.Basis).With("revision", old.Revision).With("by", old.By.Name)
		}
		if old.Revision >= maxRevisions {
			return ErrOften.At("path.question", old.Revision).With("max", maxRevisions)
		}
		r := verdictRow{ExpertCheck: id, Question: question, Revision: j.Revision, Content: encode(j.verdict), Actor: encode(j.By), At: j.At}
		_, err = tx.NewInsert().Model(&r).On("CONFLICT (expert_check, question, revision) DO NOTHING").Exec(ctx)
		return store.Err(err)
	})
	return j, err
}

// Finish freezes an expert check: what is judged has grade E2, the rest is as it was. Errors: ErrDesk, ErrVerdict where nothing is judged.
func (s *Service) Finish(ctx context.Context, id uuid.UUID, note string) (ExpertCheck, error) {
	d, err := s.ExpertDesk(ctx, id)
	if err != nil {
		return ExpertCheck{}, err
	}
	if n := utf8.RuneCountInString(note); n > maxNote {
		return ExpertCheck{}, ErrNote.At("body.note", n).With("max", maxNote)
	}
	return s.atDesk(ctx, id, "checkup.expert.finish", func(tx bun.Tx, e *ExpertCheck, act *audit.Entry) error {
		if e.State != Accepted {
			return ErrDesk.With("state", string(e.State))
		}
		if d.Verdicts, err = verdicts(ctx, tx, id); err != nil {
			return err
		}
		confirmed, otherwise := judgedNow(d.Verdicts)
		if confirmed+otherwise == 0 {
			return ErrVerdict.At("body", 0)
		}
		d.Check = *e
		if err := s.judge(d); err != nil {
			return err
		}
		if e.Result, err = d.Result.Canonical(); err != nil {
			return err
		}
		if e.Digest, err = d.Result.Digest(); err != nil {
			return err
		}
		e.State, e.EndedBy, e.EndedAt, e.Reason = Finished, &act.Actor, act.Time.UnixNano(), strings.TrimSpace(note)
		e.Level = d.Result.Evidenced.Level
		e.Points, _ = d.Result.Evidenced.Total()
		act.After = audit.State(map[string]any{"level": e.Level, "confirmed": confirmed, "otherwise": otherwise, "digest": e.Digest})
		return nil
	})
}

// EndExpert takes the check-up away from an expert, at once. The enterprise may, and who asked. Errors: ErrDesk, ErrReason.
func (s *Service) EndExpert(ctx context.Context, id uuid.UUID, reason string) (ExpertCheck, error) {
	if err := checkReason("body.reason", reason); err != nil {
		return ExpertCheck{}, err
	}
	e, own, _, asker, err := s.expertSight(ctx, id)
	if err != nil {
		return e, err
	}
	by := e.Org
	if !own && asker {
		by = e.Asker
	} else if !own {
		return e, auth.ErrForbidden.With("verb", string(auth.Operate))
	}
	scope, err := auth.Allow(ctx, auth.Operate, by)
	if err != nil {
		return e, err
	}
	now := s.o.Now()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if e, err = expertByID(ctx, tx, id); err != nil {
			return err
		}
		if e.State != Asked && e.State != Accepted {
			return ErrDesk.With("state", string(e.State))
		}
		act := scope.Act(ctx, now, "checkup.expert.end", audit.Object{Kind: "checkup.expert", ID: id.String()}, nil, nil)
		act.Reason = reason
		was := e.State
		e.State, e.EndedBy, e.EndedAt, e.Reason = Ended, &act.Actor, now.UnixNano(), reason
		if err := putExpert(ctx, tx, &e, was); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
	return e, err
}

// ExpertFilter narrows a list of expert checks.
type ExpertFilter struct {
	Org     uuid.UUID // as the enterprise, the expert or the asker
	Checkup uuid.UUID
}

// Experts lists expert checks that concern organisations of the caller, those asked last first.
func (s *Service) Experts(ctx context.Context, f ExpertFilter, page store.Page) ([]ExpertCheck, string, error) {
	scope, err := auth.AllowOrVisible(ctx, auth.Read, f.Org)
	if err != nil {
		return nil, "", err
	}
	var rows []expertRow
	q := s.o.DB.NewSelect().Model(&rows)
	switch {
	case scope.Empty():
		q.Where("1 = 0")
	case !scope.All():
		orgs := bun.List(store.Words(scope.Orgs()))
		q.Where("(e.org IN (?) OR e.asker IN (?) OR e.expert IN (?) AND e.state IN (?, ?, ?) AND e.person IN ('', ?))", orgs, orgs, orgs, Asked, Accepted, Finished, scope.Principal().Name)
	}
	if f.Checkup != uuid.Nil {
		q.Where("e.checkup = ?", f.Checkup)
	}
	if q, err = newestExpert.Apply(q, page); err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", wrap("list expert checks", err)
	}
	cut, next := store.Cut(newestExpert, rows, page, func(r *expertRow) []any { return []any{r.ID.String()} })
	out := make([]ExpertCheck, len(cut))
	for i := range cut {
		if out[i], err = cut[i].check(); err != nil {
			return nil, "", err
		}
	}
	return out, next, nil
}

// ExpertPaper reads a document that proves an answer, for the expert. Errors: store.ErrNotFound, ErrDesk.
func (s *Service) ExpertPaper(ctx context.Context, id uuid.UUID, document string) (name, media string, data []byte, err error) {
	d, err := s.ExpertDesk(ctx, id)
	if err != nil {
		return "", "", nil, err
	}
	for i := range d.Answers {
		if slices.ContainsFunc(d.Answers[i].Papers, func(p Paper) bool { return p.ID == document }) {
			return s.o.Documents.Content(ctx, d.Checkup.Org, document)
		}
	}
	return "", "", nil, fmt.Errorf("document %s: %w", document, store.ErrNotFound)
}

// Paper reads a document of a check-up's answers, for the enterprise. Error: store.ErrNotFound.
func (s *Service) Paper(ctx context.Context, id uuid.UUID, document string) (name, media string, data []byte, err error) {
	c, list, err := s.Get(ctx, id)
	if err != nil {
		return "", "", nil, err
	}
	for i := range list {
		if slices.ContainsFunc(list[i].Papers, func(p Paper) bool { return p.ID == document }) {
			return s.o.Documents.Content(ctx, c.Org, document)
		}
	}
	return "", "", nil, fmt.Errorf("document %s: %w", document, store.ErrNotFound)
}
