package figure

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

type figureRow struct {
	bun.BaseModel `bun:"table:figure,alias:f"`

	ID         uuid.UUID `bun:"id,pk"`
	Revision   int64     `bun:"revision,pk"`
	Keeper     uuid.UUID
	Indicator  string
	Filter     string
	Kind       string
	Label      string
	Baseline   string
	Code       string
	Definition string
	Population string
	Account    []byte
	Parts      []byte
	Watermark  int64
	Hash       string
	At         int64
	Superseded int64
}

// cellsOf is the row of a revision that stands.
func cellsOf(f *Figure, hash Hash) []cell {
	k := &f.Key
	w := &wire{}
	w.parts(f.Parts)
	return []cell{{"id", k.ID()}, {"revision", f.Revision}, {"keeper", k.Keeper}, {"indicator", k.Indicator}, {"filter", k.Filter}, {"kind", k.Kind}, {"label", k.Period}, {"baseline", k.Baseline}, {"code", k.Code},
		{"definition", f.Definition.String()}, {"population", f.Population.String()}, {"account", f.Account}, {"parts", w.b}, {"watermark", f.Watermark}, {"hash", hash.String()}, {"at", f.Commit}, {"superseded", store.Forever}}
}

// figure reads a row and looks whether it is what was written. Error: ErrDamaged.
func (r *figureRow) figure() (*Figure, error) {
	f := &Figure{Key: Key{r.Keeper, r.Indicator, r.Filter, r.Kind, r.Label, r.Baseline, r.Code}, Revision: r.Revision, Commit: r.At, Account: r.Account, Watermark: r.Watermark}
	damaged := func(err error) error {
		return fmt.Errorf("%w: revision %d of the figure %s: %w", ErrDamaged, r.Revision, f.Key, err)
	}
	var err error
	if f.Definition, err = ParseHash(r.Definition); err != nil {
		return nil, damaged(err)
	}
	if f.Population, err = ParseHash(r.Population); err != nil {
		return nil, damaged(err)
	}
	parts := &unwire{b: r.Parts}
	f.Parts = parts.parts()
	if err := parts.end("its parts"); err != nil {
		return nil, damaged(err)
	}
	if h := f.Hash().String(); h != r.Hash || f.Key.ID() != r.ID || f.Key.Check() != nil {
		return nil, damaged(fmt.Errorf("its bytes give %s, and %s was written down", h, r.Hash))
	}
	return f, nil
}

