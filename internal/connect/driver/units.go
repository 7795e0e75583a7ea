package driver

import "time"

// Bounds of the pause between two probes of a demoted unit; it doubles from the one to the other.
const (
	ProbeMin = 10 * time.Second
	ProbeMax = 60 * time.Second
)

// units is the breaker of each unit behind one link: a dead slave on a bus must cost its neighbours one timeout a
// minute, not one a cycle.
type units struct {
	after  int // timeouts in a row that demote
	random func() float64
	list   []*unit
	byName map[string]*unit
}

type unit struct {
	name    string
	fails   int // timeouts in a row
	demoted bool
	probeAt time.Time
	pause   time.Duration
	last    *Fault
	lastAt  time.Time
}

func newUnits(points []Point, after int, random func() float64) *units {
	u := &units{after: after, random: random, byName: map[string]*unit{}}
	for _, p := range points {
		if u.byName[p.Unit] == nil {
			n := &unit{name: p.Unit}
			u.byName[p.Unit] = n
			u.list = append(u.list, n)
		}
	}
	return u
}

// of returns the unit, or nil where the link has no such unit.
func (u *units) of(name string) *unit { return u.byName[name] }

// standing returns a copy, for comparison later.
func (n *unit) standing() unit {
	if n == nil {
		return unit{}
	}
	return *n
}

// answered notes that the unit is well.
func (u *units) answered(name string) {
	if n := u.of(name); n != nil {
		n.fails, n.demoted, n.pause = 0, false, 0
	}
}

// silent notes a timeout; demoted tells that it is this one that demotes the unit.
func (u *units) silent(name string, why *Fault, now time.Time) (demoted bool) {
	n := u.of(name)
	if n == nil {
		return false
	}
	n.fails++
	n.last, n.lastAt = why, now
	if n.fails < u.after {
		return false
	}
	demoted = !n.demoted
	n.demoted = true
	n.pause = min(max(ProbeMin, 2*n.pause), ProbeMax)
	n.probeAt = now.Add(jitter(n.pause, u.random, ProbeMin, ProbeMax))
	return demoted
}

// allSilent: there are units, and each is demoted. Then it is the connection that is suspect.
func (u *units) allSilent() bool {
	for _, n := range u.list {
		if !n.demoted {
			return false
		}
	}
	return len(u.list) > 0
}

// probation gives every unit one try on a new connection; one timeout more demotes it again.
func (u *units) probation() {
	for _, n := range u.list {
		n.demoted = false
		n.fails = u.after - 1
	}
}

func (u *units) states() []UnitState {
	out := make([]UnitState, len(u.list))
	for i, n := range u.list {
		out[i] = UnitState{Unit: n.name, State: "ok", Timeouts: n.fails}
		switch {
		case n.demoted:
			out[i].State = "demoted"
			at := n.probeAt
			out[i].ProbeAt = &at
		case n.fails > 0:
			out[i].State = "failing"
		}
		if n.last != nil && n.fails > 0 {
			out[i].LastError = &Failure{Code: n.last.Code, Text: n.last.Text, Detail: n.last.Error(), Time: n.lastAt, Attr: n.last.Attr}
		}
	}
	return out
}
