package figure

import (
	"context"
	"errors"
	"slices"

	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// compose works out what keepers have figures of.
func (c *Composer) compose(ctx context.Context, list []Taken, agreed *agreed) error {
	var commit Commit
	for _, t := range list {
		commit.Done(t)
		d := c.o.Library.Definition(t.Indicator)
		p, ok := indicator.ParsePeriod(t.Kind, t.Period)
		if d == nil || !ok {
			continue
		}
		k, err := c.o.Store.Keeper(ctx, c.o.Store.db, t.Keeper, Now)
		if err != nil {
			return err
		}
		if k.Version == 0 {
			continue // an organisation that keeps no figures
		}
		for _, task := range tasks(c.o.Library, k.Adopted, agreed.items(k.Org), c.day()) {
			if task.Indicator != t.Indicator || !slices.Contains(task.periods, p) {
				continue
			}
			f, err := c.figure(ctx, &commit, &k, task.Item, d, p, agreed)
			if err != nil {
				return err
			}
			commit.PutFigure(f)
		}
	}
	return c.write(ctx, &commit, func(ctx context.Context, tx bun.Tx, w *Written, b *batch) error {
		return b.tellFigures(ctx, w.Figures, agreed)
	})
}

// definitionHash is the hash of a definition's file.
func definitionHash(d *indicator.Definition) Hash {
	h, _ := ParseHash(d.Hash()) // it is one
	return h
}

// figure works one figure out of everything it rests on.
func (c *Composer) figure(ctx context.Context, commit *Commit, k *Keeper, item Item, d *indicator.Definition, p indicator.Period, agreed *agreed) (*Figure, error) {
	f := &Figure{Key: item.key(k.Org, p), Definition: definitionHash(d)}
	if d.Of == indicator.OfRegion {
		v, err := c.o.Sources.Counted(ctx, k.Org, k.Scope, d, p, item.Baseline)
		if err != nil {
			return nil, err
		}
		o := v.Observation()
		f.Account = o.Encode()
		return f, nil
	}
	s, err := c.gather(ctx, k, item, d, p, agreed)
	if err != nil {
		return nil, err
	}
	f.Account, f.Parts, f.Watermark = s.sum.Encode(), s.parts, s.watermark
	f.Population, err = s.population(commit)
	return f, err
}

// giver is how an enterprise that gives observations says it is; false where it has not said so yet.
func (c *Composer) giver(ctx context.Context, a *org.Agreement, day string) (indicator.Enterprise, bool, error) {
	if a.Hosted() {
		e, err := c.o.Sources.Self(ctx, a.Giver.Org, day)
		if errors.Is(err, store.ErrNotFound) {
			return e, false, nil
		}
		return e, err == nil, err
	}
	return c.o.Store.giver(ctx, c.o.Store.db, a.ID)
}
