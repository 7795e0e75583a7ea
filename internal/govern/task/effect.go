package task

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder among the packs that says which figures show the effect of tasks.
const Dir = "tasks"

// Effects is what shows the effect of the tasks of one policy: a pack. No policy says so; it is a reading of ours that stands as data.
type Effects struct {
	pack.Header `yaml:",inline"`
	Ties        []Tie `json:"ties" yaml:"ties"`
}

// Tie is what shows the effect of one task: targets, or, where no numeric target belongs to it, the reason, and indicators that can be
// looked at all the same.
type Tie struct {
	Task       string    `json:"task" yaml:"task"`                                 // key in the register, TASK-GD16-01
	Targets    []string  `json:"targets,omitempty" yaml:"targets,omitempty"`       // the nearest first
	None       text.Text `json:"none,omitzero" yaml:"none,omitempty"`              // why no numeric target belongs to it
	Indicators []string  `json:"indicators,omitempty" yaml:"indicators,omitempty"` // beside None
}

// Figures is what tasks are tied to.
type Figures interface {
	Target(id string) (name text.Text, indicator string, ok bool)
	Indicator(id string) (name text.Text, ok bool)
}

const (
	maxTies   = 500
	maxOfTask = 20
)

var taskForm = regexp.MustCompile(`^TASK-[A-Z0-9]+-\d+$`)

// Check reports what is wrong (pack.Body).
func (e *Effects) Check(report func(where, what string)) {
	if len(e.Ties) == 0 || len(e.Ties) > maxTies {
		report("$.ties", fmt.Sprintf("holds %d; 1 to %d fit", len(e.Ties), maxTies))
	}
	for i := range e.Ties {
		t, at := &e.Ties[i], fmt.Sprintf("$.ties[%d]", i)
		if !taskForm.MatchString(t.Task) {
			report(at+".task", fmt.Sprintf("%q is no key of a task; write it as TASK-GD16-01", t.Task))
		}
		said := t.None != text.Text{}
		switch {
		case len(t.Targets) == 0 && !said:
			report(at+".targets", "is empty; name a target, or say under none why no numeric target belongs to the task")
		case len(t.Targets) > 0 && said:
			report(at+".none", "does not go with targets")
		case said && (t.None.Zh == "" || t.None.En == ""):
			report(at+".none", "needs zh and en")
		case len(t.Indicators) > 0 && !said:
			report(at+".indicators", "stand beside none; targets say their indicators themselves")
		}
		for _, list := range []struct {
			name string
			ids  []string
		}{{"targets", t.Targets}, {"indicators", t.Indicators}} {
			if len(list.ids) > maxOfTask {
				report(at+"."+list.name, fmt.Sprintf("holds %d; %d fit", len(list.ids), maxOfTask))
			}
			for j, id := range list.ids {
				if slices.Contains(list.ids[:j], id) {
					report(fmt.Sprintf("%s.%s[%d]", at, list.name, j), fmt.Sprintf("%q is named twice", id))
				}
			}
		}
	}
}

// TaskEffect is a tie with the names of what it is tied to.
type TaskEffect struct {
	Task       string      `json:"task" doc:"Key of the entry in the register of tasks"`
	Targets    []TaskShows `json:"targets" nullable:"false" doc:"The nearest first"`
	None       text.Text   `json:"none,omitzero" doc:"Why no numeric target belongs to the task"`
	Indicators []TaskShows `json:"indicators" nullable:"false" doc:"That can be looked at where no target belongs to the task"`
}

// TaskShows is a target or an indicator.
type TaskShows struct {
	ID        string    `json:"id"`
	Name      text.Text `json:"name"`
	Indicator string    `json:"indicator" doc:"Its definition"`
}

// Outcomes are the effects of all tasks that packs tie. It is immutable.
type Outcomes struct{ list []TaskEffect }

// LoadOutcomes reads the ties and checks them against what they name. A folder that is not there holds none. Error: pack.Faults for an unknown
// target or indicator and a task that is tied twice.
func LoadOutcomes(files fs.FS, figures Figures) (*Outcomes, error) {
	set, err := pack.Load[Effects](files, Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return &Outcomes{}, nil
	}
	if err != nil {
		return nil, err
	}
	out, faults := &Outcomes{}, pack.Faults(nil)
	tied := map[string]string{}
	for _, e := range set.All() {
		for i := range e.Ties {
			t := &e.Ties[i]
			report := func(where, what string) {
				faults = append(faults, pack.Fault{File: e.File(), Where: fmt.Sprintf("$.ties[%d].%s", i, where), What: what})
			}
			if other, ok := tied[t.Task]; ok {
				report("task", fmt.Sprintf("%q is tied in %s already", t.Task, other))
			}
			tied[t.Task] = e.ID
			x := TaskEffect{Task: t.Task, Targets: []TaskShows{}, None: t.None, Indicators: []TaskShows{}}
			for j, id := range t.Targets {
				name, indicator, ok := figures.Target(id)
				if !ok {
					report(fmt.Sprintf("targets[%d]", j), fmt.Sprintf("%q is not a target of this node", id))
				}
				x.Targets = append(x.Targets, TaskShows{id, name, indicator})
			}
			for j, id := range t.Indicators {
				name, ok := figures.Indicator(id)
				if !ok {
					report(fmt.Sprintf("indicators[%d]", j), fmt.Sprintf("%q is not an indicator of this node", id))
				}
				x.Indicators = append(x.Indicators, TaskShows{id, name, id})
			}
			out.list = append(out.list, x)
		}
	}
	if len(faults) > 0 {
		faults.Place(files)
		return nil, faults
	}
	return out, nil
}

// Of returns the effects of a task ("" for any) that a target ("" for any) shows.
func (o *Outcomes) Of(task, target string) (out []TaskEffect) {
	for _, x := range o.list {
		if (task == "" || x.Task == task) && (target == "" || slices.ContainsFunc(x.Targets, func(s TaskShows) bool { return s.ID == target })) {
			out = append(out, x)
		}
	}
	return out
}
