package incentive

import (
	"fmt"
	"math/big"
	"strings"

	"jingwei/internal/govern/incentive/decimal"
	"jingwei/internal/kernel/text"
)

// yuan writes money in both languages.
func yuan(f decimal.Fen) text.Text { return text.Text{Zh: f.String() + "元", En: "CNY " + f.String()} }

// percent writes 0.3 as 30%.
func percent(d decimal.Decimal) string {
	n := new(big.Int).Mul(big.NewInt(d.Coef), big.NewInt(100))
	return digits(n, int(d.Scale)) + "%"
}

// digits writes n / 10^scale without zeros at the end.
func digits(n *big.Int, scale int) string {
	s := n.String()
	if scale > 0 {
		if pad := scale + 1 - len(s); pad > 0 {
			s = strings.Repeat("0", pad) + s
		}
		s = strings.TrimRight(strings.TrimRight(s[:len(s)-scale]+"."+s[len(s)-scale:], "0"), ".")
	}
	return s
}

// product writes rate × base exactly, in yuan, in the manner of Fen.String: groups of three and at least two digits.
func product(rate decimal.Decimal, base decimal.Fen) string {
	s := digits(new(big.Int).Mul(big.NewInt(rate.Coef), big.NewInt(int64(base))), int(rate.Scale)+2)
	whole, part, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + "." + part + strings.Repeat("0", max(0, 2-len(part)))
}

// show writes a value of a scalar fact.
func show(f *Fact, n int64) text.Text {
	switch typeNames[f.Type] {
	case TypeBool:
		if n == 1 {
			return text.Text{Zh: "是", En: "yes"}
		}
		return text.Text{Zh: "否", En: "no"}
	case TypeMoney:
		return yuan(decimal.Fen(n))
	case TypeDate:
		return text.Both(Date(n).String())
	}
	return text.Both(fmt.Sprint(n))
}

// amount explains what it comes to, with the numbers filled in.
func (e *explainer) amount(v Verdict) Step {
	a := e.m.Amount
	s := Step{Kind: "amount", Result: "unknown", Clause: e.cite(a.Clause)}
	if !v.Known {
		s.Text = text.Text{Zh: "金额尚不能计算：缺少计算基数或已获支持金额的证据", En: "the amount cannot be worked out yet: evidence of its base or of earlier support is missing"}
	}
	for _, f := range a.facts() {
		fact := &e.m.Facts[f]
		have := e.have(fact)
		s.Steps = append(s.Steps, Step{Kind: "base", Result: known(e.row.cells[e.set.keys[fact.Key]].known), Text: text.Text{Zh: fact.Name.Zh + "：" + have.Zh, En: fact.Name.En + ": " + have.En}})
	}
	if a.Base != nil && a.Base.First > 0 && v.Known {
		s.Steps = append(s.Steps, e.firsts()...)
	}
	if !v.Known {
		return s
	}
	s.Result = fmt.Sprint(int64(v.Amount))
	how := e.how(v)
	if v.Capped {
		cap := e.limit(v)
		how.Zh, how.En = how.Zh+cap.Zh, how.En+cap.En
	} else if a.capped {
		y := yuan(a.cap)
		how.Zh, how.En = how.Zh+"，未超过上限"+y.Zh, how.En+", within the cap of "+y.En
	}
	y := yuan(v.Amount)
	s.Text = text.Text{Zh: how.Zh + "；金额" + y.Zh, En: how.En + "; amount " + y.En}
	if v.Eligible == Unknown {
		s.Text.Zh, s.Text.En = "若条件得到证实："+s.Text.Zh, "if the conditions are proven: "+s.Text.En
	}
	return s
}

func known(is bool) string {
	if is {
		return "known"
	}
	return "unknown"
}

// facts lists those that the amount rests on.
func (a *Amount) facts() []int {
	var out []int
	out = append(append(append(out, a.sum...), a.less...), a.tierIn...)
	for _, i := range []int{a.of, a.received} {
		if i >= 0 {
			out = append(out, i)
		}
	}
	return out
}

