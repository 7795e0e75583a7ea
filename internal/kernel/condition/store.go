package condition

import (
	"context"
	"embed"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

func migrate(ctx context.Context, db *store.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return store.Migrate(ctx, db, "condition", files)
}

type row struct {
	bun.BaseModel `bun:"table:condition_current"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Kind     string
	Subject  string
	Severity Severity
	Text     text.Text
	Attr     map[string]string
	Raised   int64
	Last     int64
	Count    int64
}

func load(ctx context.Context, db *store.DB) ([]Condition, error) {
	var rows []row
	if err := db.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, store.Err(err)
	}
	out := make([]Condition, len(rows))
	for i, r := range rows {
		out[i] = Condition{
			ID: r.ID, Org: r.Org, Kind: r.Kind, Subject: r.Subject, Severity: r.Severity, Text: r.Text, Attr: r.Attr,
			Raised: time.Unix(0, r.Raised).UTC(), Last: time.Unix(0, r.Last).UTC(), Count: r.Count,
		}
	}
	return out, nil
}

// save brings SQL to the given state; nil means that the condition does not stand. It writes in portions, so that a
// flood gets through piece by piece.
func save(ctx context.Context, db *store.DB, state map[key]*Condition) error {
	for part := range slices.Chunk(slices.Collect(maps.Keys(state)), 500) {
		err := db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			var rows []row
			for _, k := range part {
				if c := state[k]; c != nil {
					rows = append(rows, rowOf(c))
					continue
				}
				_, err := tx.NewDelete().Model((*row)(nil)).Where("kind = ? AND subject = ?", k.kind, k.subject).Exec(ctx)
				if err != nil {
					return err
				}
			}
			if len(rows) == 0 {
				return nil
			}
			q := tx.NewInsert().Model(&rows).On("CONFLICT (kind, subject) DO UPDATE")
			for _, column := range []string{"id", "org", "severity", "text", "attr", "raised", "last", "count"} {
				q = q.Set("? = EXCLUDED.?", bun.Ident(column), bun.Ident(column))
			}
			_, err := q.Exec(ctx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func rowOf(c *Condition) row {
	r := row{
		ID: c.ID, Org: c.Org, Kind: c.Kind, Subject: c.Subject, Severity: c.Severity, Text: c.Text, Attr: c.Attr,
		Raised: c.Raised.UnixNano(), Last: c.Last.UnixNano(), Count: c.Count,
	}
	if r.Attr == nil {
		r.Attr = map[string]string{}
	}
	return r
}
