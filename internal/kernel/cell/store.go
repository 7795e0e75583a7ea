package cell

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// forgotten is how long the row of a process that fell silent stays, for people who ask what happened.
const forgotten = 24 * time.Hour

// Process is what a process tells of itself.
type Process struct {
	ID        string            // its life: lease.Office.Holder
	Name      string            // what people call it
	Addresses map[string]string // by door ("https", "link", "mqtt"): host:port where other processes reach it
	Serving   []string          // cells that are open
	Failing   []string          // cells that it could not open, or that failed, lately
	Began     time.Time
	Beat      time.Time // last heard of, by the database's clock
	Alive     bool      // heard of within the length of a lease
}

// table is the rows that keepers share.
type table struct {
	db     *store.DB
	length time.Duration // of a lease
}

// write runs one statement. On PostgreSQL that needs no serializable transaction, in which heartbeats of many processes
// would only hinder each other.
func (t *table) write(ctx context.Context, query string, args ...any) error {
	if t.db.Engine() == store.Postgres {
		_, err := t.db.NewRaw(query, args...).Exec(ctx)
		return store.Err(err)
	}
	return t.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(query, args...).Exec(ctx)
		return err
	})
}

// beat tells that the process lives, and what of it changes.
func (t *table) beat(ctx context.Context, p Process) error {
	addresses, err1 := json.Marshal(p.Addresses)
	serving, err2 := json.Marshal(p.Serving)
	failing, err3 := json.Marshal(p.Failing)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return fmt.Errorf("encode what the process tells: %w", err)
		}
	}
	now := lease.Clock(t.db)
	return t.write(ctx, "INSERT INTO cell_process (id, name, addresses, serving, failing, began, beat) VALUES (?, ?, ?, ?, ?, "+now+", "+now+") "+
		"ON CONFLICT (id) DO UPDATE SET name = excluded.name, addresses = excluded.addresses, serving = excluded.serving, failing = excluded.failing, beat = excluded.beat",
		p.ID, p.Name, string(addresses), string(serving), string(failing))
}

// leave takes the process out, so that nobody waits for it.
func (t *table) leave(ctx context.Context, id string) error {
	return t.write(ctx, "DELETE FROM cell_process WHERE id = ?", id)
}

// sweep takes out processes that have been silent for long.
func (t *table) sweep(ctx context.Context) error {
	return t.write(ctx, "DELETE FROM cell_process WHERE beat < "+lease.Clock(t.db)+" - ?", forgotten.Nanoseconds())
}

// processes are all that are known, by id.
func (t *table) processes(ctx context.Context) (all []Process, err error) {
	err = t.db.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		all = nil
		rows, err := tx.QueryContext(ctx, "SELECT id, name, addresses, serving, failing, began, beat, beat > "+lease.Clock(t.db)+" - ? FROM cell_process ORDER BY id", t.length.Nanoseconds())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p Process
			var addresses, serving, failing string
			var began, beat int64
			if err := rows.Scan(&p.ID, &p.Name, &addresses, &serving, &failing, &began, &beat, &p.Alive); err != nil {
				return err
			}
			for _, f := range []struct {
				text string
				to   any
			}{{addresses, &p.Addresses}, {serving, &p.Serving}, {failing, &p.Failing}} {
				if err := json.Unmarshal([]byte(f.text), f.to); err != nil {
					return fmt.Errorf("read what process %s tells: %w", p.ID, err)
				}
			}
			p.Began, p.Beat = time.Unix(0, began).UTC(), time.Unix(0, beat).UTC()
			all = append(all, p)
		}
		return rows.Err()
	})
	return all, err
}

// key returns the secret that all processes share; the first one to ask makes it.
func (t *table) key(ctx context.Context) (key []byte, err error) {
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh) // never fails
	if err := t.write(ctx, "INSERT INTO cell_key (id, secret) VALUES (1, ?) ON CONFLICT (id) DO NOTHING", fresh); err != nil {
		return nil, err
	}
	err = t.db.NewRaw("SELECT secret FROM cell_key WHERE id = 1").Scan(ctx, &key)
	if err == nil && len(key) != len(fresh) {
		err = fmt.Errorf("the key of the deployment has %d bytes, not %d", len(key), len(fresh))
	}
	return key, store.Err(err)
}
