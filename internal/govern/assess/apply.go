package assess

import "slices"

// given is the answer that counts in one standing: the declared one, the measured one, or what of both is evidenced.
type given struct {
	known    bool
	na       bool   // said not to apply
	choice   int    // index of the choice; not of a multi
	picks    uint64 // a multi's choices, by index
	grade    Grade  // the lowest of its parts
	measured bool
	answer   *Answer
	from     string
}

// truth of three: what is not known yet is neither.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

// standing is a scoring in numbers: what Level and the explanation are made of.
type standing struct {
	x       *Instrument
	given   []given // by question
	applies []truth // by question
	out     []bool  // by node: its points go to its siblings
	full    []Points
	sub     []int64  // what is had, in parts of a point that the shares divide
	got     []Points // the same, rounded to be told
	level   int
	holds   []bool // by level, its own rules alone
}

// read turns an answer into the choice it makes. least is the grade that counts.
func (q *quest) read(a *Answer, least Grade, measured bool) given {
	g := given{answer: a, measured: measured, grade: a.Grade, from: a.From}
	if q.Kind == Multi && !a.NotApplicable && !a.None {
		g.grade = E3
		for _, p := range a.Choices {
			if p.Grade < least {
				continue
			}
			g.known = true
			g.picks |= 1 << q.index(p.Option)
			g.grade = min(g.grade, p.Grade)
			if g.from == "" {
				g.from = p.From
			}
		}
		return g
	}
	if a.Grade < least {
		return given{}
	}
	g.known = true
	switch {
	case a.NotApplicable:
		g.na = true
	case q.Kind == Multi: // none
	case q.Kind == Number || q.Kind == Percentage:
		v, err := a.quantity()
		if err != nil {
			return given{}
		}
		if g.choice = q.bracket(v); g.choice < 0 {
			return given{}
		}
	default:
		if g.choice = q.index(a.Choice); g.choice < 0 {
			return given{}
		}
	}
	return g
}

// counts is the answer of a question that counts. Where everything counts that is what was declared, and what was measured only where
// nothing was. Where evidence is asked for it is the better evidenced one, and of a multi every option that is evidenced.
func (q *quest) counts(s *Sheet, least Grade) given {
	d, declared := s.Declared[q.ID]
	m, measured := s.Measured[q.ID]
	var a, b given
	if declared {
		a = q.read(&d, least, false)
	}
	if measured && (!declared || least > E0) {
		b = q.read(&m, least, true)
	}
	switch {
	case !b.known:
		return a
	case !a.known:
		return b
	case q.Kind == Multi && !a.na && !b.na:
		a.picks |= b.picks
		a.grade = min(a.grade, b.grade)
		a.from = b.from
		return a
	case b.grade >= a.grade:
		return b
	}
	return a
}

// decide finds the answers that count and which questions apply.
func (x *Instrument) decide(s *Sheet, least Grade) *standing {
	c := x.c
	st := &standing{x: x, given: make([]given, len(c.questions)), applies: make([]truth, len(c.questions))}
	for i, q := range c.questions {
		st.given[i] = q.counts(s, least)
	}
	for _, i := range c.order {
		q := c.questions[i]
		t := yes
		for n := q.node; n >= 0; n = c.nodes[n].parent {
			for j := range c.nodes[n].when {
				t = min(t, st.when(&c.nodes[n].when[j], s))
			}
		}
		if st.given[i].known && st.given[i].na {
			t = no
		}
		st.applies[i] = t
	}
	return st
}

// when evaluates a condition. A question that does not apply has no answer, so that neither in nor notIn holds.
func (st *standing) when(w *When, s *Sheet) truth {
	in := func(id string) bool {
		return slices.Contains(w.In, id) || len(w.NotIn) > 0 && !slices.Contains(w.NotIn, id)
	}
	is := func(b bool) truth {
		if b {
			return yes
		}
		return no
	}
	if w.Trait != "" {
		v, ok := s.Profile[w.Trait]
		if !ok {
			return unknown
		}
		return is(in(v))
	}
	q := st.x.c.byID[w.Question]
	g := st.given[q.at]
	switch {
	case st.applies[q.at] == no:
		return no
	case !g.known:
		return unknown
	case q.Kind != Multi:
		return is(in(q.choices[g.choice].id))
	}
	for k, ch := range q.choices {
		if slices.Contains(w.In, ch.id) && g.picks&(1<<k) != 0 {
			return yes
		}
		if slices.Contains(w.NotIn, ch.id) && g.picks&(1<<k) != 0 {
			return no
		}
	}
	return is(len(w.NotIn) > 0)
}
