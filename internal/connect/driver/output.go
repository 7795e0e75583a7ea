package driver

import (
	"context"
	"sync"
	"time"

	"jingwei/internal/telemetry"
)

// Output is one finished sample as it leaves the supervisor: stamped, flagged, ready for the spool.
type Output struct {
	Point   uint32 // Point.ID
	Time    int64  // the source's clock, or the gateway's where Flags has GatewayTime; ns since 1970 UTC
	Gateway int64  // when the gateway took it
	Value   telemetry.Value
	Status  telemetry.Status
	Flags   telemetry.Flags // NoValue exactly where Value is null
	Origin  telemetry.Origin
}

// Outlet takes finished samples, in the order in which they came. It copies what it keeps, and may block while its
// queue is full: the link then goes on living and skips (and counts) the polls that it has no room for. An error means
// that nothing of the batch was taken; the same batch is offered again after a second. One goroutine per link calls it.
type Outlet func(ctx context.Context, batch []Output) error

// stage turns what a driver delivers into outputs. It knows of each point what was told last: that decides the mark of
// an outage (one per point) and the report by exception.
type stage struct {
	mu     sync.Mutex
	origin telemetry.Origin
	unsure func() bool // the gateway's clock is not synchronised
	points map[uint32]*told
	order  []*told
}

// told is what was last passed on of one point.
type told struct {
	Point
	down   bool  // a mark has been written and nothing has come since
	at     int64 // gateway time of the last output; 0: none yet, or forgotten by an outage
	status telemetry.Status
	value  telemetry.Value
}

func newStage(points []Point, origin telemetry.Origin, unsure func() bool) *stage {
	s := &stage{origin: origin, unsure: unsure, points: make(map[uint32]*told, len(points))}
	for _, p := range points {
		t := &told{Point: p}
		s.points[p.ID] = t
		s.order = append(s.order, t)
	}
	return s
}

// take appends to out what is to be passed on of samples that came now. unknown counts samples of points that the link
// does not have.
func (s *stage) take(out []Output, samples []Sample, now int64) (_ []Output, unknown int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range samples {
		t := s.points[samples[i].ID]
		if t == nil {
			unknown++
			continue
		}
		o := s.stamp(samples[i], t.Type, now)
		t.down = false
		if t.Report == telemetry.OnChange && t.at != 0 && t.status == o.Status && t.value == o.Value {
			if !t.repeatDue(now) {
				continue
			}
			o.Flags |= telemetry.Repeated
		}
		t.at, t.status, t.value = now, o.Status, o.Value
		out = append(out, o)
	}
	return out, unknown
}

// repeatDue: the next chance to tell the value would come after the longest silence has passed.
func (t *told) repeatDue(now int64) bool {
	return t.MaxSilence > 0 && time.Duration(now-t.at)+t.Every > t.MaxSilence
}

// stamp finishes one sample: times, flags and origin; a value of another type than the point's is not passed on.
func (s *stage) stamp(in Sample, want telemetry.Type, now int64) Output {
	o := Output{Point: in.ID, Time: in.Time, Gateway: now, Value: in.Value, Status: in.Status, Origin: s.origin}
	if o.Time == 0 {
		o.Time = now
		o.Flags |= telemetry.GatewayTime
	}
	if o.Value.Type != 0 && want != 0 && o.Value.Type != want {
		o.Value, o.Status = telemetry.Value{}, telemetry.BadConfigurationError
	}
	if o.Value.Type == 0 {
		o.Flags |= telemetry.NoValue
	}
	if s.unsure != nil && s.unsure() {
		o.Flags |= telemetry.ClockUnsure
	}
	return o
}

// mark appends one Bad_NoCommunication for each point of the unit (of all units where all is set) that has not been
// marked since it was last heard of.
func (s *stage) mark(out []Output, unit string, all bool, now int64) []Output {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.order {
		if t.down || !all && t.Unit != unit {
			continue
		}
		t.down, t.at = true, 0
		out = append(out, s.stamp(Sample{ID: t.ID, Status: telemetry.BadNoCommunication}, 0, now))
	}
	return out
}

// repeat appends the values of subscribed points that have not changed for so long that they must be told again.
// The source is alive and has not changed them, so they hold at the gateway's time.
func (s *stage) repeat(out []Output, now int64) []Output {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.order {
		if t.down || t.at == 0 || !t.repeatDue(now) {
			continue
		}
		o := s.stamp(Sample{ID: t.ID, Status: t.status, Value: t.value}, 0, now)
		o.Flags |= telemetry.Repeated
		t.at = now
		out = append(out, o)
	}
	return out
}
