package form

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"

	"jingwei/internal/kernel/field"
)

// Condition is about one field that was asked before. What is not known holds no condition but known: false.
type Condition struct {
	Field   string         `json:"field" yaml:"field"`
	Known   *bool          `json:"known,omitempty" yaml:"known,omitempty"`
	Is      field.Number   `json:"is,omitempty" yaml:"is,omitempty"`
	In      []field.Number `json:"in,omitempty" yaml:"in,omitempty"`
	AtLeast field.Number   `json:"atLeast,omitempty" yaml:"atLeast,omitempty"` // of numbers; money in fen
	AtMost  field.Number   `json:"atMost,omitempty" yaml:"atMost,omitempty"`
}

func checkConditions(where string, list []Condition, before field.Schema, report func(where, what string)) {
	for i, c := range list {
		at := fmt.Sprintf("%s[%d]", where, i)
		f := before.Field(c.Field)
		if f == nil {
			report(at+".field", fmt.Sprintf("%q is not asked before", c.Field))
			continue
		}
		number := f.Type == field.Integer || f.Type == field.Decimal || f.Type == field.Money
		if !number && (c.AtLeast != "" || c.AtMost != "") {
			report(at, fmt.Sprintf("%s is no number", c.Field))
		}
		values := c.In
		if c.Is != "" {
			values = append(slices.Clone(values), c.Is)
		}
		if c.Known == nil && len(values) == 0 && c.AtLeast == "" && c.AtMost == "" {
			report(at, "asks for nothing")
		}
		for _, v := range values {
			switch f.Type {
			case field.Choice:
				if !slices.ContainsFunc(f.Options, func(o field.Option) bool { return o.ID == string(v) }) {
					report(at, fmt.Sprintf("%q is not a choice of %s", v, c.Field))
				}
			case field.Boolean:
				if v != "true" && v != "false" {
					report(at, fmt.Sprintf("%q is not true or false", v))
				}
			case field.List:
				report(at, "only known can be asked of a list")
			}
		}
		for _, v := range append(slices.Clone(values), c.AtLeast, c.AtMost) {
			if _, ok := plain(string(v)); number && v != "" && !ok {
				report(at, fmt.Sprintf("%q is not a number", v))
			}
		}
	}
}

// holds tells whether all conditions hold for a record in canonical form.
func holds(list []Condition, r field.Record) bool {
	return !slices.ContainsFunc(list, func(c Condition) bool { return !c.holds(r) })
}

func (c *Condition) holds(r field.Record) bool {
	v, known := r[c.Field]
	if c.Known != nil && *c.Known != known {
		return false
	}
	if c.Is == "" && len(c.In) == 0 && c.AtLeast == "" && c.AtMost == "" {
		return true
	}
	if !known {
		return false
	}
	word := fmt.Sprint(v)
	same := func(n field.Number) bool {
		a, aNumber := plain(string(n))
		b, bNumber := plain(word)
		return string(n) == word || aNumber && bNumber && a.Cmp(b) == 0
	}
	if c.Is != "" && !same(c.Is) || len(c.In) > 0 && !slices.ContainsFunc(c.In, same) {
		return false
	}
	for _, bound := range []struct {
		n      field.Number
		beyond int
	}{{c.AtLeast, -1}, {c.AtMost, 1}} {
		if bound.n == "" {
			continue
		}
		limit, ok := plain(string(bound.n))
		number, isNumber := plain(word)
		if !ok || !isNumber || number.Cmp(limit) == bound.beyond {
			return false
		}
	}
	return true
}

var plainForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$`)

// plain reads a number as people and packs write it.
func plain(s string) (*big.Rat, bool) {
	if !plainForm.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}
