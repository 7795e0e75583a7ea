package shared

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// asleep is a lease whose holder does not notice that it ends.
type asleep struct{ hold }

func (*asleep) Context() context.Context { return context.Background() }

// TestCrashBetweenObjectAndRow: the object is up, the row is not. The next life has the old content, and removes the object.
func TestCrashBetweenObjectAndRow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCell(t, db, 1)
		h := &hold{Held: c.take()}
		c.o.Held, c.o.Patience = h, 100*time.Millisecond
		f := c.open()
		write(t, f, "/a", "old")
		w, err := f.OpenFile("/a", os.O_RDWR, 0)
		must(t, err)
		if _, err := w.WriteAt([]byte("NEW"), 0); err != nil {
			t.Fatal(err)
		}
		h.before(func() error { return store.ErrUnavailable })
		err = w.Datasync()
		wantError(t, err, ErrFailed)
		wantError(t, err, store.ErrUnavailable)
		wantError(t, w.Datasync(), ErrFailed)
		if _, err := w.WriteAt([]byte("more"), 0); err != nil { // on this machine, as in a page cache
			t.Error(err)
		}
		must(t, w.Close())
		crash(f)
		h.before(nil)
		c.o.Patience = 0
		c.elsewhere()
		f = c.open()
		wantFile(t, f, "/a", "old")
		if names, chunks := objects(t, f); len(names) != 2 || len(chunks) != 2 {
			t.Errorf("%d objects, %d with chunks", len(names), len(chunks))
		}
		if n, err := f.Sweep(t.Context()); n != 1 || err != nil {
			t.Errorf("%d objects swept, %v", n, err)
		}
		wantOnlyLive(t, f)
		wantFile(t, f, "/a", "old")
	})
}

// TestDeposedOwnerChangesNothing: it slept, another took over. Whatever it tries fails with lease.ErrLost, from then on.
func TestDeposedOwnerChangesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for name, try := range map[string]func(f *FS, w file.File) error{
			"Datasync": func(f *FS, w file.File) error { return w.Datasync() },
			"Rename":   func(f *FS, w file.File) error { return f.Rename("/b", "/a") },
			"Remove":   func(f *FS, w file.File) error { return f.Remove("/b") },
			"MkdirAll": func(f *FS, w file.File) error { return f.MkdirAll("/d", 0o700) },
			"Write":    func(f *FS, w file.File) error { return file.WriteAtomic(f, "/a", []byte("x"), 0o600) },
			"Sweep": func(f *FS, w file.File) error {
				_, err := f.Sweep(context.Background())
				return errors.Join(err, w.Datasync())
			},
		} {
			t.Run(name, func(t *testing.T) {
				c := newCell(t, db, 1)
				held := c.take()
				c.o.Held = &asleep{hold{Held: held}}
				a := c.open()
				write(t, a, "/a", "1")
				write(t, a, "/b", "2")
				w, err := a.OpenFile("/a", os.O_RDWR, 0)
				must(t, err)
				if _, err := w.WriteAt([]byte("deposed"), 0); err != nil {
					t.Fatal(err)
				}
				held.Release()
				c.o.Held = nil
				c.elsewhere()
				b := c.open()
				if name == "Write" { // else the lease alone tells, not the directory's version
					write(t, b, "/b", "the new owner's")
				}
				err = try(a, w)
				wantError(t, err, lease.ErrLost)
				if name != "Sweep" {
					wantError(t, err, ErrFailed)
				}
				_, err = a.OpenFile("/fresh", os.O_RDWR|os.O_CREATE, 0o600)
				wantError(t, err, lease.ErrLost)
				wantError(t, a.Remove("/a"), lease.ErrLost)
				wantError(t, a.SyncDir("/"), lease.ErrLost)
				got := make([]byte, 7)
				if _, err := w.ReadAt(got, 0); err != nil || string(got) != "deposed" { // what it has may be read
					t.Errorf("%q, %v", got, err)
				}
				must(t, w.Close())
				wantFile(t, b, "/a", "1")
				write(t, b, "/b", "the new owner's")
				c.o.Held.(*lease.Held).Release()
				b.Close()
				c.o.Held = nil
				c.elsewhere()
				b = c.open()
				wantFile(t, b, "/a", "1")
				wantFile(t, b, "/b", "the new owner's")
				if _, err := b.Stat("/d"); !errors.Is(err, fs.ErrNotExist) {
					t.Error(err)
				}
				_, err = b.Sweep(t.Context())
				must(t, err)
				wantOnlyLive(t, b)
			})
		}
	})
}

// TestOwnerThatSleepsInACommit: the lease goes to another while a transaction of the owner is about to check it.
func TestOwnerThatSleepsInACommit(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.Postgres(t), 1)
	held := c.take()
	h := &asleep{hold{Held: held}}
	c.o.Held = h
	a := c.open()
	write(t, a, "/a", "1")
	asked, wake := make(chan struct{}), make(chan struct{})
	h.before(func() error {
		close(asked)
		<-wake
		return nil
	})
	done := make(chan error, 1)
	go func() { done <- file.WriteAtomic(a, "/a", []byte("late"), 0o600) }()
	<-asked
	held.Release()
	c.o.Held = nil
	c.elsewhere()
	b := c.open()
	if n, err := b.Sweep(t.Context()); n != 1 || err != nil { // what the sleeper has stored already
		t.Errorf("%d swept, %v", n, err)
	}
	close(wake)
	wantError(t, <-done, lease.ErrLost)
	wantFile(t, b, "/a", "1")
	wantOnlyLive(t, b)
}

