package fact

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// GrantKind is what grants call facts; the subject of a grant is a kind of fact.
const GrantKind = "fact"

// GrantDocuments is the field by which a grant names the documents of facts. They may hold anything, so that they come only where
// they are named.
const GrantDocuments = "documents"

// unseen tells whether an error says that the caller does not see an organisation or a thing.
func unseen(err error) bool {
	return errors.Is(err, auth.ErrNotFound) || errors.Is(err, store.ErrNotFound)
}

// granted leaves out of a fact what the grants do not name. Who recorded it and why stays with its owner.
func (s *Service) granted(shares auth.Shares, f Fact) Fact {
	fields, all, ok := shares.Fields(f.Org, f.Kind)
	k := s.kinds.Get(f.Kind)
	if !ok || k == nil {
		return Fact{ID: f.ID, Org: f.Org, Kind: f.Kind, Record: field.Record{}}
	}
	f.Record = k.Fields.Granted(f.Record, k.Class, fields, all)
	if !slices.Contains(fields, GrantDocuments) {
		f.Documents = nil
	}
	if !all {
		f.Source, f.External = "", ""
	}
	f.Evidence, f.By, f.Reason = Evidence{}, audit.Actor{Kind: f.By.Kind}, ""
	return f
}

// looked counts what was read, by kind of fact.
func looked(ctx context.Context, shares auth.Shares, list []Fact) error {
	type of struct {
		org  uuid.UUID
		kind string
	}
	counts := map[of]int{}
	var order []of
	for _, f := range list {
		x := of{f.Org, f.Kind}
		if counts[x]++; counts[x] == 1 {
			order = append(order, x)
		}
	}
	for _, x := range order {
		if err := shares.Looked(ctx, x.org, x.kind, counts[x]); err != nil {
			return err
		}
	}
	return nil
}

// listGranted is List of an organisation that the caller does not see, as far as it has granted it.
func (s *Service) listGranted(ctx context.Context, f Filter, page store.Page) ([]Fact, string, error) {
	shares, err := auth.Granted(ctx, GrantKind, f.Org)
	if err != nil {
		return nil, "", err
	}
	fields, all, ok := shares.Fields(f.Org, f.Kind)
	if f.Kind != "" && !ok {
		return nil, "", auth.ErrNotFound.With("thing", "org")
	}
	for _, w := range f.Where { // what is hidden must not be guessed by asking for it
		key, _, _ := strings.Cut(w, "=")
		head, _, _ := strings.Cut(key, ".")
		if !all && !slices.Contains(fields, head) {
			return nil, "", ErrSearch.At("query.where", w).With("fields", strings.Join(fields, ", "))
		}
	}
	if !all && (f.Source != "" || f.External != "") {
		return nil, "", ErrSearch.At("query.source", f.Source).With("fields", strings.Join(fields, ", "))
	}
	var rows []revisionRow
	q, err := s.asOf(ctx, shares.Where(s.o.DB.NewSelect().Model(&rows).Where("r.org = ?", f.Org), "r.org", "r.kind"), f.AsOf)
	if err == nil {
		q, err = s.filter(q, f, field.Internal)
	}
	if err != nil {
		return nil, "", err
	}
	list, next, err := s.list(ctx, newestFirst, q, &rows, page, func(r *revisionRow) []any { return []any{r.Fact.String()} })
	if err != nil {
		return nil, "", err
	}
	if len(list) == 0 {
		err = shares.Looked(ctx, f.Org, f.Kind, 0)
	} else {
		err = looked(ctx, shares, list)
	}
	if err != nil {
		return nil, "", err
	}
	for i := range list {
		list[i] = s.granted(shares, list[i])
	}
	return list, next, nil
}

// grantedQuery finds the revisions of one fact that grants let the caller read. Error: store.ErrNotFound.
func (s *Service) grantedQuery(ctx context.Context, id uuid.UUID, model any) (auth.Shares, *bun.SelectQuery, error) {
	var owner uuid.UUID // looked up for the question of grants alone: nothing is answered from it
	q := auth.Everywhere().Where(s.o.DB.NewSelect().Model((*revisionRow)(nil)).Column("r.org").Where("r.fact = ?", id).Limit(1), "r.org")
	if err := q.Scan(ctx, &owner); err != nil {
		return auth.Shares{}, nil, wrap("fact "+id.String(), err)
	}
	shares, err := auth.Granted(ctx, GrantKind, owner)
	if errors.Is(err, auth.ErrNotFound) {
		err = fmt.Errorf("fact %s: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return shares, nil, err
	}
	return shares, shares.Where(s.o.DB.NewSelect().Model(model).Where("r.fact = ?", id), "r.org", "r.kind"), nil
}

func (s *Service) getGranted(ctx context.Context, id uuid.UUID, asOf time.Time) (Fact, error) {
	var r revisionRow
	shares, q, err := s.grantedQuery(ctx, id, &r)
	if err == nil {
		q, err = s.asOf(ctx, q, asOf)
	}
	if err != nil {
		return Fact{}, err
	}
	if err := q.Scan(ctx); err != nil {
		return Fact{}, wrap("fact "+id.String(), err)
	}
	f, err := s.fact(&r)
	if err == nil {
		err = looked(ctx, shares, []Fact{f})
	}
	if err != nil {
		return Fact{}, err
	}
	return s.granted(shares, f), nil
}

func (s *Service) historyGranted(ctx context.Context, id uuid.UUID, page store.Page) ([]Fact, string, error) {
	var rows []revisionRow
	shares, q, err := s.grantedQuery(ctx, id, &rows)
	if err != nil {
		return nil, "", err
	}
	list, next, err := s.list(ctx, history, q, &rows, page, func(r *revisionRow) []any { return []any{r.Revision} })
	if err == nil && len(list) == 0 && page.After == "" {
		err = fmt.Errorf("fact %s: %w", id, store.ErrNotFound)
	}
	if err == nil {
		err = looked(ctx, shares, list)
	}
	if err != nil {
		return nil, "", err
	}
	for i := range list {
		list[i] = s.granted(shares, list[i])
	}
	return list, next, nil
}
