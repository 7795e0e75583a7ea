package figure

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// Dirty is something that is to be worked out again. What is empty means all.
type Dirty struct {
	Keeper    uuid.UUID // whose figures; zero for those of all keepers
	Code      string    // of one enterprise
	Indicator string
	Kind      string // of the period
	Period    string // its label
}

// Taken is one that was taken from the queue.
type Taken struct {
	Dirty
	mark int64
}

type dirtyRow struct {
	bun.BaseModel `bun:"table:figure_dirty,alias:d"`

	Keeper    string `bun:"keeper,pk"`
	Code      string `bun:"code,pk"`
	Indicator string `bun:"indicator,pk"`
	Kind      string `bun:"kind,pk"`
	Label     string `bun:"label,pk"`
	First     int64
	Mark      int64
}

// Mark puts into the queue what is not in it; what is will be worked out once more, also where that has begun.
func (s *Store) Mark(ctx context.Context, tx bun.IDB, list ...Dirty) error {
	if len(list) == 0 {
		return nil
	}
	var mark int64
	if err := tx.NewRaw("UPDATE figure_clock SET at = at + 1 WHERE id = ? RETURNING at", markClock).Scan(ctx, &mark); err != nil {
		return wrap("take a mark", err)
	}
	seen := map[Dirty]bool{}
	var rows []dirtyRow
	for _, d := range list {
		if !seen[d] { // one statement cannot change a row twice
			seen[d] = true
			rows = append(rows, dirtyRow{Keeper: store.Word(d.Keeper), Code: d.Code, Indicator: d.Indicator, Kind: d.Kind, Label: d.Period, First: mark, Mark: mark})
		}
	}
	return chunked(rows, func(rows []dirtyRow) error {
		_, err := tx.NewInsert().Model(&rows).On("CONFLICT (keeper, code, indicator, kind, label) DO UPDATE").Set("mark = EXCLUDED.mark").Exec(ctx)
		return wrap("mark figures", err)
	})
}

// Take looks at the first n of the queue. They stay in it until they are done (Commit.Done).
func (s *Store) Take(ctx context.Context, db bun.IDB, n int) ([]Taken, error) {
	var rows []dirtyRow
	if err := db.NewSelect().Model(&rows).OrderExpr("d.first, d.label, d.kind, d.keeper, d.code, d.indicator").Limit(int64(n)).Scan(ctx); err != nil {
		return nil, wrap("take from the queue", err)
	}
	return store.All(rows, func(r *dirtyRow) Taken {
		return Taken{Dirty{store.ID(r.Keeper), r.Code, r.Indicator, r.Kind, r.Label}, r.Mark}
	}), nil
}

// Waiting is how many are in the queue.
func (s *Store) Waiting(ctx context.Context, db bun.IDB) (int64, error) {
	n, err := db.NewSelect().Model((*dirtyRow)(nil)).Count(ctx)
	return int64(n), wrap("count the queue", err)
}

// done takes out of the queue what was not marked again since it was taken.
func (s *Store) done(ctx context.Context, tx bun.IDB, list []Taken) error {
	for _, t := range list {
		_, err := tx.NewDelete().Model((*dirtyRow)(nil)).Where("keeper = ? AND code = ? AND indicator = ? AND kind = ? AND label = ? AND mark = ?", store.Word(t.Keeper), t.Code, t.Indicator, t.Kind, t.Period, t.mark).Exec(ctx)
		if err != nil {
			return wrap("take out of the queue", err)
		}
	}
	return nil
}

// Cursor is how far something has been followed.
type Cursor struct {
	Epoch    int64
	Position int64
}

type cursorRow struct {
	bun.BaseModel `bun:"table:figure_cursor,alias:u"`

	Name     string `bun:"name,pk"`
	Epoch    int64
	Position int64
}

// Cursor is how far a source has been followed; zero before it was.
func (s *Store) Cursor(ctx context.Context, db bun.IDB, name string) (Cursor, error) {
	var r cursorRow
	err := wrap("cursor "+name, db.NewSelect().Model(&r).Where("u.name = ?", name).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return Cursor{}, nil
	}
	return Cursor{r.Epoch, r.Position}, err
}

// cursors are all whose names begin alike.
func (s *Store) cursors(ctx context.Context, db bun.IDB, prefix string) (map[string]Cursor, error) {
	var rows []cursorRow
	if err := db.NewSelect().Model(&rows).Where("u.name LIKE ?", prefix+"%").Scan(ctx); err != nil {
		return nil, wrap("read cursors", err)
	}
	out := make(map[string]Cursor, len(rows))
	for _, r := range rows {
		out[r.Name] = Cursor{r.Epoch, r.Position}
	}
	return out, nil
}

func (s *Store) putCursors(ctx context.Context, tx bun.IDB, all map[string]Cursor) error {
	var rows []cursorRow
	for _, name := range slices.Sorted(maps.Keys(all)) {
		rows = append(rows, cursorRow{Name: name, Epoch: all[name].Epoch, Position: all[name].Position})
	}
	return chunked(rows, func(rows []cursorRow) error {
		_, err := tx.NewInsert().Model(&rows).On("CONFLICT (name) DO UPDATE").Set("epoch = EXCLUDED.epoch").Set("position = EXCLUDED.position").Exec(ctx)
		return wrap("write cursors", err)
	})
}
