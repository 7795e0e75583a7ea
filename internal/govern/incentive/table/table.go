package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Table is a decision table as a file gives it.
type Table struct {
	Hit       string   `json:"hit" yaml:"hit"`             // UNIQUE, ANY, PRIORITY, FIRST, RULE ORDER, OUTPUT ORDER, COLLECT; UNIQUE when left out
	Aggregate string   `json:"aggregate" yaml:"aggregate"` // of COLLECT: SUM, MIN, MAX, COUNT; none collects a list
	Inputs    []Column `json:"inputs" yaml:"inputs"`       // left to right
	Outputs   []Column `json:"outputs" yaml:"outputs"`     // left to right
	Rules     []Rule   `json:"rules" yaml:"rules"`         // top to bottom
}

// Column is an input or an output.
type Column struct {
	Name    string `json:"name" yaml:"name"`
	Type    string `json:"type" yaml:"type"`                 // number, string, boolean, date
	Values  string `json:"values,omitempty" yaml:"values"`   // unary tests an input must pass; of an output the values by priority, highest first
	Default string `json:"default,omitempty" yaml:"default"` // of an output: the literal when no rule holds
}

// Rule is a row: one cell of unary tests for each input, one literal for each output.
type Rule struct {
	When []string `json:"when" yaml:"when"`
	Then []string `json:"then" yaml:"then"`
}

// limits of a table that may come from outside.
const (
	maxRules   = 1000
	maxColumns = 50
)

// Compiled is a table ready to decide. It is immutable and safe for concurrent use.
type Compiled struct {
	hit, aggregate string
	inputs         []input
	outputs        []output
	when           [][]cell
	then           [][]Value
}

type input struct {
	name   string
	kind   Kind
	values cell
}

type output struct {
	name     string
	kind     Kind
	priority []Value
	fallback Value
	has      bool // a default is given
}

var hits = []string{"UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT"}

// Compile checks the table and makes it ready. report is called for every fault with its place in the table, such as
// ".rules[2].when[0]"; the result is nil then.
func (t *Table) Compile(report func(where, what string)) *Compiled {
	faults := 0
	fault := func(where, format string, a ...any) { faults++; report(where, fmt.Sprintf(format, a...)) }
	c := &Compiled{hit: t.Hit, aggregate: t.Aggregate}
	if c.hit == "" {
		c.hit = "UNIQUE"
	}
	if !slices.Contains(hits, c.hit) {
		fault(".hit", "%q is no hit policy; use one of %s", t.Hit, strings.Join(hits, ", "))
	}
	if t.Aggregate != "" && (c.hit != "COLLECT" || !slices.Contains([]string{"SUM", "MIN", "MAX", "COUNT"}, t.Aggregate)) {
		fault(".aggregate", "%q does not go with %s; SUM, MIN, MAX and COUNT go with COLLECT", t.Aggregate, c.hit)
	}
	if len(t.Inputs) == 0 || len(t.Outputs) == 0 || len(t.Rules) == 0 {
		fault("", "needs inputs, outputs and rules")
	}
	if len(t.Rules) > maxRules || len(t.Inputs) > maxColumns || len(t.Outputs) > maxColumns {
		fault("", "is too large; at most %d rules, %d inputs and %d outputs fit", maxRules, maxColumns, maxColumns)
		return nil
	}
	if t.Aggregate != "" && len(t.Outputs) > 1 {
		fault(".aggregate", "%s needs one output; there are %d", t.Aggregate, len(t.Outputs))
	}
	c.columns(t, fault)
	for i, r := range t.Rules {
		c.row(i, r, fault)
	}
	if faults > 0 {
		return nil
	}
	if c.hit == "UNIQUE" {
		c.overlaps(fault)
	}
	if faults > 0 {
		return nil
	}
	return c
}

