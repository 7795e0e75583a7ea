package fact

import (
	"strings"
	"unicode/utf8"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/blob"
)

// Grade says how well a fact is proved.
type Grade int

// The grades.
const (
	Declared   Grade = 0 // E0: its owner says so
	Documented Grade = 1 // E1: a document says so
	Checked    Grade = 2 // E2: a third party has checked it
	Measured   Grade = 3 // E3: it was measured; the evidence names series or figure
)

// String is E0 to E3.
func (g Grade) String() string {
	if g < Declared || g > Measured {
		return "E?"
	}
	return "E" + string(rune('0'+g))
}

// ParseGrade reads E0 to E3; empty is E0.
func ParseGrade(s string) (Grade, bool) {
	switch strings.ToUpper(strings.TrimSpace(s)) {
	case "", "E0":
		return Declared, true
	case "E1":
		return Documented, true
	case "E2":
		return Checked, true
	case "E3":
		return Measured, true
	}
	return 0, false
}

// Evidence is what a grade rests on.
type Evidence struct {
	Document  blob.ID `json:"document,omitempty" doc:"A document of this fact, by its id"`
	Reference string  `json:"reference,omitempty" doc:"Where the evidence is: number of a report, or series:<uuid> or figure:<id> for what was measured; at most 500 characters"`
	By        string  `json:"by,omitempty" doc:"E2: the third party that checked; at most 200 characters"`
}

// IsZero tells whether nothing is named.
func (e Evidence) IsZero() bool { return e == Evidence{} }

// Bounds, in characters.
const (
	maxReference = 500
	maxBy        = 200
	minReason    = 3
	maxReason    = 2000
)

// judge decides whether a fact may stand at a grade. before is its grade so far, Declared for a new one; documents are those that
// the revision has. Evidence is needed to rise, and to be named again by whoever rises further: that of a lower grade does not do.
func judge(before, after Grade, e Evidence, documents []Document) *problem.Error {
	if utf8.RuneCountInString(e.Reference) > maxReference || utf8.RuneCountInString(e.By) > maxBy {
		return ErrEvidence.At("body.evidence.reference", e.Reference).With("grade", after).With("need", needShort)
	}
	if e.Document != "" {
		known := false
		for _, d := range documents {
			known = known || d.ID == e.Document
		}
		if !known {
			return ErrEvidence.At("body.evidence.document", string(e.Document)).With("grade", after).With("need", needKnown)
		}
	}
	if after <= before {
		return nil
	}
	some := e.Document != "" || strings.TrimSpace(e.Reference) != ""
	switch after {
	case Documented:
		if !some {
			return ErrEvidence.At("body.evidence", "").With("grade", after).With("need", needDocument)
		}
	case Checked:
		if !some || strings.TrimSpace(e.By) == "" {
			return ErrEvidence.At("body.evidence.by", e.By).With("grade", after).With("need", needParty)
		}
	case Measured:
		if !measured(e.Reference) {
			return ErrEvidence.At("body.evidence.reference", e.Reference).With("grade", after).With("need", needMeasure)
		}
	}
	return nil
}

// measured tells whether a reference names what was measured.
func measured(reference string) bool {
	for _, kind := range []string{"series:", "figure:"} {
		if rest, ok := strings.CutPrefix(reference, kind); ok && strings.TrimSpace(rest) != "" {
			return true
		}
	}
	return false
}
