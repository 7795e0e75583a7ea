package checkup

import (
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/audit"
)

// State of a check-up.
type State string

// The states of a check-up. Only an open one changes.
const (
	Open      State = "open"
	Submitted State = "submitted"
	Withdrawn State = "withdrawn"
)

// Evidence is the grade from which answers count as evidenced in a check-up's second standing.
const Evidence = assess.E1

// Checkup is one check-up of an organisation.
type Checkup struct {
	ID         uuid.UUID
	Org        uuid.UUID
	Instrument string
	Family     string
	Version    string
	Hash       string // of the instrument's file
	Day        string // civil day on which it was begun
	State      State
	Profile    map[string]string
	Quotes     Quotes
	Campaign   uuid.UUID // zero where none called for it
	Copied     uuid.UUID // whose answers it began with; zero for none
	Edits      int64
	By         audit.Actor
	At         int64
	EditedAt   int64
	EndedBy    *audit.Actor
	EndedAt    int64
	Reason     string
	Facts      []assess.Known // as used; nil until submitted
	Result     []byte         // canonical
	Digest     string
	Level      int
	Points     assess.Points
	Proven     int // level by evidence
	ProvenAt   assess.Points
	Industry   string
	Size       string
	Place      string
}

// Quotes are an enterprise's own prices for steps: by question and answer, and for proving an answer.
type Quotes struct {
	Costs map[string]map[string]int64 `json:"costs,omitempty"`
	Prove *int64                      `json:"prove,omitempty"`
}

// Paper is a document that proves an answer, or of a multi some of its options.
type Paper struct {
	ID      string   `json:"id" maxLength:"80" doc:"sha256: and 64 hex digits, of a document that was handed in"`
	Name    string   `json:"name,omitempty" readOnly:"true"`
	Options []string `json:"options,omitempty" maxItems:"100" doc:"Of a multi: which options it proves; all without them" nullable:"false"`
}

// content is what a revision of an answer holds.
type content struct {
	Answer  *assess.Answer `json:"answer,omitempty"`
	Unknown bool           `json:"unknown,omitempty"`
	Papers  []Paper        `json:"documents,omitempty" nullable:"false"`
	Note    string         `json:"note,omitempty"`
}

// Answered is what stands for one question: an answer, "do not know", or nothing again.
type Answered struct {
	Question string
	Revision int64
	content
	By audit.Actor
	At int64
}

// said tells whether the enterprise has said anything about the question.
func (a *Answered) said() bool { return a.Answer != nil || a.Unknown }

// Limits of an answer.
const (
	maxNote      = 1000
	maxPapers    = 20
	maxRevisions = 500
)

// graded gives an answer the grade that its documents prove: E1 where there is one, else E0. What a caller claims does not count.
func graded(a assess.Answer, papers []Paper) assess.Answer {
	a.Grade, a.From = assess.E0, ""
	for _, p := range papers {
		if len(p.Options) == 0 {
			a.Grade, a.From = assess.E1, "document:"+p.ID
			break
		}
	}
	if len(a.Choices) == 0 {
		return a
	}
	a.Choices = slices.Clone(a.Choices)
	for i := range a.Choices {
		c := &a.Choices[i]
		c.Grade, c.From = a.Grade, a.From
		for _, p := range papers {
			if slices.Contains(p.Options, c.Option) {
				c.Grade, c.From = assess.E1, "document:"+p.ID
				break
			}
		}
	}
	a.Grade, a.From = assess.E0, "" // each option has its own
	return a
}

// at raises an answer to a grade with where that comes from.
func at(a assess.Answer, g assess.Grade, from string) assess.Answer {
	a.Grade, a.From = g, from
	a.Choices = slices.Clone(a.Choices)
	for i := range a.Choices {
		a.Choices[i].Grade, a.Choices[i].From = g, from
	}
	return a
}

// sheetOf is what answers say, for scoring.
func sheetOf(profile map[string]string, list []Answered) *assess.Sheet {
	s := &assess.Sheet{Profile: profile, Declared: map[string]assess.Answer{}}
	for i := range list {
		if a := list[i].Answer; a != nil {
			s.Declared[list[i].Question] = *a
		}
	}
	return s
}

// assessed is a result with what the plant answered.
type assessed struct {
	result *assess.Result
	filled []assess.Filled
	sheet  *assess.Sheet
}

// reckon scores answers and facts: the same in, the same bytes out.
func reckon(x *assess.Instrument, profile map[string]string, list []Answered, facts []assess.Known, grade assess.Grade) (assessed, error) {
	g, err := assess.Gather(facts)
	if err != nil {
		return assessed{}, err
	}
	sheet, filled := x.Fill(sheetOf(profile, list), g)
	r, err := x.Assess(sheet, grade)
	return assessed{r, filled, sheet}, err
}

// unsaid are the questions that apply, that the plant does not answer and of which nothing was said.
func unsaid(r *assess.Result, list []Answered) (out []string) {
	said := map[string]bool{}
	for i := range list {
		said[list[i].Question] = list[i].said()
	}
	for _, m := range r.Declared.Missing {
		if !said[m.Question] {
			out = append(out, m.Question)
		}
	}
	return out
}

// progress tells how many questions apply as far as is known, and of how many something is said or measured.
func progress(r *assess.Result, list []Answered) (done, of int) {
	for _, l := range r.Declared.Lines {
		if l.Applies != "no" {
			of++
		}
	}
	return of - len(unsaid(r, list)), of
}
