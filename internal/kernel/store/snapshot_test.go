package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestSnapshotIsOfOneMomentAndComesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrated(t, db)
		ctx := context.Background()
		put := func(n int) {
			t.Helper()
			v := thing{ID: uuid.UUID{6: 0x70, 8: 0x80, 14: byte(n >> 8), 15: byte(n)}, Org: id(9), Time: int64(n), Ratio: 1 / float64(n+1), On: n%2 == 0,
				Name: text.Text{Zh: "行\t列\n换行 \\. \\", En: fmt.Sprintf("row %d;\r\n\\N", n)}, Raw: []byte{0, '\\', '\n', byte(n)}}
			if err := db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
				_, err := tx.NewInsert().Model(&v).Exec(ctx)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 300 {
			put(n)
		}
		read := func(db *store.DB) (out []thing) {
			t.Helper()
			if err := db.NewSelect().Model(&out).OrderExpr("time").Scan(ctx); err != nil {
				t.Fatal(err)
			}
			return out
		}
		want := read(db)
		s, err := db.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 100 { // what comes now is not in it
			put(1000 + n)
		}
		name := filepath.Join(t.TempDir(), s.File())
		if err := s.WriteFile(ctx, name, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		put(5000) // the connection is fit for use again

		var back *store.DB
		if db.Engine() == store.SQLite {
			if problems, err := store.SQLiteProblems(ctx, name); err != nil || len(problems) > 0 {
				t.Fatalf("%v %v", problems, err)
			}
			if back, err = store.Open(ctx, store.SQLiteURL(name), store.Options{}); err != nil {
				t.Fatal(err)
			}
			defer back.Close()
		} else {
			back = storetest.Postgres(t)
			restore := func() error {
				f, err := os.Open(name)
				if err != nil {
					return err
				}
				defer f.Close()
				return store.Restore(ctx, back, f)
			}
			if err := restore(); err != nil {
				t.Fatal(err)
			}
			if err := restore(); !errors.Is(err, store.ErrNotEmpty) {
				t.Errorf("a second time: %v", err)
			}
		}
		if got := read(back); !reflect.DeepEqual(got, want) {
			t.Errorf("%d rows came back, want %d as they were", len(got), len(want))
		}
		migrated(t, back) // the version tables came along
		if err := back.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewInsert().Model(&want[0]).Exec(ctx)
			return err
		}); !errors.Is(err, store.ErrConflict) {
			t.Errorf("the primary key is gone: %v", err)
		}
	})
}

func TestRestoreRefusesWhatIsNoDump(t *testing.T) {
	db := storetest.Postgres(t)
	for _, c := range []string{"DROP TABLE x;\n", "CREATE TABLE a (x BIGINT)", "hello\n", "CREATE TABLE a (x BIGINT);\nCOPY a (x) FROM stdin;\n1\n"} {
		if err := store.Restore(context.Background(), db, strings.NewReader(c)); err == nil {
			t.Errorf("%q was taken", c)
		}
	}
	var n int
	if err := db.NewRaw("SELECT count(*) FROM pg_class WHERE relname = 'a'").Scan(context.Background(), &n); err != nil || n != 0 {
		t.Errorf("half a restore was left: %d, %v", n, err)
	}
}

func TestSQLiteProblemsAreFound(t *testing.T) {
	ctx := context.Background()
	name := filepath.Join(t.TempDir(), "a.db")
	db, err := store.Open(ctx, store.SQLiteURL(name), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"CREATE TABLE p (x BIGINT PRIMARY KEY)", "CREATE TABLE c (x BIGINT REFERENCES p (x))", "PRAGMA foreign_keys = off", "INSERT INTO c VALUES (7)"} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if p, err := store.SQLiteProblems(ctx, name); err != nil || len(p) != 1 || !strings.Contains(p[0], "table c") {
		t.Errorf("%v %v", p, err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(){func() { b[100] ^= 0xff }, func() { b[3] ^= 1 }, func() { b = b[:len(b)/2+7] }} {
		good := append([]byte(nil), b...)
		change()
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if p, err := store.SQLiteProblems(ctx, name); err != nil || len(p) == 0 {
			t.Errorf("a damaged file: %v %v", p, err)
		}
		b = good
	}
}
