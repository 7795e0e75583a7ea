package assess

import "strconv"

// stand scores a sheet with the answers of at least a grade.
func (x *Instrument) stand(s *Sheet, least Grade) *standing {
	st := x.decide(s, least)
	st.share()
	st.score()
	st.decideLevel()
	return st
}

// share gives every node its full points. What is out leaves its points to its siblings; when all that a section holds is out, it has none.
func (st *standing) share() {
	c := st.x.c
	st.out = make([]bool, len(c.nodes))
	st.full = make([]Points, len(c.nodes))
	some := false
	for i := len(c.nodes) - 1; i >= 0; i-- { // what a node holds stands behind it
		n := &c.nodes[i]
		if n.quest >= 0 {
			st.out[i] = st.applies[n.quest] == no && n.absent == Redistribute
		} else {
			st.out[i] = true
			for _, k := range n.kids {
				st.out[i] = st.out[i] && st.out[k]
			}
		}
		some = some || st.out[i]
	}
	for i := range c.nodes {
		n := &c.nodes[i]
		switch {
		case st.x.Sections[n.section].Counted:
			continue
		case !some:
			st.full[i] = n.full
			continue
		case n.parent < 0 && !st.out[i]:
			st.full[i] = n.full
		}
		weights := make([]int64, len(n.kids))
		for k, kid := range n.kids {
			if !st.out[kid] {
				weights[k] = c.nodes[kid].weight
			}
		}
		for k, f := range apportion(int64(st.full[i]), weights) {
			st.full[n.kids[k]] = Points(f)
		}
	}
}

// score gives every node what its answers earn. It is summed in parts of a point that the shares divide (a ten-thousandth of a point by the
// instrument's whole), so that it is exact even where full points were shared out; levels are decided by these sums. What is lost because a
// question does not apply lowers the full points of all above it.
func (st *standing) score() {
	c := st.x.c
	st.sub = make([]int64, len(c.nodes))
	for _, q := range c.questions {
		if q.section.Counted || st.out[q.node] {
			continue
		}
		sub, lost := int64(0), Points(0)
		switch {
		case st.applies[q.at] == no && c.nodes[q.node].absent == Granted:
			sub = int64(st.full[q.node]) * q.whole
		case st.applies[q.at] == no:
			lost = st.full[q.node]
		default:
			sub = int64(st.full[q.node]) * q.share(&st.given[q.at])
		}
		for n := q.node; n >= 0; n = c.nodes[n].parent {
			st.sub[n] += sub
			st.full[n] -= lost
		}
	}
	st.show()
}

// show rounds what nodes have to ten-thousandths of a point: sections down, and what they hold by largest remainders, so that the points told of
// the parts sum to those told of the whole. Where everything applies nothing is rounded, because the loader refuses weights that do not divide.
func (st *standing) show() {
	c, whole := st.x.c, st.x.Whole
	st.got = make([]Points, len(c.nodes))
	for i := range c.nodes {
		n := &c.nodes[i]
		if n.parent < 0 {
			st.got[i] = Points(st.sub[i] / whole)
		}
		if len(n.kids) == 0 {
			continue
		}
		rest := int64(st.got[i])
		for _, k := range n.kids {
			st.got[k] = Points(st.sub[k] / whole)
			rest -= int64(st.got[k])
		}
		for ; rest > 0; rest-- {
			best := -1
			for _, k := range n.kids {
				if int64(st.got[k])*whole < st.sub[k] && (best < 0 || st.sub[k]%whole > st.sub[best]%whole) {
					best = k
				}
			}
			st.got[best]++
		}
	}
}

// share is what of a question's full points an answer has, in parts of the instrument's whole.
func (q *quest) share(g *given) int64 {
	if !g.known || g.na {
		return 0
	}
	if q.Kind != Multi {
		return q.choices[g.choice].share
	}
	sum := int64(0)
	for k := range q.choices {
		if g.picks&(1<<k) != 0 {
			sum += q.choices[k].share
		}
	}
	return sum
}

// order of a choice among those of its question, from worst to best: by step, else by share.
func (q *quest) rank(k int) int {
	if q.Kind == Ladder {
		return q.choices[k].level
	}
	r := 0
	for i, c := range q.choices {
		if c.share < q.choices[k].share || c.share == q.choices[k].share && i < k {
			r++
		}
	}
	return r
}

