package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Unassign ends an assignment, so that a wider one counts again: at once where it is not in effect yet, and what it was to
// take the place of goes on; else after Grace, because the wider one may take samples away. Errors: ErrReason,
// store.ErrNotFound.
func (s *Service) Unassign(ctx context.Context, id uuid.UUID, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := s.now()
		var r assignmentRow
		// One that was withdrawn ends where it begins; it is not there any more.
		q := tx.NewSelect().Model(&r).Where("a.id = ? AND a.until > ? AND a.until > a.since", id, now)
		if err := visible.Where(q, "a.org").Scan(ctx); err != nil {
			return store.Err(err)
		}
		scope, err := auth.Allow(ctx, auth.Configure, r.Org)
		if err != nil {
			return err
		}
		end := now
		if r.Since > now {
			err = withdraw(ctx, tx, r.Org, Target(r.Target), r.TargetID, now)
		} else {
			end += int64(Grace)
			_, err = tx.NewUpdate().Model((*assignmentRow)(nil)).Set("until = ?", end).Where("id = ? AND until > ?", id, end).Exec(ctx)
		}
		if err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "retention.unassign", "retention.assignment", id, r.Target, map[string]any{"target": r.Target, "of": r.TargetID, "class": r.Class},
			map[string]any{"until": time.Unix(0, end).UTC(), "reason": reason})
	})
	if err != nil {
		return fmt.Errorf("unassign %s: %w", id, err)
	}
	return nil
}

// withdraw takes back what is assigned to a target and not in effect yet; what it was to take the place of lasts again.
func withdraw(ctx context.Context, tx bun.Tx, org uuid.UUID, target Target, of string, now int64) error {
	var rows []assignmentRow
	if err := tx.NewSelect().Model(&rows).Where("org = ? AND target = ? AND target_id = ? AND since > ? AND until > since", org, string(target), of, now).Scan(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := tx.NewUpdate().Model((*assignmentRow)(nil)).Set("until = since").Where("id = ?", r.ID).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*assignmentRow)(nil)).Set("until = ?", int64(forever)).
			Where("org = ? AND target = ? AND target_id = ? AND since <= ? AND until = ?", org, string(target), of, now, r.Since).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// goOn finds the assignment of a class to a target that is in effect, and has it last.
func goOn(ctx context.Context, tx bun.Tx, org uuid.UUID, target Target, of string, class uuid.UUID, now int64) (*assignmentRow, error) {
	var rows []assignmentRow
	err := tx.NewSelect().Model(&rows).
		Where("org = ? AND target = ? AND target_id = ? AND class = ? AND since <= ? AND until > ?", org, string(target), of, store.Word(class), now, now).Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	rows[0].Until = forever
	_, err = tx.NewUpdate().Model((*assignmentRow)(nil)).Set("until = ?", int64(forever)).Where("id = ?", rows[0].ID).Exec(ctx)
	return &rows[0], err
}
