package incentive

import (
	"fmt"
	"slices"

	"jingwei/internal/govern/incentive/decimal"
	"jingwei/internal/govern/incentive/table"
)

// Amount says how much. Its form is one of
//
//	rate      rate × base, at most cap
//	fixed     a fixed amount
//	match     rate × what a higher level granted (the base), at most cap: 1 is one for one
//	ceiling   what is asked for (the base), at most cap
//	brackets  each slice of the base at its own rate, or the whole base at the rate of its bracket; at most cap
//	table     a decision table gives rate (and cap), or fixed, from facts
type Amount struct {
	Form     string       `json:"form" yaml:"form"`
	Clause   string       `json:"clause" yaml:"clause"`
	Rate     string       `json:"rate,omitempty" yaml:"rate"`
	Fixed    string       `json:"fixed,omitempty" yaml:"fixed"`
	Base     *Base        `json:"base,omitempty" yaml:"base"`
	Cap      *Cap         `json:"cap,omitempty" yaml:"cap"`
	Method   string       `json:"method,omitempty" yaml:"method"` // of brackets: slice, whole
	Brackets []Bracket    `json:"brackets,omitempty" yaml:"brackets"`
	Table    *table.Table `json:"table,omitempty" yaml:"table"` // inputs are named after facts, outputs are rate, cap, fixed (yuan)
	Rounding Rounding     `json:"rounding,omitzero" yaml:"rounding"`
	Shares   []Share      `json:"shares,omitempty" yaml:"shares"` // who pays which part; 1 together

	rate            decimal.Decimal
	fixed, cap      decimal.Fen
	unit            decimal.Fen
	mode            decimal.Rounding
	sum, less       []int // facts
	of, received    int   // facts, -1 for none
	over, upTo      []decimal.Fen
	bracketRates    []decimal.Decimal
	tier            *table.Compiled
	tierIn          []int          // facts, by column
	tierOut         map[string]int // column of rate, cap, fixed
	sharesOf        []decimal.Decimal
	capped, slicing bool
}

// Base is what counts: the sum of facts of type money less others (never below nothing), or the first amounts by date.
type Base struct {
	Sum   []string `json:"sum,omitempty" yaml:"sum"`
	Less  []string `json:"less,omitempty" yaml:"less"`
	First int      `json:"first,omitempty" yaml:"first"` // how many of the amounts, by date
	Of    string   `json:"of,omitempty" yaml:"of"`       // a fact of type amounts
}

// Cap is the most that is paid.
type Cap struct {
	Amount   string `json:"amount" yaml:"amount"`
	Scope    string `json:"scope" yaml:"scope"`                 // project, enterprise, base, acquisition: what it counts for
	Received string `json:"received,omitempty" yaml:"received"` // a fact: what was paid under the measure before within the scope; it uses the cap up
}

// Bracket is a stretch of the base, from above Over to UpTo inclusive; without UpTo it does not end.
type Bracket struct {
	Over string `json:"over" yaml:"over"`
	UpTo string `json:"upTo,omitempty" yaml:"upTo"`
	Rate string `json:"rate" yaml:"rate"`
}

// Rounding is how a part of a unit is treated; down to the fen when nothing is said.
type Rounding struct {
	Mode string `json:"mode,omitempty" yaml:"mode"` // down, up, half-up, half-even
	To   string `json:"to,omitempty" yaml:"to"`     // 分, 元, 万元
}

// Share is the part of a level of government.
type Share struct {
	Level string `json:"level" yaml:"level"`
	Share string `json:"share" yaml:"share"`
}

var (
	roundings = map[string]decimal.Rounding{"": decimal.Down, "down": decimal.Down, "up": decimal.Up, "half-up": decimal.HalfUp, "half-even": decimal.HalfEven}
	paidUnits = map[string]decimal.Fen{"": 1, "分": 1, "元": 100, "万元": 1_000_000}
	forms     = []string{"rate", "fixed", "match", "ceiling", "brackets", "table"}
)