// firsts lists the amounts that count, by date.
func (e *explainer) firsts() []Step {
	var out []Step
	items := e.row.lists[e.p.list.slot]
	for i, it := range items {
		y := yuan(it.Amount)
		if i < e.p.first {
			out = append(out, Step{Kind: "base", Result: fmt.Sprint(int64(it.Amount)), Text: text.Text{
				Zh: fmt.Sprintf("第%d份，%s：%s，计入", i+1, it.Date, y.Zh), En: fmt.Sprintf("no. %d, %s: %s, counts", i+1, it.Date, y.En)}})
		}
	}
	if n := len(items) - e.p.first; n > 0 {
		out = append(out, Step{Kind: "base", Result: "0", Text: say("其后%d份不计入", "%d later ones do not count", n)})
	}
	return out
}

// how says how the amount arises before the cap.
func (e *explainer) how(v Verdict) text.Text {
	a, base := e.m.Amount, yuan(v.Base)
	switch e.p.form {
	case formFixed:
		y := yuan(a.fixed)
		return text.Text{Zh: "定额" + y.Zh, En: "a fixed " + y.En}
	case formCeiling:
		return text.Text{Zh: "申请额" + base.Zh, En: "asked for " + base.En}
	case formRate:
		exact := product(a.rate, v.Base)
		t := text.Text{
			Zh: fmt.Sprintf("%s × %s = %s元", percent(a.rate), base.Zh, exact),
			En: fmt.Sprintf("%s × %s = CNY %s", percent(a.rate), base.En, exact),
		}
		if paid, err := decimal.Of(a.rate, v.Base, a.unit, a.mode); err == nil && !v.Capped && exact != paid.String() {
			y := yuan(paid)
			t.Zh, t.En = t.Zh+"，取整为"+y.Zh, t.En+", rounded to "+y.En
		}
		return t
	case formBrackets:
		if !a.slicing {
			return text.Text{Zh: "全额适用所在档比例，基数" + base.Zh, En: "all of the base, " + base.En + ", at the rate of its bracket"}
		}
		var zh, en []string
		for i, over := range a.over {
			if v.Base > over {
				part := yuan(min(v.Base, a.upTo[i]) - over)
				zh, en = append(zh, percent(a.bracketRates[i])+" × "+part.Zh), append(en, percent(a.bracketRates[i])+" × "+part.En)
			}
		}
		return text.Text{Zh: "分档累计：" + strings.Join(zh, " + "), En: "by slices: " + strings.Join(en, " + ")}
	}
	return e.tier(v)
}

// tier says which row of the decision table holds and what it gives.
func (e *explainer) tier(v Verdict) text.Text {
	a := e.m.Amount
	d, err := a.tier.Decide(e.p.inputs(e.row, v.declared))
	if err != nil || len(d.Rows) == 0 {
		return text.Text{Zh: "决策表中没有适用的档次", En: "no row of the decision table holds"}
	}
	t := text.Text{Zh: "按决策表的默认值", En: "by the decision table's default"}
	if len(d.Rules) > 0 {
		t = say("按决策表第%d档", "by row %d of the decision table", d.Rules[0]+1)
	}
	if i, ok := a.tierOut["fixed"]; ok {
		y := d.Rows[0][i].String()
		return text.Text{Zh: t.Zh + "：定额" + y + "元", En: t.En + ": a fixed CNY " + y}
	}
	rate := d.Rows[0][a.tierOut["rate"]].Num
	base, exact := yuan(v.Base), product(rate, v.Base)
	return text.Text{
		Zh: fmt.Sprintf("%s：%s × %s = %s元", t.Zh, percent(rate), base.Zh, exact),
		En: fmt.Sprintf("%s: %s × %s = CNY %s", t.En, percent(rate), base.En, exact),
	}
}

