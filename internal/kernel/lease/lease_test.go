package lease_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// childEnv makes this test binary a process that holds a lease until it is killed.
const childEnv = "JINGWEI_TEST_LEASE"

func TestMain(m *testing.M) {
	if url := os.Getenv(childEnv); url != "" {
		hold(url)
	}
	goleak.VerifyTestMain(m)
}

func hold(url string) {
	go func() { // ends with its parent, however that ends
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
	db, err := store.Open(context.Background(), url, store.Options{})
	if err == nil {
		var f *lease.Office
		if f, err = lease.New(context.Background(), lease.Options{DB: db, Note: "child", Length: time.Second}); err == nil {
			if _, err = f.Take(context.Background(), "journal"); err == nil {
				os.Stdout.WriteString("held\n")
				select {}
			}
		}
	}
	os.Stderr.WriteString(err.Error() + "\n")
	os.Exit(1)
}

func office(t *testing.T, db *store.DB, note string, length time.Duration) *lease.Office {
	t.Helper()
	f, err := lease.New(t.Context(), lease.Options{DB: db, Note: note, Length: length})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func TestOneHolderAtATime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, b := office(t, db, "machine a", 10*time.Second), office(t, db, "machine b", 10*time.Second)
		h, err := a.Take(t.Context(), "journal")
		if err != nil || h.Epoch() != 1 {
			t.Fatal(h, err)
		}
		_, err = b.Take(t.Context(), "journal")
		var taken *lease.TakenError
		if !errors.As(err, &taken) || taken.Lease.Holder != a.Holder() || !strings.Contains(err.Error(), "machine a") {
			t.Fatalf("b got %v", err)
		}
		if other, err := b.Take(t.Context(), "another"); err != nil || other.Epoch() != 1 {
			t.Fatal(err)
		}
		// The fence in SQL.
		if err := db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error { return h.Check(ctx, tx) }); err != nil {
			t.Error(err)
		}
		h.Release()
		h.Release()
		if !errors.Is(context.Cause(h.Context()), lease.ErrReleased) {
			t.Error(context.Cause(h.Context()))
		}
		g, err := b.Take(t.Context(), "journal")
		if err != nil || g.Epoch() != 2 {
			t.Fatal(g, err)
		}
		if err := db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error { return h.Check(ctx, tx) }); !errors.Is(err, lease.ErrLost) {
			t.Errorf("the first holder passes with %v", err)
		}
		all, held, err := a.List(t.Context())
		if err != nil || len(all) != 2 || all[1].Name != "journal" || all[1].Note != "machine b" || all[1].Epoch != 2 || !held[1] {
			t.Errorf("%v %v %v", all, held, err)
		}
		b.Close()
		if _, err := a.Take(t.Context(), "another"); err != nil {
			t.Errorf("after b has closed: %v", err)
		}
		if _, err := b.Take(t.Context(), "more"); !errors.Is(err, lease.ErrReleased) {
			t.Errorf("a closed office takes a lease: %v", err)
		}
	})
}

// TestLeaseIsRenewed: a lease outlives its length many times while its holder is well.
func TestLeaseIsRenewed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, b := office(t, db, "a", 800*time.Millisecond), office(t, db, "b", 800*time.Millisecond)
		h, err := a.Take(t.Context(), "journal")
		if err != nil {
			t.Fatal(err)
		}
		first := until(t, a)
		for renewed := 0; renewed < 6; {
			if u := until(t, a); u.After(first) {
				first = u
				renewed++
			}
			if h.Context().Err() != nil {
				t.Fatal(context.Cause(h.Context()))
			}
			if _, err := b.Take(t.Context(), "journal"); err == nil {
				t.Fatal("b has it too")
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
}

func until(t *testing.T, f *lease.Office) time.Time {
	t.Helper()
	all, _, err := f.List(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0].Expires
}

// TestManyWaitForOneLease: whatever the race, no two hold it at once, and every holder has an epoch of its own.
func TestManyWaitForOneLease(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var holders atomic.Int32
		var epochs sync.Map
		var wg sync.WaitGroup
		for range 6 {
			f, err := lease.New(t.Context(), lease.Options{DB: db, Length: 5 * time.Second, Every: 5 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(f.Close)
			wg.Go(func() {
				for range 3 {
					h, err := f.Wait(t.Context(), "journal")
					if err != nil {
						t.Error(err)
						return
					}
					if n := holders.Add(1); n != 1 {
						t.Errorf("%d hold it", n)
					}
					if _, twice := epochs.LoadOrStore(h.Epoch(), true); twice {
						t.Errorf("epoch %d was given twice", h.Epoch())
					}
					time.Sleep(time.Millisecond)
					holders.Add(-1)
					h.Release()
				}
			})
		}
		wg.Wait()
		for e := uint64(1); e <= 18; e++ {
			if _, ok := epochs.Load(e); !ok {
				t.Errorf("nobody had epoch %d", e)
			}
		}
	})
}

// TestHolderWhoseDatabaseIsGoneStops: it cannot renew, and its context ends before the lease does.
func TestHolderWhoseDatabaseIsGoneStops(t *testing.T) {
	url := storetest.PostgresURL(t)
	own, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a := office(t, own, "a", 800*time.Millisecond)
	b := office(t, db, "b", 800*time.Millisecond)
	h, err := a.Take(t.Context(), "journal")
	if err != nil {
		t.Fatal(err)
	}
	own.Close()
	<-h.Context().Done()
	if !errors.Is(context.Cause(h.Context()), lease.ErrLost) {
		t.Error(context.Cause(h.Context()))
	}
	g, err := b.Wait(t.Context(), "journal")
	if err != nil || g.Epoch() != 2 {
		t.Fatal(g, err)
	}
}

// TestLeaseOfAKilledProcessIsTakenOver kills a process that holds a lease, as kill -9 does.
func TestLeaseOfAKilledProcessIsTakenOver(t *testing.T) {
	url := storetest.PostgresURL(t)
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	f := office(t, db, "parent", time.Second)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+url)
	child.Stderr = os.Stderr
	if _, err := child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 5)
	if _, err := out.Read(line); err != nil || string(line) != "held\n" {
		t.Fatal(string(line), err)
	}
	_, err = f.Take(t.Context(), "journal")
	var taken *lease.TakenError
	if !errors.As(err, &taken) || taken.Lease.Note != "child" {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	h, err := f.Wait(t.Context(), "journal")
	if err != nil || h.Epoch() != taken.Lease.Epoch+1 {
		t.Fatal(h, err)
	}
}

