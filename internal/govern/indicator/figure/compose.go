package figure

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// plan names the tasks of a keeper as they are remembered.
type plan struct {
	keeper  uuid.UUID
	version int64
	day     string
	agreed  *agreed
}

// tasks are those of a keeper today.
func (c *Composer) tasks(k *Keeper, agreed *agreed) []task {
	day := c.day()
	list, _ := c.plans.get(plan{k.Org, k.Version, day, agreed}, func() ([]task, error) {
		return tasks(c.o.Library, k.Adopted, agreed.items(k.Org), day), nil
	})
	return list
}

// composers bound how many figures are worked out at the same time.
const composers = 4

// compose works out what keepers have figures of. What figures rest on is read side by side; one commit writes them.
func (c *Composer) compose(ctx context.Context, list []Taken, agreed *agreed) error {
	var commit Commit
	var mu sync.Mutex
	work, inner := errgroup.WithContext(ctx)
	work.SetLimit(min(composers, runtime.GOMAXPROCS(0)))
	for _, t := range list {
		commit.Done(t)
		d := c.o.Library.Definition(t.Indicator)
		p, ok := indicator.ParsePeriod(t.Kind, t.Period)
		if d == nil || !ok {
			continue
		}
		k, err := c.o.Store.Keeper(ctx, c.o.Store.db, t.Keeper, Now)
		if err != nil {
			return errors.Join(err, work.Wait())
		}
		if k.Version == 0 {
			continue // an organisation that keeps no figures
		}
		for _, task := range c.tasks(&k, agreed) {
			if task.Indicator != t.Indicator || !slices.Contains(task.periods, p) {
				continue
			}
			work.Go(func() error {
				f, pop, err := c.figure(inner, &k, task.Item, d, p, agreed)
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				commit.PutFigure(f)
				if pop != nil {
					commit.PutPopulation(pop)
				}
				return nil
			})
		}
	}
	if err := work.Wait(); err != nil {
		c.hashes.forget()
		return err
	}
	return c.write(ctx, &commit, func(ctx context.Context, _ bun.Tx, w *Written, b *batch) error {
		return b.tellFigures(ctx, w.Figures, agreed)
	})
}

// definitionHash is the hash of a definition's file.
func definitionHash(d *indicator.Definition) Hash {
	h, _ := ParseHash(d.Hash()) // it is one
	return h
}

// figure works one figure out of everything it rests on, with its population where that may not be kept yet.
func (c *Composer) figure(ctx context.Context, k *Keeper, item Item, d *indicator.Definition, p indicator.Period, agreed *agreed) (*Figure, *Population, error) {
	if d.Of == indicator.OfRegion {
		f, err := c.region(ctx, k, item, d, p, agreed)
		return f, nil, err
	}
	f := &Figure{Key: item.key(k.Org, p), Definition: definitionHash(d)}
	s, err := c.gather(ctx, k, item, d, p, agreed)
	if err != nil {
		return nil, nil, err
	}
	f.Account, f.Parts, f.Watermark = s.sum.Encode(), s.parts, s.watermark
	pop, hash, err := s.population()
	f.Population = hash
	return f, pop, err
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
