package job

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

func migrate(ctx context.Context, db *store.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return store.Migrate(ctx, db, "job", files)
}

type row struct {
	bun.BaseModel `bun:"table:job,alias:j"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Node     string
	Kind     string
	Actor    string
	Input    string
	State    string
	Status   Status
	Done     int64
	Total    int64
	Output   string
	Error    string
	Attempts int64
	Cancel   bool
	Created  int64
	Started  int64
	Finished int64
}

func (v *row) job() Job {
	j := Job{
		ID: v.ID, Org: v.Org, Kind: v.Kind, Actor: v.Actor, Status: v.Status, Done: v.Done, Total: v.Total,
		Error: v.Error, Attempts: int(v.Attempts), Created: time.Unix(0, v.Created).UTC(),
		Started: moment(v.Started), Finished: moment(v.Finished),
	}
	if v.Input != "" {
		j.Input = json.RawMessage(v.Input)
	}
	if v.Output != "" {
		j.Output = json.RawMessage(v.Output)
	}
	return j
}

func moment(ns int64) *time.Time {
	if ns == 0 {
		return nil
	}
	t := time.Unix(0, ns).UTC()
	return &t
}

// recover puts back what ran when an earlier process of this node ended. A job that has ended with the process too
// often is the likely reason for it, and fails.
func (r *Runner) recover(ctx context.Context) error {
	return r.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := r.o.Now().UnixNano()
		_, err := tx.NewUpdate().Model((*row)(nil)).Set("status = ?", Failed).Set("finished = ?", now).
			Set("error = ?", fmt.Sprintf("was interrupted %d times", r.o.Attempts)).
			Where("node = ? AND status = ? AND attempts >= ?", r.o.Node, Running, r.o.Attempts).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*row)(nil)).Set("status = ?", Cancelled).Set("finished = ?", now).
			Where("node = ? AND status = ? AND cancel", r.o.Node, Running).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*row)(nil)).Set("status = ?", Queued).
			Where("node = ? AND status = ?", r.o.Node, Running).Exec(ctx)
		return err
	})
}

// take begins the oldest waiting job. Error: store.ErrNotFound when none waits.
func (r *Runner) take(ctx context.Context) (*row, error) {
	var v row
	// Looking does not need the right to write, which an idle node leaves alone.
	waits, err := r.o.DB.NewSelect().Model((*row)(nil)).Where("node = ? AND status = ?", r.o.Node, Queued).Exists(ctx)
	if err != nil {
		return nil, store.Err(err)
	}
	if !waits {
		return nil, store.ErrNotFound
	}
	err = r.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		v = row{}
		err := tx.NewSelect().Model(&v).Where("node = ? AND status = ?", r.o.Node, Queued).
			OrderExpr("created, id").Limit(1).Scan(ctx)
		if err != nil {
			return err
		}
		v.Status, v.Started = Running, r.o.Now().UnixNano()
		v.Attempts++
		_, err = tx.NewUpdate().Model(&v).Column("status", "started", "attempts").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// finish notes what became of a job whose handler has returned.
func (r *Runner) finish(ctx context.Context, id uuid.UUID, cause error, output any, failure error) error {
	status, text := Done, ""
	var raw []byte
	if failure == nil {
		var err error
		if output != nil {
			if raw, err = json.Marshal(output); err != nil {
				failure = fmt.Errorf("encode the output: %w", err)
			}
		}
	}
	return r.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model((*row)(nil)).Where("id = ?", id)
		switch {
		case failure == nil:
			q = q.Set("output = ?", string(raw))
		case errors.Is(cause, ErrCancelled):
			status = Cancelled
		case errors.Is(cause, ErrStopping):
			// An orderly end is no sign of a job that brings the process down.
			_, err := q.Set("status = ?", Queued).Set("attempts = attempts - 1").Exec(ctx)
			return err
		default:
			status, text = Failed, failure.Error()
		}
		_, err := q.Set("status = ?", status).Set("error = ?", text).Set("finished = ?", r.o.Now().UnixNano()).Exec(ctx)
		return err
	})
}

// Get returns a job. Error: store.ErrNotFound.
func (r *Runner) Get(ctx context.Context, scope store.Scope, id uuid.UUID) (Job, error) {
	var v row
	if err := scope.Where(r.o.DB.NewSelect().Model(&v).Where("j.id = ?", id), "j.org").Scan(ctx); err != nil {
		return Job{}, fmt.Errorf("job %s: %w", id, store.Err(err))
	}
	return v.job(), nil
}

var order = store.Keyset{Columns: []string{"j.created", "j.id"}, Descending: true}

// List returns the scope's jobs, the latest first. Error: store.ErrCursor.
func (r *Runner) List(ctx context.Context, scope store.Scope, page store.Page) (items []Job, next string, err error) {
	return r.list(ctx, scope, "", page)
}

// ListKind returns the scope's jobs of one kind, the latest first. Error: store.ErrCursor.
func (r *Runner) ListKind(ctx context.Context, scope store.Scope, kind string, page store.Page) (items []Job, next string, err error) {
	return r.list(ctx, scope, kind, page)
}

func (r *Runner) list(ctx context.Context, scope store.Scope, kind string, page store.Page) (items []Job, next string, err error) {
	var rows []row
	q, err := order.Apply(scope.Where(r.o.DB.NewSelect().Model(&rows), "j.org"), page)
	if err != nil {
		return nil, "", err
	}
	if kind != "" {
		q = q.Where("j.kind = ?", kind)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list jobs: %w", store.Err(err))
	}
	rows, next = store.Cut(order, rows, page, func(v *row) []any { return []any{v.Created, v.ID.String()} })
	items = make([]Job, len(rows))
	for i := range rows {
		items[i] = rows[i].job()
	}
	return items, next, nil
}
