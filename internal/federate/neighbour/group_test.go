package neighbour

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// Many write at the same time: each has what it wrote or its own error, and whoever fails spoils it for nobody.
func TestWhatManyWriteIsCommittedTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if err := store.MigrateRoom(t.Context(), db, "neighbour", migrations); err != nil {
			t.Fatal(err)
		}
		g := &group{db: db}
		spoiled := errors.New("spoiled")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		var work sync.WaitGroup
		for i := range 200 {
			work.Go(func() {
				ctx := t.Context()
				if i%50 == 7 {
					ctx = ended
				}
				err := g.Write(ctx, 1<<uint(i%24), func(ctx context.Context, tx bun.Tx) error {
					a := asideRow{ID: uuid.NewSHA1(uuid.Nil, []byte{byte(i)}), Why: fmt.Sprint(i), Bytes: []byte{1}}
					if _, err := tx.NewInsert().Model(&a).Exec(ctx); err != nil {
						return err
					}
					if i%40 == 3 {
						return spoiled
					}
					return nil
				})
				var n int
				if err := db.NewRaw("SELECT COUNT(*) FROM neighbour_aside WHERE why = ?", fmt.Sprint(i)).Scan(t.Context(), &n); err != nil {
					t.Error(err)
				}
				switch {
				case i%50 == 7 && (n != 0 || !errors.Is(err, context.Canceled)):
					t.Errorf("%d wrote %d after its context had ended: %v", i, n, err)
				case i%50 != 7 && i%40 == 3 && (n != 0 || !errors.Is(err, spoiled)):
					t.Errorf("%d wrote %d though it failed: %v", i, n, err)
				case i%50 != 7 && i%40 != 3 && (n != 1 || err != nil):
					t.Errorf("%d wrote %d: %v", i, n, err)
				}
			})
		}
		work.Wait()
		if g.writing || len(g.waiting) > 0 {
			t.Errorf("%d still wait", len(g.waiting))
		}
	})
}
