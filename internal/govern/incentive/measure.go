package incentive

import (
	"fmt"
	"regexp"
	"slices"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/pack/clause"
	"jingwei/internal/kernel/text"
)

// Measure is one measure of support: a pack. Money is written with its unit (500万元), rates as decimals (0.3).
type Measure struct {
	pack.Header   `yaml:",inline"`
	Code          string      `json:"code" yaml:"code"`     // INC-HN-01: its number in the catalogue of measures
	Policy        string      `json:"policy" yaml:"policy"` // id of the policy document's measures as a whole, such as hn2018
	Region        Region      `json:"region" yaml:"region"`
	Level         string      `json:"level" yaml:"level"`           // nation, province, city, district
	Kind          string      `json:"kind" yaml:"kind"`             // project-subsidy, post-award, …
	Instrument    string      `json:"instrument" yaml:"instrument"` // in what the enterprise is helped; totals are kept apart by it
	Strength      string      `json:"strength" yaml:"strength"`     // in-force, encouraged, exploratory
	Beneficiary   text.Text   `json:"beneficiary" yaml:"beneficiary"`
	Lead          string      `json:"lead,omitempty" yaml:"lead"` // the department, as the document names it
	Support       []string    `json:"support,omitempty" yaml:"support"`
	Clauses       []Clause    `json:"clauses" yaml:"clauses"`
	Valid         Validity    `json:"valid" yaml:"valid"`
	Facts         []Fact      `json:"facts,omitempty" yaml:"facts"`
	Conditions    []Condition `json:"conditions,omitempty" yaml:"conditions"` // all of them
	Amount        *Amount     `json:"amount,omitempty" yaml:"amount"`
	NotCalculable text.Text   `json:"notCalculable,omitzero" yaml:"notCalculable"` // why there is no amount
	Frequency     *Frequency  `json:"frequency,omitempty" yaml:"frequency"`
	Stacking      []Stack     `json:"stacking,omitempty" yaml:"stacking"`
	Excludes      []Exclude   `json:"excludes,omitempty" yaml:"excludes"`
	Budget        *Budget     `json:"budget,omitempty" yaml:"budget"`
	Readings      []text.Text `json:"readings,omitempty" yaml:"readings"` // where the document leaves open what we read into it
	Tests         *Tests      `json:"-" yaml:"tests"`

	checked  bool // its clauses were looked up in the documents; from then on it is only read
	verified bool // every clause was found in its document
}

// Region is where the measure holds.
type Region struct {
	Code string    `json:"code" yaml:"code"` // GB/T 2260, six digits
	Name text.Text `json:"name" yaml:"name"`
}

// Clause is a quotation of the document.
type Clause = clause.Clause

// Validity is when claims may be filed under the measure: the law in force on the day of filing counts.
type Validity struct {
	From  string    `json:"from,omitempty" yaml:"from"`   // first day
	Start string    `json:"start,omitempty" yaml:"start"` // "publication": the document does not date itself; the day is given when measures are compiled
	Years int       `json:"years,omitempty" yaml:"years"` // ends the day before the same day so many years later
	To    string    `json:"to,omitempty" yaml:"to"`       // last day; open when neither is given
	Text  text.Text `json:"text" yaml:"text"`

	from, to Date
	dated    bool // From is given
	closed   bool // To is given
}

// Frequency says how often one may be supported.
type Frequency struct {
	Per    string    `json:"per" yaml:"per"`     // once, year (calendar)
	Scope  string    `json:"scope" yaml:"scope"` // object, enterprise
	Clause string    `json:"clause,omitempty" yaml:"clause"`
	Text   text.Text `json:"text" yaml:"text"`
}

// Stack says how the measure goes together with others of a group.
type Stack struct {
	Group  string    `json:"group" yaml:"group"`
	Rule   string    `json:"rule" yaml:"rule"` // highest (就高不重复), choice (either-or)
	Clause string    `json:"clause,omitempty" yaml:"clause"`
	Text   text.Text `json:"text" yaml:"text"`
}

