package reading

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/telemetry"
)

func get(id, path, summary, description string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{"telemetry"}, Summary: summary, Description: description}
}

func (s *Service) listRoutes(a *api.Server) {
	type Where struct { // exported: only then are embedded parameters read
		Org     uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation"`
		Machine uuid.UUID `query:"machine" format:"uuid" doc:"Only this machine"`
	}
	type listInput struct {
		Where
		api.Paging
	}
	api.Register(a, get("listSeries", "/series", "Series that I may read", ""),
		func(ctx context.Context, in *listInput) (*api.List[Series], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			list, next, err := s.List(ctx, scope, Filter{Machine: in.Machine}, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(list, next), nil
		})

	type byID struct {
		ID uuid.UUID `path:"id" format:"uuid"`
	}
	type seriesOutput struct{ Body Series }
	api.Register(a, get("getSeries", "/series/{id}", "One series", ""),
		func(ctx context.Context, in *byID) (*seriesOutput, error) {
			k, err := s.find(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			scope, err := auth.Allow(ctx, auth.Read, k.series.Org)
			if err != nil {
				return nil, err
			}
			points, _, err := s.points.Points(ctx, scope, Filter{IDs: []uuid.UUID{in.ID}}, api.Paging{Limit: 1}.Page())
			if err != nil {
				return nil, err
			}
			var p Point // a point that is no longer in the plant keeps its series
			if len(points) == 1 {
				p = points[0]
			}
			return &seriesOutput{s.seriesOf(p, k.series)}, nil
		})

	api.Register(a, get("listLatest", "/latest", "Latest values of a machine or an organisation",
		"state is live (good and no older than maxSilence), stale (older or not good) or silent (never heard of, or communication lost)."),
		func(ctx context.Context, in *struct{ Where }) (*api.List[Latest], error) {
			if in.Machine == uuid.Nil && in.Org == uuid.Nil {
				return nil, ErrNeedOrg.At("query.machine", "")
			}
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			w, err := s.gather(ctx, scope, []Filter{{Machine: in.Machine}})
			if err != nil {
				return nil, err
			}
			now := s.now().UnixNano()
			samples := s.store.Latest(w.refs, now, make([]telemetry.Sample, 0, len(w.refs)))
			out := make([]Latest, len(samples))
			for i, sample := range samples {
				out[i] = latestOf(w.ids[i], sample, w.silence[i], now)
			}
			return api.Listed(out, ""), nil
		})
}

// Samples is a page of raw samples, or a plot.
type Samples struct {
	Items  []Sample   `json:"items" nullable:"false"`
	Next   string     `json:"next,omitempty" doc:"Cursor of the next page of raw samples"`
	From   *time.Time `json:"from,omitempty" doc:"Of a plot"`
	To     *time.Time `json:"to,omitempty" doc:"Of a plot, exclusive"`
	Pixels int        `json:"pixels,omitempty" doc:"Of a plot"`
}

// Bucket is an aggregate over [from, to).
type Bucket struct {
	From      string   `json:"from" format:"date-time"`
	To        string   `json:"to" format:"date-time"`
	Count     int      `json:"count" doc:"Samples"`
	Good      int      `json:"good"`
	Uncertain int      `json:"uncertain"`
	Bad       int      `json:"bad"`
	Min       Value    `json:"min" doc:"Of the good samples, as are max, sum, mean, first and last"`
	Max       Value    `json:"max"`
	Sum       *float64 `json:"sum"`
	Mean      *float64 `json:"mean" doc:"Of the samples, each counting once"`
	First     Value    `json:"first"`
	Last      Value    `json:"last"`
	Covered   float64  `json:"covered" doc:"Seconds for which there is a good value"`
}

func (s *Service) sampleRoutes(a *api.Server) {
	type SpanInput struct {
		ID   uuid.UUID `path:"id" format:"uuid"`
		From time.Time `query:"from" doc:"Source time, inclusive; an hour before to when left out"`
		To   time.Time `query:"to" doc:"Source time, exclusive; now when left out"`
	}
	type samplesInput struct {
		SpanInput
		Mode    string `query:"mode" enum:"raw,plot" default:"raw"`
		Limit   int    `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"Raw: how many samples at most"`
		Cursor  string `query:"cursor" maxLength:"200" doc:"Raw: next of the page before"`
		Pixels  int    `query:"pixels" minimum:"1" maximum:"20000" default:"1000" doc:"Plot: how wide the drawing is; each pixel gives its first, last, least, greatest and one bad sample"`
		History bool   `query:"history" doc:"Raw: also samples that others of the same source time superseded"`
		Detail  bool   `query:"detail" doc:"Raw: with the time at which the node made each sample durable, and the trace of its batch"`
	}
	type samplesOutput struct{ Body Samples }
	api.Register(a, get("listSamples", "/series/{id}/samples", "Samples of a series, raw or for a plot", ""),
		func(ctx context.Context, in *samplesInput) (*samplesOutput, error) {
			k, err := s.find(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			now := s.now()
			span, err := spanOf(in.From, in.To, now)
			if err != nil {
				return nil, err
			}
			if in.Mode == "plot" {
				out, err := s.plot(ctx, k, span, in.Pixels, now.UnixNano())
				return &samplesOutput{out}, err
			}
			after, err := telemetry.ParseCursor(in.Cursor)
			if err != nil {
				return nil, api.ErrCursor.At("query.cursor", in.Cursor).Because(err)
			}
			out, err := s.raw(ctx, k, span, telemetry.RawOptions{Limit: min(in.Limit, maxSamples), After: after, History: in.History}, in.Detail)
			return &samplesOutput{out}, err
		})

	type aggregateInput struct {
		SpanInput
		Step string `query:"step" default:"5m" maxLength:"40" doc:"Length of a bucket, such as 500ms, 5m or 24h"`
	}
	api.Register(a, get("listAggregates", "/series/{id}/aggregates", "Aggregates of a series over buckets of equal length", ""),
		func(ctx context.Context, in *aggregateInput) (*api.List[Bucket], error) {
			k, err := s.find(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			now := s.now()
			span, err := spanOf(in.From, in.To, now)
			if err != nil {
				return nil, err
			}
			step, err := time.ParseDuration(in.Step)
			if err != nil || step <= 0 || (span.To-span.From)/int64(step) >= maxBuckets {
				return nil, ErrStep.At("query.step", in.Step).With("max", maxBuckets)
			}
			all, err := s.store.Aggregate(ctx, []telemetry.Ref{k.ref}, span, telemetry.AggregateOptions{Step: step, Now: now.UnixNano()})
			if err != nil {
				return nil, translate(err)
			}
			out := make([]Bucket, len(all[0]))
			for i, b := range all[0] {
				out[i] = bucketOf(b)
			}
			return api.Listed(out, ""), nil
		})
}

// spanOf fills in what was left out and checks the rest.
func spanOf(from, to, now time.Time) (telemetry.Span, error) {
	if to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-time.Hour)
	}
	bound := func(t time.Time) (int64, bool) {
		// UnixNano is defined for years 1678 to 2262 only.
		if y := t.UTC().Year(); y < 1970 || y > 2200 {
			return 0, false
		}
		return t.UnixNano(), true
	}
	e, ok := bound(to)
	if !ok {
		return telemetry.Span{}, ErrSpan.At("query.to", to.UTC().Format(time.RFC3339))
	}
	f, ok := bound(from)
	if !ok {
		return telemetry.Span{}, ErrSpan.At("query.from", from.UTC().Format(time.RFC3339))
	}
	if e <= f {
		return telemetry.Span{}, ErrSpan.At("query.to", to.UTC().Format(time.RFC3339))
	}
	return telemetry.Span{From: f, To: e}, nil
}

func (s *Service) raw(ctx context.Context, k known, span telemetry.Span, o telemetry.RawOptions, detail bool) (Samples, error) {
	page, err := s.store.Raw(ctx, k.ref, span, o)
	if err != nil {
		return Samples{}, translate(err)
	}
	out := Samples{Items: make([]Sample, len(page.Samples))}
	type told struct{ time, trace string }
	known := map[uint64]told{} // samples of one page come from few commits
	for i, sample := range page.Samples {
		out.Items[i] = sampleOf(sample)
		if !detail {
			continue
		}
		t, ok := known[sample.Commit]
		if !ok {
			arrival, found, err := s.store.Commit(sample.Commit)
			if err != nil {
				return Samples{}, translate(err)
			}
			if found {
				t = told{instant(arrival.Time), fmt.Sprintf("%s-%d-%d", arrival.Producer, arrival.Epoch, arrival.Seq)}
			}
			known[sample.Commit] = t
		}
		out.Items[i].CommitTime, out.Items[i].Trace = t.time, t.trace
	}
	if page.More {
		out.Next = page.Next.String()
	}
	return out, nil
}

func (s *Service) plot(ctx context.Context, k known, span telemetry.Span, pixels int, now int64) (Samples, error) {
	points, err := s.store.Plot(ctx, k.ref, span, pixels, now)
	if err != nil {
		return Samples{}, translate(err)
	}
	from, to := time.Unix(0, span.From).UTC(), time.Unix(0, span.To).UTC()
	out := Samples{Items: make([]Sample, len(points)), From: &from, To: &to, Pixels: pixels}
	for i, p := range points {
		out.Items[i] = sampleOf(p.Sample)
		out.Items[i].Kind = plotNames[p.Kind]
	}
	return out, nil
}

func bucketOf(b telemetry.Bucket) Bucket {
	return Bucket{
		From: instant(b.From), To: instant(b.To), Count: count(b.Count), Good: count(b.Good), Uncertain: count(b.Uncertain), Bad: count(b.Bad),
		Min: Value{b.Min}, Max: Value{b.Max}, Sum: number(b.Sum), Mean: number(b.Mean), First: Value{b.First}, Last: Value{b.Last},
		Covered: b.Covered.Seconds(),
	}
}

func count(n uint64) int { return int(min(n, math.MaxInt32)) }
