package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/proof"
)

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// slowFolders makes a folder of pieces only once somebody else has tried to write into it, or had the time to.
type slowFolders struct {
	file.FS
	tried chan struct{}
	once  sync.Once
}

func (s *slowFolders) MkdirAll(dir string, mode fs.FileMode) error {
	if filepath.Base(filepath.Dir(dir)) == dataDir {
		select {
		case <-s.tried:
		case <-time.After(200 * time.Millisecond):
		}
	}
	return s.FS.MkdirAll(dir, mode)
}

func (s *slowFolders) OpenFile(name string, flag int, mode fs.FileMode) (file.File, error) {
	f, err := s.FS.OpenFile(name, flag, mode)
	if strings.HasSuffix(name, ".tmp") && errors.Is(err, fs.ErrNotExist) {
		s.once.Do(func() { close(s.tried) })
	}
	return f, err
}

// Two workers whose pieces come into the same new folder: neither writes before the folder is there.
func TestTwoPiecesOfANewFolder(t *testing.T) {
	r := repository(t, filepath.Join(t.TempDir(), "repo"))
	r.fs = &slowFolders{FS: file.OS(), tried: make(chan struct{})}
	var same [2][]byte // of which the hashes begin with the same two digits
	first := map[string][]byte{}
	for i := 0; same[0] == nil; i++ {
		b := []byte{byte(i), byte(i >> 8)}
		key := filepath.Dir(r.piecePath(hashOf(b)))
		if other := first[key]; other != nil {
			same = [2][]byte{other, b}
		}
		first[key] = b
	}
	var wait sync.WaitGroup
	for _, b := range same {
		wait.Go(func() {
			if _, written, err := r.put(b); err != nil || !written {
				t.Errorf("written %v: %v", written, err)
			}
		})
	}
	wait.Wait()
}

// A repository that several nodes share: pruning after the backup of one takes nothing of the others.
func TestPruneKeepsTheSnapshotsOfEachNode(t *testing.T) {
	ctx := context.Background()
	n := filled(t)
	r := repository(t, filepath.Join(t.TempDir(), "repo"))
	back := func(node byte) string {
		s := n.source()
		s.Node = uuid.UUID{node}
		return must1(Run(ctx, s, r, nil)).Snapshot
	}
	other := back(1)
	var mine []string
	for range 3 {
		mine = append(mine, back(2))
	}
	must(t, os.WriteFile(filepath.Join(r.dir, dataDir, "a file of somebody"), nil, 0o600))
	p, err := r.Prune(2)
	must(t, err)
	if want := []string{other, mine[1], mine[2]}; !slices.Equal(p.Kept, want) || !slices.Equal(p.Snapshots, mine[:1]) || !slices.Equal(must1(r.IDs()), want) {
		t.Errorf("%+v, left %v, want %v", p, must1(r.IDs()), want)
	}
	if report, err := r.Verify(ctx, other, t.TempDir(), nil); err != nil || len(report.Findings) > 0 {
		t.Errorf("the other node's: %v %+v", err, report)
	}
	// What a newer program wrote is not judged: nothing is removed.
	name := r.documentPath(other)
	b := must1(os.ReadFile(name))
	b = []byte(strings.Replace(string(b), `"format": 1`, `"format": 9`, 1))
	must(t, os.Remove(name))
	name = r.documentPath(idOf(must1(time.Parse(timeForm, strings.SplitN(other, "-", 2)[0])), b))
	must(t, os.WriteFile(name, b, 0o600))
	var newer *FormatError
	if _, err := r.Prune(1); !errors.As(err, &newer) || len(must1(r.IDs())) != 3 {
		t.Errorf("%v, left %v", err, must1(r.IDs()))
	}
	// What is damaged and old goes.
	must(t, os.WriteFile(name, b[:len(b)/2], 0o600))
	if p, err := r.Prune(1); err != nil || len(p.Snapshots) != 2 || len(must1(r.IDs())) != 1 {
		t.Errorf("%+v %v", p, err)
	}
}

// A repository in the data folder would be in every backup, and be lost with the data; the other way round too.
func TestRepositoryStandsApartFromTheData(t *testing.T) {
	n := filled(t)
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(n.dir, link))
	for _, dir := range []string{filepath.Join(n.dir, "backup"), filepath.Join(link, "backup", "deep")} {
		r := repository(t, dir)
		var place *PlaceError
		if _, err := Run(context.Background(), n.source(), r, nil); !errors.As(err, &place) || !strings.Contains(err.Error(), "beside it") {
			t.Errorf("%s: %v", dir, err)
		}
	}
	s := n.source()
	for repository, fine := range map[string]bool{filepath.Dir(n.dir): false, n.dir: false, "/": false, n.dir + "-backup": true, filepath.Join(filepath.Dir(n.dir), "..backup"): true} {
		if err := s.check(repository); (err == nil) != fine {
			t.Errorf("%s: %v", repository, err)
		}
	}
}

