package docking

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/text"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrField     = problem.Define("docking-field", 422)     // name, reason, mend
	ErrPrefix    = problem.Define("docking-prefix", 409)    //
	ErrState     = problem.Define("docking-state", 409)     // state, next
	ErrChanged   = problem.Define("docking-changed", 409)   // stands
	ErrUnknown   = problem.Define("docking-unknown", 403)   //
	ErrNotTaken  = problem.Define("docking-not-taken", 409) // state
	ErrTable     = problem.Define("docking-table", 422)     // tables
	ErrReturn    = problem.Define("docking-return", 422)    // reason
	ErrSignature = problem.Define("docking-signature", 403) //
	ErrRows      = problem.Define("docking-rows", 422)      // faults, more
	ErrOlder     = problem.Define("docking-older", 409)     // revision, stands
	ErrOther     = problem.Define("docking-other", 409)     // revision, part
	ErrMaker     = problem.Define("docking-no-maker", 409)  // table
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrField, ErrPrefix, ErrState, ErrChanged, ErrUnknown, ErrNotTaken, ErrTable, ErrReturn, ErrSignature, ErrRows, ErrOlder, ErrOther, ErrMaker}
}

// wrong is a field of an entry that cannot be, and what to do about it.
func wrong(place string, value any, name, reason, mend text.Text) error {
	return ErrField.At(place, value).With("name", name).With("reason", reason).With("mend", mend)
}
