package match

import (
	"embed"
	"fmt"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/store"
)

//go:embed texts/*.yaml
var texts embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// What a caller may act on.
var (
	ErrKindMissing = problem.Define("match-kind-missing", 422)       //
	ErrKind        = problem.Define("match-kind-unknown", 422)       //
	ErrTitle       = problem.Define("match-title", 422)              // min, max
	ErrWords       = problem.Define("match-words", 422)              // max
	ErrCode        = problem.Define("match-code", 422)               // reason, mend
	ErrChoice      = problem.Define("match-choice", 422)             // values
	ErrAmount      = problem.Define("match-amount", 422)             //
	ErrBudget      = problem.Define("match-budget-reversed", 422)    // from, to
	ErrDeadline    = problem.Define("match-deadline", 422)           // today
	ErrDay         = problem.Define("match-day", 422)                //
	ErrReason      = problem.Define("match-reason", 422)             // min, max
	ErrChanged     = problem.Define("match-changed", 409)            // revision
	ErrNeedState   = problem.Define("match-need-state", 409)         // state
	ErrRegister    = problem.Define("match-register", 422)           // registers
	ErrListing     = problem.Define("match-listing-kind", 422)       //
	ErrSupply      = problem.Define("match-supply-unknown", 404)     //
	ErrAbsent      = problem.Define("match-provider-absent", 409)    //
	ErrConflict    = problem.Define("match-conflict", 409)           // reason
	ErrTwice       = problem.Define("match-contact-twice", 409)      // id
	ErrSide        = problem.Define("match-side", 403)               // step
	ErrStep        = problem.Define("match-step-unknown", 422)       // steps
	ErrStepState   = problem.Define("match-step-state", 409)         // step, state
	ErrClosed      = problem.Define("match-contact-closed", 409)     // state
	ErrNoContract  = problem.Define("match-rating-no-contract", 409) // state
	ErrRatedTwice  = problem.Define("match-rating-twice", 409)       // id
	ErrAspect      = problem.Define("match-rating-aspect", 422)      //
	ErrRatingState = problem.Define("match-rating-state", 409)       // state
	ErrScore       = problem.Define("match-check-score", 422)        //
	ErrEventState  = problem.Define("match-event-state", 409)        // state
	ErrFull        = problem.Define("match-event-full", 409)         // seats, side
	ErrGuestTwice  = problem.Define("match-event-guest-twice", 409)  // id
	ErrGuest       = problem.Define("match-event-guest", 422)        //
	ErrNumber      = problem.Define("match-number", 422)             // min, max
	ErrFile        = problem.Define("match-file", 422)               // reason
	ErrRows        = problem.Define("match-import-rows", 422)        // max
	ErrHome        = problem.Define("match-no-home", 409)            //
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrKindMissing, ErrKind, ErrTitle, ErrWords, ErrCode, ErrChoice, ErrAmount, ErrBudget, ErrDeadline, ErrDay, ErrReason, ErrChanged, ErrNeedState,
		ErrRegister, ErrListing, ErrSupply, ErrAbsent, ErrConflict, ErrTwice, ErrSide, ErrStep, ErrStepState, ErrClosed, ErrNoContract, ErrRatedTwice, ErrAspect,
		ErrRatingState, ErrScore, ErrEventState, ErrFull, ErrGuestTwice, ErrGuest, ErrNumber, ErrFile, ErrRows, ErrHome}
}

// wrap says what was being done.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, store.Err(err))
}
