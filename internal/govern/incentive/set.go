package incentive

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/pack/clause"
)

// Options of a set of measures.
type Options struct {
	// Published dates documents that do not date themselves, by file name. Measures of a document that is not here are
	// unknown in time, and say so.
	Published map[string]Date
}

// Set is a set of measures that were checked together, ready to be evaluated. It is immutable and safe for concurrent use.
type Set struct {
	measures []*Measure
	byID     map[string]int
	programs []program
	keys     map[string]int // slot of a fact
	types    []Type
	options  []map[string]uint // bit of an option, by slot
	exclude  []int             // measures, each after those it yields to
	groups   []group           // choices before highest, each sorted by name
	hash     string
	docs     *Documents // nil where there are none
}

// Load reads the measures of a folder, with the documents of its folder "documents" if there is one, and checks all of
// it. Error: pack.Faults.
func Load(files fs.FS, dir string, o Options) (*Set, error) {
	docs, err := clause.LoadDocuments(files, path.Join(dir, "documents"))
	if err != nil {
		return nil, err
	}
	packs, err := pack.Load[Measure](files, dir)
	if err != nil {
		return nil, err
	}
	s, err := NewSet(packs.All(), docs, o)
	var faults pack.Faults
	if errors.As(err, &faults) {
		faults.Place(files)
	}
	return s, err
}

// Decode reads one measure by itself. Error: pack.Faults.
func Decode(file string, data []byte) (*Measure, error) { return pack.Decode[Measure](file, data) }

// NewSet makes measures that were decoded ready together. docs may be nil. Error: pack.Faults for what only shows between
// files: a hash or quote that is not the document's, one fact with two types, a rule of a group that differs, an unknown
// measure that is excluded, exclusions in a circle.
func NewSet(measures []*Measure, docs *Documents, o Options) (*Set, error) {
	return newSet(measures, docs, o, false)
}

