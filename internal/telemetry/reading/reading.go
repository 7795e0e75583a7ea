package reading

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Point says what a series is in the plant.
type Point struct {
	ID      uuid.UUID // of the series
	Org     uuid.UUID
	Machine uuid.UUID
	Name    text.Text
}

// Filter narrows a list of points; zero fields do not.
type Filter struct {
	Machine uuid.UUID
	IDs     []uuid.UUID
}

// Points describes series; the plant does.
type Points interface {
	// Points lists the scope's points as they are now, in the order of their making, by pages. Error: store.ErrCursor.
	Points(ctx context.Context, scope auth.Scope, f Filter, page store.Page) (points []Point, next string, err error)
}

// Store is what of the telemetry store is read here; *telemetry.Store is one.
type Store interface {
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Series(ref telemetry.Ref) (telemetry.Series, bool)
	Latest(refs []telemetry.Ref, now int64, out []telemetry.Sample) []telemetry.Sample
	Changes(refs []telemetry.Ref, since uint64) (changed []int, next uint64)
	Raw(ctx context.Context, ref telemetry.Ref, span telemetry.Span, o telemetry.RawOptions) (telemetry.Page, error)
	Plot(ctx context.Context, ref telemetry.Ref, span telemetry.Span, o telemetry.PlotOptions) ([]telemetry.PlotPoint, error)
	At(ctx context.Context, refs []telemetry.Ref, times []int64, o telemetry.AtOptions) ([][]telemetry.Estimate, error)
	Scan(ctx context.Context, ref telemetry.Ref, span telemetry.Span, o telemetry.ScanOptions, yield func(*telemetry.Run) bool) error
	Cost(ctx context.Context, refs []telemetry.Ref, span telemetry.Span, o telemetry.CostOptions) (telemetry.Cost, error)
	AsOf(t int64) (commit uint64, err error)
	Closed() int64
	AggregateEach(ctx context.Context, refs []telemetry.Ref, span telemetry.Span, o telemetry.AggregateOptions, each func(i int, b []telemetry.Bucket) error) error
	Commit(number uint64) (telemetry.Arrival, bool, error)
}

// Service answers from the store.
type Service struct {
	store  Store
	points Points
	now    func() time.Time
	limits Limits
	gate   gate
}

// New makes the room's door.
func New(s Store, p Points, now func() time.Time) *Service {
	return &Service{store: s, points: p, now: now, limits: DefaultLimits()}
}

//go:embed texts
var texts embed.FS

// Bounds of answers.
const (
	maxSamples = 10_000 // of one page of raw samples
	maxBuckets = 20_000 // of one answer of aggregates, or values on a grid
	maxSeries  = 200    // of one query or export
	maxCells   = 50_000 // buckets, or values on a grid, of one answer over many series
	maxPixels  = 40_000 // of one answer of plots of many series, all together
	maxLatest  = 20_000 // series of one answer of latest values, or of one live stream
)

// Problems of reading.
var (
	ErrSpan     = problem.Define("span-invalid", 422)    // ends before it begins, or lies outside 1970 to 2200
	ErrStep     = problem.Define("step-invalid", 422)    // not a duration, or too many buckets: max
	ErrDamaged  = problem.Define("samples-damaged", 500) // file
	ErrTooMany  = problem.Define("too-many-series", 422) // max
	ErrNeedOrg  = problem.Define("machine-or-org-needed", 422)
	ErrStarting = problem.Define("telemetry-closed", 503)

	ErrNotClosed = problem.Define("as-of-not-closed", 422) // closed
	ErrCostly    = problem.Define("query-too-costly", 422) // rows, maxRows, memory, maxMemory (MB)
	ErrAnswer    = problem.Define("answer-too-large", 422) // count, max
	ErrBounds    = problem.Define("bounds-invalid", 422)   // max
	ErrColumn    = problem.Define("column-unknown", 422)   // columns
	ErrSheet     = problem.Define("sheet-too-long", 422)   // max
	ErrCell      = problem.Define("cell-too-long", 422)    // series, time, max
	ErrPullsEach = problem.Define("too-many-pulls", 429)   // max
	ErrPulls     = problem.Define("pulls-busy", 503)       // max
)

// Problems are the kinds this room defines.
func Problems() []*problem.Kind {
	return []*problem.Kind{ErrSpan, ErrStep, ErrDamaged, ErrTooMany, ErrNeedOrg, ErrStarting,
		ErrNotClosed, ErrCostly, ErrAnswer, ErrBounds, ErrColumn, ErrSheet, ErrCell, ErrPullsEach, ErrPulls}
}

