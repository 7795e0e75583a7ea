package formula

import "fmt"

// Type is what a formula gives: a number with its unit, or a truth.
type Type struct {
	Truth bool
	Unit  Unit
	zero  bool // the number 0, which goes with every unit
}

var one = Unit{Code: "1", factor: 1}

// Pure is the type of pure numbers.
var Pure = Type{Unit: one}

// In is the type of numbers of a unit.
func In(u Unit) Type { return Type{Unit: u} }

// Truth is the type of what holds or does not.
var Truth = Type{Truth: true, Unit: one}

func (t Type) String() string {
	if t.Truth {
		return "a truth"
	}
	return t.Unit.Code
}

// Check works out what the formula gives over inputs of these types. The error is a *Fault: an unknown input, or things of different
// units that are added or compared.
func (f *Formula) Check(inputs map[string]Type) (Type, error) {
	t, fault := f.root.check(inputs)
	if fault != nil {
		return t, fault
	}
	return t, nil
}

// Gives checks that the formula gives the unit that is wanted. A pure number may be told as 1 or %: the formula says the factor itself.
// The error is a *Fault that names both units.
func (f *Formula) Gives(inputs map[string]Type, want Unit) (Type, error) {
	t, err := f.Check(inputs)
	switch {
	case err != nil:
		return t, err
	case t.Truth && !want.none():
		return t, &Fault{0, fmt.Sprintf("the formula gives a truth, and %s is wanted", want.Code)}
	case t.zero, want.none() && t.Unit.none(), Same(t.Unit, want):
		return t, nil
	case Commensurable(t.Unit, want):
		return t, &Fault{0, fmt.Sprintf("the formula gives %s, and %s is wanted; give the inputs in units that lead to it", t.Unit.Code, want.Code)}
	}
	return t, &Fault{0, fmt.Sprintf("the formula gives %s, and %s is wanted: these are different quantities", t.Unit.Code, want.Code)}
}

func (n *node) check(inputs map[string]Type) (Type, *Fault) {
	args := make([]Type, len(n.args))
	for i, a := range n.args {
		var fault *Fault
		if args[i], fault = a.check(inputs); fault != nil {
			return Type{}, fault
		}
	}
	numbers := func(from int) *Fault {
		for i := from; i < len(args); i++ {
			if args[i].Truth {
				return &Fault{n.args[i].at, fmt.Sprintf("%s wants a number, and this is a truth; write if(…, 1, 0)", n.op)}
			}
		}
		return nil
	}
	truths := func(to int) *Fault {
		for i := range to {
			if !args[i].Truth {
				return &Fault{n.args[i].at, fmt.Sprintf("%s wants a truth, and this is a number; compare it", n.op)}
			}
		}
		return nil
	}
	switch n.op {
	case "n":
		return Type{Unit: one, zero: n.num.Sign() == 0}, nil
	case "name":
		t, ok := inputs[n.name]
		if !ok {
			return t, &Fault{n.at, fmt.Sprintf("%q is not an input", n.name)}
		}
		return t, nil
	case "and", "or", "not":
		return Truth, truths(len(args))
	case "<", "<=", ">", ">=", "=", "!=":
		if fault := numbers(0); fault != nil {
			return Type{}, fault
		}
		_, fault := n.same(args)
		return Truth, fault
	case "*", "/":
		if fault := numbers(0); fault != nil {
			return Type{}, fault
		}
		sign := 1
		if n.op == "/" {
			sign = -1
		}
		return Type{Unit: args[0].Unit.over(args[1].Unit, sign)}, nil
	case "if":
		if fault := truths(1); fault != nil {
			return Type{}, fault
		}
		if args[1].Truth && args[2].Truth {
			return Truth, nil
		}
		if fault := numbers(1); fault != nil {
			return Type{}, fault
		}
		return n.same(args[1:])
	}
	if fault := numbers(0); fault != nil {
		return Type{}, fault
	}
	return n.same(args)
}

// same wants one unit of all.
func (n *node) same(args []Type) (Type, *Fault) {
	out := args[0]
	for _, a := range args[1:] {
		switch {
		case out.zero:
			out = a
		case a.zero, Same(out.Unit, a.Unit), out.Unit.none() && a.Unit.none():
		default:
			return out, &Fault{n.at, fmt.Sprintf("%s joins %s and %s; give both in one unit", n.op, out.Unit.Code, a.Unit.Code)}
		}
	}
	return out, nil
}

// Ratio tells whether the formula is a ratio of sums of its inputs, up to a factor: what can be worked out from the inputs' sums over
// many enterprises ("pooled"). The enterprises' values then weigh as their denominators do.
func (f *Formula) Ratio() bool { return f.root.degree() == "ratio" }

// degree: "number", "linear" (a sum of inputs with numbers as factors), "ratio" (of such sums), "" for anything else.
func (n *node) degree() string {
	d := make([]string, len(n.args))
	for i, a := range n.args {
		d[i] = a.degree()
	}
	switch n.op {
	case "n":
		return "number"
	case "name":
		return "linear"
	case "neg":
		return d[0]
	case "+", "-", "sum":
		for _, x := range d {
			if x != d[0] || x == "ratio" || x == "" {
				return ""
			}
		}
		return d[0]
	case "*":
		switch {
		case d[0] == "number":
			return d[1]
		case d[1] == "number":
			return d[0]
		}
	case "/":
		switch {
		case d[1] == "number":
			return d[0]
		case d[0] == "linear" && d[1] == "linear":
			return "ratio"
		}
	}
	return ""
}
