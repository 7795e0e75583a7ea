package kept

import (
	"sync"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// Cause is why a row was restated.
type Cause string

// The causes.
const (
	Late      Cause = "late"      // a sample came after the row had been made
	Corrected Cause = "corrected" // a correction changed, withdrew or entered a sample
	Calendar  Cause = "calendar"  // the bucket is another, or no more
	Meter     Cause = "meter"     // a counter, or a change of its meter, was told
	Silence   Cause = "silence"   // the longest silence is said to be another
	States    Cause = "states"    // durations in state are kept from now on, or no more
)

// stretch is a part of a series, in source time, half-open, in which something came or changed.
type stretch struct {
	from, to int64
	cause    Cause // "": what came
}

// dirt is what rows do not tell yet. It notes marks on the journal's goroutine: every operation is short.
type dirt struct {
	mu      sync.Mutex
	pending map[telemetry.Ref][]stretch
	working map[telemetry.Ref][]stretch // taken by the round that runs
	ranges  int                         // in pending
	since   int64                       // when the oldest of pending came; 0: there is none
	taken   int64                       // when pending was taken last
	commit  uint64                      // the newest that was told
}

func (d *dirt) init() {
	d.pending, d.working = map[telemetry.Ref][]stretch{}, map[telemetry.Ref][]stretch{}
}

// add notes a stretch. Neighbours become one; where a series has too many, the two nearest do: nothing is dropped.
func (d *dirt) add(ref telemetry.Ref, x stretch, now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.put(ref, x)
	if d.since == 0 {
		d.since = now
	}
}

// near is how close two stretches are that are one.
const near = rollup.Minute

func (d *dirt) put(ref telemetry.Ref, x stretch) {
	list := d.pending[ref]
	d.ranges -= len(list)
	// Stretches are in order of time.
	i := 0
	for i < len(list) && list[i].to+near < x.from {
		i++
	}
	j := i
	for j < len(list) && list[j].from <= x.to+near {
		x = join(x, list[j])
		j++
	}
	switch {
	case i < j:
		list[i] = x
		list = append(list[:i+1], list[j:]...)
	default:
		list = append(list, stretch{})
		copy(list[i+1:], list[i:])
		list[i] = x
	}
	if len(list) > maxRanges {
		best := 0
		for k := 1; k+1 < len(list); k++ {
			if list[k+1].from-list[k].to < list[best+1].from-list[best].to {
				best = k
			}
		}
		list[best] = join(list[best], list[best+1])
		list = append(list[:best+1], list[best+2:]...)
	}
	d.pending[ref] = list
	d.ranges += len(list)
}

func join(a, b stretch) stretch {
	a.from, a.to = min(a.from, b.from), max(a.to, b.to)
	if a.cause == "" {
		a.cause = b.cause
	}
	return a
}

// of are all stretches of a series that its rows do not tell yet.
func (d *dirt) of(ref telemetry.Ref) []stretch {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(append([]stretch(nil), d.pending[ref]...), d.working[ref]...)
}

// take gives the round what there is, and the newest commit that it knows of.
func (d *dirt) take(now int64) (map[telemetry.Ref][]stretch, uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pending) > 0 {
		d.taken = now
	}
	d.working, d.pending = d.pending, map[telemetry.Ref][]stretch{}
	d.ranges, d.since = 0, 0
	taken := make(map[telemetry.Ref][]stretch, len(d.working))
	for ref, list := range d.working {
		taken[ref] = list
	}
	return taken, d.commit
}

// done tells that the rows of series are right.
func (d *dirt) done(refs []telemetry.Ref) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, ref := range refs {
		delete(d.working, ref)
	}
}

// giveBack takes back what a round did not finish.
func (d *dirt) giveBack(now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ref, list := range d.working {
		for _, x := range list {
			d.put(ref, x)
		}
		if d.since == 0 {
			d.since = now
		}
	}
	clear(d.working)
}

// ripe tells whether what waits is to be worked in: the oldest of it came before a time, or nothing was taken since that
// time. Where nothing waits it is too: what was told is worked in.
func (d *dirt) ripe(before int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.pending) == 0 || d.since <= before || d.taken <= before
}

// told is what the store tells of a commit.
func (s *Service) told(commit uint64, late []telemetry.Mark) {
	d := &s.dirty
	s.derivedMu.RLock()
	defer s.derivedMu.RUnlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.commit = max(d.commit, commit)
	for i, m := range late {
		if s.derived[m.Ref] {
			continue
		}
		if i > 0 && late[i-1].Ref == m.Ref && m.From >= late[i-1].From && m.To <= late[i-1].To {
			continue
		}
		d.put(m.Ref, stretch{from: m.From, to: m.To})
		if d.since == 0 {
			d.since = s.o.Now().UnixNano()
			s.nudge()
		}
	}
}

// touches tells whether what came in any of the stretches may bear on a bucket.
func (x *subject) touches(list []stretch, b bucket) bool {
	back := int64(x.d.LookBack())
	for _, r := range list {
		if x.d.Counter != nil {
			if r.from <= b.to { // up to the next reading, wherever that is
				return true
			}
		} else if r.from < b.to && (r.to > telemetry.MaxTime-back || r.to+back > b.from) {
			return true
		}
	}
	return false
}
