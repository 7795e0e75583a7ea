package incentive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"jingwei/internal/govern/incentive/decimal"
	"jingwei/internal/kernel/text"
)

// Report is all that a set of measures says of a subject on a day. Its JSON is canonical: the order of fields is fixed,
// lists are sorted by the measures' ids, amounts are whole fen as strings, and there is no time of computing in it.
type Report struct {
	Set      string    `json:"set"` // hash of the packs
	Subject  string    `json:"subject"`
	Object   string    `json:"object,omitempty"`
	Date     string    `json:"date"` // of filing
	Outcomes []Outcome `json:"outcomes"`
	Groups   []Group   `json:"groups,omitempty"`
	Totals   []Total   `json:"totals"`
}

// Outcome is one measure.
type Outcome struct {
	Measure       string       `json:"measure"`
	Version       string       `json:"version"`
	Pack          string       `json:"pack"` // hash of the file
	Name          text.Text    `json:"name"`
	Eligible      Trit         `json:"eligible"`                  // by the evidence
	Declared      Trit         `json:"declared"`                  // if all that is declared is proven
	Amount        *decimal.Fen `json:"amount,omitempty,string"`   // entitlement by the evidence; none when unknown
	IfProven      *decimal.Fen `json:"ifProven,omitempty,string"` // the same if all that is declared is proven
	Granted       *decimal.Fen `json:"granted,omitempty,string"`  // beside the other measures
	Reason        Reason       `json:"reason"`
	By            string       `json:"by,omitempty"` // the measure that decided it
	Shares        []PaidShare  `json:"shares,omitempty"`
	Missing       []Missing    `json:"missing,omitempty"`
	Priority      []Preference `json:"priority,omitempty"`
	NotCalculable text.Text    `json:"notCalculable,omitzero"`
	Explanation   Step         `json:"explanation"`
}

// PaidShare is what a level of government pays.
type PaidShare struct {
	Level  string      `json:"level"`
	Amount decimal.Fen `json:"amount,string"`
}

// Missing is evidence that would settle something.
type Missing struct {
	Fact     string    `json:"fact"`
	Name     text.Text `json:"name"`
	Need     Grade     `json:"need"`
	Have     string    `json:"have,omitempty"` // the grade there is; nothing is known when empty
	Evidence text.Text `json:"evidence"`
}

// Preference is a condition that gives priority.
type Preference struct {
	Condition string    `json:"condition"`
	Met       Trit      `json:"met"`
	Text      text.Text `json:"text"`
}

// Group is what became of measures that go together by a rule.
type Group struct {
	Group   string   `json:"group"`
	Rule    string   `json:"rule"`
	Paid    string   `json:"paid,omitempty"`    // the measure that is paid
	Open    []string `json:"open,omitempty"`    // alternatives among which the applicant has yet to choose
	Pending []string `json:"pending,omitempty"` // measures that may change it once their evidence is there
}

// Total is a sum by instrument: a grant and an equity stake are not added up.
type Total struct {
	Instrument string      `json:"instrument"`
	Granted    decimal.Fen `json:"granted,string"`
	IfProven   decimal.Fen `json:"ifProven,string"`
}

// Published is the pseudo fact that is missing when a document does not date itself and nobody has told its date.
const Published = "document.published"

