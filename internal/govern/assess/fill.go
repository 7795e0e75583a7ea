package assess

import (
	"slices"

	"jingwei/internal/kernel/text"
)

// Facts is what the platform knows of one enterprise's plant. The wiring gathers it from plant model and telemetry before an assessment.
type Facts interface {
	// Fact returns a fact by its name, false when it is not known. The same name gives the same fact as long as one assessment lasts.
	Fact(name string) (Fact, bool)
}

// Fact is one thing measured, with where it comes from (series:<uuid>, figure:<id>, plant:<id>).
type Fact struct {
	flag, counted bool
	yes           bool
	number        Quantity
	part, of      int64
	from          string
}

// Flag is a fact that holds or does not, such as that OEE is computed.
func Flag(holds bool, from string) Fact { return Fact{flag: true, yes: holds, from: from} }

// Amount is a number, such as days of OEE.
func Amount(v Quantity, from string) Fact { return Fact{number: v, from: from} }

// Ratio is a part of a count, such as networked machines of all machines.
func Ratio(part, of int64, from string) Fact {
	return Fact{counted: true, part: part, of: of, from: from}
}

// FactNames are the facts that an instrument asks the platform for, sorted.
func (x *Instrument) FactNames() []string {
	seen := map[string]bool{}
	for _, q := range x.c.questions {
		for _, m := range q.Measured {
			if m.Value != "" {
				seen[m.Value] = true
			}
			for _, t := range m.When {
				seen[t.Fact] = true
			}
		}
	}
	return sortedKeys(seen)
}

// Filled tells what the platform answered to a question, or to an option of a multi, beside what was declared.
type Filled struct {
	Question string    `json:"question"`
	Option   string    `json:"option,omitempty"`
	Outcome  string    `json:"outcome"`            // filled: nothing was declared; agrees; differs; beyond: more is declared than is measured
	Declared string    `json:"declared,omitempty"` // stays as it is
	Measured string    `json:"measured"`
	From     []string  `json:"from" nullable:"false"`
	Text     text.Text `json:"text"`
}

// Fill answers from facts what can be answered from them, with grade E3. The sheet that comes back has what was declared unchanged, and
// what was measured beside it.
func (x *Instrument) Fill(s *Sheet, facts Facts) (*Sheet, []Filled) {
	out := &Sheet{Profile: s.Profile, Declared: s.Declared, Measured: map[string]Answer{}}
	list := []Filled{}
	for _, q := range x.c.questions {
		a, ok := q.measure(facts)
		if !ok {
			continue
		}
		out.Measured[q.ID] = a
		d, declared := s.Declared[q.ID]
		if q.Kind == Multi {
			list = append(list, q.filledOptions(a, d, declared)...)
			continue
		}
		f := Filled{Question: q.ID, Measured: q.said(&a), From: []string{a.From}, Outcome: "filled"}
		f.Text = say("由平台实测填写：%s（%s）", "filled from the platform's measurement: %s (%s)", f.Measured, a.From)
		if declared {
			f.Declared = q.said(&d)
			f.Outcome, f.Text = q.compare(&d, &a, f)
		}
		list = append(list, f)
	}
	return out, list
}

func (q *quest) compare(d, m *Answer, f Filled) (string, text.Text) {
	a, b := q.read(d, E0, false), q.read(m, E0, true)
	same := a.known && !a.na && a.choice == b.choice
	if same && (q.Kind == Number || q.Kind == Percentage) {
		v, _ := d.quantity()
		w, _ := m.quantity()
		same = v.Cmp(w) == 0
	}
	switch {
	case same:
		return "agrees", say("自报与实测一致：%s（%s）", "declared and measured agree: %s (%s)", f.Measured, m.From)
	case q.Kind == Ladder && a.known && !a.na && a.choice > b.choice:
		return "beyond", say("自报%s级，实测能证明到%s级（%s）", "step %s is declared; measurements prove step %s (%s)", f.Declared, f.Measured, m.From)
	}
	return "differs", say("自报%s，实测%s（%s）；两者并列，自报不改动", "declared %s, measured %s (%s); both stand, what was declared is not changed", f.Declared, f.Measured, m.From)
}

