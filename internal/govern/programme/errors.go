package programme

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
	ErrCall       = problem.Define("programme-call-unknown", 404)          // calls
	ErrRoundField = problem.Define("programme-round-field", 422)           // reason
	ErrClosed     = problem.Define("programme-closed", 409)                // call
	ErrEligible   = problem.Define("programme-not-eligible", 409)          // conditions
	ErrDuplicate  = problem.Define("programme-filed-already", 409)         // project
	ErrChanged    = problem.Define("programme-changed", 409)               //
	ErrState      = problem.Define("programme-state", 409)                 // state, needs
	ErrShort      = problem.Define("programme-experts-short", 409)         // cases
	ErrScore      = problem.Define("programme-score", 422)                 // name, max
	ErrReviewed   = problem.Define("programme-reviewed", 409)              // state
	ErrUnscored   = problem.Define("programme-unscored", 409)              // n
	ErrRanking    = problem.Define("programme-ranking", 409)               // reason
	ErrAmount     = problem.Define("programme-amount", 409)                // cases
	ErrBudget     = problem.Define("programme-budget", 409)                // needs, has
	ErrBaseline   = problem.Define("programme-baseline", 409)              // indicator, reason
	ErrIndicator  = problem.Define("programme-indicator", 422)             // indicators
	ErrSeries     = problem.Define("programme-series", 422)                // name
	ErrFrozen     = problem.Define("programme-frozen", 409)                // indicator
	ErrUnreached  = problem.Define("programme-indicator-not-reached", 409) // indicator, reason
	ErrMilestone  = problem.Define("programme-milestone", 422)             // milestones
	ErrPayment    = problem.Define("programme-payment", 409)               // state
	ErrField      = problem.Define("programme-field", 422)                 // name, reason
	ErrDesk       = problem.Define("programme-desk", 409)                  // step
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrCall, ErrRoundField, ErrClosed, ErrEligible, ErrDuplicate, ErrChanged, ErrState, ErrShort, ErrScore, ErrReviewed, ErrUnscored, ErrRanking, ErrAmount, ErrBudget,
		ErrBaseline, ErrIndicator, ErrSeries, ErrFrozen, ErrUnreached, ErrMilestone, ErrPayment, ErrField, ErrDesk}
}

const maxWords = 4000

// checkWords wants a text of 2 to 4000 characters.
func checkWords(at string, name text.Text, s string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(s)); n < 2 || n > maxWords || !utf8.ValidString(s) {
		return ErrField.At("body."+at, s).With("name", name).With("reason", text.Text{Zh: "请填写 2 至 4000 个字", En: "2 to 4000 characters are needed"})
	}
	return nil
}
