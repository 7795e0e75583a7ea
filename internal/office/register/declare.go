package register

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder of registers among the packs.
const Dir = "registers"

// Register is a register, declared by a pack.
type Register struct {
	pack.Header `yaml:",inline"`

	Note        text.Text    `yaml:"note,omitempty"`
	Entry       text.Text    `yaml:"entry"`             // what one entry is called
	Class       field.Class  `yaml:"class"`             // of fields that name none
	Key         string       `yaml:"key"`               // the field by which an entry is known; unique among those of an organisation
	Title       []string     `yaml:"title"`             // text fields by which people know it
	Subject     string       `yaml:"subject,omitempty"` // a field of type org: the organisation that an entry is about
	Fields      field.Schema `yaml:"fields"`
	States      []State      `yaml:"states"`
	Initial     string       `yaml:"initial"`
	Transitions []Transition `yaml:"transitions,omitempty"`
	Public      *Public      `yaml:"public,omitempty"`
	Entries     []Seed       `yaml:"entries,omitempty"` // that come with it

	seeds []Input
}

// State of an entry.
type State struct {
	ID   string    `json:"id" yaml:"id"`
	Name text.Text `json:"name" yaml:"name"`
}

// Transition leads from states to another.
type Transition struct {
	ID     string    `json:"id" yaml:"id"`
	Name   text.Text `json:"name" yaml:"name"`
	From   []string  `json:"from" yaml:"from"`
	To     string    `json:"to" yaml:"to"`
	Verb   auth.Verb `json:"verb,omitempty" yaml:"verb,omitempty"`     // operate or configure; configure where it is left out
	Reason bool      `json:"reason,omitempty" yaml:"reason,omitempty"` // must be given in words
}

// Public says which entries anybody may see.
type Public struct {
	States []string `yaml:"states"`
}

