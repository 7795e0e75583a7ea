package register

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// reach is what a caller may see: entries that are not restricted where it may read, or whose subject it may read; all where it may
// change.
type reach struct{ read, change auth.Scope }

func (s *Service) reach(ctx context.Context, org uuid.UUID) (r reach, err error) {
	if r.read, err = auth.AllowOrVisible(ctx, auth.Read, org); err != nil {
		return r, err
	}
	if r.change, err = auth.AllowOrVisible(ctx, auth.Configure, org); err != nil {
		r.change, err = auth.Scope{}, nil // reaches nothing
	}
	return r, err
}

func (r reach) where(q *bun.SelectQuery) *bun.SelectQuery {
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		for _, column := range []string{"e.org", "e.subject"} {
			q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return r.read.Where(q.Where("e.class <> ?", string(field.Restricted)), column)
			})
		}
		return q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery { return r.change.Where(q.Where("1 = 1"), "e.org") })
	})
}

func (r reach) upTo(org uuid.UUID) field.Class {
	if r.change.Includes(org) {
		return field.Restricted
	}
	return field.Internal
}

// lowest is the class up to which the caller sees fields of all that it reaches.
func (r reach) lowest() field.Class {
	if r.read.All() {
		return field.Restricted
	}
	if slices.ContainsFunc(r.read.Orgs(), func(org uuid.UUID) bool { return !r.change.Includes(org) }) {
		return field.Internal
	}
	return field.Restricted
}

// shown leaves out what may not be seen.
func (s *Service) shown(e Entry, upTo field.Class) Entry {
	if r := s.get(e.Register); r != nil {
		e.Record = r.Fields.Visible(e.Record, r.Class, upTo)
	} else if upTo != field.Restricted {
		e.Record = field.Record{} // nobody says any more who may see it
	}
	return e
}

// Get returns an entry as it stands, or what a grant shows of it. Error: store.ErrNotFound.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Entry, error) {
	e, err := s.getOwn(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return s.getGranted(ctx, id)
	}
	return e, err
}

// getOwn is Get without grants.
func (s *Service) getOwn(ctx context.Context, id uuid.UUID) (Entry, error) {
	reach, err := s.reach(ctx, uuid.Nil)
	if err != nil {
		return Entry{}, err
	}
	var row entryRow
	if err := reach.where(s.o.DB.NewSelect().Model(&row).Where("e.id = ?", id)).Scan(ctx); err != nil {
		return Entry{}, wrap("entry "+id.String(), err)
	}
	e, err := s.entry(&row)
	return s.shown(e, reach.upTo(e.Org)), err
}

var history = store.Keyset{Columns: []string{"r.revision"}}

// History lists the revisions of an entry, the first one first. No grant reaches them. Error: store.ErrNotFound.
func (s *Service) History(ctx context.Context, id uuid.UUID, page store.Page) ([]Entry, string, error) {
	now, err := s.getOwn(ctx, id)
	if err != nil {
		return nil, "", err
	}
	reach, err := s.reach(ctx, uuid.Nil)
	if err != nil {
		return nil, "", err
	}
	upTo := reach.upTo(now.Org)
	var rows []revisionRow
	q := auth.System(now.Org).Where(s.o.DB.NewSelect().Model(&rows).Where("r.entry = ?", id), "r.org") // Get has said that the caller may
	if upTo != field.Restricted {
		q = q.Where("r.class <> ?", string(field.Restricted))
	}
	var broken error
	list, next, err := store.List(ctx, history, q, &rows, page, func(r *revisionRow) []any { return []any{r.Revision} }, func(r *revisionRow) Entry {
		e, err := s.entry(&entryRow{ID: id, Org: r.Org, Register: now.Register, EntryKey: now.Key, Subject: store.Word(now.Subject), State: r.State, Class: r.Class, Since: r.Since, Until: r.Until,
			Content: r.Content, Revision: r.Revision, Version: r.Version, Actor: r.Actor, Reason: r.Reason, At: r.At})
		if err != nil {
			broken = err
		}
		return s.shown(e, upTo)
	})
	if err == nil {
		err = broken
	}
	return list, next, err
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Org   uuid.UUID
	State string
	On    string   // that hold on this day; values of dated lists too
	Key   string   // exact
	Words string   // in key or title, whatever the case
	Where []string // field=value; all hold
}