// limit says which cap binds.
func (e *explainer) limit(v Verdict) text.Text {
	a, y := e.m.Amount, yuan(v.Amount)
	if a.received >= 0 {
		full, n := yuan(a.cap), e.row.cells[e.p.received.slot].n
		got := yuan(decimal.Fen(n))
		return text.Text{
			Zh: fmt.Sprintf("，超过上限%s减已获支持%s后的余额，按%s", full.Zh, got.Zh, y.Zh),
			En: fmt.Sprintf(", above what is left of the cap of %s after %s that was paid before: %s", full.En, got.En, y.En),
		}
	}
	return text.Text{Zh: "，超过上限" + y.Zh + "，按上限", En: ", above the cap of " + y.En + ": the cap"}
}

// beside explains what became of it beside other measures and earlier awards.
func (e *explainer) beside(g grant) Step {
	s := Step{Kind: "stacking", Result: string(g.reason)}
	other := text.Text{}
	if g.by >= 0 {
		other = e.set.measures[g.by].Name
	} else if g.award >= 0 {
		a := e.sub.Awards[g.award]
		other = text.Both(a.Measure)
		if m := e.set.Get(a.Measure); m != nil {
			other = m.Name
		}
		y := yuan(a.Amount)
		other.Zh, other.En = fmt.Sprintf("“%s”(%s,%s)", other.Zh, a.Date, y.Zh), fmt.Sprintf("%q (%s, %s)", other.En, a.Date, y.En)
	}
	id, rule := e.ruleOf(g)
	s.Clause = e.cite(id)
	y := yuan(g.amount)
	switch g.reason {
	case Granted:
		s.Text = text.Text{Zh: "可享受" + y.Zh, En: "granted: " + y.En}
	case NothingIsLeft:
		s.Text = text.Text{Zh: "金额为零，不予支付", En: "it comes to nothing"}
	case AlreadyPaid:
		s.Text = text.Text{Zh: "已获支持" + other.Zh + ";" + rule.Zh, En: "paid before: " + other.En + "; " + rule.En}
	case ObjectPaid:
		s.Text = text.Text{Zh: "同一项目已由" + other.Zh + "支持；" + rule.Zh, En: "the object was supported before by " + other.En + "; " + rule.En}
	case Excluded:
		s.Text = text.Text{Zh: "不与" + other.Zh + "同时享受；" + rule.Zh, En: "not together with " + other.En + "; " + rule.En}
	case NotHighest:
		s.Text = text.Text{Zh: "就高享受" + other.Zh + "，本项不重复支付；" + rule.Zh, En: "the higher one is paid, " + other.En + ", and this one not again; " + rule.En}
	case NotChosen:
		s.Text = text.Text{Zh: "申请人选择了另一种方式；" + rule.Zh, En: "the applicant chose the other way; " + rule.En}
	case ChoiceIsOpen:
		s.Text = text.Text{Zh: "须在可选方式中择一；" + rule.Zh, En: "one of the alternatives is to be chosen; " + rule.En}
	}
	return s
}

// ruleOf finds the rule of the measure that a grant rests on.
func (e *explainer) ruleOf(g grant) (clause string, words text.Text) {
	switch g.reason {
	case AlreadyPaid:
		return e.m.Frequency.Clause, e.m.Frequency.Text
	case Excluded:
		for _, x := range e.m.Excludes {
			if g.by >= 0 && x.Measure == e.set.measures[g.by].ID || g.award >= 0 && x.Measure == e.sub.Awards[g.award].Measure {
				return x.Clause, x.Text
			}
		}
	case NotHighest, NotChosen, ChoiceIsOpen, ObjectPaid:
		for _, st := range e.m.Stacking {
			fits := g.reason == ObjectPaid && e.set.inGroup(e.sub.Awards[g.award].Measure, st.Group) ||
				g.reason == NotHighest && st.Rule == "highest" && e.set.inGroup(e.set.measures[g.by].ID, st.Group) ||
				(g.reason == NotChosen || g.reason == ChoiceIsOpen) && st.Rule == "choice"
			if fits {
				return st.Clause, st.Text
			}
		}
	}
	return e.m.Amount.Clause, text.Text{}
}
