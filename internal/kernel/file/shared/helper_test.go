package shared

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/log/jetstream"
	"jingwei/internal/kernel/log/jetstream/natstest"
	"jingwei/internal/kernel/store"
)

func TestMain(m *testing.M) {
	natstest.Main()
	natstest.Run(m)
}

var cells atomic.Int64

// cell is one that a test opens in turn by several processes, each with an office of its own.
type cell struct {
	t testing.TB
	o Options
}

func newCell(t testing.TB, db *store.DB, servers int, more ...nats.Option) *cell {
	t.Helper()
	c := natstest.Shared(t, servers)
	return &cell{t: t, o: Options{
		DB: db, Cell: fmt.Sprintf("c%d", cells.Add(1)), CacheDir: t.TempDir(), SweepEvery: -1,
		Objects: Objects{Conn: c.Connect(t, append(jetstream.ConnectOptions(), more...)...), Replicas: servers},
	}}
}

// office is that of another process.
func (c *cell) office(length time.Duration) *lease.Office {
	c.t.Helper()
	f, err := lease.New(c.t.Context(), lease.Options{DB: c.o.DB, Length: length})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(f.Close)
	return f
}

func (c *cell) take() *lease.Held {
	c.t.Helper()
	h, err := c.office(time.Minute).Take(c.t.Context(), "cell/"+c.o.Cell)
	if err != nil {
		c.t.Fatal(err)
	}
	return h
}

// open opens the cell; a lease is taken if none is held.
func (c *cell) open() *FS {
	c.t.Helper()
	if c.o.Held == nil {
		c.o.Held = c.take()
	}
	f, err := Open(c.t.Context(), c.o)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { f.Close() })
	return f
}

var errDied = errors.New("the process died")

// crash ends the FS as the death of its process does, as far as the cluster can tell.
func crash(f *FS) {
	_ = f.fail(errDied)
	f.Close()
}

// elsewhere makes the next life one on another machine: nothing is in its cache.
func (c *cell) elsewhere() { c.o.CacheDir = c.t.TempDir() }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func write(t testing.TB, f file.FS, name, s string) {
	t.Helper()
	w, err := f.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	must(t, err)
	if _, err := w.WriteAt([]byte(s), 0); err != nil {
		t.Fatal(err)
	}
	must(t, w.Datasync())
	must(t, w.Close())
}

func read(f file.FS, name string) (string, error) {
	r, err := f.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	defer r.Close()
	n, err := r.Size()
	if err != nil {
		return "", err
	}
	b := make([]byte, n)
	if _, err := r.ReadAt(b, 0); err != nil && err != io.EOF {
		return "", err
	}
	return string(b), nil
}

func wantFile(t testing.TB, f file.FS, name, want string) {
	t.Helper()
	if s, err := read(f, name); err != nil || s != want {
		t.Fatalf("%s holds %d bytes %.60q, want %d bytes %.60q (%v)", name, len(s), s, len(want), want, err)
	}
}

// objects lists what the bucket holds: the names of objects, and of their chunks.
func objects(t testing.TB, f *FS) (names, chunks map[string]bool) {
	t.Helper()
	l, err := f.bucket.list(context.Background())
	must(t, err)
	names, chunks = map[string]bool{}, map[string]bool{}
	for _, name := range l.objects {
		names[name] = true
	}
	for _, name := range l.chunks {
		chunks[name] = true
	}
	return names, chunks
}

// live are the objects that files have.
func live(f *FS) map[string]piece {
	all := map[string]piece{}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.root.each(func(n *node) {
		if n.kept != nil {
			for _, p := range n.kept.pieces {
				all[p.Object] = p
			}
		}
	})
	return all
}

// wantOnlyLive waits until the bucket holds what files have and nothing else.
func wantOnlyLive(t testing.TB, f *FS) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		is, chunks := objects(t, f)
		want := live(f)
		same := len(is) == len(want) && len(chunks) == len(want)
		for object, p := range want {
			if !is[object] || !chunks[p.Chunks] {
				t.Fatalf("object %s has a row and is not there", object)
			}
		}
		if same {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d objects and %d with chunks, want %d", len(is), len(chunks), len(want))
		}
	}
}

// hold is a lease that a test can take away, or whose check it can make wait.
type hold struct {
	Held
	mu    sync.Mutex
	check func() error // before the real one
}

func (h *hold) Check(ctx context.Context, tx bun.IDB) error {
	h.mu.Lock()
	check := h.check
	h.mu.Unlock()
	if check != nil {
		if err := check(); err != nil {
			return err
		}
	}
	return h.Held.Check(ctx, tx)
}

func (h *hold) before(check func() error) {
	h.mu.Lock()
	h.check = check
	h.mu.Unlock()
}