// searchable are the fields by which somebody who sees up to a class may search.
func (r *Register) searchable(upTo field.Class) (out []string) {
	for _, key := range r.Fields.Searchable() {
		head, _, _ := strings.Cut(key, ".")
		outer, inner := r.Fields.Field(head), r.Fields.Field(key)
		if r.classOf(outer).Reaches(upTo) && (inner.Class == "" || inner.Class.Reaches(upTo)) {
			out = append(out, key)
		}
	}
	return out
}

var like = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (r *Register) filter(q *bun.SelectQuery, f Filter, upTo field.Class) (*bun.SelectQuery, error) {
	q = q.Where("e.register = ?", r.ID)
	if f.State != "" {
		q = q.Where("e.state = ?", f.State)
	}
	if f.Key != "" {
		q = q.Where("e.entry_key = ?", f.Key)
	}
	day, on := int64(0), f.On != ""
	if on {
		at, ok := field.Day(f.On)
		if !ok {
			return nil, ErrSearch.At("query.on", f.On).With("fields", "on=2026-05-01")
		}
		day = at
		q = q.Where("e.since <= ? AND e.until > ?", day, day)
	}
	if f.Words != "" {
		// The inner query reads an index of short rows, not the entries.
		q = q.Where(`e.id IN (SELECT w.id FROM register_entry AS w WHERE w.register = ? AND w.words LIKE ? ESCAPE '\')`, r.ID, "%"+like.Replace(strings.ToLower(strings.TrimSpace(f.Words)))+"%")
	}
	for _, w := range f.Where {
		key, value, ok := strings.Cut(w, "=")
		fields := r.searchable(upTo)
		wrong := ErrSearch.At("query.where", w).With("fields", strings.Join(fields, ", "))
		if !ok || !slices.Contains(fields, key) {
			return nil, wrong
		}
		v, fault := r.Fields.Field(key).Parse(value)
		if fault != nil {
			return nil, wrong
		}
		condition, args := "e.id IN (SELECT v.entry FROM register_value AS v WHERE v.field = ? AND v.word = ?", []any{key, field.Word(v)}
		if on {
			condition, args = condition+" AND v.since <= ? AND v.until > ?", append(args, day, day)
		}
		q = q.Where(condition+")", args...)
	}
	return q, nil
}

var inOrder = store.Keyset{Columns: []string{"e.id"}}

func (s *Service) list(ctx context.Context, q *bun.SelectQuery, rows *[]entryRow, page store.Page, show func(Entry) Entry) ([]Entry, string, error) {
	var broken error
	list, next, err := store.List(ctx, inOrder, q, rows, page, func(r *entryRow) []any { return []any{r.ID.String()} }, func(r *entryRow) Entry {
		e, err := s.entry(r)
		if err != nil {
			broken = err
		}
		return show(e)
	})
	if err == nil {
		err = broken
	}
	if err != nil {
		return nil, "", fmt.Errorf("list entries: %w", err)
	}
	return list, next, nil
}

// List returns entries of a register that the caller may see, in the order in which they were entered.
func (s *Service) List(ctx context.Context, register string, f Filter, page store.Page) ([]Entry, string, error) {
	reach, err := s.reach(ctx, f.Org)
	if f.Org != uuid.Nil && errors.Is(err, auth.ErrNotFound) {
		return s.listGranted(ctx, register, f, page)
	}
	if err != nil {
		return nil, "", err
	}
	r, err := s.Register(register)
	if err != nil {
		return nil, "", err
	}
	var rows []entryRow
	q := reach.where(s.o.DB.NewSelect().Model(&rows))
	if f.Org != uuid.Nil {
		q = q.Where("e.org = ?", f.Org)
	}
	if q, err = r.filter(q, f, reach.lowest()); err != nil {
		return nil, "", err
	}
	return s.list(ctx, q, &rows, page, func(e Entry) Entry { return s.shown(e, reach.upTo(e.Org)) })
}

