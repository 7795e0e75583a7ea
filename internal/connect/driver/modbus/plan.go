package modbus

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

// request is one read and the fields it serves.
type request struct {
	unit         byte
	area         Area
	start, count int
	fields       []Field // by address

	refused int       // times in a row that the address was refused, with nothing left to split
	asked   time.Time // when it last was
}

// A request that was refused refusals times in a row is only sent every refusedPause: a device does not grow registers,
// and a map with holes must not cost a request for each of them in every cycle.
const (
	refusals     = 3
	refusedPause = time.Minute
)

// resting: the request need not be sent now, it would be refused again.
func (r *request) resting(now time.Time) bool {
	return r.refused >= refusals && now.Sub(r.asked) < refusedPause
}

func (r *request) String() string {
	return fmt.Sprintf("unit %d %v %d..%d", r.unit, r.area, r.start, r.start+r.count-1)
}

// plan is what one set of points needs. It changes only where a device shows that it has a hole.
type plan struct {
	points   []driver.Point
	wrong    []driver.Sample // points that no request can serve
	requests []request
}

func newPlan(c Config, points []driver.Point) *plan {
	p := &plan{points: slices.Clone(points)}
	var fields []Field
	for i, pt := range points {
		f, err := Compile(c, pt)
		if err != nil {
			p.wrong = append(p.wrong, driver.Sample{ID: pt.ID, Status: telemetry.BadConfigurationError})
			continue
		}
		f.index = i
		fields = append(fields, f)
	}
	p.requests = merge(c, fields)
	return p
}

// merge sorts the fields and covers them with as few requests as the limits allow. A field wider than the limit gets a
// request of its own.
func merge(c Config, fields []Field) (out []request) {
	slices.SortStableFunc(fields, func(a, b Field) int {
		return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Address.Area, b.Address.Area),
			cmp.Compare(a.Address.Number, b.Address.Number), cmp.Compare(b.Width, a.Width))
	})
	for _, f := range fields {
		if k := len(out) - 1; k >= 0 && out[k].take(c, f) {
			continue
		}
		start := firstBit(c, f)
		out = append(out, request{unit: f.Unit, area: f.Address.Area, start: start, count: f.Address.Number + f.Width - start, fields: []Field{f}})
	}
	return out
}

// take adds f to the request if the limits allow it.
func (r *request) take(c Config, f Field) bool {
	if r.unit != f.Unit || r.area != f.Address.Area {
		return false
	}
	gap, limit := *c.MaxGap, c.MaxRegisters
	if r.area.Bits() {
		gap, limit = *c.MaxBitGap, c.MaxBits
	}
	end := max(r.start+r.count, f.Address.Number+f.Width)
	// A field that lies within what is read anyway costs nothing, even in a request that is over the limit.
	if within := end == r.start+r.count; !within && (f.Address.Number-(r.start+r.count) > gap || end-r.start > limit) {
		return false
	}
	for _, a := range c.avoid {
		if a.Area == r.area && a.Start < f.Address.Number && a.End > r.start+r.count {
			return false // the gap would touch it
		}
	}
	r.count = end - r.start
	r.fields = append(r.fields, f)
	return true
}

// firstBit is where a request for f has to start: devices exist whose bit requests must start at 0 or at a multiple.
func firstBit(c Config, f Field) int {
	n := f.Address.Number
	if !f.Address.Area.Bits() {
		return n
	}
	start := n - n%c.BitStart
	if c.BitsFromZero {
		start = 0
	}
	if n+1-start > MaxBits {
		return n // no request reaches that far; the device may still answer this one
	}
	return start
}

// halve splits a request whose range has a hole in it, between two fields of different place, as near to the middle as
// can be. It returns nil when there is nothing to split.
func (r *request) halve(c Config) []request {
	cut := 0
	for i := 1; i < len(r.fields); i++ {
		if r.fields[i].Address.Number == r.fields[i-1].Address.Number {
			continue
		}
		if abs(i-len(r.fields)/2) < abs(cut-len(r.fields)/2) || cut == 0 {
			cut = i
		}
	}
	if cut == 0 {
		return nil
	}
	return append(merge(c, slices.Clone(r.fields[:cut])), merge(c, slices.Clone(r.fields[cut:]))...)
}

func abs(n int) int { return max(n, -n) }

// describe tells the plan for people.
func (p *plan) describe() []driver.Request {
	out := make([]driver.Request, len(p.requests))
	for i := range p.requests {
		r := &p.requests[i]
		out[i].Summary = r.String()
		for _, f := range r.fields {
			out[i].Points = append(out[i].Points, p.points[f.index].ID)
		}
	}
	return out
}

// plans are the plans of a link, kept from session to session so that a hole is found once. The least recently used
// one goes when there are too many.
type plans struct {
	config string // that they were made for
	list   []*plan
}

const maxPlans = 64

func (ps *plans) of(c Config, points []driver.Point) *plan {
	for i, p := range ps.list {
		if slices.Equal(p.points, points) {
			copy(ps.list[1:i+1], ps.list[:i])
			ps.list[0] = p
			return p
		}
	}
	if len(ps.list) == maxPlans {
		ps.list = ps.list[:maxPlans-1]
	}
	p := newPlan(c, points)
	ps.list = slices.Insert(ps.list, 0, p)
	return p
}
