package incentive

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"jingwei/internal/govern/incentive/decimal"
)

// Tests are the golden cases of a measure, kept in its pack. What is expected is worked out by hand from the clause, and the
// arithmetic is written down beside it.
type Tests struct {
	Published string         `json:"published,omitempty" yaml:"published"` // of the document of the first clause, assumed for the cases where it does not date itself
	Date      string         `json:"date" yaml:"date"`                     // of filing, unless the case says otherwise
	Facts     map[string]any `json:"facts" yaml:"facts"`                   // of all cases; see Case.Facts
	Cases     []Case         `json:"cases" yaml:"cases"`
}

// Case is one golden case.
type Case struct {
	Name       string         `json:"name" yaml:"name"`
	Date       string         `json:"date,omitempty" yaml:"date"`
	Published  string         `json:"published,omitempty" yaml:"published"` // a day, or unknown
	Facts      map[string]any `json:"facts,omitempty" yaml:"facts"`         // over those of all cases: a value, {value, grade}, or unknown
	Beside     []string       `json:"beside,omitempty" yaml:"beside"`       // other measures evaluated together
	Awards     []CaseAward    `json:"awards,omitempty" yaml:"awards"`       // paid before
	Chosen     string         `json:"chosen,omitempty" yaml:"chosen"`       // measure that the applicant chose in every group of alternatives
	Expect     Expect         `json:"expect" yaml:"expect"`
	Arithmetic string         `json:"arithmetic" yaml:"arithmetic"` // how the expected amount comes about, by hand
}

// CaseAward is an earlier award.
type CaseAward struct {
	Measure string `json:"measure" yaml:"measure"`
	Object  string `json:"object" yaml:"object"`
	Date    string `json:"date" yaml:"date"`
	Amount  string `json:"amount" yaml:"amount"`
}

// Expect is what must come out. What is left out is not looked at, except that eligible must be given.
type Expect struct {
	Eligible string   `json:"eligible" yaml:"eligible"`
	Amount   string   `json:"amount,omitempty" yaml:"amount"`   // with its unit; none or unknown where there is none
	Granted  string   `json:"granted,omitempty" yaml:"granted"` // beside the other measures
	Reason   string   `json:"reason,omitempty" yaml:"reason"`
	By       string   `json:"by,omitempty" yaml:"by"`
	Missing  []string `json:"missing,omitempty" yaml:"missing"` // exactly these facts
	Failed   []string `json:"failed,omitempty" yaml:"failed"`   // conditions that are false in the explanation
	IfProven string   `json:"ifProven,omitempty" yaml:"ifProven"`
}

// CaseObject is the object of the cases' claims.
const CaseObject = "project-1"

// RunTests runs the cases of a measure of the set and returns what differs, one error for each.
func (s *Set) RunTests(id string) []error {
	m := s.Get(id)
	if m == nil || m.Tests == nil {
		return []error{fmt.Errorf("%s: has no tests", id)}
	}
	var out []error
	for _, c := range m.Tests.Cases {
		if err := s.runCase(m, &c); err != nil {
			out = append(out, fmt.Errorf("%s: %s: %w", m.File(), c.Name, err))
		}
	}
	return out
}

// ReportCase evaluates one case of a measure and returns the whole report.
func (s *Set) ReportCase(m *Measure, c *Case) (*Report, error) {
	var o Options
	published := m.Tests.Published
	if c.Published != "" {
		published = c.Published
	}
	if published != "" && published != "unknown" {
		d, err := ParseDate(published)
		if err != nil {
			return nil, err
		}
		o.Published = map[string]Date{}
		for _, cl := range m.Clauses {
			o.Published[cl.Document] = d
		}
	}
	set, err := s.Only(o, append([]string{m.ID}, c.Beside...)...)
	if err != nil {
		return nil, err
	}
	day := c.Date
	if day == "" {
		day = m.Tests.Date
	}
	date, err := ParseDate(day)
	if err != nil {
		return nil, err
	}
	sub := &Subject{ID: "case", Object: CaseObject, Facts: map[string]Known{}, Chosen: map[string]string{}}
	facts := maps.Clone(m.Tests.Facts)
	maps.Copy(facts, c.Facts)
	for key, v := range facts {
		k, known, err := set.read(key, v)
		if err != nil {
			return nil, fmt.Errorf("facts %s: %w", key, err)
		}
		if known {
			sub.Facts[key] = k
		}
	}
	for _, a := range c.Awards {
		on, err1 := ParseDate(a.Date)
		fen, err2 := decimal.ParseFen(a.Amount)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("awards: %w", err)
		}
		sub.Awards = append(sub.Awards, Award{a.Measure, a.Object, on, fen})
	}
	if c.Chosen != "" {
		for _, mm := range set.measures {
			for _, st := range mm.Stacking {
				if st.Rule == "choice" {
					sub.Chosen[st.Group] = c.Chosen
				}
			}
		}
	}
	return set.Evaluate(sub, date)
}

