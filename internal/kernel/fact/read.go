package fact

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// reach is what a caller may see: facts of open kinds where it may read, all kinds where it may change.
type reach struct {
	read, change auth.Scope
	open         []string
}

func (s *Service) reach(ctx context.Context, org uuid.UUID) (reach, error) {
	r := reach{open: s.kinds.ids(field.Internal)}
	var err error
	if r.read, err = auth.AllowOrVisible(ctx, auth.Read, org); err != nil {
		return r, err
	}
	if r.change, err = auth.AllowOrVisible(ctx, auth.Configure, org); err != nil {
		r.change = auth.Scope{} // reaches nothing
	}
	return r, nil
}

func (r reach) where(q *bun.SelectQuery) *bun.SelectQuery {
	if r.lowest() == field.Restricted { // the common case, which an index answers
		return r.change.Where(q, "r.org")
	}
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		if len(r.open) > 0 {
			q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return r.read.Where(q.Where("r.kind IN (?)", bun.List(r.open)), "r.org")
			})
		}
		return q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery { return r.change.Where(q.Where("1 = 1"), "r.org") })
	})
}

// upTo is the class up to which the caller sees the fields of an organisation's facts.
func (r reach) upTo(org uuid.UUID) field.Class {
	if r.change.Includes(org) {
		return field.Restricted
	}
	return field.Internal
}

// shown leaves out what the caller may not see.
func (s *Service) shown(r reach, f Fact) Fact {
	k := s.kinds.Get(f.Kind)
	if k == nil {
		return f // only those who may change reach it
	}
	f.Record = k.Fields.Visible(f.Record, k.Class, r.upTo(f.Org))
	return f
}

// asOf limits a query to what was known: now, or at a time.
func (s *Service) asOf(ctx context.Context, q *bun.SelectQuery, at time.Time) (*bun.SelectQuery, error) {
	if at.IsZero() {
		return q.Where("r.superseded = ?", int64(newest)), nil
	}
	commit, err := commitAt(ctx, s.o.DB, at)
	if err != nil {
		return nil, err
	}
	return q.Where("r.commit_number <= ? AND r.superseded > ?", commit, commit), nil
}

// Get returns a fact as it is said now, or as it was said at a time. Error: store.ErrNotFound.
func (s *Service) Get(ctx context.Context, id uuid.UUID, asOf time.Time) (Fact, error) {
	reach, err := s.reach(ctx, uuid.Nil)
	if err != nil {
		return Fact{}, err
	}
	var r revisionRow
	q, err := s.asOf(ctx, reach.where(s.o.DB.NewSelect().Model(&r).Where("r.fact = ?", id)), asOf)
	if err != nil {
		return Fact{}, err
	}
	if err := q.Scan(ctx); err != nil {
		if err = wrap("fact "+id.String(), err); unseen(err) {
			return s.getGranted(ctx, id, asOf)
		}
		return Fact{}, err
	}
	f, err := s.fact(&r)
	return s.shown(reach, f), err
}

var history = store.Keyset{Columns: []string{"r.revision"}}

// History lists all revisions of a fact, the first one first. Error: store.ErrNotFound.
func (s *Service) History(ctx context.Context, id uuid.UUID, page store.Page) ([]Fact, string, error) {
	reach, err := s.reach(ctx, uuid.Nil)
	if err != nil {
		return nil, "", err
	}
	var rows []revisionRow
	q := reach.where(s.o.DB.NewSelect().Model(&rows).Where("r.fact = ?", id))
	list, next, err := s.list(ctx, history, q, &rows, page, func(r *revisionRow) []any { return []any{r.Revision} })
	if err == nil && len(list) == 0 {
		return s.historyGranted(ctx, id, page)
	}
	return s.allShown(reach, list), next, err
}

func (s *Service) allShown(r reach, list []Fact) []Fact {
	for i := range list {
		list[i] = s.shown(r, list[i])
	}
	return list
}

func (s *Service) list(ctx context.Context, k store.Keyset, q *bun.SelectQuery, rows *[]revisionRow, page store.Page, key func(*revisionRow) []any) ([]Fact, string, error) {
	var broken error
	list, next, err := store.List(ctx, k, q, rows, page, key, func(r *revisionRow) Fact {
		f, err := s.fact(r)
		if err != nil {
			broken = err
		}
		return f
	})
	if err == nil {
		err = broken
	}
	if err != nil {
		return nil, "", fmt.Errorf("list facts: %w", err)
	}
	return list, next, nil
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Org       uuid.UUID
	Kind      string
	Source    string
	External  string
	From, To  time.Time // that began in [From, To)
	At        time.Time // that hold at this time
	AsOf      time.Time // as it was known then
	MinGrade  Grade
	Where     []string // field=value, of the kind; all hold
	Withdrawn bool     // with those that were withdrawn
}

