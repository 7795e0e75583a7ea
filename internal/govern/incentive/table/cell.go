package table

import (
	"fmt"
	"strings"
)

// cell is the unary tests of one input of one rule: a union of ranges, or everything outside it.
type cell struct {
	any    bool // "-"
	not    bool
	ranges []span
	text   string
}

// span is a range of values of one kind. A bound whose has flag is false is open to that side.
type span struct {
	low, high       Value
	hasLow, hasHigh bool
	inLow, inHigh   bool // the bound itself belongs to it
}

// limit on what one cell may hold: a file may come from outside.
const maxTests = 200

// parseCell reads unary tests. Errors name the part.
func parseCell(s string) (cell, error) {
	c := cell{text: strings.TrimSpace(s)}
	rest := c.text
	if rest == "-" {
		c.any = true
		return c, nil
	}
	if in, ok := strings.CutPrefix(rest, "not("); ok && strings.HasSuffix(in, ")") {
		c.not, rest = true, in[:len(in)-1]
	}
	parts, err := split(rest)
	if err != nil {
		return cell{}, err
	}
	if len(parts) > maxTests {
		return cell{}, fmt.Errorf("holds %d tests; at most %d fit", len(parts), maxTests)
	}
	for _, p := range parts {
		r, err := parseSpan(strings.TrimSpace(p))
		if err != nil {
			return cell{}, err
		}
		c.ranges = append(c.ranges, r)
	}
	return c, nil
}

// split cuts at commas outside quotes; no test has a comma of its own.
func split(s string) ([]string, error) {
	var parts []string
	from, quoted := 0, false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			parts, from = append(parts, s[from:i]), i+1
		}
	}
	if quoted {
		return nil, fmt.Errorf("%q has a quote that does not end", s)
	}
	return append(parts, s[from:]), nil
}

func parseSpan(s string) (span, error) {
	for _, op := range []string{"<=", ">=", "<", ">"} {
		if end, ok := strings.CutPrefix(s, op); ok {
			v, err := bound(end)
			if err != nil {
				return span{}, err
			}
			if op[0] == '<' {
				return span{high: v, hasHigh: true, inHigh: len(op) == 2}, nil
			}
			return span{low: v, hasLow: true, inLow: len(op) == 2}, nil
		}
	}
	if len(s) > 2 && strings.ContainsRune("[](", rune(s[0])) && strings.Contains(s, "..") {
		open, last := s[0], s[len(s)-1]
		if !strings.ContainsRune("[])", rune(last)) {
			return span{}, fmt.Errorf("%q does not end with a bracket; write [1..10], [1..10) or (1..10]", s)
		}
		a, b, _ := strings.Cut(s[1:len(s)-1], "..")
		low, err := bound(a)
		if err != nil {
			return span{}, err
		}
		high, err := bound(b)
		if err != nil {
			return span{}, err
		}
		c, ok := compare(low, high)
		r := span{low: low, high: high, hasLow: true, hasHigh: true, inLow: open == '[', inHigh: last == ']'}
		if !ok || c > 0 || c == 0 && !(r.inLow && r.inHigh) {
			return span{}, fmt.Errorf("%q holds no value; the left end must not be above the right one, and both of one type", s)
		}
		return r, nil
	}
	v, err := ParseValue(s)
	if err == nil && v.Kind == Null {
		err = fmt.Errorf("null is not tested for; leave the rule out")
	}
	return span{low: v, high: v, hasLow: true, hasHigh: true, inLow: true, inHigh: true}, err
}

// bound reads the end of a range: what has an order.
func bound(s string) (Value, error) {
	v, err := ParseValue(s)
	if err == nil && v.Kind != Number && v.Kind != Date {
		err = fmt.Errorf("%q has no order; ranges are of numbers and dates", strings.TrimSpace(s))
	}
	return v, err
}

// kind is the type that the cell tests for; Null for "-".
func (c cell) kind() (Kind, bool) {
	k := Null
	for _, r := range c.ranges {
		of := r.low.Kind
		if !r.hasLow {
			of = r.high.Kind
		}
		if k != Null && k != of {
			return Null, false
		}
		k = of
	}
	return k, true
}

// holds tells whether a known value passes. A value of another kind (null too) passes nothing but "-".
func (c cell) holds(v Value) bool {
	if c.any {
		return true
	}
	in, alike := false, false
	for _, r := range c.ranges {
		got, ok := r.has(v)
		in, alike = in || got, alike || ok
	}
	return alike && in != c.not
}

func (r span) has(v Value) (in, ok bool) {
	in = true
	if r.hasLow {
		c, same := compare(v, r.low)
		if !same {
			return false, false
		}
		in = c > 0 || c == 0 && r.inLow
	}
	if r.hasHigh {
		c, same := compare(v, r.high)
		if !same {
			return false, false
		}
		in = in && (c < 0 || c == 0 && r.inHigh)
	}
	return in, true
}

// meets tells whether some value passes both cells. Complements are compared by probing the ends of all ranges and the
// places between them, which decides it exactly for ordered kinds; strings and booleans have a value outside any list,
// except that only two booleans exist.
func (c cell) meets(d cell) bool {
	if c.any || d.any {
		return true
	}
	if !c.not && !d.not {
		for _, a := range c.ranges {
			for _, b := range d.ranges {
				if a.meets(b) {
					return true
				}
			}
		}
		return false
	}
	k, _ := c.kind()
	if k == Bool {
		return c.holds(OfBool(true)) && d.holds(OfBool(true)) || c.holds(OfBool(false)) && d.holds(OfBool(false))
	}
	if k == String {
		if c.not && d.not {
			return true
		}
		for _, r := range append(append([]span{}, c.ranges...), d.ranges...) {
			if c.holds(r.low) && d.holds(r.low) {
				return true
			}
		}
		return false
	}
	for _, p := range probes(c, d) {
		if c.holds(p) && d.holds(p) {
			return true
		}
	}
	return false
}

func (r span) meets(o span) bool {
	if r.hasLow && o.hasHigh {
		c, ok := compare(r.low, o.high)
		if !ok || c > 0 || c == 0 && !(r.inLow && o.inHigh) {
			return false
		}
	}
	if r.hasHigh && o.hasLow {
		c, ok := compare(o.low, r.high)
		if !ok || c > 0 || c == 0 && !(o.inLow && r.inHigh) {
			return false
		}
	}
	return true
}
