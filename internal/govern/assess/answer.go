package assess

import (
	"fmt"
	"slices"

	"jingwei/internal/kernel/api/problem"
)

// Grade is how well an answer is evidenced. A higher grade satisfies a demand for a lower one.
type Grade uint8

// Grades: declared by the enterprise, documented, checked by a third party, measured by the platform.
const (
	E0 Grade = iota
	E1
	E2
	E3
)

var gradeNames = [...]string{"E0", "E1", "E2", "E3"}

// String is "E0" to "E3".
func (g Grade) String() string { return gradeNames[min(g, E3)] }

// MarshalText writes the name.
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads the name.
func (g *Grade) UnmarshalText(b []byte) error {
	i := slices.Index(gradeNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("%q is no grade; use E0 (declared), E1 (documented), E2 (checked by a third party) or E3 (measured)", b)
	}
	*g = Grade(i)
	return nil
}

// Answer is what is answered to one question. A question without an answer is unknown, which is not the same as "no".
type Answer struct {
	Choice        string   `json:"choice,omitempty"`  // single: the option; yesno: yes or no; ladder: the step, "0" to its last
	Choices       []Picked `json:"choices,omitempty"` // multi: what is had; none at all is an answer too when Grade is given
	None          bool     `json:"none,omitempty"`    // multi: none of the options
	Number        string   `json:"number,omitempty"`  // number and percentage: a decimal
	Part          *int64   `json:"part,omitempty"`    // percentage by counting: Part of Of
	Of            *int64   `json:"of,omitempty"`
	NotApplicable bool     `json:"notApplicable,omitempty"`
	Grade         Grade    `json:"grade"`          // multi: of None and of options that name no grade of their own
	From          string   `json:"from,omitempty"` // the evidence: a document's id, a report, series:<uuid> or figure:<id>
}

// Picked is an option of a multi with its own evidence.
type Picked struct {
	Option string `json:"option"`
	Grade  Grade  `json:"grade"`
	From   string `json:"from,omitempty"`
}

// Sheet is what is known of one enterprise for one instrument: what it declared, and what the platform measured. Neither
// overwrites the other.
type Sheet struct {
	Profile  map[string]string `json:"profile,omitempty"`
	Declared map[string]Answer `json:"declared"`
	Measured map[string]Answer `json:"measured,omitempty"`
}

// Limits of an answer.
const (
	maxFrom  = 500
	maxCount = 1_000_000_000
)

