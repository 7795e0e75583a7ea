// Package filetest is what every file.FS must do, as a test: it runs on the disk of this computer, on the one that fails
// (package fault) and on the files of a cluster (package shared).
package filetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"jingwei/internal/kernel/file"
)

// Place is an empty directory of a file system.
type Place struct {
	FS  file.FS
	Dir string
	// Crash ends the life of the FS without farewell and returns the next one; for RunCrashes.
	Crash func() file.FS
}

// Run runs the tests, each in a place of its own.
func Run(t *testing.T, make func(t *testing.T) Place) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, p *place)
	}{
		{"Bytes", bytesAreWhatWasWritten},
		{"Flags", flags},
		{"Names", names},
		{"RenameReplaces", renameReplaces},
		{"OpenFilesOutliveTheirNames", openFilesOutlive},
		{"Map", maps},
		{"Directories", directories},
		{"WriteAtomic", writeAtomic},
		{"Lock", locks},
		{"Concurrent", concurrent},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := make(t)
			c.test(t, &place{t, p})
		})
	}
}

// RunCrashes runs the tests of places that can crash, each in a place of its own.
func RunCrashes(t *testing.T, make func(t *testing.T) Place) {
	t.Run("Crash", func(t *testing.T) { crash(&place{t, make(t)}) })
	t.Run("CrashOfNames", func(t *testing.T) { crashOfNames(&place{t, make(t)}) })
}

type place struct {
	*testing.T
	Place
}

func (p *place) path(name string) string { return filepath.Join(p.Dir, name) }

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *place) want(err, is error) {
	p.Helper()
	if !errors.Is(err, is) {
		p.Errorf("got %v, want %v", err, is)
	}
}

func (p *place) open(name string, flag int) file.File {
	p.Helper()
	f, err := p.FS.OpenFile(p.path(name), flag, 0o600)
	p.must(err)
	return f
}

func (p *place) create(name string) file.File {
	p.Helper()
	return p.open(name, os.O_RDWR|os.O_CREATE)
}

func (p *place) put(f file.File, s string, off int64) {
	p.Helper()
	if n, err := f.WriteAt([]byte(s), off); n != len(s) || err != nil {
		p.Fatalf("%d bytes written, %v", n, err)
	}
}

func (p *place) write(name, s string) {
	p.Helper()
	f := p.create(name)
	p.put(f, s, 0)
	p.must(f.Datasync())
	p.must(f.Close())
}

// content reads an open file.
func (p *place) content(f file.File) string {
	p.Helper()
	n, err := f.Size()
	p.must(err)
	b := make([]byte, n)
	if m, err := f.ReadAt(b, 0); int64(m) != n || err != nil && err != io.EOF {
		p.Fatalf("%d of %d bytes, %v", m, n, err)
	}
	return string(b)
}

// read reads a file by its name, "-" where there is none.
func (p *place) read(name string) string {
	p.Helper()
	f, err := p.FS.OpenFile(p.path(name), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "-"
	}
	p.must(err)
	defer f.Close()
	return p.content(f)
}

func (p *place) is(what, got, want string) {
	p.Helper()
	if got != want {
		p.Errorf("%s is %.80q, want %.80q", what, got, want)
	}
}

func (p *place) list(dir string) string {
	p.Helper()
	entries, err := p.FS.ReadDir(p.path(dir))
	p.must(err)
	var all []string
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		all = append(all, name)
	}
	if !slices.IsSorted(all) {
		p.Errorf("%v is not sorted", all)
	}
	return strings.Join(all, " ")
}