func (s *Service) filter(q *bun.SelectQuery, f Filter, upTo field.Class) (*bun.SelectQuery, error) {
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return nil, ErrPeriod.At("query.to", f.To.Format(time.RFC3339))
	}
	if f.Kind != "" {
		if _, err := s.kind(f.Kind, "query.kind"); err != nil {
			return nil, err
		}
		q = q.Where("r.kind = ?", f.Kind)
	}
	if f.Source != "" {
		q = q.Where("r.source = ?", f.Source)
	}
	if f.External != "" {
		q = q.Where("r.external = ?", f.External)
	}
	if !f.From.IsZero() {
		q = q.Where("r.since >= ?", f.From.UnixNano())
	}
	if !f.To.IsZero() {
		q = q.Where("r.since < ?", f.To.UnixNano())
	}
	if !f.At.IsZero() {
		q = q.Where("r.since <= ? AND r.until > ?", f.At.UnixNano(), f.At.UnixNano())
	}
	if f.MinGrade > Declared {
		q = q.Where("r.grade >= ?", int64(f.MinGrade))
	}
	if !f.Withdrawn {
		q = q.Where("NOT r.withdrawn")
	}
	for _, w := range f.Where {
		key, word, err := s.condition(f.Kind, w, upTo)
		if err != nil {
			return nil, err
		}
		q = q.Where("EXISTS (SELECT 1 FROM fact_value AS v WHERE v.revision = r.id AND v.field = ? AND v.word = ?)", key, word)
	}
	return q, nil
}

// condition reads field=value.
func (s *Service) condition(kind, w string, upTo field.Class) (key, word string, err error) {
	key, value, ok := strings.Cut(w, "=")
	k := s.kinds.Get(kind)
	var fields []string
	if k != nil {
		fields = s.searchable(k, upTo)
	}
	if !ok || !contains(fields, key) {
		return "", "", ErrSearch.At("query.where", w).With("fields", strings.Join(fields, ", "))
	}
	v, fault := k.Fields.Field(key).Parse(value)
	if fault != nil {
		return "", "", ErrSearch.At("query.where", w).With("fields", strings.Join(fields, ", ")).Because(fault)
	}
	return key, field.Word(v), nil
}

// searchable are the fields of a kind by which somebody who sees up to a class may search: a field that is hidden must not be
// guessed by asking for it.
func (s *Service) searchable(k *Kind, upTo field.Class) (out []string) {
	for _, key := range k.Fields.Searchable() {
		head, _, _ := strings.Cut(key, ".")
		class := k.Class
		for _, f := range []*field.Field{k.Fields.Field(head), k.Fields.Field(key)} {
			class = class.Narrower(f.Class)
		}
		if class.Reaches(upTo) {
			out = append(out, key)
		}
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// lowest is the class up to which the caller sees fields wherever it may read: restricted only where it may change all of it.
func (r reach) lowest() field.Class {
	if r.read.All() {
		return field.Restricted
	}
	for _, org := range r.read.Orgs() {
		if !r.change.Includes(org) {
			return field.Internal
		}
	}
	return field.Restricted
}

var newestFirst = store.Keyset{Columns: []string{"r.fact"}, Descending: true}

// List returns facts that the caller may see, those recorded last first.
func (s *Service) List(ctx context.Context, f Filter, page store.Page) ([]Fact, string, error) {
	reach, err := s.reach(ctx, f.Org)
	if f.Org != uuid.Nil && errors.Is(err, auth.ErrNotFound) {
		return s.listGranted(ctx, f, page)
	}
	if err != nil {
		return nil, "", err
	}
	var rows []revisionRow
	q, err := s.asOf(ctx, reach.where(s.o.DB.NewSelect().Model(&rows)), f.AsOf)
	if err == nil {
		q, err = s.filter(q, f, reach.lowest())
	}
	if err != nil {
		return nil, "", err
	}
	list, next, err := s.list(ctx, newestFirst, q, &rows, page, func(r *revisionRow) []any { return []any{r.Fact.String()} })
	return s.allShown(reach, list), next, err
}

// Document opens a document that a revision of a fact has, which the caller may see. Error: store.ErrNotFound.
func (s *Service) Document(ctx context.Context, id uuid.UUID, document blob.ID) (Document, []byte, error) {
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		revisions, next, err := s.History(ctx, id, page)
		if err != nil {
			return Document{}, nil, err
		}
		for _, f := range revisions {
			for _, d := range f.Documents {
				if d.ID != document {
					continue
				}
				data, err := s.o.Blobs.ReadAll(d.ID, MaxDocument)
				if err != nil {
					return d, nil, fmt.Errorf("open document %s: %w", d.ID, err)
				}
				return d, data, nil
			}
		}
		if page.After = next; next == "" {
			return Document{}, nil, fmt.Errorf("document %.80s of fact %s: %w", document, id, store.ErrNotFound)
		}
	}
}
