package assess

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"jingwei/internal/kernel/text"
)

// Result is a check-up: what was declared and what is evidenced, side by side. Points are ten-thousandths of a point.
type Result struct {
	Instrument string     `json:"instrument"`
	Version    string     `json:"version"`
	Hash       string     `json:"hash"`             // of the pack's file
	Official   bool       `json:"official"`         // false: a profile of the platform
	Notice     *text.Text `json:"notice,omitempty"` // what of a profile is not official
	Grade      Grade      `json:"grade"`            // answers count as evidenced from here
	Declared   Standing   `json:"declared"`
	Evidenced  Standing   `json:"evidenced"`
	Text       text.Text  `json:"text"`
}

// Standing is one scoring with its explanation.
type Standing struct {
	Level   int          `json:"level"` // 0: below the first
	Name    text.Text    `json:"name"`
	Decided text.Text    `json:"decided"`                 // the rules that gave the level, and those that keep from the next
	Scores  []Score      `json:"scores" nullable:"false"` // sections and parts
	Counts  []Count      `json:"counts" nullable:"false"`
	Levels  []LevelCheck `json:"levels" nullable:"false"`
	Lines   []Line       `json:"lines" nullable:"false"` // every question, in the order of the pack
	Missing []Missing    `json:"missing" nullable:"false"`
}

// Score is what a section or part has.
type Score struct {
	ID     string    `json:"id"`
	Parent string    `json:"parent,omitempty"`
	Name   text.Text `json:"name"`
	Points Points    `json:"points"`
	Full   Points    `json:"full"` // that can be had here
}

// Count tells how many ladders have reached a step.
type Count struct {
	Section string `json:"section"`
	Step    int    `json:"step"`
	Reached int    `json:"reached"`
	Binding int    `json:"binding"` // of them
}

// LevelCheck is a row of the table of levels with what holds of it.
type LevelCheck struct {
	Level  int         `json:"level"`
	Name   text.Text   `json:"name"`
	Means  text.Text   `json:"means,omitzero"` // what the source says of it
	Holds  bool        `json:"holds"`
	Source string      `json:"source"`
	Rules  []RuleCheck `json:"rules" nullable:"false"`
}

// RuleCheck is one rule with what there is and what is wanted.
type RuleCheck struct {
	Holds bool      `json:"holds"`
	Have  string    `json:"have"`
	Want  string    `json:"want"`
	Text  text.Text `json:"text"`
}

// Line is the trace of one question: which answer gave how many points, by which rule.
type Line struct {
	Question string       `json:"question"`
	Applies  string       `json:"applies"`          // yes, no, unknown
	Answer   string       `json:"answer,omitempty"` // empty: not answered, or not evidenced well enough
	Basis    string       `json:"basis,omitempty"`  // declared, measured
	Grade    *Grade       `json:"grade,omitempty"`
	From     string       `json:"from,omitempty"`
	Step     int          `json:"step,omitempty"` // of a ladder
	Points   Points       `json:"points"`
	Full     Points       `json:"full"`
	Parts    []PointsPart `json:"parts" nullable:"false"` // what the points are made of
	Text     text.Text    `json:"text"`
}

// PointsPart is what one chosen option gave.
type PointsPart struct {
	Choice string    `json:"choice"`
	Share  int64     `json:"share"`
	Points Points    `json:"points"`
	Text   text.Text `json:"text"`
}

// Missing is a question whose answer would be needed.
type Missing struct {
	Question string    `json:"question"`
	Reason   string    `json:"reason"` // unanswered, below-grade
	Lost     Points    `json:"lost"`   // points that can not be had without it
	Text     text.Text `json:"text"`
}

// Assess scores a sheet twice: with what is declared, and with what is evidenced at least by a grade. Errors: problem.All of the sheet's
// faults.
func (x *Instrument) Assess(s *Sheet, grade Grade) (*Result, error) {
	if err := x.CheckSheet(s); err != nil {
		return nil, err
	}
	r := &Result{Instrument: x.ID, Version: x.Version, Hash: x.Header.Hash(), Official: x.Official(), Grade: grade,
		Declared: x.stand(s, E0).explain(s, E0), Evidenced: x.stand(s, grade).explain(s, grade)}
	if !x.Official() {
		r.Notice = &x.Notice
	}
	r.Text = say("%s：自报%s，有证据（%s及以上）%s", "%s: declared %s, evidenced (%s and above) %s",
		x.Name, r.Declared.Name, gradeWords[grade], r.Evidenced.Name)
	return r, nil
}

// Canonical is the result as bytes that are the same wherever it is computed again.
func (r *Result) Canonical() ([]byte, error) { return canonical(r) }

