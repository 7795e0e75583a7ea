package checkup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Outcome is how a check-up stands: of an open one as of now, of a submitted one as it was frozen.
type Outcome struct {
	Result *assess.Result
	Filled []assess.Filled
	Facts  []assess.Known
	Done   int // questions of which something is said or measured
	Of     int // questions that apply
	Open   []string
	Digest string // of a submitted one
	Same   bool   // of a submitted one: computed again it is the same, byte for byte
}

// Outcome reckons a check-up. A submitted one is computed again from what was frozen, and compared with the bytes that were kept.
func (s *Service) Outcome(ctx context.Context, id uuid.UUID) (*Outcome, error) {
	c, list, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	o, _, err := s.outcome(ctx, &c, list)
	return o, err
}

func (s *Service) outcome(ctx context.Context, c *Checkup, list []Answered) (*Outcome, *assess.Sheet, error) {
	x, err := s.instrument(ctx, c.Instrument, c.Hash)
	if err != nil {
		return nil, nil, err
	}
	facts := c.Facts
	if c.State == Open {
		if facts, err = s.gather(ctx, x, c.Org); err != nil {
			return nil, nil, err
		}
	}
	r, err := reckon(x, c.Profile, list, facts, Evidence)
	if err != nil {
		return nil, nil, err
	}
	o := &Outcome{Result: r.result, Filled: r.filled, Facts: facts, Open: unsaid(r.result, list)}
	o.Done, o.Of = progress(r.result, list)
	if c.State == Submitted {
		if o.Same, o.Digest, err = same(c, r.result); err != nil {
			return nil, nil, err
		}
		kept := &assess.Result{}
		if err := json.Unmarshal(c.Result, kept); err != nil {
			return nil, nil, fmt.Errorf("result of check-up %s: %w", c.ID, err)
		}
		o.Result, o.Digest = kept, c.Digest
	}
	return o, r.sheet, nil
}

// Prescription is what to do next: gaps as needs, and the cheapest path to a level.
type Prescription struct {
	Checkup Checkup
	Needs   []assess.Need
	Plan    *assess.Plan // nil where there is none
	Why     error        // why there is none: assess.ErrTarget, ErrOutOfReach, ErrTooLarge
}

// Ask is what a path is wanted for; costs that it does not give are those that the enterprise keeps, else the pack's estimates.
type Ask struct {
	Grade  assess.Grade
	Target int
	Costs  map[string]map[string]int64
	Prove  *int64
}

// Prescribe finds the gaps of a check-up and the cheapest path to a level. Errors: those of assess for costs.
func (s *Service) Prescribe(ctx context.Context, id uuid.UUID, ask Ask) (*Prescription, error) {
	c, list, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	x, err := s.instrument(ctx, c.Instrument, c.Hash)
	if err != nil {
		return nil, err
	}
	_, sheet, err := s.outcome(ctx, &c, list)
	if err != nil {
		return nil, err
	}
	p := &Prescription{Checkup: c, Needs: x.Needs(sheet, ask.Grade)}
	if ask.Costs == nil {
		ask.Costs = c.Quotes.Costs
	}
	if ask.Prove == nil {
		ask.Prove = c.Quotes.Prove
	}
	plan, err := x.Path(sheet, assess.Ask{Grade: ask.Grade, Target: ask.Target, Costs: ask.Costs, Prove: ask.Prove})
	switch {
	case err == nil:
		p.Plan = plan
	case errors.Is(err, assess.ErrTarget) || errors.Is(err, assess.ErrOutOfReach) || errors.Is(err, assess.ErrTooLarge):
		p.Why = err
	default:
		return nil, err
	}
	return p, nil
}

// SetQuotes keeps an enterprise's own prices for steps. They are no part of what is frozen. Errors: those of assess.
func (s *Service) SetQuotes(ctx context.Context, id uuid.UUID, q Quotes) (Checkup, error) {
	c, _, err := s.Get(ctx, id)
	if err != nil {
		return Checkup{}, err
	}
	scope, err := auth.Allow(ctx, auth.Operate, c.Org)
	if err != nil {
		return Checkup{}, err
	}
	x, err := s.instrument(ctx, c.Instrument, c.Hash)
	if err != nil {
		return Checkup{}, err
	}
	if err := x.CheckCosts(assess.Ask{Costs: q.Costs, Prove: q.Prove}); err != nil {
		return Checkup{}, err
	}
	now := s.o.Now()
	act := scope.Act(ctx, now, "checkup.quote", audit.Object{Kind: "checkup", ID: id.String(), Name: c.Instrument}, c.Quotes, q)
	c.Quotes = q
	tx := func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewUpdate().Model((*row)(nil)).Set("quotes = ?", encode(q)).Where("id = ?", id).Exec(ctx); err != nil {
			return wrap("keep quotations", err)
		}
		return audit.Record(ctx, tx, act)
	}
	return c, s.o.DB.InTx(ctx, tx)
}