func bytesAreWhatWasWritten(t *testing.T, p *place) {
	f := p.create("a")
	p.put(f, "hello", 3)
	p.is("a file with a hole", p.content(f), "\x00\x00\x00hello")
	p.put(f, "J", 3)
	p.must(f.Truncate(6))
	p.is("a file cut off", p.content(f), "\x00\x00\x00Jel")
	p.must(f.Truncate(8))
	p.is("a file made longer", p.content(f), "\x00\x00\x00Jel\x00\x00")
	p.must(f.Allocate(4, 6))
	p.is("a file with room", p.content(f), "\x00\x00\x00Jel\x00\x00\x00\x00")
	p.must(f.Allocate(0, 2))
	if n, err := f.Size(); n != 10 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	p.must(f.Datasync())
	p.must(f.Datasync())
	b := make([]byte, 4)
	if n, err := f.ReadAt(b, 8); n != 2 || err != io.EOF {
		t.Errorf("%d bytes at the end, %v", n, err)
	}
	if n, err := f.ReadAt(b, 20); n != 0 || err != io.EOF {
		t.Errorf("%d bytes behind the end, %v", n, err)
	}
	if n, err := f.ReadAt(b, 3); n != 4 || err != nil || string(b) != "Jel\x00" {
		t.Errorf("%q, %v", b[:n], err)
	}
	if f.Truncate(-1) == nil || f.Allocate(0, 0) == nil || f.Allocate(-1, 5) == nil {
		t.Error("an impossible range was taken")
	}
	if _, err := f.WriteAt(b, -1); err == nil {
		t.Error("a negative offset was taken")
	}
	p.must(f.Close())
	p.want(f.Close(), fs.ErrClosed)
	if _, err := f.ReadAt(b, 0); err == nil {
		t.Error("a closed file was read")
	}
	if _, err := f.WriteAt(b, 0); err == nil {
		t.Error("a closed file was written")
	}
	p.is("a file opened again", p.read("a"), "\x00\x00\x00Jel\x00\x00\x00\x00")
	// Many small writes on many places, with syncs between them.
	f = p.create("b")
	model := make([]byte, 0, 400_000)
	for i := range 200 {
		off := i * 7919 % 300_000
		s := fmt.Sprintf("<%d>", i)
		p.put(f, s, int64(off))
		if off+len(s) > len(model) {
			model = model[:off+len(s)]
		}
		copy(model[off:], s)
		if i%20 == 19 {
			p.must(f.Datasync())
		}
	}
	p.must(f.Close())
	if p.read("b") != string(model) {
		t.Error("many small writes: the content is another")
	}
}

