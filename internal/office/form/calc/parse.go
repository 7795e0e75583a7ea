package calc

import (
	"fmt"
	"slices"
	"strings"

	"jingwei/internal/kernel/field"
)

// Kind is what an expression gives.
type Kind string

// The kinds.
const (
	Number Kind = "number" // integers and decimals
	Money  Kind = "money"  // in fen
)

// Node is an expression as the browser gets it too.
type Node struct {
	Op    string  `json:"op"`              // number, field, sum, count, least, most, +, -, *, /, neg, min, max, change
	Value string  `json:"value,omitempty"` // the digits of a number
	Field string  `json:"field,omitempty"` // "amount", or "items.amount" of what is taken over a list
	Args  []*Node `json:"args,omitempty"`
}

// Bounds of an expression.
const (
	maxText  = 500
	maxNodes = 200
	maxDepth = 20
)

// Parse reads an expression over the fields of a schema. Errors say what is wrong, in words for whoever writes packs.
func Parse(expression string, fields field.Schema) (*Node, Kind, error) {
	if len(expression) > maxText {
		return nil, "", fmt.Errorf("has %d bytes; an expression has at most %d", len(expression), maxText)
	}
	p := &parser{rest: expression, fields: fields}
	n, k, err := p.sum(0)
	if err == nil && p.peek() != 0 {
		err = fmt.Errorf("%q is left over", strings.TrimSpace(p.rest))
	}
	if err != nil {
		return nil, "", err
	}
	return n, k, nil
}

type parser struct {
	rest   string
	fields field.Schema
	nodes  int
}

func (p *parser) peek() byte {
	p.rest = strings.TrimLeft(p.rest, " \t\n")
	if p.rest == "" {
		return 0
	}
	return p.rest[0]
}

func (p *parser) take(sign byte) bool {
	if p.peek() != sign {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) node(n *Node) (*Node, error) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, fmt.Errorf("has more than %d parts", maxNodes)
	}
	return n, nil
}

// sum = product { ("+" | "-") product }
func (p *parser) sum(depth int) (*Node, Kind, error) {
	if depth > maxDepth {
		return nil, "", fmt.Errorf("is nested more than %d deep", maxDepth)
	}
	a, ka, err := p.product(depth)
	for err == nil && (p.peek() == '+' || p.peek() == '-') {
		op := string(p.rest[0])
		p.rest = p.rest[1:]
		var b *Node
		var kb Kind
		if b, kb, err = p.product(depth); err != nil {
			break
		}
		if ka != kb {
			return nil, "", fmt.Errorf("%s and %s cannot be added or taken from each other", ka, kb)
		}
		a, err = p.node(&Node{Op: op, Args: []*Node{a, b}})
	}
	return a, ka, err
}

// product = factor { ("*" | "/") factor }
func (p *parser) product(depth int) (*Node, Kind, error) {
	a, ka, err := p.factor(depth)
	for err == nil && (p.peek() == '*' || p.peek() == '/') {
		op := string(p.rest[0])
		p.rest = p.rest[1:]
		var b *Node
		var kb Kind
		if b, kb, err = p.factor(depth); err != nil {
			break
		}
		switch {
		case op == "*" && ka == Money && kb == Money:
			return nil, "", fmt.Errorf("money cannot be multiplied by money")
		case op == "*" && kb == Money:
			ka = Money
		case op == "/" && ka == Number && kb == Money:
			return nil, "", fmt.Errorf("a number cannot be divided by money")
		case op == "/" && kb == Money:
			ka = Number
		}
		a, err = p.node(&Node{Op: op, Args: []*Node{a, b}})
	}
	return a, ka, err
}

