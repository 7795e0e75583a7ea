package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/file"
)

const limit = 1 << 20

func open(t *testing.T, dir string) *blob.Store {
	t.Helper()
	s, err := blob.Open(file.OS(), dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// count returns how many files stand below dir.
func count(t *testing.T, dir string) (n int) {
	t.Helper()
	if err := filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestObjectsComeBackByTheirHash(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ctx := context.Background()
	// SHA-256 of "abc": FIPS 180-4, example B.1.
	info, err := s.Put(ctx, strings.NewReader("abc"), 0)
	if err != nil || info != (blob.Info{ID: "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Size: 3}) {
		t.Fatalf("got %v, %v", info, err)
	}
	for _, size := range []int{0, 1, 256<<10 - 1, 256 << 10, 256<<10 + 1, limit} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(rand.Uint32())
		}
		var wg sync.WaitGroup
		for range 3 { // the same content at once is stored once
			wg.Go(func() {
				if _, err := s.Put(ctx, bytes.NewReader(data), 0); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		info, err := s.Put(ctx, iotest.OneByteReader(bytes.NewReader(data[:min(size, 1000)])), 0)
		if err != nil || info.Size != int64(min(size, 1000)) {
			t.Fatalf("size %d: got %v, %v", size, info, err)
		}
		full, err := s.Put(ctx, bytes.NewReader(data), 0)
		if err != nil {
			t.Fatal(err)
		}
		got, err := open(t, dir).ReadAll(full.ID, limit)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("size %d: came back differently, %v", size, err)
		}
	}
	if n := count(t, filepath.Join(dir, "new")); n != 0 {
		t.Errorf("%d unfinished files are left", n)
	}
	if err := s.Remove(info.ID); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{s.Remove(info.ID), second(s.Stat(info.ID)), second(s.ReadAll(info.ID, 10))} {
		if !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("removed object: got %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestWhatCannotBeStoredLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var large *blob.TooLargeError
	if _, err := s.Put(context.Background(), bytes.NewReader(make([]byte, 11)), 10); !errors.As(err, &large) || large.Limit != 10 {
		t.Errorf("too large: got %v", err)
	}
	if _, err := s.Put(context.Background(), bytes.NewReader(make([]byte, limit+1)), 2*limit); !errors.As(err, &large) || large.Limit != limit {
		t.Errorf("larger than the store allows: got %v", err)
	}
	cut := errors.New("line cut")
	if _, err := s.Put(context.Background(), io.MultiReader(strings.NewReader("x"), iotest.ErrReader(cut)), 0); !errors.Is(err, cut) {
		t.Errorf("broken source: got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Put(ctx, strings.NewReader("x"), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	if n := count(t, dir); n != 0 {
		t.Errorf("%d files are left", n)
	}
	if err := os.WriteFile(filepath.Join(dir, "new", "half"), []byte("left by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if n := count(t, dir); n != 0 {
		t.Error("the next start does not tidy up")
	}
}

func TestDamageIsAnErrorAndNeverData(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	info, err := s.Put(context.Background(), strings.NewReader(strings.Repeat("warp and weft ", 1000)), 0)
	if err != nil {
		t.Fatal(err)
	}
	digits := strings.TrimPrefix(string(info.ID), "sha256:")
	name := filepath.Join(dir, "sha256", digits[:2], digits)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[7000] ^= 1
	for what, data := range map[string][]byte{"a flipped bit": flipped, "cut short": whole[:9999], "longer": append(bytes.Clone(whole), 0), "empty": nil} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := s.ReadAll(info.ID, limit); !errors.Is(err, blob.ErrDamaged) || got != nil {
			t.Errorf("%s: got %d bytes, %v", what, len(got), err)
		}
	}
}

func TestIDsFromOutsideAreChecked(t *testing.T) {
	for _, id := range []string{"", "sha256:", "sha256:../../etc/passwd", "sha256:" + strings.Repeat("A", 64), "md5:" + strings.Repeat("a", 64), "sha256:" + strings.Repeat("a", 63)} {
		if _, err := blob.ParseID(id); err == nil {
			t.Errorf("%q was taken", id)
		}
		if _, _, err := open(t, t.TempDir()).Get(blob.ID(id)); err == nil || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%q: got %v", id, err)
		}
	}
}
