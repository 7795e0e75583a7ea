package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// maxLabel is the longest name of a connection that PostgreSQL keeps whole (NAMEDATALEN - 1).
const maxLabel = 63

var schemaName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// makeSchema makes a schema that is missing. Two processes may do so at once: IF NOT EXISTS alone does not save the
// second from the unique index of the catalogue.
func makeSchema(ctx context.Context, db *sql.DB, name string) error {
	_, err := db.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS "`+name+`"`)
	if err = Err(err); errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// evictAgain is how long EvictOthers waits before it looks whether a session is gone.
const evictAgain = 20 * time.Millisecond

// EvictOthers ends all sessions of the same user whose label begins with prefix and is not this database's own, and
// returns once the server has none of them: what they had sent is committed or rolled back by then, and nothing more
// comes of them. With Options.Admit, which keeps the evicted from connecting again, it is the fence of whoever takes
// over a schema. SQLite has one process and nothing to evict. Errors: those of the database; ctx's.
func (db *DB) EvictOthers(ctx context.Context, prefix string) (evicted int, err error) {
	if db.engine != Postgres {
		return 0, nil
	}
	seen := map[int]bool{}
	for {
		var ids []int
		err := db.NewRaw(`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user
			AND starts_with(application_name, ?) AND application_name <> ? AND pid <> pg_backend_pid()`, prefix, db.label).Scan(ctx, &ids)
		if err != nil {
			return len(seen), fmt.Errorf("look for sessions named %q: %w", prefix, Err(err))
		}
		if len(ids) == 0 {
			return len(seen), nil
		}
		for _, id := range ids {
			seen[id] = true
			if _, err := db.ExecContext(ctx, "SELECT pg_terminate_backend(?)", id); err != nil {
				return len(seen), fmt.Errorf("end the session %d: %w", id, Err(err))
			}
		}
		select {
		case <-time.After(evictAgain):
		case <-ctx.Done():
			return len(seen), fmt.Errorf("wait for %d sessions named %q to end: %w", len(ids), prefix, ctx.Err())
		}
	}
}
