package form

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/field"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrTarget     = problem.Define("form-target-unknown", 422)     // kinds
	ErrMany       = problem.Define("form-drafts-many", 409)        // max
	ErrContent    = problem.Define("form-content", 422)            // max
	ErrChanged    = problem.Define("form-changed", 409)            // revision, who, device, when
	ErrOthers     = problem.Define("form-draft-of-another", 409)   // who
	ErrMine       = problem.Define("form-draft-mine", 409)         //
	ErrEnded      = problem.Define("form-draft-ended", 409)        // state
	ErrField      = problem.Define("form-field", 422)              // name, reason, mend
	ErrLacking    = problem.Define("form-attachment-missing", 422) // kinds
	ErrKind       = problem.Define("form-attachment-kind", 422)    // kinds
	ErrFileName   = problem.Define("form-attachment-name", 422)    // max
	ErrFileType   = problem.Define("form-attachment-type", 422)    // is, allowed
	ErrFileSize   = problem.Define("form-attachment-size", 422)    // max, size
	ErrFileCount  = problem.Define("form-attachment-count", 422)   // max
	ErrFileTotal  = problem.Define("form-attachment-total", 422)   // max
	ErrFileEmpty  = problem.Define("form-attachment-empty", 422)   //
	ErrFileTwice  = problem.Define("form-attachment-twice", 409)   // name
	ErrFileBroken = problem.Define("form-attachment-lost", 409)    // name
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrTarget, ErrMany, ErrContent, ErrChanged, ErrOthers, ErrMine, ErrEnded, ErrField, ErrLacking, ErrKind, ErrFileName, ErrFileType, ErrFileSize, ErrFileCount, ErrFileTotal, ErrFileEmpty, ErrFileTwice, ErrFileBroken}
}

// told makes problems of a filling's faults.
func told(faults []*field.Fault) (out []*problem.Error) {
	for _, f := range faults {
		out = append(out, ErrField.At("body.content."+f.Path, f.Value).With("name", f.Name).With("reason", f.Text).With("mend", f.Mend))
	}
	return out
}
