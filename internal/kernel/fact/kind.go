package fact

import (
	"errors"
	"fmt"
	"io/fs"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder of kinds among the packs.
const Dir = "facts"

// Kind is a kind of fact, declared by a pack.
type Kind struct {
	pack.Header `yaml:",inline"`

	Note   text.Text    `yaml:"note,omitempty"`
	Class  field.Class  `yaml:"class"`
	Valid  Valid        `yaml:"valid"`
	Title  string       `yaml:"title,omitempty"` // key of the field by which people know one
	Fields field.Schema `yaml:"fields"`
}

// Valid says when a fact of a kind holds. With From alone it happened then; with To it held until the end of that day; with
// Lasting it holds until a revision gives To.
type Valid struct {
	From    string `yaml:"from"`
	To      string `yaml:"to,omitempty"`
	Lasting bool   `yaml:"lasting,omitempty"`
}

// Check reports what is wrong with the pack.
func (k *Kind) Check(report func(where, what string)) {
	if k.Class != field.Internal && k.Class != field.Restricted {
		report("$.class", fmt.Sprintf("%q: facts are internal or restricted; what is public is told by registers and figures", k.Class))
	}
	k.Fields.Check("$.fields", report)
	day := func(where, key string, needed bool) {
		f := k.Fields.Field(key)
		if key == "" && !needed {
			return
		}
		if f == nil || f.Type != field.Date && f.Type != field.Time || needed && !f.Required {
			report(where, fmt.Sprintf("%q does not name a date or time that is required", key))
		}
	}
	day("$.valid.from", k.Valid.From, true)
	day("$.valid.to", k.Valid.To, false)
	if k.Title != "" && k.Fields.Field(k.Title) == nil {
		report("$.title", fmt.Sprintf("there is no field %q", k.Title))
	}
	for i := range k.Fields {
		if k.Fields[i].Calc != "" {
			report(fmt.Sprintf("$.fields[%d].calc", i), "facts have no fields that are worked out")
		}
		for _, own := range ownColumns {
			if k.Fields.Named(own.Name.Zh) != nil || k.Fields.Named(own.Name.En) != nil || k.Fields.Named(own.Key) != nil {
				report("$.fields", fmt.Sprintf("%s / %s is a column that every fact has; name the field otherwise", own.Name.Zh, own.Name.En))
				return
			}
		}
	}
}

// Kinds are the kinds that a node has.
type Kinds struct{ set *pack.Set[Kind] }

// LoadKinds reads the packs of kinds. A folder that is not there holds none. Error: pack.Faults.
func LoadKinds(files fs.FS) (*Kinds, error) {
	set, err := pack.Load[Kind](files, Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return &Kinds{}, nil
	}
	return &Kinds{set}, err
}

// All returns them by id.
func (k *Kinds) All() []*Kind {
	if k == nil || k.set == nil {
		return nil
	}
	return k.set.All()
}

// Get returns one, nil where there is none.
func (k *Kinds) Get(id string) *Kind {
	if k == nil || k.set == nil {
		return nil
	}
	return k.set.Get(id)
}

func (k *Kinds) ids(class field.Class) (out []string) {
	for _, kind := range k.All() {
		if kind.Class == class {
			out = append(out, kind.ID)
		}
	}
	return out
}