// TestEndOfTheLeaseEndsChanges: an owner that is awake knows from its lease.
func TestEndOfTheLeaseEndsChanges(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.SQLite(t), 1)
	held := c.take()
	c.o.Held = held
	f := c.open()
	write(t, f, "/a", "1")
	held.Release()
	err := f.Remove("/a")
	wantError(t, err, ErrFailed)
	wantError(t, err, lease.ErrReleased)
	wantFile(t, f, "/a", "1")
	must(t, f.Close())
	must(t, f.Close())
	_, err = f.Stat("/a")
	wantError(t, err, fs.ErrClosed)
	c.o.CacheDir = t.TempDir()
	_, err = Open(t.Context(), c.o)
	wantError(t, err, lease.ErrReleased)
}

// TestTwoUnderOneLease: the directory's version tells that another one writes.
func TestTwoUnderOneLease(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.SQLite(t), 1)
	a := c.open()
	if _, err := Open(t.Context(), c.o); !errors.Is(err, file.ErrLocked) {
		t.Errorf("the same cache for two: %v", err)
	}
	c.elsewhere()
	b := c.open()
	write(t, b, "/a", "b's")
	err := file.WriteAtomic(a, "/a", []byte("a's"), 0o600)
	wantError(t, err, lease.ErrLost)
	wantFile(t, b, "/a", "b's")
}

// TestWarmTakeover: who warmed its cache takes over without a download.
func TestWarmTakeover(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCell(t, db, 1)
		next := c.o
		next.CacheDir = t.TempDir()
		if w, err := Warm(t.Context(), next); w != (Warmed{}) || err != nil {
			t.Errorf("a cell that is not there: %+v, %v", w, err)
		}
		f := c.open()
		must(t, f.MkdirAll("/d", 0o700))
		big := strings.Repeat("0123456789", 300_000)
		write(t, f, "/d/big", big)
		write(t, f, "/gone", "gone")
		w, err := f.OpenFile("/journal", os.O_RDWR|os.O_CREATE, 0o600)
		must(t, err)
		for i := range 5 {
			_, err := w.WriteAt([]byte(strings.Repeat("x", 1000)), int64(i)*1000)
			must(t, errors.Join(err, w.Datasync()))
		}
		must(t, w.Close())
		if got, err := Warm(t.Context(), next); got.Fetched != got.Objects || got.Objects != 4 || got.Left != 0 || err != nil {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := Warm(t.Context(), c.o); !errors.Is(err, file.ErrLocked) {
			t.Errorf("Warm in the owner's cache: %v", err)
		}
		must(t, f.Remove("/gone"))
		write(t, f, "/late", "late")
		if got, err := Warm(t.Context(), next); got.Fetched != 1 || got.Objects != 4 || err != nil {
			t.Errorf("%+v, %v", got, err)
		}
		c.o.Held.(*lease.Held).Release()
		crash(f)
		c.o.Held, c.o.CacheDir = nil, next.CacheDir
		f = c.open()
		wantFile(t, f, "/d/big", big)
		wantFile(t, f, "/late", "late")
		wantFile(t, f, "/journal", strings.Repeat("x", 5000))
		if s := f.Stats(); s.Downloads != 0 || s.DamagedCache != 0 {
			t.Errorf("%+v", s)
		}
		// And the same process again, on its own cache.
		f.Close()
		f = c.open()
		wantFile(t, f, "/d/big", big)
		if s := f.Stats(); s.Downloads != 0 {
			t.Errorf("%+v", s)
		}
		small := next
		small.CacheDir, small.CacheBytes = t.TempDir(), 10_000
		if got, err := Warm(t.Context(), small); got.Left != 1 || got.Fetched != 3 || err != nil {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestWrongOptionsAreNamed(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.SQLite(t), 1)
	c.o.Held = c.take()
	for field, change := range map[string]func(*Options){
		"DB": func(o *Options) { o.DB = nil }, "Held": func(o *Options) { o.Held = nil }, "Cell": func(o *Options) { o.Cell = "A b" },
		"Conn": func(o *Options) { o.Objects.Conn = nil }, "Replicas": func(o *Options) { o.Objects.Replicas = 2 }, "CacheDir": func(o *Options) { o.CacheDir = "" },
	} {
		o := c.o
		change(&o)
		if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	f := c.open()
	f.Close()
	other := newCell(t, c.o.DB, 1)
	other.o.Held, other.o.Objects.Bucket = c.o.Held, "files_"+c.o.Cell
	_, err := Open(t.Context(), other.o)
	var wrong *ConfigError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), other.o.Cell) {
		t.Errorf("another cell's bucket: %v", err)
	}
	if _, err := f.OpenFile("/a\x00b", os.O_RDWR|os.O_CREATE, 0o600); err == nil {
		t.Error("an impossible name was taken")
	}
}