// reach tells how many ladders of a section, or its binding ones, have reached a step.
func (st *standing) reach(section, step int, binding bool) int {
	c, n := st.x.c, 0
	for _, q := range c.questions {
		g := &st.given[q.at]
		if c.nodes[q.node].section == section && (!binding || q.Binding) && st.applies[q.at] != no && g.known && q.choices[g.choice].level >= step {
			n++
		}
	}
	return n
}

// rule is a rule of a level ready to be evaluated.
type rule struct {
	*Rule
	node     int   // of a score
	points   int64 // that are wanted, in the parts in which scores are summed; -1 where it is a percentage
	num, den int64 // of the percentage
	section  int   // of a count
	step     int
	least    int
	quest    *quest // of an answer that must be had
	choice   int
}

// compile reads what check has found to be sound.
func (r *Rule) compile(x *Instrument, c *compiled) rule {
	out := rule{Rule: r, points: -1}
	switch {
	case r.Score != "":
		out.node = c.nodeByID[r.Score]
		if r.AtLeast != "" {
			p, _ := parsePoints(r.AtLeast)
			out.points = int64(p) * x.Whole
		} else {
			q, _ := ParseQuantity(r.Percent)
			out.num, out.den = q.parts()
		}
	case r.Count != "":
		out.section = c.nodes[c.nodeByID[r.Count]].section
		out.step, _ = strconv.Atoi(r.Reached)
		out.least, _ = strconv.Atoi(r.AtLeast)
	default:
		out.quest = c.byID[r.Question]
		out.choice = out.quest.index(r.Reached)
	}
	return out
}

// hold tells whether a rule of a level does.
func (st *standing) hold(r *rule) bool {
	switch {
	case r.Score != "":
		return st.sub[r.node] >= st.need(r)
	case r.Count != "":
		return st.reach(r.section, r.step, r.Binding) >= r.least
	}
	q := r.quest
	g := &st.given[q.at]
	switch {
	case st.applies[q.at] == no:
		return true
	case !g.known:
		return false
	case q.Kind == Multi:
		return g.picks&(1<<r.choice) != 0
	}
	return q.rank(g.choice) >= q.rank(r.choice)
}

// figures are what there is and what is wanted by a rule, in its unit.
func (st *standing) figures(r *rule) (have, want string) {
	switch {
	case r.Score != "":
		return Points(st.sub[r.node] / st.x.Whole).String(), Points(st.need(r) / st.x.Whole).String()
	case r.Count != "":
		return strconv.Itoa(st.reach(r.section, r.step, r.Binding)), strconv.Itoa(r.least)
	}
	g := &st.given[r.quest.at]
	switch {
	case st.applies[r.quest.at] == no:
		have = "n/a"
	case !g.known:
		have = "?"
	default:
		have = r.quest.chosen(g)
	}
	return have, r.Reached
}

// need is what a rule on a score asks for, in the parts in which scores are summed. A percentage is of the points that can be had here.
func (st *standing) need(r *rule) int64 {
	if r.points >= 0 {
		return r.points
	}
	full := int64(st.full[r.node]) * st.x.Whole
	return (full/100*r.num + r.den - 1) / r.den // the whole is a multiple of 100
}

func (st *standing) decideLevel() {
	st.holds = make([]bool, len(st.x.Levels))
	climbing := true
	for i := range st.x.Levels {
		ok := true
		for j := range st.x.c.rules[i] {
			if ok = st.hold(&st.x.c.rules[i][j]); !ok {
				break
			}
		}
		st.holds[i] = ok
		climbing = climbing && ok
		if ok && (climbing || st.x.Climb == "highest") {
			st.level = i + 1
		}
	}
}

// Outcome is a level with the points of each section, in the order of the pack.
type Outcome struct {
	Level  int      `json:"level"`
	Scores []Points `json:"scores"`
}

// Quick scores without an explanation, for whole populations. The sheet must have passed CheckSheet.
func (x *Instrument) Quick(s *Sheet, least Grade) Outcome {
	st := x.stand(s, least)
	o := Outcome{Level: st.level, Scores: []Points{}}
	for i := range x.c.nodes {
		if n := &x.c.nodes[i]; n.parent < 0 && !x.Sections[n.section].Counted {
			o.Scores = append(o.Scores, st.got[i])
		}
	}
	return o
}
