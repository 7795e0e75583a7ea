package register

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// GrantKind is what grants call the entries of registers; the subject of a grant is a register.
const GrantKind = "register"

// granted leaves out of an entry what the grants do not name. Who entered it and why stays with its keeper.
func (s *Service) granted(shares auth.Shares, e Entry) Entry {
	fields, all, ok := shares.Fields(e.Org, e.Register)
	r := s.get(e.Register)
	if !ok || r == nil {
		return Entry{ID: e.ID, Org: e.Org, Register: e.Register, Record: field.Record{}}
	}
	e.Record = r.Fields.Granted(e.Record, r.Class, fields, all)
	if _, there := e.Record[r.Key]; !there {
		e.Key = ""
	}
	if _, there := e.Record[r.Subject]; !there {
		e.Subject = uuid.Nil
	}
	e.By, e.Reason = audit.Actor{Kind: e.By.Kind}, ""
	return e
}

// open leaves restricted entries out: a grant is of a register, not of what its keeper has closed.
func open(shares auth.Shares, q *bun.SelectQuery) *bun.SelectQuery {
	return shares.Where(q.Where("e.class <> ?", string(field.Restricted)), "e.org", "e.register")
}

// listGranted is List of an organisation that the caller does not see, as far as it has granted it.
func (s *Service) listGranted(ctx context.Context, register string, f Filter, page store.Page) ([]Entry, string, error) {
	shares, err := auth.Granted(ctx, GrantKind, f.Org)
	if err != nil {
		return nil, "", err
	}
	r, err := s.Register(register)
	if err != nil {
		return nil, "", err
	}
	fields, all, ok := shares.Fields(f.Org, register)
	if !ok {
		return nil, "", auth.ErrNotFound.With("thing", "org")
	}
	may := func(key string) bool {
		head, _, _ := strings.Cut(key, ".")
		return all || slices.Contains(fields, head)
	}
	hidden := func(place, value string) error { // what is hidden must not be guessed by asking for it
		return ErrSearch.At(place, value).With("fields", strings.Join(fields, ", "))
	}
	for _, w := range f.Where {
		if key, _, _ := strings.Cut(w, "="); !may(key) {
			return nil, "", hidden("query.where", w)
		}
	}
	if f.Key != "" && !may(r.Key) {
		return nil, "", hidden("query.key", f.Key)
	}
	if f.Words != "" && (!may(r.Key) || slices.ContainsFunc(r.Title, func(key string) bool { return !may(key) })) {
		return nil, "", hidden("query.q", f.Words)
	}
	var rows []entryRow
	q, err := r.filter(open(shares, s.o.DB.NewSelect().Model(&rows).Where("e.org = ?", f.Org)), f, field.Internal)
	if err != nil {
		return nil, "", err
	}
	list, next, err := s.list(ctx, q, &rows, page, func(e Entry) Entry { return s.granted(shares, e) })
	if err == nil {
		err = shares.Looked(ctx, f.Org, register, len(list))
	}
	if err != nil {
		return nil, "", err
	}
	return list, next, nil
}

// getGranted is Get of an entry that grants let the caller read. Error: store.ErrNotFound.
func (s *Service) getGranted(ctx context.Context, id uuid.UUID) (Entry, error) {
	var owner uuid.UUID // looked up for the question of grants alone: nothing is answered from it
	q := auth.Everywhere().Where(s.o.DB.NewSelect().Model((*entryRow)(nil)).Column("e.org").Where("e.id = ?", id), "e.org")
	if err := q.Scan(ctx, &owner); err != nil {
		return Entry{}, wrap("entry "+id.String(), err)
	}
	shares, err := auth.Granted(ctx, GrantKind, owner)
	if errors.Is(err, auth.ErrNotFound) {
		err = fmt.Errorf("entry %s: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return Entry{}, err
	}
	var row entryRow
	if err := open(shares, s.o.DB.NewSelect().Model(&row).Where("e.id = ?", id)).Scan(ctx); err != nil {
		return Entry{}, wrap("entry "+id.String(), err)
	}
	e, err := s.entry(&row)
	if err == nil {
		err = shares.Looked(ctx, e.Org, e.Register, 1)
	}
	if err != nil {
		return Entry{}, err
	}
	return s.granted(shares, e), nil
}
