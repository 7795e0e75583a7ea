package ingest

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Whole lists for what counts over all sources: each is one query.

// Feeds returns the scope's feeds that hold at some moment of [from, to), also those of sources that have been removed
// since, by machine and time. Times are ns since 1970 UTC.
func (s *Service) Feeds(ctx context.Context, scope auth.Scope, from, to int64) ([]Feed, error) {
	var rows []feedRow
	q := s.o.DB.NewSelect().Model(&rows).Where("f.since < ? AND f.until > ?", to, from)
	if err := scope.Where(q, "f.org").OrderExpr("f.machine, f.since").Scan(ctx); err != nil {
		return nil, fmt.Errorf("all feeds: %w", store.Err(err))
	}
	return store.All(rows, (*feedRow).feed), nil
}

// SourcesAt returns the scope's sources that are there at a time (ns), in the order in which they were made, with the
// names that they have now: a source's name has no dates. Its kind never changes.
func (s *Service) SourcesAt(ctx context.Context, scope auth.Scope, at int64) ([]Source, error) {
	var rows []sourceRow
	q := s.o.DB.NewSelect().Model(&rows).Where("s.created <= ? AND (s.removed = 0 OR s.removed > ?)", at, at)
	if err := scope.Where(q, "s.org").OrderExpr("s.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("all sources: %w", store.Err(err))
	}
	return store.All(rows, (*sourceRow).source), nil
}

// Rates are the values per second of the sources that are at work.
func (s *Service) Rates() map[uuid.UUID]float64 {
	out := map[uuid.UUID]float64{}
	for _, in := range s.all() {
		in.mu.RLock()
		if in.run != nil {
			out[in.src.ID] = math.Round(in.rate.now*10) / 10
		}
		in.mu.RUnlock()
	}
	return out
}

// KindName is what a kind of source is called; its own name where there is no such kind.
func KindName(kind string) text.Text {
	if k, ok := kindOf(kind); ok {
		return k.text
	}
	return text.Both(kind)
}
