package lease

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
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

// now is the database's clock as it stands, not as the transaction began, in ns.
func (f *Office) now() string {
	if f.o.DB.Engine() == store.Postgres {
		return "(CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) * 1000)"
	}
	return "(CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) * 1000000)"
}

// take is one statement, so that of two who try at the same time one gets it. Where the lease is not free it returns the one
// that is there.
func (f *Office) take(ctx context.Context, name string) (l Lease, taken bool, err error) {
	err = f.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var epoch int64
		now := f.now()
		err := tx.NewRaw("INSERT INTO lease (name, holder, note, epoch, taken, expires) VALUES (?, ?, ?, 1, "+now+", "+now+" + ?) "+
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
		l, err = scan(ctx, tx, name)
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
	err = f.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := tx.NewRaw("UPDATE lease SET expires = "+expires+" WHERE name = ? AND holder = ? AND epoch = ?", value, h.name, f.holder, int64(h.epoch)).Exec(ctx)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		ok = n == 1
		return err
	})
	return ok, err
}

// holds tells whether the row is still this holder's, and keeps it so until tx ends.
func (f *Office) holds(ctx context.Context, tx bun.IDB, h *Held) (bool, error) {
	lock := ""
	if f.o.DB.Engine() == store.Postgres {
		lock = " FOR SHARE"
	}
	var one int
	err := tx.NewRaw("SELECT 1 FROM lease WHERE name = ? AND holder = ? AND epoch = ?"+lock, h.name, f.holder, int64(h.epoch)).Scan(ctx, &one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, store.Err(err)
}
