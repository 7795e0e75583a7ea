package register

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// PublicRegisters are those that have something public.
func (s *Service) PublicRegisters() (out []*Register) {
	for _, r := range s.Registers() {
		if r.Public != nil {
			out = append(out, r)
		}
	}
	return out
}

func (s *Service) public(register string) (*Register, error) {
	r, err := s.Register(register)
	if err == nil && r.Public == nil {
		return nil, ErrRegister.At("path.register", register).With("registers", "")
	}
	return r, err
}

// published limits a query to what anybody may see: public entries in public states that hold today. This, and no scope, is the limit
// of the queries of this file.
func (s *Service) published(r *Register, q *bun.SelectQuery) *bun.SelectQuery {
	now := s.o.Now().UnixNano()
	return q.Where("e.class = ?", string(field.Public)).Where("e.state IN (?)", bun.List(r.Public.States)).Where("e.since <= ? AND e.until > ?", now, now)
}

// ListPublic returns the public part of a register, to anybody.
func (s *Service) ListPublic(ctx context.Context, register string, f Filter, page store.Page) ([]Entry, string, error) {
	r, err := s.public(register)
	if err != nil {
		return nil, "", err
	}
	var rows []entryRow
	q := s.published(r, s.o.DB.NewSelect().Model(&rows))
	if f.Org != uuid.Nil {
		q = q.Where("e.org = ?", f.Org)
	}
	// What is looked up by words is told: key and title count only where they are public.
	if f.Words != "" && !r.titlePublic() {
		return nil, "", ErrSearch.At("query.q", f.Words).With("fields", "")
	}
	f.On = today(s.o.Now())
	if q, err = r.filter(q, f, field.Public); err != nil {
		return nil, "", err
	}
	return s.list(ctx, q, &rows, page, func(e Entry) Entry { return s.shown(e, field.Public) })
}

// titlePublic tells whether key and title are.
func (r *Register) titlePublic() bool {
	for _, key := range append([]string{r.Key}, r.Title...) {
		if r.classOf(r.Fields.Field(key)) != field.Public {
			return false
		}
	}
	return true
}

// GetPublic returns the public part of an entry, to anybody. Error: store.ErrNotFound.
func (s *Service) GetPublic(ctx context.Context, register string, id uuid.UUID) (Entry, error) {
	r, err := s.public(register)
	if err != nil {
		return Entry{}, err
	}
	var row entryRow
	if err := s.published(r, s.o.DB.NewSelect().Model(&row).Where("e.id = ? AND e.register = ?", id, r.ID)).Scan(ctx); err != nil {
		return Entry{}, fmt.Errorf("entry %s: %w", id, store.Err(err))
	}
	e, err := s.entry(&row)
	return s.shown(e, field.Public), err
}
