package figure

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// HandedView is where a period of a giver on another node stands for its taker.
type HandedView struct {
	Agreement uuid.UUID        `json:"agreement" format:"uuid"`
	Giver     text.Text        `json:"giver"`
	Away      *time.Time       `json:"away,omitempty" doc:"Since when the giver is not linked"`
	Period    indicator.Period `json:"period"`
	Step      int64            `json:"step" doc:"The last submission"`
	State     string           `json:"state" enum:"submitted,returned,accepted"`
	Figures   int64            `json:"figures" doc:"Handed in, of those that the agreement names"`
	Here      int64            `json:"here" doc:"Of these, that stand here as they were handed in"`
	Later     int64            `json:"later" doc:"Of these, that have been restated since"`
	Root      string           `json:"root" doc:"SHA-256 over keys, revisions and hashes of the figures"`
	AsOf      time.Time        `json:"asOf" doc:"As of which they were handed in, by the giver's clock"`
	At        time.Time        `json:"at" doc:"When the last step was taken"`
	By        string           `json:"by,omitempty" doc:"Who took it; empty where it was decided by another taker"`
	Reason    string           `json:"reason,omitempty"`
	Waiting   bool             `json:"waiting,omitempty" doc:"The decision has not reached the giver yet"`
}

// HandedStep is a step of such a period as the giver has told it, or a decision of this node.
type HandedStep struct {
	State   string     `json:"state" enum:"submitted,returned,accepted"`
	Decided bool       `json:"decided" doc:"It is a decision of this node; otherwise it is what the giver has told"`
	Step    int64      `json:"step" doc:"Of a decision: the submission on which it is"`
	Root    string     `json:"root,omitempty"`
	By      string     `json:"by,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	At      time.Time  `json:"at"`
	Outcome string     `json:"outcome,omitempty" enum:"waiting,done,refused" doc:"Of a decision"`
	Why     text.Text  `json:"why,omitzero" doc:"Why the giver has refused it"`
	Settled *time.Time `json:"settled,omitempty" doc:"When the giver answered"`
}

// HandedTo tells where the periods stand that were handed in to an organisation of this node by givers on others.
func (s *Service) HandedTo(ctx context.Context, taker uuid.UUID) ([]HandedView, error) {
	if _, err := auth.Allow(ctx, auth.Read, taker); err != nil {
		return nil, err
	}
	list, err := s.store.HandedTo(ctx, s.o.DB, taker)
	if err != nil {
		return nil, err
	}
	var out []HandedView
	for i := range list {
		p, ok := indicator.ParsePeriod(list[i].Kind, list[i].Period)
		if !ok {
			continue
		}
		at, err := s.store.stance(ctx, s.o.DB, list[i].Agreement, p)
		if err != nil {
			return nil, err
		}
		if at.submitted == nil {
			continue
		}
		v, err := s.handedView(ctx, &at, p)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Service) handedView(ctx context.Context, at *stance, p indicator.Period) (HandedView, error) {
	x := at.submitted
	v := HandedView{Agreement: x.Agreement, Period: p, Step: x.Step, State: at.state, Figures: x.Figures, Here: x.Here, Root: x.Root.String(), AsOf: instantOf(x.AsOf), At: instantOf(at.last.At), By: at.last.By, Reason: at.last.Reason}
	if r := at.ruling; r != nil {
		v.At, v.By, v.Reason, v.Waiting = instantOf(r.At), r.By.Name, r.Reason, r.Outcome == Waiting
	}
	var err error
	if v.Later, err = s.store.later(ctx, x); err != nil {
		return v, err
	}
	v.Giver, v.Away, err = s.giver(ctx, x.Agreement.String())
	return v, err
}

func instantOf(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// later is how many figures of a submission have another revision since.
func (s *Store) later(ctx context.Context, x *Handed) (n int64, err error) {
	err = s.db.NewRaw(`SELECT COUNT(*) FROM figure_handed_figure AS g JOIN figure AS f ON f.id = g.figure AND f.superseded = ?
		WHERE g.agreement = ? AND g.kind = ? AND g.label = ? AND g.step = ? AND f.revision > g.revision`, store.Forever, x.Agreement.String(), x.Kind, x.Period, x.Step).Scan(ctx, &n)
	return n, wrap("count later revisions", err)
}

// HandedSteps are all steps of a period that was handed in to an organisation of this node, with its decisions, the newest first.
func (s *Service) HandedSteps(ctx context.Context, taker, agreement uuid.UUID, kind, period string) ([]HandedStep, error) {
	if _, err := auth.Allow(ctx, auth.Read, taker); err != nil {
		return nil, err
	}
	steps, err := s.store.Handed(ctx, s.o.DB, agreement, kind, period)
	if err != nil {
		return nil, err
	}
	rulings, err := s.store.Rulings(ctx, s.o.DB, agreement, kind, period)
	if err != nil {
		return nil, err
	}
	var out []HandedStep
	for i := range steps {
		if x := &steps[i]; x.Taker == taker {
			out = append(out, HandedStep{State: x.State, Step: x.Step, Root: x.Root.String(), By: x.By, Reason: x.Reason, At: instantOf(x.At)})
		}
	}
	for i := range rulings {
		if r := &rulings[i]; r.Taker == taker {
			out = append(out, HandedStep{State: r.State, Decided: true, Step: r.Step, Root: r.Root.String(), By: r.By.Name, Reason: r.Reason, At: instantOf(r.At), Outcome: r.Outcome, Why: r.Why, Settled: store.Instant(r.Settled)})
		}
	}
	slices.SortStableFunc(out, func(a, b HandedStep) int {
		return cmp.Or(cmp.Compare(b.Step, a.Step), b.At.Compare(a.At))
	})
	return out, nil
}

// sealedPart says whether an account is one of an accepted period, and whether a later one has come.
func (s *Service) sealedPart(ctx context.Context, f *Figure, v *FigurePart) error {
	agreement := store.ID(v.Source)
	if v.Kind != Account || agreement == uuid.Nil {
		return nil
	}
	pins, err := s.store.pins(ctx, s.o.DB, f.Key.Indicator, f.Key.Kind, f.Key.Period)
	if err != nil || len(pins) == 0 {
		return err
	}
	for of, revision := range pins {
		if of[0] != agreement {
			continue
		}
		pinned, err := s.store.Revision(ctx, s.o.DB, of[1], revision)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if pinned.Hash().String() != v.Record {
			continue
		}
		v.Sealed = true
		now, err := s.store.Figure(ctx, s.o.DB, of[1], Now)
		if err != nil {
			return err
		}
		if now.Revision > revision {
			v.Later = store.Instant(now.Commit)
		}
	}
	return nil
}
