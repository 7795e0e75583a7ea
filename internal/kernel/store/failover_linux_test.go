package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// TestFailOverToTheStandby: the primary dies, the standby is promoted by hand, and the same DB goes on with everything
// that it had been told was committed.
func TestFailOverToTheStandby(t *testing.T) {
	t.Parallel()
	p := storetest.NewPair(t)
	db, err := store.Open(t.Context(), p.URL(), store.Options{Schema: "cell_a", Label: "jw cell a 1"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (n int PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	committed := 0
	insert := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := db.ExecContext(ctx, "INSERT INTO t VALUES (?)", committed+1)
		return store.Err(err)
	}
	for committed < 50 {
		if err := insert(); err != nil {
			t.Fatal(err)
		}
		committed++
	}
	p.KillPrimary()
	if err := insert(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("without a primary: %v, want ErrUnavailable", err)
	}
	p.Promote()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := insert()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	var n int
	if err := db.NewRaw("SELECT count(*) FROM t").Scan(t.Context(), &n); err != nil || n != committed+1 {
		t.Errorf("%d rows of %d, %v", n, committed+1, err)
	}
}