// Digest is the SHA-256 of the canonical bytes, in hex.
func (r *Result) Digest() (string, error) {
	b, err := r.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func (x *Instrument) levelName(level int) text.Text {
	if level == 0 {
		return x.Below
	}
	return x.Levels[level-1].Name
}

func (st *standing) explain(s *Sheet, least Grade) Standing {
	x, c := st.x, st.x.c
	out := Standing{Level: st.level, Name: x.levelName(st.level), Scores: []Score{}, Counts: []Count{}, Levels: []LevelCheck{}, Lines: []Line{}, Missing: []Missing{}}
	for i := range c.nodes {
		n := &c.nodes[i]
		if n.quest >= 0 || x.Sections[n.section].Counted {
			continue
		}
		sc := Score{ID: n.id, Name: n.name, Points: st.got[i], Full: st.full[i]}
		if n.parent >= 0 {
			sc.Parent = c.nodes[n.parent].id
		}
		out.Scores = append(out.Scores, sc)
	}
	for si := range x.Sections {
		if !x.Sections[si].Counted {
			continue
		}
		top := 0
		for _, q := range c.questions {
			if c.nodes[q.node].section == si {
				top = max(top, q.choices[len(q.choices)-1].level)
			}
		}
		for step := 1; step <= top; step++ {
			out.Counts = append(out.Counts, Count{x.Sections[si].ID, step, st.reach(si, step, false), st.reach(si, step, true)})
		}
	}
	for i := range x.Levels {
		l := &x.Levels[i]
		lc := LevelCheck{Level: l.Level, Name: l.Name, Means: l.Text, Holds: st.holds[i], Source: l.Source, Rules: []RuleCheck{}}
		for j := range c.rules[i] {
			lc.Rules = append(lc.Rules, st.ruleCheck(&c.rules[i][j]))
		}
		out.Levels = append(out.Levels, lc)
	}
	out.Decided = st.decided(out.Levels)
	for _, q := range c.questions {
		l := st.line(q)
		out.Lines = append(out.Lines, l)
		if g := st.given[q.at]; st.applies[q.at] != no && !g.known {
			m := Missing{Question: q.ID, Reason: "unanswered", Lost: st.full[q.node], Text: say("未作答：%s", "not answered: %s", q.Text)}
			_, declared := s.Declared[q.ID]
			_, measured := s.Measured[q.ID]
			if declared || measured {
				m.Reason = "below-grade"
				m.Text = say("已作答，但证据未达到%s：%s", "answered, but not evidenced by %s: %s", gradeWords[least], q.Text)
			}
			out.Missing = append(out.Missing, m)
		}
	}
	return out
}

func (st *standing) line(q *quest) Line {
	g := &st.given[q.at]
	l := Line{Question: q.ID, Applies: [...]string{"no", "unknown", "yes"}[st.applies[q.at]], Points: st.got[q.node], Full: st.full[q.node], Parts: []PointsPart{}}
	if g.known {
		l.Answer, l.From, l.Grade = q.chosen(g), g.from, &g.grade
		if l.Basis = "declared"; g.measured {
			l.Basis = "measured"
		}
	}
	l.Text = q.lineText(st, g, &l)
	if !g.known || g.na || st.applies[q.at] == no {
		return l
	}
	if q.Kind != Multi {
		ch := q.choices[g.choice]
		l.Step = ch.level
		if !q.section.Counted {
			l.Parts = append(l.Parts, PointsPart{ch.id, ch.share, l.Points, ch.text})
		}
		return l
	}
	shares := make([]int64, len(q.choices))
	for k := range q.choices {
		if g.picks&(1<<k) != 0 {
			shares[k] = q.choices[k].share
		}
	}
	for k, p := range apportion(int64(l.Points), shares) {
		if g.picks&(1<<k) != 0 {
			l.Parts = append(l.Parts, PointsPart{q.choices[k].id, q.choices[k].share, Points(p), q.choices[k].text})
		}
	}
	return l
}

// chosen is the answer that counts in one line; of a multi what of it is evidenced.
func (q *quest) chosen(g *given) string {
	if q.Kind != Multi || g.na {
		return q.said(g.answer)
	}
	s := ""
	for k, ch := range q.choices {
		if g.picks&(1<<k) != 0 {
			if s != "" {
				s += "+"
			}
			s += ch.id
		}
	}
	if s == "" {
		return "none"
	}
	return s
}

func (st *standing) ruleCheck(r *rule) RuleCheck {
	c := RuleCheck{Holds: st.hold(r)}
	c.Have, c.Want = st.figures(r)
	switch {
	case r.Score != "":
		c.Text = say("%s得分%s分，要求不低于%s分", "%s has %s points; at least %s are wanted", st.x.c.nodes[r.node].name, c.Have, c.Want)
	case r.Count != "" && r.Binding:
		c.Text = say("%s中达到%d级的约束性场景%s个，要求不少于%s个", "%[1]s: %[3]s binding scenarios have reached step %[2]d; at least %[4]s are wanted",
			st.x.Sections[r.section].Name, r.step, c.Have, c.Want)
	case r.Count != "":
		c.Text = say("%s中达到%d级的场景%s个，要求不少于%s个", "%[1]s: %[3]s scenarios have reached step %[2]d; at least %[4]s are wanted",
			st.x.Sections[r.section].Name, r.step, c.Have, c.Want)
	default:
		c.Text = say("“%s”为%s，要求达到“%s”", "\"%s\" is %s; \"%s\" is wanted", r.quest.Text, c.Have, r.quest.choices[r.choice].text)
	}
	return c
}
