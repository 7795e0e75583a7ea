package assess

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"jingwei/internal/kernel/text"
)

// compiled is an instrument ready for scoring.
type compiled struct {
	nodes     []node   // every section before its parts, every part before what it holds
	questions []*quest // in the order of the pack
	byID      map[string]*quest
	nodeByID  map[string]int
	order     []int    // questions so that one stands after those its applicability rests on
	asked     []bool   // by question: another one's applicability rests on it
	rules     [][]rule // by level
}

// node is a section, a part or a question in the tree of weights.
type node struct {
	id      string
	name    text.Text
	weight  int64
	full    Points // when everything applies
	section int
	parent  int // -1 of a section
	kids    []int
	quest   int // -1 unless a question
	when    []When
	absent  string
}

// quest is a question with its answers in one form.
type quest struct {
	*Question
	at      int // among the questions
	node    int
	section *Section
	whole   int64
	choices []choice
}

// choice is one possible answer: an option, a bracket or a step.
type choice struct {
	id        string
	share     int64
	level     int
	text      text.Text
	exclusive bool
	need      string
	cost      int64 // from the choice just below it
	in        interval
}

// index of a choice, or -1.
func (q *quest) index(id string) int {
	return slices.IndexFunc(q.choices, func(c choice) bool { return c.id == id })
}

// bracket of a number, or -1.
func (q *quest) bracket(v Quantity) int {
	return slices.IndexFunc(q.choices, func(c choice) bool { return c.in.holds(v) })
}

// compile makes what scoring needs. It is called when check has found no fault in the tree.
func (x *Instrument) compile() *compiled {
	c := &compiled{byID: map[string]*quest{}, nodeByID: map[string]int{}}
	for si := range x.Sections {
		s := &x.Sections[si]
		root := c.add(node{id: s.ID, name: s.Name, full: Points(s.Full * point), section: si, parent: -1, quest: -1})
		c.grow(x, s, root, s.Parts, s.Questions)
	}
	for i := range c.nodes {
		n := &c.nodes[i]
		if len(n.kids) == 0 || x.Sections[n.section].Counted {
			continue
		}
		for k, f := range apportion(int64(n.full), c.weights(n.kids)) {
			c.nodes[n.kids[k]].full = Points(f)
		}
	}
	c.asked = make([]bool, len(c.questions))
	for i := range c.nodes {
		for _, w := range c.nodes[i].when {
			if q := c.byID[w.Question]; q != nil {
				c.asked[q.at] = true
			}
		}
	}
	return c
}

func (c *compiled) weights(kids []int) []int64 {
	out := make([]int64, len(kids))
	for k, n := range kids {
		out[k] = c.nodes[n].weight
	}
	return out
}

func (c *compiled) add(n node) int {
	c.nodes = append(c.nodes, n)
	i := len(c.nodes) - 1
	c.nodeByID[n.id] = i
	if n.parent >= 0 {
		c.nodes[n.parent].kids = append(c.nodes[n.parent].kids, i)
	}
	return i
}

func (c *compiled) grow(x *Instrument, s *Section, parent int, parts []Part, questions []Question) {
	si := c.nodes[parent].section
	for i := range parts {
		p := &parts[i]
		c.grow(x, s, c.add(node{id: p.ID, name: p.Name, weight: p.Weight, section: si, parent: parent, quest: -1, when: p.AppliesWhen}), p.Parts, p.Questions)
	}
	for i := range questions {
		q := &questions[i]
		n := c.add(node{id: q.ID, name: q.Text, weight: q.Weight, section: si, parent: parent, quest: len(c.questions), when: q.AppliesWhen,
			absent: cmp.Or(q.Absent, x.Absent)})
		out := &quest{Question: q, at: len(c.questions), node: n, section: s, whole: x.Whole, choices: x.choices(q)}
		c.questions = append(c.questions, out)
		c.byID[q.ID] = out
	}
}

// choices of a question, with those of its scale.
func (x *Instrument) choices(q *Question) []choice {
	options, brackets, steps := q.Options, q.Brackets, q.Steps
	if i := slices.IndexFunc(x.Scales, func(s Scale) bool { return s.ID == q.Scale }); q.Scale != "" && i >= 0 {
		options, brackets, steps = x.Scales[i].Options, x.Scales[i].Brackets, x.Scales[i].Steps
	}
	cost := func(own *int64, def int64) int64 {
		if own != nil {
			return *own
		}
		return def
	}
	var out []choice
	switch q.Kind {
	case YesNo:
		return []choice{{id: "no", text: text.Text{Zh: "否", En: "no"}},
			{id: "yes", share: x.Whole, text: text.Text{Zh: "是", En: "yes"}, need: q.Need, cost: x.Costs.Option}}
	case Single, Multi:
		for _, o := range options {
			out = append(out, choice{id: o.ID, share: o.Share, text: o.Text, exclusive: o.Exclusive, need: cmp.Or(o.Need, q.Need), cost: cost(o.Cost, x.Costs.Option)})
		}
	case Number, Percentage:
		for _, b := range brackets {
			in, _ := parseInterval(b.Range) // check has read it
			out = append(out, choice{id: b.Range, share: b.Share, text: text.Both(b.Range), need: q.Need, cost: cost(b.Cost, x.Costs.Option), in: in})
		}
	case Ladder:
		out = append(out, choice{id: "0", text: text.Text{Zh: "未开展", En: "nothing of it"}})
		for i, s := range steps {
			def := x.Costs.Option
			if i < len(x.Costs.Steps) {
				def = x.Costs.Steps[i]
			}
			out = append(out, choice{id: strconv.Itoa(s.Level), share: s.Share, level: s.Level, text: s.Text, need: cmp.Or(s.Need, q.Need), cost: cost(s.Cost, def)})
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func names[T any](list []T, name func(T) string) string {
	s := ""
	for i, v := range list {
		if i > 0 {
			s += ", "
		}
		s += name(v)
	}
	return s
}

func hasOption(list []Option, id string) bool {
	return slices.ContainsFunc(list, func(o Option) bool { return o.ID == id })
}
