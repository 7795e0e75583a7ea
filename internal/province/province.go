package province

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"github.com/goccy/go-yaml"

	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
)

//go:embed world/*.yaml
var world embed.FS

// Province is the whole of the data.
type Province struct {
	Mark       text.Text   `yaml:"mark"`
	Platform   text.Text   `yaml:"platform"` // runs the node
	Divisions  []Division  `yaml:"divisions"`
	Park       string      `yaml:"park"`
	Officers   []Officer   `yaml:"officers"`
	Institutes []Institute `yaml:"institutes"`
	Experts    []Expert    `yaml:"experts"`
	Firms      []Firm      `yaml:"-"`
	Providers  []Provider  `yaml:"-"`
	Affairs    Affairs     `yaml:"-"`
}

// Division is a place with a code that GB/T 2260 does not give out.
type Division struct {
	Code string    `yaml:"code"`
	Name text.Text `yaml:"name"`
}

// Officer works for the platform.
type Officer struct {
	Login string `yaml:"login"`
	Name  string `yaml:"name"`
	Role  string `yaml:"role"`
}

// Institute is where experts work.
type Institute struct {
	Key  string    `yaml:"key"`
	Code string    `yaml:"code"`
	Name text.Text `yaml:"name"`
}

// Expert of the pool.
type Expert struct {
	Login  string   `yaml:"login"`
	Name   string   `yaml:"name"`
	Of     string   `yaml:"of"` // key of an institute
	Title  string   `yaml:"title"`
	Fields []string `yaml:"fields"`
	Trades []string `yaml:"trades"` // GB/T 4754
}

// Firm joins by its credit code.
type Firm struct {
	Key       string    `yaml:"key"`
	Code      string    `yaml:"code"`
	Name      text.Text `yaml:"name"`
	Rep       string    `yaml:"rep"` // who acts for it
	Industry  string    `yaml:"industry"`
	Region    string    `yaml:"region"`
	Park      bool      `yaml:"park"`
	Employees int64     `yaml:"employees"`
	Revenue   int64     `yaml:"revenue"` // thousand yuan
	Assets    int64     `yaml:"assets"`  // thousand yuan
	Tags      []Tag     `yaml:"tags"`
	Level     *int      `yaml:"level"`   // 0 to 3: how far it has come; nil: no check-up
	Checked   bool      `yaml:"checked"` // it asks an expert to check its check-up
	Shown     bool      `yaml:"shown"`   // the demo's administrator is an owner of it too
	Door      string    `yaml:"door"`    // where its application to join stays; "" for one that has joined
	Reason    string    `yaml:"reason"`  // of an application that was returned
}

// Tag of the register of enterprises.
type Tag struct {
	Tag    string `yaml:"tag"`
	Days   int    `yaml:"days"` // before the first start
	Reason string `yaml:"reason"`
}

// Provider of the pool.
type Provider struct {
	Key     string    `yaml:"key"`
	Code    string    `yaml:"code"`
	Name    text.Text `yaml:"name"`
	Rep     string    `yaml:"rep"`
	Kind    string    `yaml:"kind"`
	Region  string    `yaml:"region"`
	Summary string    `yaml:"summary"`
	Grade   string    `yaml:"grade"` // state in the pool
	Shown   bool      `yaml:"shown"`
	Check   *Check    `yaml:"check"`
	Supply  []Supply  `yaml:"supply"`
}

// Check of a provider by a third party.
type Check struct {
	Party  string `yaml:"party"`
	Report string `yaml:"report"`
	Score  int    `yaml:"score"`
	Days   int    `yaml:"days"` // before the first start
}

