package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"jingwei/internal/backup"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/shared"
	"jingwei/internal/kernel/front"
	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/log/jetstream"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// The schemas in PostgreSQL: one that the processes share, one for each cell.
const (
	clusterSchema = "jw_cluster"
	cellSchema    = "jw_cell_"
)

func schemaOf(cell string) string { return cellSchema + strings.ReplaceAll(cell, "-", "_") }

// cellGround is the ground of a node that is a cell of a cluster: its records are a schema of its own in PostgreSQL, its
// journal a stream in JetStream, its files objects there, and its connections come through the process's front doors.
// Whoever holds the lease may use it; each part refuses him by itself once he does not.
type cellGround struct {
	cell    string
	held    *lease.Held
	cfg     *config.Loaded // of this cell: see cellConfig
	shared  *store.DB      // the cluster's schema
	conn    *nats.Conn
	objects shared.Options // without the lease
	doors   map[string]*front.Door
	now     func() time.Time
	logger  *slog.Logger
	failed  func(error) // told when the node cannot go on
	tree    *shared.FS
	closers []func() error
}

func (g *cellGround) clock() time.Time { return g.now() }

func (g *cellGround) prepare(ctx context.Context) (err error) {
	o := g.objects
	o.Held, o.OnFailure = g.held, g.failed
	g.tree, err = shared.Open(ctx, o)
	if err != nil {
		return err
	}
	g.closers = append(g.closers, g.tree.Close)
	return backup.MarkFormats(g.tree, "/", version)
}

// records opens the cell's schema. Connections of the owner before are ended first, and he gets no new ones, since each
// connection is admitted by the lease: nothing of his is committed after this.
func (g *cellGround) records(ctx context.Context) (*store.DB, error) {
	mine := "jw cell " + g.cell + " "
	db, err := store.Open(ctx, g.cfg.Database.URL, store.Options{
		Schema: schemaOf(g.cell),
		Label:  fmt.Sprint(mine, g.held.Epoch()),
		Admit:  func(ctx context.Context) error { return g.held.Check(ctx, g.shared) },
		Logger: g.logger,
	})
	if err != nil {
		return nil, err
	}
	if n, err := db.EvictOthers(ctx, mine); err != nil {
		_ = db.Close()
		return nil, err
	} else if n > 0 {
		g.logger.Info("ended the database sessions of the cell's owner before", "sessions", n)
	}
	return db, nil
}

func (g *cellGround) journal(ctx context.Context, onFailure func(error)) (journal, error) {
	l, err := jetstream.Open(ctx, jetstream.Options{
		Conn: g.conn, Stream: "jw_" + g.cell, Replicas: int(g.cfg.Cluster.Replicas), Epoch: g.held.Epoch(),
		MaxBytes: int64(g.cfg.Journal.MaxBytes), Keepers: []string{telemetry.Keeper}, Now: g.now, Logger: g.logger,
		OnFailure: func(err error) { onFailure(err); g.failed(fmt.Errorf("the journal of cell %s: %w", g.cell, err)) },
	})
	if err != nil {
		return nil, err
	}
	return clusterJournal{l}, nil
}

func (g *cellGround) files() (file.FS, string) { return g.tree, "/" }

func (g *cellGround) host() string { return g.cell + "." + g.cfg.Cluster.Domain }

func (g *cellGround) listen(door string) listenFunc {
	return func(context.Context) (net.Listener, error) { return g.doors[door].Listener(g.cell) }
}

func (g *cellGround) close() (err error) {
	for i := len(g.closers) - 1; i >= 0; i-- {
		if e := g.closers[i](); err == nil {
			err = e
		}
	}
	g.closers = nil
	return err
}

// clusterJournal tells of a journal in the cluster what a node tells of its own.
type clusterJournal struct{ *jetstream.Log }

// Torn: a cluster stores a message whole or not at all.
func (clusterJournal) Torn() string { return "" }

func (j clusterJournal) Stats() log.Stats {
	s := j.Log.Stats()
	full := s.Full
	if full == "" {
		full = s.Stalled
	}
	return log.Stats{
		Records: s.Records, Groups: s.Groups, PayloadBytes: s.PayloadBytes, WrittenBytes: s.SentBytes, Waits: s.Waits,
		DiskBytes: s.StoredBytes, PendingBytes: s.PendingBytes, Full: full,
	}
}
