package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// roles are what this test binary does when it is started again as another process.
var roles = map[string]func() int{
	"open": func() int { // opens the database of the argument and prints the error
		_, err := store.Open(context.Background(), os.Args[len(os.Args)-1], store.Options{BusyTimeout: 50 * time.Millisecond})
		fmt.Println(errors.Is(err, store.ErrReadOnly), errors.Is(err, store.ErrBusy), err)
		return 0
	},
	"hold": func() int { // holds the file until standard input ends
		db, err := sql.Open("sqlite", os.Args[len(os.Args)-1])
		if err == nil {
			db.SetMaxOpenConns(1)
			_, err = db.Exec("BEGIN EXCLUSIVE")
		}
		fmt.Println(err)
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		return 0
	},
}

func again(t *testing.T, role string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), "JINGWEI_STORE_TEST_ROLE="+role)
	return c
}

func TestAddressesThatCannotBeOpenedSayWhy(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("these are notes, not tables\n", 50)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		address string
		kind    error
		says    string
	}{
		{"mysql://h/x", nil, "sqlite:///absolute/path.db or postgres://"},
		{"sqlite://relative.db", nil, "sqlite:///absolute/path.db"},
		{store.SQLiteURL(filepath.Join(dir, "absent", "x.db")), store.ErrUnavailable, "folder does not exist"},
		{store.SQLiteURL(text), store.ErrCorrupt, "not a SQLite database"},
		{"postgres://u:secret@127.0.0.1:1/x", store.ErrUnavailable, "127.0.0.1:1"},
		{"postgres://u:secret@[::1", nil, "postgres://user@host"},
	} {
		_, err := store.Open(context.Background(), c.address, store.Options{})
		if err == nil || !strings.Contains(err.Error(), c.says) || (c.kind != nil && !errors.Is(err, c.kind)) {
			t.Errorf("%s: got %v, want %v with %q", c.address, err, c.kind, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the password shows in %v", c.address, err)
		}
	}
}

func TestReadOnlyFileIsNamedAtOpen(t *testing.T) {
	dir, err := os.MkdirTemp("", "jwro")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "a.db")
	db, err := store.Open(context.Background(), store.SQLiteURL(path), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(path, 0o444), os.Chmod(dir, 0o555)); err != nil {
		t.Fatal(err)
	}
	c := again(t, "open", store.SQLiteURL(path))
	if os.Geteuid() == 0 { // root may write everywhere: be nobody, from a place where nobody may read the program
		copied := filepath.Join(os.TempDir(), fmt.Sprintf("jwro-%d.test", os.Getpid()))
		program, err := os.ReadFile(c.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied, program, 0o755); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(copied)
		c.Path, c.Dir = copied, "/"
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: true}}
	}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.HasPrefix(string(out), "true false ") || !strings.Contains(string(out), "write permission") {
		t.Errorf("got %s", out)
	}
}

func TestFileHeldByAnotherProcessIsNamedAtOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	holder := again(t, "hold", path)
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = holder.Wait() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "<nil>\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	_, err = store.Open(context.Background(), store.SQLiteURL(path), store.Options{BusyTimeout: 20 * time.Millisecond})
	if !errors.Is(err, store.ErrBusy) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v, want ErrBusy naming the file", err)
	}
}

func TestSQLiteCommitsAreSyncedAndForeignKeysHold(t *testing.T) {
	db := storetest.SQLite(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", pragma, got, err, want)
		}
	}
}

func TestWaitingWriterEndsWithItsContext(t *testing.T) {
	db := storetest.SQLite(t)
	ctx, cancel := context.WithCancel(context.Background())
	err := db.InTx(ctx, func(context.Context, bun.Tx) error {
		cancel()
		return db.InTx(ctx, func(context.Context, bun.Tx) error { return nil }) // ctx of outside: does not join
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
