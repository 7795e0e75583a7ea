package incentive

import (
	"slices"

	"jingwei/internal/govern/incentive/decimal"
)

// Reason says in one word what became of a measure beside the others.
type Reason string

// Reasons. Only Granted pays.
const (
	Granted       Reason = "granted"
	NotEligible   Reason = "not-eligible"
	Pending       Reason = "pending"        // evidence is missing
	NoAmount      Reason = "not-calculable" // eligible, and the document gives no amount
	AlreadyPaid   Reason = "already-paid"   // once only, or once a year, and it was
	ObjectPaid    Reason = "object-paid"    // another measure of the group has paid for the object
	Excluded      Reason = "excluded"       // by another measure
	NotHighest    Reason = "not-highest"
	NotChosen     Reason = "not-chosen"
	ChoiceIsOpen  Reason = "choice-open" // the applicant must say which
	NothingIsLeft Reason = "nothing"     // it comes to nothing
)

// grant is the outcome of one measure beside the others.
type grant struct {
	reason Reason
	amount decimal.Fen
	by     int // the measure that decided it, -1 for none
	award  int // the earlier award that decided it, -1 for none
}

// resolve holds measures against each other, in this order: what was paid before, exclusions (a measure yields to those it
// names), then groups: of alternatives the one that was chosen, of overlapping ones the highest. A tie goes to the lower
// id. Only what is eligible with a known amount takes part. The result is in the order of the measures.
func (s *Set) resolve(v []Verdict, sub *Subject, day Date) []grant {
	return s.resolveInto(make([]grant, len(v)), v, sub, day)
}

func (s *Set) resolveInto(out []grant, v []Verdict, sub *Subject, day Date) []grant {
	for _, i := range s.exclude {
		out[i] = s.before(i, v[i], sub, day)
		if out[i].reason != Granted {
			continue
		}
		for _, x := range s.measures[i].Excludes {
			if other, ok := s.byID[x.Measure]; ok && out[other].reason == Granted {
				out[i] = grant{Excluded, 0, other, -1}
			}
		}
		if a := s.excluded(i, sub); a >= 0 {
			out[i] = grant{Excluded, 0, -1, a}
		}
	}
	for _, g := range s.groups {
		s.settle(g.rule, g.members, sub.Chosen[g.name], out)
	}
	return out
}

// before judges a measure by itself and by what was paid earlier.
func (s *Set) before(i int, v Verdict, sub *Subject, day Date) grant {
	m := s.measures[i]
	switch {
	case v.Eligible == False:
		return grant{NotEligible, 0, -1, -1}
	case v.Eligible == Unknown || m.Calculable() && !v.Known:
		return grant{Pending, 0, -1, -1}
	case !m.Calculable():
		return grant{NoAmount, 0, -1, -1}
	}
	if why, k := s.paid(i, sub, day); k >= 0 {
		return grant{why, 0, -1, k}
	}
	if v.Amount == 0 {
		return grant{NothingIsLeft, 0, -1, -1}
	}
	return grant{Granted, v.Amount, -1, -1}
}

// paid is the award, of the measure itself or of another one of its groups, after which the measure pays no more; -1 for none.
func (s *Set) paid(i int, sub *Subject, day Date) (Reason, int) {
	m := s.measures[i]
	for k, a := range sub.Awards {
		if f := m.Frequency; f != nil && a.Measure == m.ID && (f.Scope == "enterprise" || a.Object == sub.Object) && (f.Per == "once" || a.Date.Year() == day.Year()) {
			return AlreadyPaid, k
		}
		for _, st := range m.Stacking {
			if a.Object == sub.Object && a.Measure != m.ID && s.inGroup(a.Measure, st.Group) {
				return ObjectPaid, k
			}
		}
	}
	return "", -1
}

// excluded is the award of a measure that another one yields to; -1 for none.
func (s *Set) excluded(i int, sub *Subject) int {
	for _, x := range s.measures[i].Excludes {
		if a := awardOf(sub, x.Measure); a >= 0 {
			return a
		}
	}
	return -1
}

// Earlier tells whether one of the awards of a subject stands in the way of another under a measure for its object on a day, and for
// which reason: AlreadyPaid, ObjectPaid or Excluded.
func (s *Set) Earlier(measure string, sub *Subject, day Date) (Award, Reason, bool) {
	i, ok := s.byID[measure]
	if !ok {
		return Award{}, "", false
	}
	why, k := s.paid(i, sub, day)
	if k < 0 {
		if why, k = Excluded, s.excluded(i, sub); k < 0 {
			return Award{}, "", false
		}
	}
	return sub.Awards[k], why, true
}

func (s *Set) inGroup(id, group string) bool {
	i, ok := s.byID[id]
	return ok && slices.ContainsFunc(s.measures[i].Stacking, func(st Stack) bool { return st.Group == group })
}

func awardOf(sub *Subject, measure string) int {
	return slices.IndexFunc(sub.Awards, func(a Award) bool { return a.Measure == measure && a.Object == sub.Object })
}

// settle leaves one of a group.
func (s *Set) settle(rule string, members []int, chosen string, out []grant) {
	best, open := -1, 0
	for _, i := range members { // by id
		if out[i].reason != Granted {
			continue
		}
		if rule == "choice" && chosen != "" && s.measures[i].ID != chosen {
			continue
		}
		if best < 0 || out[i].amount > out[best].amount {
			best = i
		}
		if rule == "choice" {
			open++
		}
	}
	for _, i := range members {
		switch {
		case out[i].reason != Granted:
		case rule == "choice" && chosen != "" && s.measures[i].ID != chosen:
			out[i] = grant{NotChosen, 0, best, -1}
		case rule == "choice" && chosen == "" && open > 1:
			out[i] = grant{ChoiceIsOpen, 0, -1, -1}
		case i != best:
			out[i] = grant{NotHighest, 0, best, -1}
		}
	}
}

// Filing is an application that is open or was decided in the applicant's favour.
type Filing struct {
	ID         string
	Measure    string
	Enterprise string
	Object     string
}

// SecondFiling tells whether f files an object again: under the same measure, or under another one of a group in which
// only the highest is paid (不得多头申报). It returns the filing that stands in the way, and the rule, whose clause and text say why.
func (s *Set) SecondFiling(open []Filing, f Filing) (Filing, Stack, bool) {
	m := s.Get(f.Measure)
	if m == nil {
		return Filing{}, Stack{}, false
	}
	for _, o := range open {
		if o.Enterprise != f.Enterprise || o.Object != f.Object || o.ID == f.ID {
			continue
		}
		for _, st := range m.Stacking {
			if st.Rule == "highest" && s.inGroup(o.Measure, st.Group) {
				return o, st, true
			}
		}
		if o.Measure == f.Measure {
			return o, Stack{}, true
		}
	}
	return Filing{}, Stack{}, false
}
