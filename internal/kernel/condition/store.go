package condition

import (
	"context"
	"embed"
	"io/fs"
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

// save brings SQL to the given state; nil means that the condition does not stand.
func save(ctx context.Context, db *store.DB, state map[key]*Condition) error {
	return db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for k, c := range state {
			if _, err := tx.NewDelete().Model((*row)(nil)).Where("kind = ? AND subject = ?", k.kind, k.subject).Exec(ctx); err != nil {
				return err
			}
			if c == nil {
				continue
			}
			r := row{
				ID: c.ID, Org: c.Org, Kind: c.Kind, Subject: c.Subject, Severity: c.Severity, Text: c.Text, Attr: c.Attr,
				Raised: c.Raised.UnixNano(), Last: c.Last.UnixNano(), Count: c.Count,
			}
			if r.Attr == nil {
				r.Attr = map[string]string{}
			}
			if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
