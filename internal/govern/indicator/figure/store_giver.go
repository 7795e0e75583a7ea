package figure

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

type giverRow struct {
	bun.BaseModel `bun:"table:figure_giver,alias:g"`

	Agreement uuid.UUID `bun:"agreement,pk"`
	Keeper    uuid.UUID
	Code      string
	Body      []byte
}

// giver is an enterprise as it has said it is; false where it has not.
func (s *Store) giver(ctx context.Context, db bun.IDB, agreement uuid.UUID) (e indicator.Enterprise, ok bool, err error) {
	var r giverRow
	err = wrap("giver "+agreement.String(), db.NewSelect().Model(&r).Where("g.agreement = ?", agreement).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return e, false, nil
	}
	if err != nil {
		return e, false, err
	}
	u := &unwire{b: r.Body}
	e = u.member()
	if err := u.end("a giver"); err != nil {
		return e, false, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return e, true, nil
}

func (s *Store) putGiver(ctx context.Context, tx bun.IDB, a *org.Agreement, e indicator.Enterprise) error {
	w := &wire{}
	w.member(&e)
	r := giverRow{Agreement: a.ID, Keeper: a.Taker.Org, Code: e.Code, Body: w.b}
	_, err := tx.NewInsert().Model(&r).On("CONFLICT (agreement) DO UPDATE").Set("body = EXCLUDED.body").Exec(ctx)
	return wrap("write a giver", err)
}

// marked tells whether a figure is in the queue, by itself or with others.
func (s *Store) marked(ctx context.Context, db bun.IDB, d Dirty) (bool, error) {
	n, err := db.NewSelect().Model((*dirtyRow)(nil)).Where("d.keeper IN (?, ?) AND d.code IN ('', ?)", store.Word(d.Keeper), store.Word(uuid.Nil), everybody).
		Where("d.indicator IN ('', ?) AND d.kind IN ('', ?) AND d.label IN ('', ?)", d.Indicator, d.Kind, d.Period).Count(ctx)
	return n > 0, wrap("look into the queue", err)
}
