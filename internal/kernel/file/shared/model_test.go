package shared

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// modelFile is a file as it should be: what is read, and what is left after a crash.
type modelFile struct {
	now, kept []byte
	synced    bool
}

// TestRandomOperations compares long random lives with a simple model: operations, crashes, other machines, small caches,
// searches for garbage and ends of processes between an object and its row. Nothing that a file has is ever removed, and after
// a sweep nothing else is there.
func TestRandomOperations(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) { randomLife(t, newCell(t, db, 1), seed) })
		}
	})
}

func randomLife(t *testing.T, c *cell, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	h := &hold{Held: c.take()}
	c.o.Held, c.o.CacheBytes, c.o.chunk = h, 150_000, 20_000
	f := c.open()
	must(t, f.MkdirAll("/d", 0o700))
	files := map[string]*modelFile{}
	open := map[string]file.File{}
	name := func() string { return []string{"/a", "/b", "/c", "/d/a", "/d/b", "/d/c"}[rng.IntN(6)] }
	shut := func(name string) {
		if w := open[name]; w != nil {
			must(t, w.Close())
			delete(open, name)
		}
	}
	get := func(name string) file.File {
		if open[name] == nil {
			w, err := f.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
			must(t, err)
			open[name] = w
			if files[name] == nil {
				files[name] = &modelFile{}
			}
		}
		return open[name]
	}
	reopen := func() {
		for _, name := range slices.Collect(maps.Keys(open)) {
			shut(name)
		}
		crash(f)
		h.before(nil)
		if rng.IntN(2) == 0 {
			c.elsewhere()
		}
		f = c.open()
		for name, m := range files {
			if !m.synced {
				delete(files, name)
			} else {
				m.now = bytes.Clone(m.kept)
			}
		}
	}
	for step := range 250 {
		at := name()
		m := files[at]
		switch rng.IntN(14) {
		case 0, 1, 2, 3: // write
			w := get(at)
			m = files[at]
			off, n := rng.IntN(60_000), 1+rng.IntN(1+rng.IntN(60_000))
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			if _, err := w.WriteAt(b, int64(off)); err != nil {
				t.Fatal(err)
			}
			if len(m.now) < off+n {
				m.now = append(m.now, make([]byte, off+n-len(m.now))...)
			}
			copy(m.now[off:], b)
		case 4: // cut or make longer
			w := get(at)
			m = files[at]
			n := rng.IntN(80_000)
			if rng.IntN(3) == 0 && n > 0 {
				must(t, w.Allocate(0, int64(n)))
				n = max(n, len(m.now))
			} else {
				must(t, w.Truncate(int64(n)))
			}
			m.now = append(m.now[:min(n, len(m.now)):min(n, len(m.now))], make([]byte, max(0, n-len(m.now)))...)
		case 5, 6, 7:
			w := get(at)
			m = files[at]
			must(t, w.Datasync())
			m.kept, m.synced = bytes.Clone(m.now), true
		case 8:
			shut(at)
		case 9:
			to := name()
			err := f.Rename(at, to)
			if m == nil {
				wantError(t, err, fs.ErrNotExist)
				break
			}
			must(t, err)
			if at == to {
				break
			}
			if !m.synced {
				m.kept, m.synced = bytes.Clone(m.now), true
			}
			shut(to)
			if open[at] != nil {
				open[to] = open[at]
				delete(open, at)
			}
			files[to] = m
			delete(files, at)
		case 10:
			err := f.Remove(at)
			if m == nil {
				wantError(t, err, fs.ErrNotExist)
				break
			}
			must(t, err)
			shut(at)
			delete(files, at)
		case 11:
			if _, err := f.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		case 12:
			reopen()
		case 13: // the process ends between an object and its row
			if rng.IntN(3) > 0 || m == nil {
				break
			}
			w := get(at)
			if _, err := w.WriteAt([]byte("never told"), 0); err != nil {
				t.Fatal(err)
			}
			died := errors.New("died")
			h.before(func() error { f.cancel(died); return died })
			if err := w.Datasync(); !errors.Is(err, ErrFailed) {
				t.Fatal(err)
			}
			if m.synced {
				m.now = bytes.Clone(m.kept)
			}
			reopen()
		}
		if step%25 != 0 {
			continue
		}
		for name, m := range files {
			s, err := read(f, name)
			if err != nil || s != string(m.now) {
				t.Fatalf("seed %d, step %d: %s holds %d bytes, want %d (%v)", seed, step, name, len(s), len(m.now), err)
			}
		}
	}
	reopen()
	for name, m := range files {
		wantFile(t, f, name, string(m.kept))
	}
	if _, err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantOnlyLive(t, f)
	n := 0
	for _, dir := range []string{"/", "/d"} {
		list, err := f.ReadDir(dir)
		must(t, err)
		n += len(list)
	}
	if n != len(files)+1 {
		t.Errorf("%d names, want %d", n, len(files)+1)
	}
	f.Close()
}
