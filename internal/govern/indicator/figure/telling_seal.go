package figure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// tellSeals tells other nodes which steps were taken since it did so last.
func (c *Composer) tellSeals(ctx context.Context) (bool, error) {
	if c.o.Streams == nil {
		return false, nil
	}
	at, err := c.o.Store.Cursor(ctx, c.o.Store.db, "seals")
	if err != nil {
		return false, err
	}
	var rows []sealRow
	if err := c.o.Store.db.NewSelect().Model(&rows).Where("s.at > ?", at.Position).OrderExpr("s.at").Limit(50).Scan(ctx); err != nil {
		return false, wrap("list seals", err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	list, err := seals(rows)
	if err != nil {
		return false, err
	}
	agreed, err := c.agreed(ctx)
	if err != nil {
		return false, err
	}
	commit := &Commit{telling: true}
	commit.PutCursor("seals", Cursor{Position: list[len(list)-1].At})
	return true, c.write(ctx, commit, func(ctx context.Context, _ bun.Tx, _ *Written, b *batch) error {
		for i := range list {
			for n := range agreed.list {
				if err := b.tellSeal(ctx, &agreed.list[n], agreed, &list[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// tellSeal tells a step under an agreement that is about it. Before a submission stands each of its figures as it was handed in, so that
// the taker has that revision; behind it, what stands now.
func (b *batch) tellSeal(ctx context.Context, a *org.Agreement, agreed *agreed, x *Seal) error {
	p, ok := indicator.ParsePeriod(x.Kind, x.Period)
	if a.Giver.Node != b.c.o.Node || a.Giver.Org != x.Keeper || a.Hosted() || a.Detail != org.DetailAggregate || !ok || !tells(a, p) {
		return nil
	}
	t := &TellSeal{Kind: x.Kind, Period: x.Period, Step: x.Step, State: x.State, AsOf: x.AsOf, At: x.At}
	if x.State == Submitted || x.Agreement == a.ID {
		t.Reason, t.By = x.Reason, x.By.Name
	}
	if x.State != Submitted {
		if x.Agreement == a.ID {
			t.Decision = x.Decision
		}
		return b.tell(ctx, a, t)
	}
	var since []*Figure
	for _, item := range agreed.named(a) {
		now, err := b.handIn(ctx, a, item, x, t)
		if err != nil {
			return err
		}
		since = append(since, now...)
	}
	slices.SortFunc(t.Figures, func(a, b SealedFigure) int { return strings.Compare(a.Key.Name(), b.Key.Name()) })
	r := sealToldRow{Agreement: a.ID, Kind: x.Kind, Label: x.Period, Step: x.Step, Root: t.Root().String()}
	if _, err := b.tx.NewInsert().Model(&r).On("CONFLICT (agreement, kind, label, step) DO UPDATE").Set("root = EXCLUDED.root").Exec(ctx); err != nil {
		return wrap("note a submission that is told", err)
	}
	if err := b.tell(ctx, a, t); err != nil {
		return err
	}
	for _, f := range since {
		if err := b.tellFigure(ctx, a, f); err != nil {
			return err
		}
	}
	return nil
}

// handIn adds the figures of an item to what is told of a submission, and returns those that were restated since.
func (b *batch) handIn(ctx context.Context, a *org.Agreement, item Item, x *Seal, t *TellSeal) (since []*Figure, err error) {
	st, d := b.c.o.Store, b.c.o.Library.Definition(item.Indicator)
	if d == nil {
		return nil, nil
	}
	board := Board{Keeper: x.Keeper, Indicator: item.Indicator, Filter: item.Filter, Kind: x.Kind, Period: x.Period, AsOf: x.AsOf}
	err = store.Each(func(page store.Page) ([]*Figure, string, error) { return st.List(ctx, b.tx, board, page) }, func(f *Figure) error {
		if f.Key.Baseline != item.Baseline || f.Definition != definitionHash(d) {
			return nil // it was never told, or by another version of the definition
		}
		account, err := told(b.c.o.Library, d, f)
		if err != nil {
			return err
		}
		key := f.Key
		key.Keeper = uuid.Nil
		t.Figures = append(t.Figures, SealedFigure{key, f.Revision, Sum(account)})
		now, err := st.Figure(ctx, b.tx, f.Key.ID(), Now)
		if errors.Is(err, store.ErrNotFound) || err == nil && now.Revision == f.Revision {
			return nil
		}
		if err == nil {
			since = append(since, now)
			err = b.tellFigure(ctx, a, f)
		}
		return err
	})
	return since, err
}

// tellEverySeal tells all steps of a keeper again.
func (b *batch) tellEverySeal(ctx context.Context, a *org.Agreement, agreed *agreed) error {
	if a.Detail != org.DetailAggregate {
		return nil
	}
	list, err := b.c.o.Store.steps(ctx, b.tx, a.Giver.Org, Now, store.MaxLimit, "1 = 1")
	if err != nil {
		return err
	}
	slices.Reverse(list)
	for i := range list {
		if err := b.tellSeal(ctx, a, agreed, &list[i]); err != nil {
			return err
		}
	}
	return nil
}
