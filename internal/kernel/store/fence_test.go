package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

var errDeposed = errors.New("deposed")

// TestADeposedOwnerWritesNothing: who takes over a schema ends the other's sessions, whatever they are about to do, and
// the other gets no new ones. Whoever has another label is left alone.
func TestADeposedOwnerWritesNothing(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	deposed := atomic.Bool{}
	open := func(schema, label string, admit func(context.Context) error) *store.DB {
		t.Helper()
		db, err := store.Open(t.Context(), url, store.Options{Schema: schema, Label: label, Admit: admit})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	old := open("cell_a", "jw cell a 1", func(context.Context) error {
		if deposed.Load() {
			return errDeposed
		}
		return nil
	})
	neighbour := open("cell_ab", "jw cell ab 1", nil)
	for _, db := range []*store.DB{old, neighbour} {
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (n int)"); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := old.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	next := open("cell_a", "jw cell a 2", nil)
	deposed.Store(true)
	if n, err := next.EvictOthers(t.Context(), "jw cell a "); err != nil || n < 1 {
		t.Fatalf("evicted %d, %v", n, err)
	}
	if err := tx.Commit(); err == nil {
		t.Error("the deposed owner committed")
	}
	if _, err := old.ExecContext(t.Context(), "INSERT INTO t VALUES (2)"); !errors.Is(err, errDeposed) {
		t.Errorf("the deposed owner wrote: %v", err)
	}
	var n int
	if err := next.NewRaw("SELECT count(*) FROM t").Scan(t.Context(), &n); err != nil || n != 0 {
		t.Errorf("%d rows of the deposed owner, %v", n, err)
	}
	if _, err := neighbour.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
		t.Errorf("the neighbour: %v", err)
	}
}

// TestProcessesMakeASchemaAtOnce: each finds it made, and has its own tables in it.
func TestProcessesMakeASchemaAtOnce(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			db, err := store.Open(t.Context(), url, store.Options{Schema: "together", MaxConns: 1})
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			var in string
			if err := db.NewRaw("SELECT current_schema()").Scan(t.Context(), &in); err != nil || in != "together" {
				t.Errorf("schema %q, %v", in, err)
			}
		})
	}
	all.Wait()
	for _, name := range []string{"1a", "A", `a"b`, "a b"} {
		if db, err := store.Open(t.Context(), url, store.Options{Schema: name}); err == nil {
			db.Close()
			t.Errorf("schema %q was taken", name)
		}
	}
}
