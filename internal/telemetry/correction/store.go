package correction

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

type row struct {
	bun.BaseModel `bun:"table:correction,alias:c"`

	ID          uuid.UUID `bun:"id,pk"`
	Org         uuid.UUID
	Series      uuid.UUID
	Kind        string
	Since       int64
	Until       int64
	Words       string
	Undoes      string
	UndoneBy    string
	Actor       string
	At          int64
	Basis       int64
	FirstSeq    int64
	LastSeq     int64
	RowCount    int64
	Applied     int64
	FirstCommit int64
	LastCommit  int64
}

// correction reads a row. Its two JSON columns were written here.
func (r *row) correction() (Correction, error) {
	c := Correction{ID: r.ID, Org: r.Org, Series: r.Series, Undoes: store.ID(r.Undoes), UndoneBy: store.ID(r.UndoneBy), At: r.At, Basis: uint64(r.Basis),
		First: uint64(r.FirstSeq), Last: uint64(r.LastSeq), Rows: int(r.RowCount), State: Applying, FirstCommit: uint64(r.FirstCommit), LastCommit: uint64(r.LastCommit)}
	if r.Applied != 0 {
		c.State = Applied
	}
	if err := json.Unmarshal([]byte(r.Words), &c.Words); err != nil {
		return c, fmt.Errorf("correction %s: its words: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Actor), &c.By); err != nil {
		return c, fmt.Errorf("correction %s: who made it: %w", r.ID, err)
	}
	return c, nil
}

func rowOf(c *Correction, since, until int64) (*row, error) {
	words, err := json.Marshal(c.Words)
	if err != nil {
		return nil, err
	}
	actor, err := json.Marshal(c.By)
	if err != nil {
		return nil, err
	}
	return &row{ID: c.ID, Org: c.Org, Series: c.Series, Kind: string(c.Kind), Since: since, Until: until, Words: string(words), Undoes: store.Word(c.Undoes),
		Actor: string(actor), At: c.At, Basis: int64(c.Basis), FirstSeq: int64(c.First), LastSeq: int64(c.Last), RowCount: int64(c.Rows)}, nil
}

// find finds one of the scope's. Error: store.ErrNotFound.
func find(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID) (row, error) {
	var r row
	if err := scope.Where(db.NewSelect().Model(&r).Where("c.id = ?", id), "c.org").Scan(ctx); err != nil {
		return r, fmt.Errorf("correction %s: %w", id, store.Err(err))
	}
	return r, nil
}

// unfinished are the corrections that were written down and not carried out, oldest first.
func unfinished(ctx context.Context, db bun.IDB, scope auth.Scope) ([]row, error) {
	var rows []row
	if err := scope.Where(db.NewSelect().Model(&rows).Where("c.applied = 0"), "c.org").OrderExpr("c.first_seq").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list unfinished corrections: %w", store.Err(err))
	}
	return rows, nil
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Series   uuid.UUID
	From, To int64 // that touch this span of source time
}

var newestFirst = store.Keyset{Columns: []string{"c.id"}, Descending: true}

func list(ctx context.Context, db bun.IDB, scope auth.Scope, f Filter, page store.Page) ([]Correction, string, error) {
	var rows []row
	q := scope.Where(db.NewSelect().Model(&rows), "c.org")
	if f.Series != uuid.Nil {
		q = q.Where("c.series = ?", f.Series)
	}
	if f.To != 0 {
		q = q.Where("c.since < ? AND c.until > ?", f.To, f.From)
	}
	var broken error
	items, next, err := store.List(ctx, newestFirst, q, &rows, page, func(r *row) []any { return []any{r.ID.String()} }, func(r *row) Correction {
		c, err := r.correction()
		if err != nil {
			broken = err
		}
		return c
	})
	if err == nil {
		err = broken
	}
	if err != nil {
		return nil, "", fmt.Errorf("list corrections: %w", err)
	}
	return items, next, nil
}

func insert(ctx context.Context, tx bun.Tx, r *row, e audit.Entry) error {
	if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
		return err
	}
	if r.Undoes != "" {
		if _, err := tx.NewUpdate().Model((*row)(nil)).Set("undone_by = ?", r.ID).Where("id = ?", r.Undoes).Exec(ctx); err != nil {
			return err
		}
	}
	return audit.Record(ctx, tx, e)
}

func finish(ctx context.Context, db bun.IDB, id uuid.UUID, at int64, first, last uint64) error {
	_, err := db.NewUpdate().Model((*row)(nil)).Set("applied = ?", at).Set("first_commit = ?", int64(first)).Set("last_commit = ?", int64(last)).Where("id = ?", id).Exec(ctx)
	return err
}
