package label

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrCapacity   = problem.Define("label-capacity", 422)   //
	ErrModule     = problem.Define("label-module", 422)     // min, max
	ErrBar        = problem.Define("label-bar", 422)        // min, max
	ErrResolution = problem.Define("label-resolution", 422) // min, max
	ErrSheet      = problem.Define("label-sheet", 422)      // what
	ErrFit        = problem.Define("label-fit", 422)        // width, height
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrCapacity, ErrModule, ErrBar, ErrResolution, ErrSheet, ErrFit}
}
