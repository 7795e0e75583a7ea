package incentive

import (
	"fmt"
	"slices"
	"strings"

	"jingwei/internal/kernel/text"
)

// Step is one step of an explanation: what was looked at, what came out, on which clause it rests, and what it is made of.
type Step struct {
	Kind   string    `json:"kind"`   // measure, validity, condition, all, any, not, test, amount, base, rate, cap, result, stacking
	Result string    `json:"result"` // true, false, unknown; an amount in fen; a reason
	Text   text.Text `json:"text"`
	Clause *Cite     `json:"clause,omitempty"`
	Steps  []Step    `json:"steps,omitempty"`
}

// Cite names the clause of a step.
type Cite struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Section  string `json:"section"`
	Quote    string `json:"quote"`
	SHA256   string `json:"sha256"`
	Verified bool   `json:"verified"` // the quote was found in the document with this hash
}

// explainer explains one measure for one row. It asks the same program that decided.
type explainer struct {
	set *Set
	m   *Measure
	p   *program
	row *Row
	sub *Subject
	day Date
}

func say(zh, en string, a ...any) text.Text {
	return text.Text{Zh: fmt.Sprintf(zh, a...), En: fmt.Sprintf(en, a...)}
}

var verdictWords = [...]text.Text{{Zh: "不符合", En: "not met"}, {Zh: "尚不能确定", En: "not known yet"}, {Zh: "符合", En: "met"}}