// What is not a whole node is not backed up.
func TestNoBackupOfWhatIsNotWhole(t *testing.T) {
	n := filled(t)
	r := repository(t, filepath.Join(t.TempDir(), "repo"))
	s := n.source()
	s.Journal = nil // of a node whose journal is in a cluster
	if _, err := Run(context.Background(), s, r, nil); !errors.Is(err, ErrClusterJournal) {
		t.Errorf("a journal in a cluster: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(n.dir, restoreMark), nil, 0o600))
	var unfinished *UnfinishedRestoreError
	if _, err := Run(context.Background(), n.source(), r, nil); !errors.As(err, &unfinished) {
		t.Errorf("half a restore: %v", err)
	}
	if ids := must1(r.IDs()); len(ids) != 0 {
		t.Errorf("snapshots %v", ids)
	}
}

// The pieces of all files of a snapshot that are read in turn are in memory one at a time.
func TestOnePieceInMemory(t *testing.T) {
	n := filled(t)
	r := repository(t, filepath.Join(t.TempDir(), "repo"))
	s := must1(r.Load(must1(Run(context.Background(), n.source(), r, nil)).Snapshot))
	tree := &stored{r: r, s: s}
	var all []*contents
	for i := range s.Files {
		if s.Files[i].Bytes == 0 {
			continue
		}
		in, _, err := tree.open(s.Files[i].Name)
		must(t, err)
		all = append(all, in.(*contents))
	}
	for range 2 { // the second time each begins where another ended
		for _, c := range all {
			got := make([]byte, c.f.Bytes)
			if k, err := c.ReadAt(got, 0); err != nil || int64(k) != c.f.Bytes || hashOf(got[:min(len(got), pieceBytes)]) != c.f.Pieces[0].SHA256 {
				t.Errorf("%s: %d of %d bytes, %v", c.f.Name, k, c.f.Bytes, err)
			}
			if c.last != all[0].last {
				t.Fatalf("%s has a piece of its own", c.f.Name)
			}
		}
	}
	if len(all) < 5 {
		t.Errorf("only %d files", len(all))
	}
}

// Over HTTP: a place within the data is refused at once; who cancels is in the audit; a second backup does not begin.
func TestBackupsOverHTTPOneByOne(t *testing.T) {
	d := newDoor(t)
	body := func(to string) string { return `{"to": "` + to + `"}` }
	if status, text := d.ask("owner", "POST", "/backups", body(filepath.Join(d.dir, "backup")), nil); status != 422 || !strings.Contains(text, "互相包含") {
		t.Errorf("%d %s", status, text)
	}
	d.service.working.Lock() // a backup is under way
	var j job.Job
	if status, text := d.ask("owner", "POST", "/backups", body(filepath.Join(t.TempDir(), "repo")), &j); status != 201 {
		t.Fatalf("%d %s", status, text)
	}
	proof.Wait(t, "the second one fails", func() bool {
		d.ask("owner", "GET", "/backups/"+j.ID.String(), "", &j)
		return j.Status.Ended()
	})
	if j.Status != job.Failed || !strings.Contains(j.Error, "under way") {
		t.Errorf("%s: %s", j.Status, j.Error)
	}
	d.service.working.Unlock()
	must(t, d.service.Jobs.Stop(context.Background())) // so that the next one stays in the queue
	if status, text := d.ask("owner", "POST", "/backups", body(filepath.Join(t.TempDir(), "repo")), &j); status != 201 {
		t.Fatalf("%d %s", status, text)
	}
	if status, text := d.ask("owner", "DELETE", "/backups/"+j.ID.String(), "", nil); status != 204 {
		t.Fatalf("%d %s", status, text)
	}
	if status, text := d.ask("owner", "GET", "/backups/"+j.ID.String(), "", &j); status != 200 || j.Status != job.Cancelled {
		t.Errorf("%d %s", status, text)
	}
	var actor string
	must(t, d.db.NewRaw("SELECT actor_name FROM audit_entry WHERE verb = 'node.backup.cancel' AND object = ?", j.ID.String()).Scan(context.Background(), &actor))
	if !strings.Contains(actor, "owner") {
		t.Errorf("cancelled by %q", actor)
	}
	d.service.Source.Journal = nil
	if status, text := d.ask("owner", "POST", "/backups", body(filepath.Join(t.TempDir(), "repo")), nil); status != 409 || !strings.Contains(text, "集群") {
		t.Errorf("%d %s", status, text)
	}
}