// translate gives the store's errors their problems.
func translate(err error) error {
	var damage *telemetry.DamageError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &damage):
		return ErrDamaged.With("file", damage.Error()).Because(err)
	case errors.Is(err, telemetry.ErrBadSpan):
		return ErrSpan.At("query.from", "").Because(err)
	case errors.Is(err, telemetry.ErrClosed):
		return ErrStarting.Because(err).Header("Retry-After", "5")
	case errors.Is(err, telemetry.ErrUnknownSeries):
		return problem.NotFound.Because(err)
	}
	return err
}

// known is a series that the caller may read.
type known struct {
	ref    telemetry.Ref
	series telemetry.Series
}

// find looks a series up for a caller: one of another organisation is not found.
func (s *Service) find(ctx context.Context, id uuid.UUID) (known, error) {
	return s.findAt(ctx, id, "path.id")
}

// findAt does so for a series that is named at a place of the request.
func (s *Service) findAt(ctx context.Context, id uuid.UUID, location string) (known, error) {
	if _, err := auth.Need(ctx); err != nil {
		return known{}, err
	}
	ref, ok := s.store.Lookup(id)
	if ok {
		if series, ok := s.store.Series(ref); ok {
			switch _, err := auth.Allow(ctx, auth.Read, series.Org); {
			case err == nil:
				return known{ref, series}, nil
			case !errors.Is(err, problem.NotFound):
				return known{}, err
			}
		}
	}
	return known{}, problem.NotFound.At(location, id.String())
}

// findAll looks up several; where names the parameter.
func (s *Service) findAll(ctx context.Context, ids []uuid.UUID, where string) ([]known, []telemetry.Ref, error) {
	if len(ids) > maxSeries {
		return nil, nil, ErrTooMany.At(where, len(ids)).With("max", maxSeries)
	}
	all, refs := make([]known, len(ids)), make([]telemetry.Ref, len(ids))
	for i, id := range ids {
		k, err := s.findAt(ctx, id, indexed(where, i))
		if err != nil {
			return nil, nil, err
		}
		all[i], refs[i] = k, k.ref
	}
	return all, refs, nil
}

func (s *Service) seriesOf(p Point, k telemetry.Series) Series {
	r := k.ReportingAt(s.now().UnixNano())
	report := "periodic"
	if r.Report == telemetry.OnChange {
		report = "onChange"
	}
	return Series{
		ID: k.ID, Org: k.Org, Point: k.ID, Machine: p.Machine, Name: p.Name, Unit: k.Unit, Type: k.Type.String(), Report: report,
		MaxSilence: r.MaxSilence.String(),
	}
}

// List returns the series of the scope, one page after the other. A point whose series is not declared yet is left out.
func (s *Service) List(ctx context.Context, scope auth.Scope, f Filter, page store.Page) ([]Series, string, error) {
	points, next, err := s.points.Points(ctx, scope, f, page)
	if err != nil {
		return nil, "", err
	}
	out := make([]Series, 0, len(points))
	for _, p := range points {
		if ref, ok := s.store.Lookup(p.ID); ok {
			if k, ok := s.store.Series(ref); ok && scope.Includes(k.Org) {
				out = append(out, s.seriesOf(p, k))
			}
		}
	}
	return out, next, nil
}

// watched are series that are looked at together.
type watched struct {
	ids     []uuid.UUID
	refs    []telemetry.Ref
	silence []time.Duration
}

// gather finds all series of the scope that the filters name, each once. Error: ErrTooMany.
func (s *Service) gather(ctx context.Context, scope auth.Scope, filters []Filter) (watched, error) {
	var w watched
	seen := map[telemetry.Ref]bool{}
	now := s.now().UnixNano()
	for _, f := range filters {
		for page := (store.Page{Limit: store.MaxLimit}); ; {
			points, next, err := s.points.Points(ctx, scope, f, page)
			if err != nil {
				return w, fmt.Errorf("look up the series of a machine or organisation: %w", err)
			}
			for _, p := range points {
				ref, ok := s.store.Lookup(p.ID)
				if !ok || seen[ref] {
					continue
				}
				k, ok := s.store.Series(ref)
				if !ok || !scope.Includes(k.Org) {
					continue
				}
				if len(w.refs) == maxLatest {
					return w, ErrTooMany.With("max", maxLatest)
				}
				seen[ref] = true
				w.ids, w.refs = append(w.ids, p.ID), append(w.refs, ref)
				w.silence = append(w.silence, k.ReportingAt(now).MaxSilence)
			}
			if page.After = next; next == "" {
				break
			}
		}
	}
	return w, nil
}

var _ Store = (*telemetry.Store)(nil)

// Routes adds the operations and the values on the live stream.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.listRoutes(a)
	s.sampleRoutes(a)
	s.watermarkRoute(a)
	s.queryRoute(a)
	s.exportRoute(a)
	a.Live().Add(valueSource{s})
}
