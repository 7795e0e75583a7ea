package support

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrDocument  = problem.Define("support-document", 404)  // documents
	ErrDay       = problem.Define("support-day", 422)       //
	ErrProject   = problem.Define("support-project", 409)   // name, id
	ErrName      = problem.Define("support-name", 422)      //
	ErrAnswer    = problem.Define("support-answer", 422)    // want
	ErrFact      = problem.Define("support-fact", 422)      //
	ErrChanged   = problem.Define("support-changed", 409)   // revision
	ErrChoice    = problem.Define("support-choice", 422)    // measures
	ErrMeasure   = problem.Define("support-measure", 404)   //
	ErrSecond    = problem.Define("support-second", 409)    // measure, name, day, way, filing, rule, clause
	ErrPaid      = problem.Define("support-paid", 409)      // measure, name, day, amount
	ErrThrough   = problem.Define("support-through", 409)   // name, call, application
	ErrFiling    = problem.Define("support-filing", 409)    // state
	ErrEligible  = problem.Define("support-eligible", 409)  // why
	ErrUnknown   = problem.Define("support-unknown", 409)   // measure
	ErrAmount    = problem.Define("support-amount", 422)    // max
	ErrReason    = problem.Define("support-reason", 422)    // min, max
	ErrCause     = problem.Define("support-cause", 422)     // causes
	ErrRecovery  = problem.Define("support-recovery", 409)  // state
	ErrLate      = problem.Define("support-late", 409)      // until
	ErrHolder    = problem.Define("support-holder", 422)    //
	ErrProvider  = problem.Define("support-provider", 422)  //
	ErrExpired   = problem.Define("support-expired", 409)   // number, expires
	ErrVoucher   = problem.Define("support-voucher", 409)   // number, state, want
	ErrSpan      = problem.Define("support-span", 422)      // from
	ErrDraft     = problem.Define("support-draft", 422)     // place, mend
	ErrDrafts    = problem.Define("support-drafts", 422)    // max
	ErrGenerated = problem.Define("support-generated", 422) // max
	ErrRunning   = problem.Define("support-lab-running", 409)
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrDocument, ErrDay, ErrProject, ErrName, ErrAnswer, ErrFact, ErrChanged, ErrChoice, ErrMeasure, ErrSecond, ErrPaid, ErrThrough, ErrFiling, ErrEligible, ErrUnknown, ErrAmount, ErrReason,
		ErrCause, ErrRecovery, ErrLate, ErrHolder, ErrProvider, ErrExpired, ErrVoucher, ErrSpan, ErrDraft, ErrDrafts, ErrGenerated, ErrRunning}
}
