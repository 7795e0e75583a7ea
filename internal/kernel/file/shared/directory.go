package shared

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// fileRow is a name of a cell and what is under it.
type fileRow struct {
	bun.BaseModel `bun:"table:shared_file"`
	Cell          string
	Path          string // "/telemetry/manifest"
	IsDir         bool
	Mode          int64
	Size          int64
	Changed       int64 // ns since 1970
	Version       int64 // of the directory, when the row was written last
	Pieces        string
}

// batch is what one transaction changes: everything that waited while the one before was under way.
type batch struct {
	edits   map[string]*fileRow // by path; nil: there is nothing any more
	garbage []piece             // which no row names once this is committed
	done    chan struct{}
	err     error
}

// queue returns the batch that is committed next. f.mu is held, so that edits come in the order of the changes in memory.
func (f *FS) queue() *batch {
	if f.pending == nil {
		f.pending = &batch{edits: map[string]*fileRow{}, done: make(chan struct{})}
		f.newest = f.pending
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
	return f.pending
}

// put makes a row of a node, under the path it has now. f.mu is held.
func (f *FS) put(b *batch, n *node) {
	b.edits[n.path()] = &fileRow{Cell: f.o.Cell, Path: n.path(), IsDir: n.dir(), Mode: int64(n.mode.Perm()), Size: n.kept.size,
		Changed: n.changed.Load(), Pieces: encodePieces(n.kept.pieces)}
}

// commit is the goroutine that changes the directory: one transaction after the other.
func (f *FS) commit() {
	for {
		f.mu.Lock()
		b, closed := f.pending, f.closed
		f.pending = nil
		failed := f.failure()
		f.mu.Unlock()
		if b == nil {
			if closed {
				return
			}
			<-f.wake
			continue
		}
		if b.err = failed; b.err == nil {
			if err := f.write(b); err != nil {
				b.err = f.fail(err)
			}
		}
		close(b.done)
		if b.err == nil {
			f.commits.Add(1)
			f.retire(b.garbage)
		}
	}
}

// write commits a batch. An answer that was lost is made up for by the directory's version: the next try sees whether the one
// before is committed. It cannot see too early, for both change the row of the version, and one waits for the other.
func (f *FS) write(b *batch) error {
	end := time.Now().Add(f.o.Patience)
	for pause := pauseFirst; ; pause = min(2*pause, pauseMax) {
		ctx, cancel := context.WithTimeout(f.ctx, tryTime)
		err := f.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return f.change(ctx, tx, b) })
		cancel()
		var broken *store.ConstraintError
		switch {
		case err == nil:
			f.version++
			return nil
		case errors.Is(err, lease.ErrLost) || errors.As(err, &broken):
			return err
		case f.ctx.Err() != nil:
			return fmt.Errorf("%w (last answer of the database: %w)", context.Cause(f.ctx), err)
		case !time.Now().Add(pause).Before(end):
			return err
		}
		f.o.Logger.Warn("the directory of the shared files cannot be changed; it is tried again", "cell", f.o.Cell, "error", err)
		f.retries.Add(1)
		select {
		case <-time.After(pause):
		case <-f.ctx.Done():
		}
	}
}

// change is the transaction of a batch. It may run more than once.
func (f *FS) change(ctx context.Context, tx bun.Tx, b *batch) error {
	if err := f.o.Held.Check(ctx, tx); err != nil {
		return err
	}
	r, err := tx.NewRaw("UPDATE shared_head SET version = version + 1 WHERE cell = ? AND version = ?", f.o.Cell, f.version).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		var is int64
		if err := tx.NewRaw("SELECT version FROM shared_head WHERE cell = ?", f.o.Cell).Scan(ctx, &is); err != nil {
			return err
		}
		if is == f.version+1 && f.mine(ctx, tx, b) == nil {
			return nil // it was committed, and the answer was lost
		}
		return fmt.Errorf("%w: the directory of cell %s is at version %d, this process wrote %d: another one writes under the same lease", lease.ErrLost, f.o.Cell, is, f.version)
	}
	var rows []*fileRow
	var gone []string
	for _, path := range slices.Sorted(maps.Keys(b.edits)) {
		if row := b.edits[path]; row != nil {
			row.Version = f.version + 1
			rows = append(rows, row)
		} else {
			gone = append(gone, path)
		}
	}
	for some := range slices.Chunk(gone, 500) {
		if _, err := tx.NewDelete().Model((*fileRow)(nil)).Where("cell = ?", f.o.Cell).Where("path IN (?)", bun.List(some)).Exec(ctx); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(rows, 100) {
		_, err := tx.NewInsert().Model(&some).On("CONFLICT (cell, path) DO UPDATE").
			Set("is_dir = excluded.is_dir, mode = excluded.mode, size = excluded.size, changed = excluded.changed, version = excluded.version, pieces = excluded.pieces").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// mine tells whether the rows are as this batch writes them.
func (f *FS) mine(ctx context.Context, tx bun.Tx, b *batch) error {
	for path, want := range b.edits {
		var is []fileRow
		if err := tx.NewSelect().Model(&is).Where("cell = ?", f.o.Cell).Where("path = ?", path).Scan(ctx); err != nil {
			return err
		}
		if len(is) == 0 && want == nil {
			continue
		}
		if len(is) == 0 || want == nil || is[0].Version != f.version+1 || is[0].Pieces != want.Pieces || is[0].Size != want.Size {
			return errors.New("another's")
		}
	}
	return nil
}

func migrate(ctx context.Context, db *store.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return store.Migrate(ctx, db, "shared", files)
}

// load reads the directory under the fence: what an owner before had under way is committed or never will be.
func (f *FS) load(ctx context.Context) (rows []fileRow, err error) {
	err = f.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := f.o.Held.Check(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.NewRaw("INSERT INTO shared_head (cell, version) VALUES (?, 0) ON CONFLICT (cell) DO NOTHING", f.o.Cell).Exec(ctx); err != nil {
			return err
		}
		if err := tx.NewRaw("SELECT version FROM shared_head WHERE cell = ?", f.o.Cell).Scan(ctx, &f.version); err != nil {
			return err
		}
		rows, err = readRows(ctx, tx, f.o.Cell)
		return err
	})
	return rows, err
}

func readRows(ctx context.Context, db bun.IDB, cell string) (rows []fileRow, err error) {
	err = db.NewSelect().Model(&rows).Where("cell = ?", cell).Scan(ctx)
	slices.SortFunc(rows, func(a, b fileRow) int { // a directory before what is in it, whatever the database's order of words
		return slices.Compare([]byte(a.Path), []byte(b.Path))
	})
	return rows, err
}
