package trace

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// NamedQuery is a query that is kept under a name. It is never changed; who runs it sees what they may see.
type NamedQuery struct {
	ID      uuid.UUID
	Org     uuid.UUID
	Name    string
	Params  Params
	Created time.Time
}

type queryRow struct {
	bun.BaseModel `bun:"table:trace_queries,alias:q"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Name    string
	Query   string
	Created int64
}

func (r *queryRow) named() (NamedQuery, error) {
	q := NamedQuery{ID: r.ID, Org: r.Org, Name: r.Name, Created: time.Unix(0, r.Created).UTC()}
	return q, json.Unmarshal([]byte(r.Query), &q.Params)
}

var queryName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// maxNamed bounds the queries, and the subscriptions, of an organisation.
const maxNamed = 200

// KeepQuery keeps a query. Errors: ErrQueryName, ErrQueryTaken, ErrMost, those of ParseQuery and auth.Allow.
func (s *Service) KeepQuery(ctx context.Context, org uuid.UUID, name string, p Params) (NamedQuery, error) {
	scope, err := auth.Allow(ctx, auth.Operate, org)
	if err != nil {
		return NamedQuery{}, err
	}
	if !queryName.MatchString(name) || name == "SimpleEventQuery" {
		return NamedQuery{}, ErrQueryName.At("body.name", name).With("min", 1).With("max", 80)
	}
	if _, err := ParseQuery(p, nil); err != nil {
		return NamedQuery{}, err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return NamedQuery{}, err
	}
	row := &queryRow{ID: uuid.Must(uuid.NewV7()), Org: org, Name: name, Query: string(text), Created: s.o.Now().UnixNano()}
	err = s.l.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*queryRow)(nil)).Where("q.org = ?", org).Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxNamed {
			return ErrMost.With("max", maxNamed)
		}
		taken, err := tx.NewSelect().Model((*queryRow)(nil)).Where("q.org = ? AND q.name = ?", org, name).Exists(ctx)
		if err != nil {
			return err
		}
		if taken {
			return ErrQueryTaken.At("body.name", name)
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		return s.noteQuery(ctx, tx, scope, "trace.query.keep", row, p)
	})
	if err != nil {
		return NamedQuery{}, wrap("keep a query", err)
	}
	return row.named()
}

func (s *Service) noteQuery(ctx context.Context, tx bun.Tx, scope auth.Scope, verb string, r *queryRow, after any) error {
	o, p := auth.OriginFrom(ctx), scope.Principal()
	return audit.Record(ctx, tx, audit.Entry{Time: s.o.Now().UTC(), Org: r.Org, Actor: auth.ActorOf(p), Via: p.Via, Verb: verb,
		Object: audit.Object{Kind: "trace.query", ID: r.ID.String(), Name: r.Name}, After: audit.State(after), Remote: o.Remote, Trace: o.Trace})
}

// Query finds a query that the caller may read. Error: store.ErrNotFound.
func (s *Service) Query(ctx context.Context, name string) (NamedQuery, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return NamedQuery{}, err
	}
	var r queryRow
	err = scope.Where(s.l.db.NewSelect().Model(&r).Where("q.name = ?", name), "q.org").OrderExpr("q.created").Limit(1).Scan(ctx)
	if err != nil {
		return NamedQuery{}, wrap("query "+name, err)
	}
	return r.named()
}

// Queries lists the queries of the caller's organisations.
func (s *Service) Queries(ctx context.Context) ([]NamedQuery, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, err
	}
	var rows []queryRow
	if err := scope.Where(s.l.db.NewSelect().Model(&rows), "q.org").OrderExpr("q.created, q.id").Limit(maxNamed * 10).Scan(ctx); err != nil {
		return nil, wrap("list queries", err)
	}
	out := make([]NamedQuery, len(rows))
	for i := range rows {
		if out[i], err = rows[i].named(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// DropQuery takes a query away that nobody subscribes to. Errors: ErrQueryInUse, store.ErrNotFound, those of auth.Allow.
func (s *Service) DropQuery(ctx context.Context, name string) error {
	q, err := s.Query(ctx, name)
	if err != nil {
		return err
	}
	scope, err := auth.Allow(ctx, auth.Operate, q.Org)
	if err != nil {
		return err
	}
	err = s.l.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		used, err := tx.NewSelect().Model((*subscriptionRow)(nil)).Where("s.query = ?", q.ID).Exists(ctx)
		if err != nil {
			return err
		}
		if used {
			return ErrQueryInUse.At("path.queryName", name)
		}
		res, err := tx.NewDelete().Model((*queryRow)(nil)).Where("id = ?", q.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return fmt.Errorf("query %s: %w", name, store.ErrNotFound)
		}
		return s.noteQuery(ctx, tx, scope, "trace.query.drop", &queryRow{ID: q.ID, Org: q.Org, Name: q.Name}, nil)
	})
	return wrap("drop a query", err)
}
