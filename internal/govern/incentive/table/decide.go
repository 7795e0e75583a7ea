package table

import (
	"fmt"
	"slices"

	"jingwei/internal/govern/incentive/decimal"
)

// Decision is what a table says.
type Decision struct {
	Rows    [][]Value // one row of outputs; several for RULE ORDER, OUTPUT ORDER and a plain COLLECT; none when no rule held and there is no default
	Rules   []int     // the rules that held, counted from 0, top to bottom
	Unknown []int     // the inputs that must be known before the table can say anything
}

// Decide applies the table. inputs are in the order of the columns. Errors wrap ErrDecide: an input of another type or
// outside its values, two rules of an ANY table that differ, a sum that does not fit.
func (c *Compiled) Decide(inputs []Value) (Decision, error) {
	var d Decision
	if len(inputs) != len(c.inputs) {
		return d, fmt.Errorf("%w: %d inputs are given, it has %d", ErrDecide, len(inputs), len(c.inputs))
	}
	for i, v := range inputs {
		in := c.inputs[i]
		if v.Kind == Unknown || v.Kind == Null {
			continue
		}
		if v.Kind != in.kind {
			return d, fmt.Errorf("%w: %s = %s is of another type than the column", ErrDecide, in.name, v)
		}
		if !in.values.holds(v) {
			return d, fmt.Errorf("%w: %s = %s is not one of %s", ErrDecide, in.name, v, in.values.text)
		}
	}
	var open []int // rules that may hold
	for i := range c.when {
		switch c.match(i, inputs) {
		case yes:
			d.Rules = append(d.Rules, i)
		case maybe:
			open = append(open, i)
		}
		if c.hit == "FIRST" && len(d.Rules)+len(open) > 0 && (len(open) > 0 || len(d.Rules) == 1) {
			break // rules further down cannot win any more, unless the open ones fail
		}
	}
	if len(open) > 0 {
		d.Unknown = c.needed(open, inputs)
		return d, nil
	}
	return d, c.settle(&d)
}

type answer uint8

const (
	no answer = iota
	maybe
	yes
)

func (c *Compiled) match(rule int, inputs []Value) answer {
	got := yes
	for k, v := range inputs {
		switch cell := c.when[rule][k]; {
		case cell.any:
		case v.Kind == Unknown:
			got = maybe
		case !cell.holds(v):
			return no
		}
	}
	return got
}

// needed lists the unknown inputs that open rules test.
func (c *Compiled) needed(open []int, inputs []Value) []int {
	var out []int
	for k, v := range inputs {
		if v.Kind == Unknown && slices.ContainsFunc(open, func(i int) bool { return !c.when[i][k].any }) {
			out = append(out, k)
		}
	}
	return out
}

// settle turns the rules that held into rows.
func (c *Compiled) settle(d *Decision) error {
	for _, i := range d.Rules {
		d.Rows = append(d.Rows, c.then[i])
	}
	if len(d.Rows) == 0 {
		if slices.ContainsFunc(c.outputs, func(o output) bool { return o.has }) {
			row := make([]Value, len(c.outputs))
			for i, o := range c.outputs {
				row[i] = o.fallback
			}
			d.Rows = [][]Value{row}
		}
		return nil
	}
	switch c.hit {
	case "UNIQUE":
		if len(d.Rows) > 1 { // Compile has proved that this cannot be
			return fmt.Errorf("%w: rules %d and %d of a UNIQUE table hold", ErrDecide, d.Rules[0]+1, d.Rules[1]+1)
		}
	case "ANY":
		for k, row := range d.Rows {
			if !slices.Equal(row, d.Rows[0]) {
				return fmt.Errorf("%w: rules %d and %d of an ANY table hold and differ", ErrDecide, d.Rules[0]+1, d.Rules[k]+1)
			}
		}
		d.Rows = d.Rows[:1]
	case "FIRST":
		d.Rows = d.Rows[:1]
	case "PRIORITY", "OUTPUT ORDER":
		slices.SortStableFunc(d.Rows, c.byPriority)
		if c.hit == "PRIORITY" {
			d.Rows = d.Rows[:1]
		}
	case "COLLECT":
		return c.aggregated(d)
	}
	return nil
}

// byPriority orders rows by the first output that tells them apart, by the order of its values.
func (c *Compiled) byPriority(a, b []Value) int {
	for i, o := range c.outputs {
		if x, y := slices.Index(o.priority, a[i]), slices.Index(o.priority, b[i]); x != y {
			return x - y
		}
	}
	return 0
}

func (c *Compiled) aggregated(d *Decision) error {
	if c.aggregate == "" {
		return nil
	}
	if c.aggregate == "COUNT" {
		d.Rows = [][]Value{{OfNumber(decimal.Int(int64(len(d.Rows))))}}
		return nil
	}
	best := d.Rows[0][0]
	for _, row := range d.Rows[1:] {
		v := row[0]
		order, ok := compare(v, best)
		if !ok {
			return fmt.Errorf("%w: %s of %s and %s", ErrDecide, c.aggregate, best, v)
		}
		switch {
		case c.aggregate == "SUM":
			sum, err := best.Num.Add(v.Num)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrDecide, err)
			}
			best.Num = sum
		case c.aggregate == "MIN" && order < 0, c.aggregate == "MAX" && order > 0:
			best = v
		}
	}
	d.Rows = [][]Value{{best}}
	return nil
}
