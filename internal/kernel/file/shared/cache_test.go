package shared

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/kernel/store/storetest"
)

// TestEvictionSparesWhatIsUsed: open and mapped files stay, the others make room and come back when they are needed.
func TestEvictionSparesWhatIsUsed(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.SQLite(t), 1)
	c.o.CacheBytes = 100_000
	f := c.open()
	text := func(i int) string { return strings.Repeat(string(rune('a'+i)), 40_000) }
	name := func(i int) string { return fmt.Sprintf("/f%d", i) }
	for i := range 6 {
		write(t, f, name(i), text(i))
	}
	if s := f.Stats(); s.CacheBytes > 100_000 || s.Evicted != 4 {
		t.Errorf("%+v", s)
	}
	r, err := f.OpenFile(name(0), os.O_RDONLY, 0)
	must(t, err)
	data, unmap, err := r.Map()
	must(t, err)
	must(t, r.Close()) // the mapping alone keeps it
	open, err := f.OpenFile(name(1), os.O_RDONLY, 0)
	must(t, err)
	for i := range 6 {
		wantFile(t, f, name(i), text(i))
	}
	before := f.Stats().Downloads
	wantFile(t, f, name(0), text(0))
	wantFile(t, f, name(1), text(1))
	if s := f.Stats(); s.Downloads != before {
		t.Errorf("what is in use was fetched again: %+v", s)
	}
	if string(data) != text(0) {
		t.Error("the mapping has changed")
	}
	must(t, unmap())
	must(t, open.Close())
	if s := f.Stats(); s.CacheBytes > 100_000 {
		t.Errorf("%+v", s)
	}
	// One that grew small again: the cache holds what is read last.
	wantFile(t, f, name(5), text(5))
	before = f.Stats().Downloads
	wantFile(t, f, name(5), text(5))
	if s := f.Stats(); s.Downloads != before {
		t.Errorf("what was read last was fetched again: %+v", s)
	}
}

// TestDamageIsNamedAndNeverRead: an object that was changed, cut short or taken away is an error that names it.
func TestDamageIsNamedAndNeverRead(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.SQLite(t), 1)
	c.o.chunk = 10_000
	f := c.open()
	text := strings.Repeat("0123456789", 5_000)
	for _, name := range []string{"/good", "/changed", "/longer", "/short", "/missing"} {
		write(t, f, name, text)
	}
	publish := func(p piece, data []byte) {
		t.Helper()
		m, err := c.o.Objects.Conn.Request(f.bucket.chunks(p.Chunks), data, 5*time.Second)
		if err != nil || !bytes.Contains(m.Data, []byte(`"seq"`)) {
			t.Fatal(m, err)
		}
	}
	of := func(name string) piece {
		f.mu.Lock()
		defer f.mu.Unlock()
		n, err := f.find(name)
		must(t, err)
		return n.kept.pieces[0]
	}
	wrong := []byte(text)
	wrong[30_000] ^= 1
	must(t, f.bucket.remove(t.Context(), "", of("/changed").Chunks))
	publish(of("/changed"), wrong)
	publish(of("/longer"), []byte("more")) // never looked at: what was stored is there
	must(t, f.bucket.remove(t.Context(), "", of("/short").Chunks))
	publish(of("/short"), []byte(text[:20_000]))
	must(t, f.bucket.remove(t.Context(), of("/missing").Object, of("/missing").Chunks))
	wantFile(t, f, "/missing", text) // from the cache
	damaged := map[string]piece{"/changed": of("/changed"), "/short": of("/short"), "/missing": of("/missing")}
	crash(f)
	c.elsewhere()
	f = c.open()
	for name, p := range damaged {
		s, err := read(f, name)
		var d *DamageError
		if !errors.As(err, &d) || d.Path != name || d.Object != p.Object || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), p.Object) || s != "" {
			t.Errorf("%s: %.20q, %v", name, s, err)
		}
	}
	wantFile(t, f, "/good", text)
	wantFile(t, f, "/longer", text)
	// A damaged file may be removed, or written anew.
	must(t, f.Remove("/missing"))
	write(t, f, "/x", "anew")
	must(t, f.Rename("/x", "/changed"))
	wantFile(t, f, "/changed", "anew")

	// Damage of the cache is no damage: the object is fetched again.
	for name, change := range map[string]func(path string) error{
		"/good": func(path string) error { return os.WriteFile(path, wrong, 0o600) }, "/longer": func(path string) error { return os.Truncate(path, 100) },
	} {
		p := of(name)
		f.Close()
		must(t, change(f.cache.path(p.Object)))
		f = c.open()
		wantFile(t, f, name, text)
		if s := f.Stats(); s.DamagedCache != 1 || s.Downloads != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	f.Close()
}

