package quality

import (
	"embed"
	"errors"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on. Their words are in texts/.
var (
	ErrMonth   = problem.Define("energy-month", 422)    // last
	ErrRules   = problem.Define("energy-rules", 422)    // rules
	ErrMeter   = problem.Define("energy-meter", 422)    // the series is no energy of the enterprise's
	ErrSpan    = problem.Define("energy-span", 422)     // from
	ErrOverlap = problem.Define("energy-overlap", 409)  // from, to: of the other
	ErrMany    = problem.Define("energy-too-many", 422) // max
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrMonth, ErrRules, ErrMeter, ErrSpan, ErrOverlap, ErrMany}
}

// ErrNoConsent tells that an enterprise has not granted something to the caller.
var ErrNoConsent = errors.New("not granted")
