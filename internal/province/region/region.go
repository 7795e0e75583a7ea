package region

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
	"jingwei/internal/province"
	"jingwei/internal/province/history"
)

//go:embed region.yaml
var data []byte

// Province is the key of the province's own node, which the demo's first process is.
const Province = "province"

// Region is the whole of the data, with the province it lies in.
type Region struct {
	Nodes        []Node            `yaml:"nodes"`
	Points       map[string]Points `yaml:"points"` // by template
	Enterprises  []Enterprise      `yaml:"enterprises"`
	Agreements   []Agreement       `yaml:"agreements"`
	Declarations []Declaration     `yaml:"declarations"`
	Recognitions []Listed          `yaml:"recognitions"`
	Facilities   []Listed          `yaml:"facilities"`
	Events       []Listed          `yaml:"events"`

	Province *province.Province `yaml:"-"`
}

// Node is a node beside the province's own.
type Node struct {
	Key      string    `yaml:"key"`
	Kind     org.Kind  `yaml:"kind"`
	Firm     string    `yaml:"firm"` // the enterprise that runs it; "" for a city or a park
	Name     text.Text `yaml:"name"`
	Code     string    `yaml:"code"` // credit code of who runs it
	Division string    `yaml:"division"`
	Hosts    []string  `yaml:"hosts"`  // keys of firms that are organisations of it
	Bodies   []Body    `yaml:"bodies"` // other organisations of it
}

// Body is an organisation that is no enterprise of the region, such as a bank.
type Body struct {
	Key  string    `yaml:"key"`
	Kind org.Kind  `yaml:"kind"`
	Name text.Text `yaml:"name"`
	Code string    `yaml:"code"`
}

// Agreement on figures between two parties: the key of an enterprise or a body, or "@" and that of a node for who runs it.
type Agreement struct {
	Giver   string   `yaml:"giver"`
	Taker   string   `yaml:"taker"`
	Kind    string   `yaml:"kind"`
	Figures []string `yaml:"figures"` // none: all that the policies want
	Detail  string   `yaml:"detail"`
	Drill   string   `yaml:"drill"`
	Onward  string   `yaml:"onward"`
	Since   int      `yaml:"since"` // days before the first start; periods that end before it are not told. 0: all
	Purpose string   `yaml:"purpose"`
	Words   string   `yaml:"words"`
}

// Points of a template that machines have.
type Points struct {
	Keys  []string      `yaml:"keys"`
	Every time.Duration `yaml:"every"`
}

// Enterprise with its plant and its books.
type Enterprise struct {
	Firm     string       `yaml:"firm"`
	Site     text.Text    `yaml:"site"`
	Places   []Place      `yaml:"places"`
	Moved    *Move        `yaml:"moved"`
	Shifts   int          `yaml:"shifts"`
	Machines []Machine    `yaml:"machines"`
	Books    history.Firm `yaml:"books"`
}

// Place is a node in whose registers an enterprise stands, by days before the first start.
type Place struct {
	Node  string `yaml:"node"`
	Since int    `yaml:"since"` // 0: ever
	Until int    `yaml:"until"` // 0: still; its last day there is the day before
}

// Move of an enterprise from one place to another.
type Move struct {
	Days     int    `yaml:"days"`     // before the first start
	Away     int    `yaml:"away"`     // days on which its machines told nothing
	Division string `yaml:"division"` // to which it moved
}

// Machine of a plant. Without a template nothing connects it.
type Machine struct {
	Key      string    `yaml:"key"`
	Area     text.Text `yaml:"area"`
	Name     text.Text `yaml:"name"`
	Template string    `yaml:"template"`
	Class    string    `yaml:"class"` // "": the template's
	Main     bool      `yaml:"main"`  // it is a main meter
}

// Declaration of who runs a node, the same for each of the last years.
type Declaration struct {
	Node  string `yaml:"node"`
	Item  string `yaml:"item"`
	Value string `yaml:"value"`
	Unit  string `yaml:"unit"`
}

// Listed is an entry of a register, by days before the first start.
type Listed struct {
	Node     string `yaml:"node"`
	Kind     string `yaml:"kind"`
	Label    string `yaml:"label"`
	Firm     string `yaml:"firm"`
	Division string `yaml:"division"`
	Trade    string `yaml:"trade"`
	On       int    `yaml:"on"`
	Every    int    `yaml:"every"` // so many of them, a year apart
}

