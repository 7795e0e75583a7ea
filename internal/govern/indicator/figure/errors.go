package figure

import (
	"embed"
	"strings"
	"unicode/utf8"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/text"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrScope     = problem.Define("figure-scope", 422)            //
	ErrPolicy    = problem.Define("figure-policy", 422)           // policies
	ErrIndicator = problem.Define("figure-indicator", 422)        //
	ErrFilter    = problem.Define("figure-filter", 422)           // reason
	ErrPeriod    = problem.Define("figure-period", 422)           // kinds, example
	ErrBaseline  = problem.Define("figure-baseline", 422)         // reason
	ErrReading   = problem.Define("figure-reading", 422)          // readings
	ErrValue     = problem.Define("figure-value", 422)            //
	ErrUnit      = problem.Define("figure-unit", 422)             // unit
	ErrEvidence  = problem.Define("figure-evidence", 422)         // grade, need
	ErrDocument  = problem.Define("figure-document", 422)         //
	ErrReason    = problem.Define("figure-reason", 422)           // min, max
	ErrThere     = problem.Define("figure-manual-there", 409)     // revision
	ErrState     = problem.Define("figure-manual-state", 409)     // state
	ErrOwn       = problem.Define("figure-own-confirmation", 409) // name
	ErrChanged   = problem.Define("figure-changed", 409)          // revision
	ErrSealEmpty = problem.Define("figure-seal-empty", 409)       //
	ErrSealState = problem.Define("figure-seal-state", 409)       // state, needs
	ErrSealRoot  = problem.Define("figure-seal-other", 409)       // root
	ErrSealHere  = problem.Define("figure-seal-here", 409)        // here, figures
	ErrTaker     = problem.Define("figure-taker", 403)            //
	ErrLarge     = problem.Define("figure-table-large", 422)      // max
	ErrVia       = problem.Define("figure-via", 422)              // max
	ErrQuestion  = problem.Define("figure-question", 422)         //
	ErrRests     = problem.Define("figure-rests", 404)            //
	ErrTooLarge  = problem.Define("figure-pack-large", 422)       // max
	ErrProof     = problem.Define("figure-damaged", 500)          // what
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrScope, ErrPolicy, ErrIndicator, ErrFilter, ErrPeriod, ErrBaseline, ErrReading, ErrValue, ErrUnit, ErrEvidence, ErrDocument, ErrReason, ErrThere, ErrState, ErrOwn, ErrChanged,
		ErrSealEmpty, ErrSealState, ErrSealRoot, ErrSealHere, ErrTaker, ErrLarge, ErrVia, ErrQuestion, ErrRests, ErrTooLarge, ErrProof}
}

// Bounds of a reason, in characters.
const (
	leastReason = 3
	mostReason  = 2000
)

func checkReason(reason string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < leastReason || n > mostReason || !utf8.ValidString(reason) {
		return ErrReason.At("body.reason", reason).With("min", leastReason).With("max", mostReason)
	}
	return nil
}

func both(zh, en string) text.Text { return text.Text{Zh: zh, En: en} }
