package reading

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/shown"
)

// Modes of reading.
const (
	modeRaw          = "raw"
	modePlot         = "plot"
	modeInterpolated = "interpolated"
	modePrevious     = "previous"
	modeAggregate    = "aggregate"
)

// Estimate is the value of a series at a time at which there need be no sample.
type Estimate struct {
	Time       string       `json:"time" format:"date-time"`
	Value      shown.Value  `json:"value"`
	Status     shown.Status `json:"status"`
	SourceTime string       `json:"sourceTime,omitempty" format:"date-time" doc:"Of the sample it rests on, which is the one at or before; left out where there is none"`
}

// SeriesAnswer is what a query gives of one series: items with the modes raw and plot, points with interpolated and
// previous, buckets with aggregate.
type SeriesAnswer struct {
	Series  uuid.UUID  `json:"series" format:"uuid"`
	Items   []Sample   `json:"items,omitempty"`
	Points  []Estimate `json:"points,omitempty"`
	Buckets []Bucket   `json:"buckets,omitempty"`
	More    bool       `json:"more,omitempty" doc:"Raw, with each: the series has more samples in the span than were asked for"`
}

// question is what one request wants to know of one or many series.
type question struct {
	s      *Service
	where  string // "query." or "body.", before names of parameters
	mode   string
	series []known
	refs   []telemetry.Ref
	ids    []uuid.UUID
	span   telemetry.Span
	moment moment

	history, detail bool
	limit, each     int
	cursor          string
	pixels          int
	step            time.Duration
	bounds          []int64

	maxCells, maxPixels int
}

type answer struct {
	series []SeriesAnswer
	next   string
}

// answer weighs the question and answers it, or with explain gives the cost alone.
func (q *question) answer(ctx context.Context, explain bool) (answer, *QueryCost, error) {
	o := telemetry.CostOptions{Columns: telemetry.Everything, History: q.history, AsOf: q.moment.asOf}
	span := q.span
	var cells, most int64
	n := int64(len(q.refs))
	switch q.mode {
	case modePlot:
		cells, most = n*int64(q.pixels), int64(q.maxPixels)
	case modeAggregate:
		o.Columns, o.Aggregate, o.Step, o.Bounds, o.Now = telemetry.WithStatus, true, q.step, q.bounds, q.moment.now.UnixNano()
		if q.bounds != nil {
			cells = n * int64(len(q.bounds)-1)
		} else {
			cells = n * ((span.To-span.From-1)/int64(q.step) + 1)
		}
		most = int64(q.maxCells)
	case modeInterpolated, modePrevious:
		o.Columns = telemetry.WithStatus
		cells, most = n*((span.To-span.From-1)/int64(q.step)+1), int64(q.maxCells)
	}
	raw := q.mode == modeRaw
	if raw && !explain {
		out, err := q.raw(ctx)
		return out, nil, err
	}
	if cells > most {
		field, value := "step", any(q.step.String())
		if q.mode == modePlot {
			field, value = "pixels", q.pixels
		} else if q.bounds != nil {
			field, value = "bounds", len(q.bounds)
		}
		return answer{}, nil, ErrAnswer.At(q.where+field, value).With("count", cells).With("max", most)
	}
	cost, err := q.s.weigh(ctx, q.refs, span, o, cells, raw)
	if err != nil {
		return answer{}, nil, err
	}
	if explain {
		return answer{}, &cost, nil
	}
	release, err := q.s.admit(ctx, cost)
	if err != nil {
		return answer{}, nil, err
	}
	defer release()
	switch q.mode {
	case modePlot:
		return q.plot(ctx)
	case modeAggregate:
		return q.aggregate(ctx)
	}
	return q.grid(ctx)
}

