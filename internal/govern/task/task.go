package task

import (
	"cmp"
	"slices"
)

// States of the register that this room knows; a task in any other counts as open.
const (
	Running = "running"
	Done    = "done"
	Dropped = "dropped"
)

// Note is a revision with words: what was reported.
type Note struct {
	Day   string // civil, 2026-11-22
	State string // after it
	By    string
	Text  string
}

// Task is a task as it stands.
type Task struct {
	Key         string
	Title       string
	State       string
	StateName   string
	Policy      string
	Lead        string   // "" where the policy names none
	Departments []string // lead among them
	Deadline    string   // "" where the policy names no day
	Notes       []Note   // the first one first
}

// Ended tells whether nothing is due any more.
func (t *Task) Ended() bool { return t.State == Done || t.State == Dropped }

// Overdue tells whether the last day of a task that has not ended lies before a day.
func (t *Task) Overdue(today string) bool {
	return !t.Ended() && t.Deadline != "" && t.Deadline < today
}

// In are the notes of a month, 2026-11.
func (t *Task) In(month string) (out []Note) {
	for _, n := range t.Notes {
		if len(n.Day) >= len(month) && n.Day[:len(month)] == month {
			out = append(out, n)
		}
	}
	return out
}

// Count is how a department stands.
type Count struct {
	Department string
	Leads      int // tasks that it leads
	Shares     int // in which it takes part without leading
	Open       int // of all of them: not begun
	Running    int
	Done       int
	Dropped    int
	Overdue    int
	Reported   int // with a note in the month
}

// Counts are those of all departments that tasks name, the one with most tasks first; tasks that name none are under "".
func Counts(list []Task, today, month string) []Count {
	by := map[string]*Count{}
	at := func(name string) *Count {
		if by[name] == nil {
			by[name] = &Count{Department: name}
		}
		return by[name]
	}
	for i := range list {
		t := &list[i]
		names := slices.Clone(t.Departments)
		if t.Lead != "" || len(names) == 0 {
			names = append(names, t.Lead)
		}
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			c := at(name)
			if name == t.Lead {
				c.Leads++
			} else {
				c.Shares++
			}
			switch t.State {
			case Running:
				c.Running++
			case Done:
				c.Done++
			case Dropped:
				c.Dropped++
			default:
				c.Open++
			}
			if t.Overdue(today) {
				c.Overdue++
			}
			if len(t.In(month)) > 0 {
				c.Reported++
			}
		}
	}
	var out []Count
	for _, c := range by {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Count) int {
		if n := cmp.Compare(b.Leads+b.Shares, a.Leads+a.Shares); n != 0 {
			return n
		}
		return cmp.Compare(a.Department, b.Department)
	})
	return out
}
