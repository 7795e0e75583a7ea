package indicator

import (
	"fmt"
	"slices"
	"strings"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// DefinitionDir is the folder of definitions among the packs.
const DefinitionDir = "indicators"

// Definition says how an indicator is computed: a pack. It knows no region and no target.
type Definition struct {
	pack.Header `yaml:",inline"`
	Unit        string      `json:"unit" yaml:"unit"`                         // UCUM, with CNY for money
	Places      *int        `json:"places,omitempty" yaml:"places,omitempty"` // shown behind the point, 0 to 9; 1 where nothing is said, 0 for counts
	Period      string      `json:"period" yaml:"period"`                     // day, month, quarter, year; moment: the state at the end of a day
	Finer       Words       `json:"finer,omitempty" yaml:"finer,omitempty"`   // kinds of period for which it is computed too: of a year's quarter, month or day
	Of          string      `json:"of" yaml:"of"`                             // enterprise, region
	Inputs      []Input     `json:"inputs" yaml:"inputs"`
	Formula     string      `json:"formula" yaml:"formula"`
	Upward      Upward      `json:"upward,omitzero" yaml:"upward,omitempty"` // of enterprises
	Suppress    int         `json:"suppress" yaml:"suppress,omitempty"`      // fewer enterprises than this: no value of a region is told
	Assumptions []text.Text `json:"assumptions" yaml:"assumptions"`

	unit     formula.Unit
	formula  *formula.Formula
	truth    bool             // the formula gives a truth
	holds    *formula.Formula // of Upward.Holds, nil where there is none
	pools    bool             // can be worked out from sums of inputs
	baseline bool             // it, or what it rests on, looks at a baseline: its value is a change
}

// Input is one named value that the formula uses.
type Input struct {
	Key  string    `json:"key" yaml:"key"` // a name of the formula
	Name text.Text `json:"name" yaml:"name"`
	Unit string    `json:"unit" yaml:"unit"`
	From Sources   `json:"from" yaml:"from"` // the first that is known is taken

	unit formula.Unit
}

// Upward says how the enterprises' values become a region's.
type Upward struct {
	How   string   `json:"how" yaml:"how"`                         // the main reading
	Also  []string `json:"also,omitempty" yaml:"also,omitempty"`   // further readings that are told beside it
	By    string   `json:"by,omitempty" yaml:"by,omitempty"`       // weighted: the input that is the weight; distinct: the input whose values are united
	Holds string   `json:"holds,omitempty" yaml:"holds,omitempty"` // share, distinct: what must hold of an enterprise; at least 1 where nothing is said
}

// IsZero tells whether nothing is said.
func (u Upward) IsZero() bool {
	return u.How == "" && len(u.Also) == 0 && u.By == "" && u.Holds == ""
}

// What indicators are computed for, and over what.
const (
	OfEnterprise = "enterprise"
	OfRegion     = "region"
)

// Readings of many enterprises' values.
const (
	Mean     = "mean"     // unweighted, of the enterprises whose value is known
	Pooled   = "pooled"   // the formula over the inputs' sums
	Share    = "share"    // percent of the enterprises, of those known, of which it holds
	Sum      = "sum"      // of the values
	Distinct = "distinct" // how many enterprises of which it holds, or how many values an input has in all of them, each once
	Min      = "min"
	Median   = "median"
	Weighted = "weighted" // mean, weighted by an input
	Single   = "value"    // of a region: its one value
)

var (
	periods  = []string{"moment", "day", "month", "quarter", "year"}
	readings = []string{Mean, Pooled, Share, Sum, Distinct, Min, Median, Weighted}
)

// limits of a definition.
const (
	maxInputs      = 20
	maxAssumptions = 20
	maxSuppress    = 100
)

// Kinds are the kinds of period for which it is computed, the main one first.
func (d *Definition) Kinds() []string { return append([]string{d.Period}, d.Finer...) }

// Readings are those that the definition tells, the main one first.
func (d *Definition) Readings() []string {
	if d.Of == OfRegion {
		return []string{Single}
	}
	return append([]string{d.Upward.How}, d.Upward.Also...)
}

// ReadingUnit is the unit of a reading.
func (d *Definition) ReadingUnit(reading string) string {
	switch {
	case reading == Share:
		return "%"
	case reading == Distinct:
		return "1"
	}
	return d.Unit
}

// Shown is how many places of a reading are shown.
func (d *Definition) Shown(reading string) int {
	switch {
	case reading == Distinct:
		return 0
	case reading == Share:
		return 1
	case d.Places != nil:
		return *d.Places
	case d.Unit == "1" && reading != Mean && reading != Weighted && reading != Median:
		return 0
	}
	return 1
}

// Changes tells whether the indicator's value is itself a change against a baseline.
func (d *Definition) Changes() bool { return d.baseline }

func (d *Definition) input(key string) *Input {
	for i := range d.Inputs {
		if d.Inputs[i].Key == key {
			return &d.Inputs[i]
		}
	}
	return nil
}

// Check reports what is wrong (pack.Body).
func (d *Definition) Check(report func(where, what string)) {
	word("$.period", d.Period, periods, report)
	word("$.of", d.Of, []string{OfEnterprise, OfRegion}, report)
	for i, kind := range d.Finer {
		if at := slices.Index(periods, kind); at < 1 || at >= slices.Index(periods, d.Period) || slices.Contains(d.Finer[:i], kind) {
			report(fmt.Sprintf("$.finer[%d]", i), fmt.Sprintf("%q is not, once, a kind of period below %s", kind, d.Period))
		}
	}
	if d.Places != nil && (*d.Places < 0 || *d.Places > 9) {
		report("$.places", fmt.Sprintf("%d is not 0 to 9", *d.Places))
	}
	if d.Suppress < 0 || d.Suppress > maxSuppress {
		report("$.suppress", fmt.Sprintf("%d is not 0 to %d", d.Suppress, maxSuppress))
	}
	if len(d.Assumptions) == 0 || len(d.Assumptions) > maxAssumptions {
		report("$.assumptions", fmt.Sprintf("holds %d; 1 to %d assumptions stand beside a figure", len(d.Assumptions), maxAssumptions))
	}
	for i, t := range d.Assumptions {
		needText(fmt.Sprintf("$.assumptions[%d]", i), t, report)
	}
	if len(d.Inputs) == 0 || len(d.Inputs) > maxInputs {
		report("$.inputs", fmt.Sprintf("holds %d; an indicator has 1 to %d", len(d.Inputs), maxInputs))
	}
	types, sound := map[string]formula.Type{}, true
	for i := range d.Inputs {
		in, at := &d.Inputs[i], fmt.Sprintf("$.inputs[%d]", i)
		if !formula.Name(in.Key) || types[in.Key] != (formula.Type{}) {
			report(at+".key", fmt.Sprintf("%q is no name, a word of the language, or used twice; write a lowercase letter, then letters and digits", in.Key))
		}
		needText(at+".name", in.Name, report)
		in.unit = unit(at+".unit", in.Unit, report)
		sound = sound && in.unit != formula.Unit{}
		types[in.Key] = formula.In(in.unit)
		in.From.check(at+".from", d, in, report)
	}
	if d.unit = unit("$.unit", d.Unit, report); sound && d.unit != (formula.Unit{}) {
		d.checkFormula(types, report)
	}
	d.checkUpward(types, report)
}

func (d *Definition) checkFormula(types map[string]formula.Type, report func(where, what string)) {
	f, err := formula.Parse(d.Formula)
	if err != nil {
		report("$.formula", err.Error())
		return
	}
	t, err := f.Gives(types, d.unit)
	if err != nil {
		report("$.formula", err.Error())
		return
	}
	d.formula, d.truth = f, t.Truth
	used := f.Names()
	if h := d.Upward.Holds; h != "" {
		if d.holds, err = formula.Parse(h); err != nil {
			report("$.upward.holds", err.Error())
		} else if t, err := d.holds.Check(types); err != nil {
			report("$.upward.holds", err.Error())
		} else if !t.Truth {
			report("$.upward.holds", "gives a number; write what must hold, such as online > 0")
		}
		if d.holds != nil {
			used = append(used, d.holds.Names()...)
		}
	}
	used = append(used, d.Upward.By)
	for i, in := range d.Inputs {
		if !slices.Contains(used, in.Key) {
			report(fmt.Sprintf("$.inputs[%d].key", i), fmt.Sprintf("%q is declared and never used", in.Key))
		}
	}
}

func (d *Definition) checkUpward(types map[string]formula.Type, report func(where, what string)) {
	u := d.Upward
	if d.Of == OfRegion {
		if !u.IsZero() {
			report("$.upward", "what is computed once for a region has no way upward; leave it out")
		}
		if d.Suppress > 0 {
			report("$.suppress", "hides what few enterprises would give away; a region's own count has no enterprises below it")
		}
		return
	}
	all := append([]string{u.How}, u.Also...)
	for i, how := range all {
		at := "$.upward.how"
		if i > 0 {
			at = fmt.Sprintf("$.upward.also[%d]", i-1)
		}
		word(at, how, readings, report)
		if slices.Contains(all[:i], how) {
			report(at, fmt.Sprintf("%q is named twice", how))
		}
		if how == Weighted && types[u.By] == (formula.Type{}) {
			report("$.upward.by", fmt.Sprintf("%q is not the key of the input by which values are weighted", u.By))
		}
	}
	if in := d.input(u.By); u.By != "" && !slices.Contains(all, Weighted) {
		switch {
		case !slices.Contains(all, Distinct):
			report("$.upward.by", "belongs to weighted and distinct")
		case in == nil || !slices.ContainsFunc(in.From, func(s Source) bool { return s.Take == "distinct" }):
			report("$.upward.by", fmt.Sprintf("%q is not the key of an input that takes distinct values", u.By))
		}
	}
	if u.Holds != "" && !slices.Contains(all, Share) && !slices.Contains(all, Distinct) {
		report("$.upward.holds", "belongs to share and distinct")
	}
}

// unit reads a code; the zero unit where it is wrong.
func unit(at, code string, report func(where, what string)) formula.Unit {
	u, err := formula.ParseUnit(code)
	if err == nil && code == "" {
		err = fmt.Errorf("is missing; write 1 for counts")
	}
	if err != nil {
		report(at, err.Error())
		return formula.Unit{}
	}
	return u
}

func word(at, s string, of []string, report func(where, what string)) {
	if !slices.Contains(of, s) {
		report(at, fmt.Sprintf("%q is not one of %s", s, strings.Join(of, ", ")))
	}
}

func needText(at string, t text.Text, report func(where, what string)) {
	if t.Zh == "" || t.En == "" {
		report(at, "needs zh and en")
	}
}
