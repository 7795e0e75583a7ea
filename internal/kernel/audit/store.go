package audit

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate makes the table.
func Migrate(ctx context.Context, db *store.DB) error {
	return store.MigrateRoom(ctx, db, "audit", migrations)
}

type row struct {
	bun.BaseModel `bun:"table:audit_entry,alias:a"`

	ID         uuid.UUID `bun:"id,pk"`
	Time       int64
	Org        uuid.UUID
	ActorKind  string
	Actor      string
	ActorName  string
	Via        string
	Verb       string
	ObjectKind string
	Object     string
	ObjectName string
	Before     string
	After      string
	Reason     string
	Remote     string
	Trace      string
}

// Record writes an entry in the caller's transaction. Time is the caller's clock; ID is minted when zero.
func Record(ctx context.Context, tx bun.Tx, e Entry) error {
	if err := e.check(); err != nil {
		return fmt.Errorf("audit entry %q: %w", e.Verb, err)
	}
	if e.ID == uuid.Nil {
		e.ID = uuid.Must(uuid.NewV7())
	}
	r := row{
		ID: e.ID, Time: e.Time.UnixNano(), Org: e.Org, ActorKind: e.Actor.Kind, Actor: e.Actor.ID, ActorName: e.Actor.Name,
		Via: e.Via, Verb: e.Verb, ObjectKind: e.Object.Kind, Object: e.Object.ID, ObjectName: e.Object.Name,
		Before: string(e.Before), After: string(e.After), Reason: e.Reason, Remote: e.Remote, Trace: e.Trace,
	}
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return fmt.Errorf("write the audit entry %s: %w", e.Verb, store.Err(err))
	}
	return nil
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Org    uuid.UUID
	Actor  string // id
	Object string // id
	Verb   string // exact
	From   time.Time
	To     time.Time // exclusive
}

var order = store.Keyset{Columns: []string{"a.time", "a.id"}, Descending: true}

// List returns entries of the scope's organisations, the latest first. Error: store.ErrCursor.
func List(ctx context.Context, db bun.IDB, scope store.Scope, f Filter, page store.Page) (items []Entry, next string, err error) {
	var rows []row
	q := scope.Where(db.NewSelect().Model(&rows), "a.org")
	if f.Org != uuid.Nil {
		q = q.Where("a.org = ?", f.Org)
	}
	if f.Actor != "" {
		q = q.Where("a.actor = ?", f.Actor)
	}
	if f.Object != "" {
		q = q.Where("a.object = ?", f.Object)
	}
	if f.Verb != "" {
		q = q.Where("a.verb = ?", f.Verb)
	}
	if !f.From.IsZero() {
		q = q.Where("a.time >= ?", f.From.UnixNano())
	}
	if !f.To.IsZero() {
		q = q.Where("a.time < ?", f.To.UnixNano())
	}
	items, next, err = store.List(ctx, order, q, &rows, page, func(r *row) []any { return []any{r.Time, r.ID.String()} }, (*row).entry)
	if err != nil {
		return nil, "", fmt.Errorf("list audit entries: %w", err)
	}
	return items, next, nil
}

func (r *row) entry() Entry {
	return Entry{
		ID: r.ID, Time: time.Unix(0, r.Time).UTC(), Org: r.Org,
		Actor: Actor{Kind: r.ActorKind, ID: r.Actor, Name: r.ActorName}, Via: r.Via, Verb: r.Verb,
		Object: Object{Kind: r.ObjectKind, ID: r.Object, Name: r.ObjectName},
		Before: raw(r.Before), After: raw(r.After), Reason: r.Reason, Remote: r.Remote, Trace: r.Trace,
	}
}

func raw(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}