// read makes a fact of what a file says: a scalar has the grade that the measures ask for, {value, grade} its own.
func (s *Set) read(key string, v any) (k Known, known bool, err error) {
	slot, ok := s.keys[key]
	if !ok {
		return k, false, fmt.Errorf("%q is an unknown field of these measures", key)
	}
	for _, m := range s.measures {
		for _, f := range m.Facts {
			if f.Key == key {
				k.Grade = max(k.Grade, f.grade)
			}
		}
	}
	if in, ok := v.(map[string]any); ok {
		g, err := ParseGrade(fmt.Sprint(in["grade"]))
		if err != nil {
			return k, false, err
		}
		k.Grade, v = g, in["value"]
	}
	if v == nil || v == "unknown" {
		return k, false, nil
	}
	k.Value, err = ReadValue(s.types[slot], v)
	return k, err == nil, err
}

// ReadValue makes a value of a type from what YAML or JSON gives: true, a word, a list of words, a number, an amount of
// money with its unit, a day, or a list of {date, amount}.
func ReadValue(t Type, v any) (Value, error) {
	words := func() (out []string) {
		list, _ := v.([]any)
		for _, w := range list {
			out = append(out, fmt.Sprint(w))
		}
		return out
	}
	switch t {
	case TypeBool:
		if b, ok := v.(bool); ok {
			return Bool(b), nil
		}
		return Value{}, fmt.Errorf("%w: %v is not true or false", ErrFact, v)
	case TypeChoice:
		if w, ok := v.(string); ok {
			return Choice(w), nil
		}
		return Value{}, fmt.Errorf("%w: %v is not one word", ErrFact, v)
	case TypeSet:
		if _, ok := v.([]any); ok {
			return SetOf(words()...), nil
		}
		return Value{}, fmt.Errorf("%w: %v is not a list of words", ErrFact, v)
	case TypeCount:
		d, err := decimal.Parse(fmt.Sprint(v))
		if err != nil || d.Scale > 0 {
			return Value{}, fmt.Errorf("%w: %v is not a whole number", ErrFact, v)
		}
		return Count(d.Coef), Count(d.Coef).check()
	case TypeMoney:
		f, err := decimal.ParseFen(fmt.Sprint(v))
		if err != nil {
			return Value{}, fmt.Errorf("%w: %w", ErrFact, err)
		}
		return Money(f), Money(f).check()
	case TypeDate:
		d, err := ParseDate(fmt.Sprint(v))
		if err != nil {
			return Value{}, fmt.Errorf("%w: %w", ErrFact, err)
		}
		return Day(d), nil
	}
	list, ok := v.([]any)
	if !ok {
		return Value{}, fmt.Errorf("%w: %v is not a list of {date, amount}", ErrFact, v)
	}
	var items []Item
	for _, x := range list {
		in, _ := x.(map[string]any)
		d, err1 := ParseDate(fmt.Sprint(in["date"]))
		f, err2 := decimal.ParseFen(fmt.Sprint(in["amount"]))
		if err := errors.Join(err1, err2); err != nil {
			return Value{}, fmt.Errorf("%w: %w", ErrFact, err)
		}
		items = append(items, Item{d, f})
	}
	return Amounts(items...), Amounts(items...).check()
}

func (s *Set) runCase(m *Measure, c *Case) error {
	if c.Arithmetic == "" {
		return errors.New("arithmetic is missing; write how the expected outcome comes about")
	}
	rep, err := s.ReportCase(m, c)
	if err != nil {
		return err
	}
	o, x := rep.Of(m.ID), c.Expect
	var errs []error
	differ := func(what string, got, want any) {
		if got != want {
			errs = append(errs, fmt.Errorf("%s is %v, want %v", what, got, want))
		}
	}
	differ("eligible", o.Eligible.String(), x.Eligible)
	money := func(what string, got *decimal.Fen, want string) {
		switch want {
		case "":
		case "none", "unknown":
			differ(what, got == nil, true)
		default:
			f, err := decimal.ParseFen(want)
			if err != nil {
				errs = append(errs, err)
			} else if got == nil {
				differ(what, "none", want)
			} else {
				differ(what, *got, f)
			}
		}
	}
	money("amount", o.Amount, x.Amount)
	money("granted", o.Granted, x.Granted)
	money("ifProven", o.IfProven, x.IfProven)
	if x.Reason != "" {
		differ("reason", string(o.Reason), x.Reason)
	}
	if x.By != "" {
		differ("by", o.By, x.By)
	}
	var missing []string
	for _, f := range o.Missing {
		missing = append(missing, f.Fact)
	}
	slices.Sort(missing)
	if want := slices.Sorted(slices.Values(x.Missing)); len(want) > 0 || x.Eligible == "unknown" {
		differ("missing", strings.Join(missing, " "), strings.Join(want, " "))
	}
	for _, id := range x.Failed {
		i := slices.IndexFunc(m.Conditions, func(c Condition) bool { return c.ID == id })
		if i < 0 || o.Explanation.Steps[i+1].Result != "false" {
			errs = append(errs, fmt.Errorf("condition %q is not false in the explanation", id))
		}
	}
	if x.Amount != "" && x.Amount != "none" && x.Amount != "unknown" && !cites(&o.Explanation, m.Amount.Clause) {
		errs = append(errs, fmt.Errorf("the explanation does not name the clause %q of the amount", m.Amount.Clause))
	}
	return errors.Join(errs...)
}

func cites(s *Step, clause string) bool {
	return s.Clause != nil && s.Clause.ID == clause && s.Kind == "amount" || slices.ContainsFunc(s.Steps, func(k Step) bool { return cites(&k, clause) })
}
