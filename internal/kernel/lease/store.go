package lease

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

func migrate(ctx context.Context, db *store.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return store.Migrate(ctx, db, "lease", files)
}

func (f *Office) now() string { return Clock(f.o.DB) }

// Clock is an SQL expression: the database's clock as it stands, not as the transaction began, in ns. Rooms that compare
// with the times of leases, or tell others that they are alive, go by it.
func Clock(db *store.DB) string {
	if db.Engine() == store.Postgres {
		return "(CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) * 1000)"
	}
	return "(CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) * 1000000)"
}

// write runs one statement. On PostgreSQL that is a transaction of its own: of a process that stops or loses its power
// between two messages nobody waits for a lock.
func (f *Office) write(ctx context.Context, do func(ctx context.Context, db bun.IDB) error) error {
	if f.o.DB.Engine() == store.Postgres {
		return store.Err(do(ctx, f.o.DB.DB))
	}
	return f.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return do(ctx, tx) })
}

// take is one statement, so that of two who try at the same time one gets it. Where the lease is not free it returns the one
// that is there.
func (f *Office) take(ctx context.Context, name string) (l Lease, taken bool, err error) {
	err = f.write(ctx, func(ctx context.Context, db bun.IDB) error {
		var epoch int64
		now := f.now()
		err := db.NewRaw("INSERT INTO lease (name, holder, note, epoch, taken, expires) VALUES (?, ?, ?, 1, "+now+", "+now+" + ?) "+
			"ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, note = excluded.note, epoch = lease.epoch + 1, taken = excluded.taken, expires = excluded.expires "+
			"WHERE lease.expires <= "+now+" RETURNING epoch",
			name, f.holder, f.o.Note, f.o.Length.Nanoseconds()).Scan(ctx, &epoch)
		if err == nil {
			l, taken = Lease{Name: name, Holder: f.holder, Note: f.o.Note, Epoch: uint64(epoch)}, true
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		taken = false
		l, err = scan(ctx, db, name)
		return err
	})
	return l, taken, err
}

func scan(ctx context.Context, db bun.IDB, name string) (Lease, error) {
	l := Lease{Name: name}
	var epoch, taken, expires int64
	err := db.NewRaw("SELECT holder, note, epoch, taken, expires FROM lease WHERE name = ?", name).Scan(ctx, &l.Holder, &l.Note, &epoch, &taken, &expires)
	l.Epoch, l.Taken, l.Expires = uint64(epoch), time.Unix(0, taken).UTC(), time.Unix(0, expires).UTC()
	return l, err
}

// List returns all leases that were ever taken, by name, and whether each is held now.
func (f *Office) List(ctx context.Context) (all []Lease, held []bool, err error) {
	err = f.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		all, held = nil, nil
		rows, err := tx.QueryContext(ctx, "SELECT name, holder, note, epoch, taken, expires, expires > "+f.now()+" FROM lease ORDER BY name")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l Lease
			var epoch, taken, expires int64
			var h bool
			if err := rows.Scan(&l.Name, &l.Holder, &l.Note, &epoch, &taken, &expires, &h); err != nil {
				return err
			}
			l.Epoch, l.Taken, l.Expires = uint64(epoch), time.Unix(0, taken).UTC(), time.Unix(0, expires).UTC()
			all, held = append(all, l), append(held, h)
		}
		return rows.Err()
	})
	return all, held, err
}

// extend renews: also a lease that has run out, as long as nobody else has taken it.
func (f *Office) extend(ctx context.Context, h *Held) (bool, error) {
	return f.update(ctx, h, f.now()+" + ?", f.o.Length.Nanoseconds())
}

func (f *Office) release(ctx context.Context, h *Held) error {
	_, err := f.update(ctx, h, "?", int64(0))
	return err
}

func (f *Office) update(ctx context.Context, h *Held, expires string, value int64) (ok bool, err error) {
	err = f.write(ctx, func(ctx context.Context, db bun.IDB) error {
		r, err := db.NewRaw("UPDATE lease SET expires = "+expires+" WHERE name = ? AND holder = ? AND epoch = ?", value, h.name, f.holder, int64(h.epoch)).Exec(ctx)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		ok = n == 1
		return err
	})
	return ok, err
}

// idle is the least patience with a transaction that holds the fence and whose process says nothing.
const idle = 3 * time.Second

// holds tells whether the row is still this holder's, and keeps it so until tx ends. The lock keeps out the next holder
// and not this one's renewals, so that a transaction may last longer than the lease. Of a machine that loses its power in
// the middle of one the server would notice nothing for hours, and the next holder would wait; so the transaction, and
// only it, is ended when its process says nothing for as long as a lease lasts.
func (f *Office) holds(ctx context.Context, tx bun.IDB, h *Held) (bool, error) {
	q := tx.NewRaw("SELECT '' FROM lease WHERE name = ? AND holder = ? AND epoch = ?", h.name, f.holder, int64(h.epoch))
	if f.o.DB.Engine() == store.Postgres {
		q = tx.NewRaw("SELECT set_config('idle_in_transaction_session_timeout', ?, true) FROM lease WHERE name = ? AND holder = ? AND epoch = ? FOR KEY SHARE",
			strconv.FormatInt(max(f.o.Length, idle).Milliseconds(), 10), h.name, f.holder, int64(h.epoch))
	}
	var set string
	err := q.Scan(ctx, &set)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, store.Err(err)
}
