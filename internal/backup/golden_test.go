package backup

import (
	"context"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

var update = flag.Bool("update", false, "make testdata/v1 anew; version 1 is frozen, so only before it ships")

// testdata/v1 is a repository that the first version wrote: backup, records, journal, manifest and blocks are each of
// version 1. Whatever comes later restores and opens it.
func TestVersionOneIsRestoredAndOpens(t *testing.T) {
	ctx := context.Background()
	golden := filepath.Join("testdata", "v1")
	if *update {
		makeGolden(t, golden)
	}
	r, err := OpenRepository(file.OS(), golden)
	must(t, err)
	report, err := r.Verify(ctx, "", t.TempDir(), nil)
	if err != nil || len(report.Findings) > 0 || report.Summary.Rows != 90 || report.Summary.Commits != 40 {
		t.Fatalf("%v: %+v", err, report)
	}
	n := restoreNode(t, r, "", "sqlite")
	for i := range 3 {
		ref, ok := n.store.Lookup(seriesID(i))
		if !ok {
			t.Fatalf("series %d is gone", i)
		}
		got := samples(t, n.store, ref, math.MaxUint64)
		if len(got) != 40 {
			t.Fatalf("series %d has %d samples, want 40", i, len(got))
		}
		for k, x := range got {
			want := batch([]telemetry.Ref{ref}, k)
			bits := uint64(k) * 2654435761 * uint64(i+1)
			if x.Time != want.Time[0] || x.Gateway != want.Gateway[0] || x.Value.Bits != bits || x.Status != want.Status[0] || x.Commit != uint64(k+1) {
				t.Fatalf("series %d, sample %d: %+v", i, k, x)
			}
		}
	}
	if epoch, seq := n.store.LastSeq(uuid.UUID{7}); epoch != 1 || seq != 40 {
		t.Errorf("the producer stands at %d-%d", epoch, seq)
	}
}

func makeGolden(t *testing.T, to string) {
	must(t, os.RemoveAll(to))
	dir := t.TempDir()
	ctx := context.Background()
	n := &node{t: t, dir: dir, url: store.SQLiteURL(filepath.Join(dir, "records.db"))}
	n.open()
	defer n.close()
	refs := declare(t, n.store, 0, 3)
	n.fill(refs, 0, 30)
	must(t, n.store.Flush(ctx))
	n.fill(refs, 30, 40)
	s := n.source()
	s.Now = func() time.Time { return begin0 }
	r, err := WriteRepository(file.OS(), to, "1.0.0", begin0)
	must(t, err)
	_, err = Run(ctx, s, r, nil)
	must(t, err)
	must(t, r.Close())
	must(t, os.Remove(filepath.Join(to, lockFile)))
}
