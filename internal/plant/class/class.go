// Package class holds the classes of equipment: by which a plant's ledger is kept and connected machines are counted.
// They are packs (packs/equipment), so that a region or a trade adds its own.
package class

import (
	"fmt"
	"io/fs"
	"regexp"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Pack is one file of classes.
type Pack struct {
	pack.Header `yaml:",inline"`
	Classes     []Class `yaml:"classes"`
}

// Class is one kind of equipment.
type Class struct {
	ID   string    `json:"id" yaml:"id"`
	Name text.Text `json:"name" yaml:"name"`
	Note text.Text `json:"note,omitzero" yaml:"note"`
}

var idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Check reports what is wrong (pack.Body).
func (p *Pack) Check(report func(where, what string)) {
	if len(p.Classes) == 0 {
		report("$.classes", "holds none")
	}
	seen := map[string]bool{}
	for i, c := range p.Classes {
		at := fmt.Sprintf("$.classes[%d]", i)
		if !idForm.MatchString(c.ID) {
			report(at+".id", fmt.Sprintf("%q is not an id; use lowercase letters, digits and hyphens", c.ID))
		}
		if seen[c.ID] {
			report(at+".id", fmt.Sprintf("%q is used twice", c.ID))
		}
		seen[c.ID] = true
		if c.Name.Zh == "" || c.Name.En == "" {
			report(at+".name", "needs zh and en")
		}
	}
}

// Load reads the classes of a folder of packs. Error: pack.Faults.
func Load(files fs.FS, dir string) (*pack.Set[Pack], error) { return pack.Load[Pack](files, dir) }

// All returns the classes of all packs by id; where two packs have the same id the first counts.
func All(packs *pack.Set[Pack]) map[string]Class {
	out := map[string]Class{}
	for _, p := range packs.All() {
		for _, c := range p.Classes {
			if _, taken := out[c.ID]; !taken {
				out[c.ID] = c
			}
		}
	}
	return out
}
