package figure

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

var sealNames = map[string]text.Text{
	"": both("未报送", "not handed in"), Submitted: both("已报送", "submitted"), Returned: both("已退回", "returned"), Accepted: both("已验收", "accepted"),
}

// Submission hands in a period of a keeper.
type Submission struct {
	Org    uuid.UUID `json:"org" format:"uuid" doc:"Keeper of the registers"`
	Kind   string    `json:"kind" enum:"moment,day,month,quarter,year"`
	Period string    `json:"period" maxLength:"10" doc:"Its label: 2026, 2026-Q3, 2026-06, 2026-06-30"`
	Reason string    `json:"reason,omitempty" maxLength:"2000" doc:"What is to be said with it"`
}

// Submit hands in a period as it stands, for those who take the keeper's figures. Errors: ErrPeriod, ErrSealState, ErrSealEmpty.
func (s *Service) Submit(ctx context.Context, in Submission) (x Seal, err error) {
	scope, err := auth.Allow(ctx, auth.Configure, in.Org)
	if err != nil {
		return x, err
	}
	p, err := s.ended("body.period", in.Kind, in.Period)
	if err != nil {
		return x, err
	}
	return x, s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		old, err := s.store.Seal(ctx, tx, in.Org, p.Kind, p.Label, Now)
		if err != nil {
			return err
		}
		if err := may(old.State, Submitted); err != nil {
			return err
		}
		x = Seal{Keeper: in.Org, Kind: p.Kind, Period: p.Label, Step: old.Step + 1, State: Submitted, Reason: in.Reason}
		if x.AsOf, err = s.store.Last(ctx, tx); err != nil {
			return err
		}
		if x.Root, x.Figures, err = s.store.root(ctx, tx, in.Org, p, Now); err != nil {
			return err
		}
		if x.Figures == 0 {
			return ErrSealEmpty.At("body.period", in.Period)
		}
		return s.sealed(ctx, tx, scope, old, &x)
	})
}

// sealed writes a step down with who took it.
func (s *Service) sealed(ctx context.Context, tx bun.Tx, scope auth.Scope, old Seal, x *Seal) (err error) {
	if x.At, err = s.store.tick(ctx, tx, s.o.Now()); err != nil {
		return err
	}
	state := func(x *Seal) any { return map[string]any{"state": x.State, "step": x.Step, "root": x.Root.String()} }
	e := scope.Act(ctx, s.o.Now(), "figure.period."+x.State, audit.Object{Kind: "figure.period", ID: x.Keeper.String() + " " + x.Kind, Name: x.Period}, state(&old), state(x))
	if x.By.Name != "" { // somebody of another node
		e.Actor = x.By
	}
	e.Org, e.Reason, x.By = x.Keeper, x.Reason, e.Actor
	if err := s.store.putSeal(ctx, tx, x); err != nil {
		return err
	}
	if err := s.pinHosted(ctx, tx, x); err != nil {
		return err
	}
	if by := scope.Org(); by != uuid.Nil && by != x.Keeper { // the taker's people see it among theirs
		theirs := e
		theirs.Org = by
		if err := audit.Record(ctx, tx, theirs); err != nil {
			return err
		}
	}
	return audit.Record(ctx, tx, e)
}

// Decision returns or accepts a period that was handed in.
type Decision struct {
	Org    uuid.UUID `json:"org" format:"uuid" doc:"Keeper that handed it in"`
	Kind   string    `json:"kind" enum:"moment,day,month,quarter,year"`
	Period string    `json:"period" maxLength:"10"`
	Taker  uuid.UUID `json:"taker" format:"uuid" doc:"Organisation for which you decide: it takes the keeper's figures by an agreement"`
	State  string    `json:"state" enum:"returned,accepted"`
	Root   string    `json:"root" maxLength:"64" doc:"Of the submission that you saw"`
	Reason string    `json:"reason,omitempty" maxLength:"2000" doc:"Needed to return it"`

	Agreement *uuid.UUID `json:"agreement,omitempty" format:"uuid" doc:"Where the keeper is on another node: by which it gives. The decision reaches it as soon as it is linked"`
}

// Decide returns or accepts, for an organisation of this node that takes the keeper's figures. Errors: ErrTaker, and those of DecideFor;
// ErrSealHere where figures of a submission from another node are not here.
func (s *Service) Decide(ctx context.Context, in Decision) (x Seal, err error) {
	scope, err := auth.Allow(ctx, auth.Configure, in.Taker)
	if err != nil {
		return x, err
	}
	if in.Agreement != nil {
		return s.rule(ctx, scope, *in.Agreement, in)
	}
	var by []Taker
	if s.o.Parties != nil {
		if by, err = s.o.Parties.Takers(ctx, in.Org); err != nil {
			return x, err
		}
	}
	i := slices.IndexFunc(by, func(t Taker) bool { return t.Org == in.Taker })
	if i < 0 {
		return x, ErrTaker.At("body.taker", in.Taker.String())
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		x, err = s.DecideFor(ctx, tx, scope, by[i].Agreement, in)
		return err
	})
	return x, err
}

// DecideFor is Decide in a transaction and under a scope: for the node's own work, when a taker on another node has decided and its record
// has come. That the agreement is the keeper's and the taker's was looked at by whoever calls. Errors: ErrPeriod, ErrReason, ErrSealState;
// ErrSealRoot where something else was handed in meanwhile.
func (s *Service) DecideFor(ctx context.Context, tx bun.Tx, scope auth.Scope, agreement uuid.UUID, in Decision) (Seal, error) {
	return s.decide(ctx, tx, scope, Seal{Agreement: agreement}, in)
}

// decide is DecideFor. by says under which agreement, and who where that is not whom the scope names.
func (s *Service) decide(ctx context.Context, tx bun.Tx, scope auth.Scope, by Seal, in Decision) (Seal, error) {
	p, err := s.ended("body.period", in.Kind, in.Period)
	if err != nil {
		return Seal{}, err
	}
	if in.State != Accepted {
		in.State = Returned
		if err := checkReason(in.Reason); err != nil {
			return Seal{}, err
		}
	}
	old, err := s.store.Seal(ctx, tx, in.Org, p.Kind, p.Label, Now)
	if err != nil {
		return Seal{}, err
	}
	if err := may(old.State, in.State); err != nil {
		return Seal{}, err
	}
	if in.Root != old.Root.String() {
		return Seal{}, ErrSealRoot.At("body.root", in.Root).With("root", old.Root)
	}
	x := old
	x.Step, x.State, x.Reason, x.Agreement, x.Taker, x.By, x.Decision = old.Step+1, in.State, in.Reason, by.Agreement, in.Taker, by.By, by.Decision
	return x, s.sealed(ctx, tx, scope, old, &x)
}

// ended reads a period that has ended. Error: ErrPeriod.
func (s *Service) ended(at, kind, label string) (indicator.Period, error) {
	p, ok := indicator.ParsePeriod(kind, label)
	if !ok || p.To >= s.today() {
		last, _ := indicator.PeriodBy(kind, before(s.today()))
		return p, ErrPeriod.At(at, label).With("kinds", kind).With("example", last.Label)
	}
	return p, nil
}