// Evaluate says what the measures give the subject for a claim filed on the day. Error: ErrType, ErrFact.
func (s *Set) Evaluate(sub *Subject, day Date) (*Report, error) {
	row, err := s.Row(sub)
	if err != nil {
		return nil, err
	}
	proven, declared := make([]Verdict, len(s.programs)), make([]Verdict, len(s.programs))
	for i := range s.programs {
		proven[i] = s.programs[i].verdict(row, day, false)
		declared[i] = s.programs[i].verdict(row, day, true)
	}
	grants, wouldBe := s.resolve(proven, sub, day), s.resolve(declared, sub, day)
	rep := &Report{Set: s.hash, Subject: sub.ID, Object: sub.Object, Date: day.String(), Outcomes: []Outcome{}, Totals: []Total{}}
	totals := map[string]*Total{}
	for i, m := range s.measures {
		e := explainer{set: s, m: m, p: &s.programs[i], row: row, sub: sub, day: day}
		o := Outcome{
			Measure: m.ID, Version: m.Version, Pack: m.Hash(), Name: m.Name, Eligible: proven[i].Eligible, Declared: declared[i].Eligible,
			Reason: grants[i].reason, NotCalculable: m.NotCalculable, Missing: e.missing(proven[i]),
		}
		if m.Calculable() && o.Eligible == True && proven[i].Known {
			o.Amount = &proven[i].Amount
			o.Granted = &grants[i].amount
			o.Shares = split(m.Amount, grants[i].amount)
		}
		if m.Calculable() && o.Declared == True && declared[i].Known {
			o.IfProven = &declared[i].Amount
		}
		if grants[i].by >= 0 {
			o.By = s.measures[grants[i].by].ID
		} else if a := grants[i].award; a >= 0 {
			o.By = sub.Awards[a].Measure
		}
		for k := int32(0); k < int32(len(e.p.nodes)); k = e.p.nodes[k].next {
			if e.p.nodes[k].prefer {
				c := e.top(k)
				o.Priority = append(o.Priority, Preference{c.ID, e.p.eval(k, row, false), c.Text})
			}
		}
		o.Explanation = e.explain(proven[i], grants[i])
		rep.Outcomes = append(rep.Outcomes, o)
		t := totals[m.Instrument]
		if t == nil {
			t = &Total{Instrument: m.Instrument}
			totals[m.Instrument] = t
		}
		t.Granted += grants[i].amount
		t.IfProven += wouldBe[i].amount
	}
	for _, name := range instruments {
		if t := totals[name]; t != nil && (t.Granted > 0 || t.IfProven > 0) {
			rep.Totals = append(rep.Totals, *t)
		}
	}
	rep.Groups = s.parts(grants, declared)
	return rep, nil
}

// parts tells of each group in which more than one measure plays a part or may come to play one, sorted by name.
func (s *Set) parts(grants []grant, declared []Verdict) []Group {
	var out []Group
	for _, in := range s.groups {
		g, parts := Group{Group: in.name, Rule: in.rule}, 0
		for _, i := range in.members {
			switch id := s.measures[i].ID; grants[i].reason {
			case Granted:
				g.Paid, parts = id, parts+1
			case ChoiceIsOpen:
				g.Open, parts = append(g.Open, id), parts+1
			case Pending:
				if declared[i].Eligible != False {
					g.Pending, parts = append(g.Pending, id), parts+1
				}
			case NotHighest, NotChosen, ObjectPaid:
				parts++
			}
		}
		if parts+len(g.Pending) > 1 && parts > 0 {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b Group) int { return strings.Compare(a.Group, b.Group) })
	return out
}

// split divides an amount by the shares of an Amount: exact in sum, what is left over goes to the largest remainders.
func split(a *Amount, total decimal.Fen) []PaidShare {
	if len(a.sharesOf) == 0 || total == 0 {
		return nil
	}
	weights := make([]Weight, len(a.sharesOf))
	for i, d := range a.sharesOf {
		weights[i] = Weight{ID: a.Shares[i].Level, Weight: d.Coef * int64(decimal.Pow10(9-d.Scale))}
	}
	parts := Apportion(total, weights)
	out := make([]PaidShare, len(parts))
	for i := range parts {
		out[i] = PaidShare{a.Shares[i].Level, parts[i]}
	}
	return out
}

// JSON is the canonical form.
func (r *Report) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Hash is the SHA-256 of the canonical form, in hex.
func (r *Report) Hash() (string, error) {
	b, err := r.JSON()
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), err
}

// Of returns the outcome of a measure, or nil.
func (r *Report) Of(id string) *Outcome {
	for i := range r.Outcomes {
		if r.Outcomes[i].Measure == id {
			return &r.Outcomes[i]
		}
	}
	return nil
}
