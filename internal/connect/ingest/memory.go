package ingest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/connect/ingest/sparkplug"
	"jingwei/internal/kernel/store"
)

// memory keeps what a source's decoder must know after a restart. It is a sparkplug.Memory.
type memory struct {
	s      *Service
	source uuid.UUID
}

// Load implements sparkplug.Memory. A row that cannot be read is left out: its edge node is asked for its births.
func (m *memory) Load(ctx context.Context) ([]sparkplug.NodeState, error) {
	var rows []memoryRow
	if err := m.s.o.DB.NewSelect().Model(&rows).Where("m.source = ?", m.source).Scan(ctx); err != nil {
		return nil, fmt.Errorf("memory of source %s: %w", m.source, store.Err(err))
	}
	out := make([]sparkplug.NodeState, 0, len(rows))
	for _, r := range rows {
		var n sparkplug.NodeState
		if err := json.Unmarshal(r.Value, &n); err != nil || n.Node != r.Name {
			m.s.log.Warn("what was kept of an edge node cannot be read", "source", m.source, "node", r.Name, "error", err)
			continue
		}
		out = append(out, n)
	}
	return out, nil
}

// Save implements sparkplug.Memory.
func (m *memory) Save(ctx context.Context, n sparkplug.NodeState) error {
	value, err := json.Marshal(n)
	if err != nil {
		return err
	}
	r := memoryRow{Source: m.source, Name: n.Node, Value: value}
	err = m.s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&r).On("CONFLICT (source, name) DO UPDATE").Set("value = EXCLUDED.value").Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep edge node %s of source %s: %w", n.Node, m.source, err)
	}
	return nil
}
