package backup

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestRestoreRefusesWhatIsInUse(t *testing.T) {
	ctx := context.Background()
	n := filled(t)
	r := repository(t, filepath.Join(t.TempDir(), "repo"))
	res, err := Run(ctx, n.source(), r, nil)
	must(t, err)
	if _, err := Restore(ctx, r, RestoreOptions{To: n.dir}); !errors.Is(err, ErrRunning) {
		t.Errorf("over a living node: %v", err)
	}
	n.close()
	var full *NotEmptyError
	if _, err := Restore(ctx, r, RestoreOptions{To: n.dir}); !errors.As(err, &full) || !strings.Contains(err.Error(), "--to") {
		t.Errorf("over a stopped node: %v", err)
	}
	var unknown *UnknownSnapshotError
	if _, err := Restore(ctx, r, RestoreOptions{To: t.TempDir(), Snapshot: "2020"}); !errors.As(err, &unknown) || !strings.Contains(err.Error(), res.Snapshot) {
		t.Errorf("an unknown snapshot: %v", err)
	}
	db := storetest.SQLite(t)
	if _, err := Restore(ctx, r, RestoreOptions{To: t.TempDir(), DB: db}); err == nil || !strings.Contains(err.Error(), "--database") {
		t.Errorf("a database for records of SQLite: %v", err)
	}
	var not *NotRepositoryError
	if _, err := OpenRepository(file.OS(), t.TempDir()); !errors.As(err, &not) {
		t.Errorf("a folder that is no repository: %v", err)
	}
	if _, err := WriteRepository(file.OS(), n.dir, "1", begin0); !errors.As(err, &not) {
		t.Errorf("a backup into a data folder: %v", err)
	}
	if _, err := WriteRepository(file.OS(), r.dir, "1", begin0); !errors.Is(err, file.ErrLocked) {
		t.Errorf("two backups at once: %v", err)
	}
}

func TestInterruptedRestoreIsRefusedByTheNodeAndBeginsAnew(t *testing.T) {
	n := filled(t)
	r := repository(t, filepath.Join(t.TempDir(), "repo"))
	_, err := Run(context.Background(), n.source(), r, nil)
	must(t, err)
	to := filepath.Join(t.TempDir(), "to")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = Restore(ctx, r, RestoreOptions{To: to}); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(to, "records.db"), []byte("half"), 0o600))
	var unfinished *UnfinishedRestoreError
	if err := MarkFormats(file.OS(), to, "1"); !errors.As(err, &unfinished) {
		t.Errorf("a node may start on half a restore: %v", err)
	}
	if _, _, err := Fsck(context.Background(), FsckOptions{FS: file.OS(), Dir: to}); err == nil {
		t.Error("half a restore was examined")
	}
	if _, err := Restore(context.Background(), r, RestoreOptions{To: to}); err != nil {
		t.Fatal(err)
	}
	report, _, err := Fsck(context.Background(), FsckOptions{FS: file.OS(), Dir: to})
	if err != nil || len(report.Findings) > 0 {
		t.Errorf("%v %+v", err, report)
	}
}

func TestRestoreIntoADatabaseWithTablesIsRefused(t *testing.T) {
	n := newNode(t, t.TempDir(), storetest.PostgresURL(t))
	r := repository(t, filepath.Join(t.TempDir(), "repo"))
	_, err := Run(context.Background(), n.source(), r, nil)
	must(t, err)
	to := filepath.Join(t.TempDir(), "to")
	if _, err := Restore(context.Background(), r, RestoreOptions{To: to}); err == nil || !strings.Contains(err.Error(), "--database") {
		t.Errorf("without a database: %v", err)
	}
	if _, err := Restore(context.Background(), r, RestoreOptions{To: to, DB: n.db}); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("into the node's own database: %v", err)
	}
}

