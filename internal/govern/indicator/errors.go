package indicator

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrDay    = problem.Define("indicator-day", 422)    // today
	ErrPeriod = problem.Define("indicator-period", 422) // kind, example
	ErrKeeper = problem.Define("indicator-of", 422)     // of
)

func problems() []*problem.Kind { return []*problem.Kind{ErrDay, ErrPeriod, ErrKeeper} }
