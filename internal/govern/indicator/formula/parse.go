package formula

import (
	"fmt"
	"math/big"
	"slices"
)

// Formula is a parsed formula. It is immutable.
type Formula struct {
	text  string
	root  *node
	names []string
}

// node is an operation: a number, a name, or an operator or function over others.
type node struct {
	at   int
	op   string // "n", "name", "+", "-", "*", "/", "neg", "<", …, "and", "or", "not", "if", "min", "max", "sum", "abs"
	num  *big.Rat
	name string
	args []*node
}

// Parse reads a formula. The error is a *Fault.
func Parse(s string) (*Formula, error) {
	tokens, fault := scan(s)
	if fault != nil {
		return nil, fault
	}
	p := &parser{tokens: tokens}
	root, fault := p.level(0, 0)
	if fault == nil && p.peek().kind != 'e' {
		fault = p.unexpected()
	}
	if fault != nil {
		return nil, fault
	}
	return &Formula{text: s, root: root, names: p.names}, nil
}

// Names are the inputs that it uses, in the order in which they first occur.
func (f *Formula) Names() []string { return slices.Clone(f.names) }

func (f *Formula) String() string { return f.text }

type parser struct {
	tokens []token
	i      int
	names  []string
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) unexpected() *Fault {
	t := p.peek()
	if t.kind == 'e' {
		return &Fault{t.at, "the formula ends where something should follow"}
	}
	return &Fault{t.at, fmt.Sprintf("%q is not expected here", cut(t.text))}
}

// levels of operators, the loosest first.
var levels = [][]string{{"or"}, {"and"}, {"<", "<=", ">", ">=", "=", "!="}, {"+", "-"}, {"*", "/"}}

// level reads operators of a level and those that bind tighter. Comparisons do not chain.
func (p *parser) level(n, depth int) (*node, *Fault) {
	if n == len(levels) {
		return p.unary(depth)
	}
	left, fault := p.level(n+1, depth)
	for first := true; fault == nil; first = false {
		t := p.peek()
		if (t.kind != 'o' && t.kind != 'i') || !slices.Contains(levels[n], t.text) {
			return left, nil
		}
		if n == 2 && !first {
			return nil, &Fault{t.at, "comparisons do not chain; write (a < b) and (b < c)"}
		}
		p.i++
		var right *node
		if right, fault = p.level(n+1, depth); fault == nil {
			left = &node{at: t.at, op: t.text, args: []*node{left, right}}
		}
	}
	return nil, fault
}

func (p *parser) unary(depth int) (*node, *Fault) {
	t := p.peek()
	if depth > maxDepth {
		return nil, &Fault{t.at, fmt.Sprintf("more than %d operations in each other", maxDepth)}
	}
	op := map[string]string{"-": "neg", "not": "not"}[t.text]
	if op == "" || t.kind == 'n' {
		return p.primary(depth)
	}
	p.i++
	inner := p.unary
	if op == "not" {
		inner = func(depth int) (*node, *Fault) { return p.level(2, depth) } // not a < b is not (a < b)
	}
	arg, fault := inner(depth + 1)
	if fault != nil {
		return nil, fault
	}
	return &node{at: t.at, op: op, args: []*node{arg}}, nil
}

func (p *parser) primary(depth int) (*node, *Fault) {
	t := p.peek()
	switch {
	case t.kind == 'n':
		p.i++
		return &node{at: t.at, op: "n", num: t.num}, nil
	case t.kind == 'o' && t.text == "(":
		p.i++
		inner, fault := p.level(0, depth+1)
		if fault != nil {
			return nil, fault
		}
		return inner, p.expect(")")
	case t.kind == 'i' && slices.Contains(keywords[3:], t.text):
		return p.call(depth)
	case t.kind == 'i' && Name(t.text):
		p.i++
		if !slices.Contains(p.names, t.text) {
			p.names = append(p.names, t.text)
		}
		return &node{at: t.at, op: "name", name: t.text}, nil
	}
	return nil, p.unexpected()
}

// call reads a function with its arguments.
func (p *parser) call(depth int) (*node, *Fault) {
	t := p.peek()
	p.i++
	out := &node{at: t.at, op: t.text}
	if fault := p.expect("("); fault != nil {
		return nil, fault
	}
	for {
		arg, fault := p.level(0, depth+1)
		if fault != nil {
			return nil, fault
		}
		out.args = append(out.args, arg)
		if p.peek().text != "," {
			break
		}
		p.i++
	}
	if fault := p.expect(")"); fault != nil {
		return nil, fault
	}
	want := map[string][2]int{"if": {3, 3}, "abs": {1, 1}, "min": {2, maxArgs}, "max": {2, maxArgs}, "sum": {1, maxArgs}}[t.text]
	if n := len(out.args); n < want[0] || n > want[1] {
		return nil, &Fault{t.at, fmt.Sprintf("%s takes %d to %d values; it has %d", t.text, want[0], want[1], n)}
	}
	return out, nil
}

func (p *parser) expect(s string) *Fault {
	if t := p.peek(); t.kind != 'o' || t.text != s {
		return &Fault{t.at, fmt.Sprintf("%q is missing before %q", s, cut(t.text))}
	}
	p.i++
	return nil
}
