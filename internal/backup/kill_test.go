package backup

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/store"
)

func sqliteNode(t *testing.T) *node {
	t.Helper()
	dir := t.TempDir()
	return newNode(t, dir, store.SQLiteURL(filepath.Join(dir, "records.db")))
}

// The victim is this test program, backing up a stopped node and waiting to be killed in the midst of it.
const victimDir, victimRepo = "BACKUP_VICTIM_DIR", "BACKUP_VICTIM_REPO"

func victim() int {
	ctx := context.Background()
	dir := os.Getenv(victimDir)
	db, err := store.Open(ctx, store.SQLiteURL(filepath.Join(dir, "records.db")), store.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	r, err := WriteRepository(file.OS(), os.Getenv(victimRepo), "1.0.0", time.Now())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_, err = Run(ctx, &Source{FS: file.OS(), Dir: dir, DB: db, Now: time.Now}, r, func(p Progress) {
		if p.Phase == telemetryDir && p.Done > p.Total*2/3 {
			fmt.Println("now")
			select {}
		}
	})
	fmt.Fprintln(os.Stderr, "the backup ended:", err)
	return 1
}

func TestKilledBackupLeavesNoSnapshotAndIsTakenUp(t *testing.T) {
	n := sqliteNode(t)
	refs := declare(t, n.store, 0, 20)
	for k := range 8 {
		n.fill(refs, k*100, k*100+100)
		must(t, n.store.Flush(context.Background()))
	}
	n.close()
	repo := filepath.Join(t.TempDir(), "repo")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+n.dir, victimRepo+"="+repo)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	l, _ := bufio.NewReader(out).ReadString('\n')
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	if l != "now\n" {
		t.Fatalf("the victim said %q", l)
	}
	must(t, os.WriteFile(filepath.Join(n.dir, workPrefix+"left"), []byte("as a killed backup leaves it"), 0o600))

	r := repository(t, repo) // its lock went with the process
	ids, err := r.IDs()
	if err != nil || len(ids) != 0 {
		t.Fatalf("a killed backup left %v, %v", ids, err)
	}
	n.open()
	res, err := Run(context.Background(), n.source(), r, nil)
	must(t, err)
	if res.Written > res.Bytes*2/3 {
		t.Errorf("the second try wrote %d of %d bytes", res.Written, res.Bytes)
	}
	report, err := r.Verify(context.Background(), "", t.TempDir(), nil)
	if err != nil || len(report.Findings) > 0 || report.Summary.Rows != 800*20 {
		t.Fatalf("%v: %+v", err, report)
	}
	if left, _ := filepath.Glob(filepath.Join(n.dir, workPrefix+"*")); len(left) > 0 {
		t.Errorf("left beside the data: %v", left)
	}
	if left, _ := filepath.Glob(filepath.Join(repo, dataDir, "*", "*.tmp")); len(left) > 1 {
		t.Errorf("unfinished pieces: %v", left)
	}
}
