package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"jingwei/internal/backup"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// ground is what a node stands on. The rooms above do not know which it is: a folder of this machine, or what a cluster
// holds for one of its cells.
type ground interface {
	// clock is the time of day that the rooms are given.
	clock() time.Time
	// prepare is what is done first.
	prepare(ctx context.Context) error
	records(ctx context.Context) (*store.DB, error)
	journal(ctx context.Context, onFailure func(error)) (journal, error)
	// files are where the node's folders lie, and the folder that holds them.
	files() (tree file.FS, dir string)
	// host is the only name under which the node is reached, "" where its addresses and any name do.
	host() string
	// listen returns how a door of the node (doorHTTPS, doorLink, doorMQTT) gets its connections, nil where it listens on
	// the configured address itself.
	listen(door string) listenFunc
}

// The doors of a node that are reached with TLS.
const (
	doorHTTPS = "https"
	doorLink  = "link"
	doorMQTT  = "mqtt"
)

type listenFunc = func(ctx context.Context) (net.Listener, error)

// journal is a log.Journal that tells how it does.
type journal interface {
	log.Journal
	Stats() log.Stats
	// Torn tells what was cut off the end at the start, "" for nothing.
	Torn() string
}

// standing is the node of a configuration, with nothing opened, for commands that need a part of it.
func standing(cfg *config.Loaded) (*node, error) {
	now, err := clockOf(cfg.Data)
	if err != nil {
		return nil, err
	}
	n := &node{cfg: cfg, log: slog.New(slog.DiscardHandler), now: now}
	n.ground = &machine{cfg, n.now, n.log}
	n.files, n.dir = n.ground.files()
	return n, nil
}

// machine is the ground of a node that has its data in a folder of its own.
type machine struct {
	cfg    *config.Loaded
	now    func() time.Time
	logger *slog.Logger
}

func (m *machine) clock() time.Time { return m.now() }

func (m *machine) prepare(context.Context) error {
	if err := file.MakeDir(file.OS(), m.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w; choose another with --data", err)
	}
	return backup.MarkFormats(file.OS(), m.cfg.Data, version)
}

func (m *machine) records(ctx context.Context) (*store.DB, error) {
	address, err := databaseURL(m.cfg)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, address, store.Options{Logger: m.logger})
}

// databaseURL is where the records are.
func databaseURL(cfg *config.Loaded) (string, error) {
	if cfg.Database.URL != "" {
		return cfg.Database.URL, nil
	}
	path, err := filepath.Abs(filepath.Join(cfg.Data, "records.db"))
	if err != nil {
		return "", fmt.Errorf("find the data folder: %w", err)
	}
	return store.SQLiteURL(path), nil
}

func (m *machine) journal(_ context.Context, onFailure func(error)) (journal, error) {
	l, err := log.Open(log.Options{
		Dir:      filepath.Join(m.cfg.Data, "journal"),
		MaxBytes: int64(m.cfg.Journal.MaxBytes),
		Keepers:  []string{telemetry.Keeper},
		Now:      m.now, Logger: m.logger,
		OnFailure: onFailure,
	})
	if errors.Is(err, file.ErrLocked) {
		return nil, fmt.Errorf("another node is running with the data folder %s: stop it, or give this one another with --data: %w", m.cfg.Data, err)
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (m *machine) files() (file.FS, string) { return file.OS(), m.cfg.Data }

func (m *machine) host() string { return "" }

func (m *machine) listen(string) listenFunc { return nil }
