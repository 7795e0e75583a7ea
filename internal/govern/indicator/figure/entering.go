package figure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/store"
)

// ManualKey names what a manual value is of.
type ManualKey struct {
	Org       uuid.UUID `json:"org" format:"uuid" doc:"Keeper of the registers"`
	Indicator string    `json:"indicator" maxLength:"100"`
	Filter    string    `json:"filter,omitempty" maxLength:"1000" doc:"Population, such as designated=true&size=large; all where it is left out"`
	Kind      string    `json:"kind" enum:"moment,day,month,quarter,year"`
	Period    string    `json:"period" maxLength:"10" doc:"Its label: 2026, 2026-Q3, 2026-06, 2026-06-30"`
	Baseline  string    `json:"baseline,omitempty" maxLength:"10" doc:"Day, for indicators that are a change"`
	Code      string    `json:"code,omitempty" maxLength:"40" doc:"Credit code, for the value of one enterprise"`
	Reading   string    `json:"reading" maxLength:"20" doc:"One of the indicator's readings; value for one enterprise, and for what is computed once for a region"`
}

// ManualValue is what is entered.
type ManualValue struct {
	Value     string `json:"value" maxLength:"32" doc:"Decimal"`
	Unit      string `json:"unit" maxLength:"50" doc:"UCUM, CNY for money; one that can be given in the reading's"`
	Grade     string `json:"grade" enum:"E0,E1,E2"`
	Document  string `json:"document,omitempty" maxLength:"100" doc:"E1 and above: a document that the keeper has handed in, by its id"`
	CheckedBy string `json:"checkedBy,omitempty" maxLength:"200" doc:"E2: the third party that has checked it"`
	Reason    string `json:"reason" maxLength:"2000"`
}

// NewManual enters a value.
type NewManual struct {
	ManualKey
	ManualValue
}

// Enter enters a value beside the computed one. Another person confirms it. A value that was withdrawn is entered anew as a further
// revision. Errors: ErrIndicator, ErrFilter, ErrPeriod, ErrBaseline, ErrReading, ErrValue, ErrUnit, ErrEvidence, ErrDocument, ErrReason;
// ErrThere where one stands.
func (s *Service) Enter(ctx context.Context, in NewManual) (Manual, error) {
	if _, err := auth.Allow(ctx, auth.Configure, in.Org); err != nil {
		return Manual{}, err
	}
	k, d, err := s.manualKey(in.ManualKey)
	if err != nil {
		return Manual{}, err
	}
	m := Manual{Key: k, Reading: in.Reading}
	return s.manual(ctx, m, "figure.manual.enter", func(ctx context.Context, scope auth.Scope, old *Manual) (Manual, error) {
		if old.Revision > 0 && old.State != Withdrawn {
			return m, ErrThere.At("body.reading", in.Reading).With("revision", old.Revision)
		}
		next := m
		return next, s.value(ctx, scope, d, &next, in.ManualValue)
	})
}

// ManualRevision corrects a manual value.
type ManualRevision struct {
	Basis int64 `json:"basis" minimum:"1" doc:"The revision that you saw"`
	ManualValue
}

// Revise corrects a manual value. It is to be confirmed again. Errors: those of Enter, ErrChanged, ErrState, store.ErrNotFound.
func (s *Service) Revise(ctx context.Context, id uuid.UUID, in ManualRevision) (Manual, error) {
	return s.further(ctx, id, in.Basis, "figure.manual.revise", func(ctx context.Context, scope auth.Scope, old *Manual) (Manual, error) {
		d := s.o.Library.Definition(old.Key.Indicator)
		if d == nil {
			return *old, ErrIndicator.At("path.id", old.Key.Indicator)
		}
		next := *old
		return next, s.value(ctx, scope, d, &next, in.ManualValue)
	})
}

// Confirm says, as another person than the one who entered it, that a manual value is right. Errors: ErrOwn, ErrChanged, ErrState,
// store.ErrNotFound.
func (s *Service) Confirm(ctx context.Context, id uuid.UUID, basis int64) (Manual, error) {
	return s.further(ctx, id, basis, "figure.manual.confirm", func(_ context.Context, scope auth.Scope, old *Manual) (Manual, error) {
		by := auth.ActorOf(scope.Principal())
		switch {
		case old.State != Entered:
			return *old, ErrState.At("path.id", id.String()).With("state", manualNames[old.State])
		case scope.Principal().Kind != auth.KindPerson || by.ID == old.Entered.ID:
			return *old, ErrOwn.At("path.id", id.String()).With("name", old.Entered.Name)
		}
		next := *old
		next.State = Confirmed
		return next, nil
	})
}

// Withdraw says that a manual value does not hold. What was said stays readable as of its time. Errors: ErrReason, ErrChanged, ErrState,
// store.ErrNotFound.
func (s *Service) Withdraw(ctx context.Context, id uuid.UUID, basis int64, reason string) (Manual, error) {
	return s.further(ctx, id, basis, "figure.manual.withdraw", func(_ context.Context, _ auth.Scope, old *Manual) (Manual, error) {
		next := *old
		next.State, next.Reason = Withdrawn, reason
		return next, checkReason(reason)
	})
}

// further writes a further revision of a manual value that stands.
func (s *Service) further(ctx context.Context, id uuid.UUID, basis int64, verb string, make func(context.Context, auth.Scope, *Manual) (Manual, error)) (Manual, error) {
	seen, err := s.store.Manual(ctx, s.o.DB, id, Now)
	if err != nil {
		return seen, err
	}
	return s.manual(ctx, seen, verb, func(ctx context.Context, scope auth.Scope, old *Manual) (Manual, error) {
		switch {
		case old.State == Withdrawn:
			return *old, ErrState.At("path.id", id.String()).With("state", manualNames[Withdrawn])
		case old.Revision != basis:
			return *old, ErrChanged.At("body.basis", basis).With("revision", old.Revision)
		}
		return make(ctx, scope, old)
	})
}

