package crash

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// autopsy ends gateway and node, opens the node's files, and asks of which batch each commit was: see twice.
func (c *cycles) autopsy(ctx context.Context) error {
	if err := c.edge.kill(); err != nil {
		return err
	}
	if err := c.interrupt(ctx); err != nil {
		return err
	}
	dir, err := filepath.Abs(c.data)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, (&url.URL{Scheme: "sqlite", Path: filepath.Join(dir, "records.db")}).String(), store.Options{})
	if err != nil {
		return fmt.Errorf("open the node's records: %w", err)
	}
	defer db.Close()
	catalog, err := telemetry.NewSQLCatalog(ctx, db)
	if err != nil {
		return err
	}
	journal, err := log.Open(log.Options{Dir: filepath.Join(dir, "journal"), MaxBytes: 64 << 20, Keepers: []string{telemetry.Keeper}})
	if err != nil {
		return fmt.Errorf("open the node's journal: %w", err)
	}
	defer journal.Close()
	s, err := telemetry.Open(ctx, telemetry.Options{FS: file.OS(), Dir: filepath.Join(dir, "telemetry"), Log: journal, Catalog: catalog, Now: time.Now, NoBackground: true})
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := twice(s, journal.Last().Number)
	for _, v := range found {
		c.sum.Tally.add(v)
	}
	return err
}
