package pack

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestOwnPacksStandBesideThoseThatShip(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	shipped := fstest.MapFS{"calls/a.yaml": file("shipped a"), "calls/b.yaml": file("shipped b"), "policy/documents/x.txt": file("x")}
	own := fstest.MapFS{"calls/b.yaml": file("own b"), "calls/c.yaml": file("own c"), "policy/documents/y.txt": file("y"), ".git/config": file("")}
	both, err := Over(own, shipped)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(both, "calls/*.yaml")
	if want := []string{"calls/a.yaml", "calls/b.yaml", "calls/c.yaml"}; err != nil || !slices.Equal(files, want) {
		t.Errorf("calls are %v (%v), want %v", files, err, want)
	}
	for name, want := range map[string]string{"calls/a.yaml": "shipped a", "calls/b.yaml": "own b", "calls/c.yaml": "own c", "policy/documents/x.txt": "x", "policy/documents/y.txt": "y"} {
		if got, err := fs.ReadFile(both, name); err != nil || string(got) != want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}
	if _, err := fs.ReadFile(both, "calls/d.yaml"); err == nil {
		t.Error("a file that is in neither was read")
	}
	if _, err := fs.ReadDir(both, "nothing"); err == nil {
		t.Error("a folder that is in neither was listed")
	}
}

func TestOwnPacksThatNothingReadsAreRefused(t *testing.T) {
	shipped := fstest.MapFS{"calls/a.yaml": &fstest.MapFile{}}
	for _, name := range []string{"call/b.yaml", "b.yaml"} {
		_, err := Over(fstest.MapFS{name: &fstest.MapFile{}}, shipped)
		if first, _, _ := strings.Cut(name, "/"); err == nil || !strings.Contains(err.Error(), first) || !strings.Contains(err.Error(), "calls") {
			t.Errorf("%s: %v, want an error that names it and the folders", name, err)
		}
	}
}
