package indicator

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/pack/clause"
	"jingwei/internal/kernel/text"
)

// TargetDir is the folder of targets among the packs.
const TargetDir = "targets"

// Policy is the targets of one policy: a pack.
type Policy struct {
	pack.Header `yaml:",inline"`
	Region      Region          `json:"region" yaml:"region"`
	Valid       Validity        `json:"valid" yaml:"valid"`
	Clauses     []clause.Clause `json:"clauses" yaml:"clauses"`
	Targets     []Target        `json:"targets" yaml:"targets"`

	verified bool
}

// Region is where targets hold.
type Region struct {
	Code string    `json:"code" yaml:"code"` // GB/T 2260, six digits
	Name text.Text `json:"name" yaml:"name"`
}

// Validity says from when, and until when, a policy sets its targets. A document that does not date itself has no From and says so;
// its targets are shown on every day.
type Validity struct {
	From string    `json:"from,omitempty" yaml:"from,omitempty"` // first day
	To   string    `json:"to,omitempty" yaml:"to,omitempty"`     // last day
	Text text.Text `json:"text,omitzero" yaml:"text,omitempty"`  // in its own words; needed where there is no From
}

// Target is what a policy wants of an indicator.
type Target struct {
	ID         string      `json:"id" yaml:"id"` // KPI-GD16-05
	Name       text.Text   `json:"name" yaml:"name"`
	Indicator  string      `json:"indicator" yaml:"indicator"`
	Reading    string      `json:"reading" yaml:"reading,omitempty"` // which of the indicator's readings is compared; the main one where nothing is said
	Comparator string      `json:"comparator" yaml:"comparator"`
	Value      string      `json:"value,omitempty" yaml:"value,omitempty"` // decimal
	Low        string      `json:"low,omitempty" yaml:"low,omitempty"`     // of a range
	High       string      `json:"high,omitempty" yaml:"high,omitempty"`
	Unit       string      `json:"unit" yaml:"unit"`
	Baseline   *Baseline   `json:"baseline,omitempty" yaml:"baseline,omitempty"`   // of changes
	Deadline   string      `json:"deadline,omitempty" yaml:"deadline,omitempty"`   // a day; empty: the document names none
	Inferred   bool        `json:"inferred,omitempty" yaml:"inferred,omitempty"`   // the deadline is our reading; nothing is overdue by it
	Recurring  string      `json:"recurring,omitempty" yaml:"recurring,omitempty"` // year, quarter, month: to be reached in each
	Population Population  `json:"population" yaml:"population"`
	Beside     []string    `json:"beside,omitempty" yaml:"beside,omitempty"` // further indicators that are told beside it
	Clause     string      `json:"clause" yaml:"clause"`
	Supersedes string      `json:"supersedes,omitempty" yaml:"supersedes,omitempty"` // id of the target whose place it takes from the day on which its policy begins
	Notes      []text.Text `json:"notes,omitempty" yaml:"notes,omitempty"`

	policy *Policy
	value  [2]*big.Rat // value, or low and high
}

// Baseline is the day whose period a change is told against.
type Baseline struct {
	Date string `json:"date" yaml:"date"`
}

// Population is who a target is for: enterprises of the target's region, narrowed by a filter.
type Population struct {
	text.Text `yaml:",inline"`
	Where     Filter `json:"where,omitzero" yaml:"where,omitempty"`
}

// Comparators.
const (
	AtLeast    = "at-least"
	MoreThan   = "more-than"
	About      = "about" // no tolerance is given: reached at the number itself
	Range      = "range" // within low and high; more than high is reached too, and is told
	IncreaseBy = "increase-by"
	DecreaseBy = "decrease-by"
	MultiplyBy = "multiply-by"
	Measure    = "measure-only" // no threshold
	Scope      = "scope"        // how many are to be covered
)

var comparators = []string{AtLeast, MoreThan, About, Range, IncreaseBy, DecreaseBy, MultiplyBy, Measure, Scope}

const (
	maxTargets = 200
	maxClauses = 100
)

var (
	targetForm  = regexp.MustCompile(`^[A-Z0-9]+(-[A-Z0-9]+)+$`)
	regionForm  = regexp.MustCompile(`^\d{6}$`)
	decimalForm = regexp.MustCompile(`^-?\d{1,18}(\.\d{1,9})?$`)
)

// Verified tells whether every clause was found, word for word, in a document on file.
func (p *Policy) Verified() bool { return p.verified }

// Policy is the policy that sets the target.
func (t *Target) Policy() *Policy { return t.policy }

// Change tells whether the target is about a change against a baseline.
func (t *Target) Change() bool {
	return t.Comparator == IncreaseBy || t.Comparator == DecreaseBy || t.Comparator == MultiplyBy
}