func (e *explainer) cite(id string) *Cite {
	i := slices.IndexFunc(e.m.Clauses, func(c Clause) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	c := e.m.Clauses[i]
	return &Cite{ID: c.ID, Title: c.Title, Section: c.Section, Quote: c.Quote, SHA256: c.SHA256, Verified: e.m.verified}
}

// top is the condition whose node stands at k.
func (e *explainer) top(k int32) *Condition {
	i := 0
	for at := int32(0); at < k; at = e.p.nodes[at].next {
		i++
	}
	return &e.m.Conditions[i]
}

// explain makes the whole tree.
func (e *explainer) explain(v Verdict, g grant) Step {
	root := Step{Kind: "measure", Result: v.Eligible.String(), Clause: e.cite(e.m.Clauses[0].ID)}
	root.Steps = append(root.Steps, e.validity())
	k := int32(0)
	for i := range e.m.Conditions {
		root.Steps = append(root.Steps, e.condition(&e.m.Conditions[i], k))
		k = e.p.nodes[k].next
	}
	name := e.m.Name
	switch {
	case v.Eligible == False:
		root.Text = text.Text{Zh: name.Zh + "：不符合条件", En: name.En + ": not eligible"}
	case v.Eligible == Unknown:
		root.Text = text.Text{Zh: name.Zh + "：尚缺证据，不能确定", En: name.En + ": evidence is missing, not known yet"}
	default:
		root.Text = text.Text{Zh: name.Zh + "：符合条件", En: name.En + ": eligible"}
	}
	if v.Eligible == False {
		return root
	}
	if !e.m.Calculable() {
		root.Steps = append(root.Steps, Step{Kind: "amount", Result: "none", Text: e.m.NotCalculable})
		return root
	}
	root.Steps = append(root.Steps, e.amount(v))
	if v.Eligible == True && v.Known {
		root.Steps = append(root.Steps, e.beside(g))
	}
	return root
}

func (e *explainer) validity() Step {
	s := Step{Kind: "validity", Result: e.p.valid(e.day).String()}
	to := text.Text{Zh: "未规定截止日", En: "no last day"}
	if e.p.closed {
		to = say("至%s", "to %s", e.p.to)
	}
	from := text.Text{Zh: "自文件公布之日起（本系统尚未录入该日期）", En: "from the document's publication (a date that is not on file here)"}
	if e.p.dated {
		from = say("自%s起", "from %s", e.p.from)
	}
	s.Text = text.Text{
		Zh: fmt.Sprintf("申报日%s；有效期%s，%s；%s", e.day, from.Zh, to.Zh, e.m.Valid.Text.Zh),
		En: fmt.Sprintf("filed on %s; valid %s, %s; %s", e.day, from.En, to.En, e.m.Valid.Text.En),
	}
	return s
}

func (e *explainer) condition(c *Condition, at int32) Step {
	t := e.p.eval(at, e.row, false)
	s := Step{Kind: "condition", Result: t.String(), Clause: e.cite(c.Clause)}
	if c.Prefer {
		s.Kind = "priority"
	}
	w := verdictWords[t]
	if !c.Text.IsZero() {
		s.Text = text.Text{Zh: c.Text.Zh + "：" + w.Zh, En: c.Text.En + ": " + w.En}
	}
	kids, join := c.All, text.Text{Zh: "须全部满足", En: "all of"}
	switch {
	case len(c.Any) > 0:
		kids, join = c.Any, text.Text{Zh: "满足其一即可", En: "any of"}
	case c.Not != nil:
		kids, join = []Condition{*c.Not}, text.Text{Zh: "须不满足", En: "not"}
	case c.Fact != "":
		test := e.test(c, at, t)
		if c.Text.IsZero() {
			return test
		}
		s.Steps = []Step{test}
		return s
	}
	if s.Text.IsZero() {
		s.Text = text.Text{Zh: join.Zh + "：" + w.Zh, En: join.En + ": " + w.En}
	}
	k := at + 1
	for i := range kids {
		s.Steps = append(s.Steps, e.condition(&kids[i], k))
		k = e.p.nodes[k].next
	}
	return s
}

// test says what was asked, what is known, and with which evidence.
func (e *explainer) test(c *Condition, at int32, t Trit) Step {
	f := &e.m.Facts[c.test.fact]
	want := e.wanted(c, f)
	have := e.have(f)
	return Step{Kind: "test", Result: t.String(), Text: text.Text{
		Zh: fmt.Sprintf("%s：要求%s；%s", f.Name.Zh, want.Zh, have.Zh),
		En: fmt.Sprintf("%s: wanted %s; %s", f.Name.En, want.En, have.En),
	}}
}

func (e *explainer) wanted(c *Condition, f *Fact) text.Text {
	names := func(ids []string) text.Text {
		var zh, en []string
		for _, id := range ids {
			n := optionName(f, id)
			zh, en = append(zh, n.Zh), append(en, n.En)
		}
		return text.Text{Zh: strings.Join(zh, "、"), En: strings.Join(en, ", ")}
	}
	list := names(c.test.options)
	switch {
	case len(c.In) > 0:
		return text.Text{Zh: "为下列之一：" + list.Zh, En: "one of " + list.En}
	case len(c.HasAll) > 0:
		return text.Text{Zh: "同时具备：" + list.Zh, En: "all of " + list.En}
	case len(c.HasAny) > 0:
		return text.Text{Zh: "至少具备其一：" + list.Zh, En: "at least one of " + list.En}
	case c.Is != nil:
		v := show(f, c.test.low)
		if c.test.typ == TypeChoice {
			v = list
		}
		return text.Text{Zh: "为" + v.Zh, En: v.En}
	}
	var zh, en []string
	for _, b := range []struct {
		v      any
		zh, en string
	}{{c.AtLeast, "不低于", "at least"}, {c.Above, "高于", "above"}, {c.AtMost, "不高于", "at most"}, {c.Below, "低于", "below"}} {
		if b.v != nil {
			zh, en = append(zh, fmt.Sprint(b.zh, b.v)), append(en, fmt.Sprint(b.en, " ", b.v))
		}
	}
	return text.Text{Zh: strings.Join(zh, "且"), En: strings.Join(en, " and ")}
}

// have says what is known of a fact.
func (e *explainer) have(f *Fact) text.Text {
	c := e.row.cells[e.set.keys[f.Key]]
	if !c.known {
		return text.Text{
			Zh: fmt.Sprintf("尚无材料（要求证据等级%s：%s）", f.grade, f.Evidence.Zh),
			En: fmt.Sprintf("nothing is known (evidence of grade %s is asked for: %s)", f.grade, f.Evidence.En),
		}
	}
	v := e.shown(f)
	if c.grade < f.grade {
		return text.Text{
			Zh: fmt.Sprintf("申报为%s，证据等级%s低于要求的%s（%s）", v.Zh, c.grade, f.grade, f.Evidence.Zh),
			En: fmt.Sprintf("it is said to be %s, evidence %s is below %s (%s)", v.En, c.grade, f.grade, f.Evidence.En),
		}
	}
	return text.Text{Zh: fmt.Sprintf("现为%s（证据等级%s）", v.Zh, c.grade), En: fmt.Sprintf("it is %s (evidence %s)", v.En, c.grade)}
}

func (e *explainer) shown(f *Fact) text.Text {
	v := e.sub.Facts[f.Key].Value
	switch v.typ {
	case TypeChoice, TypeSet:
		var zh, en []string
		for _, w := range v.words {
			n := optionName(f, w)
			zh, en = append(zh, n.Zh), append(en, n.En)
		}
		if len(zh) == 0 {
			return text.Text{Zh: "无", En: "none"}
		}
		return text.Text{Zh: strings.Join(zh, "、"), En: strings.Join(en, ", ")}
	case TypeAmounts:
		return say("%d笔", "%d amounts", len(v.items))
	}
	return show(f, v.n)
}

func optionName(f *Fact, id string) text.Text {
	if i := slices.IndexFunc(f.Options, func(o Option) bool { return o.ID == id }); i >= 0 {
		return f.Options[i].Name
	}
	return text.Both(id)
}

// missing lists, in the order of the facts, the evidence without which the verdict stays open.
func (e *explainer) missing(v Verdict) []Missing {
	if v.Eligible == False || v.Eligible == True && (v.Known || !e.m.Calculable()) {
		return nil
	}
	var out []Missing
	if e.p.valid(e.day) == Unknown {
		out = append(out, Missing{Fact: Published, Name: text.Text{Zh: "文件公布日期", En: "date of the document's publication"}, Need: E1,
			Evidence: text.Text{Zh: e.m.Clauses[0].Title + "的公布页面或正式文本", En: "the document as it was published"}})
	}
	open := make([]bool, len(e.m.Facts))
	for k := int32(0); k < int32(len(e.p.nodes)); k = e.p.nodes[k].next {
		if !e.p.nodes[k].prefer {
			e.open(k, open)
		}
	}
	if e.m.Calculable() && !v.Known {
		p := e.p
		for _, f := range slices.Concat(p.sum, p.less, []need{p.list, p.received}) {
			e.mark(f, open)
		}
		for _, c := range p.tier {
			e.mark(c.need, open)
		}
	}
	for i, is := range open {
		if !is {
			continue
		}
		f := &e.m.Facts[i]
		miss := Missing{Fact: f.Key, Name: f.Name, Need: f.grade, Evidence: f.Evidence}
		if c := e.row.cells[e.set.keys[f.Key]]; c.known {
			miss.Have = c.grade.String()
		}
		out = append(out, miss)
	}
	return out
}

// open marks the facts below a node that leave it unknown. What is settled needs nothing.
func (e *explainer) open(at int32, marks []bool) {
	n := &e.p.nodes[at]
	if e.p.eval(at, e.row, false) != Unknown {
		return
	}
	if n.op == opRange || n.op == opIn || n.op == opHas {
		e.mark(n.fact, marks)
		return
	}
	for k := at + 1; k < n.next; k = e.p.nodes[k].next {
		e.open(k, marks)
	}
}

func (e *explainer) mark(f need, marks []bool) {
	if f.slot < 0 {
		return
	}
	if _, known := e.row.get(f, false); !known {
		marks[f.index] = true
	}
}
