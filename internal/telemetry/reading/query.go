package reading

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/telemetry"
)

// SeriesQuery asks about many series at once.
type SeriesQuery struct {
	Series  []string    `json:"series" minItems:"1" nullable:"false" doc:"Ids, at most 200"`
	From    time.Time   `json:"from,omitempty" doc:"Source time, inclusive; an hour before to when left out"`
	To      time.Time   `json:"to,omitempty" doc:"Source time, exclusive; now, or asOf, when left out"`
	AsOf    time.Time   `json:"asOf,omitempty" doc:"What was known at this time of the node, which must be closed (see /watermark)"`
	Mode    string      `json:"mode,omitempty" enum:"raw,plot,interpolated,previous,aggregate" default:"raw"`
	Step    string      `json:"step,omitempty" maxLength:"40" doc:"Aggregate: length of a bucket. Interpolated and previous: distance of the times"`
	Bounds  []time.Time `json:"bounds,omitempty" nullable:"false" doc:"Aggregate, in place of from, to and step: bucket i is from bounds[i] to bounds[i+1]"`
	Pixels  int         `json:"pixels,omitempty" minimum:"1" maximum:"20000" default:"500" doc:"Plot: how wide the drawing is"`
	Limit   int         `json:"limit,omitempty" minimum:"1" maximum:"10000" default:"1000" doc:"Raw: samples of one page, of all series together"`
	Each    int         `json:"each,omitempty" minimum:"1" doc:"Raw: samples of each series at most; a series that has more says so"`
	Cursor  string      `json:"cursor,omitempty" maxLength:"200" doc:"Raw: next of the page before"`
	History bool        `json:"history,omitempty" doc:"Raw: also superseded and withdrawn samples"`
	Detail  bool        `json:"detail,omitempty" doc:"Raw: with commit time and trace of each sample"`
	Explain bool        `json:"explain,omitempty" doc:"Answer what the query would cost, in place of the query"`
}

// SeriesQueryAnswer is the answer over many series, in the order asked for. A page of raw samples holds those series that
// it reaches.
type SeriesQueryAnswer struct {
	Items   []SeriesAnswer `json:"items" nullable:"false"`
	Next    string         `json:"next,omitempty" doc:"Raw: cursor of the next page, which goes on with the same or the next series"`
	From    string         `json:"from,omitempty" format:"date-time" doc:"The span that was read; the first page's"`
	To      string         `json:"to,omitempty" format:"date-time"`
	Explain *QueryCost     `json:"explain,omitempty" doc:"With explain: what the query would cost, in place of its answer"`
}

func (s *Service) queryRoute(a *api.Server) {
	type input struct{ Body SeriesQuery }
	type output struct{ Body SeriesQueryAnswer }
	op := huma.Operation{OperationID: "querySamples", Method: http.MethodPost, Path: "/samples/query", Tags: []string{"telemetry"},
		Summary: "Many series at once: samples, plots, values on a grid, or aggregates",
		Description: "It changes nothing. Raw samples come in pages, the series one after the other; all other modes answer at once, " +
			"and refuse what is too much with the number and the way out."}
	api.Register(a, op, func(ctx context.Context, in *input) (*output, error) {
		q, err := s.ask(ctx, &in.Body)
		if err != nil {
			return nil, err
		}
		out, cost, err := q.answer(ctx, in.Body.Explain)
		if err != nil {
			return nil, err
		}
		body := SeriesQueryAnswer{Items: some(out.series), Next: out.next, Explain: cost}
		if cost == nil {
			body.From, body.To = instant(q.span.From), instant(q.span.To)
		}
		return &output{body}, nil
	})
}

// ask checks a query.
func (s *Service) ask(ctx context.Context, in *SeriesQuery) (*question, error) {
	if len(in.Series) == 0 {
		return nil, api.Missing("body.series")
	}
	ids, err := api.IDs("body.series", in.Series)
	if err != nil {
		return nil, err
	}
	series, refs, err := s.findAll(ctx, ids, "body.series")
	if err != nil {
		return nil, err
	}
	m, err := s.moment(in.AsOf, "body.asOf")
	if err != nil {
		return nil, err
	}
	q := &question{
		s: s, where: "body.", mode: in.Mode, series: series, refs: refs, ids: ids, moment: m, history: in.History, detail: in.Detail,
		limit: in.Limit, each: in.Each, cursor: in.Cursor, pixels: in.Pixels, maxCells: maxCells, maxPixels: maxPixels,
	}
	if in.Bounds != nil {
		if q.bounds, err = boundsOf(in); err != nil {
			return nil, err
		}
		q.span = telemetry.Span{From: q.bounds[0], To: q.bounds[len(q.bounds)-1]}
		return q, nil
	}
	if q.span, err = spanOf(in.From, in.To, m.now, "body."); err != nil {
		return nil, err
	}
	switch in.Mode {
	case modeAggregate, modeInterpolated, modePrevious:
		if in.Step == "" {
			return nil, api.Missing("body.step")
		}
		q.step, err = stepOf(in.Step, q.span, "body.step")
	case modeRaw:
		if in.Cursor != "" { // later pages are of the first one's span
			var at place
			if at, err = parsePlace(in.Cursor, tag(q.ids, m.asOf, q.history, q.each), len(refs)); err != nil {
				return nil, api.ErrCursor.At("body.cursor", in.Cursor).Because(err)
			}
			q.span = at.span
		}
	}
	return q, err
}

// boundsOf checks bounds of buckets.
func boundsOf(in *SeriesQuery) ([]int64, error) {
	bad := func(location string, value any) *problem.Error {
		return ErrBounds.At(location, value).With("max", maxBuckets)
	}
	switch {
	case in.Mode != modeAggregate:
		return nil, bad("body.bounds", len(in.Bounds))
	case in.Step != "":
		return nil, bad("body.step", in.Step)
	case len(in.Bounds) < 2 || len(in.Bounds) > maxBuckets+1:
		return nil, bad("body.bounds", len(in.Bounds))
	case !in.From.IsZero():
		return nil, bad("body.from", in.From)
	case !in.To.IsZero():
		return nil, bad("body.to", in.To)
	}
	out := make([]int64, len(in.Bounds))
	for i, t := range in.Bounds {
		at, ok := bound(t)
		if !ok || i > 0 && at <= out[i-1] {
			return nil, bad(indexed("body.bounds", i), t.UTC().Format(time.RFC3339Nano))
		}
		out[i] = at
	}
	return out, nil
}
