package assess

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// exact refuses weights that do not divide: every answer gives a whole number of ten-thousandths of a point.
func (k *checker) exact(c *compiled) {
	for i := range c.nodes {
		n := &c.nodes[i]
		if k.x.Sections[n.section].Counted {
			continue
		}
		if n.parent >= 0 {
			up := &c.nodes[n.parent]
			if up.full > 0 && int64(up.full)*n.weight%k.x.Whole != 0 {
				k.report(k.ids[n.id]+".weight", fmt.Sprintf("%d of %d of %s points is no whole number of ten-thousandths of a point; choose a weight that divides", n.weight, k.x.Whole, up.full))
			}
		}
		if n.quest < 0 {
			continue
		}
		q := c.questions[n.quest]
		for _, ch := range q.choices {
			if int64(n.full)*ch.share%k.x.Whole != 0 {
				k.report(k.ids[n.id], fmt.Sprintf("answer %s: %d of %d of %s points is no whole number of ten-thousandths of a point; choose a share that divides", ch.id, ch.share, k.x.Whole, n.full))
			}
		}
	}
}

// references checks conditions of applicability and measures, and finds the order in which applicability is decided.
func (k *checker) references(c *compiled) {
	for i := range c.nodes {
		n := &c.nodes[i]
		for j, w := range n.when {
			k.when(fmt.Sprintf("%s.appliesWhen[%d]", k.ids[n.id], j), c, w)
		}
	}
	for _, q := range c.questions {
		for j := range q.Measured {
			k.measure(fmt.Sprintf("%s.measured[%d]", k.ids[q.ID], j), q, &q.Measured[j])
		}
	}
	if k.faults == 0 {
		k.cycles(c)
	}
}

func (k *checker) when(at string, c *compiled, w When) {
	var known []string
	switch {
	case (w.Question == "") == (w.Trait == ""):
		k.report(at, "asks for a question or for a trait: one of them")
		return
	case w.Question != "":
		q := c.byID[w.Question]
		if q == nil {
			k.report(at+".question", fmt.Sprintf("%q is not the id of a question", w.Question))
			return
		}
		for _, ch := range q.choices {
			known = append(known, ch.id)
		}
	default:
		i := slices.IndexFunc(k.x.Profile, func(t Trait) bool { return t.ID == w.Trait })
		if i < 0 {
			k.report(at+".trait", fmt.Sprintf("%q is not the id of a trait; declare it under profile", w.Trait))
			return
		}
		for _, o := range k.x.Profile[i].Options {
			known = append(known, o.ID)
		}
	}
	if (len(w.In) == 0) == (len(w.NotIn) == 0) {
		k.report(at, "needs in or notIn: one of them")
	}
	for _, v := range slices.Concat(w.In, w.NotIn) {
		if !slices.Contains(known, v) {
			k.report(at, fmt.Sprintf("%q is no answer there; it has %s", v, strings.Join(known, ", ")))
		}
	}
}

func (k *checker) measure(at string, q *quest, m *Measure) {
	number := q.Kind == Number || q.Kind == Percentage
	switch {
	case number && (m.Value == "" || m.Give != "" || len(m.When) > 0):
		k.report(at, fmt.Sprintf("a question of kind %s is measured by value alone: the name of a fact", q.Kind))
	case number && !factForm.MatchString(m.Value):
		k.report(at+".value", fmt.Sprintf("%q is no name of a fact; write lowercase words such as machines.networked", m.Value))
	case !number && (m.Value != "" || q.index(m.Give) < 0):
		k.report(at+".give", fmt.Sprintf("%q is no answer of the question; it has %s", m.Give, names(q.choices, func(c choice) string { return c.id })))
	case !number && len(m.When) == 0:
		k.report(at+".when", "is missing; say which facts prove the answer")
	case q.Kind == Multi && q.choices[q.index(m.Give)].exclusive:
		k.report(at+".give", fmt.Sprintf("%q: that there is nothing cannot be measured by this platform alone", m.Give))
	}
	for i, t := range m.When {
		where := fmt.Sprintf("%s.when[%d]", at, i)
		if !factForm.MatchString(t.Fact) {
			k.report(where+".fact", fmt.Sprintf("%q is no name of a fact; write lowercase words such as oee.days", t.Fact))
		}
		bounds := []string{t.AtLeast, t.AtMost, t.Above, t.Below}
		given := 0
		for _, b := range bounds {
			if b == "" {
				continue
			}
			given++
			if _, err := ParseQuantity(b); err != nil {
				k.report(where, err.Error())
			}
		}
		if (given == 0) == (t.Is == nil) {
			k.report(where, "needs is, or bounds (atLeast, atMost, above, below)")
		}
	}
}

