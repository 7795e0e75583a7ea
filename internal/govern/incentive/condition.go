package incentive

import (
	"fmt"
	"slices"

	"jingwei/internal/govern/incentive/decimal"
	"jingwei/internal/kernel/text"
)

// Condition is a node of a tree: one of all, any, not, or a test of a fact. Every condition that stands by itself in a
// measure has an id, words in both languages and the clause it comes from.
type Condition struct {
	ID     string    `json:"id,omitempty" yaml:"id"`
	Text   text.Text `json:"text,omitzero" yaml:"text"`
	Clause string    `json:"clause,omitempty" yaml:"clause"` // id of a clause of the measure
	Prefer bool      `json:"prefer,omitempty" yaml:"prefer"` // gives priority and is no condition

	All []Condition `json:"all,omitempty" yaml:"all"`
	Any []Condition `json:"any,omitempty" yaml:"any"`
	Not *Condition  `json:"not,omitempty" yaml:"not"`

	Fact    string   `json:"fact,omitempty" yaml:"fact"`
	Is      any      `json:"is,omitempty" yaml:"is"`           // bool, choice, count, money, date
	In      []string `json:"in,omitempty" yaml:"in"`           // choice: one of them
	HasAll  []string `json:"hasAll,omitempty" yaml:"hasAll"`   // set
	HasAny  []string `json:"hasAny,omitempty" yaml:"hasAny"`   // set
	AtLeast any      `json:"atLeast,omitempty" yaml:"atLeast"` // count, money, date: from, inclusive
	Above   any      `json:"above,omitempty" yaml:"above"`
	AtMost  any      `json:"atMost,omitempty" yaml:"atMost"` // to, inclusive
	Below   any      `json:"below,omitempty" yaml:"below"`

	test test
}

// test is a leaf, read.
type test struct {
	typ       Type
	fact      int   // index in Measure.Facts
	low, high int64 // of bool, count, money, date: both inclusive
	options   []string
	all       bool // of a set: all of the options, not any
}

const (
	maxDepth = 8
	maxNodes = 200
)

// reader reads the conditions of one measure.
type reader struct {
	facts  []Fact
	clause func(at, id string)
	report func(where, what string)
	used   []bool
	nodes  int
}

func (r *reader) condition(at string, c *Condition, depth int) {
	if r.nodes++; depth > maxDepth || r.nodes > maxNodes {
		r.report(at, fmt.Sprintf("is nested or branched too far; at most %d deep and %d nodes fit", maxDepth, maxNodes))
		return
	}
	kinds := 0
	for _, is := range []bool{len(c.All) > 0, len(c.Any) > 0, c.Not != nil, c.Fact != ""} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		r.report(at, "is one of all, any, not and a fact with its test; write exactly one")
		return
	}
	if c.Clause != "" {
		r.clause(at+".clause", c.Clause)
	}
	if !c.Text.IsZero() {
		needText(at+".text", c.Text, r.report)
	}
	for i := range c.All {
		r.condition(fmt.Sprintf("%s.all[%d]", at, i), &c.All[i], depth+1)
	}
	for i := range c.Any {
		r.condition(fmt.Sprintf("%s.any[%d]", at, i), &c.Any[i], depth+1)
	}
	if c.Not != nil {
		r.condition(at+".not", c.Not, depth+1)
	}
	if c.Fact != "" {
		r.leaf(at, c)
	}
}

func (r *reader) leaf(at string, c *Condition) {
	i := r.find(at+".fact", c.Fact)
	if i < 0 {
		return
	}
	f := &r.facts[i]
	t := test{typ: typeNames[f.Type], fact: i, low: -1 << 63, high: 1<<63 - 1}
	words := func(where string, list []string) {
		for _, w := range list {
			if !slices.ContainsFunc(f.Options, func(o Option) bool { return o.ID == w }) {
				r.report(at+where, fmt.Sprintf("%q is not an option of %s; list it there or choose another", w, c.Fact))
			}
		}
		t.options = list
	}
	tests := 0
	if c.Is != nil {
		tests++
		if t.typ == TypeChoice {
			words(".is", []string{fmt.Sprint(c.Is)})
		} else {
			n := r.number(at+".is", c.Is, t.typ, true)
			t.low, t.high = n, n
		}
	}
	for _, x := range []struct {
		where string
		list  []string
		typ   Type
	}{{".in", c.In, TypeChoice}, {".hasAll", c.HasAll, TypeSet}, {".hasAny", c.HasAny, TypeSet}} {
		if len(x.list) == 0 {
			continue
		}
		tests++
		if t.typ != x.typ {
			r.report(at+x.where, fmt.Sprintf("does not go with %s, which is a %s", c.Fact, f.Type))
		}
		words(x.where, x.list)
		t.all = x.where == ".hasAll"
	}
	bound := func(where string, v any, into *int64, by int64) bool {
		if v == nil {
			return false
		}
		if t.typ != TypeCount && t.typ != TypeMoney && t.typ != TypeDate {
			r.report(at+where, fmt.Sprintf("does not go with %s, which is a %s", c.Fact, f.Type))
			return true
		}
		*into = r.number(at+where, v, t.typ, false) + by
		return true
	}
	low, above := bound(".atLeast", c.AtLeast, &t.low, 0), bound(".above", c.Above, &t.low, 1)
	high, below := bound(".atMost", c.AtMost, &t.high, 0), bound(".below", c.Below, &t.high, -1)
	if low && above || high && below {
		r.report(at, "has two ends on one side; use atLeast or above, and atMost or below")
	}
	if low || above || high || below {
		tests++
	}
	switch {
	case tests != 1:
		r.report(at, "needs exactly one test: is, in, hasAll, hasAny, or a range of atLeast, above, atMost, below")
	case t.low > t.high:
		r.report(at, fmt.Sprintf("can never hold: nothing lies between the two ends of %s", c.Fact))
	}
	c.test = t
}

// find returns the index of a declared fact, or -1 with a report.
func (r *reader) find(at, key string) int {
	i := slices.IndexFunc(r.facts, func(f Fact) bool { return f.Key == key })
	if i < 0 {
		r.report(at, fmt.Sprintf("%q is an unknown field; declare it under facts", key))
		return -1
	}
	r.used[i] = true
	return i
}

// number reads a literal of a type as the integer that values of that type are kept in.
func (r *reader) number(at string, v any, t Type, allowBool bool) int64 {
	wrong := func(want string) int64 {
		r.report(at, fmt.Sprintf("%v is not %s", v, want))
		return 0
	}
	switch t {
	case TypeBool:
		b, ok := v.(bool)
		if !ok || !allowBool {
			return wrong("true or false")
		}
		return Bool(b).n
	case TypeMoney:
		f, err := decimal.ParseFen(fmt.Sprint(v))
		if err != nil || f < 0 {
			r.report(at, fmt.Sprintf("%v is no amount of money; write it with its unit, such as 1000万元", v))
		}
		return int64(f)
	case TypeDate:
		d, err := ParseDate(fmt.Sprint(v))
		if err != nil {
			r.report(at, err.Error())
		}
		return int64(d)
	case TypeCount:
		d, err := decimal.Parse(fmt.Sprint(v))
		if err != nil || d.Scale != 0 || d.Coef < 0 || d.Coef > int64(decimal.MaxFen) {
			return wrong("a whole number")
		}
		return d.Coef
	}
	return wrong("something that this fact can be compared with; use in, hasAll or hasAny")
}
