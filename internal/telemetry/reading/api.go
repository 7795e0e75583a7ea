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
	"jingwei/internal/telemetry/shown"
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

// Samples is a page of raw samples, a plot, or values on a grid.
type Samples struct {
	Items   []Sample   `json:"items" nullable:"false" doc:"Raw samples, or those of a plot"`
	Points  []Estimate `json:"points,omitempty" doc:"Values on a grid: of the modes interpolated and previous"`
	Next    string     `json:"next,omitempty" doc:"Cursor of the next page of raw samples"`
	From    *time.Time `json:"from,omitempty" doc:"Of a plot or a grid"`
	To      *time.Time `json:"to,omitempty" doc:"Of a plot or a grid, exclusive"`
	Pixels  int        `json:"pixels,omitempty" doc:"Of a plot"`
	Explain *QueryCost `json:"explain,omitempty" doc:"With explain: what the query would cost, in place of its answer"`
}

// Aggregates is the buckets of one series.
type Aggregates struct {
	Items   []Bucket   `json:"items" nullable:"false"`
	Next    string     `json:"next,omitempty" doc:"Not used: all buckets come at once"`
	Explain *QueryCost `json:"explain,omitempty" doc:"With explain: what the query would cost, in place of its answer"`
}

// Bucket is an aggregate over [from, to).
type Bucket struct {
	From      string      `json:"from" format:"date-time"`
	To        string      `json:"to" format:"date-time"`
	Count     int         `json:"count" doc:"Samples"`
	Good      int         `json:"good"`
	Uncertain int         `json:"uncertain"`
	Bad       int         `json:"bad"`
	Min       shown.Value `json:"min" doc:"Of the good samples, as are max, sum, mean, first and last"`
	Max       shown.Value `json:"max"`
	Sum       *float64    `json:"sum"`
	Mean      *float64    `json:"mean" doc:"Of the samples, each counting once"`
	First     shown.Value `json:"first"`
	Last      shown.Value `json:"last"`
	Covered   float64     `json:"covered" doc:"Seconds for which there is a good value"`
}

