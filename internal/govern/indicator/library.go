package indicator

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/pack/clause"
)

// Vocabulary is what definitions may speak of on a node.
type Vocabulary interface {
	FactFields(kind string) (field.Schema, bool)                                 // of a kind of business facts
	EntryFields(register string) (fields field.Schema, states []string, ok bool) // of a register
	Instrument(id string) bool                                                   // of check-ups
	Class(id string) bool                                                        // of equipment
	Tag(id string) bool                                                          // of enterprises
}

// Library is the definitions and targets of a node, checked together. It is immutable.
type Library struct {
	definitions []*Definition
	byID        map[string]*Definition
	policies    []*Policy
	targets     []*Target
	byTarget    map[string]*Target
	hash        string
}

// Load reads definitions and targets and checks them together, with the documents that targets quote. A folder that is not there
// holds none. Error: pack.Faults.
func Load(files fs.FS, docs *clause.Documents, v Vocabulary) (*Library, error) {
	definitions, err := load[Definition](files, DefinitionDir)
	if err != nil {
		return nil, err
	}
	policies, err := load[Policy](files, TargetDir)
	if err != nil {
		return nil, err
	}
	l, err := NewLibrary(definitions, policies, docs, v)
	var faults pack.Faults
	if errors.As(err, &faults) {
		faults.Place(files)
	}
	return l, err
}