// TestOnlyChangesGoUp: nothing for a sync without changes, and for a file that grows little more than what is new.
func TestOnlyChangesGoUp(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.SQLite(t), 1)
	f := c.open()
	w, err := f.OpenFile("/journal", os.O_RDWR|os.O_CREATE, 0o600)
	must(t, err)
	must(t, w.Allocate(0, 1<<20))
	must(t, w.Datasync())
	if s := f.Stats(); s.Uploads != 0 || s.Commits != 1 {
		t.Errorf("empty space: %+v", s)
	}
	page := bytes.Repeat([]byte("page"), 1024)
	var all bytes.Buffer
	for range 64 {
		if _, err := w.WriteAt(page, int64(all.Len())); err != nil {
			t.Fatal(err)
		}
		all.Write(page)
		must(t, w.Datasync())
		before := f.Stats()
		must(t, w.Datasync())
		if s := f.Stats(); s.Uploads != before.Uploads || s.Commits != before.Commits {
			t.Fatalf("a sync without changes: %+v", s)
		}
	}
	if s := f.Stats(); s.Uploads != 64 || s.UploadedBytes != 64*4096*4 {
		t.Errorf("%+v", s)
	}
	must(t, w.Close())
	wantOnlyLive(t, f)
	crash(f)
	c.elsewhere()
	f = c.open()
	all.Write(make([]byte, 1<<20-all.Len()))
	wantFile(t, f, "/journal", all.String())
	f.Close()
}

// TestFullBucket: no room is an error that says so at once, and the file may be synced when there is room again.
func TestFullBucket(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.SQLite(t), 1)
	c.o.Objects.MaxBytes = 200_000
	f := c.open()
	before, err := f.Free("/")
	if err != nil || before == 0 || before > 200_000 {
		t.Fatal(before, err)
	}
	write(t, f, "/a", strings.Repeat("a", 100_000))
	if n, err := f.Free("/"); err != nil || n > before-100_000 {
		t.Errorf("%d bytes free of %d, %v", n, before, err)
	}
	w, err := f.OpenFile("/b", os.O_RDWR|os.O_CREATE, 0o600)
	must(t, err)
	if _, err := w.WriteAt(bytes.Repeat([]byte("b"), 150_000), 0); err != nil {
		t.Fatal(err)
	}
	wantError(t, w.Datasync(), syscall.ENOSPC)
	must(t, f.Remove("/a"))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := w.Datasync()
		if err == nil {
			break
		}
		wantError(t, err, syscall.ENOSPC)
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	must(t, w.Close())
	crash(f)
	c.elsewhere()
	f = c.open()
	wantFile(t, f, "/b", strings.Repeat("b", 150_000))
	f.Close()
}

// TestSweepBesideWork: searches for garbage while files are written and replaced take nothing that has a row.
func TestSweepBesideWork(t *testing.T) {
	t.Parallel()
	c := newCell(t, storetest.Postgres(t), 1)
	f := c.open()
	stop := make(chan struct{})
	var sweeper, writers sync.WaitGroup
	sweeper.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := f.Sweep(t.Context()); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for g := range 4 {
		writers.Go(func() {
			for i := range 15 {
				write(t, f, fmt.Sprintf("/f%d-%d", g, i%3), strings.Repeat(fmt.Sprint(g, i), 2000))
			}
		})
	}
	writers.Wait()
	close(stop)
	sweeper.Wait()
	wantOnlyLive(t, f)
	crash(f)
	c.elsewhere()
	f = c.open()
	for g := range 4 {
		for i := 12; i < 15; i++ {
			wantFile(t, f, fmt.Sprintf("/f%d-%d", g, i%3), strings.Repeat(fmt.Sprint(g, i), 2000))
		}
	}
}