// TestLongTransactionIsFencedAndDoesNotCostTheLease: a guarded transaction that lasts for several lengths of the lease does
// not keep it from being renewed, and once the holder is gone the next waits for the transaction's end.
func TestLongTransactionIsFencedAndDoesNotCostTheLease(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	own, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const length = 800 * time.Millisecond
	a, b := office(t, own, "a", length), office(t, db, "b", length)
	h, err := a.Take(t.Context(), "journal")
	if err != nil {
		t.Fatal(err)
	}
	var ended atomic.Bool
	var g *lease.Held
	taken := make(chan error, 1)
	err = db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		if err := h.Check(ctx, tx); err != nil {
			return err
		}
		busy := func(d time.Duration) error {
			_, err := tx.NewRaw("SELECT pg_sleep(?)", d.Seconds()).Exec(ctx)
			return err
		}
		if err := busy(2 * length); err != nil {
			return err
		}
		if h.Context().Err() != nil {
			return context.Cause(h.Context())
		}
		own.Close() // no renewal any more
		<-h.Context().Done()
		go func() {
			var err error
			g, err = b.Wait(context.Background(), "journal")
			if err == nil && !ended.Load() {
				err = errors.New("another has the lease while what the first guards is still being written")
			}
			taken <- err
		}()
		err := busy(2 * length)
		ended.Store(true)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-taken; err != nil || g.Epoch() < 2 {
		t.Fatal(err)
	}
	// And a guarded transaction that began before a renewal is not refused by it.
	err = db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		var one int
		if err := tx.NewRaw("SELECT 1").Scan(ctx, &one); err != nil { // the snapshot
			return err
		}
		first := until(t, b)
		for !until(t, b).After(first) {
			time.Sleep(10 * time.Millisecond)
		}
		return g.Check(ctx, tx)
	})
	if err != nil {
		t.Error(err)
	}
}

// TestTransactionOfADeadMachineKeepsNobodyOut: the server hears nothing more of it, and it does not hold the fence for ever.
func TestTransactionOfADeadMachineKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	own, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a, b := office(t, own, "a", 800*time.Millisecond), office(t, db, "b", 800*time.Millisecond)
	h, err := a.Take(t.Context(), "journal")
	if err != nil {
		t.Fatal(err)
	}
	silent, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Rollback() }()
	if err := h.Check(t.Context(), silent); err != nil {
		t.Fatal(err)
	}
	own.Close()
	if g, err := b.Wait(t.Context(), "journal"); err != nil || g.Epoch() < 2 {
		t.Fatal(err)
	}
	if _, err := silent.NewRaw("CREATE TABLE late (id BIGINT)").Exec(t.Context()); err == nil {
		t.Error("it goes on where it had stopped")
	}
	var limit string
	if err := db.NewRaw("SHOW idle_in_transaction_session_timeout").Scan(t.Context(), &limit); err != nil || limit != "0" {
		t.Errorf("the limit of other transactions is %s %v", limit, err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	db := storetest.SQLite(t)
	_, err := lease.New(t.Context(), lease.Options{DB: db, Length: time.Second, Every: time.Second})
	if err == nil || !strings.Contains(err.Error(), "Every") {
		t.Error(err)
	}
	if _, err := office(t, db, "", 0).Take(t.Context(), ""); err == nil {
		t.Error("a lease without a name was given")
	}
}
