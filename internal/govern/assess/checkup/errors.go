package checkup

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts/*.yaml
var texts embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// What a caller may act on.
var (
	ErrInstrument = problem.Define("checkup-instrument", 422)     // day
	ErrNotOpen    = problem.Define("checkup-not-open", 409)       // state
	ErrNotDone    = problem.Define("checkup-not-submitted", 409)  // state
	ErrAnswered   = problem.Define("checkup-answered", 409)       // revision, by
	ErrNothing    = problem.Define("checkup-answer-none", 422)    //
	ErrPaper      = problem.Define("checkup-document", 422)       //
	ErrNote       = problem.Define("checkup-note-long", 422)      // max
	ErrMissing    = problem.Define("checkup-questions-open", 422) // count, questions
	ErrCopy       = problem.Define("checkup-copy", 422)           // family
	ErrOften      = problem.Define("checkup-too-often", 422)      // max
	ErrReason     = problem.Define("checkup-reason", 422)         // min, max
	ErrCompare    = problem.Define("checkup-compare", 422)        //
	ErrConsent    = problem.Define("checkup-no-consent", 409)     //
	ErrCode       = problem.Define("checkup-no-such-organisation", 422)
	ErrOwnExpert  = problem.Define("checkup-expert-own", 422)      //
	ErrAsked      = problem.Define("checkup-expert-asked", 409)    //
	ErrConflict   = problem.Define("checkup-expert-conflict", 403) //
	ErrDesk       = problem.Define("checkup-expert-state", 409)    // state
	ErrVerdict    = problem.Define("checkup-verdict", 422)         //
	ErrCampaign   = problem.Define("checkup-campaign-days", 422)   //
	ErrClosed     = problem.Define("checkup-campaign-closed", 409) // until
	ErrCalled     = problem.Define("checkup-not-called", 403)      //
	ErrFirms      = problem.Define("checkup-campaign-firms", 422)  // max
	ErrSoon       = problem.Define("checkup-reminded", 409)        // at
	ErrPublished  = problem.Define("checkup-published", 409)       //
	ErrBy         = problem.Define("checkup-dimension", 422)       //
	ErrNoNeeds    = problem.Define("checkup-no-needs", 409)        //
	ErrDay        = problem.Define("checkup-day", 422)             //
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrInstrument, ErrNotOpen, ErrNotDone, ErrAnswered, ErrNothing, ErrPaper, ErrNote, ErrMissing, ErrCopy, ErrOften, ErrReason, ErrCompare, ErrConsent,
		ErrCode, ErrOwnExpert, ErrAsked, ErrConflict, ErrDesk, ErrVerdict, ErrCampaign, ErrClosed, ErrCalled, ErrFirms, ErrSoon, ErrPublished, ErrBy, ErrNoNeeds, ErrDay}
}
