package retention

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts
var texts embed.FS

// What a caller may act on. Their words are in texts/.
var (
	ErrName   = problem.Define("retention-name", 422)
	ErrDays   = problem.Define("retention-days", 422)   // shorter than what a figure needs, or not a number of days
	ErrReason = problem.Define("retention-reason", 422) // every change says why
	ErrTarget = problem.Define("retention-target", 422) // no such target, or not of the organisation
	ErrClass  = problem.Define("retention-class", 422)  // not a class of the organisation
	ErrInUse  = problem.Define("retention-in-use", 409)
	ErrSpan   = problem.Define("retention-span", 422)
	ErrMany   = problem.Define("retention-too-many", 409)
)

func kinds() []*problem.Kind {
	return []*problem.Kind{ErrName, ErrDays, ErrReason, ErrTarget, ErrClass, ErrInUse, ErrSpan, ErrMany}
}
