package atlas

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrRegion = problem.Define("atlas-region", 422)  //
	ErrReview = problem.Define("atlas-review", 422)  //
	ErrSource = problem.Define("atlas-source", 422)  // max
	ErrFile   = problem.Define("atlas-outline", 422) // where, what
)

func problems() []*problem.Kind { return []*problem.Kind{ErrRegion, ErrReview, ErrSource, ErrFile} }