func load[T any, P interface {
	*T
	pack.Body
}](files fs.FS, dir string) ([]*T, error) {
	set, err := pack.Load[T, P](files, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return set.All(), nil
}

// NewLibrary checks decoded packs together. Error: pack.Faults for what only shows between them: an unknown kind, register, field,
// state, instrument, tag or indicator, a cycle, a reading that cannot be, a unit that is not the indicator's, a quotation that does not
// stand in its document.
func NewLibrary(definitions []*Definition, policies []*Policy, docs *clause.Documents, v Vocabulary) (*Library, error) {
	l := &Library{definitions: slices.Clone(definitions), byID: map[string]*Definition{}, policies: slices.Clone(policies), byTarget: map[string]*Target{}}
	slices.SortFunc(l.definitions, func(a, b *Definition) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(l.policies, func(a, b *Policy) int { return strings.Compare(a.ID, b.ID) })
	var faults pack.Faults
	in := func(h *pack.Header) func(where, what string) {
		return func(where, what string) {
			faults = append(faults, pack.Fault{File: h.File(), Where: where, What: what})
		}
	}
	for _, d := range l.definitions {
		l.byID[d.ID] = d
	}
	for _, d := range l.definitions {
		l.sources(d, v, in(&d.Header))
	}
	if len(faults) == 0 {
		l.order(&faults)
	}
	for _, p := range l.policies {
		p.verified = docs.Verify("$.clauses", p.Clauses, in(&p.Header))
		for i := range p.Targets {
			t, at := &p.Targets[i], fmt.Sprintf("$.targets[%d]", i)
			if other := l.byTarget[t.ID]; other != nil {
				in(&p.Header)(at+".id", fmt.Sprintf("%q is the id of a target of %s too", t.ID, other.policy.ID))
			}
			l.byTarget[t.ID] = t
			l.targets = append(l.targets, t)
			l.fits(t, at, v, in(&p.Header))
		}
	}
	for _, p := range l.policies {
		for i := range p.Targets {
			if s := p.Targets[i].Supersedes; s != "" && (l.byTarget[s] == nil || s == p.Targets[i].ID) {
				in(&p.Header)(fmt.Sprintf("$.targets[%d].supersedes", i), fmt.Sprintf("%q is not another target", s))
			}
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	sum := sha256.New()
	for _, d := range l.definitions {
		fmt.Fprintf(sum, "%s %s\n", d.ID, d.Hash())
	}
	for _, p := range l.policies {
		fmt.Fprintf(sum, "%s %s\n", p.ID, p.Hash())
	}
	l.hash = hex.EncodeToString(sum.Sum(nil))
	return l, nil
}

// sources checks what a definition speaks of.
func (l *Library) sources(d *Definition, v Vocabulary, report func(where, what string)) {
	for i := range d.Inputs {
		for j := range d.Inputs[i].From {
			s, at := &d.Inputs[i].From[j], fmt.Sprintf("$.inputs[%d].from", i)
			if len(d.Inputs[i].From) > 1 {
				at = fmt.Sprintf("%s[%d]", at, j)
			}
			switch s.Kind() {
			case "fact":
				fields, ok := v.FactFields(s.Fact)
				if !ok {
					report(at+".fact", fmt.Sprintf("%q is not a kind of facts of this node", s.Fact))
					continue
				}
				s.fields(at, fields, d.Inputs[i].Unit, report)
			case "entry":
				fields, states, ok := v.EntryFields(s.Entry)
				if !ok {
					report(at+".entry", fmt.Sprintf("%q is not a register of this node", s.Entry))
					continue
				}
				s.fields(at, fields, d.Inputs[i].Unit, report)
				for _, state := range s.State {
					word(at+".state", state, states, report)
				}
				if f := fields.Field(s.On); s.On != "" && (f == nil || f.Type != field.Date && f.Type != field.Time) {
					report(at+".on", fmt.Sprintf("%q is not a date of %s", s.On, s.Entry))
				}
				if f := fields.Field(s.Firm); s.Firm != "" && (f == nil || f.Format != "credit-code") {
					report(at+".firm", fmt.Sprintf("%q is not a field of %s with a credit code", s.Firm, s.Entry))
				}
			case "tag":
				if !v.Tag(s.Tag) {
					report(at+".tag", fmt.Sprintf("%q is not a tag of enterprises", s.Tag))
				}
			case "plant":
				for _, class := range s.Where["class"] {
					if !v.Class(class) {
						report(at+".where.class", fmt.Sprintf("%q is not a class of equipment of this node", class))
					}
				}
			case "checkup":
				if !v.Instrument(s.Checkup) {
					report(at+".checkup", fmt.Sprintf("%q is not an instrument of this node", s.Checkup))
				}
			case "indicator":
				other := l.byID[s.Indicator]
				switch {
				case other == nil:
					report(at+".indicator", fmt.Sprintf("%q is not an indicator of this node", s.Indicator))
				case other.Of != d.Of:
					report(at+".indicator", fmt.Sprintf("%q is of %s, and this one is of %s", s.Indicator, other.Of, d.Of))
				case !formula.Commensurable(other.unit, d.Inputs[i].unit):
					report(at+".indicator", fmt.Sprintf("%q is in %s, which cannot be given in %s", s.Indicator, other.Unit, d.Inputs[i].Unit))
				}
			}
		}
	}
}

// fields checks the conditions and the field of a source against the fields that there are.
func (s *Source) fields(at string, fields field.Schema, inputUnit string, report func(where, what string)) {
	for key, values := range s.Where {
		f := fields.Field(key)
		if f == nil {
			report(at+".where."+key, fmt.Sprintf("there is no field %q", key))
			continue
		}
		for i, value := range values {
			v, fault := f.Parse(value)
			if fault != nil {
				report(at+".where."+key, fmt.Sprintf("%q: %s", value, fault.Text.En))
				continue
			}
			values[i] = field.Word(v) // as records have it: C36 is 36
		}
	}
	if s.Field == "" {
		return
	}
	f := fields.Field(s.Field)
	switch {
	case f == nil:
		report(at+".field", fmt.Sprintf("there is no field %q", s.Field))
	case (s.Take == "sum" || s.Take == "value") && !f.Summable():
		report(at+".field", fmt.Sprintf("%q is a %s; %s takes a number", s.Field, f.Type, s.Take))
	case f.Type == field.Money && (s.Take == "sum" || s.Take == "value"):
		if yuan, _ := formula.ParseUnit(formula.Money); !formula.Commensurable(s.unit, yuan) {
			report(at+".field", fmt.Sprintf("%q is money, which cannot be given in %s", s.Field, inputUnit))
		}
	}
}

// order finds cycles, and works out what follows from what an indicator rests on.
func (l *Library) order(faults *pack.Faults) {
	state := map[*Definition]int{} // 1 being visited, 2 done
	var path []string
	var visit func(d *Definition)
	visit = func(d *Definition) {
		state[d] = 1
		path = append(path, d.ID)
		raw, others := 0, 0
		d.pools, d.baseline = true, false
		for i := range d.Inputs {
			for j := range d.Inputs[i].From {
				s := &d.Inputs[i].From[j]
				d.baseline = d.baseline || s.Year == "baseline"
				if s.Kind() != "indicator" {
					raw++
					continue
				}
				others++
				other := l.byID[s.Indicator]
				if state[other] == 1 {
					*faults = append(*faults, pack.Fault{File: d.File(), Where: fmt.Sprintf("$.inputs[%d].from", i),
						What: fmt.Sprintf("closes a circle: %s", strings.Join(append(path[slices.Index(path, other.ID):], other.ID), " → "))})
					continue
				}
				if state[other] == 0 {
					visit(other)
				}
				d.baseline = d.baseline || other.baseline
				d.pools = d.pools && other.pools
			}
		}
		switch {
		case others == 0:
			d.pools = d.formula.Ratio()
		case raw > 0:
			d.pools = false
		}
		for _, how := range append([]string{d.Upward.How}, d.Upward.Also...) {
			if how == Pooled && !d.pools {
				*faults = append(*faults, pack.Fault{File: d.File(), Where: "$.upward",
					What: "pooled needs a formula that is a ratio of sums of inputs, or one over such indicators alone"})
			}
		}
		path = path[:len(path)-1]
		state[d] = 2
	}
	for _, d := range l.definitions {
		if state[d] == 0 {
			visit(d)
		}
	}
}

// fits checks a target against its indicator.
func (l *Library) fits(t *Target, at string, v Vocabulary, report func(where, what string)) {
	d := l.byID[t.Indicator]
	if d == nil {
		report(at+".indicator", fmt.Sprintf("%q is not an indicator of this node", t.Indicator))
		return
	}
	for i, id := range t.Beside {
		if l.byID[id] == nil || id == t.Indicator {
			report(fmt.Sprintf("%s.beside[%d]", at, i), fmt.Sprintf("%q is not another indicator of this node", id))
		}
	}
	if t.Reading == "" {
		t.Reading = d.Readings()[0]
	}
	if !slices.Contains(d.Readings(), t.Reading) {
		report(at+".reading", fmt.Sprintf("%q is not a reading of %s, which tells %s", t.Reading, d.ID, strings.Join(d.Readings(), ", ")))
		return
	}
	for _, tag := range t.Population.Where.Tags {
		if !v.Tag(tag) {
			report(at+".population.where.tags", fmt.Sprintf("%q is not a tag of enterprises", tag))
		}
	}
	if d.Of == OfRegion && !t.Population.Where.IsZero() {
		report(at+".population.where", fmt.Sprintf("%s is computed once for the region; no enterprises are filtered", d.ID))
	}
	if d.baseline && t.Baseline == nil {
		report(at+".baseline", fmt.Sprintf("is missing; %s is a change against a baseline", d.ID))
	}
	wanted := d.ReadingUnit(t.Reading)
	if t.Change() && !d.baseline { // the change is worked out of the region's values
		if wanted = "%"; t.Comparator == MultiplyBy {
			wanted = "1"
		}
	}
	mine, err := formula.ParseUnit(t.Unit)
	theirs, _ := formula.ParseUnit(wanted)
	if err == nil && !formula.Same(mine, theirs) {
		report(at+".unit", fmt.Sprintf("%s: the %s of %s is in %s; targets are told in that unit", t.Unit, t.Reading, d.ID, wanted))
	}
}

// Definitions returns all by id.
func (l *Library) Definitions() []*Definition { return slices.Clone(l.definitions) }

// Definition returns one, nil where there is none.
func (l *Library) Definition(id string) *Definition { return l.byID[id] }

// Policies returns all by id.
func (l *Library) Policies() []*Policy { return slices.Clone(l.policies) }

// Target returns one, nil where there is none.
func (l *Library) Target(id string) *Target { return l.byTarget[id] }

// Hash names exactly these packs.
func (l *Library) Hash() string { return l.hash }

// Targets are those of a region ("" for all) that policies set on a day, by policy and place in it: those that a later policy has
// taken the place of are left out from its first day on.
func (l *Library) Targets(region, on string) (out []*Target) {
	replaced := map[string]bool{}
	set := func(p *Policy) bool {
		return (p.Valid.From == "" || p.Valid.From <= on) && (p.Valid.To == "" || on <= p.Valid.To)
	}
	for _, t := range l.targets {
		if t.Supersedes != "" && set(t.policy) {
			replaced[t.Supersedes] = true
		}
	}
	for _, t := range l.targets {
		if (region == "" || t.policy.Region.Code == region) && set(t.policy) && !replaced[t.ID] {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b *Target) int {
		return cmp.Or(strings.Compare(a.policy.Region.Code, b.policy.Region.Code), strings.Compare(a.policy.Valid.From, b.policy.Valid.From), strings.Compare(a.policy.ID, b.policy.ID))
	})
	return out
}

// UsedBy are the indicators that rest on one, and the targets that compare it.
func (l *Library) UsedBy(id string) (indicators []*Definition, targets []*Target) {
	for _, d := range l.definitions {
		if slices.ContainsFunc(d.Inputs, func(in Input) bool {
			return slices.ContainsFunc(in.From, func(s Source) bool { return s.Indicator == id })
		}) {
			indicators = append(indicators, d)
		}
	}
	for _, t := range l.targets {
		if t.Indicator == id || slices.Contains(t.Beside, id) {
			targets = append(targets, t)
		}
	}
	return indicators, targets
}
