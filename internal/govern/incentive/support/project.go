package support

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/text"
)

// ObjectOf is the name under which a project is known to filings and awards: small letters, half width, no spaces or marks between. Two
// spellings of one name are one project.
func ObjectOf(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) && r != '.' && r != '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, width.Fold.String(name))
}

// holdsIn tells whether a measure of a region holds for an enterprise in another, both codes of GB/T 2260: a province's measure holds in its
// cities. An enterprise whose region is not known is told of all.
func holdsIn(measure, region string) bool {
	for strings.HasSuffix(measure, "00") {
		measure = measure[:len(measure)-2]
	}
	return region == "" || strings.HasPrefix(region, measure)
}

// SupportAsk is a question that is put to the firm.
type SupportAsk struct {
	Fact     string             `json:"fact"`
	Type     string             `json:"type" enum:"bool,choice,set,count,money,date,amounts"`
	Ask      text.Text          `json:"ask"`
	Help     text.Text          `json:"help"`
	Options  []incentive.Option `json:"options,omitempty"`
	Measures []string           `json:"measures" doc:"Those that it can change"`
}

// SupportNeed is evidence that is missing for a measure, and how it is had.
type SupportNeed struct {
	Fact     string    `json:"fact"`
	Name     text.Text `json:"name"`
	Have     string    `json:"have,omitempty"`
	Need     string    `json:"need"`
	Evidence text.Text `json:"evidence"`
	Help     text.Text `json:"help,omitzero"`
	Measures []string  `json:"measures"`
	Kind     string    `json:"kind,omitempty" doc:"Kind of business fact by which it can be entered"`
}

// asks are the questions that can still change the answer, the one that can change most first. rep is the report of what would be if
// all that is said were proven: what it lacks nobody has said anything about.
func asks(g *Guide, vocab map[string]*incentive.Fact, set *incentive.Set, rep *incentive.Report) []SupportAsk {
	at, weight := map[string]int{}, map[string]int{}
	var out []SupportAsk
	for _, o := range rep.Outcomes {
		for _, m := range o.Missing {
			f := vocab[m.Fact]
			if f == nil { // the date of a document: its operator tells it
				continue
			}
			i, ok := at[m.Fact]
			if !ok {
				a := SupportAsk{Fact: m.Fact, Type: f.Type, Ask: text.Text{Zh: f.Name.Zh + "？", En: f.Name.En + "?"}, Help: f.Evidence, Options: f.Options}
				if q := g.question(m.Fact); q != nil {
					a.Ask, a.Help = q.Ask, q.Help
				}
				i, out = len(out), append(out, a)
				at[m.Fact] = i
			}
			out[i].Measures = append(out[i].Measures, o.Measure)
			w := 1
			if set.Get(o.Measure).Calculable() {
				w = 10
			}
			weight[m.Fact] += w
		}
	}
	order := func(fact string) int { // of the guide; facts that it does not know come last
		return slices.IndexFunc(g.Questions, func(q Question) bool { return q.Fact == fact }) & 0xffff
	}
	slices.SortFunc(out, func(a, b SupportAsk) int {
		return cmp.Or(-cmp.Compare(weight[a.Fact], weight[b.Fact]), cmp.Compare(order(a.Fact), order(b.Fact)), strings.Compare(a.Fact, b.Fact))
	})
	return out
}

// needs is the evidence that is still wanted of what the firm has said, for measures that it could get.
func needs(g *Guide, vocab map[string]*incentive.Fact, rep *incentive.Report) []SupportNeed {
	at := map[string]int{}
	var out []SupportNeed
	for _, o := range rep.Outcomes {
		if o.Declared == incentive.False {
			continue
		}
		for _, m := range o.Missing {
			if m.Have == "" || vocab[m.Fact] == nil {
				continue
			}
			i, ok := at[m.Fact]
			if !ok {
				n := SupportNeed{Fact: m.Fact, Name: m.Name, Have: m.Have, Need: m.Need.String(), Evidence: m.Evidence}
				if q := g.question(m.Fact); q != nil {
					n.Help = q.Help
					if q.Proof != nil {
						n.Kind = q.Proof.Kind
					}
				}
				i, out = len(out), append(out, n)
				at[m.Fact] = i
			}
			out[i].Measures = append(out[i].Measures, o.Measure)
			if m.Need.String() > out[i].Need {
				out[i].Need, out[i].Evidence = m.Need.String(), m.Evidence
			}
		}
	}
	return out
}
