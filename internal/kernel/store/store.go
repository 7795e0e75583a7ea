package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// Forever is the end of a span that has not ended.
const Forever int64 = math.MaxInt64

// Engine is the kind of database behind a DB.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Options tune a DB; the zero value is right for a node.
type Options struct {
	Logger *slog.Logger
	// MaxConns bounds open connections. Default 8 for SQLite, 16 for PostgreSQL.
	MaxConns int
	// BusyTimeout is how long a writer waits for another process that holds the SQLite file. Default 10 s.
	BusyTimeout time.Duration
	// Retries is how often InTx runs a transaction again that PostgreSQL could not serialize. Default 10.
	Retries int

	// The rest is for PostgreSQL alone, where several processes share a server.

	// Schema holds the tables, in place of the server's default; it is made if need be.
	Schema string
	// Label names the connections to the server, for people and for EvictOthers. Default "jingwei".
	Label string
	// Admit is asked with every new connection, once the server shows it in pg_stat_activity. Its error refuses the
	// connection: what a process may not do any more, no connection of its pool does.
	Admit func(ctx context.Context) error
}

// DB is an open database. It embeds bun's query builder; writes of more than one statement go through InTx.
type DB struct {
	*bun.DB
	engine  Engine
	name    string        // for messages: the file, or the host and database
	label   string        // of the connections to PostgreSQL
	writer  chan struct{} // SQLite: whoever holds the token writes
	retries int
	log     *slog.Logger
}

// Open opens the database at a URL, "sqlite:///absolute/path.db" (created if absent; its folder must exist) or
// "postgres://user:password@host:port/name?…" (as libpq and pgx read it), and checks that it can be written.
// Errors: ErrReadOnly, ErrBusy (another process holds it), ErrCorrupt (not a database), ErrUnavailable (no answer).
func Open(ctx context.Context, address string, o Options) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 10 * time.Second
	}
	if o.Retries <= 0 {
		o.Retries = 10
	}
	scheme, _, _ := strings.Cut(address, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, address, o)
	case "postgres", "postgresql":
		return openPostgres(ctx, address, o)
	}
	return nil, fmt.Errorf("database address %q: want sqlite:///absolute/path.db or postgres://user@host/name", Masked(address))
}

// Masked returns a database address without its password, for messages and logs.
func Masked(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, ":")
		return scheme + ":…"
	}
	q := u.Query()
	if q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

// Engine tells what is behind the DB.
func (db *DB) Engine() Engine { return db.engine }

// String names the database for messages, without secrets.
func (db *DB) String() string { return db.name }

type inTx struct{ db *DB }

// InTx runs fn in one serializable transaction and commits it when fn returns nil. Inside fn everything that belongs
// to the transaction goes through tx; a call of InTx with fn's ctx joins the transaction instead of opening another.
// On PostgreSQL fn may run more than once. Errors come back translated by Err.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	if tx, ok := ctx.Value(inTx{db}).(bun.Tx); ok {
		return fn(ctx, tx)
	}
	if db.writer != nil {
		select {
		case db.writer <- struct{}{}:
			defer func() { <-db.writer }()
		case <-ctx.Done():
			return fmt.Errorf("wait to write to %s: %w", db.name, ctx.Err())
		}
	}
	for attempt := 0; ; attempt++ {
		err := Err(db.once(ctx, fn))
		if attempt >= db.retries || !errors.Is(err, errSerialize) {
			return err
		}
		db.log.Debug("transaction runs again", "database", db.name, "attempt", attempt+1, "reason", err)
		pause := time.Duration(1+rand.IntN(4<<min(attempt, 6))) * time.Millisecond
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (db *DB) once(ctx context.Context, fn func(context.Context, bun.Tx) error) (err error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: db.isolation()})
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // fn failed or panicked
			_ = tx.Rollback()
		}
	}()
	if err := fn(context.WithValue(ctx, inTx{db}, tx), tx); err != nil {
		return err
	}
	done = true
	return tx.Commit()
}

// isolation is the default on SQLite, whose transactions are serializable anyway and whose driver takes no other word.
func (db *DB) isolation() sql.IsolationLevel {
	if db.engine == Postgres {
		return sql.LevelSerializable
	}
	return sql.LevelDefault
}

// In is the transaction that ctx runs in on this database, or the database itself: what a transaction has written is seen by the
// rooms that it asks.
func (db *DB) In(ctx context.Context) bun.IDB {
	if tx, ok := ctx.Value(inTx{db}).(bun.Tx); ok {
		return tx
	}
	return db
}

// View runs fn in a read-only transaction: all its queries see one state. It never waits for a writer.
func (db *DB) View(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	o := &sql.TxOptions{ReadOnly: true}
	if db.engine == Postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return Err(err)
	}
	defer func() { _ = tx.Rollback() }()
	return Err(fn(ctx, tx))
}
