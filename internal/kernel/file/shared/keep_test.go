package shared

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"jingwei/internal/kernel/store/storetest"
)

// TestReplacedObjectsStayForAWhile: with Keep, what a row named until a moment ago is still there, over a change of owners
// too, and goes when the time has passed.
func TestReplacedObjectsStayForAWhile(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.SQLite(t), 1)
	clock := atomic.Int64{}
	clock.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	c.o.Now = func() time.Time { return time.Unix(0, clock.Load()) }
	c.o.Keep = time.Hour
	count := func(f *FS) int {
		t.Helper()
		names, _ := objects(t, f)
		return len(names)
	}
	f := c.open()
	write(t, f, "/a", "one")
	write(t, f, "/a", "two")
	write(t, f, "/a", "three")
	f.empty()
	if n := count(f); n != 3 {
		t.Errorf("%d objects, want the file's and the two before", n)
	}
	clock.Add(int64(time.Hour))
	f.empty()
	if n := count(f); n != 1 {
		t.Errorf("%d objects an hour later, want 1", n)
	}
	write(t, f, "/a", "four") // "three" waits; its owner dies
	crash(f)
	c.o.Held = nil
	c.o.DB.ExecContext(t.Context(), "UPDATE lease SET expires = 0")
	c.elsewhere()
	f = c.open()
	for _, want := range []int{2, 2, 1} {
		if _, err := f.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(f); n != want {
			t.Errorf("%d objects after a sweep, want %d", n, want)
		}
		clock.Add(int64(31 * time.Minute))
	}
	wantFile(t, f, "/a", "four")
}

// TestAFailureIsTold: who built on the FS hears that it takes no change any more, once.
func TestAFailureIsTold(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.SQLite(t), 1)
	told := make(chan error, 2)
	c.o.OnFailure = func(err error) { told <- err }
	f := c.open()
	_ = f.fail(errDied)
	_ = f.fail(errDied)
	if err := <-told; !errors.Is(err, ErrFailed) || !errors.Is(err, errDied) {
		t.Errorf("told %v", err)
	}
	f.Close()
	if len(told) > 0 {
		t.Errorf("told again: %v", <-told)
	}
	c.o.Held = nil
	c.o.DB.ExecContext(t.Context(), "UPDATE lease SET expires = 0")
	c.elsewhere()
	f = c.open()
	f.Close()
	if len(told) > 0 {
		t.Errorf("told of closing: %v", <-told)
	}
}
