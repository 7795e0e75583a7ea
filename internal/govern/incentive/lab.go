package incentive

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"jingwei/internal/govern/incentive/decimal"
)

// Experiment runs two sets of measures over the same enterprises.
type Experiment struct {
	A, B       *Set
	Day        Date
	Instrument string                    // whose amounts are compared, "grant" when empty: a grant and an equity stake are not added up
	Proven     bool                      // count only what is evidenced; otherwise what is declared counts
	Class      func(sub *Subject) string // by what results are grouped, such as industry and size; may be nil
	BudgetA    map[string]decimal.Fen    // by budget line; a line that is not here is not limited
	BudgetB    map[string]decimal.Fen
	Subjects   iter.Seq[*Subject] // one claim each; a subject is read before the next is asked for and not kept
}

// Finding is what an experiment found. It is the same for the same sets, subjects in the same order, and day.
type Finding struct {
	Subjects int         `json:"subjects"`
	Day      string      `json:"day"`
	A        Side        `json:"a"`
	B        Side        `json:"b"`
	Winners  int         `json:"winners"` // subjects that get more under B
	Losers   int         `json:"losers"`
	Gain     decimal.Fen `json:"gain,string"` // what winners gain together
	Loss     decimal.Fen `json:"loss,string"` // what losers lose together
	Classes  []ClassRow  `json:"classes"`     // by name
}

// Side is one set's result. Alternatives among which nothing is chosen count for nothing and are told in Open.
type Side struct {
	Set      string         `json:"set"`
	Paid     int            `json:"paid"`         // subjects that get something
	Total    decimal.Fen    `json:"total,string"` // of the instrument, after the budget
	Open     int            `json:"open"`
	Measures []MeasureTotal `json:"measures"` // by id
	Lines    []LineTotal    `json:"lines"`    // by name
}

// MeasureTotal is the use of a measure, before the budget.
type MeasureTotal struct {
	Measure  string      `json:"measure"`
	Eligible int         `json:"eligible"`
	Unknown  int         `json:"unknown"`
	Granted  int         `json:"granted"`
	Amount   decimal.Fen `json:"amount,string"`
}

// LineTotal is a budget line.
type LineTotal struct {
	Line    string      `json:"line"`
	Claims  int         `json:"claims"`
	Due     decimal.Fen `json:"due,string"`
	Payable decimal.Fen `json:"payable,string"`
	Short   decimal.Fen `json:"short,string"`
}

// ClassRow is a class of subjects.
type ClassRow struct {
	Class    string      `json:"class"`
	Subjects int         `json:"subjects"`
	A        decimal.Fen `json:"a,string"`
	B        decimal.Fen `json:"b,string"`
	Winners  int         `json:"winners"`
	Losers   int         `json:"losers"`
}

// bench is one side at work.
type bench struct {
	set      *Set
	counts   []bool // by measure: of the instrument that is compared
	row      Row
	verdicts []Verdict
	grants   []grant
	side     Side
	got      []decimal.Fen // by subject, after the budget
	due      map[string][]Entitlement
	owner    map[string][]int // by line: the subject of each entitlement
}

// Run runs it. Error: ErrType, ErrFact with the subject.
func (x *Experiment) Run() (*Finding, error) {
	instrument := cmp.Or(x.Instrument, "grant")
	a, b := newBench(x.A, instrument), newBench(x.B, instrument)
	var classes []string // of each subject
	for sub := range x.Subjects {
		n := len(classes)
		class := ""
		if x.Class != nil {
			class = x.Class(sub)
		}
		classes = append(classes, class)
		for _, side := range []*bench{a, b} {
			if err := side.take(n, sub, x.Day, !x.Proven); err != nil {
				return nil, fmt.Errorf("subject %s: %w", sub.ID, err)
			}
		}
	}
	a.settle(x.BudgetA)
	b.settle(x.BudgetB)
	f := &Finding{Subjects: len(classes), Day: x.Day.String(), A: a.side, B: b.side, Classes: []ClassRow{}}
	at := map[string]int{}
	for i, c := range classes {
		k, ok := at[c]
		if !ok {
			k, f.Classes = len(f.Classes), append(f.Classes, ClassRow{Class: c})
			at[c] = k
		}
		row := &f.Classes[k]
		row.Subjects++
		row.A, row.B = row.A+a.got[i], row.B+b.got[i]
		switch d := b.got[i] - a.got[i]; {
		case d > 0:
			f.Winners, f.Gain, row.Winners = f.Winners+1, f.Gain+d, row.Winners+1
		case d < 0:
			f.Losers, f.Loss, row.Losers = f.Losers+1, f.Loss-d, row.Losers+1
		}
	}
	slices.SortFunc(f.Classes, func(a, b ClassRow) int { return strings.Compare(a.Class, b.Class) })
	return f, nil
}

