package assess

import (
	"slices"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/text"
)

// InstrumentForm is an instrument as it is asked: every question in its order, with its answers in one form.
type InstrumentForm struct {
	ID        string         `json:"id"`
	Version   string         `json:"version"`
	Hash      string         `json:"hash" doc:"SHA-256 of the pack's file"`
	Source    string         `json:"source"`
	Name      text.Text      `json:"name"`
	Family    string         `json:"family"`
	Official  bool           `json:"official" doc:"False: a profile of the platform"`
	Notice    text.Text      `json:"notice,omitzero"`
	From      string         `json:"from" format:"date"`
	To        string         `json:"to,omitempty" doc:"Its last day"`
	Sources   []Source       `json:"sources" nullable:"false"`
	Readings  []text.Text    `json:"readings" nullable:"false" doc:"Where the source leaves room, how it is read"`
	Profile   []Trait        `json:"profile" nullable:"false"`
	Sections  []SectionForm  `json:"sections" nullable:"false"`
	Questions []QuestionForm `json:"questions" nullable:"false"`
	Levels    []LevelForm    `json:"levels" nullable:"false"`
	Costs     CostsForm      `json:"costs"`
	Facts     []string       `json:"facts" nullable:"false" doc:"What it asks the plant for"`
}

// SectionForm is a section or part.
type SectionForm struct {
	ID      string    `json:"id"`
	Parent  string    `json:"parent,omitempty"`
	Name    text.Text `json:"name"`
	Full    Points    `json:"full" doc:"Ten-thousandths of a point"`
	Counted bool      `json:"counted,omitempty"`
}

// QuestionForm is a question as it is asked.
type QuestionForm struct {
	ID          string       `json:"id"`
	Section     string       `json:"section" doc:"Of the instrument"`
	Part        string       `json:"part" doc:"In which it stands"`
	Kind        string       `json:"kind" enum:"single,multi,number,percentage,yesno,ladder"`
	Text        text.Text    `json:"text"`
	Help        text.Text    `json:"help,omitzero"`
	Unit        text.Text    `json:"unit,omitzero"`
	Full        Points       `json:"full"`
	Binding     bool         `json:"binding,omitempty"`
	MayNotApply bool         `json:"mayNotApply,omitempty"`
	Choices     []ChoiceForm `json:"choices" nullable:"false"`
	Facts       []string     `json:"facts" nullable:"false" doc:"Of the plant, that answer it"`
}

// ChoiceForm is one possible answer.
type ChoiceForm struct {
	ID        string    `json:"id"`
	Text      text.Text `json:"text"`
	Share     int64     `json:"share"`
	Step      int       `json:"step,omitempty"`
	Exclusive bool      `json:"exclusive,omitempty"`
	Cost      int64     `json:"cost" doc:"What the pack estimates, from the answer just below"`
}

// LevelForm is a level of the table.
type LevelForm struct {
	Level int       `json:"level"`
	Name  text.Text `json:"name"`
	Text  text.Text `json:"text,omitzero"`
}

// CostsForm says what estimated costs are.
type CostsForm struct {
	Unit  text.Text `json:"unit"`
	Note  text.Text `json:"note"`
	Prove int64     `json:"prove"`
}

// Form is the instrument as it is asked.
func (x *Instrument) Form() InstrumentForm {
	f := InstrumentForm{ID: x.ID, Version: x.Version, Hash: x.Hash(), Source: x.Source, Name: x.Name, Family: x.Family, Official: x.Official(), Notice: x.Notice, From: x.Valid.From, To: x.Valid.To,
		Sources: orEmpty(x.Sources), Readings: orEmpty(x.Readings), Profile: orEmpty(x.Profile), Sections: []SectionForm{}, Questions: []QuestionForm{}, Levels: []LevelForm{},
		Costs: CostsForm{x.Costs.Unit, x.Costs.Note, x.Costs.Prove}, Facts: orEmpty(x.FactNames())}
	for i := range x.c.nodes {
		n := &x.c.nodes[i]
		if n.quest >= 0 {
			continue
		}
		s := SectionForm{ID: n.id, Name: n.name, Full: n.full, Counted: x.Sections[n.section].Counted}
		if n.parent >= 0 {
			s.Parent = x.c.nodes[n.parent].id
		}
		f.Sections = append(f.Sections, s)
	}
	for _, q := range x.c.questions {
		n := &x.c.nodes[q.node]
		out := QuestionForm{ID: q.ID, Section: q.section.ID, Part: x.c.nodes[n.parent].id, Kind: q.Kind, Text: q.Text, Help: q.Help, Unit: q.Unit, Full: n.full,
			Binding: q.Binding, MayNotApply: q.MayNotApply, Choices: []ChoiceForm{}, Facts: q.factNames()}
		for _, c := range q.choices {
			out.Choices = append(out.Choices, ChoiceForm{c.id, c.text, c.share, c.level, c.exclusive, c.cost})
		}
		f.Questions = append(f.Questions, out)
	}
	for _, l := range x.Levels {
		f.Levels = append(f.Levels, LevelForm{l.Level, l.Name, l.Text})
	}
	return f
}

func (q *quest) factNames() []string {
	out := []string{}
	for _, m := range q.Measured {
		if m.Value != "" {
			out = append(out, m.Value)
		}
		for _, t := range m.When {
			if !slices.Contains(out, t.Fact) {
				out = append(out, t.Fact)
			}
		}
	}
	return out
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Has tells whether the instrument has a question.
func (x *Instrument) Has(question string) bool { return x.c.byID[question] != nil }

// CheckAnswer returns what is wrong with one answer, nil where nothing is. at is where it stands in the request.
func (x *Instrument) CheckAnswer(at, question string, a *Answer) *problem.Error {
	q := x.c.byID[question]
	if q == nil {
		return ErrQuestion.At(at, question).With("instrument", x.ID)
	}
	return q.checkAnswer(at, a)
}

// Said is an answer in one line, as results write it.
func (x *Instrument) Said(question string, a *Answer) string {
	q := x.c.byID[question]
	if q == nil {
		return ""
	}
	return q.said(a)
}

// LevelName is the name of a level, of 0 that of having none.
func (x *Instrument) LevelName(level int) text.Text {
	return x.levelName(min(max(level, 0), len(x.Levels)))
}

// Total is the sum of the points of an instrument's scored sections.
func (s *Standing) Total() (points, full Points) {
	for i := range s.Scores {
		if s.Scores[i].Parent == "" {
			points, full = points+s.Scores[i].Points, full+s.Scores[i].Full
		}
	}
	return points, full
}