// newSet: a set of some measures may exclude one that is not among them.
func newSet(measures []*Measure, docs *Documents, o Options, some bool) (*Set, error) {
	s := &Set{measures: slices.Clone(measures), byID: map[string]int{}, keys: map[string]int{}, docs: docs}
	slices.SortFunc(s.measures, func(a, b *Measure) int { return strings.Compare(a.ID, b.ID) })
	var faults pack.Faults
	for i, m := range s.measures {
		if _, twice := s.byID[m.ID]; twice {
			faults = append(faults, pack.Fault{File: m.File(), Where: "$.id", What: fmt.Sprintf("%q is the id of another measure too", m.ID)})
		}
		s.byID[m.ID] = i
	}
	for _, m := range s.measures {
		report := func(where, what string) {
			faults = append(faults, pack.Fault{File: m.File(), Where: where, What: what})
		}
		m.verify(docs, report)
		s.vocabulary(m, report)
		s.relations(m, some, report)
	}
	if len(faults) == 0 {
		s.order(&faults)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	s.group()
	sum := sha256.New()
	for _, m := range s.measures {
		s.programs = append(s.programs, s.compile(m, o))
		fmt.Fprintf(sum, "%s %s\n", m.ID, m.Hash())
	}
	s.hash = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// vocabulary gives every fact its place; the same key must be of the same type in all packs.
func (s *Set) vocabulary(m *Measure, report func(where, what string)) {
	for i, f := range m.Facts {
		t := typeNames[f.Type]
		slot, ok := s.keys[f.Key]
		if !ok {
			slot = len(s.types)
			s.keys[f.Key], s.types, s.options = slot, append(s.types, t), append(s.options, map[string]uint{})
		}
		if s.types[slot] != t {
			report(fmt.Sprintf("$.facts[%d].type", i), fmt.Sprintf("%s is a %s here and a %s in another measure; one key means one fact", f.Key, f.Type, s.types[slot]))
		}
		for j, opt := range f.Options {
			if _, ok := s.options[slot][opt.ID]; ok {
				continue
			}
			if len(s.options[slot]) == maxOptions {
				report(fmt.Sprintf("$.facts[%d].options[%d]", i, j), fmt.Sprintf("is one more than %d options of %s over all measures", maxOptions, f.Key))
				break
			}
			s.options[slot][opt.ID] = uint(len(s.options[slot]))
		}
	}
}

func (s *Set) relations(m *Measure, some bool, report func(where, what string)) {
	for i, x := range m.Excludes {
		if _, ok := s.byID[x.Measure]; !ok && !some {
			report(fmt.Sprintf("$.excludes[%d].measure", i), fmt.Sprintf("%q is not a measure of this set", x.Measure))
		}
	}
	for _, other := range s.measures {
		if m.Budget != nil && other.Budget != nil && other.ID < m.ID && other.Budget.Line == m.Budget.Line && other.Budget.Scaling != m.Budget.Scaling {
			report("$.budget.scaling", fmt.Sprintf("%q of line %s is %q in %s; a line has one scaling", m.Budget.Scaling, m.Budget.Line, other.Budget.Scaling, other.ID))
		}
	}
	for i, st := range m.Stacking {
		for _, other := range s.measures {
			for _, o := range other.Stacking {
				if o.Group == st.Group && o.Rule != st.Rule && other.ID < m.ID {
					report(fmt.Sprintf("$.stacking[%d].rule", i), fmt.Sprintf("%q of group %s is %q in %s; a group has one rule", st.Rule, st.Group, o.Rule, other.ID))
				}
			}
		}
	}
}

// group is a set of measures that go together by a rule.
type group struct {
	name, rule string
	members    []int // by id
}

func (s *Set) group() {
	for i, m := range s.measures {
		for _, st := range m.Stacking {
			k := slices.IndexFunc(s.groups, func(g group) bool { return g.name == st.Group })
			if k < 0 {
				k, s.groups = len(s.groups), append(s.groups, group{name: st.Group, rule: st.Rule})
			}
			s.groups[k].members = append(s.groups[k].members, i)
		}
	}
	slices.SortFunc(s.groups, func(a, b group) int {
		return cmp.Or(strings.Compare(a.rule, b.rule), strings.Compare(a.name, b.name)) // "choice" < "highest"
	})
}

// order sorts measures so that each comes after those it yields to; a circle has no such order.
func (s *Set) order(faults *pack.Faults) {
	state := make([]uint8, len(s.measures)) // 1 being visited, 2 done
	var visit func(i int)
	visit = func(i int) {
		state[i] = 1
		for j, x := range s.measures[i].Excludes {
			k, ok := s.byID[x.Measure]
			switch {
			case !ok || state[k] == 2:
			case state[k] == 0:
				visit(k)
			default:
				*faults = append(*faults, pack.Fault{File: s.measures[i].File(), Where: fmt.Sprintf("$.excludes[%d]", j), What: fmt.Sprintf("%q closes a circle of exclusions; put measures that exclude each other into one stacking group", x.Measure)})
			}
		}
		state[i] = 2
		s.exclude = append(s.exclude, i)
	}
	for i := range s.measures {
		if state[i] == 0 {
			visit(i)
		}
	}
}

// All returns the measures by id.
func (s *Set) All() []*Measure { return slices.Clone(s.measures) }

// Get returns a measure, or nil.
func (s *Set) Get(id string) *Measure {
	if i, ok := s.byID[id]; ok {
		return s.measures[i]
	}
	return nil
}

// Documents are the texts that the measures quote; nil where there are none.
func (s *Set) Documents() *Documents { return s.docs }

// Hash names exactly these packs: an award keeps it, so that it can be computed again for ever.
func (s *Set) Hash() string { return s.hash }

// Only returns the set of some of the measures. Error: an unknown id.
func (s *Set) Only(o Options, ids ...string) (*Set, error) {
	var list []*Measure
	for _, id := range ids {
		m := s.Get(id)
		if m == nil {
			return nil, fmt.Errorf("%q is not a measure of this set", id)
		}
		list = append(list, m)
	}
	return newSet(list, s.docs, o, true)
}

// With returns the set in which measures stand in the place of those whose ids they have; others come to it. Error: pack.Faults.
func (s *Set) With(o Options, measures ...*Measure) (*Set, error) {
	list := s.All()
	for _, m := range measures {
		if i, known := s.byID[m.ID]; known {
			list[i] = m
		} else {
			list = append(list, m)
		}
	}
	return newSet(list, s.docs, o, false)
}

// Open is the last day of a measure that has none.
const Open Date = 1<<31 - 1

// Span tells on which days claims may be filed under a measure: the first and the last one. known is false where its document is not dated.
func (s *Set) Span(id string) (from, to Date, known bool) {
	i, ok := s.byID[id]
	if !ok || !s.programs[i].dated {
		return 0, 0, false
	}
	p := &s.programs[i]
	if p.closed {
		return p.from, p.to, true
	}
	return p.from, Open, true
}
