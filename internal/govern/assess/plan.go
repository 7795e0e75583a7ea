package assess

import (
	"fmt"
	"slices"

	"jingwei/internal/kernel/text"
)

// Ask is what a path is wanted for.
type Ask struct {
	Grade  Grade                       // E0: from what is declared; else from what is evidenced by at least this grade
	Target int                         // the level to reach; 0 is the next one
	Costs  map[string]map[string]int64 // by question and answer, what the step to that answer costs; what is not given is the pack's estimate
	Prove  *int64                      // what proving a declared answer costs; nil is the pack's estimate
}

// Plan is the cheapest path to a level: no other set of steps reaches it for less.
type Plan struct {
	Instrument string      `json:"instrument"`
	Version    string      `json:"version"`
	Grade      Grade       `json:"grade"`
	From       int         `json:"from"`
	Target     int         `json:"target"`
	Reached    int         `json:"reached"` // at least the target
	Cost       int64       `json:"cost"`
	Unit       text.Text   `json:"unit"`
	Estimated  bool        `json:"estimated"` // some cost is the pack's estimate
	Steps      []PlanStep  `json:"steps" nullable:"false"`
	Rules      []RuleCheck `json:"rules" nullable:"false"` // of the level reached, as they stand after the steps
	States     int         `json:"states"`
	Text       text.Text   `json:"text"`

	After *Sheet `json:"-"` // the answers after the steps
}

// PlanStep is one answer to change, or to prove.
type PlanStep struct {
	Question  string    `json:"question"`
	Kind      string    `json:"kind"` // improve, prove
	From      string    `json:"from"` // empty: not answered
	To        string    `json:"to"`
	Points    Points    `json:"points"`
	Cost      int64     `json:"cost"`
	Estimated bool      `json:"estimated"`
	Need      string    `json:"need"`
	Text      text.Text `json:"text"`
}

// maxStates bounds the partial paths that are kept: above it a path is refused rather than guessed.
const maxStates = 500_000

// Path finds the cheapest set of steps to a level. Questions on which it depends whether others apply keep their answers. Errors:
// problem.All of the sheet's faults, ErrTarget, ErrCost, ErrOutOfReach, ErrTooLarge.
func (x *Instrument) Path(s *Sheet, ask Ask) (*Plan, error) {
	if err := x.CheckSheet(s); err != nil {
		return nil, err
	}
	if err := x.CheckCosts(ask); err != nil {
		return nil, err
	}
	st := x.stand(s, ask.Grade)
	target := ask.Target
	if target == 0 {
		target = st.level + 1
	}
	if target <= st.level || target > len(x.Levels) {
		return nil, ErrTarget.At("target", ask.Target).With("highest", len(x.Levels))
	}
	items := st.items(s, ask)
	var best *found
	states := 0
	for level := target; level <= len(x.Levels); level++ { // a higher level may be had for less: its rules are its own
		f, n, err := st.search(items, level)
		states += n
		if err != nil {
			return nil, err
		}
		if f != nil && (best == nil || f.cost < best.cost) {
			best = f
		}
	}
	if best == nil {
		return nil, ErrOutOfReach.At("target", target)
	}
	return x.plan(s, ask, st, target, best, states)
}

// CheckCosts returns what is wrong with the costs of an ask. Errors: ErrQuestion, ErrOption, ErrCost.
func (x *Instrument) CheckCosts(ask Ask) error {
	for _, id := range sortedKeys(ask.Costs) {
		q := x.c.byID[id]
		if q == nil {
			return ErrQuestion.At("body.costs."+id, id).With("instrument", x.ID)
		}
		for _, to := range sortedKeys(ask.Costs[id]) {
			at := "body.costs." + id + "." + to
			if q.index(to) < 0 {
				return ErrOption.At(at, to).With("known", names(q.choices, func(c choice) string { return c.id }))
			}
			if c := ask.Costs[id][to]; c < 0 || c > maxCost {
				return ErrCost.At(at, c).With("max", int64(maxCost))
			}
		}
	}
	if ask.Prove != nil && (*ask.Prove < 0 || *ask.Prove > maxCost) {
		return ErrCost.At("body.prove", *ask.Prove).With("max", int64(maxCost))
	}
	return nil
}