// Exclude names a measure beside which, or after which, this one is not granted for the same object.
type Exclude struct {
	Measure string    `json:"measure" yaml:"measure"` // id of the pack
	Clause  string    `json:"clause,omitempty" yaml:"clause"`
	Text    text.Text `json:"text" yaml:"text"`
}

// Budget says what happens when entitlements exceed the money.
type Budget struct {
	Line    string    `json:"line" yaml:"line"`       // measures of one line share its money
	Scaling string    `json:"scaling" yaml:"scaling"` // prorata, first-come, none
	Clause  string    `json:"clause,omitempty" yaml:"clause"`
	Text    text.Text `json:"text" yaml:"text"`
}

var (
	codeForm   = regexp.MustCompile(`^[A-Z0-9]+(-[A-Z0-9]+)+$`)
	idForm     = regexp.MustCompile(`^[a-z0-9]+([-.][a-z0-9]+)*$`)
	regionForm = regexp.MustCompile(`^\d{6}$`)

	levels      = []string{"nation", "province", "city", "district"}
	instruments = []string{"grant", "equity", "voucher", "tax", "tariff", "land", "finance", "service", "recognition", "talent", "training", "base", "other"}
	strengths   = []string{"in-force", "encouraged", "exploratory"}
)

// limits of lists in a pack.
const (
	maxFacts      = 60
	maxConditions = 60
	maxClauses    = 20
)

// Calculable tells whether the measure gives an amount.
func (m *Measure) Calculable() bool { return m.Amount != nil }

// Verified tells whether every clause was found, word for word, in a document on file.
func (m *Measure) Verified() bool { return m.verified }

// Check reports what is wrong (pack.Body).
func (m *Measure) Check(report func(where, what string)) {
	word := func(at, s string, of []string) {
		if !slices.Contains(of, s) {
			report(at, fmt.Sprintf("%q is not one of %v", s, of))
		}
	}
	if !codeForm.MatchString(m.Code) {
		report("$.code", fmt.Sprintf("%q is no code; write capitals and digits joined by hyphens, such as INC-HN-01", m.Code))
	}
	if !idForm.MatchString(m.Policy) {
		report("$.policy", fmt.Sprintf("%q is no id; use lowercase letters and digits, such as hn2018", m.Policy))
	}
	if !regionForm.MatchString(m.Region.Code) {
		report("$.region.code", fmt.Sprintf("%q is no code of GB/T 2260; write six digits, such as 430000", m.Region.Code))
	}
	needText("$.region.name", m.Region.Name, report)
	word("$.level", m.Level, levels)
	word("$.instrument", m.Instrument, instruments)
	word("$.strength", m.Strength, strengths)
	if !idForm.MatchString(m.Kind) {
		report("$.kind", fmt.Sprintf("%q is no kind; use lowercase words joined by hyphens", m.Kind))
	}
	needText("$.beneficiary", m.Beneficiary, report)
	clause.Check("$.clauses", "a measure", m.Clauses, maxClauses, report)
	m.Valid.check(report)
	quoted := func(at, id string) {
		if !slices.ContainsFunc(m.Clauses, func(c Clause) bool { return c.ID == id }) {
			report(at, fmt.Sprintf("%q is not the id of a clause of this measure", id))
		}
	}
	r := &reader{facts: m.Facts, clause: quoted, report: report, used: make([]bool, len(m.Facts))}
	if len(m.Facts) > maxFacts || len(m.Conditions) > maxConditions {
		report("$.facts", fmt.Sprintf("at most %d facts and %d conditions fit", maxFacts, maxConditions))
		return
	}
	for i := range m.Facts {
		m.Facts[i].check(fmt.Sprintf("$.facts[%d]", i), report)
		if slices.ContainsFunc(m.Facts[:i], func(f Fact) bool { return f.Key == m.Facts[i].Key }) {
			report(fmt.Sprintf("$.facts[%d].key", i), fmt.Sprintf("%q is declared twice", m.Facts[i].Key))
		}
	}
	m.checkConditions(r)
	switch {
	case m.Amount == nil:
		needText("$.notCalculable", m.NotCalculable, report)
	case !m.NotCalculable.IsZero():
		report("$.notCalculable", "stands beside an amount; keep one of them")
	default:
		m.Amount.check(r)
	}
	m.checkRelations(quoted, report)
	for i, used := range r.used {
		if !used {
			report(fmt.Sprintf("$.facts[%d].key", i), fmt.Sprintf("%q is declared and never used", m.Facts[i].Key))
		}
	}
	for i, t := range m.Readings {
		needText(fmt.Sprintf("$.readings[%d]", i), t, report)
	}
}

