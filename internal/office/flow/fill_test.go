package flow

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// fill writes running cases of the agency as Open does, many in a transaction; those that are overdue have been told.
func (n *node) fill(t testing.TB, count int) {
	t.Helper()
	f := n.service.flows.Offered("approval")
	cal := n.service.cal
	for from := 0; from < count; from += 10_000 {
		err := n.db.InTx(context.Background(), func(ctx context.Context, tx bun.Tx) error {
			var cases []caseRow
			var tasks []taskRow
			for i := from; i < min(from+10_000, count); i++ {
				c := Case{ID: uuid.Must(uuid.NewV7()), Org: n.orgs["agency"], Flow: f.ID, Version: f.Version, Record: field.Record{"matter": fmt.Sprintf("采购 %d", i), "amount": int64(i)}}
				opened := n.clock.Add(-time.Duration(i%2000) * 10 * time.Minute).UnixNano()
				c.Opened = opened
				f.take(cal, &c, &f.Start, opened)
				for r, ok := f.next(cal, &c); ok && r.at <= n.clock.UnixNano(); r, ok = f.next(cal, &c) {
					f.pass(cal, &c, r, r.at)
				}
				cases, tasks = append(cases, n.service.row(f, &c)), append(tasks, f.taskRows(&c)...)
			}
			if err := insert(ctx, tx, cases); err != nil {
				return err
			}
			return insert(ctx, tx, tasks)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n.db.Engine() == store.Postgres { // as its own daemon does before long
		if _, err := n.db.ExecContext(context.Background(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
}
