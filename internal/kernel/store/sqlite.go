package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

func openSQLite(ctx context.Context, address string, o Options) (*DB, error) {
	path, err := sqlitePath(address)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("database file %s: its folder does not exist; create it or set another data folder: %w", path, errors.Join(err, ErrUnavailable))
	}
	// One pool serves readers and writers: write-ahead logging lets readers go on beside the one writer, and InTx hands
	// out the right to write, so writers queue in Go (in order, with their context) and not in SQLite's busy loop.
	raw, err := sql.Open("sqlite", sqliteDSN(path, o.BusyTimeout))
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	conns := o.MaxConns
	if conns <= 0 {
		conns = 8
	}
	raw.SetMaxOpenConns(conns)
	raw.SetMaxIdleConns(conns)
	db := &DB{DB: bun.NewDB(raw, sqlitedialect.New()), engine: SQLite, name: path, writer: make(chan struct{}, 1), retries: o.Retries, log: o.Logger}
	if err := db.probe(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("open database %s: %w", path, sqliteAdvice(err))
	}
	return db, nil
}

// probe takes and leaves the right to write, so that a file that cannot be written is found at the start.
func (db *DB) probe(ctx context.Context) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return Err(err)
	}
	var n int
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n)
	return Err(errors.Join(err, tx.Rollback()))
}

func sqliteAdvice(err error) error {
	switch {
	case errors.Is(err, ErrReadOnly):
		return fmt.Errorf("the file or its folder is read-only for this process; give it write permission or move the data folder: %w", err)
	case errors.Is(err, ErrBusy):
		return fmt.Errorf("another process holds the file; stop it, then start again: %w", err)
	case errors.Is(err, ErrCorrupt):
		return fmt.Errorf("the file is not a SQLite database or is damaged; restore it from a backup: %w", err)
	}
	return err
}

func sqlitePath(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") || u.Path == "/" || u.RawQuery != "" {
		return "", fmt.Errorf("database address %q: want sqlite:///absolute/path.db", address)
	}
	p := u.Path
	if len(p) > 2 && p[2] == ':' { // sqlite:///C:/data/jingwei.db
		p = p[1:]
	}
	return filepath.FromSlash(p), nil
}

// SQLiteURL returns the address of a database file.
func SQLiteURL(path string) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return (&url.URL{Scheme: "sqlite", Path: p}).String()
}

func sqliteDSN(path string, busy time.Duration) string {
	u, _ := url.Parse(SQLiteURL(path))
	u.Scheme = "file"
	q := url.Values{}
	for _, p := range []string{
		"journal_mode(wal)",
		"synchronous(full)", // a commit is on the medium when it returns; NORMAL loses the last commits on power loss
		"foreign_keys(on)",
		"cache_size(-4096)",            // KiB per connection
		"journal_size_limit(67108864)", // the write-ahead file shrinks again after a burst
		"trusted_schema(off)",
	} {
		q.Add("_pragma", p)
	}
	q.Set("_busy_timeout", fmt.Sprint(busy.Milliseconds()))
	q.Set("_txlock", "immediate")
	q.Set("_dqs", "0") // "x" is never silently a string
	q.Set("_defensive", "1")
	u.RawQuery = q.Encode()
	return u.String()
}
