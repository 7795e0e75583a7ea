package programme

import (
	"math/big"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Swing is a case that would be on the other side of the cut line.
type Swing struct {
	Case    uuid.UUID `json:"case"`
	Chosen  bool      `json:"chosen" doc:"As it stands"`
	Because string    `json:"because" enum:"without,raw,adjusted,plus,minus" doc:"Without one reviewer, by the raw or by the adjusted score, with one point more or less"`
	Expert  uuid.UUID `json:"expert,omitzero" doc:"Of without: the reviewer"`
	Unheard bool      `json:"unheard,omitempty" doc:"Without the reviewer the case has no score at all"`
}

// Sensitivity tells which cases would change sides: without any one of the reviewers, by the other way of counting, and with one point
// more or less while the others stay. The line itself stays where it is.
func (r *CallReview) Sensitivity(scores []Score, filed map[uuid.UUID]int64) []Swing {
	whole := r.Fit(scores)
	base := chosen(r.Rank(whole, r.Count, filed))
	var out []Swing
	compare := func(other map[uuid.UUID]bool, because string, expert uuid.UUID) {
		for id, is := range base {
			would, heard := other[id]
			if would != is {
				out = append(out, Swing{Case: id, Chosen: is, Because: because, Expert: expert, Unheard: !heard})
			}
		}
	}
	for _, e := range whole.Effects {
		rest := slices.DeleteFunc(slices.Clone(scores), func(s Score) bool { return s.Expert == e.Expert })
		compare(chosen(r.Rank(r.Fit(rest), r.Count, filed)), "without", e.Expert)
	}
	other := map[string]string{"raw": "adjusted", "adjusted": "raw"}[r.Count]
	compare(chosen(r.Rank(whole, other, filed)), other, uuid.Nil)
	for i := range whole.Cases {
		for because, d := range map[string]int64{"plus": 1, "minus": -1} {
			moved := Fitted{Cases: slices.Clone(whole.Cases), Parts: whole.Parts}
			j := moved.Cases[i]
			j.Raw, j.Adjusted = new(big.Rat).Add(j.Raw, big.NewRat(d, 1)), new(big.Rat).Add(j.Adjusted, big.NewRat(d, 1))
			moved.Cases[i] = j
			if would := chosen(r.Rank(moved, r.Count, filed))[j.Case]; would != base[j.Case] {
				out = append(out, Swing{Case: j.Case, Chosen: base[j.Case], Because: because})
			}
		}
	}
	slices.SortFunc(out, func(a, b Swing) int {
		return strings.Compare(a.Case.String()+a.Because+a.Expert.String(), b.Case.String()+b.Because+b.Expert.String())
	})
	return out
}

func chosen(list []Place) map[uuid.UUID]bool {
	out := map[uuid.UUID]bool{}
	for _, p := range list {
		out[p.Case] = p.Chosen
	}
	return out
}
