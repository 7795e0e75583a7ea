package promql

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"jingwei/internal/telemetry"
)

// How far back the engine looks for a value, where the caller does not say: as Prometheus does, unless the series asked
// for may be silent longer than that.
const (
	defaultLookback = 5 * time.Minute
	maxLookback     = 7 * 24 * time.Hour
)

// longest is the longest of a series' longest silences.
func longest(s *telemetry.Series) time.Duration {
	var out time.Duration
	for _, r := range s.Reporting {
		out = max(out, r.MaxSilence)
	}
	return out
}

// lookbackOf is how far back a query looks: a value counts until its series' longest silence has passed, where a stale
// marker stands, so looking further never revives what has ended.
func (a *asking) lookbackOf(ctx context.Context, expr parser.Expr) (time.Duration, error) {
	out := defaultLookback
	for _, matchers := range parser.ExtractSelectors(expr) {
		err := a.index.each(ctx, a.scope, selectionOf(matchers), func(e *entry, v view) bool {
			if v != covered {
				out = max(out, longest(&e.series))
			}
			return out < maxLookback
		})
		if err != nil {
			return 0, err
		}
	}
	return min(out, maxLookback), nil
}