// cycles refuses questions whose applicability rests on itself, and keeps the order in which it can be decided.
func (k *checker) cycles(c *compiled) {
	const (
		untouched = iota
		open
		done
	)
	state := make([]int, len(c.questions))
	var path []string
	var visit func(i int) bool
	visit = func(i int) bool {
		q := c.questions[i]
		switch state[i] {
		case done:
			return true
		case open:
			at := slices.Index(path, q.ID)
			k.report(k.ids[q.ID]+".appliesWhen", fmt.Sprintf("rests on itself: %s → %s; take out one of these conditions", strings.Join(path[at:], " → "), q.ID))
			return false
		}
		state[i], path = open, append(path, q.ID)
		for n := q.node; n >= 0; n = c.nodes[n].parent {
			for _, w := range c.nodes[n].when {
				if on := c.byID[w.Question]; on != nil && !visit(on.at) {
					return false
				}
			}
		}
		path = path[:len(path)-1]
		state[i] = done
		c.order = append(c.order, i)
		return true
	}
	for i := range c.questions {
		if !visit(i) {
			return
		}
	}
}

// levels checks the table: ascending, every rule of one form, naming what is there, and such that it can be met.
func (k *checker) levels(c *compiled) {
	x := k.x
	if len(x.Levels) == 0 || len(x.Levels) > maxLevels {
		k.report("$.levels", fmt.Sprintf("holds %d; 1 to %d levels fit", len(x.Levels), maxLevels))
	}
	for i := range x.Levels {
		l := &x.Levels[i]
		at := fmt.Sprintf("$.levels[%d]", i)
		if l.Level != i+1 {
			k.report(at+".level", fmt.Sprintf("%d; levels are numbered upwards from 1, so write %d", l.Level, i+1))
		}
		k.text(at+".name", l.Name)
		if !l.Text.IsZero() {
			k.text(at+".text", l.Text)
		}
		if l.Source == "" {
			k.report(at+".source", "is missing; name the source of its rules")
		}
		k.source(at+".source", l.Source)
		if len(l.All) == 0 || len(l.All) > maxRules {
			k.report(at+".all", fmt.Sprintf("holds %d rules; 1 to %d fit", len(l.All), maxRules))
		}
		for j := range l.All {
			k.rule(fmt.Sprintf("%s.all[%d]", at, j), c, &l.All[j])
		}
	}
}

func (k *checker) rule(at string, c *compiled, r *Rule) {
	given := 0
	for _, s := range []string{r.Score, r.Count, r.Question} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		k.report(at, "asks for one of score, count and question")
		return
	}
	switch {
	case r.Score != "":
		n, ok := c.nodeByID[r.Score]
		if !ok || c.nodes[n].quest >= 0 || k.x.Sections[c.nodes[n].section].Counted {
			k.report(at+".score", fmt.Sprintf("%q is not the id of a section or part that has points", r.Score))
			return
		}
		switch {
		case (r.AtLeast == "") == (r.Percent == "") || r.Reached != "" || r.Binding:
			k.report(at, "a rule on a score needs atLeast (points) or percent (of its full points), and nothing else")
		case r.AtLeast != "":
			if p, err := parsePoints(r.AtLeast); err != nil || p < 0 || p > c.nodes[n].full {
				k.report(at+".atLeast", fmt.Sprintf("%q: %s has %s points at most; ask for 0 to that", r.AtLeast, r.Score, c.nodes[n].full))
			}
		default:
			if q, err := ParseQuantity(r.Percent); err != nil || q.Cmp(Quantity{0, 1}) < 0 || q.Cmp(Quantity{100, 1}) > 0 || 10_000%max(q.den, 1) != 0 {
				k.report(at+".percent", fmt.Sprintf("%q is no percentage from 0 to 100", r.Percent))
			}
		}
	case r.Count != "":
		n, ok := c.nodeByID[r.Count]
		if !ok || c.nodes[n].parent >= 0 || !k.x.Sections[c.nodes[n].section].Counted {
			k.report(at+".count", fmt.Sprintf("%q is not the id of a counted section", r.Count))
			return
		}
		step, err := strconv.Atoi(r.Reached)
		if err != nil || step < 1 {
			k.report(at+".reached", fmt.Sprintf("%q is no step of a ladder; write 1 or above", r.Reached))
			return
		}
		some := 0
		for _, q := range c.questions {
			if c.nodes[q.node].section == c.nodes[n].section && (!r.Binding || q.Binding) && q.choices[len(q.choices)-1].level >= step {
				some++
			}
		}
		if want, err := strconv.Atoi(r.AtLeast); err != nil || want < 1 || want > some || r.Percent != "" {
			k.report(at+".atLeast", fmt.Sprintf("%q: %d questions there have step %d; ask for 1 to that", r.AtLeast, some, step))
		}
	default:
		q := c.byID[r.Question]
		if q == nil {
			k.report(at+".question", fmt.Sprintf("%q is not the id of a question", r.Question))
			return
		}
		if q.index(r.Reached) < 0 || q.Kind == Multi && q.choices[q.index(r.Reached)].exclusive || r.AtLeast != "" || r.Percent != "" || r.Binding {
			k.report(at+".reached", fmt.Sprintf("%q is no answer that can be asked for; %s has %s", r.Reached, r.Question, names(q.choices, func(c choice) string { return c.id })))
		}
	}
}