// Check reports what is wrong (pack.Body).
func (p *Policy) Check(report func(where, what string)) {
	if !regionForm.MatchString(p.Region.Code) {
		report("$.region.code", fmt.Sprintf("%q is no code of GB/T 2260; write six digits, such as 440000", p.Region.Code))
	}
	needText("$.region.name", p.Region.Name, report)
	from := day("$.valid.from", p.Valid.From, report)
	if to := day("$.valid.to", p.Valid.To, report); to != 0 && to < from {
		report("$.valid.to", fmt.Sprintf("%s lies before %s; the dates are reversed", p.Valid.To, p.Valid.From))
	}
	if p.Valid.From == "" {
		needText("$.valid.text", p.Valid.Text, report)
	}
	clause.Check("$.clauses", "a policy's targets", p.Clauses, maxClauses, report)
	if len(p.Targets) == 0 || len(p.Targets) > maxTargets {
		report("$.targets", fmt.Sprintf("holds %d; 1 to %d fit", len(p.Targets), maxTargets))
	}
	used := map[string]bool{}
	for i := range p.Targets {
		t, at := &p.Targets[i], fmt.Sprintf("$.targets[%d]", i)
		t.policy = p
		if slices.ContainsFunc(p.Targets[:i], func(o Target) bool { return o.ID == t.ID }) {
			report(at+".id", fmt.Sprintf("%q is used twice", t.ID))
		}
		if !slices.ContainsFunc(p.Clauses, func(c clause.Clause) bool { return c.ID == t.Clause }) {
			report(at+".clause", fmt.Sprintf("%q is not the id of a clause of this policy", t.Clause))
		}
		used[t.Clause] = true
		t.check(at, report)
	}
	for i, c := range p.Clauses {
		if !used[c.ID] {
			report(fmt.Sprintf("$.clauses[%d].id", i), fmt.Sprintf("%q is quoted and no target rests on it", c.ID))
		}
	}
}

func (t *Target) check(at string, report func(where, what string)) {
	if !targetForm.MatchString(t.ID) {
		report(at+".id", fmt.Sprintf("%q is no id; write capitals and digits joined by hyphens, such as KPI-GD16-05", t.ID))
	}
	needText(at+".name", t.Name, report)
	needText(at+".population", t.Population.Text, report)
	t.Population.Where.check(at+".population.where", report)
	word(at+".comparator", t.Comparator, comparators, report)
	if t.Recurring != "" {
		word(at+".recurring", t.Recurring, []string{"year", "quarter", "month"}, report)
	}
	day(at+".deadline", t.Deadline, report)
	if t.Inferred && t.Deadline == "" {
		report(at+".inferred", "there is no deadline that could be inferred")
	}
	for i, n := range t.Notes {
		needText(fmt.Sprintf("%s.notes[%d]", at, i), n, report)
	}
	unit(at+".unit", t.Unit, report)
	read := func(name, s string, wanted bool) *big.Rat {
		switch {
		case s == "" && !wanted:
			return nil
		case !wanted:
			report(at+"."+name, "does not go with "+t.Comparator)
		case !decimalForm.MatchString(s):
			report(at+"."+name, fmt.Sprintf("%q is not a decimal number; write it without a unit or separators", s))
		default:
			r, _ := new(big.Rat).SetString(s)
			return r
		}
		return nil
	}
	if t.Comparator == Range {
		t.value = [2]*big.Rat{read("low", t.Low, true), read("high", t.High, true)}
		if t.value[0] != nil && t.value[1] != nil && t.value[0].Cmp(t.value[1]) > 0 {
			report(at+".high", fmt.Sprintf("%s is less than %s; low comes first", t.High, t.Low))
		}
		read("value", t.Value, false)
	} else {
		t.value[0] = read("value", t.Value, t.Comparator != Measure)
		read("low", t.Low, false)
		read("high", t.High, false)
	}
	switch {
	case t.Change() && t.Baseline == nil:
		report(at+".baseline", "is missing; a change is told against a day")
	case t.Baseline != nil && t.Baseline.Date == "":
		report(at+".baseline.date", "is missing")
	case t.Baseline != nil:
		from := day(at+".baseline.date", t.Baseline.Date, report)
		if to, ok := field.Day(t.Deadline); ok && to <= from {
			report(at+".baseline.date", fmt.Sprintf("%s does not lie before the deadline %s", t.Baseline.Date, t.Deadline))
		}
	}
}

// day reads a civil day; 0 for none.
func day(at, s string, report func(where, what string)) int64 {
	if s == "" {
		return 0
	}
	n, ok := field.Day(s)
	if !ok {
		report(at, fmt.Sprintf("%q is no day; write it as 2018-12-31", s))
	}
	return n
}
