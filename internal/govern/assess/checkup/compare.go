package checkup

import (
	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/text"
)

// Change is what became different for one question between two check-ups, and why its points changed.
type Change struct {
	Question string        `json:"question"`
	Was      ChangeSide    `json:"was"`
	Is       ChangeSide    `json:"is"`
	Points   assess.Points `json:"points" doc:"Ten-thousandths of a point; below 0 for less"`
	Steps    int           `json:"steps,omitempty" doc:"Of a ladder"`
	Why      []string      `json:"why" nullable:"false" doc:"answer, measured, grade, applies, weight, new, gone"`
	Text     text.Text     `json:"text"`
}

// ChangeSide is one side of a change.
type ChangeSide struct {
	Answer string        `json:"answer,omitempty"`
	Basis  string        `json:"basis,omitempty" doc:"declared or measured"`
	Grade  *assess.Grade `json:"grade,omitempty" enum:"E0,E1,E2,E3"`
	Points assess.Points `json:"points"`
	Full   assess.Points `json:"full"`
	Step   int           `json:"step,omitempty"`
}

func side(l *assess.Line) ChangeSide {
	return ChangeSide{l.Answer, l.Basis, l.Grade, l.Points, l.Full, l.Step}
}

// Compare tells what is different between two standings of one family of instruments, question by question, in the order of the later one;
// what only the earlier one asked comes last.
func Compare(was, is *assess.Standing) []Change {
	before := map[string]*assess.Line{}
	for i := range was.Lines {
		before[was.Lines[i].Question] = &was.Lines[i]
	}
	out := []Change{}
	for i := range is.Lines {
		now := &is.Lines[i]
		old, ok := before[now.Question]
		delete(before, now.Question)
		if !ok {
			old = &assess.Line{Question: now.Question}
		}
		if c := change(old, now, ok, true); len(c.Why) > 0 {
			out = append(out, c)
		}
	}
	for i := range was.Lines {
		if old := before[was.Lines[i].Question]; old != nil {
			out = append(out, change(old, &assess.Line{Question: old.Question}, true, false))
		}
	}
	return out
}

func change(old, now *assess.Line, was, is bool) Change {
	c := Change{Question: now.Question, Was: side(old), Is: side(now), Points: now.Points - old.Points, Steps: now.Step - old.Step, Why: []string{}}
	var zh, en string
	add := func(why, z, e string) {
		c.Why = append(c.Why, why)
		if zh != "" {
			zh, en = zh+"；", en+"; "
		}
		zh, en = zh+z, en+e
	}
	switch {
	case !was:
		add("new", "新增的题目", "asked for the first time")
	case !is:
		add("gone", "不再询问", "no longer asked")
	default:
		if (old.Applies == "no") != (now.Applies == "no") {
			add("applies", "是否适用变了", "whether it applies changed")
		}
		if old.Answer != now.Answer {
			why := "answer"
			z, e := "答案由“"+orNone(old.Answer, "未答")+"”变为“"+orNone(now.Answer, "未答")+"”", "the answer went from \""+orNone(old.Answer, "none")+"\" to \""+orNone(now.Answer, "none")+"\""
			if now.Basis == "measured" {
				why, z, e = "measured", z+"（实测）", e+" (measured)"
			}
			add(why, z, e)
		}
		if old.Grade != nil && now.Grade != nil && *old.Grade != *now.Grade {
			add("grade", "证据由"+old.Grade.String()+"变为"+now.Grade.String(), "evidence went from "+old.Grade.String()+" to "+now.Grade.String())
		}
		if old.Full != now.Full {
			add("weight", "满分由"+old.Full.String()+"分变为"+now.Full.String()+"分", "full points went from "+old.Full.String()+" to "+now.Full.String())
		}
	}
	c.Text = text.Text{Zh: zh, En: en}
	return c
}

func orNone(s, none string) string {
	if s == "" {
		return none
	}
	return s
}