// Seed is an entry that comes with a pack.
type Seed struct {
	State   string         `yaml:"state,omitempty"`
	Since   string         `yaml:"since,omitempty"`
	Until   string         `yaml:"until,omitempty"`
	Content map[string]any `yaml:"content"`
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}$`)

// Check reports what is wrong with the pack.
func (r *Register) Check(report func(where, what string)) {
	if r.Entry.Zh == "" || r.Entry.En == "" {
		report("$.entry", "needs zh and en: what one entry is called")
	}
	if !slices.Contains(field.Classes, r.Class) {
		report("$.class", fmt.Sprintf("%q is not a class; use one of %v", r.Class, field.Classes))
	}
	r.Fields.Check("$.fields", report)
	if f := r.Fields.Field(r.Key); f == nil || f.Type != field.Text || !f.Required {
		report("$.key", fmt.Sprintf("%q does not name a text that is required", r.Key))
	} else if f.MaxLength == 0 || f.MaxLength > maxKey {
		report("$.key", fmt.Sprintf("a key has at most %d characters; give the field a maxLength", maxKey))
	}
	for i, key := range r.Title {
		if f := r.Fields.Field(key); f == nil || f.Type != field.Text {
			report(fmt.Sprintf("$.title[%d]", i), fmt.Sprintf("%q does not name a text", key))
		}
	}
	for _, key := range append([]string{r.Key}, r.Title...) {
		if f := r.Fields.Field(key); f != nil && (r.classOf(f) == field.Restricted || f.Calc != "") {
			report("$.title", fmt.Sprintf("%q is restricted or worked out; key and title are what people look an entry up by", key))
		}
	}
	if f := r.Fields.Field(r.Subject); r.Subject != "" && (f == nil || f.Type != field.Org) {
		report("$.subject", fmt.Sprintf("%q does not name a field of type org", r.Subject))
	}
	for _, own := range ownColumns {
		if r.Fields.Named(own.Name.Zh) != nil || r.Fields.Named(own.Name.En) != nil || r.Fields.Named(own.Key) != nil {
			report("$.fields", fmt.Sprintf("%s / %s is a column that every register has; name the field otherwise", own.Name.Zh, own.Name.En))
		}
	}
	r.checkStates(report)
	for i := range r.Entries {
		in, faults := r.seed(&r.Entries[i])
		for _, f := range faults {
			report(fmt.Sprintf("$.entries[%d].content", i), f.Error())
		}
		r.seeds = append(r.seeds, in)
	}
}

func (r *Register) checkStates(report func(where, what string)) {
	if len(r.States) == 0 || len(r.States) > 50 {
		report("$.states", "a register has 1 to 50 states")
	}
	seen := map[string]bool{}
	for i, s := range r.States {
		if !idForm.MatchString(s.ID) || s.Name.Zh == "" || s.Name.En == "" || seen[s.ID] {
			report(fmt.Sprintf("$.states[%d]", i), "needs an id of its own and a name in zh and en")
		}
		seen[s.ID] = true
	}
	known := func(where, id string) {
		if !seen[id] {
			report(where, fmt.Sprintf("there is no state %q", id))
		}
	}
	known("$.initial", r.Initial)
	moves := map[string]bool{}
	reached := map[string]bool{r.Initial: true}
	for range r.Transitions {
		for _, t := range r.Transitions {
			if slices.ContainsFunc(t.From, func(from string) bool { return reached[from] }) {
				reached[t.To] = true
			}
		}
	}
	for i, t := range r.Transitions {
		at := fmt.Sprintf("$.transitions[%d]", i)
		if !idForm.MatchString(t.ID) || t.Name.Zh == "" || t.Name.En == "" || moves[t.ID] {
			report(at, "needs an id of its own and a name in zh and en")
		}
		moves[t.ID] = true
		if len(t.From) == 0 {
			report(at+".from", "names no state")
		}
		for j, from := range t.From {
			known(fmt.Sprintf("%s.from[%d]", at, j), from)
		}
		known(at+".to", t.To)
		if t.Verb != "" && t.Verb != auth.Operate && t.Verb != auth.Configure {
			report(at+".verb", fmt.Sprintf("%q: use operate or configure", t.Verb))
		}
	}
	for i, s := range r.States {
		if len(r.Transitions) > 0 && !reached[s.ID] {
			report(fmt.Sprintf("$.states[%d]", i), fmt.Sprintf("no way leads to %q", s.ID))
		}
	}
	if r.Public != nil {
		for i, s := range r.Public.States {
			known(fmt.Sprintf("$.public.states[%d]", i), s)
		}
		if len(r.Public.States) == 0 || !slices.ContainsFunc(r.Fields, func(f field.Field) bool { return r.classOf(&f) == field.Public }) {
			report("$.public", "needs states, and fields of the class public")
		}
	}
}

// seed reads an entry of the pack.
func (r *Register) seed(s *Seed) (Input, []*field.Fault) {
	in := Input{State: s.State, Since: s.Since, Until: s.Until}
	raw, err := json.Marshal(jsonOf(s.Content))
	if err == nil {
		in.Content = raw
		_, faults := r.Fields.Read(raw)
		return in, append(faults, r.checkDates(&in)...)
	}
	return in, []*field.Fault{{Path: "content", Text: text.Both(err.Error())}}
}

// jsonOf turns what YAML gave into what JSON can write.
func jsonOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = jsonOf(x)
		}
		return out
	case map[any]any:
		out := map[string]any{}
		for k, x := range v {
			out[fmt.Sprint(k)] = jsonOf(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = jsonOf(x)
		}
		return out
	}
	return v
}

func (r *Register) classOf(f *field.Field) field.Class {
	if f.Class == "" {
		return r.Class
	}
	return f.Class
}

func (r *Register) state(id string) *State {
	for i := range r.States {
		if r.States[i].ID == id {
			return &r.States[i]
		}
	}
	return nil
}

func (r *Register) transition(id string) *Transition {
	for i := range r.Transitions {
		if r.Transitions[i].ID == id {
			return &r.Transitions[i]
		}
	}
	return nil
}

// defaultClass of an entry: as wide as the register allows.
func (r *Register) defaultClass() field.Class {
	if r.Public != nil {
		return field.Public
	}
	return field.Internal
}

// title is by what people know an entry.
func (r *Register) title(rec field.Record) string {
	var out []string
	for _, key := range r.Title {
		if s, ok := rec[key].(string); ok {
			out = append(out, s)
		}
	}
	return strings.Join(out, " · ")
}

// Load reads the packs of registers. A folder that is not there holds none. Error: pack.Faults.
func Load(files fs.FS) (*pack.Set[Register], error) {
	set, err := pack.Load[Register](files, Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return set, err
}