// item is one thing that may be changed: a question, or an option of a multi. Its first option is to leave it.
type item struct {
	q       *quest
	options []itemOption
}

type itemOption struct {
	choice    int // -1: as it is
	cost      int64
	estimated bool
	prove     bool
	gain      int64 // in parts of a point that the shares divide
}

// items are the changes there are, from the answers that count.
func (st *standing) items(s *Sheet, ask Ask) []item {
	var out []item
	for _, q := range st.x.c.questions {
		if st.x.c.asked[q.at] || st.applies[q.at] == no {
			continue
		}
		if q.Kind == Multi {
			out = append(out, st.multiItems(q, s, ask)...)
		} else if it := st.singleItem(q, s, ask); len(it.options) > 1 {
			out = append(out, it)
		}
	}
	return out
}

func (st *standing) price(q *quest, k int, ask Ask) (int64, bool) {
	if c, ok := ask.Costs[q.ID][q.choices[k].id]; ok {
		return c, false
	}
	return q.choices[k].cost, true
}

func (st *standing) proving(ask Ask) (int64, bool) {
	if ask.Prove != nil {
		return *ask.Prove, false
	}
	return st.x.Costs.Prove, true
}

// singleItem has the better answers of a question, from the worst to the best. The way to one passes those between; what is declared already
// costs its proof only.
func (st *standing) singleItem(q *quest, s *Sheet, ask Ask) item {
	g := &st.given[q.at]
	full := int64(st.full[q.node])
	ranked := make([]int, len(q.choices))
	for k := range ranked {
		ranked[q.rank(k)] = k
	}
	at, claimed := -1, -1 // ranks
	now := int64(0)
	if g.known {
		at, now = q.rank(g.choice), q.choices[g.choice].share
	}
	if d, ok := s.Declared[q.ID]; ok && ask.Grade > E0 {
		if c := q.read(&d, E0, false); c.known && !c.na && q.rank(c.choice) > at {
			claimed = q.rank(c.choice)
		}
	}
	it := item{q: q, options: []itemOption{{choice: -1}}}
	sum, estimated := int64(0), false
	for r := at + 1; r < len(ranked); r++ {
		k := ranked[r]
		o := itemOption{choice: k, gain: full * (q.choices[k].share - now)}
		switch {
		case r <= claimed:
			o.cost, o.estimated = st.proving(ask)
			o.prove = true
		case r > 0:
			c, e := st.price(q, k, ask)
			sum, estimated = sum+c, estimated || e && c > 0
			o.cost, o.estimated = sum, estimated
		}
		it.options = append(it.options, o)
	}
	return it
}

func (st *standing) multiItems(q *quest, s *Sheet, ask Ask) []item {
	var out []item
	claimed := uint64(0)
	if d, ok := s.Declared[q.ID]; ok && ask.Grade > E0 {
		claimed = q.read(&d, E0, false).picks
	}
	for k := range q.choices {
		if q.choices[k].exclusive || st.given[q.at].picks&(1<<k) != 0 {
			continue
		}
		o := itemOption{choice: k, gain: int64(st.full[q.node]) * q.choices[k].share}
		if claimed&(1<<k) != 0 {
			o.cost, o.estimated = st.proving(ask)
			o.prove = true
		} else {
			o.cost, o.estimated = st.price(q, k, ask)
		}
		out = append(out, item{q: q, options: []itemOption{{choice: -1}, o}})
	}
	return out
}