// ListFor is List under a scope, with all fields: for rooms that decide themselves what they tell.
func (s *Service) ListFor(ctx context.Context, scope auth.Scope, register string, f Filter, page store.Page) ([]Entry, string, error) {
	r, err := s.Register(register)
	if err != nil {
		return nil, "", err
	}
	var rows []entryRow
	q := scope.Where(s.o.DB.NewSelect().Model(&rows), "e.org")
	if f.Org != uuid.Nil {
		q = q.Where("e.org = ?", f.Org)
	}
	if q, err = r.filter(q, f, field.Restricted); err != nil {
		return nil, "", err
	}
	return s.list(ctx, q, &rows, page, func(e Entry) Entry { return e })
}

// FindFor finds an entry by its key under a scope, with all fields. Error: store.ErrNotFound.
func (s *Service) FindFor(ctx context.Context, scope auth.Scope, org uuid.UUID, register, key string) (Entry, error) {
	there, err := s.byKeys(ctx, s.o.DB, scope, org, register, []string{key})
	if err != nil {
		return Entry{}, err
	}
	e, ok := there[key]
	if !ok {
		return Entry{}, fmt.Errorf("%s %q: %w", register, key, store.ErrNotFound)
	}
	return e, nil
}

// Count is how many entries have a value.
type Count struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// Counts counts entries by a field's values, or by state, in order of the values. An entry that has several values of a list counts
// under each, once.
func (s *Service) Counts(ctx context.Context, register, by string, f Filter) (counts []Count, total int64, err error) {
	reach, err := s.reach(ctx, f.Org)
	if err != nil {
		return nil, 0, err
	}
	r, err := s.Register(register)
	if err != nil {
		return nil, 0, err
	}
	upTo := reach.lowest()
	base := func() (*bun.SelectQuery, error) {
		q := reach.where(s.o.DB.NewSelect().Model((*entryRow)(nil)))
		if f.Org != uuid.Nil {
			q = q.Where("e.org = ?", f.Org)
		}
		return r.filter(q, f, upTo)
	}
	q, err := base()
	if err != nil {
		return nil, 0, err
	}
	n, err := q.Count(ctx)
	if err != nil {
		return nil, 0, wrap("count entries", err)
	}
	if q, err = base(); err != nil {
		return nil, 0, err
	}
	switch {
	case by == "state":
		q = q.ColumnExpr("e.state AS value, COUNT(*) AS count").GroupExpr("e.state")
	case slices.Contains(r.searchable(upTo), by):
		q = q.ColumnExpr("v.word AS value, COUNT(DISTINCT e.id) AS count").Join("JOIN register_value AS v ON v.entry = e.id AND v.field = ?", by).GroupExpr("v.word")
		if day, ok := field.Day(f.On); ok {
			q = q.Where("v.since <= ? AND v.until > ?", day, day)
		}
	default:
		return nil, 0, ErrSearch.At("query.by", by).With("fields", strings.Join(append([]string{"state"}, r.searchable(upTo)...), ", "))
	}
	const most = 10_000
	rows, err := q.Limit(most).Rows(ctx)
	if err != nil {
		return nil, 0, wrap("count entries", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c Count
		if err := rows.Scan(&c.Value, &c.Count); err != nil {
			return nil, 0, wrap("count entries", err)
		}
		counts = append(counts, c)
	}
	slices.SortFunc(counts, func(a, b Count) int { return strings.Compare(a.Value, b.Value) })
	return counts, int64(n), store.Err(rows.Err())
}

// today is the civil day of a time.
func today(now time.Time) string { return field.DateOf(now.UnixNano()) }
