package backup

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

// flip changes one bit of a file and returns a function that changes it back.
func flip(t *testing.T, name string, bit int64) (back func()) {
	t.Helper()
	change := func() {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		must(t, err)
		defer f.Close()
		b := make([]byte, 1)
		_, err = f.ReadAt(b, bit/8)
		must(t, err)
		b[0] ^= 1 << (bit % 8)
		_, err = f.WriteAt(b, bit/8)
		must(t, err)
	}
	change()
	return change
}

func filesBelow(t *testing.T, dir string) (out []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, name)
		}
		return err
	}))
	return out
}

// filled is a node with some blocks, and samples that are in the journal only.
func filled(t *testing.T) *node {
	t.Helper()
	n := sqliteNode(t)
	refs := declare(t, n.store, 0, 10)
	for k := range 3 {
		n.fill(refs, k*60, k*60+60)
		must(t, n.store.Flush(context.Background()))
	}
	n.fill(refs, 180, 220)
	return n
}

func TestEveryFlippedBitOfARepositoryIsFound(t *testing.T) {
	ctx := context.Background()
	n := filled(t)
	dir := filepath.Join(t.TempDir(), "repo")
	r := repository(t, dir)
	_, err := Run(ctx, n.source(), r, nil)
	must(t, err)
	work := t.TempDir()
	report, err := r.Verify(ctx, "", work, nil)
	if err != nil || len(report.Findings) > 0 || report.Summary.Rows != 1800 || report.Summary.Commits != 220 || report.Summary.Series != 10 {
		t.Fatalf("%v: %+v", err, report)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range filesBelow(t, dir) {
		info, err := os.Stat(name)
		must(t, err)
		if info.Size() == 0 || filepath.Base(name) == repositoryFile {
			continue
		}
		back := flip(t, name, random.Int64N(info.Size()*8))
		report, err := r.Verify(ctx, "", work, nil)
		var damage *DamageError
		if !errors.As(err, &damage) && (err != nil || !report.Damaged()) {
			t.Errorf("a bit of %s was flipped: %v, %+v", name, err, report)
		}
		back()
	}
	// A piece that is gone, and one that is cut off.
	files := must1(r.Load("")).Files
	segment := files[slices.IndexFunc(files, func(f File) bool { return strings.HasSuffix(f.Name, ".seg") })]
	piece := r.piecePath(segment.Pieces[0].SHA256)
	content, err := os.ReadFile(piece)
	must(t, err)
	must(t, os.Remove(piece))
	if report, err := r.Verify(ctx, "", work, nil); err != nil || !report.Damaged() || report.Findings[0].File != segment.Name {
		t.Errorf("without a piece: %v %+v", err, report)
	}
	if _, err := Restore(ctx, r, RestoreOptions{To: filepath.Join(t.TempDir(), "x")}); err == nil {
		t.Error("a snapshot without one of its pieces was restored")
	}
	// The next backup writes what is missing.
	must(t, os.WriteFile(piece, content[:len(content)/2], 0o600))
	_, err = Run(ctx, n.source(), r, nil)
	must(t, err)
	if report, err := r.Verify(ctx, "", work, nil); err != nil || len(report.Findings) > 0 {
		t.Errorf("after the next backup: %v %+v", err, report)
	}
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func examine(t *testing.T, n *node, o FsckOptions) (*Report, *Mended) {
	t.Helper()
	o.FS, o.Dir = file.OS(), n.dir
	r, m, err := Fsck(context.Background(), o)
	must(t, err)
	return r, m
}

func TestFsckLocatesAFlippedBitOfABlock(t *testing.T) {
	n := filled(t)
	ref, _ := n.store.Lookup(seriesID(3))
	if _, _, err := Fsck(context.Background(), FsckOptions{FS: file.OS(), Dir: n.dir}); !errors.Is(err, ErrRunning) {
		t.Fatalf("a running node was examined: %v", err)
	}
	want := samples(t, n.store, ref, ^uint64(0))
	n.close()
	if r, _ := examine(t, n, FsckOptions{}); len(r.Findings) > 0 || r.Summary.Rows != 1800 {
		t.Fatalf("a sound folder: %+v", r)
	}
	blocks, _ := filepath.Glob(filepath.Join(n.dir, "telemetry", "blocks", "*.jwb"))
	if len(blocks) == 0 {
		t.Fatal("no blocks")
	}
	random := rand.New(rand.NewPCG(3, 4))
	for _, name := range blocks {
		info, err := os.Stat(name)
		must(t, err)
		for range 40 {
			bit := random.Int64N(info.Size() * 8)
			back := flip(t, name, bit)
			r, _ := examine(t, n, FsckOptions{})
			back()
			if !r.Damaged() {
				t.Fatalf("bit %d of %s was flipped and nothing was found", bit, name)
			}
			for _, f := range r.Findings {
				if filepath.Base(f.File) != filepath.Base(name) || !f.closed && f.Offset > bit/8 {
					t.Errorf("bit %d of %s was flipped; found %+v", bit, name, f)
				}
				if f.From != 0 && (f.From < begin || f.To > begin+int64(time.Hour) || !f.All && len(f.Series) == 0) {
					t.Errorf("the span or the series are not told: %+v", f)
				}
				for _, lang := range []string{"zh", "en"} {
					if !strings.Contains(f.Tell(lang), f.File) {
						t.Errorf("%s: %s", lang, f.Tell(lang))
					}
				}
			}
		}
	}
	// The head of a block is destroyed: it is moved aside, the node starts, reads of its span say so.
	back := flip(t, blocks[0], 40*8)
	back()
	content, err := os.ReadFile(blocks[0])
	must(t, err)
	must(t, os.WriteFile(blocks[0], content[:len(content)-1], 0o600))
	r, m := examine(t, n, FsckOptions{Isolate: true})
	if len(m.Moved) != 1 || !r.Damaged() {
		t.Fatalf("%+v %+v", r, m)
	}
	if _, err := os.Stat(filepath.Join(n.dir, damagedDir, filepath.Base(blocks[0]))); err != nil {
		t.Error(err)
	}
	n.open()
	_, err = n.store.Raw(context.Background(), ref, telemetry.Span{From: begin, To: begin + int64(time.Hour)}, telemetry.RawOptions{})
	var damage *telemetry.DamageError
	if !errors.As(err, &damage) {
		t.Errorf("a read of the span of a block that is gone: %v", err)
	}
	if page, err := n.store.Raw(context.Background(), ref, telemetry.Span{From: begin + 180e9, To: begin + 220e9}, telemetry.RawOptions{}); err != nil || len(page.Samples) != 40 {
		t.Errorf("a read of another span: %d samples, %v", len(page.Samples), err)
	}
	if len(want) != 220 {
		t.Errorf("%d samples", len(want))
	}
}

func TestDamagedBlocksAreMendedFromABackup(t *testing.T) {
	n := filled(t)
	ref, _ := n.store.Lookup(seriesID(3))
	want := samples(t, n.store, ref, ^uint64(0))
	r := repository(t, filepath.Join(t.TempDir(), "repo"))
	_, err := Run(context.Background(), n.source(), r, nil)
	must(t, err)
	n.close()
	blocks, _ := filepath.Glob(filepath.Join(n.dir, "telemetry", "blocks", "*.jwb"))
	flip(t, blocks[0], 50*8)
	if len(blocks) > 1 {
		must(t, os.Remove(blocks[1]))
	}
	report, m := examine(t, n, FsckOptions{MendFrom: r})
	if len(report.Findings) > 0 || len(m.Replaced) != min(len(blocks), 2) {
		t.Fatalf("%+v %+v", report, m)
	}
	n.open()
	if got := samples(t, n.store, ref, ^uint64(0)); !slices.Equal(got, want) {
		t.Errorf("%d samples, want %d", len(got), len(want))
	}
}

func TestFsckFindsWhatIsWrongElsewhere(t *testing.T) {
	n := filled(t)
	object := filepath.Join(n.dir, "blobs", "sha256", "2c", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
	must(t, os.MkdirAll(filepath.Dir(object), 0o700))
	must(t, os.WriteFile(object, []byte("hello"), 0o600))
	n.close()
	if r, _ := examine(t, n, FsckOptions{}); len(r.Findings) > 0 {
		t.Fatalf("a sound folder: %+v", r)
	}
	leaf := filepath.Join(n.dir, "evidence", "tile", "entries", "000.p", "1")
	segment := must1(filepath.Glob(filepath.Join(n.dir, "journal", "*.seg")))[0]
	for _, c := range []struct {
		what, name string
		bit        int64
		file       string
	}{
		{"a group of the journal", segment, (4096 + 100) * 8, "journal/" + filepath.Base(segment)},
		{"the header of a segment", segment, 20 * 8, "journal/" + filepath.Base(segment)},
		{"the manifest", filepath.Join(n.dir, "telemetry", "manifest"), 30 * 8, "telemetry/manifest"},
		{"the records", filepath.Join(n.dir, "records.db"), 8 * (4096 + 3), "records.db"},
		{"a leaf", leaf, 8 * 5, "evidence/tile/entries/000.p/1"},
		{"an object", object, 3, "blobs/sha256/2c/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},
	} {
		back := flip(t, c.name, c.bit)
		r, _ := examine(t, n, FsckOptions{})
		if !r.Damaged() || r.Findings[0].File != c.file || r.Findings[0].Means.IsZero() || r.Findings[0].Mend.IsZero() {
			t.Errorf("%s: %+v", c.what, r.Findings)
		}
		back()
	}
	// A journal that is older than the blocks.
	must(t, os.Rename(filepath.Join(n.dir, "journal"), filepath.Join(n.dir, "away")))
	must(t, os.MkdirAll(filepath.Join(n.dir, "journal"), 0o700))
	l, err := log.Open(log.Options{Dir: filepath.Join(n.dir, "journal"), SegmentBytes: 256 << 10, MaxBytes: 16 << 20})
	must(t, err)
	must(t, l.Close())
	if r, _ := examine(t, n, FsckOptions{}); !r.Damaged() || !strings.Contains(r.Findings[0].What, "ends at commit 0") {
		t.Errorf("another journal: %+v", r.Findings)
	}
}