func (c *Compiled) columns(t *Table, fault func(where, format string, a ...any)) {
	seen := map[string]bool{}
	name := func(at string, col Column) Kind {
		if seen[at[:2]+col.Name] {
			fault(at+".name", "%q is used twice", col.Name)
		}
		seen[at[:2]+col.Name] = true
		k, ok := kindNames[col.Type]
		if !ok {
			fault(at+".type", "%q is no type; use number, string, boolean or date", col.Type)
		}
		return k
	}
	for i, col := range t.Inputs {
		at := fmt.Sprintf(".inputs[%d]", i)
		in := input{name: col.Name, kind: name(at, col), values: cell{any: true}}
		if col.Values != "" {
			in.values = readCell(at+".values", col.Values, in.kind, fault)
		}
		if col.Default != "" {
			fault(at+".default", "is of outputs only")
		}
		c.inputs = append(c.inputs, in)
	}
	for i, col := range t.Outputs {
		at := fmt.Sprintf(".outputs[%d]", i)
		out := output{name: col.Name, kind: name(at, col), has: col.Default != ""}
		if col.Values != "" {
			list := readCell(at+".values", col.Values, out.kind, fault)
			for _, r := range list.ranges {
				if list.not || r.low != r.high {
					fault(at+".values", "lists the values by priority, such as \"A\", \"B\"")
					break
				}
				out.priority = append(out.priority, r.low)
			}
		}
		if out.has {
			out.fallback = readValue(at+".default", col.Default, out, fault)
		}
		c.outputs = append(c.outputs, out)
	}
	if (c.hit == "PRIORITY" || c.hit == "OUTPUT ORDER") && !slices.ContainsFunc(c.outputs, func(o output) bool { return len(o.priority) > 0 }) {
		fault(".outputs", "%s needs the values of an output, highest priority first", c.hit)
	}
	if c.aggregate == "SUM" && len(c.outputs) == 1 && c.outputs[0].kind != Number {
		fault(".aggregate", "SUM adds numbers; the output is a %s", t.Outputs[0].Type)
	}
}

func (c *Compiled) row(i int, r Rule, fault func(where, format string, a ...any)) {
	at := fmt.Sprintf(".rules[%d]", i)
	if len(r.When) != len(c.inputs) || len(r.Then) != len(c.outputs) {
		fault(at, "has %d tests and %d outputs; the table has %d inputs and %d outputs", len(r.When), len(r.Then), len(c.inputs), len(c.outputs))
		return
	}
	var when []cell
	for j, s := range r.When {
		when = append(when, readCell(fmt.Sprintf("%s.when[%d]", at, j), s, c.inputs[j].kind, fault))
	}
	var then []Value
	for j, s := range r.Then {
		then = append(then, readValue(fmt.Sprintf("%s.then[%d]", at, j), s, c.outputs[j], fault))
	}
	c.when, c.then = append(c.when, when), append(c.then, then)
}

func readCell(at, s string, want Kind, fault func(where, format string, a ...any)) cell {
	got, err := parseCell(s)
	if err != nil {
		fault(at, "%v", err)
		return cell{any: true}
	}
	if k, one := got.kind(); !got.any && (!one || k != want) {
		fault(at, "%q is not of the column's type", s)
	}
	return got
}

func readValue(at, s string, o output, fault func(where, format string, a ...any)) Value {
	v, err := ParseValue(s)
	switch {
	case err != nil:
		fault(at, "%v", err)
	case v.Kind != Null && v.Kind != o.kind:
		fault(at, "%s is not of the column's type", v)
	case len(o.priority) > 0 && !slices.Contains(o.priority, v):
		fault(at, "%s is not among the output's values", v)
	}
	return v
}

// overlaps reports each pair of rules that some input makes hold at once.
func (c *Compiled) overlaps(fault func(where, format string, a ...any)) {
	for i := range c.when {
		for j := i + 1; j < len(c.when); j++ {
			apart := false
			for k := range c.inputs {
				if !c.when[i][k].meets(c.when[j][k]) {
					apart = true
					break
				}
			}
			if !apart {
				fault(fmt.Sprintf(".rules[%d]", j), "overlaps rule %d; a UNIQUE table has at most one rule for any input: narrow one of them, or use FIRST or PRIORITY", i+1)
			}
		}
	}
}

// ErrDecide is the class of errors of Decide.
var ErrDecide = errors.New("the table does not decide")
