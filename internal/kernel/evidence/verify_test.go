package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
)

// flipped is a disk on which one byte of one file reads differently.
type flipped struct {
	file.FS
	name string
	off  int64
	mask byte
}

type flippedFile struct {
	file.File
	f *flipped
}

func (f *flipped) OpenFile(name string, flag int, perm os.FileMode) (file.File, error) {
	h, err := f.FS.OpenFile(name, flag, perm)
	if err != nil || name != f.name {
		return h, err
	}
	return flippedFile{h, f}, nil
}

func (h flippedFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := h.File.ReadAt(p, off)
	if i := h.f.off - off; i >= 0 && i < int64(n) {
		p[i] ^= h.f.mask
	}
	return n, err
}

// TestEveryChangedByteIsNamed changes each byte of each static file of a log, one at a time, and expects Verify to name
// that file, and for entries and hashes the very one.
func TestEveryChangedByteIsNamed(t *testing.T) {
	disk := fault.NewDisk(1)
	l := start(t, manual(disk, "/log"))
	add(t, l, text(0, 258)...)
	publish(t, l) // leaves partial tiles that the next checkpoint does not use
	add(t, l, text(258, 7)...)
	publish(t, l)
	must(t, l.Close())
	rng := seeded(1)
	bytes, files := 0, tree(t, disk, "/log")
	if want := 1 + 2*3 + 1; len(files) != want { // checkpoint; full, older and newer of entries and of level 0; level 1
		t.Fatalf("%d files: %v", len(files), files)
	}
	for _, p := range files {
		name := filepath.Join("/log", p)
		info, err := disk.Stat(name)
		must(t, err)
		keys := vkeys()
		if p != checkpointFile {
			keys = keys[:1] // SM2 takes its time, and is not what this is about
		}
		for off := range info.Size() {
			f := &flipped{disk, name, off, byte(1 + rng.IntN(255))}
			r, err := Verify(context.Background(), VerifyOptions{FS: f, Dir: "/log", Origin: origin, Keys: keys})
			must(t, err)
			bytes++
			if len(r.Problems) == 0 {
				t.Fatalf("%s, byte %d xor %#x: not noticed", p, off, f.mask)
			}
			for _, problem := range r.Problems {
				if problem.File != p {
					t.Fatalf("%s, byte %d xor %#x: %s is named: %v", p, off, f.mask, problem.File, r.Problems)
				}
			}
			if tl, ok := parseTilePath(p); ok && tl.L >= 0 {
				if want := fmt.Sprintf("hash %d", off/32); len(r.Problems) != 1 || r.Problems[0].Place != want {
					t.Fatalf("%s, byte %d: %v, want %s", p, off, r.Problems, want)
				}
			} else if ok {
				at := entryAt(t, disk, name, off) + tl.N*tileWidth
				if want := fmt.Sprintf("entry %d", at); r.Problems[0].Place != want {
					t.Fatalf("%s, byte %d: %v, want %s", p, off, r.Problems, want)
				}
			}
		}
	}
	t.Logf("%d bytes of %d files", bytes, len(files))
}

// entryAt tells which entry of a bundle has the byte at off.
func entryAt(t *testing.T, files file.FS, name string, off int64) (i int64) {
	data, err := readFile(files, name, maxBundle)
	must(t, err)
	for {
		n := 2 + int64(data[0])<<8 + int64(data[1])
		if off < n {
			return i
		}
		off -= n
		data = data[n:]
		i++
	}
}

