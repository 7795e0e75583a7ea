package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"regexp"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// NewerSchemaError tells that a newer binary has migrated this database.
type NewerSchemaError struct {
	Room  string
	Has   int64 // the database's version
	Knows int64 // the newest this binary knows
}

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("the tables of %q are at version %d, this program knows up to %d: start the newer jingwei that wrote them, or restore the backup taken before the upgrade", e.Room, e.Has, e.Knows)
}

var roomName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)

// Migrate brings one room's tables up to the newest version in migrations, whose root holds goose files
// "00001_what.sql". Each file is one transaction. It is safe to call from several processes at once.
// Errors: *NewerSchemaError.
func Migrate(ctx context.Context, db *DB, room string, migrations fs.FS) error {
	if !roomName.MatchString(room) {
		return fmt.Errorf("migrate %q: a room's name is lowercase letters, digits and _", room)
	}
	unlock, err := db.migrationLock(ctx)
	if err != nil {
		return fmt.Errorf("migrate %s: take the migration lock: %w", room, Err(err))
	}
	defer unlock()

	dialect := goose.DialectSQLite3
	if db.engine == Postgres {
		dialect = goose.DialectPostgres
	}
	versions, err := database.NewStore(dialect, "goose_"+room)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", room, err)
	}
	p, err := goose.NewProvider("", db.DB.DB, migrations,
		goose.WithStore(versions), goose.WithDisableGlobalRegistry(true), goose.WithSlog(db.log))
	if err != nil {
		return fmt.Errorf("migrate %s: %w", room, err)
	}
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate %s: read the version: %w", room, Err(err))
	}
	if has > knows {
		return &NewerSchemaError{Room: room, Has: has, Knows: knows}
	}
	if has == knows {
		return nil
	}
	done, err := p.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate %s from version %d to %d: %w", room, has, knows, Err(err))
	}
	for _, m := range done {
		db.log.Info("tables migrated", "room", room, "version", m.Source.Version, "took", m.Duration)
	}
	return nil
}

// MigrateRoom is Migrate with the folder "migrations" of what a room embeds.
func MigrateRoom(ctx context.Context, db *DB, room string, embedded fs.FS) error {
	files, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return err
	}
	return Migrate(ctx, db, room, files)
}

// migrationLock keeps two processes from migrating the same database at once. On SQLite the writer's token serves for
// this process; a node's lock on its data folder keeps others away.
func (db *DB) migrationLock(ctx context.Context) (unlock func(), err error) {
	if db.writer != nil {
		select {
		case db.writer <- struct{}{}:
			return func() { <-db.writer }, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	conn, err := db.DB.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte("jingwei/migrate"))
	id := int64(h.Sum64())
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", id); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() {
		// The lock belongs to the session: if this fails the connection is broken and the lock with it.
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", id)
		if err != nil {
			_ = conn.Raw(func(any) error { return sql.ErrConnDone })
		}
		_ = conn.Close()
	}, nil
}