func flags(t *testing.T, p *place) {
	if _, err := p.FS.OpenFile(p.path("none"), os.O_RDWR, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	p.write("a", "text")
	if _, err := p.FS.OpenFile(p.path("a"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if _, err := p.FS.OpenFile(p.path("b"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err == nil {
		t.Error("O_APPEND was taken")
	}
	if _, err := p.FS.OpenFile(p.path("none/b"), os.O_RDWR|os.O_CREATE, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := p.FS.OpenFile(p.path("a/b"), os.O_RDWR|os.O_CREATE, 0o600); err == nil {
		t.Error("a file was made below a file")
	}
	if _, err := p.FS.OpenFile(p.Dir, os.O_RDWR, 0o600); err == nil {
		t.Error("a directory was opened for writing")
	}
	r := p.open("a", os.O_RDONLY)
	if _, err := r.WriteAt([]byte("x"), 0); err == nil {
		t.Error("a file opened for reading was written")
	}
	if r.Truncate(0) == nil {
		t.Error("a file opened for reading was truncated")
	}
	w := p.open("a", os.O_RDWR|os.O_TRUNC)
	p.put(w, "new", 0)
	p.is("what another handle reads", p.content(r), "new")
	p.must(w.Close())
	p.must(r.Close())
	p.is("a", p.read("a"), "new")
}

func names(t *testing.T, p *place) {
	p.write("a", "1")
	if info, err := p.FS.Stat(p.path("a")); err != nil || info.Name() != "a" || info.Size() != 1 || info.IsDir() || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	_, err := p.FS.Stat(p.path("b"))
	p.want(err, fs.ErrNotExist)
	p.want(p.FS.Rename(p.path("b"), p.path("c")), fs.ErrNotExist)
	p.want(p.FS.Remove(p.path("b")), fs.ErrNotExist)
	p.want(p.FS.SyncDir(p.path("b")), fs.ErrNotExist)
	_, err = p.FS.ReadDir(p.path("b"))
	p.want(err, fs.ErrNotExist)
	p.want(p.FS.Rename(p.path("a"), p.path("none/a")), fs.ErrNotExist)
	p.must(p.FS.Rename(p.path("a"), p.path("b")))
	p.must(p.FS.Rename(p.path("b"), p.path("b")))
	p.is("the directory", p.list(""), "b")
	p.must(p.FS.SyncDir(p.Dir))
	p.must(p.FS.Remove(p.path("b")))
	p.is("the directory", p.list(""), "")
	p.is("a removed file", p.read("b"), "-")
	f := p.create("fresh") // never synced
	p.put(f, "x", 0)
	p.must(f.Close())
	p.must(p.FS.Rename(p.path("fresh"), p.path("d")))
	p.is("a renamed file", p.read("d"), "x")
	p.must(p.FS.Remove(p.path("d")))
	if n, err := p.FS.Free(p.Dir); n == 0 || err != nil {
		t.Errorf("%d bytes free, %v", n, err)
	}
}

func renameReplaces(t *testing.T, p *place) {
	p.write("a", "old")
	r := p.open("a", os.O_RDONLY)
	defer r.Close()
	p.write("b", "new")
	p.must(p.FS.Rename(p.path("b"), p.path("a")))
	p.is("a", p.read("a"), "new")
	p.is("b", p.read("b"), "-")
	p.is("a handle of the file replaced", p.content(r), "old")
	p.must(p.FS.MkdirAll(p.path("d"), 0o700))
	if p.FS.Rename(p.path("a"), p.path("d")) == nil {
		t.Error("a file took the place of a directory")
	}
	if p.FS.Rename(p.path("d"), p.path("a")) == nil {
		t.Error("a directory took the place of a file")
	}
	p.is("the directory", p.list(""), "a d/")
}

func openFilesOutlive(t *testing.T, p *place) {
	f := p.create("a")
	p.put(f, "one", 0)
	p.must(f.Datasync())
	p.must(p.FS.Remove(p.path("a")))
	p.put(f, "two", 3)
	p.is("a file without a name", p.content(f), "onetwo")
	p.must(f.Datasync())
	p.write("a", "another")
	p.is("a file without a name", p.content(f), "onetwo")
	p.must(f.Close())
	p.is("a", p.read("a"), "another")
	f = p.open("a", os.O_RDWR)
	p.must(p.FS.Rename(p.path("a"), p.path("b")))
	p.put(f, "!", 7)
	p.must(f.Datasync())
	p.must(f.Close())
	p.is("b", p.read("b"), "another!")
	p.is("the directory", p.list(""), "b")
}

func maps(t *testing.T, p *place) {
	f := p.create("empty")
	if data, unmap, err := f.Map(); len(data) != 0 || err != nil || unmap() != nil {
		t.Errorf("an empty file: %d bytes, %v", len(data), err)
	}
	p.must(f.Close())
	text := strings.Repeat("0123456789", 1000)
	p.write("a", text)
	f = p.open("a", os.O_RDONLY)
	data, unmap, err := f.Map()
	p.must(err)
	p.must(f.Close())
	p.must(p.FS.Remove(p.path("a")))
	p.is("a mapping of a removed file", string(data), text)
	p.must(unmap())
}

func directories(t *testing.T, p *place) {
	p.must(p.FS.MkdirAll(p.path("d/e/f"), 0o700))
	p.must(p.FS.MkdirAll(p.path("d/e/f"), 0o700))
	p.must(file.MakeDir(p.FS, p.path("d/g"), 0o700))
	p.write("d/e/x", "1")
	p.write("d/y", "2")
	p.is("d", p.list("d"), "e/ g/ y")
	if info, err := p.FS.Stat(p.path("d/e")); err != nil || !info.IsDir() || !info.Mode().IsDir() || info.Name() != "e" {
		t.Errorf("%v %v", info, err)
	}
	if p.FS.MkdirAll(p.path("d/y/z"), 0o700) == nil || p.FS.MkdirAll(p.path("d/y"), 0o700) == nil {
		t.Error("a directory took the place of a file")
	}
	if _, err := p.FS.ReadDir(p.path("d/y")); err == nil {
		t.Error("a file was listed")
	}
	if p.FS.Remove(p.path("d/e")) == nil {
		t.Error("a directory was removed that is not empty")
	}
	p.must(p.FS.SyncDir(p.path("d/e")))
	p.must(p.FS.Remove(p.path("d/e/x")))
	p.must(p.FS.Remove(p.path("d/e/f")))
	p.must(p.FS.Remove(p.path("d/e")))
	p.is("d", p.list("d"), "g/ y")
}

func writeAtomic(t *testing.T, p *place) {
	for _, s := range []string{"first", "second, longer", "", "3"} {
		p.must(file.WriteAtomic(p.FS, p.path("a"), []byte(s), 0o640))
		p.is("a", p.read("a"), s)
	}
	p.is("the directory", p.list(""), "a")
	if file.WriteAtomic(p.FS, p.path("a/b"), nil, 0o640) == nil {
		t.Error("a file was made below a file")
	}
}

func locks(t *testing.T, p *place) {
	name := p.path("lock")
	l, err := p.FS.Lock(name)
	p.must(err)
	if _, err := p.FS.Lock(name); !errors.Is(err, file.ErrLocked) || !strings.Contains(err.Error(), "lock") {
		t.Errorf("the second lock: %v", err)
	}
	p.must(l.Close())
	l, err = p.FS.Lock(name)
	p.must(err)
	p.must(l.Close())
	if _, err := p.FS.Lock(p.path("none/lock")); err == nil {
		t.Error("a lock in a directory that is not there")
	}
}

// concurrent: many goroutines, each with files of its own in one directory.
func concurrent(t *testing.T, p *place) {
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			for i := range 5 {
				name, s := p.path(fmt.Sprintf("f%d", g)), bytes.Repeat([]byte{byte('a' + g), byte('0' + i)}, 3000)
				if err := file.WriteAtomic(p.FS, name, s, 0o600); err != nil {
					t.Error(err)
					return
				}
				f, err := p.FS.OpenFile(name, os.O_RDWR, 0)
				if err != nil {
					t.Error(err)
					return
				}
				b := make([]byte, len(s))
				if _, err := f.ReadAt(b, 0); err != nil || !bytes.Equal(b, s) {
					t.Errorf("%s: %.10q, %v", name, b, err)
				}
				if _, err := p.FS.ReadDir(p.Dir); err != nil {
					t.Error(err)
				}
				if err := errors.Join(f.Datasync(), f.Close()); err != nil {
					t.Error(err)
				}
			}
			if g%2 == 0 {
				if err := p.FS.Remove(p.path(fmt.Sprintf("f%d", g))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	// One file written by several at places that do not overlap.
	f := p.create("one")
	for g := range 4 {
		wg.Go(func() {
			for i := range 20 {
				if _, err := f.WriteAt([]byte{byte('a' + g)}, int64(i*4+g)); err != nil {
					t.Error(err)
				}
				if i%5 == 0 {
					if err := f.Datasync(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	p.must(f.Close())
	p.is("the file of all", p.read("one"), strings.Repeat("abcd", 20))
	p.is("the directory", p.list(""), "f1 f3 f5 one")
}

// crash: what was synced is there, what was written atomically is there whole.
func crash(p *place) {
	f := p.create("a")
	p.put(f, "safe", 0)
	p.must(f.Datasync())
	p.must(p.FS.SyncDir(p.Dir))
	p.must(file.WriteAtomic(p.FS, p.path("b"), []byte("whole"), 0o600))
	p.must(file.MakeDir(p.FS, p.path("d/e"), 0o700))
	big := strings.Repeat("0123456789abcdef", 40_000)
	p.must(file.WriteAtomic(p.FS, p.path("d/e/big"), []byte(big), 0o600))
	p.FS = p.Crash()
	p.is("a", p.read("a"), "safe")
	p.is("b", p.read("b"), "whole")
	p.is("d/e/big", p.read("d/e/big"), big)
	if info, err := p.FS.Stat(p.path("d/e")); err != nil || !info.IsDir() {
		p.Errorf("%v %v", info, err)
	}
	// A file that grows, with a sync after each step.
	f = p.create("grows")
	p.must(p.FS.SyncDir(p.Dir))
	var all strings.Builder
	for i := range 40 {
		s := fmt.Sprintf("step %d.", i)
		p.put(f, s, int64(all.Len()))
		all.WriteString(s)
		p.must(f.Datasync())
		if i%13 == 12 {
			p.FS = p.Crash()
			f = p.open("grows", os.O_RDWR)
			p.is("the file that grows", p.content(f), all.String())
		}
	}
	f.Close()
}

func crashOfNames(p *place) {
	p.write("a", "1")
	p.write("b", "2")
	p.write("c", "3")
	p.must(p.FS.SyncDir(p.Dir))
	p.must(p.FS.Rename(p.path("a"), p.path("x")))
	p.must(p.FS.Rename(p.path("b"), p.path("c")))
	p.must(p.FS.SyncDir(p.Dir))
	p.FS = p.Crash()
	p.is("the directory", p.list(""), "c x")
	p.is("c", p.read("c"), "2")
	p.must(p.FS.Remove(p.path("c")))
	p.must(p.FS.SyncDir(p.Dir))
	p.FS = p.Crash()
	p.is("the directory", p.list(""), "x")
	p.is("x", p.read("x"), "1")
}