func (q *quest) filledOptions(a, d Answer, declared bool) []Filled {
	var list []Filled
	for _, p := range a.Choices {
		f := Filled{Question: q.ID, Option: p.Option, Measured: p.Option, From: []string{p.From}, Outcome: "filled"}
		name := q.choices[q.index(p.Option)].text
		f.Text = say("由平台实测填写：%s（%s）", "filled from the platform's measurement: %s (%s)", name, p.From)
		if declared {
			f.Declared = q.said(&d)
			if slices.ContainsFunc(d.Choices, func(o Picked) bool { return o.Option == p.Option }) {
				f.Outcome, f.Text = "agrees", say("自报与实测一致：%s（%s）", "declared and measured agree: %s (%s)", name, p.From)
			} else {
				f.Outcome, f.Text = "differs", say("自报未选“%s”，实测为有（%s）；自报不改动", "\"%s\" was not declared, measurements show it (%s); what was declared is not changed", name, p.From)
			}
		}
		list = append(list, f)
	}
	return list
}

// measure answers a question from facts. Of a ladder and a single it is the best answer that is proved, of a multi every option.
func (q *quest) measure(facts Facts) (Answer, bool) {
	a := Answer{Grade: E3}
	best := -1
	for i := range q.Measured {
		m := &q.Measured[i]
		if m.Value != "" {
			f, ok := facts.Fact(m.Value)
			if !ok || f.flag || f.counted && (f.of <= 0 || f.part < 0 || f.part > f.of || f.of > maxCount) {
				continue
			}
			v := f.number
			if a.From = f.from; f.counted {
				if q.Kind != Percentage {
					continue
				}
				a.Part, a.Of = &f.part, &f.of
				v = Percent(f.part, f.of)
			} else {
				a.Number = v.String()
			}
			return a, q.bracket(v) >= 0 && q.checkAnswer("", &a) == nil
		}
		from, ok := proved(m.When, facts)
		if !ok {
			continue
		}
		k := q.index(m.Give)
		if q.Kind == Multi {
			if !slices.ContainsFunc(a.Choices, func(p Picked) bool { return p.Option == m.Give }) {
				a.Choices = append(a.Choices, Picked{m.Give, E3, from})
			}
			continue
		}
		if best < 0 || q.rank(k) > q.rank(best) {
			best, a.Choice, a.From = k, m.Give, from
		}
	}
	return a, a.Choice != "" || len(a.Choices) > 0
}

// proved tells whether every test holds, and from what.
func proved(tests []Test, facts Facts) (from string, ok bool) {
	for _, t := range tests {
		f, known := facts.Fact(t.Fact)
		if !known || !t.holds(f) {
			return "", false
		}
		if from == "" {
			from = f.from
		}
	}
	return from, true
}

func (t *Test) holds(f Fact) bool {
	if t.Is != nil {
		return f.flag && f.yes == *t.Is
	}
	if f.flag || f.counted && f.of <= 0 {
		return false
	}
	v := f.number
	if f.counted {
		v = Percent(f.part, f.of)
	}
	for _, b := range []struct {
		s  string
		ok func(c int) bool
	}{
		{t.AtLeast, func(c int) bool { return c >= 0 }}, {t.AtMost, func(c int) bool { return c <= 0 }},
		{t.Above, func(c int) bool { return c > 0 }}, {t.Below, func(c int) bool { return c < 0 }},
	} {
		if b.s == "" {
			continue
		}
		if w, err := ParseQuantity(b.s); err != nil || !b.ok(v.Cmp(w)) {
			return false
		}
	}
	return true
}