// File hands the gaps of a submitted check-up to the room of needs. It returns how many are new. Errors: ErrNoNeeds, ErrNotDone.
func (s *Service) File(ctx context.Context, id uuid.UUID, questions []string) (int, error) {
	if s.o.Needs == nil {
		return 0, ErrNoNeeds
	}
	c, list, err := s.Get(ctx, id)
	if err != nil {
		return 0, err
	}
	if _, err := auth.Allow(ctx, auth.Operate, c.Org); err != nil {
		return 0, err
	}
	if c.State != Submitted {
		return 0, ErrNotDone.With("state", string(c.State))
	}
	x, err := s.instrument(ctx, c.Instrument, c.Hash)
	if err != nil {
		return 0, err
	}
	_, sheet, err := s.outcome(ctx, &c, list)
	if err != nil {
		return 0, err
	}
	wanted := map[string]bool{}
	for _, q := range questions {
		if !x.Has(q) {
			return 0, assess.ErrQuestion.At("body.questions", q).With("instrument", x.ID)
		}
		wanted[q] = true
	}
	var out []FiledNeed
	for _, n := range x.Needs(sheet, assess.E0) {
		if len(wanted) == 0 || wanted[n.Question] {
			out = append(out, FiledNeed{Kind: n.Kind, Origin: Origin(id, n.Question), Text: n.Text})
		}
	}
	return s.o.Needs.File(ctx, c.Org, out)
}

// Origin is how a need names the gap that it comes from.
func Origin(checkup uuid.UUID, question string) string {
	return "checkup:" + checkup.String() + ":" + question
}

// Comparison is what changed between two submitted check-ups of one family.
type Comparison struct {
	Was, Is         *Checkup
	WasText, IsText *assess.Result
	Changes         []Change
	Evidenced       bool
}

// Compare compares a submitted check-up with an earlier one, or with the last before it where none is named. Nil where there is no earlier
// one. Errors: ErrNotDone, ErrCompare.
func (s *Service) Compare(ctx context.Context, id, with uuid.UUID, evidenced bool) (*Comparison, error) {
	c, _, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.State != Submitted {
		return nil, ErrNotDone.With("state", string(c.State))
	}
	scope, err := auth.Allow(ctx, auth.Read, c.Org)
	if err != nil {
		return nil, err
	}
	var r row
	q := scope.Where(s.o.DB.NewSelect().Model(&r).Where("c.family = ? AND c.state = ?", c.Family, Submitted), "c.org")
	if with != uuid.Nil {
		q.Where("c.id = ? AND c.id <> ?", with, id)
	} else {
		q.Where("c.ended_at < ?", c.EndedAt).OrderExpr("c.ended_at DESC").Limit(1)
	}
	err = q.Scan(ctx)
	switch {
	case errors.Is(store.Err(err), store.ErrNotFound) && with == uuid.Nil:
		return nil, nil
	case errors.Is(store.Err(err), store.ErrNotFound):
		return nil, ErrCompare.At("query.with", with)
	case err != nil:
		return nil, wrap("read the check-up before", err)
	}
	old, err := r.checkup()
	if err != nil {
		return nil, err
	}
	out := &Comparison{Was: &old, Is: &c, WasText: &assess.Result{}, IsText: &assess.Result{}, Evidenced: evidenced}
	if err := errors.Join(json.Unmarshal(old.Result, out.WasText), json.Unmarshal(c.Result, out.IsText)); err != nil {
		return nil, fmt.Errorf("compare check-ups: %w", err)
	}
	if evidenced {
		out.Changes = Compare(&out.WasText.Evidenced, &out.IsText.Evidenced)
	} else {
		out.Changes = Compare(&out.WasText.Declared, &out.IsText.Declared)
	}
	return out, nil
}
