package kept

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry/rollup"
)

// RestatedHours are the kept hours of a series in a span that say something else than they once did.
type RestatedHours struct {
	Hours    int
	From, To int64 // from the begin of the first to the end of the last
}

// RestatedIn sums the feed up, as far as it reaches back: for each series of the scope, or one of them, the hours that lie at
// least partly in a span and were restated since.
func (s *Service) RestatedIn(ctx context.Context, scope auth.Scope, series uuid.UUID, from, to int64) (map[uuid.UUID]RestatedHours, error) {
	_, last := s.o.Store.LastSeq(Producer)
	var rows []struct {
		Series uuid.UUID
		Hours  int64
		Since  int64
		Until  int64
	}
	// An hour is restated after it has ended, so the time of the restatement bounds what is looked at.
	q := scope.Where(s.o.DB.NewSelect().TableExpr("rollup_restatement AS f"), "f.org").
		ColumnExpr("f.series AS series, COUNT(DISTINCT f.since) AS hours, MIN(f.since) AS since, MAX(f.until) AS until").
		Where("f.level = ? AND f.since < ? AND f.until > ? AND f.at > ? AND f.seq <= ?", int64(rollup.LevelHour), to, from, from, int64(last))
	if series != uuid.Nil {
		q = q.Where("f.series = ?", series)
	}
	if err := q.GroupExpr("f.series").Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("sum up restatements: %w", store.Err(err))
	}
	out := make(map[uuid.UUID]RestatedHours, len(rows))
	for _, r := range rows {
		out[r.Series] = RestatedHours{Hours: int(r.Hours), From: r.Since, To: r.Until}
	}
	return out, nil
}