// raw gives samples of the series one after the other, up to the limit.
func (q *question) raw(ctx context.Context) (answer, error) {
	t := tag(q.ids, q.moment.asOf, q.history, q.each)
	at := place{span: q.span}
	if q.cursor != "" {
		var err error
		if at, err = parsePlace(q.cursor, t, len(q.refs)); err == nil && q.each > 0 && at.given >= q.each {
			err = errForeign
		}
		if err != nil {
			return answer{}, api.ErrCursor.At(q.where+"cursor", q.cursor).Because(err)
		}
	}
	var out answer
	for left := min(q.limit, maxSamples); ; {
		if left == 0 {
			out.next = at.cursor(t)
			return out, nil
		}
		want := left
		if q.each > 0 {
			want = min(want, q.each-at.given)
		}
		page, err := q.s.store.Raw(ctx, q.refs[at.series], at.span, telemetry.RawOptions{Limit: want, After: at.at, History: q.history, AsOf: q.moment.asOf})
		if err != nil {
			return answer{}, translate(err)
		}
		one := SeriesAnswer{Series: q.ids[at.series], Items: make([]Sample, len(page.Samples))}
		for i, sample := range page.Samples {
			one.Items[i] = sampleOf(sample)
		}
		if q.detail {
			if err := q.details(page.Samples, one.Items); err != nil {
				return answer{}, err
			}
		}
		left -= len(page.Samples)
		at.given += len(page.Samples)
		at.at = page.Next
		full := q.each > 0 && at.given >= q.each
		one.More = page.More && full
		out.series = append(out.series, one)
		if page.More && !full {
			continue
		}
		if at = (place{span: at.span, series: at.series + 1}); at.series == len(q.refs) {
			return out, nil
		}
	}
}

// details adds when each sample was made durable, and the batch it came in.
func (q *question) details(samples []telemetry.Sample, out []Sample) error {
	type told struct{ time, trace string }
	known := map[uint64]told{} // samples of one page come from few commits
	for i := range samples {
		t, ok := known[samples[i].Commit]
		if !ok {
			arrival, found, err := q.s.store.Commit(samples[i].Commit)
			if err != nil {
				return translate(err)
			}
			if found {
				t = told{instant(arrival.Time), fmt.Sprintf("%s-%d-%d", arrival.Producer, arrival.Epoch, arrival.Seq)}
			}
			known[samples[i].Commit] = t
		}
		out[i].CommitTime, out[i].Trace = t.time, t.trace
	}
	return nil
}

func (q *question) plot(ctx context.Context) (out answer, _ *QueryCost, _ error) {
	for i, ref := range q.refs {
		points, err := q.s.store.Plot(ctx, ref, q.span, telemetry.PlotOptions{Pixels: q.pixels, Now: q.moment.now.UnixNano(), AsOf: q.moment.asOf})
		if err != nil {
			return answer{}, nil, translate(err)
		}
		one := SeriesAnswer{Series: q.ids[i], Items: make([]Sample, len(points))}
		for j, p := range points {
			one.Items[j] = sampleOf(p.Sample)
			one.Items[j].Kind = plotNames[p.Kind]
		}
		out.series = append(out.series, one)
	}
	return out, nil, nil
}

func (q *question) aggregate(ctx context.Context) (out answer, _ *QueryCost, _ error) {
	out.series = make([]SeriesAnswer, len(q.refs))
	o := telemetry.AggregateOptions{Step: q.step, Bounds: q.bounds, Now: q.moment.now.UnixNano(), AsOf: q.moment.asOf}
	err := q.s.store.AggregateEach(ctx, q.refs, q.span, o, func(i int, buckets []telemetry.Bucket) error {
		one := SeriesAnswer{Series: q.ids[i], Buckets: make([]Bucket, len(buckets))}
		for j, b := range buckets {
			one.Buckets[j] = bucketOf(b)
		}
		out.series[i] = one
		return nil
	})
	if err != nil {
		return answer{}, nil, translate(err)
	}
	return out, nil, nil
}

// grid gives values at from, from+step, and so on.
func (q *question) grid(ctx context.Context) (out answer, _ *QueryCost, _ error) {
	times, _ := q.span.Grid(q.step, maxCells)
	method := telemetry.Interpolated
	if q.mode == modePrevious {
		method = telemetry.Previous
	}
	all, err := q.s.store.At(ctx, q.refs, times, telemetry.AtOptions{Method: method, Now: q.moment.now.UnixNano(), AsOf: q.moment.asOf})
	if err != nil {
		return answer{}, nil, translate(err)
	}
	for i, list := range all {
		one := SeriesAnswer{Series: q.ids[i], Points: make([]Estimate, len(list))}
		for j, e := range list {
			p := Estimate{Time: instant(e.Time), Value: shown.Value{Value: e.Value}, Status: shown.StatusOf(e.Status)}
			if e.Source != 0 {
				p.SourceTime = instant(e.Source)
			}
			one.Points[j] = p
		}
		out.series = append(out.series, one)
	}
	return out, nil, nil
}
