package promql

import (
	"context"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Point is what the plant tells of a series: from it come the metric's name and labels.
type Point struct {
	ID      uuid.UUID // of the series
	Org     uuid.UUID
	Machine uuid.UUID
	Key     string    // never changes: "spindle.temperature"
	Name    text.Text // of the point; the help text of its metric

	// Where it stands, as it is now, or was last if it is no more. What is left out has no label.
	MachineName      text.Text
	Site, Area, Line text.Text

	Counter bool // a reading that only grows, but for resets: told in /metadata
}

// Catalogue describes series; the plant does.
type Catalogue interface {
	// Points calls yield with every point of the scope, those that are retired too, in any order. An error of yield ends it.
	Points(ctx context.Context, scope auth.Scope, yield func(Point) error) error
}

// Store is what of the telemetry store is read here; *telemetry.Store is one.
type Store interface {
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Series(ref telemetry.Ref) (telemetry.Series, bool)
	Scan(ctx context.Context, ref telemetry.Ref, span telemetry.Span, o telemetry.ScanOptions, yield func(*telemetry.Run) bool) error
	Aggregate(ctx context.Context, refs []telemetry.Ref, span telemetry.Span, o telemetry.AggregateOptions) ([][]telemetry.Bucket, error)
	AsOf(t int64) (commit uint64, err error)
}

var _ Store = (*telemetry.Store)(nil)