func (a *Amount) check(r *reader) {
	const at = "$.amount"
	a.of, a.received = -1, -1
	if !slices.Contains(forms, a.Form) {
		r.report(at+".form", fmt.Sprintf("%q is not one of %v", a.Form, forms))
		return
	}
	if a.Clause == "" {
		r.report(at+".clause", "is missing; name the clause that sets the amount")
	} else {
		r.clause(at+".clause", a.Clause)
	}
	has := func(where string, is, want bool) {
		if is != want {
			r.report(at+where, fmt.Sprintf("a %s amount %s", a.Form, map[bool]string{true: "needs it", false: "has none"}[want]))
		}
	}
	has(".rate", a.Rate != "", a.Form == "rate" || a.Form == "match")
	has(".fixed", a.Fixed != "", a.Form == "fixed")
	has(".brackets", len(a.Brackets) > 0, a.Form == "brackets")
	has(".table", a.Table != nil, a.Form == "table")
	if a.Form != "table" {
		has(".base", a.Base != nil, a.Form != "fixed")
	}
	if a.Form == "ceiling" {
		has(".cap", a.Cap != nil, true)
	}
	var ok bool
	if a.mode, ok = roundings[a.Rounding.Mode]; !ok {
		r.report(at+".rounding.mode", fmt.Sprintf("%q is not down, up, half-up or half-even", a.Rounding.Mode))
	}
	if a.unit, ok = paidUnits[a.Rounding.To]; !ok {
		r.report(at+".rounding.to", fmt.Sprintf("%q is not 分, 元 or 万元", a.Rounding.To))
	}
	if a.Rate != "" {
		a.rate = rate(at+".rate", a.Rate, r.report)
	}
	if a.Fixed != "" {
		a.fixed = positive(at+".fixed", a.Fixed, r.report)
	}
	a.checkBase(at+".base", r)
	a.checkCap(at+".cap", r)
	a.checkBrackets(at, r)
	a.checkTable(at+".table", r)
	a.checkShares(at, r.report)
}

// rate reads a rate: above nothing, at most one.
func rate(at, s string, report func(where, what string)) decimal.Decimal {
	d, err := decimal.Parse(s)
	switch {
	case err != nil:
		report(at, err.Error())
	case d.Cmp(decimal.Int(1)) > 0:
		report(at, fmt.Sprintf("%s is above one: no measure pays more than the whole base; write 30%% as 0.3", s))
	case d.Coef <= 0:
		report(at, fmt.Sprintf("%s pays nothing; write 30%% as 0.3", s))
	case d.Scale > 9:
		report(at, fmt.Sprintf("%s has more than 9 digits behind the point", s))
	}
	return d
}

func positive(at, s string, report func(where, what string)) decimal.Fen {
	f, err := decimal.ParseFen(s)
	if err != nil {
		report(at, err.Error())
	} else if f <= 0 {
		report(at, fmt.Sprintf("%s is not above nothing", s))
	}
	return f
}

func (a *Amount) checkBase(at string, r *reader) {
	b := a.Base
	if b == nil {
		return
	}
	money := func(where string, keys []string) (out []int) {
		for i, k := range keys {
			w := fmt.Sprintf("%s%s[%d]", at, where, i)
			if f := r.find(w, k); f >= 0 {
				if typeNames[r.facts[f].Type] != TypeMoney {
					r.report(w, fmt.Sprintf("%s is a %s, not money", k, r.facts[f].Type))
				}
				out = append(out, f)
			}
		}
		return out
	}
	a.sum, a.less = money(".sum", b.Sum), money(".less", b.Less)
	if b.Of != "" {
		if a.of = r.find(at+".of", b.Of); a.of >= 0 && typeNames[r.facts[a.of].Type] != TypeAmounts {
			r.report(at+".of", fmt.Sprintf("%s is a %s, not amounts", b.Of, r.facts[a.of].Type))
		}
	}
	if (len(b.Sum) > 0) == (b.Of != "") || (b.Of != "") != (b.First > 0) || b.First < 0 || b.First > maxItems {
		r.report(at, "is the sum of facts, or the first so many of a fact of type amounts; write one of them")
	}
}

func (a *Amount) checkCap(at string, r *reader) {
	if a.Cap == nil {
		return
	}
	a.capped, a.cap = true, positive(at+".amount", a.Cap.Amount, r.report)
	if !slices.Contains([]string{"project", "enterprise", "base", "acquisition"}, a.Cap.Scope) {
		r.report(at+".scope", fmt.Sprintf("%q is not project, enterprise, base or acquisition", a.Cap.Scope))
	}
	if a.Cap.Received != "" {
		if a.received = r.find(at+".received", a.Cap.Received); a.received >= 0 && typeNames[r.facts[a.received].Type] != TypeMoney {
			r.report(at+".received", fmt.Sprintf("%s is a %s, not money", a.Cap.Received, r.facts[a.received].Type))
		}
	}
}

