package main

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"jingwei/internal/kernel/cell"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/shared"
)

// warmEvery is the time between two looks for files of cells that others have.
const warmEvery = time.Minute

// warmth is the cache of one cell: either its node has it, or what brings the files of another process's cell here.
type warmth struct {
	mu    sync.Mutex // held by whichever has the cache
	note  sync.Mutex // guards the rest
	taken bool       // by the node, or it waits for it
	stop  context.CancelFunc
}

// take gives the cache to the cell's node; what is under way ends first.
func (w *warmth) take() {
	w.note.Lock()
	w.taken = true
	if w.stop != nil {
		w.stop()
	}
	w.note.Unlock()
	w.mu.Lock()
}

// give ends what take began.
func (w *warmth) give() {
	w.note.Lock()
	w.taken = false
	w.note.Unlock()
	w.mu.Unlock()
}

// do runs the work, unless the cell's node has the cache.
func (w *warmth) do(ctx context.Context, work func(context.Context)) {
	w.note.Lock()
	if w.taken || !w.mu.TryLock() {
		w.note.Unlock()
		return
	}
	ctx, w.stop = context.WithCancel(ctx)
	stop := w.stop
	w.note.Unlock()
	defer w.mu.Unlock()
	defer stop()
	work(ctx)
}

// keepWarm keeps the files of the cells that others have in this machine's cache, so that taking one over costs no
// download.
func (p *process) keepWarm(ctx context.Context) error {
	tick := time.NewTicker(warmEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, s := range p.keeper.States() {
			if s.Phase == cell.Away && ctx.Err() == nil {
				p.warmth[s.Cell].do(ctx, func(ctx context.Context) { p.warm(ctx, s.Cell) })
			}
		}
	}
}

func (p *process) warm(ctx context.Context, name string) {
	cfg := cellConfig(p.cfg, name)
	if err := file.MakeDir(file.OS(), cfg.Data, 0o700); err != nil {
		p.log.Warn("the files of a cell cannot be kept at hand", "cell", name, "error", err)
		return
	}
	w, err := shared.Warm(ctx, p.files(cfg, name))
	switch {
	case ctx.Err() != nil:
	case err != nil:
		p.log.Warn("the files of a cell cannot be kept at hand; taking it over would be slow", "cell", name, "error", err)
	default:
		p.log.Debug("the files of a cell are at hand", "cell", name, "objects", w.Objects, "bytes", w.Bytes, "fetched", w.Fetched, "left", w.Left)
	}
}

// files are the options of a cell's files, without its lease.
func (p *process) files(cfg *config.Loaded, name string) shared.Options {
	return shared.Options{
		DB: p.db, Cell: name, Objects: shared.Objects{Conn: p.conn, Replicas: int(cfg.Cluster.Replicas)},
		CacheDir: filepath.Join(cfg.Data, "cache"), CacheBytes: int64(cfg.Cluster.Cache), Patience: leaseGrace, Keep: keepReplaced, Now: p.now, Logger: p.log.With("cell", name),
	}
}