func figures(rows []figureRow) ([]*Figure, error) {
	out := make([]*Figure, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].figure(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Figure is the revision of a figure that stood at a commit. Errors: store.ErrNotFound, ErrDamaged.
func (s *Store) Figure(ctx context.Context, db bun.IDB, id uuid.UUID, asOf int64) (*Figure, error) {
	return s.one(ctx, id, standing(db.NewSelect().Where("f.id = ?", id), "f", asOf))
}

// Revision is one revision of a figure. Errors: store.ErrNotFound, ErrDamaged.
func (s *Store) Revision(ctx context.Context, db bun.IDB, id uuid.UUID, revision int64) (*Figure, error) {
	return s.one(ctx, id, db.NewSelect().Where("f.id = ? AND f.revision = ?", id, revision))
}

func (s *Store) one(ctx context.Context, id uuid.UUID, q *bun.SelectQuery) (*Figure, error) {
	var r figureRow
	if err := q.Model(&r).Scan(ctx); err != nil {
		return nil, wrap("figure "+id.String(), err)
	}
	return r.figure()
}

// Figures are those of a list of ids that stood at a commit, in any order; those that did not exist are left out.
func (s *Store) Figures(ctx context.Context, db bun.IDB, ids []uuid.UUID, asOf int64) (out []*Figure, err error) {
	err = chunked(ids, func(ids []uuid.UUID) error {
		var rows []figureRow
		q := standing(db.NewSelect().Model(&rows).Where("f.id IN (?)", bun.List(store.Words(ids))), "f", asOf)
		if err := q.Scan(ctx); err != nil {
			return wrap("read figures", err)
		}
		list, err := figures(rows)
		out = append(out, list...)
		return err
	})
	return out, err
}

// Revisions are all revisions of a figure, the newest first, page by page. Errors: store.ErrCursor, ErrDamaged.
func (s *Store) Revisions(ctx context.Context, db bun.IDB, id uuid.UUID, page store.Page) ([]*Figure, string, error) {
	var rows []figureRow
	order := store.Keyset{Columns: []string{"f.revision"}, Descending: true}
	list, next, err := store.List(ctx, order, db.NewSelect().Model(&rows).Where("f.id = ?", id), &rows, page, func(r *figureRow) []any { return []any{r.Revision} }, func(r *figureRow) figureRow { return *r })
	if err != nil {
		return nil, "", fmt.Errorf("list revisions: %w", err)
	}
	out, err := figures(list)
	return out, next, err
}

// Board says which figures of a keeper are asked for. What is empty does not narrow.
type Board struct {
	Keeper    uuid.UUID
	Indicator string
	Filter    string
	Kind      string
	Period    string
	Since     string // label from which periods are told; labels of one kind are in the order of time
	Latest    bool   // of each indicator, population and kind of period only the last period
	AsOf      int64
}

// List is the figures of a board, page by page, in the order of their ids. Errors: store.ErrCursor, ErrDamaged.
func (s *Store) List(ctx context.Context, db bun.IDB, b Board, page store.Page) ([]*Figure, string, error) {
	var rows []figureRow
	q := standing(db.NewSelect().Model(&rows).Where("f.keeper = ? AND f.code = ''", b.Keeper), "f", b.AsOf)
	for _, x := range []struct{ column, value string }{{"indicator", b.Indicator}, {"filter", b.Filter}, {"kind", b.Kind}, {"label", b.Period}} {
		if x.value != "" {
			q = q.Where("f."+x.column+" = ?", x.value)
		}
	}
	if b.Since != "" {
		q = q.Where("f.label >= ?", b.Since)
	}
	if b.Latest {
		later := db.NewSelect().TableExpr("figure AS n").ColumnExpr("1").Where("n.keeper = f.keeper AND n.indicator = f.indicator AND n.filter = f.filter AND n.kind = f.kind AND n.baseline = f.baseline AND n.code = f.code AND n.label > f.label")
		q = q.Where("NOT EXISTS (?)", standing(later, "n", b.AsOf))
	}
	list, next, err := store.List(ctx, store.Keyset{Columns: []string{"f.id"}}, q, &rows, page, func(r *figureRow) []any { return []any{r.ID.String()} }, func(r *figureRow) figureRow { return *r })
	if err != nil {
		return nil, "", fmt.Errorf("list figures: %w", err)
	}
	out, err := figures(list)
	return out, next, err
}

// putFigures writes the revisions that differ from those that stand. They get their numbers and the commit. over is what stood, where it was
// read before; whatever stands by now is what counts.
func (s *Store) putFigures(ctx context.Context, tx bun.Tx, list []*Figure, over map[Key]*Figure, at int64) (written []*Figure, hashes []Hash, err error) {
	err = chunked(list, func(list []*Figure) error {
		before, err := s.standing(ctx, tx, list, over)
		if err != nil {
			return err
		}
		var replaced []string
		from := len(written)
		for _, f := range list {
			old := before[f.Key]
			if old != nil && f.Same(old) {
				continue
			}
			g := *f
			g.Revision, g.Commit = 1, at
			if g.Watermark == 0 {
				g.Watermark = at
			}
			if old != nil {
				g.Revision = old.Revision + 1
				replaced = append(replaced, g.Key.ID().String())
			}
			written, hashes = append(written, &g), append(hashes, g.Hash())
		}
		if len(replaced) > 0 {
			_, err := tx.NewUpdate().Model((*figureRow)(nil)).Set("superseded = ?", at).Where("f.id IN (?) AND f.superseded = ?", bun.List(replaced), store.Forever).Exec(ctx)
			if err != nil {
				return wrap("supersede figures", err)
			}
		}
		for i, f := range written[from:] {
			if err := s.insert(ctx, tx, "figure", cellsOf(f, hashes[from+i])); err != nil {
				return wrap("write figures", err)
			}
		}
		return nil
	})
	return written, hashes, err
}

// standing is what stands of figures, by key.
func (s *Store) standing(ctx context.Context, tx bun.Tx, list []*Figure, over map[Key]*Figure) (map[Key]*Figure, error) {
	out := make(map[Key]*Figure, len(list))
	var unread []uuid.UUID
	var rows []figureRow
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = f.Key.ID().String()
	}
	q := tx.NewSelect().Model(&rows).Column("f.id", "f.revision", "f.hash").Where("f.id IN (?)", bun.List(ids))
	if err := standing(q, "f", Now).Scan(ctx); err != nil {
		return nil, wrap("look up figures", err)
	}
	stands := make(map[uuid.UUID]*figureRow, len(rows))
	for i := range rows {
		stands[rows[i].ID] = &rows[i]
	}
	for _, f := range list {
		id := f.Key.ID()
		r := stands[id]
		switch old := over[f.Key]; {
		case r == nil:
		case old != nil && old.Revision == r.Revision && old.Hash().String() == r.Hash:
			out[f.Key] = old
		default:
			unread = append(unread, id)
		}
	}
	read, err := s.Figures(ctx, tx, unread, Now)
	for _, f := range read {
		out[f.Key] = f
	}
	return out, err
}
