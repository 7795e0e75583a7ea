package plant

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Retire asks for the end of a node at a time; zero is now.
type Retire struct {
	At     time.Time
	Reason string
	api.IfMatch
}

// Retire ends a node, and a machine's points with it. Its history stays. What stands under it must have been moved or
// retired by then. Errors: ErrReason, ErrTime, ErrParts, ErrLater, ErrRetired, api.ErrPrecondition, store.ErrNotFound.
func (s *Service) Retire(ctx context.Context, scope auth.Scope, id uuid.UUID, q Retire) (Node, error) {
	at, err := moment(q.At, s.o.Now(), "body.at")
	if err != nil {
		return Node{}, err
	}
	if err := checkReason(q.Reason); err != nil {
		return Node{}, err
	}
	return s.change(ctx, scope, id, at, q.IfMatch, func(ctx context.Context, tx bun.Tx, n *Node) error {
		if err := s.empty(ctx, tx, scope, id, at); err != nil {
			return err
		}
		for _, table := range []string{"plant_place", "plant_name", "plant_instance", "plant_site_calendar"} {
			if err := end(ctx, tx, table, "node = ?", id, at); err != nil {
				return err
			}
		}
		if err := end(ctx, tx, "plant_setup", "node IN (SELECT id FROM plant_point WHERE machine = ?)", id, at); err != nil {
			return err
		}
		if err := end(ctx, tx, "plant_point", "machine = ?", id, at); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*nodeRow)(nil)).Set("until = ?", at).Set("reason = ?", q.Reason).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return err
		}
		n.To, n.Reason = at, q.Reason
		return s.note(ctx, tx, scope, "plant.node.retire", n, nil, map[string]any{"at": instant(at)}, q.Reason)
	})
}

func checkReason(reason string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n == 0 || n > maxReason {
		return ErrReason.At("body.reason", reason).With("limit", maxReason)
	}
	return nil
}

// empty returns ErrParts when something stands under a node at a time or later.
func (s *Service) empty(ctx context.Context, tx bun.Tx, scope auth.Scope, id uuid.UUID, at int64) error {
	var parts []uuid.UUID
	err := tx.NewSelect().TableExpr("plant_place AS pl").Join("JOIN plant_node AS n ON n.id = pl.node").
		ColumnExpr("DISTINCT pl.node").Where("pl.parent = ? AND pl.until > ? AND n.until > ?", id.String(), at, at).Scan(ctx, &parts)
	if err != nil || len(parts) == 0 {
		return store.Err(err)
	}
	part, err := last(ctx, tx, scope, parts[0])
	if err != nil {
		return err
	}
	return ErrParts.With("count", len(parts)).With("example", part.Name)
}

// end closes the facts that hold at a time. Error: ErrLater when one begins at that time or later.
func end(ctx context.Context, tx bun.Tx, table, where string, id uuid.UUID, at int64) error {
	var since int64
	err := store.Err(tx.NewSelect().TableExpr("?", bun.Ident(table)).Column("since").Where(where, id).Where("since >= ?", at).
		OrderExpr("since DESC").Limit(1).Scan(ctx, &since))
	if err == nil {
		return ErrLater.With("since", instant(since).Format(timeForm))
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	_, err = tx.NewUpdate().TableExpr("?", bun.Ident(table)).Set("until = ?", at).Where(where, id).Where("until > ?", at).Exec(ctx)
	return store.Err(err)
}
