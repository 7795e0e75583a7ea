package party

import (
	"fmt"
	"io/fs"
	"strings"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder of the tables among the packs.
const Dir = "industry"

// Industries are the sections and divisions of GB/T 4754.
type Industries struct {
	pack.Header `yaml:",inline"`

	Sections []struct {
		Code string    `yaml:"code"`
		Name text.Text `yaml:"name"`
	} `yaml:"sections"`
	Divisions []struct {
		Code    string    `yaml:"code"`
		Section string    `yaml:"section"`
		Name    text.Text `yaml:"name"`
	} `yaml:"divisions"`

	names map[string]text.Text
}

// Check reports what is wrong with the table.
func (t *Industries) Check(report func(where, what string)) {
	t.names = map[string]text.Text{}
	add := func(where, code string, name text.Text) {
		if _, twice := t.names[code]; twice || name.Zh == "" || name.En == "" {
			report(where, fmt.Sprintf("%q is there twice, or has no name in zh and en", code))
		}
		t.names[code] = name
	}
	for i, s := range t.Sections {
		add(fmt.Sprintf("$.sections[%d]", i), s.Code, s.Name)
	}
	for i, d := range t.Divisions {
		at := fmt.Sprintf("$.divisions[%d]", i)
		add(at, d.Code, d.Name)
		if field.Section(d.Code) != d.Section {
			report(at+".section", fmt.Sprintf("division %s is in section %s", d.Code, field.Section(d.Code)))
		}
	}
}

// Name of the section or division that a code is in: of "3670" that of division 36.
func (t *Industries) Name(code string) (text.Text, bool) {
	if len(code) > 2 {
		code = code[:2]
	}
	name, ok := t.names[strings.ToUpper(code)]
	return name, ok
}

// Tables are what the package knows.
type Tables struct {
	Industries *Industries
	Sizes      *Sizes
}

// Load reads both tables.
func Load(files fs.FS) (Tables, error) {
	var t Tables
	data, err := fs.ReadFile(files, Dir+"/gbt-4754-2017.yaml")
	if err != nil {
		return t, fmt.Errorf("read the table of industries: %w", err)
	}
	if t.Industries, err = pack.Decode[Industries]("gbt-4754-2017.yaml", data); err != nil {
		return t, err
	}
	if data, err = fs.ReadFile(files, Dir+"/size-class-2017.yaml"); err != nil {
		return t, fmt.Errorf("read the table of size classes: %w", err)
	}
	t.Sizes, err = pack.Decode[Sizes]("size-class-2017.yaml", data)
	return t, err
}