func (s *Service) sampleRoutes(a *api.Server) {
	type SpanInput struct {
		ID      uuid.UUID `path:"id" format:"uuid"`
		From    time.Time `query:"from" doc:"Source time, inclusive; an hour before to when left out"`
		To      time.Time `query:"to" doc:"Source time, exclusive; now, or asOf, when left out"`
		AsOf    time.Time `query:"asOf" doc:"What was known at this time of the node, which must be closed (see /watermark); what is known now when left out"`
		Explain bool      `query:"explain" doc:"Answer what the query would cost, in place of the query"`
	}
	type samplesInput struct {
		SpanInput
		Mode    string `query:"mode" enum:"raw,plot,interpolated,previous" default:"raw"`
		Limit   int    `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"Raw: how many samples at most"`
		Cursor  string `query:"cursor" maxLength:"200" doc:"Raw: next of the page before"`
		Pixels  int    `query:"pixels" minimum:"1" maximum:"20000" default:"1000" doc:"Plot: how wide the drawing is; each pixel gives its first, last, least, greatest and one bad sample"`
		Step    string `query:"step" default:"1m" maxLength:"40" doc:"Interpolated and previous: distance of the times, of which from is the first"`
		History bool   `query:"history" doc:"Raw: also samples that others of the same source time superseded, and those that were taken away"`
		Detail  bool   `query:"detail" doc:"Raw: with the time at which the node made each sample durable, and the trace of its batch"`
	}
	type samplesOutput struct{ Body Samples }
	api.Register(a, get("listSamples", "/series/{id}/samples", "Samples of a series, raw or for a plot, or its values on a grid", ""),
		func(ctx context.Context, in *samplesInput) (*samplesOutput, error) {
			k, err := s.find(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			m, err := s.moment(in.AsOf, "query.asOf")
			if err != nil {
				return nil, err
			}
			span, err := spanOf(in.From, in.To, m.now, "query.")
			if err != nil {
				return nil, err
			}
			q := &question{
				s: s, where: "query.", mode: in.Mode, series: []known{k}, refs: []telemetry.Ref{k.ref}, ids: []uuid.UUID{in.ID}, span: span, moment: m,
				history: in.History, detail: in.Detail, limit: in.Limit, cursor: in.Cursor, pixels: in.Pixels, maxCells: maxBuckets, maxPixels: maxBuckets,
			}
			if in.Mode == modeInterpolated || in.Mode == modePrevious {
				if q.step, err = stepOf(in.Step, span, "query.step"); err != nil {
					return nil, err
				}
			}
			out, cost, err := q.answer(ctx, in.Explain)
			if err != nil {
				return nil, err
			}
			body := Samples{Items: []Sample{}, Explain: cost}
			if cost == nil {
				if in.Mode != modeRaw {
					from, to := time.Unix(0, span.From).UTC(), time.Unix(0, span.To).UTC()
					body.From, body.To = &from, &to
				}
				if in.Mode == modePlot {
					body.Pixels = in.Pixels
				}
				body.Next = out.next
				if len(out.series) == 1 {
					body.Items, body.Points = some(out.series[0].Items), out.series[0].Points
				}
			}
			return &samplesOutput{body}, nil
		})

	type aggregateInput struct {
		SpanInput
		Step string `query:"step" default:"5m" maxLength:"40" doc:"Length of a bucket, such as 500ms, 5m or 24h"`
	}
	type aggregateOutput struct{ Body Aggregates }
	api.Register(a, get("listAggregates", "/series/{id}/aggregates", "Aggregates of a series over buckets of equal length", ""),
		func(ctx context.Context, in *aggregateInput) (*aggregateOutput, error) {
			k, err := s.find(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			m, err := s.moment(in.AsOf, "query.asOf")
			if err != nil {
				return nil, err
			}
			span, err := spanOf(in.From, in.To, m.now, "query.")
			if err != nil {
				return nil, err
			}
			q := &question{s: s, where: "query.", mode: modeAggregate, series: []known{k}, refs: []telemetry.Ref{k.ref}, ids: []uuid.UUID{in.ID}, span: span, moment: m, maxCells: maxBuckets}
			if q.step, err = stepOf(in.Step, span, "query.step"); err != nil {
				return nil, err
			}
			out, cost, err := q.answer(ctx, in.Explain)
			if err != nil {
				return nil, err
			}
			body := Aggregates{Items: []Bucket{}, Explain: cost}
			if cost == nil {
				body.Items = out.series[0].Buckets
			}
			return &aggregateOutput{body}, nil
		})
}

// stepOf reads the length of a bucket or the distance of times on a grid.
func stepOf(text string, span telemetry.Span, location string) (time.Duration, error) {
	step, err := time.ParseDuration(text)
	if err != nil || step <= 0 || (span.To-span.From-1)/int64(step) >= maxBuckets {
		return 0, ErrStep.At(location, text).With("max", maxBuckets)
	}
	return step, nil
}

// some is never null in JSON.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// bound is a bound of a span, between 1970 and 2200. UnixNano is defined for years 1678 to 2262 only.
func bound(t time.Time) (int64, bool) {
	if y := t.UTC().Year(); y < 1970 || y > 2200 {
		return 0, false
	}
	return t.UnixNano(), true
}

// indexed names an item of a list in a request.
func indexed(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// spanOf fills in what was left out and checks the rest; where is "query." or "body.".
func spanOf(from, to, now time.Time, where string) (telemetry.Span, error) {
	if to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-time.Hour)
	}
	e, ok := bound(to)
	if !ok {
		return telemetry.Span{}, ErrSpan.At(where+"to", to.UTC().Format(time.RFC3339))
	}
	f, ok := bound(from)
	if !ok {
		return telemetry.Span{}, ErrSpan.At(where+"from", from.UTC().Format(time.RFC3339))
	}
	if e <= f {
		return telemetry.Span{}, ErrSpan.At(where+"to", to.UTC().Format(time.RFC3339))
	}
	return telemetry.Span{From: f, To: e}, nil
}

func bucketOf(b telemetry.Bucket) Bucket {
	return Bucket{
		From: instant(b.From), To: instant(b.To), Count: count(b.Count), Good: count(b.Good), Uncertain: count(b.Uncertain), Bad: count(b.Bad),
		Min: shown.Value{Value: b.Min}, Max: shown.Value{Value: b.Max}, Sum: number(b.Sum), Mean: number(b.Mean), First: shown.Value{Value: b.First}, Last: shown.Value{Value: b.Last},
		Covered: b.Covered.Seconds(),
	}
}

func count(n uint64) int { return int(min(n, math.MaxInt32)) }
