package flow

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/field"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrFlow      = problem.Define("flow-unknown", 404)          // flows
	ErrOffer     = problem.Define("flow-not-offered", 403)      // flow
	ErrOpener    = problem.Define("flow-opener", 403)           // roles
	ErrField     = problem.Define("flow-field", 422)            // name, reason, mend
	ErrTwice     = problem.Define("flow-filed-already", 409)    // fields, id
	ErrAction    = problem.Define("flow-action-unknown", 422)   // actions
	ErrState     = problem.Define("flow-state", 409)            // state, action, actions, step, who, when
	ErrChanged   = problem.Define("flow-changed", 409)          // revision, state, step, who, when
	ErrRole      = problem.Define("flow-role", 403)             // action, roles
	ErrApart     = problem.Define("flow-apart", 403)            // action, step, when, why
	ErrGuard     = problem.Define("flow-condition", 409)        // action, conditions
	ErrPassed    = problem.Define("flow-deadline-passed", 409)  // deadline, due
	ErrNotPassed = problem.Define("flow-deadline-runs", 409)    // deadline, due
	ErrReason    = problem.Define("flow-reason", 422)           // min, max
	ErrDocument  = problem.Define("flow-document-missing", 422) // kinds
	ErrPaper     = problem.Define("flow-document-unknown", 422) // kinds
	ErrAssigned  = problem.Define("flow-nobody-named", 409)     // role
	ErrNamed     = problem.Define("flow-party", 422)            // roles
	ErrEnded     = problem.Define("flow-ended", 409)            // state, step, who, when
	ErrDay       = problem.Define("flow-day", 422)              //
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrFlow, ErrOffer, ErrOpener, ErrField, ErrTwice, ErrAction, ErrState, ErrChanged, ErrRole, ErrApart, ErrGuard, ErrPassed, ErrNotPassed, ErrReason, ErrDocument, ErrPaper,
		ErrAssigned, ErrNamed, ErrEnded, ErrDay, ErrExport}
}

// told makes problems of a record's faults.
func told(faults []*field.Fault) (out []*problem.Error) {
	for _, f := range faults {
		out = append(out, ErrField.At("body.content."+f.Path, f.Value).With("name", f.Name).With("reason", f.Text).With("mend", f.Mend))
	}
	return out
}
