package party

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/field"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrField      = problem.Define("party-field", 422)         // name, reason, mend
	ErrUnknown    = problem.Define("party-field-unknown", 422) // fields
	ErrMissing    = problem.Define("party-missing", 422)       // name
	ErrJoined     = problem.Define("party-code-joined", 409)   // the code is an organisation of this node
	ErrNotJoined  = problem.Define("party-code-unknown", 409)  // there is nobody to act for
	ErrState      = problem.Define("party-state", 409)         // state
	ErrChanged    = problem.Define("party-decided", 409)       // by, state: another was faster
	ErrReason     = problem.Define("party-reason", 422)        // min, max
	ErrUntil      = problem.Define("party-until", 422)         // days
	ErrLetter     = problem.Define("party-letter", 422)        // is
	ErrLetterSize = problem.Define("party-letter-size", 413)   // max
	ErrLetterName = problem.Define("party-letter-name", 422)   //
	ErrOpen       = problem.Define("party-open", 409)          // max
	ErrTwice      = problem.Define("party-twice", 409)         // the same code is under way already
	ErrPerson     = problem.Define("party-person", 403)        // a token asked
	ErrOften      = problem.Define("party-often", 429)         // seconds
	ErrEnded      = problem.Define("party-mandate-ended", 409) // on
	ErrOwn        = problem.Define("party-own", 403)           // one's own application, or mandate
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrField, ErrUnknown, ErrMissing, ErrJoined, ErrNotJoined, ErrState, ErrChanged, ErrReason, ErrUntil, ErrLetter, ErrLetterSize, ErrLetterName, ErrOpen, ErrTwice, ErrPerson,
		ErrOften, ErrEnded, ErrOwn}
}

// told makes problems of faults.
func told(faults []*field.Fault) (out []*problem.Error) {
	for _, f := range faults {
		out = append(out, ErrField.At("body.content."+f.Path, f.Value).With("name", f.Name).With("reason", f.Text).With("mend", f.Mend))
	}
	return out
}
