package flow

import (
	"errors"
	"io/fs"
	"slices"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

// Dir is the folder of flows among the packs.
const Dir = "flows"

// Flow is a state machine for cases, declared by a pack. A published version never changes.
type Flow struct {
	pack.Header `yaml:",inline"`

	Note        text.Text      `yaml:"note,omitempty"`
	Case        text.Text      `yaml:"case"`             // what one case is called
	Class       field.Class    `yaml:"class"`            // of fields that name none
	Title       []string       `yaml:"title"`            // text fields by which people know a case
	Unique      []string       `yaml:"unique,omitempty"` // of one subject there is one case with these values, until a state frees them
	Fields      field.Schema   `yaml:"fields"`           // of a case, filled in step by step
	Documents   []DocumentKind `yaml:"documents,omitempty"`
	Roles       []Role         `yaml:"roles"`
	States      []State        `yaml:"states"`
	Start       Transition     `yaml:"start"` // how a case is opened; its id is "start"
	Transitions []Transition   `yaml:"transitions"`
	Deadlines   []Deadline     `yaml:"deadlines,omitempty"`
	Apart       []Apart        `yaml:"apart,omitempty"` // separation of duties

}

// startID is the id of the transition that opens a case.
const startID = "start"

// DocumentKind is a kind of paper that a case may carry.
type DocumentKind struct {
	ID   string    `json:"id" yaml:"id"`
	Name text.Text `json:"name" yaml:"name"`
}

// Side says where the people of a role are.
type Side string

// The sides.
const (
	Owner    Side = "owner"    // in the organisation that keeps the case
	Subject  Side = "subject"  // in the organisation that the case is about
	Assigned Side = "assigned" // whoever the case names for the role
	Anyone   Side = "anyone"   // in any organisation of this node, while the case is public: whoever objects
)

// Sides that exist.
var Sides = []Side{Owner, Subject, Assigned, Anyone}

// Role is a part that people play in a case. In a case people or organisations may be named for any role; then nobody else plays it.
type Role struct {
	ID   string    `json:"id" yaml:"id"`
	Name text.Text `json:"name" yaml:"name"`
	Of   Side      `json:"of" yaml:"of"`
	Verb auth.Verb `json:"verb,omitempty" yaml:"verb,omitempty"` // that it takes in that organisation: operate (the default) or configure
}

// State of a case.
type State struct {
	ID     string    `json:"id" yaml:"id"`
	Name   text.Text `json:"name" yaml:"name"`
	Final  bool      `json:"final,omitempty" yaml:"final,omitempty"`
	Public bool      `json:"public,omitempty" yaml:"public,omitempty"` // anybody sees the case's public fields
	Frees  bool      `json:"frees,omitempty" yaml:"frees,omitempty"`   // a final state after which the same may be filed again
	Awaits []string  `json:"awaits,omitempty" yaml:"awaits,omitempty"` // roles whose turn it is: the case stands on their lists
}

// Transition leads a case from states to another. Transitions of one action begin in one state and differ in their conditions: the
// action takes the one whose conditions hold.
type Transition struct {
	ID           string      `json:"id" yaml:"id"`
	Action       string      `json:"action,omitempty" yaml:"action,omitempty"` // empty: its id
	Name         text.Text   `json:"name" yaml:"name"`
	From         []string    `json:"from" yaml:"from"`
	To           string      `json:"to" yaml:"to"`
	Roles        []string    `json:"roles,omitempty" yaml:"roles,omitempty"`         // none: a deadline alone takes it
	When         []Condition `json:"when,omitempty" yaml:"when,omitempty"`           // all hold, of the case with what the step fills in
	Fields       []string    `json:"fields,omitempty" yaml:"fields,omitempty"`       // that are given with it
	Has          []string    `json:"has,omitempty" yaml:"has,omitempty"`             // that are given with it or were before
	May          []string    `json:"may,omitempty" yaml:"may,omitempty"`             // fields that can be given with it
	Documents    []string    `json:"documents,omitempty" yaml:"documents,omitempty"` // kinds that the case must carry afterwards
	MayDocuments []string    `json:"mayDocuments,omitempty" yaml:"mayDocuments,omitempty"`
	Reason       bool        `json:"reason,omitempty" yaml:"reason,omitempty"`             // must be given in words
	Assigned     []string    `json:"assigned,omitempty" yaml:"assigned,omitempty"`         // roles for which somebody must have been named
	Before       string      `json:"before,omitempty" yaml:"before,omitempty"`             // a deadline that must not have passed
	After        string      `json:"after,omitempty" yaml:"after,omitempty"`               // one that must have passed
	Confidential bool        `json:"confidential,omitempty" yaml:"confidential,omitempty"` // who did it and why is for the owner's people alone
	Tells        []string    `json:"tells,omitempty" yaml:"tells,omitempty"`               // roles that get a message
}

// Deadline is a period that runs while a case is in certain states.
type Deadline struct {
	ID        string       `json:"id" yaml:"id"`
	Name      text.Text    `json:"name" yaml:"name"`
	Basis     string       `json:"basis,omitempty" yaml:"basis,omitempty"` // law and clause
	Role      string       `json:"role" yaml:"role"`                       // who has to act
	In        []string     `json:"in" yaml:"in"`                           // the states in which it runs
	Stops     []string     `json:"stops,omitempty" yaml:"stops,omitempty"` // and those in which it stands still (补正)
	From      string       `json:"from,omitempty" yaml:"from,omitempty"`   // "entered" (the default), "start" or a transition
	Field     string       `json:"field,omitempty" yaml:"field,omitempty"` // or a date of the case
	Days      int          `json:"days" yaml:"days"`                       // or months
	Unit      workday.Unit `json:"unit" yaml:"unit"`
	Closes    string       `json:"closes,omitempty" yaml:"closes,omitempty"` // the hour at which business ends (民法典 203); empty: 24:00
	Reminders []int        `json:"reminders,omitempty" yaml:"reminders,omitempty"`
	Passes    Passes       `json:"passes,omitzero" yaml:"passes,omitempty"`
}

// Passes is what happens when a deadline passes. It is always recorded and told to the role.
type Passes struct {
	Escalate   string `json:"escalate,omitempty" yaml:"escalate,omitempty"`     // a role on whose list it stands from then on
	Transition string `json:"transition,omitempty" yaml:"transition,omitempty"` // that the case takes by itself
}

// Apart are transitions of a case that no two of may be done by one person, or by one organisation.
type Apart struct {
	Steps []string  `json:"steps" yaml:"steps"`
	By    string    `json:"by,omitempty" yaml:"by,omitempty"` // person (the default) or org
	Why   text.Text `json:"why" yaml:"why"`
}

func (t *Transition) action() string {
	if t.Action == "" {
		return t.ID
	}
	return t.Action
}

// asks are the fields that a transition fills in.
func (t *Transition) asks() []string { return slices.Concat(t.Fields, t.Has, t.May) }

func (f *Flow) role(id string) *Role {
	for i := range f.Roles {
		if f.Roles[i].ID == id {
			return &f.Roles[i]
		}
	}
	return nil
}

func (f *Flow) state(id string) *State {
	for i := range f.States {
		if f.States[i].ID == id {
			return &f.States[i]
		}
	}
	return nil
}

func (f *Flow) deadline(id string) *Deadline {
	for i := range f.Deadlines {
		if f.Deadlines[i].ID == id {
			return &f.Deadlines[i]
		}
	}
	return nil
}

func (f *Flow) transition(id string) *Transition {
	if id == startID {
		return &f.Start
	}
	for i := range f.Transitions {
		if f.Transitions[i].ID == id {
			return &f.Transitions[i]
		}
	}
	return nil
}

func (f *Flow) documentKind(id string) *DocumentKind {
	for i := range f.Documents {
		if f.Documents[i].ID == id {
			return &f.Documents[i]
		}
	}
	return nil
}

// actions of a state, in the order of the pack, each once.
func (f *Flow) actions(state string) (out []string) {
	for i := range f.Transitions {
		t := &f.Transitions[i]
		if slices.Contains(t.From, state) && len(t.Roles) > 0 && !slices.Contains(out, t.action()) {
			out = append(out, t.action())
		}
	}
	return out
}

func (r *Role) verb() auth.Verb {
	if r.Verb == "" {
		return auth.Operate
	}
	return r.Verb
}

func (d *Deadline) event() string {
	if d.From == "" && d.Field == "" {
		return entered
	}
	return d.From
}

const entered = "entered"

func (f *Flow) classOf(key string) field.Class {
	if x := f.Fields.Field(key); x != nil && x.Class != "" {
		return x.Class
	}
	return f.Class
}

// Load reads the packs of flows. A folder that is not there holds none. Error: pack.Faults.
func Load(files fs.FS) ([]*Flow, error) {
	set, err := pack.Load[Flow](files, Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return set.All(), nil
}

// Decode reads one pack of a flow. Error: pack.Faults.
func Decode(file string, data []byte) (*Flow, error) { return pack.Decode[Flow](file, data) }
