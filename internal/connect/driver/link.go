package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Spec says what a link is: one connection, the units behind it and the points to collect.
type Spec struct {
	ID     string // the link's identifier, for logs and states
	Name   string
	Driver Driver
	Config json.RawMessage // the driver's fields and those of Common
	Points []Point         // IDs are unique
}

// Options are what a link needs from its gateway.
type Options struct {
	Out        Outlet
	Now        func() time.Time // default time.Now
	Random     func() float64   // jitter, [0,1); default math/rand/v2
	Logger     *slog.Logger     // default: none
	QueueBytes int              // bound of finished samples that Out has not taken; default 4 MiB
	TraceBytes int              // bound of the frame trace; default 256 KiB
	// ClockUnsure tells whether the gateway's clock is unsynchronised; nil means never.
	ClockUnsure func() bool
	// OnState is called after a change of State.Phase or of a unit's state, on the link's goroutine; it must not block.
	OnState func(State)
}

// Link is one link under supervision. New makes it, Supervise runs it, everything else may be called from any
// goroutine at any time.
type Link struct {
	spec   Spec
	common Common
	o      Options
	log    *slog.Logger

	stage  *stage
	queue  *queue
	stats  *stats
	trace  *ring
	demand chan *demand // what people ask beside collection

	// owned by the goroutine of Supervise
	jobs    schedule
	units   *units
	back    backoff
	learned any       // what the last session found out, for the next
	waiting []*demand // taken from the channel, not yet served
	pending []Output  // of the read that runs
	life    *life     // of the session that lives
	stale   bool      // an outage has passed: every point is to be read at once
}

// Errors of Link.
var (
	// ErrBusy: too many questions are waiting.
	ErrBusy = errors.New("too many questions are waiting on this link")
	// ErrNotRunning: the link is not under supervision (any more).
	ErrNotRunning = errors.New("the link is not running")
	// ErrCannot: the link's protocol or driver knows no such thing (browsing, probing).
	ErrCannot = errors.New("the driver of this link cannot do that")
)

// maxDemands bounds the questions that wait for one link.
const maxDemands = 16

// New checks the specification. A point with a wrong address does not fail the link: it delivers
// Bad_ConfigurationError, and the others live. Errors are *FieldError.
func New(spec Spec, o Options) (*Link, error) {
	if spec.Driver == nil {
		return nil, &FieldError{Field: "driver", Text: Text{Zh: "没有这种驱动", En: "there is no such driver"}}
	}
	common, err := ParseCommon(spec.Config)
	if err != nil {
		return nil, fmt.Errorf("link %s: %w", spec.ID, err)
	}
	if c, ok := spec.Driver.(LinkChecker); ok {
		if err := c.CheckLink(spec.Config); err != nil {
			return nil, fmt.Errorf("link %s: %w", spec.ID, err)
		}
	}
	if o.Out == nil {
		return nil, fmt.Errorf("link %s: no outlet", spec.ID)
	}
	points := make([]Point, len(spec.Points))
	seen := make(map[uint32]bool, len(points))
	for i, p := range spec.Points {
		if seen[p.ID] {
			return nil, &FieldError{Field: "points", Value: fmt.Sprint(p.ID), Text: Text{
				Zh: fmt.Sprintf("点号 %d 出现了两次", p.ID), En: fmt.Sprintf("point %d is there twice", p.ID)}}
		}
		seen[p.ID] = true
		if p.Every <= 0 {
			p.Every = DefaultEvery
		}
		points[i] = p
	}
	spec.Points = points
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.QueueBytes <= 0 {
		o.QueueBytes = 4 << 20
	}
	if o.TraceBytes <= 0 {
		o.TraceBytes = 256 << 10
	}
	l := &Link{spec: spec, common: common, o: o,
		log:    o.Logger.With("link", spec.ID, "name", spec.Name),
		stage:  newStage(points, common.SampleOrigin(), o.ClockUnsure),
		queue:  newQueue(o.QueueBytes),
		stats:  newStats(),
		trace:  newRing(o.TraceBytes),
		demand: make(chan *demand, maxDemands),
		back:   backoff{random: o.Random},
	}
	l.units = newUnits(points, common.DemoteAfter, o.Random)
	l.stats.state.ID, l.stats.state.Name = spec.ID, spec.Name
	l.stats.state.Units = l.units.states()
	if e, ok := spec.Driver.(Endpointer); ok {
		l.stats.state.Endpoint = e.Endpoint(spec.Config)
	}
	return l, nil
}

// Spec returns what the link was made from.
func (l *Link) Spec() Spec { return l.spec }

// Trace returns the last frames on the wire, oldest first, decoded.
func (l *Link) Trace() []Frame {
	frames := l.trace.frames()
	if a, ok := l.spec.Driver.(Annotator); ok {
		for i := range frames {
			if frames[i].Note == "" {
				frames[i].Note = a.Note(frames[i])
			}
		}
	}
	return frames
}

// Plan tells what one scan of each class would send (nil where the driver cannot tell).
func (l *Link) Plan() ([]Request, error) {
	d, ok := l.spec.Driver.(OfflinePlanner)
	if !ok {
		return nil, nil
	}
	var out []Request
	for _, j := range newSchedule(l.spec.Points, time.Time{}) {
		requests, err := d.PlanFor(l.spec.Config, j.points)
		if err != nil {
			return nil, err
		}
		for _, r := range requests {
			r.Every = j.every
			out = append(out, r)
		}
	}
	return out, nil
}
