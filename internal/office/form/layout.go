package form

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/form/calc"
)

// Dir is the folder of layouts among the packs.
const Dir = "forms"

// Layout says how the form of one target looks, declared by a pack.
type Layout struct {
	pack.Header `yaml:",inline"`

	For         For              `yaml:"for"`
	Sections    []Section        `yaml:"sections"`
	Calculated  []Calculated     `yaml:"calculated,omitempty"`
	Attachments []AttachmentKind `yaml:"attachments,omitempty"`
	Prefill     []Prefill        `yaml:"prefill,omitempty"`
}

// For is what a layout is for.
type For struct {
	Kind   string `yaml:"kind"`             // of a target: case, step, entry, fact
	ID     string `yaml:"id"`               // of the flow, register, kind of fact
	Action string `yaml:"action,omitempty"` // of a step
}

// Section is a part of a form.
type Section struct {
	ID     string      `json:"id" yaml:"id"`
	Name   text.Text   `json:"name" yaml:"name"`
	Help   text.Text   `json:"help,omitzero" yaml:"help,omitempty"`
	When   []Condition `json:"when,omitempty" yaml:"when,omitempty"` // all hold, or none of its fields is asked
	Fields []Question  `json:"fields" yaml:"fields"`
}

// Question is a field where it is asked.
type Question struct {
	Key  string      `json:"key" yaml:"key"`
	Help text.Text   `json:"help,omitzero" yaml:"help,omitempty"`
	When []Condition `json:"when,omitempty" yaml:"when,omitempty"`
}

// Calculated is a field that is worked out: one of the target's own, which is then never typed, or one that is only shown.
type Calculated struct {
	Key      string        `yaml:"key"`
	Name     text.Text     `yaml:"name,omitempty"` // of one that is only shown
	Type     field.Type    `yaml:"type,omitempty"`
	Places   int           `yaml:"places,omitempty"`
	Unit     string        `yaml:"unit,omitempty"`
	Value    string        `yaml:"value"` // see package calc
	Rounding calc.Rounding `yaml:"rounding,omitempty"`
}

// AttachmentKind is a kind of paper with its limits.
type AttachmentKind struct {
	ID       string    `json:"id" yaml:"id"`
	Name     text.Text `json:"name" yaml:"name,omitempty"` // empty: as the target calls it
	Help     text.Text `json:"help,omitzero" yaml:"help,omitempty"`
	Types    []string  `json:"types" yaml:"types,omitempty"`       // endings of names; none: all that are taken
	MaxBytes int64     `json:"maxBytes" yaml:"maxBytes,omitempty"` // of one; 0: 20 MiB
	MaxCount int       `json:"maxCount" yaml:"maxCount,omitempty"` // 0: 10
	Required bool      `json:"required,omitempty" yaml:"-"`        // by the target
	Present  int       `json:"present,omitempty" yaml:"-" doc:"Of this kind the case has already"`
}

// Prefill fills a field in from what the node knows.
type Prefill struct {
	Field string `yaml:"field"`
	From  string `yaml:"from"` // one of Origins
}

// Origins are what the node may know of an organisation.
var Origins = []string{"enterprise.name", "enterprise.creditCode", "enterprise.industry", "enterprise.region", "enterprise.size", "enterprise.employees", "enterprise.revenue", "enterprise.assets"}

const (
	defaultCount = 10
	maxCount     = 50
)

// Check reports what is wrong with the pack by itself; fit tells whether it fits its target.
func (l *Layout) Check(report func(where, what string)) {
	if l.For.Kind == "" || l.For.ID == "" || (l.For.Kind == KindStep) != (l.For.Action != "") {
		report("$.for", "needs kind and id; an action where the kind is step, and only there")
	}
	seen := map[string]bool{}
	for i := range l.Sections {
		s, at := &l.Sections[i], fmt.Sprintf("$.sections[%d]", i)
		if s.ID == "" || s.Name.Zh == "" || s.Name.En == "" || seen["section "+s.ID] {
			report(at, "needs an id of its own and a name in zh and en")
		}
		seen["section "+s.ID] = true
		for j, q := range s.Fields {
			if seen[q.Key] {
				report(fmt.Sprintf("%s.fields[%d].key", at, j), fmt.Sprintf("%q is asked twice", q.Key))
			}
			seen[q.Key] = true
		}
	}
	for i, a := range l.Attachments {
		at := fmt.Sprintf("$.attachments[%d]", i)
		if a.ID == "" || seen["paper "+a.ID] {
			report(at+".id", "needs an id of its own")
		}
		seen["paper "+a.ID] = true
		for _, t := range a.Types {
			if !slices.Contains(fact.Extensions(), t) {
				report(at+".types", fmt.Sprintf("%q is of no type that is taken; there are %v", t, fact.Extensions()))
			}
		}
		if a.MaxBytes < 0 || a.MaxBytes > fact.MaxDocument || a.MaxCount < 0 || a.MaxCount > maxCount {
			report(at, fmt.Sprintf("want maxBytes up to %d and maxCount up to %d", int64(fact.MaxDocument), maxCount))
		}
	}
	for i, p := range l.Prefill {
		if !slices.Contains(Origins, p.From) {
			report(fmt.Sprintf("$.prefill[%d].from", i), fmt.Sprintf("nothing is known as %q; there are %v", p.From, Origins))
		}
	}
}