func (a *Amount) checkBrackets(at string, r *reader) {
	if len(a.Brackets) == 0 {
		if a.Method != "" {
			r.report(at+".method", "goes with brackets")
		}
		return
	}
	if a.Method != "slice" && a.Method != "whole" {
		r.report(at+".method", fmt.Sprintf("%q is not slice (each part at its own rate) or whole (all at the rate of its bracket)", a.Method))
	}
	a.slicing = a.Method == "slice"
	for i, b := range a.Brackets {
		w := fmt.Sprintf("%s.brackets[%d]", at, i)
		over, err := decimal.ParseFen(b.Over)
		if err != nil {
			r.report(w+".over", err.Error())
		}
		upTo := decimal.MaxFen + 1
		if b.UpTo != "" {
			upTo = positive(w+".upTo", b.UpTo, r.report)
		}
		if upTo <= over {
			r.report(w+".upTo", fmt.Sprintf("%s is not above %s; the bracket is empty or reversed", b.UpTo, b.Over))
		}
		switch {
		case i == 0 && over != 0:
			r.report(w+".over", fmt.Sprintf("%s leaves a gap: the first bracket begins at 0元", b.Over))
		case i > 0 && over < a.upTo[i-1]:
			r.report(w+".over", fmt.Sprintf("%s overlaps the bracket before it, which ends at %s元; brackets are in order and each begins where the last ends", b.Over, a.upTo[i-1]))
		case i > 0 && over > a.upTo[i-1]:
			r.report(w+".over", fmt.Sprintf("%s leaves a gap after %s元, where the bracket before it ends", b.Over, a.upTo[i-1]))
		}
		a.over, a.upTo, a.bracketRates = append(a.over, over), append(a.upTo, upTo), append(a.bracketRates, rate(w+".rate", b.Rate, r.report))
	}
}

// checkTable: inputs are facts, money in yuan; outputs are rate and cap, or fixed.
func (a *Amount) checkTable(at string, r *reader) {
	t := a.Table
	if t == nil {
		return
	}
	if !slices.Contains([]string{"", "UNIQUE", "ANY", "PRIORITY", "FIRST"}, t.Hit) {
		r.report(at+".hit", fmt.Sprintf("%q gives a list; the amount needs one row: UNIQUE, ANY, PRIORITY or FIRST", t.Hit))
	}
	types := map[Type]string{TypeBool: "boolean", TypeChoice: "string", TypeCount: "number", TypeMoney: "number", TypeDate: "date"}
	for i, in := range t.Inputs {
		w := fmt.Sprintf("%s.inputs[%d]", at, i)
		f := r.find(w+".name", in.Name)
		a.tierIn = append(a.tierIn, f)
		if f >= 0 && types[typeNames[r.facts[f].Type]] != in.Type {
			r.report(w+".type", fmt.Sprintf("%q does not fit %s, which is a %s", in.Type, in.Name, r.facts[f].Type))
		}
	}
	a.tierOut = map[string]int{}
	for i, out := range t.Outputs {
		if !slices.Contains([]string{"rate", "cap", "fixed"}, out.Name) || out.Type != "number" {
			r.report(fmt.Sprintf("%s.outputs[%d]", at, i), fmt.Sprintf("%q of type %s is not rate, cap or fixed, a number", out.Name, out.Type))
		}
		a.tierOut[out.Name] = i
	}
	rateAt, rated := a.tierOut["rate"]
	_, fixed := a.tierOut["fixed"]
	if rated == fixed || rated != (a.Base != nil) {
		r.report(at+".outputs", "are rate (with a base, and perhaps cap) or fixed (without a base)")
	}
	if rated {
		for i, rule := range t.Rules {
			if rateAt < len(rule.Then) {
				rate(fmt.Sprintf("%s.rules[%d].then[%d]", at, i, rateAt), rule.Then[rateAt], r.report)
			}
		}
	}
	a.tier = t.Compile(func(where, what string) { r.report(at+where, what) })
}

func (a *Amount) checkShares(at string, report func(where, what string)) {
	var total decimal.Decimal
	for i, s := range a.Shares {
		w := fmt.Sprintf("%s.shares[%d]", at, i)
		if !slices.Contains(levels, s.Level) {
			report(w+".level", fmt.Sprintf("%q is not one of %v", s.Level, levels))
		}
		d := rate(w+".share", s.Share, report)
		a.sharesOf = append(a.sharesOf, d)
		total, _ = total.Add(d)
	}
	if len(a.Shares) > 0 && total != decimal.Int(1) {
		report(at+".shares", fmt.Sprintf("add up to %s; who pays must be said of the whole, 1", total))
	}
}