// manual writes the revision that is made of the newest one, which has revision 0 where there is none.
func (s *Service) manual(ctx context.Context, of Manual, verb string, make func(context.Context, auth.Scope, *Manual) (Manual, error)) (next Manual, err error) {
	scope, err := auth.Allow(ctx, auth.Configure, of.Key.Keeper)
	if err != nil {
		return next, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		old, err := s.store.Manual(ctx, tx, of.ID(), Now)
		if errors.Is(err, store.ErrNotFound) {
			old, err = Manual{Key: of.Key, Reading: of.Reading}, nil
		}
		if err != nil {
			return err
		}
		if next, err = make(ctx, scope, &old); err != nil {
			return err
		}
		now := s.o.Now()
		if next.At, err = s.store.tick(ctx, tx, now); err != nil {
			return err
		}
		e := scope.Act(ctx, now, verb, audit.Object{Kind: "figure.manual", ID: of.ID().String(), Name: of.Key.Name() + " " + of.Reading}, manualState(&old), manualState(&next))
		next.Revision, next.By, e.Reason = old.Revision+1, e.Actor, next.Reason
		if next.State == Entered {
			next.Entered = e.Actor
		}
		if err := s.store.putManual(ctx, tx, &next); err != nil {
			return err
		}
		return audit.Record(ctx, tx, e)
	})
	return next, err
}

func manualState(m *Manual) any {
	if m.State == "" {
		return nil
	}
	return map[string]any{"state": m.State, "value": m.Value, "unit": m.Unit, "grade": m.Grade.String(), "document": m.Document}
}

// manualKey reads what a manual value is of.
func (s *Service) manualKey(in ManualKey) (k Key, d *indicator.Definition, err error) {
	if d = s.o.Library.Definition(in.Indicator); d == nil {
		return k, nil, ErrIndicator.At("body.indicator", in.Indicator)
	}
	if in.Filter == "" {
		in.Filter = All
	}
	if _, err := indicator.ParseFilter(in.Filter); err != nil {
		return k, nil, ErrFilter.At("body.filter", in.Filter).With("reason", err.Error())
	}
	kinds := d.Kinds()
	if !slices.Contains(kinds, in.Kind) {
		example, _ := indicator.PeriodBy(d.Period, before(s.today()))
		return k, nil, ErrPeriod.At("body.kind", in.Kind).With("kinds", strings.Join(kinds, ", ")).With("example", example.Label)
	}
	if _, err := s.ended("body.period", in.Kind, in.Period); err != nil {
		return k, nil, err
	}
	if in.Baseline != "" && !d.Changes() {
		return k, nil, ErrBaseline.At("body.baseline", in.Baseline).With("reason", both("该指标不与基期比较", "the indicator looks at no baseline"))
	}
	readings := d.Readings()
	if in.Code != "" {
		readings = []string{indicator.Single}
	}
	if !slices.Contains(readings, in.Reading) {
		return k, nil, ErrReading.At("body.reading", in.Reading).With("readings", strings.Join(readings, ", "))
	}
	k = Key{in.Org, in.Indicator, in.Filter, in.Kind, in.Period, in.Baseline, in.Code}
	if err := k.Check(); err != nil { // what is left: baseline and code
		return k, nil, ErrBaseline.At("body.baseline", in.Baseline).With("reason", err.Error())
	}
	return k, d, nil
}

// value puts what was entered into a revision, after it was looked at.
func (s *Service) value(ctx context.Context, scope auth.Scope, d *indicator.Definition, m *Manual, in ManualValue) error {
	if !decimalForm.MatchString(in.Value) {
		return ErrValue.At("body.value", in.Value)
	}
	want := d.ReadingUnit(m.Reading)
	has, err := formula.ParseUnit(in.Unit)
	if needs, _ := formula.ParseUnit(want); err != nil || in.Unit == "" || !formula.Commensurable(has, needs) {
		return ErrUnit.At("body.unit", in.Unit).With("unit", want)
	}
	if err := checkReason(in.Reason); err != nil {
		return err
	}
	grade, ok := fact.ParseGrade(in.Grade)
	switch {
	case !ok || grade > fact.Checked:
		return ErrEvidence.At("body.grade", in.Grade).With("grade", in.Grade).With("need", both("人工填报最高为 E2", "a value that is entered is E2 at most"))
	case grade >= fact.Documented && in.Document == "":
		return ErrEvidence.At("body.document", "").With("grade", in.Grade).With("need", both("须有佐证材料", "it needs a document"))
	case grade == fact.Checked && strings.TrimSpace(in.CheckedBy) == "":
		return ErrEvidence.At("body.checkedBy", "").With("grade", in.Grade).With("need", both("须写明核验的第三方", "it needs the third party that has checked it"))
	}
	if in.Document != "" {
		if err := s.o.Documents.Handed(ctx, scope.Org(), in.Document); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				return ErrDocument.At("body.document", in.Document)
			}
			return err
		}
	}
	m.State, m.Value, m.Unit, m.Grade, m.Document, m.CheckedBy, m.Reason = Entered, in.Value, in.Unit, grade, in.Document, strings.TrimSpace(in.CheckedBy), in.Reason
	return nil
}