// plan words what was found, and proves it by scoring the answers after the steps.
func (x *Instrument) plan(s *Sheet, ask Ask, st *standing, target int, f *found, states int) (*Plan, error) {
	p := &Plan{Instrument: x.ID, Version: x.Version, Grade: ask.Grade, From: st.level, Target: target, Cost: f.cost, Unit: x.Costs.Unit, States: states,
		Steps: []PlanStep{}, Rules: []RuleCheck{}, After: s.clone()}
	for _, t := range f.taken {
		p.Steps = append(p.Steps, st.step(t, p.After, ask.Grade))
		p.Estimated = p.Estimated || t.o.estimated
	}
	after := x.stand(p.After, ask.Grade)
	if p.Reached = after.level; p.Reached < target {
		return nil, fmt.Errorf("the path to level %d of %s scores level %d; the search and the scoring differ", target, x.ID, p.Reached)
	}
	for i := range x.c.rules[p.Reached-1] {
		p.Rules = append(p.Rules, after.ruleCheck(&x.c.rules[p.Reached-1][i]))
	}
	var list []text.Text
	for _, step := range p.Steps {
		list = append(list, step.Text)
	}
	p.Text = say("从%s到%s，最少需要%d %s：%s。已比较全部组合的%d个非支配中间结果，没有更省的路径", "From %s to %s takes at least %d %s: %s. All combinations were compared by %d intermediate results that are not dominated; no path costs less",
		x.levelName(st.level), x.levelName(p.Reached), p.Cost, p.Unit, join(list, "；", "; "), states)
	return p, nil
}

func (s *Sheet) clone() *Sheet {
	out := &Sheet{Profile: s.Profile, Declared: map[string]Answer{}, Measured: map[string]Answer{}}
	for id, a := range s.Declared {
		a.Choices = slices.Clone(a.Choices)
		out.Declared[id] = a
	}
	for id, a := range s.Measured {
		out.Measured[id] = a
	}
	return out
}

// step takes one step: it changes the sheet and words the change.
func (st *standing) step(t taken, s *Sheet, grade Grade) PlanStep {
	q, ch := t.it.q, &t.it.q.choices[t.o.choice]
	g := &st.given[q.at]
	p := PlanStep{Question: q.ID, Kind: "improve", To: ch.id, Points: Points(t.o.gain / q.whole), Cost: t.o.cost, Estimated: t.o.estimated, Need: ch.need}
	if g.known {
		p.From = q.chosen(g)
	}
	if t.o.prove {
		p.Kind, p.Need = "prove", "evidence"
	}
	if q.Kind == Multi {
		a, had := s.Declared[q.ID]
		if !had {
			a = Answer{}
			// What counts so far was measured; it stays, beside the new option.
			if m, ok := s.Measured[q.ID]; ok {
				a.Choices = slices.Clone(m.Choices)
			}
		}
		a.None = false
		a.Choices = slices.DeleteFunc(a.Choices, func(o Picked) bool { return o.Option == ch.id || q.choices[q.index(o.Option)].exclusive })
		a.Choices = append(a.Choices, Picked{Option: ch.id, Grade: grade})
		s.Declared[q.ID] = a
	} else {
		a := Answer{Grade: grade}
		if q.Kind == Number || q.Kind == Percentage {
			a.Number = ch.in.inside().String()
		} else {
			a.Choice = ch.id
		}
		s.Declared[q.ID] = a
		delete(s.Measured, q.ID) // it was measured before the step
	}
	from := text.Text{Zh: "未作答", En: "not answered"}
	if g.known && q.Kind != Multi {
		from = q.choices[g.choice].text
	}
	switch {
	case t.o.prove:
		p.Text = say("为“%s”的“%s”补充证据（%d）", "prove \"%[2]s\" of \"%[1]s\" (%[3]d)", q.Text, ch.text, p.Cost)
	case q.Kind == Multi:
		p.Text = say("“%s”增加“%s”（+%s分，%d）", "\"%s\": add \"%s\" (+%s points, %d)", q.Text, ch.text, p.Points, p.Cost)
	case q.section.Counted:
		p.Text = say("“%s”从“%s”到“%s”（%d级，%d）", "\"%s\": from \"%s\" to \"%s\" (step %d, %d)", q.Text, from, ch.text, ch.level, p.Cost)
	default:
		p.Text = say("“%s”从“%s”到“%s”（+%s分，%d）", "\"%s\": from \"%s\" to \"%s\" (+%s points, %d)", q.Text, from, ch.text, p.Points, p.Cost)
	}
	return p
}
