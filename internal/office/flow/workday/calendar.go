package workday

import (
	"fmt"

	"jingwei/internal/kernel/text"
)

// Calendar tells working days from others. It does not change once it is made.
type Calendar struct {
	notices map[int]*Notice
	days    map[Day]mark
}

// New makes a calendar of notices that have been checked. Error: two of them arrange one year or one day.
func New(notices ...*Notice) (*Calendar, error) {
	c := &Calendar{notices: map[int]*Notice{}, days: map[Day]mark{}}
	for _, n := range notices {
		if other := c.notices[n.Year]; other != nil {
			return nil, fmt.Errorf("%s and %s both arrange %d; keep the one that holds", other.File(), n.File(), n.Year)
		}
		c.notices[n.Year] = n
		for d, m := range n.days {
			if old, taken := c.days[d]; taken && old.working != m.working {
				return nil, fmt.Errorf("%s: %s is arranged otherwise by the notice of another year", n.File(), d)
			}
			c.days[d] = m
		}
	}
	return c, nil
}

// Working tells whether people work on a day.
func (c *Calendar) Working(d Day) bool {
	if m, ok := c.days[d]; ok {
		return m.working
	}
	return !d.Weekend()
}

// Notice is that of a year, nil where there is none: then only weekends are known.
func (c *Calendar) Notice(year int) *Notice { return c.notices[year] }

// About says in words what a day is.
func (c *Calendar) About(d Day) text.Text {
	m, ok := c.days[d]
	var t text.Text
	switch {
	case ok && m.working:
		t = text.Text{Zh: "调休上班（" + m.name.Zh + "）", En: "working day shifted for " + m.name.En}
	case ok:
		t = text.Text{Zh: m.name.Zh + "放假", En: "holiday: " + m.name.En}
	case d.Weekend():
		t = text.Text{Zh: "周末", En: "weekend"}
	default:
		t = text.Text{Zh: "工作日", En: "working day"}
	}
	if n := c.notices[d.Year()]; n == nil {
		t.Zh += fmt.Sprintf("（%d 年尚无放假通知，只按周末推算）", d.Year())
		t.En += fmt.Sprintf(" (there is no notice for %d: weekends only)", d.Year())
	} else if ok {
		t.Zh += "，" + n.Document
		t.En += ", " + n.Document
	}
	return t
}

// unknown are the years between two days that no notice arranges.
func (c *Calendar) unknown(from, to Day) (years []int) {
	for y := from.Year(); y <= to.Year(); y++ {
		if c.notices[y] == nil {
			years = append(years, y)
		}
	}
	return years
}

// Next is the first working day that is not before a day.
func (c *Calendar) Next(d Day) Day {
	for !c.Working(d) {
		d++
	}
	return d
}
