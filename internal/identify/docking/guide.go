package docking

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Due says when a table is handed in.
type Due string

// When tables are due: at once after a change, after each hour, day or month.
const (
	AtOnce  Due = "at-once"
	Hourly  Due = "hourly"
	Daily   Due = "daily"
	Monthly Due = "monthly"
)

var dues = []Due{AtOnce, Hourly, Daily, Monthly}

// Guide is what a node hands in to the one above it.
type Guide struct {
	pack.Header `yaml:",inline"`

	Shapes []Shape `json:"-" yaml:"shapes"`
	Tables []Table `json:"tables" yaml:"tables"`
}

// Shape is the fields of rows that several tables have.
type Shape struct {
	ID     string       `yaml:"id"`
	Fields field.Schema `yaml:"fields"`
}

// Table is one kind of return.
type Table struct {
	ID     string       `json:"id" yaml:"id"`
	Annex  string       `json:"annex" yaml:"annex"` // of the guide, such as "1.3"
	Name   text.Text    `json:"name" yaml:"name"`
	Due    Due          `json:"due" yaml:"due"`
	Within int          `json:"within,omitempty" yaml:"within"` // working days after the end of its period; 0: as soon as it ends
	Key    []string     `json:"key" yaml:"key"`                 // fields that tell its rows apart
	Shape  string       `json:"-" yaml:"shape"`
	Fields field.Schema `json:"fields" yaml:"fields"` // its own, or those of the shape
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}$`)

// Check reports what the pack has declared wrongly.
func (g *Guide) Check(report func(where, what string)) {
	shapes := map[string]field.Schema{}
	for i, s := range g.Shapes {
		at := fmt.Sprintf("$.shapes[%d]", i)
		if _, twice := shapes[s.ID]; twice || !idForm.MatchString(s.ID) {
			report(at+".id", fmt.Sprintf("%q is no id, or stands twice", s.ID))
		}
		s.Fields.Check(at+".fields", report)
		shapes[s.ID] = s.Fields
	}
	seen := map[string]bool{}
	for i := range g.Tables {
		t, at := &g.Tables[i], fmt.Sprintf("$.tables[%d]", i)
		if seen[t.ID] || !idForm.MatchString(t.ID) {
			report(at+".id", fmt.Sprintf("%q is no id, or stands twice", t.ID))
		}
		seen[t.ID] = true
		if !slices.Contains(dues, t.Due) {
			report(at+".due", fmt.Sprintf("%q is none of %v", t.Due, dues))
		}
		if t.Within < 0 || t.Within > 0 && t.Due != Monthly {
			report(at+".within", "is for monthly tables, in working days")
		}
		switch shape, ok := shapes[t.Shape]; {
		case t.Shape == "":
			t.Fields.Check(at+".fields", report)
		case len(t.Fields) > 0:
			report(at+".shape", "has a shape and fields of its own")
		case !ok:
			report(at+".shape", fmt.Sprintf("%q is not declared", t.Shape))
		default:
			t.Fields = shape
		}
		for j, key := range t.Key {
			if f := t.Fields.Field(key); f == nil || !f.Required || f.Type == field.List {
				report(fmt.Sprintf("%s.key[%d]", at, j), fmt.Sprintf("%q is no required field", key))
			}
		}
		if len(t.Key) == 0 {
			report(at+".key", "names no field; rows could not be told apart")
		}
	}
	if len(g.Tables) == 0 {
		report("$.tables", "has none")
	}
}

// Table finds a table, nil if there is none.
func (g *Guide) Table(id string) *Table {
	if i := slices.IndexFunc(g.Tables, func(t Table) bool { return t.ID == id }); i >= 0 {
		return &g.Tables[i]
	}
	return nil
}

// Dir is the folder of guides among the packs.
const Dir = "docking"

// LoadGuides reads the guides.
func LoadGuides(files fs.FS) (*pack.Set[Guide], error) { return pack.Load[Guide](files, Dir) }
