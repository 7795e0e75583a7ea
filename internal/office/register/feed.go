package register

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Stamp says at which revision an entry is, and since when.
type Stamp struct {
	ID       uuid.UUID
	Revision int64
	At       int64
}

// Changed is for rooms that follow the entries under a scope of the node: what was changed after (at, id), in that order. An entry
// gets its time before it is committed: whoever follows looks back from time to time.
func (s *Service) Changed(ctx context.Context, scope auth.Scope, at int64, id uuid.UUID, limit int) ([]Stamp, error) {
	return s.stamps(ctx, scope, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("(e.at, e.id) > (?, ?)", at, id.String()).OrderExpr("e.at, e.id").Limit(int64(limit))
	})
}

// Stamps tells at which revisions entries are; what is not there is left out.
func (s *Service) Stamps(ctx context.Context, scope auth.Scope, ids []uuid.UUID) (out []Stamp, err error) {
	for len(ids) > 0 {
		n := min(len(ids), 500)
		list, err := s.stamps(ctx, scope, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("e.id IN (?)", bun.List(store.Words(ids[:n])))
		})
		if err != nil {
			return nil, err
		}
		out, ids = append(out, list...), ids[n:]
	}
	return out, nil
}

func (s *Service) stamps(ctx context.Context, scope auth.Scope, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]Stamp, error) {
	var out []Stamp
	q := scope.Where(s.o.DB.NewSelect().Model((*entryRow)(nil)).Column("e.id", "e.revision", "e.at"), "e.org")
	if err := narrow(q).Scan(ctx, &out); err != nil {
		return nil, wrap("look what has changed", err)
	}
	return out, nil
}

// ReadFor reads entries under a scope, with all fields; what is not there is left out.
func (s *Service) ReadFor(ctx context.Context, scope auth.Scope, ids []uuid.UUID) (out []Entry, err error) {
	for len(ids) > 0 {
		n := min(len(ids), 500)
		var rows []entryRow
		q := scope.Where(s.o.DB.NewSelect().Model(&rows).Where("e.id IN (?)", bun.List(store.Words(ids[:n]))), "e.org")
		if err := q.Scan(ctx); err != nil {
			return nil, wrap("read entries", err)
		}
		list, err := s.entries(rows)
		if err != nil {
			return nil, err
		}
		out, ids = append(out, list...), ids[n:]
	}
	return out, nil
}

// ClassOf is who sees a field of the register.
func (r *Register) ClassOf(f *field.Field) field.Class { return r.classOf(f) }

// IsPublic tells whether anybody sees entries in a state.
func (r *Register) IsPublic(state string) bool {
	if r.Public == nil {
		return false
	}
	for _, s := range r.Public.States {
		if s == state {
			return true
		}
	}
	return false
}

// OfSubject lists entries of a register that are about an organisation, under a scope of the node, in the order in which they were
// entered.
func (s *Service) OfSubject(ctx context.Context, scope auth.Scope, register string, subject uuid.UUID, page store.Page) ([]Entry, string, error) {
	r, err := s.Register(register)
	if err != nil {
		return nil, "", err
	}
	var rows []entryRow
	q := scope.Where(s.o.DB.NewSelect().Model(&rows).Where("e.register = ? AND e.subject = ?", r.ID, subject.String()), "e.org")
	return s.list(ctx, q, &rows, page, func(e Entry) Entry { return e })
}
