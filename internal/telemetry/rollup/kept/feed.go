package kept

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry/rollup"
)

// feedBits are those of a restatement's place in its batch; the batch's number stands above them.
const feedBits = 17

type feedRow struct {
	bun.BaseModel `bun:"table:rollup_restatement,alias:f"`

	ID        int64 `bun:"id,pk"`
	Seq       int64
	At        int64
	Org       uuid.UUID
	Series    uuid.UUID
	Level     int64
	Since     int64
	Until     int64
	OldInput  int64
	NewInput  int64
	Revision  int64
	Withdrawn int64
	Cause     string
}

// Restatement tells that a row that was kept says something else now.
type Restatement struct {
	ID        uint64 // grows; not without gaps
	At        int64
	Org       uuid.UUID
	Series    uuid.UUID
	Level     rollup.Level
	From, To  int64  // the bucket
	OldInput  uint64 // greatest commit on which the row rested
	NewInput  uint64
	Revision  uint32 // of the row, from 1
	Withdrawn bool   // the bucket is no more: a calendar was changed
	Cause     Cause
}

func (r *feedRow) restatement() Restatement {
	return Restatement{ID: uint64(r.ID), At: r.At, Org: r.Org, Series: r.Series, Level: rollup.Level(r.Level), From: r.Since, To: r.Until,
		OldInput: uint64(r.OldInput), NewInput: uint64(r.NewInput), Revision: uint32(r.Revision), Withdrawn: r.Withdrawn != 0, Cause: Cause(r.Cause)}
}

// writeFeed writes down what a batch restates and of what times its rows are, in the place of what was written for a batch of that number or
// later that never came.
func (s *Service) writeFeed(ctx context.Context, seq uint64, rows []feedRow, told []toldRow) error {
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := forgetFrom(ctx, tx, seq); err != nil {
			return err
		}
		if err := inParts(ctx, tx, rows); err != nil {
			return err
		}
		if err := inParts(ctx, tx, told); err != nil || seq%toldEvery != 0 {
			return err
		}
		return boundTold(ctx, tx, toldRows)
	})
	if err != nil {
		return fmt.Errorf("write down restatements: %w", store.Err(err))
	}
	return nil
}

// inParts inserts rows, as many at a time as one statement takes.
func inParts[T any](ctx context.Context, tx bun.Tx, rows []T) error {
	for part := range slices.Chunk(rows, 500) {
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// forgetFrom removes what was written down for a batch and those behind it.
func forgetFrom(ctx context.Context, tx bun.Tx, seq uint64) error {
	for _, model := range []any{(*feedRow)(nil), (*toldRow)(nil)} {
		if _, err := tx.NewDelete().Model(model).Where("seq >= ?", int64(seq)).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// dropFeed removes what was written down for batches that never came.
func (s *Service) dropFeed(ctx context.Context, last uint64) error {
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return forgetFrom(ctx, tx, last+1) })
	if err != nil {
		return fmt.Errorf("remove restatements that never came: %w", store.Err(err))
	}
	return nil
}

// RestatementFilter narrows a list; zero fields do not.
type RestatementFilter struct {
	Series uuid.UUID
	Level  rollup.Level
}

// Since tells what was restated after a cursor, oldest first, and the cursor to go on with: the last ID that it tells,
// or the one given where there is nothing. Error: ErrHorizon where what came after the cursor is not told any more: whoever
// relied on rows looks at all of them again and goes on from Newest.
func (s *Service) Since(ctx context.Context, scope auth.Scope, cursor uint64, limit int, f RestatementFilter) ([]Restatement, uint64, error) {
	if limit <= 0 || limit > store.MaxLimit {
		limit = store.MaxLimit
	}
	_, last := s.o.Store.LastSeq(Producer)
	var rows []feedRow
	var oldest int64
	err := s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		rows = nil
		q := scope.Where(tx.NewSelect().Model(&rows), "f.org").Where("f.id > ? AND f.seq <= ?", int64(min(cursor, math.MaxInt64)), int64(last))
		if f.Series != uuid.Nil {
			q = q.Where("f.series = ?", f.Series)
		}
		if f.Level != 0 {
			q = q.Where("f.level = ?", int64(f.Level))
		}
		if err := q.OrderExpr("f.id").Limit(int64(limit)).Scan(ctx); err != nil {
			return err
		}
		var err error
		oldest, err = horizonOf(ctx, tx, feedHorizon)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list restatements: %w", store.Err(err))
	}
	if cursor != 0 && int64(min(cursor, math.MaxInt64)) < oldest {
		return nil, 0, ErrHorizon.At("query.after", strconv.FormatUint(cursor, 10)).With("oldest", strconv.FormatInt(oldest, 10))
	}
	for i := range rows {
		cursor = uint64(rows[i].ID)
	}
	return store.All(rows, (*feedRow).restatement), cursor, nil
}

// Newest is the cursor after all restatements that there are now.
func (s *Service) Newest() uint64 {
	_, last := s.o.Store.LastSeq(Producer)
	return (last+1)<<feedBits - 1
}

// feedHorizon names the greatest ID of restatements that was removed.
const feedHorizon = "horizon"

// horizonOf is the greatest ID that was removed.
func horizonOf(ctx context.Context, db bun.IDB, name string) (int64, error) {
	var r stateRow
	err := store.Err(db.NewSelect().Model(&r).Where("name = ?", name).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return r.Value, err
}

// purge bounds the feed by age and number, once a day.
func (s *Service) purge(ctx context.Context, now int64) error {
	if now-s.state.purged < int64(24*time.Hour) {
		return nil
	}
	if err := s.bound(ctx, now-int64(FeedAge), FeedRows); err != nil {
		return err
	}
	s.state.purged = now
	return nil
}

// bound removes restatements before a time, and the oldest beyond a number.
func (s *Service) bound(ctx context.Context, before int64, most int) error {
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var last int64
		if err := tx.NewSelect().Model((*feedRow)(nil)).ColumnExpr("COALESCE(MAX(f.id), 0)").Where("f.at < ?", before).Scan(ctx, &last); err != nil {
			return err
		}
		var over []int64
		if err := tx.NewSelect().Model((*feedRow)(nil)).Column("id").OrderExpr("f.id DESC").Offset(int64(most)).Limit(1).Scan(ctx, &over); err != nil {
			return err
		}
		for _, id := range over {
			last = max(last, id)
		}
		if last == 0 {
			return nil
		}
		if _, err := tx.NewDelete().Model((*feedRow)(nil)).Where("id <= ?", last).Exec(ctx); err != nil {
			return err
		}
		return put(ctx, tx, feedHorizon, last)
	})
	if err != nil {
		return fmt.Errorf("bound the list of restatements: %w", store.Err(err))
	}
	return nil
}