// fit checks a layout against the fields and papers of its target. Error: pack.Faults.
func (l *Layout) fit(fields field.Schema, papers []AttachmentKind) error {
	var faults pack.Faults
	report := func(where, what string) {
		faults = append(faults, pack.Fault{File: l.File(), Where: where, What: what})
	}
	_, _, wrong := l.compile(fields)
	faults = append(faults, wrong...)
	before := field.Schema{} // what conditions may be about: what is asked before
	for i := range l.Sections {
		s, at := &l.Sections[i], fmt.Sprintf("$.sections[%d]", i)
		checkConditions(at+".when", s.When, before, report)
		for j, q := range s.Fields {
			where := fmt.Sprintf("%s.fields[%d]", at, j)
			f := fields.Field(q.Key)
			if f == nil {
				report(where+".key", fmt.Sprintf("there is no field %q", q.Key))
				continue
			}
			if (len(q.When) > 0 || len(s.When) > 0) && f.Required {
				report(where+".when", fmt.Sprintf("%q is always needed, and so always asked", q.Key))
			}
			checkConditions(where+".when", q.When, before, report)
			before = append(before, *f)
		}
	}
	for i, a := range l.Attachments {
		if !slices.ContainsFunc(papers, func(p AttachmentKind) bool { return p.ID == a.ID }) {
			report(fmt.Sprintf("$.attachments[%d].id", i), fmt.Sprintf("there is no paper %q", a.ID))
		}
	}
	for i, p := range l.Prefill {
		if f := fields.Field(p.Field); f == nil || f.Type == field.List {
			report(fmt.Sprintf("$.prefill[%d].field", i), fmt.Sprintf("%q is no field that can be filled in", p.Field))
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// sum is a calculated field that is ready to be worked out.
type sum struct {
	field    field.Field
	own      bool // of the target: it is handed in
	rounding calc.Rounding
	value    *calc.Node
}

// compile reads the expressions of a layout over the fields of its target. known are those with what is only shown: a later
// expression may use an earlier one.
func (l *Layout) compile(fields field.Schema) (sums []sum, known field.Schema, faults pack.Faults) {
	known = slices.Clone(fields)
	worked := map[string]bool{}
	for i := range l.Calculated {
		c, at := &l.Calculated[i], fmt.Sprintf("$.calculated[%d]", i)
		bad := func(where, what string) {
			faults = append(faults, pack.Fault{File: l.File(), Where: at + where, What: what})
		}
		f := fields.Field(c.Key)
		own := f != nil
		if !own {
			f = &field.Field{Key: c.Key, Name: c.Name, Type: c.Type, Places: c.Places, Unit: c.Unit}
			field.Schema{*f}.Check("", func(where, what string) { bad("", what) })
		} else if c.Type != "" || !c.Name.IsZero() || c.Places != 0 || c.Unit != "" {
			bad("", fmt.Sprintf("%q is a field of the target, which says its name and type", c.Key))
		}
		if f.Type != field.Integer && f.Type != field.Decimal && f.Type != field.Money || worked[c.Key] {
			bad(".key", "is worked out once, and is an integer, a decimal or money")
			continue
		}
		if c.Rounding != "" && !slices.Contains(calc.Roundings, c.Rounding) {
			bad(".rounding", fmt.Sprintf("%q: use one of %v", c.Rounding, calc.Roundings))
		}
		usable := slices.DeleteFunc(slices.Clone(known), func(x field.Field) bool { // neither itself nor what is worked out later
			return x.Key == c.Key || !worked[x.Key] && slices.ContainsFunc(l.Calculated, func(o Calculated) bool { return o.Key == x.Key })
		})
		node, kind, err := calc.Parse(c.Value, usable)
		if err != nil {
			bad(".value", err.Error())
			continue
		}
		if (kind == calc.Money) != (f.Type == field.Money) {
			bad(".value", fmt.Sprintf("gives %s, and the field is of the type %s", kind, f.Type))
			continue
		}
		worked[c.Key] = true
		if !own {
			known = append(known, *f)
		}
		sums = append(sums, sum{field: *f, own: own, rounding: c.Rounding, value: node})
	}
	return sums, known, faults
}

// Load reads the packs of layouts. A folder that is not there holds none. Error: pack.Faults.
func Load(files fs.FS) ([]*Layout, error) {
	set, err := pack.Load[Layout](files, Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list := set.All()
	taken := map[For]string{}
	for _, l := range list {
		if other, twice := taken[l.For]; twice {
			return nil, pack.Faults{{File: l.File(), Where: "$.for", What: "is laid out by " + other + " already"}}
		}
		taken[l.For] = l.File()
	}
	return list, nil
}
