package fact

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Stamp says at which revision a fact is.
type Stamp struct {
	ID       uuid.UUID // of the fact
	Revision int64
	Commit   int64
}

// ChangedAfter is for rooms that follow the facts under a scope of the node: newest revisions with greater commit numbers, in order of
// them. None that is smaller comes later.
func (s *Service) ChangedAfter(ctx context.Context, scope auth.Scope, commit int64, limit int) ([]Stamp, error) {
	return s.stamps(ctx, scope, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("r.commit_number > ?", commit).OrderExpr("r.commit_number").Limit(int64(limit))
	})
}

// Stamps tells at which revisions facts are; what is not there is left out.
func (s *Service) Stamps(ctx context.Context, scope auth.Scope, ids []uuid.UUID) ([]Stamp, error) {
	return s.stamps(ctx, scope, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("r.fact IN (?)", bun.List(store.Words(ids))) })
}

func (s *Service) stamps(ctx context.Context, scope auth.Scope, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]Stamp, error) {
	var rows []revisionRow
	q := scope.Where(s.o.DB.NewSelect().Model(&rows).Column("r.fact", "r.revision", "r.commit_number").Where("r.superseded = ?", int64(newest)), "r.org")
	if err := narrow(q).Scan(ctx); err != nil {
		return nil, wrap("look what has changed", err)
	}
	return store.All(rows, func(r *revisionRow) Stamp { return Stamp{r.Fact, r.Revision, r.CommitNumber} }), nil
}

// ReadFor reads facts as they are said now under a scope, at most 1,000, with all fields, withdrawn ones too; what is not there is left
// out.
func (s *Service) ReadFor(ctx context.Context, scope auth.Scope, ids []uuid.UUID) ([]Fact, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []revisionRow
	q := scope.Where(s.o.DB.NewSelect().Model(&rows).Where("r.fact IN (?)", bun.List(store.Words(ids))).Where("r.superseded = ?", int64(newest)), "r.org")
	if err := q.Scan(ctx); err != nil {
		return nil, wrap("read facts", err)
	}
	out := make([]Fact, len(rows))
	for i := range rows {
		var err error
		if out[i], err = s.fact(&rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Kind finds a kind, nil where there is none.
func (s *Service) Kind(id string) *Kind { return s.kinds.Get(id) }

// ClassOf is who sees a field of facts of the kind: internal ones whoever reads, restricted ones whoever may change.
func (k *Kind) ClassOf(f *field.Field) field.Class { return k.Class.Narrower(f.Class) }
