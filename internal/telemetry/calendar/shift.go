package calendar

import (
	"math"
	"sort"

	"jingwei/internal/kernel/text"
)

// pattern is a Pattern worked out: a cycle of days; a week is one of seven that began on a Monday.
type pattern struct {
	from  int64 // first production day
	first int64 // a day that is the first of the cycle
	days  [][]turn
	week  bool
	given *Pattern
	spans map[string]turn // of its shifts, by id
}

// turn is one shift of one day.
type turn struct {
	start, end int64 // minutes from midnight of the production day's date
	shift      *WorkShift
	crew       *Crew
}

// exception is what is worked on one day instead.
type exception struct {
	turns []turn
	name  text.Text
}

func (p *pattern) on(day int64) []turn {
	if len(p.days) == 0 {
		return nil
	}
	return p.days[mod(day-p.first, int64(len(p.days)))]
}

func (p *pattern) works() bool {
	for _, d := range p.days {
		if len(d) > 0 {
			return true
		}
	}
	return false
}

// pattern is the one that holds on a day, nil before the first.
func (b *book) pattern(day int64) *pattern {
	i := sort.Search(len(b.patterns), func(i int) bool { return b.patterns[i].from > day })
	if i == 0 {
		return nil
	}
	return &b.patterns[i-1]
}

// turns are the shifts of a production day, by start.
func (b *book) turns(day int64) []turn {
	if x, ok := b.exceptions[day]; ok {
		return x.turns
	}
	if p := b.pattern(day); p != nil {
		return p.on(day)
	}
	return nil
}

// piece is one bucket of the shift level, in Unix minutes.
type piece struct {
	from, to int64
	day      int64 // the production day
	turn     *turn // nil: no shift
}

// piece finds the shift, or the time between shifts, that holds t. A shift is at most 24 hours long on the clock and
// begins in its day, so that those of the day before and the day after are all that can bear on this day.
func (b *book) piece(t int64) piece {
	day := b.day(t)
	lo, hi := b.begin(day), b.begin(day+1)
	free := piece{from: lo, to: hi, day: day}
	var before piece // the latest that begins at or before t
	after := int64(math.MaxInt64)
	for d := day - 1; d <= day+1; d++ {
		turns := b.turns(d)
		for i := range turns {
			p := piece{b.zone.instant(d*1440 + turns[i].start), b.zone.instant(d*1440 + turns[i].end), d, &turns[i]}
			switch {
			case p.from >= p.to: // the clocks left it out
			case p.from <= t:
				before = p
			default:
				after = min(after, p.from)
			}
		}
	}
	if before.turn != nil {
		if before.to = min(before.to, after); t < before.to {
			return before
		}
		free.from = max(lo, before.to)
	}
	free.to = min(hi, after)
	return free
}

// Duty is one shift of one production day.
type Duty struct {
	From, To  int64     // ns UTC, half-open
	Day       string    // production day: 2026-11-22
	Shift     string    // id in its pattern; "" for time without a shift
	Name      text.Text // of the shift
	Crew      string    // id, "" where none is named
	CrewName  text.Text
	Exception text.Text // name of the exception by which the day is worked, if it has one
}

// Duty tells which shift t is in; its From and To are those of Bucket. Shift is "" outside every shift.
func (c Calendar) Duty(t int64) Duty {
	b := c.book()
	p := b.piece(div(t, minute))
	d := Duty{From: nano(p.from), To: nano(p.to), Day: date(p.day).Format(dateForm), Exception: b.exceptions[p.day].name}
	if p.turn != nil {
		d.Shift, d.Name = p.turn.shift.ID, p.turn.shift.Name
		if p.turn.crew != nil {
			d.Crew, d.CrewName = p.turn.crew.ID, p.turn.crew.Name
		}
	}
	return d
}

// Works tells whether any shift begins on the production day that holds t. In a calendar without shifts every day that
// is not an exception works.
func (c Calendar) Works(t int64) bool {
	b := c.book()
	day := b.day(div(t, minute))
	if x, ok := b.exceptions[day]; ok {
		return len(x.turns) > 0
	}
	return !c.HasShifts() || len(b.turns(day)) > 0
}
