package flow

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// Condition is a guard over one field. What is not known holds no condition but known: false.
type Condition struct {
	Field   string         `json:"field" yaml:"field"`
	Known   *bool          `json:"known,omitempty" yaml:"known,omitempty"`
	Is      field.Number   `json:"is,omitempty" yaml:"is,omitempty"` // as it is written, of the field's type; money in fen
	Not     field.Number   `json:"not,omitempty" yaml:"not,omitempty"`
	In      []field.Number `json:"in,omitempty" yaml:"in,omitempty"`
	AtLeast field.Number   `json:"atLeast,omitempty" yaml:"atLeast,omitempty"` // of numbers, dates, times
	AtMost  field.Number   `json:"atMost,omitempty" yaml:"atMost,omitempty"`
}

// ordered tells whether values of a type have an order that conditions can use.
func ordered(t field.Type) bool {
	switch t {
	case field.Integer, field.Decimal, field.Money, field.Date, field.Time, field.Boolean:
		return true
	}
	return false
}

// literal reads a value that a pack has written for a field.
func literal(f *field.Field, n field.Number) (any, error) {
	var given any = string(n)
	switch f.Type {
	case field.Boolean:
		if n != "true" && n != "false" {
			return nil, fmt.Errorf("%q is not true or false", n)
		}
		given = n == "true"
	case field.Integer, field.Decimal, field.Money:
		given = json.Number(n)
	case field.List:
		return nil, fmt.Errorf("%s is a list: only known can be asked of it", f.Key)
	}
	one := *f
	one.Required, one.NotBefore, one.Calc = true, "", ""
	record, faults := field.Schema{one}.ReadCells(map[string]any{f.Key: given})
	if len(faults) > 0 {
		return nil, fmt.Errorf("%q %s", n, faults[0].Text.En)
	}
	return record[f.Key], nil
}

// domain is the set of values of one field that conditions leave. It is exact: conditions are joined by "and", each over one field.
type domain struct {
	missing, known bool // whether the field may be absent, present
	lo, hi         int64
	points         []any // nil: all
	without        []any
}

func everything(f *field.Field) *domain {
	d := &domain{missing: true, known: true, lo: math.MinInt64, hi: math.MaxInt64}
	switch f.Type {
	case field.Boolean:
		d.points = []any{true, false}
	case field.Choice:
		for _, o := range f.Options {
			d.points = append(d.points, o.ID)
		}
	}
	return d
}

// narrow takes a condition into account. Error: what is wrong with it.
func (d *domain) narrow(f *field.Field, c *Condition) error {
	asked := 0
	if c.Known != nil {
		asked++
		d.missing, d.known = d.missing && !*c.Known, d.known && *c.Known
	}
	only := func(values []any) {
		d.missing = false
		if d.points == nil {
			d.points = values
			return
		}
		d.points = slices.DeleteFunc(slices.Clone(d.points), func(p any) bool { return !slices.Contains(values, p) })
	}
	for _, x := range []struct {
		n   field.Number
		use func(v any)
	}{
		{c.Is, func(v any) { only([]any{v}) }},
		{c.Not, func(v any) { d.missing, d.without = false, append(slices.Clone(d.without), v) }},
	} {
		if x.n == "" {
			continue
		}
		asked++
		v, err := literal(f, x.n)
		if err != nil {
			return err
		}
		x.use(v)
	}
	if len(c.In) > 0 {
		asked++
		values := []any{}
		for _, n := range c.In {
			v, err := literal(f, n)
			if err != nil {
				return err
			}
			values = append(values, v)
		}
		only(values)
	}
	for _, x := range []struct {
		n   field.Number
		low bool
	}{{c.AtLeast, true}, {c.AtMost, false}} {
		if x.n == "" {
			continue
		}
		asked++
		if f.Type == field.Boolean || !ordered(f.Type) {
			return fmt.Errorf("%s is of the type %s, which has no more and no less; use is, not or in", f.Key, f.Type)
		}
		v, err := literal(f, x.n)
		if err != nil {
			return err
		}
		at, _ := f.Number(v)
		d.missing = false
		if x.low {
			d.lo = max(d.lo, at)
		} else {
			d.hi = min(d.hi, at)
		}
	}
	if asked == 0 {
		return fmt.Errorf("asks nothing; use known, is, not, in, atLeast or atMost")
	}
	return nil
}

