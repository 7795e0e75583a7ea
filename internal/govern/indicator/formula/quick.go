package formula

import (
	"math"
	"math/big"
	"math/bits"
)

// Quick is a value in machine words, for the many values that fit: a fraction, or the set of inputs for want of which it is not known.
// It says what Value says, wherever it says anything.
type Quick struct {
	Num, Den int64  // Den above zero; not always in lowest terms
	Lack     uint64 // bit i: input i of the names it was compiled with; QuickByZero. 0: known
}

// QuickByZero is the bit of a division by zero.
const QuickByZero = 1 << 63

// maxQuick is how many inputs fit.
const maxQuick = 63

// Known tells whether it is.
func (q Quick) Known() bool { return q.Lack == 0 }

// Rat is the number.
func (q Quick) Rat() *big.Rat { return big.NewRat(q.Num, q.Den) }

// Program is a formula compiled for values in machine words. It is immutable.
type Program struct{ root *step }

type step struct {
	op   string
	at   int   // of a name: its place
	num  Quick // of a number
	args []*step
}

// Compile prepares a formula for inputs in the order of names. False where it holds a number that does not fit.
func (f *Formula) Compile(names []string) (*Program, bool) {
	places := map[string]int{}
	for i, name := range names {
		places[name] = i
	}
	root, ok := compile(f.root, places)
	return &Program{root}, ok && len(names) <= maxQuick
}

func compile(n *node, places map[string]int) (*step, bool) {
	s := &step{op: n.op, at: places[n.name]}
	if n.op == "n" {
		if !n.num.Num().IsInt64() || !n.num.Denom().IsInt64() {
			return nil, false
		}
		s.num = Quick{Num: n.num.Num().Int64(), Den: n.num.Denom().Int64()}
	}
	for _, a := range n.args {
		arg, ok := compile(a, places)
		if !ok {
			return nil, false
		}
		s.args = append(s.args, arg)
	}
	return s, true
}

// Eval computes the program. False where a number on the way does not fit: then Formula.Eval must be asked.
func (p *Program) Eval(in []Quick) (Quick, bool) { return p.root.eval(in) }

var quickTruth = [2]Quick{{Num: 0, Den: 1}, {Num: 1, Den: 1}}

func quickBool(yes bool) Quick {
	if yes {
		return quickTruth[1]
	}
	return quickTruth[0]
}

func (s *step) eval(in []Quick) (Quick, bool) {
	switch s.op {
	case "n":
		return s.num, true
	case "name":
		return in[s.at], true
	case "if":
		c, ok := s.args[0].eval(in)
		switch {
		case !ok || c.Lack != 0:
			return c, ok
		case c.Num != 0:
			return s.args[1].eval(in)
		}
		return s.args[2].eval(in)
	case "and", "or":
		return s.logic(in)
	}
	out, ok := s.args[0].eval(in)
	if !ok {
		return out, false
	}
	if len(s.args) == 1 {
		return s.single(out)
	}
	lack := out.Lack
	for _, a := range s.args[1:] {
		v, ok := a.eval(in)
		if !ok {
			return out, false
		}
		if lack |= v.Lack; lack != 0 {
			continue
		}
		if out, ok = s.both(out, v); !ok {
			return out, false
		}
		lack = out.Lack
	}
	if lack != 0 {
		return Quick{Lack: lack}, true
	}
	return out, true
}

// logic is Kleene's.
func (s *step) logic(in []Quick) (Quick, bool) {
	deciding := s.op == "or"
	var lack uint64
	decided := false
	for _, a := range s.args {
		v, ok := a.eval(in)
		if !ok {
			return v, false
		}
		lack |= v.Lack
		decided = decided || v.Lack == 0 && (v.Num != 0) == deciding
	}
	switch {
	case decided:
		return quickBool(deciding), true
	case lack != 0:
		return Quick{Lack: lack}, true
	}
	return quickBool(!deciding), true
}

func (s *step) single(v Quick) (Quick, bool) {
	if v.Lack != 0 {
		return v, true
	}
	switch s.op {
	case "not":
		return quickBool(v.Num == 0), true
	case "abs":
		if v.Num < 0 {
			v.Num = -v.Num
		}
	case "neg":
		v.Num = -v.Num
	}
	return v, true // sum, min and max of one are that one
}

func (s *step) both(a, b Quick) (Quick, bool) {
	switch s.op {
	case "+", "sum":
		return plus(a, b)
	case "-":
		b.Num = -b.Num
		return plus(a, b)
	case "*":
		return times(a.Num, b.Num, a.Den, b.Den)
	case "/":
		if b.Num == 0 {
			return Quick{Lack: QuickByZero}, true
		}
		if b.Num < 0 {
			a.Num, b.Num = -a.Num, -b.Num
		}
		return times(a.Num, b.Den, a.Den, b.Num)
	}
	c := b.Num - a.Num // where denominators are equal only the sign of the difference counts, and it fits
	if a.Den != b.Den {
		x, ok1 := mul(a.Num, b.Den)
		y, ok2 := mul(b.Num, a.Den)
		if !ok1 || !ok2 {
			return a, false
		}
		c = y - x
	}
	switch s.op {
	case "min":
		if c < 0 {
			return b, true
		}
		return a, true
	case "max":
		if c > 0 {
			return b, true
		}
		return a, true
	}
	return quickBool(s.op == "<" && c > 0 || s.op == "<=" && c >= 0 || s.op == ">" && c < 0 || s.op == ">=" && c <= 0 || s.op == "=" && c == 0 || s.op == "!=" && c != 0), true
}

// quickLimit bounds numerators and denominators, so that their sums and differences fit.
const quickLimit = 1 << 62

func mul(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo >= quickLimit {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return uint64(-a)
	}
	return uint64(a)
}

// plus adds. What does not fit at once is tried in lowest terms.
func plus(a, b Quick) (Quick, bool) {
	if a.Den != b.Den {
		den, ok := mul(a.Den, b.Den)
		x, ok1 := mul(a.Num, b.Den)
		y, ok2 := mul(b.Num, a.Den)
		if !ok || !ok1 || !ok2 {
			return a, false
		}
		a.Num, b.Num, a.Den = x, y, den
	}
	a.Num += b.Num
	return a.small()
}

// times is n1 n2 / (d1 d2).
func times(n1, n2, d1, d2 int64) (Quick, bool) {
	num, ok1 := mul(n1, n2)
	den, ok2 := mul(d1, d2)
	if !ok1 || !ok2 {
		n1, d2 = lowest(n1, d2)
		n2, d1 = lowest(n2, d1)
		num, ok1 = mul(n1, n2)
		den, ok2 = mul(d1, d2)
	}
	if !ok1 || !ok2 {
		return Quick{Den: 1}, false
	}
	return Quick{Num: num, Den: den}.small()
}

// small keeps numbers far below the limit, so that most chains of operations fit. False where a number does not.
func (q Quick) small() (Quick, bool) {
	if q.Num > math.MaxInt32 || q.Num < -math.MaxInt32 || q.Den > math.MaxInt32 {
		q.Num, q.Den = lowest(q.Num, q.Den)
	}
	return q, q.Num > -quickLimit && q.Num < quickLimit
}

func lowest(n, d int64) (int64, int64) {
	a, b := magnitude(n), uint64(d)
	for b != 0 {
		a, b = b, a%b
	}
	if a <= 1 {
		return n, d
	}
	return n / int64(a), d / int64(a)
}
