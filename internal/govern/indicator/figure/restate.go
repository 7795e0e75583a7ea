package figure

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/store"
)

// changes are observations that a commit puts in the place of others.
type changes struct {
	byColumn map[ColumnKey]map[string]change
	keepers  map[ColumnKey]map[uuid.UUID][]string // whose figures rest on them, and on which enterprises'
}

type change struct {
	old []byte // nil: there was none
	now Row
}

func (x *changes) put(k ColumnKey, old []byte, now Row) {
	if x.byColumn == nil {
		x.byColumn, x.keepers = map[ColumnKey]map[string]change{}, map[ColumnKey]map[uuid.UUID][]string{}
	}
	if x.byColumn[k] == nil {
		x.byColumn[k], x.keepers[k] = map[string]change{}, map[uuid.UUID][]string{}
	}
	ch := change{old, now}
	if before, ok := x.byColumn[k][now.Code]; ok { // twice in one commit
		ch.old = before.old
	}
	x.byColumn[k][now.Code] = ch
}

// concerns says, once, that a keeper's figures rest on an enterprise's observation.
func (x *changes) concerns(k ColumnKey, keeper uuid.UUID, code string) {
	x.keepers[k][keeper] = append(x.keepers[k][keeper], code)
}

// restate brings the figures that rest on changed observations up to date: what was in is taken away and what is now is added, so that
// it costs what has changed. Where who counts is to be looked at too, or an enterprise was not in, the figure is worked out whole.
func (c *Composer) restate(ctx context.Context, commit *Commit, x *changes, agreed *agreed) error {
	for k, keepers := range x.keepers {
		d := c.o.Library.Definition(k.Indicator)
		p, ok := indicator.ParsePeriod(k.Kind, k.Period)
		if d == nil || !ok {
			continue
		}
		for keeper, codes := range keepers {
			whole := Dirty{Keeper: keeper, Indicator: k.Indicator, Kind: k.Kind, Period: k.Period}
			settings, err := c.o.Store.Keeper(ctx, c.o.Store.db, keeper, Now)
			if err != nil {
				return err
			}
			if settings.Version == 0 {
				continue
			}
			waiting, err := c.o.Store.marked(ctx, c.o.Store.db, whole)
			if err != nil {
				return err
			}
			if waiting || k.Source == Remote && d.OwnRegisters() {
				commit.Mark(whole)
				continue
			}
			for _, task := range c.tasks(&settings, agreed) {
				if task.Indicator != k.Indicator || task.Baseline != k.Baseline || !slices.Contains(task.periods, p) {
					continue
				}
				f, err := c.replaced(ctx, task.key(keeper, p), d, p, x.byColumn[k], codes, k.Source)
				if err != nil {
					return err
				}
				if f == nil {
					commit.Mark(whole)
					break
				}
				commit.PutFigure(f)
			}
		}
	}
	return nil
}

// replaced is a figure with changed observations; nil where it has to be worked out whole.
func (c *Composer) replaced(ctx context.Context, key Key, d *indicator.Definition, p indicator.Period, rows map[string]change, codes []string, source string) (*Figure, error) {
	f, err := c.o.Store.Figure(ctx, c.o.Store.db, key.ID(), Now)
	if errors.Is(err, store.ErrNotFound) || err == nil && f.Definition != definitionHash(d) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pop, err := c.population(ctx, f.Population)
	if err != nil {
		return nil, err
	}
	account, err := c.o.Library.DecodeAccount(d, f.Account)
	if err != nil {
		return nil, err
	}
	g := *f
	g.Parts, g.Watermark = slices.Clone(f.Parts), 0
	at := slices.IndexFunc(g.Parts, func(x Part) bool { return x.Source == source })
	if at < 0 {
		return nil, nil
	}
	before := account.Known()
	for _, code := range codes {
		ch := rows[code]
		if pop.Find(code) == nil || ch.old == nil || ch.now.Gone() {
			return nil, nil
		}
		spoken, err := c.spokenFor(ctx, g.Parts, code)
		if err != nil {
			return nil, err
		}
		if spoken {
			continue
		}
		old, err := c.o.Library.DecodeObservation(d, ch.old)
		if err != nil {
			return nil, err
		}
		now, err := c.o.Library.DecodeObservation(d, ch.now.Observation)
		if err != nil {
			return nil, err
		}
		account.Take(old.Evaluate(d, p))
		account.Add(now.Evaluate(d, p))
	}
	g.Parts[at].Known += account.Known() - before
	g.Parts[at].At = c.o.Now().UnixNano()
	g.Account = account.Encode()
	return &g, nil
}

// spokenFor tells whether the account of a part speaks for an enterprise.
func (c *Composer) spokenFor(ctx context.Context, parts []Part, code string) (bool, error) {
	for i := range parts {
		if parts[i].Kind != Account || parts[i].State != Given {
			continue
		}
		pop, err := c.population(ctx, parts[i].Population)
		if err != nil {
			return false, err
		}
		if pop.Find(code) != nil {
			return true, nil
		}
	}
	return false, nil
}
