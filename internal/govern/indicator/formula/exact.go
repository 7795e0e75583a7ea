package formula

import "math/big"

// Exact is a value whose fraction is not brought to lowest terms, since nobody looks at it: for what does not fit into machine words and is
// asked of many. It says what Value says.
type Exact struct {
	Num, Den *big.Int // Den above zero; nil where it is not known
	Lack     uint64   // as that of Quick
}

var (
	exactZero = big.NewInt(0)
	exactOne  = big.NewInt(1)
)

// Exact computes the program for the same values as Eval, however large the numbers on the way.
func (p *Program) Exact(in []Quick) Exact { return p.root.exact(in) }

func (q Quick) exact() Exact {
	if q.Lack != 0 {
		return Exact{Lack: q.Lack}
	}
	return Exact{big.NewInt(q.Num), big.NewInt(q.Den), 0}
}

func exactBool(yes bool) Exact {
	if yes {
		return Exact{exactOne, exactOne, 0}
	}
	return Exact{exactZero, exactOne, 0}
}

func (s *step) exact(in []Quick) Exact {
	switch s.op {
	case "n":
		return s.num.exact()
	case "name":
		return in[s.at].exact()
	case "if":
		c := s.args[0].exact(in)
		switch {
		case c.Lack != 0:
			return c
		case c.Num.Sign() != 0:
			return s.args[1].exact(in)
		}
		return s.args[2].exact(in)
	case "and", "or":
		return s.exactLogic(in)
	}
	out := s.args[0].exact(in)
	if len(s.args) == 1 {
		return s.exactSingle(out)
	}
	lack := out.Lack
	for _, a := range s.args[1:] {
		v := a.exact(in)
		if lack |= v.Lack; lack == 0 {
			out = s.exactBoth(out, v)
			lack = out.Lack
		}
	}
	if lack != 0 {
		return Exact{Lack: lack}
	}
	return out
}

func (s *step) exactLogic(in []Quick) Exact {
	deciding := s.op == "or"
	var lack uint64
	for _, a := range s.args {
		v := a.exact(in)
		if v.Lack == 0 && (v.Num.Sign() != 0) == deciding {
			return exactBool(deciding)
		}
		lack |= v.Lack
	}
	if lack != 0 {
		return Exact{Lack: lack}
	}
	return exactBool(!deciding)
}

func (s *step) exactSingle(v Exact) Exact {
	if v.Lack != 0 {
		return v
	}
	switch s.op {
	case "not":
		return exactBool(v.Num.Sign() == 0)
	case "abs":
		v.Num = new(big.Int).Abs(v.Num)
	case "neg":
		v.Num = new(big.Int).Neg(v.Num)
	}
	return v
}

func (s *step) exactBoth(a, b Exact) Exact {
	product := func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) }
	switch s.op {
	case "*":
		return Exact{product(a.Num, b.Num), product(a.Den, b.Den), 0}
	case "/":
		if b.Num.Sign() == 0 {
			return Exact{Lack: QuickByZero}
		}
		out := Exact{product(a.Num, b.Den), product(a.Den, b.Num), 0}
		if out.Den.Sign() < 0 {
			out.Num.Neg(out.Num)
			out.Den.Neg(out.Den)
		}
		return out
	}
	x, y, den := a.Num, b.Num, a.Den
	if a.Den.Cmp(b.Den) != 0 {
		x, y, den = product(a.Num, b.Den), product(b.Num, a.Den), product(a.Den, b.Den)
	}
	switch s.op {
	case "+", "sum":
		return Exact{new(big.Int).Add(x, y), den, 0}
	case "-":
		return Exact{new(big.Int).Sub(x, y), den, 0}
	}
	c := y.Cmp(x)
	switch s.op {
	case "min":
		if c < 0 {
			return b
		}
		return a
	case "max":
		if c > 0 {
			return b
		}
		return a
	}
	return exactBool(s.op == "<" && c > 0 || s.op == "<=" && c >= 0 || s.op == ">" && c < 0 || s.op == ">=" && c <= 0 || s.op == "=" && c == 0 || s.op == "!=" && c != 0)
}
