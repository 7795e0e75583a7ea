package figure

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// handing is a step that came, with the revisions here that it is of.
type handing struct {
	step    Handed
	figures []handedFigureRow
}

// errFlush asks for what came before a submission to be written first: what it is of is then what stands.
var errFlush = errors.New("a submission waits for what came before it")

// seal takes a step of a giver's period. Errors: errFlush, a refusal.
func (in *intake) seal(ctx context.Context, x *TellSeal) error {
	c, a := in.c, in.a
	if a.Detail != org.DetailAggregate {
		return refuse("periods are not in the agreement")
	}
	for i := range x.Figures {
		if _, _, err := in.about(x.Figures[i].Key); err != nil {
			return err
		}
	}
	if p, ok := (Key{Kind: x.Kind, Period: x.Period}).Time(); !ok || !tells(a, p) {
		return refuse("%s is not in the agreement", x.Period)
	}
	steps, err := c.o.Store.Handed(ctx, c.o.Store.db, a.ID, x.Kind, x.Period)
	if err != nil {
		return err
	}
	for i := range in.handed {
		if h := &in.handed[i].step; h.Agreement == a.ID && h.Kind == x.Kind && h.Period == x.Period {
			steps = append(steps, *h)
		}
	}
	for i := range steps {
		if h := &steps[i]; h.Step == x.Step {
			if h.State != x.State || h.At != x.At || h.Root != x.Root() {
				return refuse("step %d of %s was told as something else before", x.Step, x.Period)
			}
			return nil
		}
	}
	if x.State == Submitted {
		for k := range in.commit.figures {
			if k.Keeper == a.ID {
				return errFlush
			}
		}
	}
	h := handing{step: Handed{Agreement: a.ID, Taker: a.Taker.Org, Kind: x.Kind, Period: x.Period, Step: x.Step, State: x.State, Figures: int64(len(x.Figures)), Root: x.Root(), Reason: x.Reason, By: x.By, Decision: x.Decision,
		AsOf: x.AsOf, At: x.At, Came: c.o.Now().UnixNano()}}
	for i := range x.Figures {
		k := x.Figures[i].Key
		k.Keeper = a.ID
		f, err := c.o.Store.Figure(ctx, c.o.Store.db, k.ID(), Now)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil && Sum(f.Account) == x.Figures[i].Account {
			h.figures = append(h.figures, handedFigureRow{Agreement: a.ID, Kind: x.Kind, Label: x.Period, Step: x.Step, Figure: k.ID(), Revision: f.Revision, Indicator: k.Indicator})
		}
	}
	h.step.Here = int64(len(h.figures))
	in.handed = append(in.handed, h)
	return nil
}

// writeHanded writes the steps that came, and has figures worked out again that count others now.
func (in *intake) writeHanded(ctx context.Context, tx bun.Tx) error {
	st := in.c.o.Store
	for i := range in.handed {
		h := &in.handed[i]
		if err := st.putHanded(ctx, tx, &h.step, h.figures); err != nil {
			return err
		}
		concerns, err := st.repin(ctx, tx, h.step.Agreement, h.step.Kind, h.step.Period)
		if err != nil {
			return err
		}
		for _, indicator := range concerns {
			if err := st.Mark(ctx, tx, Dirty{Keeper: h.step.Taker, Indicator: indicator, Kind: h.step.Kind, Period: h.step.Period}); err != nil {
				return err
			}
		}
	}
	return nil
}
