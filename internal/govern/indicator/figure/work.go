package figure

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/store"
)

// How much one commit does.
const (
	takeMost    = 256
	observeMost = 64
	composeMost = 32
)

// work takes something from the queue and does it. What names no period is first spread out into what does.
func (c *Composer) work(ctx context.Context) (bool, error) {
	list, err := c.o.Store.Take(ctx, c.o.Store.db, takeMost)
	if err != nil || len(list) == 0 {
		return false, err
	}
	agreed, err := c.agreed(ctx)
	if err != nil {
		return false, err
	}
	var commit Commit
	var observe, compose []Taken
	for _, t := range list {
		switch {
		case t.Code == tellAll:
			return true, c.tellAfresh(ctx, t, agreed)
		case t.Code == everybody, t.Kind == "":
			more, err := c.spread(ctx, t.Dirty, agreed)
			if err != nil {
				return false, err
			}
			commit.Mark(more...)
			commit.Done(t)
		case t.Code != "":
			observe = append(observe, t)
		default:
			compose = append(compose, t)
		}
	}
	switch {
	case len(commit.done) > 0:
		return true, c.write(ctx, &commit, nil)
	case len(observe) > 0:
		return true, c.observe(ctx, observe[:min(len(observe), observeMost)], agreed)
	}
	return true, c.compose(ctx, compose[:min(len(compose), composeMost)], agreed)
}

// spread names the periods, indicators and organisations of what is to be worked out.
func (c *Composer) spread(ctx context.Context, d Dirty, agreed *agreed) (out []Dirty, err error) {
	today := c.day()
	if d.Code == "" || d.Code == everybody {
		keepers, err := c.o.Store.Keepers(ctx, c.o.Store.db)
		if err != nil {
			return nil, err
		}
		for i := range keepers {
			k := &keepers[i]
			if d.Keeper != uuid.Nil && d.Keeper != k.Org {
				continue
			}
			for _, t := range c.tasks(k, agreed) {
				for _, p := range t.periods {
					if d.Indicator == "" || d.Indicator == t.Indicator {
						out = append(out, Dirty{Keeper: k.Org, Indicator: t.Indicator, Kind: p.Kind, Period: p.Label})
					}
				}
			}
		}
		if d != (Dirty{}) {
			return out, nil
		}
	}
	for _, a := range agreed.observers(d.Keeper) {
		if d.Keeper != uuid.Nil && d.Code != a.Giver.CreditCode {
			continue
		}
		for _, item := range agreed.named(a) {
			definition := c.o.Library.Definition(item.Indicator)
			if definition == nil || d.Indicator != "" && d.Indicator != item.Indicator {
				continue
			}
			for _, p := range item.periods(definition, today) {
				out = append(out, Dirty{Keeper: a.Giver.Org, Code: a.Giver.CreditCode, Indicator: item.Indicator, Kind: p.Kind, Period: p.Label})
			}
		}
	}
	return out, nil
}

// write writes a commit, with what goes to other nodes, and takes down what the evidence log is to hold of it.
func (c *Composer) write(ctx context.Context, commit *Commit, more func(ctx context.Context, tx bun.Tx, w *Written, b *batch) error) error {
	err := c.o.Store.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		w, err := c.o.Store.Write(ctx, tx, commit, c.o.Now())
		if err != nil {
			return err
		}
		b := &batch{c: c, tx: tx, commit: w.Commit}
		b.items = append(b.items, w.Hashes...)
		for k, rows := range commit.rows {
			for _, r := range rows {
				if r.Commit == 0 {
					r.Commit = w.Commit
				}
				b.items = append(b.items, r.sealed(k))
			}
		}
		if more != nil {
			if err := more(ctx, tx, &w, b); err != nil {
				return err
			}
		}
		return b.close(ctx)
	})
	if err != nil {
		c.hashes.forget() // their populations were not kept
	}
	return err
}

// observe works the observations of enterprises out.
func (c *Composer) observe(ctx context.Context, list []Taken, agreed *agreed) error {
	var commit Commit
	changed := &changes{}
	for _, t := range list {
		commit.Done(t)
		d := c.o.Library.Definition(t.Indicator)
		p, ok := indicator.ParsePeriod(t.Kind, t.Period)
		if d == nil || !ok || d.Of == indicator.OfRegion { // what is counted once for a region no enterprise tells
			continue
		}
		for _, base := range agreed.baselines(t.Dirty) {
			item := Item{d.ID, All, base}
			if !item.after(p) {
				continue
			}
			k := ColumnKey{uuid.Nil, Local, d.ID, t.Kind, t.Period, base}
			old, err := c.o.Store.Find(ctx, c.o.Store.db, k, []string{t.Code}, Now)
			if err != nil {
				return err
			}
			v, err := c.o.Sources.Observe(ctx, t.Keeper, d, p, base)
			if errors.Is(err, store.ErrNotFound) {
				continue // an organisation that is no more
			}
			if err != nil {
				return err
			}
			o := v.Observation()
			r := Row{Code: t.Code, Observation: o.Encode()}
			var was []byte
			if len(old) > 0 {
				was = old[0].Observation
			}
			if string(was) == string(r.Observation) {
				continue
			}
			commit.PutRow(k, r)
			at := changed.put(k, was, r)
			var told []uuid.UUID
			for _, a := range agreed.givers[t.Keeper] { // of whom a keeper of this node is told
				if a.Hosted() && tells(a, p) && agreed.names(a, item) && !slices.Contains(told, a.Taker.Org) {
					told = append(told, a.Taker.Org)
					changed.concerns(k, a.Taker.Org, at)
				}
			}
		}
	}
	if err := c.restate(ctx, &commit, changed, agreed); err != nil {
		return err
	}
	return c.write(ctx, &commit, func(ctx context.Context, _ bun.Tx, w *Written, b *batch) error {
		if err := b.tellRows(ctx, changed, w.Commit, agreed); err != nil {
			return err
		}
		return b.tellFigures(ctx, w.Figures, agreed)
	})
}
