package driver

import (
	"cmp"
	"slices"
	"time"
)

// job is one scan: the points of one unit that share a scan class.
type job struct {
	unit   string
	every  time.Duration
	points []Point
	phase  time.Time // the next cycle of the fixed phase
	due    time.Time // when it really runs next: the phase, or earlier after an outage or a timeout
}

// schedule holds a link's jobs. Its phase is fixed from the start of the link on: a slow answer or an outage never
// shifts it, and cycles that have passed meanwhile are skipped, never queued.
type schedule []*job

func newSchedule(points []Point, start time.Time) schedule {
	type class struct {
		unit  string
		every time.Duration
	}
	at := map[class]*job{}
	var s schedule
	for _, p := range points {
		c := class{p.Unit, p.Every}
		if at[c] == nil {
			at[c] = &job{unit: p.Unit, every: p.Every, phase: start, due: start}
			s = append(s, at[c])
		}
		at[c].points = append(at[c].points, p)
	}
	slices.SortStableFunc(s, func(a, b *job) int {
		return cmp.Or(cmp.Compare(a.every, b.every), cmp.Compare(a.unit, b.unit))
	})
	return s
}

// ran puts a job that has run back into its phase and returns how many cycles it has missed.
func (j *job) ran(now time.Time) (missed int) {
	missed = j.align(now)
	j.due = j.phase
	return missed
}

// align moves the phase to the first cycle that is still to come; a cycle that is due at this very moment can still be
// met. It returns the cycles passed over, not counting the one that the job stood at.
func (j *job) align(now time.Time) (missed int) {
	late := now.Sub(j.phase)
	if late < 0 {
		return 0
	}
	n := int64(0)
	if late > 0 {
		n = int64((late - 1) / j.every)
	}
	j.phase = j.phase.Add(time.Duration(n+1) * j.every)
	return int(n)
}

// resume makes every job of the unit (of all units where all is set) due now, for values that are as old as an outage
// should not wait for their cycle. The phase stays.
func (s schedule) resume(unit string, all bool, now time.Time) {
	for _, j := range s {
		if all || j.unit == unit {
			j.align(now)
			j.due = now
		}
	}
}

// next returns the job that is due first, and when. Units that are demoted are only asked by their smallest job, when
// their probe is due. nil: there are no jobs.
func (s schedule) next(u *units) (first *job, at time.Time) {
	for _, j := range s {
		due := j.due
		if st := u.of(j.unit); st != nil && st.demoted {
			if s.smallest(j.unit) != j {
				continue
			}
			due = st.probeAt
		}
		if first == nil || due.Before(at) {
			first, at = j, due
		}
	}
	return first, at
}

func (s schedule) smallest(unit string) (small *job) {
	for _, j := range s {
		if j.unit == unit && (small == nil || len(j.points) < len(small.points)) {
			small = j
		}
	}
	return small
}
