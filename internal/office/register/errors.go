package register

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/field"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrRegister   = problem.Define("register-unknown", 404)            // registers
	ErrField      = problem.Define("register-field", 422)              // name, reason, mend
	ErrTaken      = problem.Define("register-key-taken", 409)          // key, id
	ErrKey        = problem.Define("register-key-fixed", 422)          // key
	ErrReason     = problem.Define("register-reason", 422)             // min, max
	ErrChanged    = problem.Define("register-changed", 409)            // revision
	ErrSame       = problem.Define("register-same", 409)               //
	ErrTransition = problem.Define("register-transition-unknown", 422) // transitions
	ErrState      = problem.Define("register-state", 409)              // state, transition
	ErrFile       = problem.Define("register-file", 422)               // reason
	ErrRows       = problem.Define("register-import-rows", 422)        // max
	ErrSearch     = problem.Define("register-search", 422)             // fields
	ErrNothing    = problem.Define("register-no-entries", 422)         // a pack without entries
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrRegister, ErrField, ErrTaken, ErrKey, ErrReason, ErrChanged, ErrSame, ErrTransition, ErrState, ErrFile, ErrRows, ErrSearch, ErrNothing}
}

// told makes problems of an entry's faults.
func told(faults []*field.Fault) (out []*problem.Error) {
	for _, f := range faults {
		at := "body.content." + f.Path
		if f.Path == "since" || f.Path == "state" || f.Path == "class" {
			at = "body." + f.Path
		}
		out = append(out, ErrField.At(at, f.Value).With("name", f.Name).With("reason", f.Text).With("mend", f.Mend))
	}
	return out
}