// factor = "-" factor | "(" sum ")" | number | word [ "(" arguments ")" ]
func (p *parser) factor(depth int) (*Node, Kind, error) {
	if depth > maxDepth {
		return nil, "", fmt.Errorf("is nested more than %d deep", maxDepth)
	}
	switch c := p.peek(); {
	case c == '-':
		p.rest = p.rest[1:]
		a, k, err := p.factor(depth + 1)
		if err != nil {
			return nil, "", err
		}
		n, err := p.node(&Node{Op: "neg", Args: []*Node{a}})
		return n, k, err
	case c == '(':
		p.rest = p.rest[1:]
		a, k, err := p.sum(depth + 1)
		if err == nil && !p.take(')') {
			err = fmt.Errorf("a bracket is not closed")
		}
		return a, k, err
	case c >= '0' && c <= '9':
		digits := p.while(func(c byte) bool { return c >= '0' && c <= '9' || c == '.' })
		if _, ok := rational(digits); !ok {
			return nil, "", fmt.Errorf("%q is not a number; write it as 0.3", digits)
		}
		n, err := p.node(&Node{Op: "number", Value: digits})
		return n, Number, err
	case c == 0:
		return nil, "", fmt.Errorf("ends where a value is wanted")
	}
	word := p.while(func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.'
	})
	if word == "" {
		return nil, "", fmt.Errorf("%q is not understood", p.rest)
	}
	if p.take('(') {
		return p.call(word, depth)
	}
	k, err := p.kind(word, false)
	if err != nil {
		return nil, "", err
	}
	n, err := p.node(&Node{Op: "field", Field: word})
	return n, k, err
}

func (p *parser) while(is func(byte) bool) string {
	i := 0
	for i < len(p.rest) && is(p.rest[i]) {
		i++
	}
	word := p.rest[:i]
	p.rest = p.rest[i:]
	return word
}

// over reads "items.amount)" of a function that goes over a list; ok is false where it is something else.
func (p *parser) over() (word string, ok bool) {
	before := p.rest
	p.peek()
	word = p.while(func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.'
	})
	if strings.Contains(word, ".") && p.take(')') {
		return word, true
	}
	p.rest = before
	return "", false
}

func (p *parser) call(name string, depth int) (*Node, Kind, error) {
	overs := map[string]string{"sum": "sum", "min": "least", "max": "most"}
	switch name {
	case "count":
		p.peek()
		word := p.while(func(c byte) bool { return c != ')' && c != ' ' })
		if f := p.fields.Field(word); f == nil || f.Type != field.List || !p.take(')') {
			return nil, "", fmt.Errorf("count(%s): %q is not a list", word, word)
		}
		n, err := p.node(&Node{Op: "count", Field: word})
		return n, Number, err
	case "sum", "min", "max":
		if word, ok := p.over(); ok {
			k, err := p.kind(word, true)
			if err != nil {
				return nil, "", err
			}
			n, err := p.node(&Node{Op: overs[name], Field: word})
			return n, k, err
		}
		if name == "sum" {
			return nil, "", fmt.Errorf("sum is taken over a list: sum(items.amount)")
		}
	case "change":
	default:
		return nil, "", fmt.Errorf("there is no function %q; there are sum, count, min, max, change", name)
	}
	var args []*Node
	var kind Kind
	for {
		a, k, err := p.sum(depth + 1)
		if err != nil {
			return nil, "", err
		}
		if len(args) > 0 && k != kind {
			return nil, "", fmt.Errorf("%s compares %s with %s", name, kind, k)
		}
		args, kind = append(args, a), k
		if p.take(')') {
			break
		}
		if !p.take(',') {
			return nil, "", fmt.Errorf("%s: a comma or a closing bracket is wanted", name)
		}
	}
	if len(args) < 2 || name == "change" && len(args) != 2 {
		return nil, "", fmt.Errorf("%s of %d values", name, len(args))
	}
	if name == "change" {
		kind = Number
	}
	n, err := p.node(&Node{Op: name, Args: args})
	return n, kind, err
}

// kind of a field.
func (p *parser) kind(word string, nested bool) (Kind, error) {
	f := p.fields.Field(word)
	switch {
	case f == nil:
		return "", fmt.Errorf("there is no field %q", word)
	case strings.Contains(word, ".") != nested:
		return "", fmt.Errorf("%q is of the items of a list; take it over them: sum(%s)", word, word)
	case f.Type == field.Money:
		return Money, nil
	case f.Type == field.Integer, f.Type == field.Decimal:
		return Number, nil
	}
	return "", fmt.Errorf("%q is of the type %s; numbers and money can be calculated with", word, f.Type)
}

// Uses are the fields that an expression needs, each once; of a list its own key.
func (n *Node) Uses() (keys []string) {
	if n.Field != "" {
		head, _, _ := strings.Cut(n.Field, ".")
		keys = append(keys, head)
	}
	for _, a := range n.Args {
		for _, k := range a.Uses() {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	return keys
}
