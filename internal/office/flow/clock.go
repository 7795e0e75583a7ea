package flow

import (
	"slices"
	"time"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/office/flow/workday"
)

// Clock is a deadline of a case. Instants are ns since 1970.
type Clock struct {
	Deadline string      `json:"deadline"`
	Began    int64       `json:"began"`             // the event from which it is counted
	Since    int64       `json:"since"`             // the event, or when it went on after standing still
	Used     int         `json:"used,omitempty"`    // days that had gone before it stood still
	Stopped  int64       `json:"stopped,omitempty"` // since when it stands still; 0 while it runs
	Last     workday.Day `json:"last"`              // the last day
	Moved    bool        `json:"moved,omitempty"`   // from a holiday to the next working day
	Unknown  []int       `json:"unknown,omitempty"` // years without a notice of holidays: weekends only were counted
	Due      int64       `json:"due"`               // its end: from here on it has passed
	Reminded int         `json:"reminded,omitempty"`
	Passed   int64       `json:"passed,omitempty"` // when its passing was recorded; 0 before
	Led      bool        `json:"led,omitempty"`    // it has taken the case on: once for each beginning
}

// morning is the hour of reminders, after the beginning of a day.
const morning = int64(9 * time.Hour)

func timeOf(at int64) time.Time { return time.Unix(0, at).In(field.China) }

// wind is the clocks of a case after a step: begun by what happens, standing still, going on, or gone. A day on which a clock stops
// or goes on is not counted, as the day of the event is not (民法典 201).
func (f *Flow) wind(cal *workday.Calendar, c *Case, transition, to string, at int64) []Clock {
	var out []Clock
	for i := range f.Deadlines {
		d := &f.Deadlines[i]
		if !d.counts(to) {
			continue
		}
		running := slices.Contains(d.In, to)
		var k Clock
		old := c.clock(d.ID)
		if old != nil {
			k = *old
		}
		switch day, ok := f.dateOf(d, c.Record); {
		case d.Field != "" && (!ok || !running):
			continue
		case d.Field != "":
			if old == nil || k.Began != day.Begin() {
				k = Clock{Deadline: d.ID, Began: day.Begin(), Since: day.Begin()}
				f.set(cal, d, &k, at)
			}
		case d.event() == entered && old == nil && running, d.event() == transition:
			k = Clock{Deadline: d.ID, Began: at, Since: at}
			f.set(cal, d, &k, at)
			if !running {
				k.Stopped = at
			}
		case old == nil:
			continue
		case !running && k.Stopped == 0 && k.Passed == 0 && at < k.Due:
			k.Used += cal.Between(workday.DayOf(k.Since), workday.DayOf(at), d.Unit)
			k.Stopped = at
		case running && k.Stopped != 0:
			k.Since, k.Stopped = at, 0
			f.set(cal, d, &k, at)
		}
		out = append(out, k)
	}
	return out
}

func (f *Flow) dateOf(d *Deadline, r field.Record) (workday.Day, bool) {
	s, ok := r[d.Field].(string)
	if !ok {
		return 0, false
	}
	return workday.ParseDay(s)
}

// set works out when a clock that begins or goes on ends. Reminders whose hour is gone are left out.
func (f *Flow) set(cal *workday.Calendar, d *Deadline, k *Clock, at int64) {
	left := max(0, d.Days-k.Used)
	last, err := cal.Last(workday.DayOf(k.Since), workday.Period{N: left, Unit: d.Unit})
	if err != nil { // the loader has checked length and unit
		panic(err)
	}
	k.Last, k.Moved, k.Unknown, k.Due = last.Day, last.Moved(), last.Unknown, d.end(last.Day)
	if k.Used > 0 && k.Due <= at { // nothing was left, and business has ended for today
		k.Last = cal.Next(workday.DayOf(at) + 1)
		k.Due = d.end(k.Last)
	}
	for k.Reminded < len(d.Reminders) && reminder(cal, d, k) <= at {
		k.Reminded++
	}
}

// end of a last day.
func (d *Deadline) end(last workday.Day) int64 {
	if t, err := time.Parse("15:04", d.Closes); err == nil {
		return last.Begin() + int64(t.Hour())*int64(time.Hour) + int64(t.Minute())*int64(time.Minute)
	}
	return last.End()
}

// reminder is the hour of the next one.
func reminder(cal *workday.Calendar, d *Deadline, k *Clock) int64 {
	return cal.Back(k.Last, d.Reminders[k.Reminded], d.Unit).Begin() + morning
}

// ripe is something that a deadline does.
type ripe struct {
	at         int64
	clock      int         // index among the case's
	remind     bool        // else it passes
	transition *Transition // or it has passed, and takes the case on
}

// next is what the deadlines of a case do next, and when; ok is false where there is nothing. A passed deadline that leads on from
// the state in which the case is comes at once.
func (f *Flow) next(cal *workday.Calendar, c *Case) (first ripe, ok bool) {
	for i := range c.Clocks {
		k := &c.Clocks[i]
		d := f.deadline(k.Deadline)
		if k.Stopped != 0 {
			continue
		}
		r := ripe{at: k.Due, clock: i}
		switch {
		case k.Passed != 0:
			r.transition = f.first(d.Passes.Transition)
			if r.transition == nil || k.Led || !slices.Contains(r.transition.From, c.State) || !slices.Contains(d.In, c.State) {
				continue
			}
		case k.Reminded < len(d.Reminders):
			if at := reminder(cal, d, k); at < k.Due {
				r.at, r.remind = at, true
			}
		}
		// What passes at one instant has passed, whichever of it takes the case on.
		if !ok || r.at < first.at || r.at == first.at && first.transition != nil && r.transition == nil {
			first, ok = r, true
		}
	}
	return first, ok
}

// nextAt is when somebody has to look at a case, store.Forever for never.
func (f *Flow) nextAt(cal *workday.Calendar, c *Case) int64 {
	if r, ok := f.next(cal, c); ok {
		return r.at
	}
	return store.Forever
}
