package assess

import "jingwei/internal/kernel/text"

// Need is a gap in words that supply can be matched with.
type Need struct {
	Kind     string    `json:"kind"` // code, such as equipment-networking; evidence for an answer that is only declared
	Question string    `json:"question"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Points   Points    `json:"points"` // that closing it gives
	Binding  bool      `json:"binding,omitempty"`
	Text     text.Text `json:"text"`
}

// Needs makes a need of every gap: the next better answer of a question, every option of a multi that is not had, and, when a grade is asked for,
// every answer that is declared and not evidenced. A question without an answer is not a gap; Standing.Missing lists it. The sheet must have
// passed CheckSheet.
func (x *Instrument) Needs(s *Sheet, grade Grade) []Need {
	st, proved := x.stand(s, E0), x.stand(s, grade)
	out := []Need{}
	for _, q := range x.c.questions {
		g := &st.given[q.at]
		if st.applies[q.at] == no || !g.known || g.na {
			continue
		}
		out = append(out, st.gaps(q, g)...)
		if p := &proved.given[q.at]; grade > E0 && (!p.known || q.Kind == Multi && g.picks&^p.picks != 0 || q.Kind != Multi && q.rank(p.choice) < q.rank(g.choice)) {
			out = append(out, Need{Kind: "evidence", Question: q.ID, From: g.grade.String(), To: grade.String(), Binding: q.Binding,
				Text: say("“%s”的自报“%s”需要证据（%s）", "what is declared for \"%s\", %s, needs evidence (%s)", q.Text, q.chosen(g), gradeWords[grade])})
		}
	}
	return out
}

func (st *standing) gaps(q *quest, g *given) (out []Need) {
	full := int64(st.full[q.node])
	worth := func(share int64) Points { return Points(full * share / q.whole) }
	if q.Kind == Multi {
		for k := range q.choices {
			if ch := q.choices[k]; !ch.exclusive && g.picks&(1<<k) == 0 {
				out = append(out, Need{Kind: ch.need, Question: q.ID, From: "", To: ch.id, Points: worth(ch.share), Binding: q.Binding,
					Text: say("%s：缺少“%s”", "%s: \"%s\" is not had", q.Text, ch.text)})
			}
		}
		return out
	}
	next := -1
	for k := range q.choices {
		better := q.choices[k].share > q.choices[g.choice].share || q.choices[k].level > q.choices[g.choice].level
		if better && (next < 0 || q.rank(k) < q.rank(next)) {
			next = k
		}
	}
	if next < 0 {
		return nil
	}
	from, to := &q.choices[g.choice], &q.choices[next]
	return []Need{{Kind: to.need, Question: q.ID, From: from.id, To: to.id, Points: worth(to.share - from.share), Binding: q.Binding,
		Text: say("%s：从“%s”到“%s”", "%s: from \"%s\" to \"%s\"", q.Text, from.text, to.text)}}
}
