package audit

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// Since returns entries of the scope's organisations whose ids are greater than one, in order of them. Ids are in the
// order in which they were minted, not in that of the transactions that wrote them: look back a while.
func Since(ctx context.Context, db bun.IDB, scope store.Scope, after uuid.UUID, limit int) ([]Entry, error) {
	var rows []row
	q := scope.Where(db.NewSelect().Model(&rows).Where("a.id > ?", after), "a.org")
	if err := q.OrderExpr("a.id").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list audit entries: %w", store.Err(err))
	}
	return store.All(rows, (*row).entry), nil
}

// Find returns an entry of the scope's organisations. Error: store.ErrNotFound.
func Find(ctx context.Context, db bun.IDB, scope store.Scope, id uuid.UUID) (Entry, error) {
	var r row
	if err := scope.Where(db.NewSelect().Model(&r).Where("a.id = ?", id), "a.org").Scan(ctx); err != nil {
		return Entry{}, fmt.Errorf("audit entry %s: %w", id, store.Err(err))
	}
	return r.entry(), nil
}
