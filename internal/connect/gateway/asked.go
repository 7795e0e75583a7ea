package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/telemetry"
)

// read reads points now. A point that is written wrongly is told so, and does not keep the others from being read; one
// whose unit did not answer has no communication.
func read(ctx context.Context, l *driver.Link, asked []document.Point) ([]document.Sample, error) {
	all := make([]driver.Point, len(asked))
	for i := range asked {
		all[i] = asked[i].Driver(uint32(i))
	}
	out := make([]document.Sample, len(asked))
	wrong := l.Spec().Driver.Check(l.Spec().Config, all)
	right := make([]driver.Point, 0, len(all))
	for i, p := range all {
		out[i].Status = telemetry.BadNoCommunication
		if i >= len(wrong) || wrong[i] == nil {
			right = append(right, p)
			continue
		}
		out[i].Status, out[i].Wrong = telemetry.BadConfigurationError, &document.Refusal{Code: document.RefusedField}
		if f := (*driver.FieldError)(nil); errors.As(wrong[i], &f) {
			out[i].Wrong = refusalOf(l.Spec().Driver, f)
		}
	}
	got, err := l.ReadNow(ctx, right)
	for _, o := range got {
		if int(o.Point) >= len(out) {
			continue
		}
		s := &out[o.Point]
		s.Time, s.Gateway, s.Status = o.Time, o.Gateway, o.Status
		s.SetValue(o.Value)
	}
	return out, err
}

func frames(l *driver.Link, most int) []document.Frame {
	all := l.Trace()
	if len(all) > most {
		all = all[len(all)-most:]
	}
	out := make([]document.Frame, len(all))
	for i, f := range all {
		out[i] = document.FrameOf(f)
	}
	return out
}

// plan tells the requests of one scan of each class.
func plan(l *driver.Link, r *runningLink) ([]document.Request, error) {
	if _, ok := l.Spec().Driver.(driver.OfflinePlanner); !ok {
		return nil, driver.ErrCannot
	}
	requests, err := l.Plan()
	if err != nil {
		return nil, err
	}
	var out []document.Request
	for _, q := range requests {
		one := document.Request{Summary: q.Summary, EveryMs: q.Every.Milliseconds()}
		for _, p := range q.Points {
			switch {
			case r == nil:
				one.Places = append(one.Places, p)
			case int(p) < len(r.series):
				one.Series = append(one.Series, r.series[p])
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// triedFrames is how many frames of an attempt are told with its answer.
const triedFrames = 200

// try opens a link for one question, beside the running ones, and closes it: how an address is tried before it is
// saved. It is supervised like any other, with nothing to collect, so the driver behaves as it will later.
func (q *questions) try(ctx context.Context, a *document.Ask) *document.Answer {
	drv := q.o.Drivers[a.Try.Driver]
	if drv == nil {
		return refused(document.RefusedDriver)
	}
	spec := driver.Spec{ID: uuid.NewString(), Name: "try", Driver: drv, Config: a.Try.Config}
	if a.Verb == document.Plan {
		for i := range a.Points {
			spec.Points = append(spec.Points, a.Points[i].Driver(uint32(i)))
		}
	}
	running := make(chan struct{})
	runs := sync.OnceFunc(func() { close(running) })
	l, err := driver.New(spec, driver.Options{Out: func(context.Context, []driver.Output) error { return nil }, Now: q.o.Now, Random: q.o.Random, Logger: q.log,
		OnState: func(driver.State) { runs() }})
	if err != nil {
		out := &document.Answer{}
		q.explain(ctx, out, drv, err)
		return out
	}
	if a.Verb == document.Plan {
		return q.about(ctx, a, l, nil)
	}
	endpoint := l.State().Endpoint
	if name, taken := q.apply.leadsTo(a.Try.Driver, endpoint); taken {
		return &document.Answer{Refusal: &document.Refusal{Code: document.RefusedTaken, Field: "address", Value: endpoint, Text: driver.Text{
			Zh: fmt.Sprintf("链路 %s 已通往 %s", name, endpoint), En: fmt.Sprintf("the link %s leads to %s already", name, endpoint)}}}
	}
	if key := a.Try.Driver + " " + endpoint; endpoint != "" {
		if !q.reserve(key) {
			return refused(document.RefusedBusy)
		}
		defer q.release(key)
	}
	lctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- driver.Supervise(lctx, l) }()
	<-running
	out := q.about(ctx, a, l, nil)
	stop()
	<-ended
	out.Frames = frames(l, triedFrames)
	return out
}

// reserve keeps two attempts from going to one device at a time: many devices take one connection only.
func (q *questions) reserve(key string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.trying[key] {
		return false
	}
	q.trying[key] = true
	return true
}

func (q *questions) release(key string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.trying, key)
}
