package incentive

import (
	"math/bits"

	"jingwei/internal/govern/incentive/decimal"
	"jingwei/internal/govern/incentive/table"
)

// program is a measure made ready: facts are slots, options bits, conditions a flat array. Evaluating one makes no
// garbage, except where a decision table gives the amount.
type program struct {
	from, to   Date
	dated      bool // the first day is known
	closed     bool
	nodes      []node // conditions one after another, each before its kids
	calculable bool
	form       form
	rate       decimal.Decimal
	fixed, cap decimal.Fen
	capped     bool
	unit       decimal.Fen
	mode       decimal.Rounding
	sum, less  []need
	list       need
	first      int
	received   need
	amount     *Amount // brackets and table
	tier       []column
}

// column is an input of a decision table.
type column struct {
	need
	typ     Type
	options []string // by bit
}

type form uint8

const (
	formFixed form = iota
	formRate       // match too
	formCeiling
	formBrackets
	formTable
)

// need is a fact with the grade of evidence that this measure asks for.
type need struct {
	slot  int32 // -1: none
	grade Grade
	index int32 // in Measure.Facts
}

type op uint8

const (
	opAll op = iota
	opAny
	opNot
	opRange // low <= n <= high
	opIn    // one of the bits
	opHas   // all of the bits
)

type node struct {
	op        op
	prefer    bool
	next      int32 // behind the last of its kids
	fact      need
	low, high int64 // opIn, opHas: low holds the bits
}

func (s *Set) compile(m *Measure, o Options) program {
	p := program{from: m.Valid.from, to: m.Valid.to, dated: m.Valid.dated, closed: m.Valid.closed}
	if !p.dated {
		p.dated = true
		for _, c := range m.Clauses[:1] { // the measure lives and ends with the document of its first clause
			d, ok := o.Published[c.Document]
			p.from, p.dated = d, ok
		}
	}
	if m.Valid.Years > 0 && p.dated {
		p.to, p.closed = p.from.years(m.Valid.Years)-1, true
	}
	for i := range m.Conditions {
		p.nodes = s.flatten(m, &m.Conditions[i], p.nodes)
	}
	if a := m.Amount; a != nil {
		p.calculable, p.amount = true, a
		p.rate, p.fixed, p.cap, p.capped, p.unit, p.mode = a.rate, a.fixed, a.cap, a.capped, a.unit, a.mode
		p.form = map[string]form{"fixed": formFixed, "rate": formRate, "match": formRate, "ceiling": formCeiling, "brackets": formBrackets, "table": formTable}[a.Form]
		needs := func(list []int) (out []need) {
			for _, i := range list {
				out = append(out, s.need(m, i))
			}
			return out
		}
		p.sum, p.less = needs(a.sum), needs(a.less)
		for _, i := range a.tierIn {
			c := column{need: s.need(m, i), typ: typeNames[m.Facts[i].Type]}
			c.options = make([]string, len(s.options[c.slot]))
			for id, bit := range s.options[c.slot] {
				c.options[bit] = id
			}
			p.tier = append(p.tier, c)
		}
		p.list, p.received = s.need(m, a.of), s.need(m, a.received)
		if a.Base != nil {
			p.first = a.Base.First
		}
	}
	return p
}

func (s *Set) need(m *Measure, fact int) need {
	if fact < 0 {
		return need{slot: -1}
	}
	f := &m.Facts[fact]
	return need{slot: int32(s.keys[f.Key]), grade: f.grade, index: int32(fact)}
}

func (s *Set) flatten(m *Measure, c *Condition, nodes []node) []node {
	at := len(nodes)
	nodes = append(nodes, node{prefer: c.Prefer})
	n := node{prefer: c.Prefer}
	switch {
	case c.Not != nil:
		n.op = opNot
		nodes = s.flatten(m, c.Not, nodes)
	case c.Fact != "":
		t := &c.test
		n.fact, n.low, n.high, n.op = s.need(m, t.fact), t.low, t.high, opRange
		if t.typ == TypeChoice || t.typ == TypeSet {
			n.op, n.low = opIn, 0
			if t.all {
				n.op = opHas
			}
			for _, w := range t.options {
				n.low |= 1 << s.options[n.fact.slot][w]
			}
		}
	default:
		kids := c.All
		if len(c.Any) > 0 {
			n.op, kids = opAny, c.Any
		}
		for i := range kids {
			nodes = s.flatten(m, &kids[i], nodes)
		}
	}
	n.next = int32(len(nodes))
	nodes[at] = n
	return nodes
}

// get returns a cell as the measure may use it: known only with the grade it asks for, unless declarations count.
func (r *Row) get(f need, declared bool) (n int64, known bool) {
	c := &r.cells[f.slot]
	return c.n, c.known && (declared || c.grade >= f.grade)
}

// eval is the truth of the node at i, in Kleene's strong logic.
func (p *program) eval(i int32, r *Row, declared bool) Trit {
	n := &p.nodes[i]
	switch n.op {
	case opRange, opIn, opHas:
		v, known := r.get(n.fact, declared)
		switch {
		case !known:
			return Unknown
		case n.op == opRange:
			return tritOf(v >= n.low && v <= n.high)
		case n.op == opIn:
			return tritOf(v&n.low != 0)
		}
		return tritOf(v&n.low == n.low)
	case opNot:
		return p.eval(i+1, r, declared).not()
	}
	out := True
	if n.op == opAny {
		out = False
	}
	for k := i + 1; k < n.next; k = p.nodes[k].next {
		t := p.eval(k, r, declared)
		if n.op == opAny {
			out = max(out, t)
		} else {
			out = min(out, t)
		}
	}
	return out
}

