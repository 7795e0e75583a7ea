package figure

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrDamaged says that what is kept is not what its hash says: a byte was changed behind this program's back.
var ErrDamaged = errors.New("what is kept is not what its hash says")

// Store is the room's tables. Its methods read and write through what they are given: the database, or a transaction.
type Store struct{ db *store.DB }

// OpenStore brings the tables up to date.
func OpenStore(ctx context.Context, db *store.DB) (*Store, error) {
	if err := store.MigrateRoom(ctx, db, "figure", migrations); err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

// DB is the database behind it.
func (s *Store) DB() *store.DB { return s.db }

// Now is the time as of which reads answer that name none.
const Now = int64(0)

// standing limits a query to revisions that stood at a commit, Now for those that stand.
func standing(q *bun.SelectQuery, alias string, asOf int64) *bun.SelectQuery {
	if asOf == Now {
		return q.Where(alias+".superseded = ?", store.Forever)
	}
	return q.Where(alias+".at <= ? AND "+alias+".superseded > ?", asOf, asOf)
}

const (
	commitClock = 1
	markClock   = 2
)

// tick gives the next commit: now, or the one after the last where the clock has not gone on since. Commits never go back and are
// never given twice.
func (s *Store) tick(ctx context.Context, tx bun.IDB, now time.Time) (at int64, err error) {
	err = tx.NewRaw("UPDATE figure_clock SET at = CASE WHEN at >= ? THEN at + 1 ELSE ? END WHERE id = ? RETURNING at", now.UnixNano(), now.UnixNano(), commitClock).Scan(ctx, &at)
	return at, wrap("take a commit", err)
}

// Last is the last commit that was given, 0 before the first.
func (s *Store) Last(ctx context.Context, db bun.IDB) (at int64, err error) {
	err = db.NewRaw("SELECT at FROM figure_clock WHERE id = ?", commitClock).Scan(ctx, &at)
	return at, wrap("read the last commit", err)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, store.Err(err))
}

// encode writes what this room's own types hold.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // none of them can fail
	}
	return string(b)
}

func decode[T any](s string) (v T, err error) {
	err = json.Unmarshal([]byte(s), &v)
	return v, err
}

// chunked does something with parts of a list that one statement takes.
func chunked[T any](list []T, do func([]T) error) error {
	const most = 500
	for len(list) > 0 {
		n := min(most, len(list))
		if err := do(list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}