func newBench(s *Set, instrument string) *bench {
	b := &bench{set: s, verdicts: make([]Verdict, len(s.measures)), grants: make([]grant, len(s.measures)), due: map[string][]Entitlement{}, owner: map[string][]int{}}
	b.side = Side{Set: s.hash, Measures: make([]MeasureTotal, len(s.measures)), Lines: []LineTotal{}}
	for i, m := range s.measures {
		b.side.Measures[i].Measure = m.ID
		b.counts = append(b.counts, m.Instrument == instrument)
	}
	return b
}

// take evaluates one subject.
func (b *bench) take(n int, sub *Subject, day Date, declared bool) error {
	if err := b.set.Fill(&b.row, sub); err != nil {
		return err
	}
	b.got = append(b.got, 0)
	for i := range b.set.programs {
		b.verdicts[i] = b.set.programs[i].verdict(&b.row, day, declared)
	}
	open := false
	for i, g := range b.set.resolveInto(b.grants, b.verdicts, sub, day) {
		t := &b.side.Measures[i]
		switch b.verdicts[i].Eligible {
		case True:
			t.Eligible++
		case Unknown:
			t.Unknown++
		}
		open = open || g.reason == ChoiceIsOpen
		if g.reason != Granted {
			continue
		}
		t.Granted, t.Amount = t.Granted+1, t.Amount+g.amount
		if !b.counts[i] {
			continue
		}
		if l := b.set.measures[i].Budget; l != nil {
			b.due[l.Line] = append(b.due[l.Line], Entitlement{ID: sub.ID, Filed: int64(n), Amount: g.amount})
			b.owner[l.Line] = append(b.owner[l.Line], n)
		} else {
			b.got[n] += g.amount
		}
	}
	if open {
		b.side.Open++
	}
	return nil
}

// settle scales by the budget and adds up.
func (b *bench) settle(budgets map[string]decimal.Fen) {
	for line, due := range b.due {
		scaling := ""
		for _, m := range b.set.measures {
			if m.Budget != nil && m.Budget.Line == line {
				scaling = m.Budget.Scaling
				break
			}
		}
		t := LineTotal{Line: line, Claims: len(due)}
		for _, e := range due {
			t.Due += e.Amount
		}
		budget, limited := budgets[line]
		if !limited {
			budget = t.Due
		}
		paid, short := Allot(scaling, budget, due)
		t.Short = short
		for i, p := range paid {
			b.got[b.owner[line][i]] += p.Payable
			t.Payable += p.Payable
		}
		b.side.Lines = append(b.side.Lines, t)
	}
	slices.SortFunc(b.side.Lines, func(x, y LineTotal) int { return cmp.Compare(x.Line, y.Line) })
	for _, got := range b.got {
		b.side.Total += got
		if got > 0 {
			b.side.Paid++
		}
	}
}

// Judge is the bare rule of one measure for one row: eligibility and amount, without other measures, earlier awards or
// words. It makes no garbage where no decision table is asked. index is that of All.
func (s *Set) Judge(index int, r *Row, day Date, declared bool) Verdict {
	return s.programs[index].verdict(r, day, declared)
}
