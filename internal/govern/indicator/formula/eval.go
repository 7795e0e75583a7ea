package formula

import (
	"math/big"
	"slices"
	"strings"
)

// Value is a number that is known, or the reasons why it is not. A truth is 1 or 0.
type Value struct {
	Num  *big.Rat // nil where it is not known
	Lack []string // names of the inputs that are not known, or DivisionByZero; sorted, each once
}

// DivisionByZero is a reason why a value is not known.
const DivisionByZero = "/0"

// Known makes a value.
func Known(n *big.Rat) Value { return Value{Num: n} }

// Unknown makes a value that is not known.
func Unknown(lack ...string) Value { return Value{Lack: lack} }

func lacking(args []Value) Value {
	var all []string
	for _, a := range args {
		if a.Num == nil {
			all = append(all, a.Lack...)
		}
	}
	slices.Sort(all)
	return Value{Lack: slices.Compact(all)}
}

// maxBits bounds numerator and denominator; a formula of the greatest length over honest inputs stays far below.
const maxBits = 1 << 16

// TooLarge is a reason why a value is not known.
const TooLarge = "too-large"

// Eval computes the formula, which Check has passed, exactly.
func (f *Formula) Eval(inputs map[string]Value) Value { return f.root.eval(inputs) }

func (n *node) eval(in map[string]Value) Value {
	switch n.op {
	case "n":
		return Value{Num: n.num}
	case "name":
		v, ok := in[n.name]
		if !ok || v.Num == nil && len(v.Lack) == 0 {
			return Unknown(n.name)
		}
		return v
	case "if":
		c := n.args[0].eval(in)
		switch {
		case c.Num == nil:
			return c
		case c.Num.Sign() != 0:
			return n.args[1].eval(in)
		}
		return n.args[2].eval(in)
	}
	args := make([]Value, len(n.args))
	known := true
	for i, a := range n.args {
		args[i] = a.eval(in)
		known = known && args[i].Num != nil
	}
	if n.op == "and" || n.op == "or" {
		return logic(n.op == "or", args)
	}
	if !known {
		return lacking(args)
	}
	if n.op == "/" && args[1].Num.Sign() == 0 {
		return Unknown(DivisionByZero)
	}
	out := n.compute(args)
	if out.Num().BitLen() > maxBits || out.Denom().BitLen() > maxBits {
		return Unknown(TooLarge)
	}
	return Value{Num: out}
}

// logic is Kleene's: one false decides and, one true decides or, whatever is not known.
func logic(deciding bool, args []Value) Value {
	for _, a := range args {
		if a.Num != nil && (a.Num.Sign() != 0) == deciding {
			return truth(deciding)
		}
	}
	if v := lacking(args); len(v.Lack) > 0 {
		return v
	}
	return truth(!deciding)
}

func truth(b bool) Value {
	if b {
		return Value{Num: big.NewRat(1, 1)}
	}
	return Value{Num: new(big.Rat)}
}

func (n *node) compute(args []Value) *big.Rat {
	a, out := args[0].Num, new(big.Rat)
	switch n.op {
	case "neg":
		return out.Neg(a)
	case "abs":
		return out.Abs(a)
	case "not":
		return truth(a.Sign() == 0).Num
	case "-":
		return out.Sub(a, args[1].Num)
	case "*":
		return out.Mul(a, args[1].Num)
	case "/":
		return out.Quo(a, args[1].Num)
	case "+", "sum":
		for _, v := range args {
			out.Add(out, v.Num)
		}
		return out
	case "min", "max":
		out = a
		for _, v := range args[1:] {
			if c := v.Num.Cmp(out); c < 0 == (n.op == "min") && c != 0 {
				out = v.Num
			}
		}
		return out
	}
	c := a.Cmp(args[1].Num)
	return truth(n.op == "<" && c < 0 || n.op == "<=" && c <= 0 || n.op == ">" && c > 0 || n.op == ">=" && c >= 0 || n.op == "=" && c == 0 || n.op == "!=" && c != 0).Num
}

// Filled is the formula as it is written with the numbers in the place of names, and what it gives: "100 * 14 / 20 = 70". What is not
// known is "?".
func (f *Formula) Filled(inputs map[string]Value, places int) string {
	tokens, fault := scan(f.text)
	if fault != nil {
		return f.text
	}
	var b strings.Builder
	end := 0
	for _, t := range tokens {
		b.WriteString(f.text[end:min(t.at, len(f.text))])
		end = t.at
		if t.kind == 'e' {
			break
		}
		end += len(t.text)
		if t.kind == 'i' && Name(t.text) {
			b.WriteString(shown(inputs[t.text], 6))
		} else {
			b.WriteString(t.text)
		}
	}
	return b.String() + " = " + shown(f.Eval(inputs), places)
}

func shown(v Value, places int) string {
	if v.Num == nil {
		return "?"
	}
	s := Round(v.Num, places)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		s = "0"
	}
	return s
}

// Round gives a number with so many places, half away from zero (GB/T 8170 leaves "half up" to whoever rounds money and counts).
func Round(v *big.Rat, places int) string { return v.FloatString(places) }
