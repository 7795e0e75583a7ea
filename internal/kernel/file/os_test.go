package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func create(t *testing.T, name string) File {
	t.Helper()
	f, err := OS().OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestAllocateExtendsWithZerosAndKeepsBytes(t *testing.T) {
	f := create(t, filepath.Join(t.TempDir(), "a"))
	if _, err := f.WriteAt([]byte("abc"), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Allocate(0, 10_000); err != nil {
		t.Fatal(err)
	}
	if err := f.Allocate(0, 100); err != nil { // never shrinks
		t.Fatal(err)
	}
	if err := f.Datasync(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10_000)
	if _, err := f.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Size(); n != 10_000 || err != nil || string(b) != "abc"+strings.Repeat("\x00", 9_997) {
		t.Errorf("%d bytes %v: %.5q", n, err, b)
	}
	if err := f.Allocate(0, 0); err == nil {
		t.Error("an empty range was taken")
	}
}

func TestMapShowsTheFile(t *testing.T) {
	f := create(t, filepath.Join(t.TempDir(), "a"))
	if data, unmap, err := f.Map(); len(data) != 0 || err != nil || unmap() != nil {
		t.Errorf("empty file: %d bytes, %v", len(data), err)
	}
	if _, err := f.WriteAt([]byte("hello"), 5000); err != nil {
		t.Fatal(err)
	}
	data, unmap, err := f.Map()
	if err != nil {
		t.Fatal(err)
	}
	if len(data) != 5005 || string(data[5000:]) != "hello" {
		t.Errorf("%d bytes", len(data))
	}
	if err := unmap(); err != nil {
		t.Error(err)
	}
}

func TestLockIsExclusiveUntilClosed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	lock, err := OS().Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OS().Lock(name); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), name) {
		t.Errorf("second lock: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if lock, err = OS().Lock(name); err != nil {
		t.Fatal(err)
	}
	lock.Close()
}

func TestWriteAtomicReplaces(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	for _, s := range []string{"first", "second, longer", "3"} {
		if err := WriteAtomic(OS(), name, []byte(s), 0o640); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(name); string(b) != s || err != nil {
			t.Errorf("%q %v", b, err)
		}
	}
	list, err := OS().ReadDir(filepath.Dir(name))
	if len(list) != 1 || err != nil {
		t.Errorf("%v %v", list, err)
	}
	if err := WriteAtomic(OS(), filepath.Join(name, "below"), nil, 0o640); err == nil {
		t.Error("a file took the place of a directory")
	}
}

func TestMakeDirAndFree(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := MakeDir(OS(), dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := OS().Stat(dir); err != nil || !info.IsDir() {
		t.Error(err)
	}
	if n, err := OS().Free(dir); n == 0 || err != nil {
		t.Errorf("%d bytes free, %v", n, err)
	}
	if _, err := OS().Free(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := MakeDir(OS(), filepath.Join(dir, "x\x00y"), 0o700); err == nil {
		t.Error("an impossible name was taken")
	}
	if _, err := OS().OpenFile(filepath.Join(dir, "a"), os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600); err == nil {
		t.Error("O_APPEND was taken")
	}
}
