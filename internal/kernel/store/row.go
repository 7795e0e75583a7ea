package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Word writes an id that need not be there into a column of text; the zero id is "".
func Word(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// ID reads what Word wrote.
func ID(word string) uuid.UUID {
	id, err := uuid.Parse(word)
	if err != nil {
		return uuid.Nil
	}
	return id
}

// Words writes ids for an IN list: bun.List(Words(ids)).
func Words(ids []uuid.UUID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

// Instant is a time that is kept in ns since 1970; nil for 0, which is never.
func Instant(ns int64) *time.Time {
	if ns == 0 {
		return nil
	}
	t := time.Unix(0, ns).UTC()
	return &t
}

// All reads each row as what it stands for.
func All[R, T any](rows []R, of func(*R) T) []T {
	out := make([]T, len(rows))
	for i := range rows {
		out[i] = of(&rows[i])
	}
	return out
}

// List runs the query of a list whose order is k, and returns one page of it with the cursor of the next, as Cut does.
// The query's model is rows. Errors: ErrCursor and those of Err.
func List[R, T any](ctx context.Context, k Keyset, q *bun.SelectQuery, rows *[]R, p Page, key func(*R) []any, of func(*R) T) (items []T, next string, err error) {
	if q, err = k.Apply(q, p); err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", Err(err)
	}
	page, next := Cut(k, *rows, p, key)
	return All(page, of), next, nil
}

// Each does something with every item of a list, page by page to its end, in the list's order.
func Each[T any](list func(Page) (items []T, next string, err error), do func(T) error) error {
	for page := (Page{Limit: MaxLimit}); ; {
		items, next, err := list(page)
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := do(item); err != nil {
				return err
			}
		}
		if page.After = next; next == "" {
			return nil
		}
	}
}

// EndSpans ends rows with since and until at a time, of those that a condition chooses; what would begin then or later
// never held and is taken out. model is a nil pointer to the row.
func EndSpans(ctx context.Context, tx bun.Tx, model any, at int64, where string, args ...any) error {
	if _, err := tx.NewDelete().Model(model).Where(where, args...).Where("since >= ?", at).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model(model).Set("until = ?", at).Where(where, args...).Where("until > ?", at).Exec(ctx)
	return err
}