// Supply is an entry in one of the registers of supply.
type Supply struct {
	Register  string   `yaml:"register"`
	Title     string   `yaml:"title"`
	Summary   string   `yaml:"summary"`
	Covers    []string `yaml:"covers"`
	Trades    []string `yaml:"trades"`
	Protocols []string `yaml:"protocols"`
	Standards []string `yaml:"standards"`
	From      int64    `yaml:"from"` // yuan
	To        int64    `yaml:"to"`   // yuan
	Kind      string   `yaml:"kind"`
	Trial     string   `yaml:"trial"`
	Effect    string   `yaml:"effect"`
	Industry  string   `yaml:"industry"`
	Region    string   `yaml:"region"`
	State     string   `yaml:"state"`  // where it stays; "" for published
	Reason    string   `yaml:"reason"` // of one that was returned
}

// Load reads the province that is in the program.
func Load() (*Province, error) {
	p := &Province{}
	var firms struct {
		Firms []Firm `yaml:"firms"`
	}
	var providers struct {
		Providers []Provider `yaml:"providers"`
	}
	for name, into := range map[string]any{"province": p, "firms": &firms, "providers": &providers, "affairs": &p.Affairs} {
		data, err := world.ReadFile(path.Join("world", name+".yaml"))
		if err == nil {
			err = yaml.UnmarshalWithOptions(data, into, yaml.Strict())
		}
		if err != nil {
			return nil, fmt.Errorf("%s.yaml: %w", name, err)
		}
	}
	p.Firms, p.Providers = firms.Firms, providers.Providers
	return p, p.check()
}

// check refuses what could be taken for real: a name without the mark, a division or credit code of a range that is given out.
func (p *Province) check() error {
	for _, n := range p.names() {
		if !strings.HasSuffix(n.Zh, p.Mark.Zh) || n.En != "" && !strings.HasSuffix(n.En, p.Mark.En) {
			return fmt.Errorf("%q (%q) does not end with the mark of demonstration data", n.Zh, n.En)
		}
	}
	code := func(s, division string) error {
		normal, err := org.CreditCode(s)
		if err == nil && (normal != s || !strings.HasPrefix(s, "91"+division+"MADE")) {
			err = fmt.Errorf("not of the range for examples: 91%sMADE…", division)
		}
		if err != nil {
			return fmt.Errorf("credit code %s: %w", s, err)
		}
		return nil
	}
	for _, i := range p.Institutes {
		if err := code(i.Code, i.Code[2:8]); err != nil {
			return err
		}
	}
	for _, f := range p.Firms {
		if err := code(f.Code, f.Region); err != nil {
			return err
		}
	}
	for _, x := range p.Providers {
		if err := code(x.Code, x.Region); err != nil {
			return err
		}
	}
	for _, d := range p.Divisions {
		if !strings.HasPrefix(d.Code, "99") {
			return fmt.Errorf("division %s is not of the range for examples: 99…", d.Code)
		}
	}
	return nil
}

// names are all names by which something of the province is shown.
func (p *Province) names() (out []text.Text) {
	zh := func(list ...string) {
		for _, s := range list {
			out = append(out, text.Text{Zh: s})
		}
	}
	out = append(out, p.Platform)
	zh(p.Park)
	for _, o := range p.Officers {
		zh(o.Name)
	}
	for _, i := range p.Institutes {
		out = append(out, i.Name)
	}
	for _, e := range p.Experts {
		zh(e.Name)
	}
	for _, f := range p.Firms {
		out = append(out, f.Name)
		zh(f.Rep)
	}
	for _, x := range p.Providers {
		out = append(out, x.Name)
		zh(x.Rep)
		for _, s := range x.Supply {
			zh(s.Title)
		}
	}
	return append(out, p.Affairs.names()...)
}

func (p *Province) institute(key string) *Institute {
	for i := range p.Institutes {
		if p.Institutes[i].Key == key {
			return &p.Institutes[i]
		}
	}
	return nil
}

func (p *Province) firm(key string) *Firm {
	for i := range p.Firms {
		if p.Firms[i].Key == key {
			return &p.Firms[i]
		}
	}
	return nil
}