// valid tells whether claims may be filed on the day.
func (p *program) valid(d Date) Trit {
	if !p.dated {
		if p.closed && d > p.to {
			return False
		}
		return Unknown
	}
	return tritOf(d >= p.from && (!p.closed || d <= p.to))
}

// Verdict is what one measure says of one row, before measures are held against each other.
type Verdict struct {
	Eligible Trit
	Known    bool        // Amount and Base are known
	Capped   bool        // the cap is what binds
	Amount   decimal.Fen // what it comes to if eligible
	Base     decimal.Fen

	declared bool // declarations counted
}

// verdict evaluates the measure. The amount is worked out where eligibility is not excluded.
func (p *program) verdict(r *Row, day Date, declared bool) Verdict {
	v := Verdict{Eligible: p.valid(day), declared: declared}
	for i := int32(0); i < int32(len(p.nodes)) && v.Eligible != False; i = p.nodes[i].next {
		if !p.nodes[i].prefer {
			v.Eligible = min(v.Eligible, p.eval(i, r, declared))
		}
	}
	if v.Eligible != False && p.calculable {
		p.pay(r, declared, &v)
	}
	return v
}

// pay works out the amount.
func (p *program) pay(r *Row, declared bool, v *Verdict) {
	most, capped := p.cap, p.capped
	if p.received.slot >= 0 {
		n, known := r.get(p.received, declared)
		if !known {
			return
		}
		most = max(0, most-decimal.Fen(n))
	}
	base, known := p.base(r, declared)
	if !known {
		return
	}
	v.Base = base
	var err error
	switch p.form {
	case formFixed:
		v.Amount = p.fixed
	case formRate:
		v.Amount, err = decimal.Of(p.rate, base, p.unit, p.mode)
	case formCeiling:
		v.Amount = base / p.unit * p.unit
	case formBrackets:
		v.Amount, err = p.brackets(base)
	case formTable:
		if v.Amount, most, capped, known = p.decide(r, declared, base, most, capped); !known {
			return
		}
	}
	if err != nil {
		return
	}
	if capped && v.Amount > most {
		v.Amount, v.Capped = most, true
	}
	v.Known = true
}

// base adds up what counts. A sum that leaves the range of money is not known.
func (p *program) base(r *Row, declared bool) (base decimal.Fen, known bool) {
	if p.list.slot >= 0 && p.first > 0 {
		if _, known := r.get(p.list, declared); !known {
			return 0, false
		}
		items := r.lists[p.list.slot]
		for _, it := range items[:min(p.first, len(items))] {
			if base += it.Amount; base > decimal.MaxFen {
				return 0, false
			}
		}
		return base, true
	}
	for _, f := range p.sum {
		n, known := r.get(f, declared)
		if base += decimal.Fen(n); !known || base > decimal.MaxFen {
			return 0, false
		}
	}
	for _, f := range p.less {
		n, known := r.get(f, declared)
		if base -= decimal.Fen(n); !known {
			return 0, false
		}
	}
	return max(base, 0), true
}

// brackets: the parts are added exactly before the sum is rounded once, so no fen is lost between brackets.
func (p *program) brackets(base decimal.Fen) (decimal.Fen, error) {
	a := p.amount
	if !a.slicing {
		for i, to := range a.upTo {
			if base <= to {
				return decimal.Of(a.bracketRates[i], base, p.unit, p.mode)
			}
		}
		return 0, nil // above the last bracket nothing is paid
	}
	var room [8]decimal.Part
	parts := room[:0]
	for i, over := range a.over {
		if base > over {
			parts = append(parts, decimal.Part{Rate: a.bracketRates[i], Base: min(base, a.upTo[i]) - over})
		}
	}
	return decimal.Sum(parts, p.unit, p.mode)
}

// decide asks the decision table: money in yuan, choices by their ids.
func (p *program) decide(r *Row, declared bool, base, most decimal.Fen, capped bool) (amount, limit decimal.Fen, limited, known bool) {
	a := p.amount
	d, err := a.tier.Decide(p.inputs(r, declared))
	if err != nil || len(d.Unknown) > 0 {
		return 0, 0, false, false
	}
	if len(d.Rows) == 0 {
		return 0, most, capped, true // no tier holds: nothing is paid
	}
	row := d.Rows[0]
	yuan := func(v table.Value) decimal.Fen {
		f, err2 := decimal.Of(v.Num, 100, 1, decimal.Down)
		if err2 != nil || v.Num.Coef < 0 {
			err = decimal.ErrRange
		}
		return f
	}
	if i, ok := a.tierOut["fixed"]; ok {
		amount = yuan(row[i])
		return amount, most, capped, err == nil
	}
	if i, ok := a.tierOut["cap"]; ok {
		if c := yuan(row[i]); !capped || c < most {
			most, capped = c, true
		}
	}
	if err == nil {
		amount, err = decimal.Of(row[a.tierOut["rate"]].Num, base, p.unit, p.mode)
	}
	return amount, most, capped, err == nil
}

// inputs are those of the decision table.
func (p *program) inputs(r *Row, declared bool) []table.Value {
	in := make([]table.Value, len(p.tier))
	for i, f := range p.tier {
		in[i] = r.value(f, declared)
	}
	return in
}

func (r *Row) value(c column, declared bool) table.Value {
	n, known := r.get(c.need, declared)
	if !known {
		return table.Value{Kind: table.Unknown}
	}
	switch c.typ {
	case TypeBool:
		return table.OfBool(n == 1)
	case TypeMoney:
		return table.OfNumber(decimal.New(n, 2))
	case TypeDate:
		return table.OfDays(n)
	case TypeChoice:
		if n == 0 {
			return table.OfString("") // an option that no measure names
		}
		return table.OfString(c.options[bits.TrailingZeros64(uint64(n))])
	}
	return table.OfNumber(decimal.Int(n))
}
