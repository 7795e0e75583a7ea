package kept

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

type toldRow struct {
	bun.BaseModel `bun:"table:rollup_told,alias:t"`

	ID    int64 `bun:"id,pk"`
	Seq   int64
	Org   uuid.UUID
	Since int64
	Until int64
}

// Told says that rows of an organisation were made or restated, and of what time they are.
type Told struct {
	Org  uuid.UUID
	Span telemetry.Span // from the first bucket to the last
}

// toldRows is at most how many are kept behind the last batches; toldEvery is how many batches go by until those before are removed.
const (
	toldRows  = 100_000
	toldEvery = 256
)

// toldHorizon names the greatest ID that was removed.
const toldHorizon = "told"

// toldOf is what a batch tells of each organisation.
func toldOf(seq uint64, rows []outRow) []toldRow {
	made := map[uuid.UUID]telemetry.Span{}
	for i := range rows {
		r := &rows[i]
		span, ok := made[r.series.Org]
		if !ok {
			span = telemetry.Span{From: r.from, To: r.to}
		}
		made[r.series.Org] = telemetry.Span{From: min(span.From, r.from), To: max(span.To, r.to)}
	}
	var out []toldRow
	for _, org := range slices.SortedFunc(maps.Keys(made), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }) {
		out = append(out, toldRow{ID: int64(seq)<<feedBits | int64(len(out)), Seq: int64(seq), Org: org, Since: made[org].From, Until: made[org].To})
	}
	return out
}

// ToldAfter is for the node's own work: of what times rows were made or restated after a cursor, oldest first, and the cursor to go on with.
// 0 is the cursor before everything, Newest that behind what there is. Error: ErrHorizon where what came after the cursor is not told any
// more, or where the cursor is of a store that knew more than this one: whoever relied on rows looks at all of them again and goes on
// from Newest.
func (s *Service) ToldAfter(ctx context.Context, cursor uint64, limit int) ([]Told, uint64, error) {
	_, last := s.o.Store.LastSeq(Producer)
	var rows []toldRow
	var oldest int64
	err := s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		rows = nil
		if err := tx.NewSelect().Model(&rows).Where("t.id > ? AND t.seq <= ?", int64(min(cursor, math.MaxInt64)), int64(last)).OrderExpr("t.id").Limit(int64(limit)).Scan(ctx); err != nil {
			return err
		}
		oldest, err = horizonOf(ctx, tx, toldHorizon)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list what rows are about: %w", store.Err(err))
	}
	if cursor > s.Newest() || cursor < uint64(oldest) {
		return nil, 0, ErrHorizon.At("query.after", strconv.FormatUint(cursor, 10)).With("oldest", strconv.FormatInt(oldest, 10))
	}
	for i := range rows {
		cursor = uint64(rows[i].ID)
	}
	return store.All(rows, func(r *toldRow) Told { return Told{r.Org, telemetry.Span{From: r.Since, To: r.Until}} }), cursor, nil
}

// boundTold removes what was told first, beyond a number.
func boundTold(ctx context.Context, tx bun.Tx, most int) error {
	var last int64
	err := store.Err(tx.NewSelect().Model((*toldRow)(nil)).Column("id").OrderExpr("t.id DESC").Offset(int64(most)).Limit(1).Scan(ctx, &last))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := tx.NewDelete().Model((*toldRow)(nil)).Where("id <= ?", last).Exec(ctx); err != nil {
		return err
	}
	return put(ctx, tx, toldHorizon, last)
}
