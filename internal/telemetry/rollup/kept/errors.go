package kept

import (
	"embed"
	"net/http"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts
var texts embed.FS

// What a caller may act on. Their words are in texts/.
var (
	ErrSpan      = problem.Define("rollup-span", 422)
	ErrLevel     = problem.Define("rollup-level", 422)
	ErrRows      = problem.Define("rollup-rows", 422)    // more than max rows
	ErrSamples   = problem.Define("rollup-samples", 422) // more than max samples would have to be read
	ErrNotClosed = problem.Define("rollup-not-closed", 422)
	ErrReason    = problem.Define("rollup-reason", 422)
	ErrReference = problem.Define("rollup-reference", 422)
	ErrCounter   = problem.Define("rollup-counter", 422) // what is wrong in a counter
	ErrNoCounter = problem.Define("rollup-no-counter", 422)
	ErrStates    = problem.Define("rollup-states", 422) // the series is not int64
	ErrMeter     = problem.Define("rollup-meter", 422)
	ErrMembers   = problem.Define("rollup-members", 422)
	ErrMember    = problem.Define("rollup-member", 422)
	ErrUnits     = problem.Define("rollup-units", 422)
	ErrName      = problem.Define("rollup-name", 422)
	ErrDerived   = problem.Define("rollup-derived", 422) // the series holds rows of roll-ups itself
	ErrHorizon   = problem.Define("rollup-horizon", http.StatusGone)
	ErrBusy      = problem.Define("rollup-busy", http.StatusServiceUnavailable)
)

func kinds() []*problem.Kind {
	return []*problem.Kind{ErrSpan, ErrLevel, ErrRows, ErrSamples, ErrNotClosed, ErrReason, ErrReference, ErrCounter, ErrNoCounter, ErrStates, ErrMeter,
		ErrMembers, ErrMember, ErrUnits, ErrName, ErrDerived, ErrHorizon, ErrBusy}
}
