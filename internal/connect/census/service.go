package census

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/shown"
)

// Options build a Service. All are needed.
type Options struct {
	Plant     Plant
	Doors     []Door
	Telemetry Telemetry
	Orgs      Orgs
	Now       func() time.Time
}

// Service counts.
type Service struct {
	o     Options
	turns chan struct{}
}

// together is how many counts run at once; others wait. One of a large platform reads all its points.
const together = 2

// New makes one. It has no tables and runs nothing.
func New(o Options) *Service { return &Service{o, make(chan struct{}, together)} }

// ErrTime refuses a time that has not come yet, or lies before 1970: what will be connected then is not known.
var ErrTime = problem.Define("scale-time-invalid", 422) // now

// Counted is a machine with what connects it.
type Counted struct {
	Machine
	Tie      *Tie        // nil: not connected at that time
	State    shown.State // "" unless it is connected and now is counted
	Points   Standing    // of a connected machine, now
	Newest   int64       // time of the newest sample, ns; 0: none
	Replayed bool        // the newest sample comes from recorded data
}

// Standing counts points by what their latest samples are worth.
type Standing struct{ Live, Stale, Silent int }

// state of a machine is the best of its points'. A machine without points tells nothing.
func (s Standing) state() shown.State {
	switch {
	case s.Live > 0:
		return shown.Live
	case s.Stale > 0:
		return shown.Stale
	}
	return shown.Silent
}

// Census is what was counted.
type Census struct {
	At       int64
	Now      bool // At is the present: states and rates are told
	Machines []Counted
	Channels []Channel
	Points   int // of all machines
	Months   []Month
	Orgs     map[uuid.UUID]text.Text
}

// Take counts the scope's machines at a time; zero is now. months is how many calendar months of growth are counted
// beside, up to MaxMonths. Error: ErrTime.
func (s *Service) Take(ctx context.Context, scope auth.Scope, when time.Time, n int) (*Census, error) {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := s.o.Now()
	c := &Census{At: now.UnixNano(), Now: when.IsZero(), Months: []Month{}}
	if !c.Now {
		if when.After(now) || when.Year() < 1970 {
			return nil, ErrTime.At("query.at", when.Format(time.RFC3339Nano)).With("now", now.UTC().Format(time.RFC3339))
		}
		c.At = when.UnixNano()
	}
	machines, err := s.o.Plant.Machines(ctx, scope, c.At)
	if err != nil {
		return nil, err
	}
	c.Months = months(c.At, min(max(n, 0), MaxMonths))
	span := Span{c.At, c.At + 1}
	if len(c.Months) > 0 {
		span.From = min(c.Months[0].From, c.At)
	}
	var ties []Tie
	for _, d := range s.o.Doors {
		more, err := d.Ties(ctx, scope, span.From, span.To)
		if err != nil {
			return nil, err
		}
		ties = append(ties, more...)
		channels, err := d.Channels(ctx, scope, c.At)
		if err != nil {
			return nil, err
		}
		c.Channels = append(c.Channels, channels...)
	}
	if len(c.Months) > 0 {
		lives, err := s.o.Plant.Lives(ctx, scope)
		if err != nil {
			return nil, err
		}
		grow(c.Months, lives, ties)
	}
	held := at(ties, c.At)
	c.Machines = make([]Counted, len(machines))
	for i, m := range machines {
		c.Machines[i].Machine = m
		if t, ok := held[m.ID]; ok {
			c.Machines[i].Tie = &t
		}
	}
	if c.Now {
		err = s.stand(ctx, scope, c)
	} else {
		c.Points, err = s.o.Plant.CountPoints(ctx, scope, c.At)
	}
	if err != nil {
		return nil, err
	}
	return c, s.name(ctx, c)
}

// part is how many series are asked for at once: more would only need more memory.
const part = 20_000

// stand finds the state of each connected machine by the latest samples of its points.
func (s *Service) stand(ctx context.Context, scope auth.Scope, c *Census) error {
	place := make(map[uuid.UUID]int32, len(c.Machines))
	for i := range c.Machines {
		if c.Machines[i].Tie != nil {
			place[c.Machines[i].ID] = int32(i)
		}
	}
	refs, of := make([]telemetry.Ref, 0, part), make([]int32, 0, part)
	silence := make([]time.Duration, 0, part)
	samples := make([]telemetry.Sample, 0, part)
	look := func() {
		samples = s.o.Telemetry.Latest(refs, c.At, samples[:0])
		for i := range samples {
			c.Machines[of[i]].take(&samples[i], silence[i], c.At)
		}
		refs, of, silence = refs[:0], of[:0], silence[:0]
	}
	err := s.o.Plant.EachPoint(ctx, scope, c.At, func(point, machine uuid.UUID) error {
		c.Points++
		i, connected := place[machine]
		if !connected {
			return nil
		}
		ref, ok := s.o.Telemetry.Lookup(point)
		var series telemetry.Series
		if ok {
			series, ok = s.o.Telemetry.Series(ref)
		}
		if !ok || series.Org != c.Machines[i].Org {
			c.Machines[i].Points.Silent++ // not declared yet: never heard of
			return nil
		}
		refs, of, silence = append(refs, ref), append(of, i), append(silence, series.ReportingAt(c.At).MaxSilence)
		if len(refs) == part {
			look()
		}
		return nil
	})
	if err != nil {
		return err
	}
	look()
	for i := range c.Machines {
		if m := &c.Machines[i]; m.Tie != nil {
			m.State = m.Points.state()
		}
	}
	return nil
}

// take counts the latest sample of a point.
func (m *Counted) take(s *telemetry.Sample, silence time.Duration, now int64) {
	switch shown.StateOf(s, silence, now) {
	case shown.Live:
		m.Points.Live++
	case shown.Stale:
		m.Points.Stale++
	default:
		m.Points.Silent++
	}
	replayed := s.Origin == telemetry.Replayed
	switch {
	case s.Commit == 0:
	case s.Time > m.Newest:
		m.Newest, m.Replayed = s.Time, replayed
	case s.Time == m.Newest:
		m.Replayed = m.Replayed || replayed
	}
}

// name finds the names of the organisations that occur.
func (s *Service) name(ctx context.Context, c *Census) error {
	c.Orgs = map[uuid.UUID]text.Text{}
	for i := range c.Machines {
		c.Orgs[c.Machines[i].Org] = text.Text{}
	}
	for _, x := range c.Channels {
		c.Orgs[x.Org] = text.Text{}
	}
	ids := make([]uuid.UUID, 0, len(c.Orgs))
	for id := range c.Orgs {
		ids = append(ids, id)
	}
	list, err := s.o.Orgs.List(ctx, ids)
	if err != nil {
		return fmt.Errorf("names of organisations: %w", err)
	}
	for _, o := range list {
		c.Orgs[o.ID] = o.Name
	}
	return nil
}