// CheckSheet returns what is wrong with a sheet: problem.All of every fault, or nil.
func (x *Instrument) CheckSheet(s *Sheet) error {
	var faults []*problem.Error
	add := func(e *problem.Error) {
		if e != nil {
			faults = append(faults, e)
		}
	}
	for _, id := range sortedKeys(s.Profile) {
		i := slices.IndexFunc(x.Profile, func(t Trait) bool { return t.ID == id })
		if i < 0 {
			add(ErrTrait.At("body.profile."+id, s.Profile[id]).With("known", names(x.Profile, func(t Trait) string { return t.ID })))
		} else if !hasOption(x.Profile[i].Options, s.Profile[id]) {
			add(ErrOption.At("body.profile."+id, s.Profile[id]).With("known", names(x.Profile[i].Options, func(o Option) string { return o.ID })))
		}
	}
	for _, group := range []struct {
		name    string
		answers map[string]Answer
	}{{"declared", s.Declared}, {"measured", s.Measured}} {
		for _, id := range sortedKeys(group.answers) {
			at := "body." + group.name + "." + id
			q := x.c.byID[id]
			if q == nil {
				add(ErrQuestion.At(at, id).With("instrument", x.ID))
				continue
			}
			a := group.answers[id]
			add(q.checkAnswer(at, &a))
			if group.name == "measured" && a.worst() != E3 {
				add(ErrMeasured.At(at, a.worst().String()))
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return problem.All(faults...)
}

// worst is the lowest grade of an answer's parts.
func (a *Answer) worst() Grade {
	g := a.Grade
	for i, p := range a.Choices {
		if i == 0 || p.Grade < g {
			g = p.Grade
		}
	}
	return g
}

// checkAnswer returns the first fault of an answer.
func (q *quest) checkAnswer(at string, a *Answer) *problem.Error {
	if a.Grade > E3 {
		return ErrGrade.At(at+".grade", int(a.Grade))
	}
	given := 0
	for _, some := range []bool{a.Choice != "", len(a.Choices) > 0, a.None, a.Number != "", a.Part != nil || a.Of != nil, a.NotApplicable} {
		if some {
			given++
		}
	}
	if given != 1 {
		return ErrForm.At(at, given).With("kind", q.Kind).With("form", forms[q.Kind])
	}
	if len([]rune(a.From)) > maxFrom {
		return ErrFrom.At(at+".from", len([]rune(a.From))).With("max", maxFrom)
	}
	if a.NotApplicable {
		if !q.MayNotApply {
			return ErrNotApplicable.At(at+".notApplicable", q.ID)
		}
		return nil
	}
	wrong := ErrForm.At(at, given).With("kind", q.Kind).With("form", forms[q.Kind])
	switch q.Kind {
	case Single, YesNo, Ladder:
		if a.Choice == "" {
			return wrong
		}
		if q.index(a.Choice) < 0 {
			return ErrOption.At(at+".choice", a.Choice).With("known", names(q.choices, func(c choice) string { return c.id }))
		}
	case Multi:
		if !a.None && len(a.Choices) == 0 {
			return wrong
		}
		for i, p := range a.Choices {
			where := fmt.Sprintf("%s.choices[%d]", at, i)
			k := q.index(p.Option)
			switch {
			case k < 0:
				return ErrOption.At(where+".option", p.Option).With("known", names(q.choices, func(c choice) string { return c.id }))
			case slices.ContainsFunc(a.Choices[:i], func(o Picked) bool { return o.Option == p.Option }):
				return ErrTwice.At(where+".option", p.Option)
			case q.choices[k].exclusive && len(a.Choices) > 1:
				return ErrExclusive.At(where+".option", p.Option)
			case p.Grade > E3:
				return ErrGrade.At(where+".grade", int(p.Grade))
			case len([]rune(p.From)) > maxFrom:
				return ErrFrom.At(where+".from", len([]rune(p.From))).With("max", maxFrom)
			}
		}
	case Number, Percentage:
		if a.Number == "" && (q.Kind == Number || a.Part == nil || a.Of == nil) {
			return wrong
		}
		if a.Number == "" && (*a.Of <= 0 || *a.Part < 0 || *a.Part > *a.Of || *a.Of > maxCount) {
			return ErrCount.At(at+".part", *a.Part).With("of", *a.Of).With("max", maxCount)
		}
		v, err := a.quantity()
		if err != nil {
			return ErrNumber.At(at+".number", a.Number)
		}
		if q.bracket(v) < 0 {
			return ErrRange.At(at+".number", a.Number).With("from", q.choices[0].id).With("to", q.choices[len(q.choices)-1].id)
		}
	}
	return nil
}

// quantity is the number of an answer.
func (a *Answer) quantity() (Quantity, error) {
	if a.Number == "" {
		return Percent(*a.Part, *a.Of), nil
	}
	return ParseQuantity(a.Number)
}

// said is an answer in one line, for traces and texts.
func (q *quest) said(a *Answer) string {
	switch {
	case a == nil:
		return ""
	case a.NotApplicable:
		return "n/a"
	case a.Choice != "":
		return a.Choice
	case a.None:
		return "none"
	case a.Number != "":
		return a.Number
	case a.Part != nil:
		return fmt.Sprintf("%d/%d", *a.Part, *a.Of)
	}
	s := ""
	for _, c := range q.choices {
		if slices.ContainsFunc(a.Choices, func(p Picked) bool { return p.Option == c.id }) {
			if s != "" {
				s += "+"
			}
			s += c.id
		}
	}
	return s
}