func (m *Measure) checkConditions(r *reader) {
	for i := range m.Conditions {
		c, at := &m.Conditions[i], fmt.Sprintf("$.conditions[%d]", i)
		if !idForm.MatchString(c.ID) || slices.ContainsFunc(m.Conditions[:i], func(o Condition) bool { return o.ID == c.ID }) {
			r.report(at+".id", fmt.Sprintf("%q is no id, or is used twice", c.ID))
		}
		needText(at+".text", c.Text, r.report)
		if c.Clause == "" {
			r.report(at+".clause", "is missing; name the clause it comes from")
		}
		r.condition(at, c, 1)
	}
}

func (m *Measure) checkRelations(quoted func(at, id string), report func(where, what string)) {
	common := func(at, id string, t text.Text) {
		if id != "" {
			quoted(at+".clause", id)
		}
		needText(at+".text", t, report)
	}
	if f := m.Frequency; f != nil {
		common("$.frequency", f.Clause, f.Text)
		if f.Per != "once" && f.Per != "year" {
			report("$.frequency.per", fmt.Sprintf("%q is not once or year", f.Per))
		}
		if f.Scope != "object" && f.Scope != "enterprise" {
			report("$.frequency.scope", fmt.Sprintf("%q is not object or enterprise", f.Scope))
		}
	}
	for i, s := range m.Stacking {
		at := fmt.Sprintf("$.stacking[%d]", i)
		common(at, s.Clause, s.Text)
		if !idForm.MatchString(s.Group) {
			report(at+".group", fmt.Sprintf("%q is no id", s.Group))
		}
		if s.Rule != "highest" && s.Rule != "choice" {
			report(at+".rule", fmt.Sprintf("%q is not highest or choice", s.Rule))
		}
		if slices.ContainsFunc(m.Stacking[:i], func(o Stack) bool { return o.Group == s.Group }) {
			report(at+".group", fmt.Sprintf("%q is named twice", s.Group))
		}
	}
	for i, x := range m.Excludes {
		at := fmt.Sprintf("$.excludes[%d]", i)
		common(at, x.Clause, x.Text)
		if x.Measure == "" || x.Measure == m.ID {
			report(at+".measure", fmt.Sprintf("%q is not another measure", x.Measure))
		}
	}
	if b := m.Budget; b != nil {
		common("$.budget", b.Clause, b.Text)
		if !idForm.MatchString(b.Line) {
			report("$.budget.line", fmt.Sprintf("%q is no id", b.Line))
		}
		if !slices.Contains([]string{"prorata", "first-come", "none"}, b.Scaling) {
			report("$.budget.scaling", fmt.Sprintf("%q is not prorata, first-come or none", b.Scaling))
		}
	}
}

func (v *Validity) check(report func(where, what string)) {
	needText("$.valid.text", v.Text, report)
	read := func(at, s string, into *Date) bool {
		if s == "" {
			return false
		}
		d, err := ParseDate(s)
		if err != nil {
			report(at, err.Error())
		}
		*into = d
		return true
	}
	v.dated, v.closed = read("$.valid.from", v.From, &v.from), read("$.valid.to", v.To, &v.to)
	if v.dated == (v.Start == "publication") || v.Start != "" && v.Start != "publication" {
		report("$.valid", fmt.Sprintf("needs from (a day) or start: publication, one of them; it has from %q and start %q", v.From, v.Start))
	}
	if v.Years < 0 || v.Years > 100 || v.Years > 0 && v.closed {
		report("$.valid.years", fmt.Sprintf("%d is not 1 to 100 years without a last day beside it", v.Years))
	}
	if v.dated && v.closed && v.to < v.from {
		report("$.valid.to", fmt.Sprintf("%s lies before %s; the dates are reversed", v.to, v.from))
	}
}
