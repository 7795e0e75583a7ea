package support

import (
	"fmt"
	"io/fs"
	"slices"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder of this room's packs.
const Dir = "support"

// Guide is a pack: how facts are asked for, where they are known from, and why support is claimed back.
type Guide struct {
	pack.Header `yaml:",inline"`

	Questions []Question     `yaml:"questions"`
	Recovery  []SupportCause `yaml:"recovery"`
}

// Question asks a person for a fact of the measures, in plain words.
type Question struct {
	Fact     string    `yaml:"fact"`
	Ask      text.Text `yaml:"ask"`
	Help     text.Text `yaml:"help"` // how its evidence is had
	Register *FromRoll `yaml:"register"`
	Proof    *FromFact `yaml:"proof"`
	Voucher  bool      `yaml:"voucher"` // true once a voucher of the enterprise was redeemed
}

// FromRoll takes a fact from what the register of enterprises says.
type FromRoll struct {
	Field  string    `yaml:"field"` // size, industry, tags, region, revenue, employees
	Values []Mapping `yaml:"values"`
	Else   string    `yaml:"else"` // where the register knows and no value fits; for choices
}

// Mapping gives an option of a fact for a word, or for a span of two-digit divisions of GB/T 4754.
type Mapping struct {
	Is    string `yaml:"is"`
	From  string `yaml:"from"`
	To    string `yaml:"to"`
	Gives string `yaml:"gives"`
}

// FromFact takes a fact from the business facts of the enterprise, with their grade.
type FromFact struct {
	Kind    string   `yaml:"kind"`
	Where   []string `yaml:"where"`   // field=value
	Project bool     `yaml:"project"` // those whose field project names the project
	Take    string   `yaml:"take"`    // sum, latest, amounts, value
	Field   string   `yaml:"field"`   // of money
	Date    string   `yaml:"date"`    // of amounts
	Gives   []string `yaml:"gives"`   // of value: options, or "true"
}

// SupportCause is a reason for which support is claimed back.
type SupportCause struct {
	ID    string    `json:"id" yaml:"id"`
	Name  text.Text `json:"name" yaml:"name"`
	Share string    `json:"share" yaml:"share" enum:"all,part" doc:"all: what was paid is claimed whole"`
}

// Check reports what is wrong (pack.Body).
func (g *Guide) Check(report func(where, what string)) {
	for i, q := range g.Questions {
		at := fmt.Sprintf("$.questions[%d]", i)
		if q.Fact == "" || slices.ContainsFunc(g.Questions[:i], func(o Question) bool { return o.Fact == q.Fact }) {
			report(at+".fact", fmt.Sprintf("%q is missing or asked twice", q.Fact))
		}
		if q.Ask.Zh == "" || q.Ask.En == "" || q.Help.Zh == "" || q.Help.En == "" {
			report(at, "needs ask and help in zh and en")
		}
		if r := q.Register; r != nil && !slices.Contains([]string{"size", "industry", "tags", "region", "revenue", "employees"}, r.Field) {
			report(at+".register.field", fmt.Sprintf("%q is not size, industry, tags, region, revenue or employees", r.Field))
		}
		if p := q.Proof; p != nil && (p.Kind == "" || !slices.Contains([]string{"sum", "latest", "amounts", "value"}, p.Take)) {
			report(at+".proof", fmt.Sprintf("needs a kind, and take: sum, latest, amounts or value; it has %q and %q", p.Kind, p.Take))
		}
	}
	for i, c := range g.Recovery {
		at := fmt.Sprintf("$.recovery[%d]", i)
		if c.ID == "" || c.Name.Zh == "" || c.Name.En == "" || c.Share != "all" && c.Share != "part" {
			report(at, "needs an id, a name in zh and en, and share: all or part")
		}
	}
}

func (g *Guide) question(fact string) *Question {
	if i := slices.IndexFunc(g.Questions, func(q Question) bool { return q.Fact == fact }); i >= 0 {
		return &g.Questions[i]
	}
	return nil
}

// LoadGuide reads the guide; a node without one asks by the names of the facts. Error: pack.Faults.
func LoadGuide(files fs.FS) (*Guide, error) {
	if _, err := fs.Stat(files, Dir); err != nil {
		return &Guide{}, nil
	}
	set, err := pack.Load[Guide](files, Dir)
	if err != nil {
		return nil, err
	}
	whole := &Guide{}
	for _, g := range set.All() {
		whole.Questions, whole.Recovery = append(whole.Questions, g.Questions...), append(whole.Recovery, g.Recovery...)
	}
	return whole, nil
}