func TestWhatElseMayBeWrongIsNamed(t *testing.T) {
	prepare := func() (*fault.Disk, Checkpoint) {
		d := fault.NewDisk(1)
		l := start(t, manual(d, "/log"))
		add(t, l, text(0, 700)...)
		old := publish(t, l)
		add(t, l, text(700, 100)...)
		must(t, l.Close())
		return d, old
	}
	other := fault.NewDisk(2)
	l := start(t, manual(other, "/log"))
	add(t, l, text(5, 800)...)
	must(t, l.Close())
	stolen := func(t *testing.T, n int) Checkpoint { // signed by the same keys over another history
		l := start(t, manual(fault.NewDisk(3), "/log"))
		add(t, l, text(1, n)...)
		return publish(t, l)
	}
	for what, c := range map[string]struct {
		harm  func(d *fault.Disk, o *VerifyOptions)
		names string
	}{
		"missing full tile":   {func(d *fault.Disk, o *VerifyOptions) { must(t, d.Remove("/log/tile/0/001")) }, "tile/0/001: it is missing"},
		"missing bundle":      {func(d *fault.Disk, o *VerifyOptions) { must(t, d.Remove("/log/tile/entries/002")) }, "tile/entries/002: it is missing"},
		"missing edge":        {func(d *fault.Disk, o *VerifyOptions) { must(t, d.Remove("/log/tile/1/000.p/3")) }, "tile/1/000.p/3: it is missing"},
		"missing checkpoint":  {func(d *fault.Disk, o *VerifyOptions) { must(t, d.Remove("/log/checkpoint")) }, "checkpoint: it is missing"},
		"another history":     {func(d *fault.Disk, o *VerifyOptions) { o.Old = stolen(t, 700).Text }, "the older checkpoint: its root over the first 700 entries"},
		"entries taken away":  {func(d *fault.Disk, o *VerifyOptions) { o.Old = stolen(t, 801).Text }, "the older checkpoint: it covers 801 entries and the log has only 800"},
		"no older checkpoint": {func(d *fault.Disk, o *VerifyOptions) { o.Old = []byte("x") }, "the older checkpoint: not proved: checkpoint:"},
		"other log's tile": {func(d *fault.Disk, o *VerifyOptions) {
			b, err := readFile(other, "/log/tile/entries/001", maxBundle)
			must(t, err)
			must(t, file.WriteAtomic(d, "/log/tile/entries/001", b, 0o600))
		}, "tile/entries/001, entry 256: it was changed"},
		"another key": {func(d *fault.Disk, o *VerifyOptions) {
			keys, err := GenerateKeys(origin, nil1{})
			must(t, err)
			o.Keys = []Verifier{keys[0].Verifier()}
		}, "checkpoint: not proved: none of the given keys has signed"},
		"another origin": {func(d *fault.Disk, o *VerifyOptions) { o.Origin = "x" }, "checkpoint: not proved: the checkpoint is of the log plant.example/evidence, not of x"},
		"longer tile": {func(d *fault.Disk, o *VerifyOptions) {
			b, err := readFile(d, "/log/tile/0/002", 1<<20)
			must(t, err)
			must(t, file.WriteAtomic(d, "/log/tile/0/002", append(b, b...), 0o600))
		}, "tile/0/002: it has 16384 bytes"},
	} {
		d, old := prepare()
		o := VerifyOptions{FS: d, Dir: "/log", Origin: origin, Keys: vkeys(), Old: old.Text}
		c.harm(d, &o)
		r, err := Verify(context.Background(), o)
		if err != nil || len(r.Problems) == 0 || !strings.HasPrefix(r.Problems[0].String(), c.names) {
			t.Errorf("%s: %v %v", what, err, r.Problems)
		}
	}
	d, old := prepare()
	d.Damage("/log/tile/1/000.p/3", 1, 1)
	r0, err := Verify(context.Background(), VerifyOptions{FS: d, Dir: "/log", Origin: origin, Keys: vkeys(), Old: stolen(t, 801).Text})
	if err != nil || len(r0.Problems) != 2 || r0.Problems[0].File != "" || r0.Problems[1].File != "tile/1/000.p/3" {
		t.Errorf("two things wrong: %v %v", err, r0.Problems)
	}
	d, old = prepare()
	if r := check(t, d, "/log", old.Text); r.Entries != 800 || len(r.Notes) > 0 || r.Old.Size != 700 {
		t.Errorf("%+v", r)
	}
	r, err := Verify(context.Background(), VerifyOptions{FS: d, Dir: "/log", Origin: origin, Keys: vkeys()[1:]})
	if err != nil || len(r.Problems) > 0 || len(r.Notes) != 1 || r.Checkpoint.Signed[0].Algorithm != SM2 {
		t.Errorf("with the SM2 key alone: %v %+v", err, r)
	}
}

// nil1 is a bad source of random bytes.
type nil1 struct{}

func (nil1) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i*i + 3)
	}
	return len(p), nil
}

// httpTiles is a tlog client that knows C2SP tlog-tiles and nothing of this package.
type httpTiles struct {
	t    *testing.T
	base string
}

func (c httpTiles) get(path string) []byte {
	r, err := http.Get(c.base + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %s %v", path, r.Status, err)
	}
	return b
}

func (c httpTiles) Height() int                     { return 8 }
func (c httpTiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (c httpTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range tiles {
		out = append(out, c.get("tile/"+strings.TrimPrefix(t.Path(), "tile/8/")))
	}
	return out, nil
}

// TestForeignClientReadsTheFolder: a static file server over the folder is a log for the Go checksum database's client
// library, with the Go library's own note verification.
func TestForeignClientReadsTheFolder(t *testing.T) {
	o := manual(file.OS(), t.TempDir())
	l := start(t, o)
	const n = 1000
	for i := 0; i < n; i += 250 {
		add(t, l, text(i, 250)...)
		publish(t, l)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(o.Dir)))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	client := httpTiles{t, server.URL + "/"}
	key, err := note.NewVerifier(testKeys[0].Verifier().String())
	must(t, err)
	opened, err := note.Open(client.get("checkpoint"), note.VerifierList(key))
	must(t, err)
	lines := strings.Split(opened.Text, "\n")
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || lines[0] != origin || lines[1] != "1000" || lines[3] != "time 2026-11-22T12:00:00.000000001Z" || len(opened.UnverifiedSigs) != 1 {
		t.Fatalf("%q %v", opened.Text, err)
	}
	hashes := tlog.TileHashReader(tlog.Tree{N: n, Hash: tlog.Hash(root)}, client)
	for i := int64(0); i < n; i += 37 {
		h, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
		if err != nil || h[0] != tlog.RecordHash(fmt.Appendf(nil, "e%d", i)) {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
	if b := client.get("tile/entries/000"); string(b[:6]) != "\x00\x02e0\x00\x02" {
		t.Errorf("%q", b[:6])
	}
	// A client that still holds the checkpoint of 750 finds the partial tile that it needs, or the full one.
	old, err := tlog.TreeHash(750, hashes)
	must(t, err)
	var mine [sha256.Size]byte = mth(hashAll(text(0, 750)))
	if mine != old {
		t.Error("the tree of 750 differs")
	}
}