func TestNewerFormatsAreRefused(t *testing.T) {
	n := filled(t)
	n.close()
	mark := filepath.Join(n.dir, FormatsFile)
	b, err := os.ReadFile(mark)
	must(t, err)
	var m formatsMark
	must(t, json.Unmarshal(b, &m))
	m.Block, m.Program = 99, "7.1.0"
	b, err = json.Marshal(m)
	must(t, err)
	must(t, os.WriteFile(mark, b, 0o600))
	var newer *FormatError
	if err := MarkFormats(file.OS(), n.dir, "1.0.0"); !errors.As(err, &newer) || !strings.Contains(err.Error(), "use version ≥ 7.1.0") {
		t.Errorf("a newer data folder: %v", err)
	}
	if _, _, err := Fsck(context.Background(), FsckOptions{FS: file.OS(), Dir: n.dir}); !errors.As(err, &newer) {
		t.Errorf("fsck of a newer data folder: %v", err)
	}
	must(t, os.Remove(mark))
	n.open()
	// A repository and a snapshot of a later version.
	dir := filepath.Join(t.TempDir(), "repo")
	r := repository(t, dir)
	res, err := Run(context.Background(), n.source(), r, nil)
	must(t, err)
	s := must1(r.Load(""))
	s.Format, s.Program = 2, "8.0.0"
	document, id, err := s.encode()
	must(t, err)
	must(t, os.WriteFile(r.documentPath(id), document, 0o600))
	must(t, os.Remove(r.documentPath(res.Snapshot)))
	if _, err := r.Load(""); !errors.As(err, &newer) || !strings.Contains(err.Error(), "use version ≥ 8.0.0") {
		t.Errorf("a snapshot of format 2: %v", err)
	}
	name := filepath.Join(dir, repositoryFile)
	b, err = os.ReadFile(name)
	must(t, err)
	must(t, os.WriteFile(name, []byte(strings.Replace(string(b), `"format": 1`, `"format": 3`, 1)), 0o600))
	if _, err := OpenRepository(file.OS(), dir); !errors.As(err, &newer) || newer.Has != 3 {
		t.Errorf("a repository of format 3: %v", err)
	}
}

func TestPruneKeepsWhatKeptSnapshotsName(t *testing.T) {
	ctx := context.Background()
	n := filled(t)
	r := repository(t, filepath.Join(t.TempDir(), "repo"))
	var ids []string
	refs := declare(t, n.store, 0, 10)
	for k := range 4 {
		n.fill(refs, 1000+k*50, 1050+k*50)
		must(t, n.store.Flush(ctx))
		must(t, n.store.Compact(ctx)) // so that earlier blocks are in earlier snapshots only
		res, err := Run(ctx, n.source(), r, nil)
		must(t, err)
		ids = append(ids, res.Snapshot)
	}
	if _, err := r.Prune(0); err == nil {
		t.Error("nothing was to be kept")
	}
	p, err := r.Prune(2)
	must(t, err)
	left, err := r.IDs()
	must(t, err)
	if len(left) != 2 || len(p.Snapshots) != 2 || p.Pieces == 0 || p.Bytes == 0 {
		t.Fatalf("%+v, left %v of %v", p, left, ids)
	}
	for _, id := range left {
		if report, err := r.Verify(ctx, id, t.TempDir(), nil); err != nil || len(report.Findings) > 0 {
			t.Errorf("snapshot %s after pruning: %v %+v", id, err, report)
		}
	}
	needed := map[string]bool{}
	for _, id := range left {
		for _, f := range must1(r.Load(id)).Files {
			for _, p := range f.Pieces {
				needed[p.SHA256] = true
			}
		}
	}
	if got := len(filesBelow(t, filepath.Join(r.dir, dataDir))); got != len(needed) {
		t.Errorf("%d pieces are there, %d are needed", got, len(needed))
	}
}

func FuzzSnapshot(f *testing.F) {
	s := &Snapshot{Format: 1, Engine: "sqlite", Files: []File{{Name: "a/b", Kind: Plain, Bytes: 3, Pieces: []Piece{{strings.Repeat("ab", 32), 3}}}}}
	b, _, err := s.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":1,"engine":"sqlite","files":[{"name":"../x"}]}`))
	f.Add([]byte(`{"files":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var head Snapshot
		if json.Unmarshal(b, &head) != nil {
			return
		}
		s, err := decodeSnapshot(idOf(head.Made, b), b)
		if err != nil {
			return
		}
		for _, f := range s.Files {
			if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
				t.Fatalf("the name %q leads out of the folder", f.Name)
			}
		}
	})
}
