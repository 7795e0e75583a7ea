package flow

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Stamp says at which revision a case is, and since when.
type Stamp struct {
	ID       uuid.UUID
	Revision int64
	At       int64
}

// Changed is for rooms that follow the cases under a scope of the node: those with a step after (at, id), in that order. A step gets
// its time before it is committed: whoever follows looks back from time to time.
func (s *Service) Changed(ctx context.Context, scope auth.Scope, at int64, id uuid.UUID, limit int) ([]Stamp, error) {
	return s.stamps(ctx, scope, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("(c.at, c.id) > (?, ?)", at, id.String()).OrderExpr("c.at, c.id").Limit(int64(limit))
	})
}

// Stamps tells at which revisions cases are; what is not there is left out.
func (s *Service) Stamps(ctx context.Context, scope auth.Scope, ids []uuid.UUID) ([]Stamp, error) {
	return s.stamps(ctx, scope, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("c.id IN (?)", bun.List(store.Words(ids))) })
}

func (s *Service) stamps(ctx context.Context, scope auth.Scope, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]Stamp, error) {
	var out []Stamp
	q := scope.Where(s.o.DB.NewSelect().Model((*caseRow)(nil)).Column("c.id", "c.revision", "c.at"), "c.org")
	if err := narrow(q).Scan(ctx, &out); err != nil {
		return nil, wrap("look what has changed", err)
	}
	return out, nil
}

// Followed is a case with the version of its flow.
type Followed struct {
	Case Case
	Flow *Flow
}

// ReadFor reads cases under a scope, at most 1,000, with all fields; what is not there is left out.
func (s *Service) ReadFor(ctx context.Context, scope auth.Scope, ids []uuid.UUID) ([]Followed, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []caseRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&rows).Where("c.id IN (?)", bun.List(store.Words(ids))), "c.org").Scan(ctx); err != nil {
		return nil, wrap("read cases", err)
	}
	out := make([]Followed, len(rows))
	for i := range rows {
		f, err := s.version(ctx, s.o.DB, rows[i].Flow, rows[i].Version)
		if err != nil {
			return nil, err
		}
		c, err := f.caseOf(&rows[i])
		if err != nil {
			return nil, err
		}
		out[i] = Followed{c, f}
	}
	return out, nil
}

// ClassOf is who sees a field: public ones anybody while the case is in a public state, internal ones whoever reads the case, restricted
// ones the owner's people who may act.
func (f *Flow) ClassOf(key string) field.Class { return f.classOf(key) }

// State finds a state, nil where there is none.
func (f *Flow) State(id string) *State { return f.state(id) }

// Outside tells whether a role is that of somebody from outside, such as who objects.
func (f *Flow) Outside(role string) bool {
	r := f.role(role)
	return r == nil || r.Of == Anyone
}

// FlowOf is the flow of a case, at the version by which the case lives.
func (s *Service) FlowOf(ctx context.Context, c *Case) (*Flow, error) {
	return s.version(ctx, s.o.DB, c.Flow, c.Version)
}