// holds tells whether a value is in the set.
func (d *domain) holds(f *field.Field, v any) bool {
	if v == nil {
		return d.missing
	}
	if !d.known || d.points != nil && !slices.Contains(d.points, v) || slices.Contains(d.without, v) {
		return false
	}
	if n, ok := f.Number(v); ok && (n < d.lo || n > d.hi) {
		return false
	}
	return true
}

// empty tells whether no value is left.
func (d *domain) empty(f *field.Field) bool {
	if d.missing {
		return false
	}
	if !d.known {
		return true
	}
	if d.points != nil {
		return !slices.ContainsFunc(d.points, func(p any) bool { return d.holds(f, p) })
	}
	if d.lo > d.hi {
		return true
	}
	if width := uint64(d.hi) - uint64(d.lo); width < uint64(len(d.without)) { // so narrow that exclusions may fill it
		taken := map[int64]bool{}
		for _, v := range d.without {
			if n, ok := f.Number(v); ok && n >= d.lo && n <= d.hi {
				taken[n] = true
			}
		}
		return uint64(len(taken)) > width
	}
	return false
}

// domains of conditions, by field. report tells what is wrong with the i-th; those are left out.
func (f *Flow) domains(conditions []Condition, report func(i int, what string)) map[string]*domain {
	out := map[string]*domain{}
	for i := range conditions {
		c := &conditions[i]
		x := f.Fields.Field(c.Field)
		if x == nil || strings.Contains(c.Field, ".") {
			report(i, fmt.Sprintf("there is no field %q; there are %s", c.Field, f.keys()))
			continue
		}
		if x.Type == field.List && (c.Is != "" || c.Not != "" || c.In != nil || c.AtLeast != "" || c.AtMost != "") {
			report(i, fmt.Sprintf("%s is a list: only known can be asked of it", c.Field))
			continue
		}
		if out[c.Field] == nil {
			out[c.Field] = everything(x)
		}
		if err := out[c.Field].narrow(x, c); err != nil {
			report(i, err.Error())
		}
	}
	return out
}

// never tells of conditions that no case fulfils, and by which field.
func (f *Flow) never(conditions []Condition) (string, bool) {
	for key, d := range f.domains(conditions, func(int, string) {}) {
		if d.empty(f.Fields.Field(key)) {
			return key, true
		}
	}
	return "", false
}

// unmet are the conditions that do not hold for a record.
func (f *Flow) unmet(conditions []Condition, r field.Record) (out []*Condition) {
	for i := range conditions {
		c := &conditions[i]
		x := f.Fields.Field(c.Field)
		d := everything(x)
		d.points = nil // an option of an older version stands for itself
		if err := d.narrow(x, c); err != nil || !d.holds(x, plainValue(r[c.Field])) {
			out = append(out, c)
		}
	}
	return out
}

// plainValue keeps values that cannot be compared from being compared: of a list only that it is there.
func plainValue(v any) any {
	if _, list := v.([]field.Record); list {
		return "…"
	}
	return v
}

// words say a condition.
func (f *Flow) words(c *Condition) text.Text {
	x := f.Fields.Field(c.Field)
	var zh, en []string
	add := func(z, e string, n field.Number) {
		if n == "" {
			return
		}
		v, err := literal(x, n)
		if err != nil {
			return
		}
		zh, en = append(zh, z+x.Cell(v, "zh")), append(en, e+x.Cell(v, "en"))
	}
	if c.Known != nil && *c.Known {
		zh, en = append(zh, "应已填写"), append(en, "must be filled in")
	} else if c.Known != nil {
		zh, en = append(zh, "应为空"), append(en, "must be empty")
	}
	add("应为 ", "must be ", c.Is)
	add("不得为 ", "must not be ", c.Not)
	for i, n := range c.In {
		if i == 0 {
			add("应为 ", "must be ", n)
		} else {
			add("或 ", "or ", n)
		}
	}
	add("不小于 ", "at least ", c.AtLeast)
	add("不大于 ", "at most ", c.AtMost)
	return text.Text{Zh: x.Name.In("zh") + strings.Join(zh, "，"), En: x.Name.In("en") + " " + strings.Join(en, " ")}
}

func (f *Flow) keys() string {
	out := make([]string, len(f.Fields))
	for i := range f.Fields {
		out[i] = f.Fields[i].Key
	}
	return strings.Join(out, ", ")
}