// Load reads the region that is in the program.
func Load() (*Region, error) {
	r := &Region{}
	if err := yaml.UnmarshalWithOptions(data, r, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("region.yaml: %w", err)
	}
	var err error
	if r.Province, err = province.Load(); err != nil {
		return nil, err
	}
	for i := range r.Nodes {
		n := &r.Nodes[i]
		if n.Firm == "" {
			continue
		}
		f := r.firm(n.Firm)
		if f == nil {
			return nil, fmt.Errorf("region.yaml: node %s is run by %s, which is no firm of the province", n.Key, n.Firm)
		}
		n.Kind, n.Name, n.Code, n.Division = org.Enterprise, f.Name, f.Code, f.Region
	}
	return r, r.check()
}

func (r *Region) firm(key string) *province.Firm {
	i := slices.IndexFunc(r.Province.Firms, func(f province.Firm) bool { return f.Key == key })
	if i < 0 {
		return nil
	}
	return &r.Province.Firms[i]
}

// Node is the one with a key, nil where there is none.
func (r *Region) Node(key string) *Node {
	i := slices.IndexFunc(r.Nodes, func(n Node) bool { return n.Key == key })
	if i < 0 {
		return nil
	}
	return &r.Nodes[i]
}

// Home is the key of the node on which an enterprise or a body keeps its data.
func (r *Region) Home(key string) string {
	for i := range r.Nodes {
		n := &r.Nodes[i]
		if n.Firm == key || slices.Contains(n.Hosts, key) || slices.ContainsFunc(n.Bodies, func(b Body) bool { return b.Key == key }) {
			return n.Key
		}
	}
	return ""
}

// Member is an organisation of a node by its key; "" for who runs it.
type Member struct {
	Key string
	org.Org
}

// Members are the organisations of a node: who runs it, then those that it hosts.
func (r *Region) Members(n *Node) []Member {
	out := []Member{{"", org.Org{Kind: n.Kind, Name: n.Name, CreditCode: n.Code}}}
	for _, key := range n.Hosts {
		f := r.firm(key)
		out = append(out, Member{key, org.Org{Kind: org.Enterprise, Name: f.Name, CreditCode: f.Code}})
	}
	for _, b := range n.Bodies {
		out = append(out, Member{b.Key, org.Org{Kind: b.Kind, Name: b.Name, CreditCode: b.Code}})
	}
	return out
}

// check refuses what could be taken for real, and names of what is not there.
func (r *Region) check() error {
	mark := r.Province.Mark
	for i := range r.Nodes {
		n := &r.Nodes[i]
		for _, h := range n.Hosts {
			if r.firm(h) == nil {
				return fmt.Errorf("region.yaml: node %s hosts %s, which is no firm of the province", n.Key, h)
			}
		}
		for _, m := range r.Members(n) {
			if !strings.HasSuffix(m.Name.Zh, mark.Zh) || !strings.HasSuffix(m.Name.En, mark.En) {
				return fmt.Errorf("region.yaml: %q (%q) does not end with the mark of demonstration data", m.Name.Zh, m.Name.En)
			}
			if code, err := org.CreditCode(m.CreditCode); err != nil || code != m.CreditCode || code[2:4] != "99" || code[8:12] != "MADE" {
				return fmt.Errorf("region.yaml: credit code %s of %s is none of the range for examples", m.CreditCode, n.Key)
			}
		}
	}
	for i := range r.Enterprises {
		e := &r.Enterprises[i]
		if r.firm(e.Firm) == nil || r.Home(e.Firm) == "" {
			return fmt.Errorf("region.yaml: enterprise %s is no firm of the province, or has no node", e.Firm)
		}
		for _, p := range e.Places {
			if r.Node(p.Node) == nil {
				return fmt.Errorf("region.yaml: %s is said to be in %s, which is no node", e.Firm, p.Node)
			}
		}
		for _, m := range e.Machines {
			if m.Template != "" && len(r.Points[m.Template].Keys) == 0 {
				return fmt.Errorf("region.yaml: machine %s of %s has a template %q of which no points are named", m.Key, e.Firm, m.Template)
			}
		}
		for _, s := range slices.Concat(e.Books.Goods, e.Books.Materials, e.Books.Products) {
			if !strings.HasSuffix(s, mark.Zh) {
				return fmt.Errorf("region.yaml: %q of %s does not end with the mark of demonstration data", s, e.Firm)
			}
		}
	}
	for _, a := range r.Agreements {
		for _, party := range []string{a.Giver, a.Taker} {
			if node, runs := strings.CutPrefix(party, "@"); runs && node != Province && r.Node(node) == nil || !runs && r.Home(party) == "" {
				return fmt.Errorf("region.yaml: an agreement names %s, which is no party", party)
			}
		}
	}
	for _, x := range slices.Concat(r.Recognitions, r.Facilities, r.Events) {
		if x.Node != Province && r.Node(x.Node) == nil || x.Firm != "" && r.firm(x.Firm) == nil {
			return fmt.Errorf("region.yaml: %s %s is of a node or a firm that is not there", x.Kind, x.Label)
		}
	}
	return nil
}
