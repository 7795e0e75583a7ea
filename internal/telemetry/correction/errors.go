package correction

import (
	"embed"
	"net/http"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts
var texts embed.FS

// What a caller may act on. Their words are in texts/.
var (
	ErrReason    = problem.Define("correction-reason", 422)
	ErrReference = problem.Define("correction-reference", 422)
	ErrKind      = problem.Define("correction-kind", 422)
	ErrSpan      = problem.Define("correction-span", 422)
	ErrValues    = problem.Define("correction-values", 422)
	ErrOrder     = problem.Define("correction-order", 422)
	ErrValue     = problem.Define("correction-value", 422)
	ErrScale     = problem.Define("correction-scale", 422)
	ErrFactor    = problem.Define("correction-factor", 422)
	ErrStatus    = problem.Define("correction-status", 422)
	ErrNoSample  = problem.Define("correction-no-sample", 422) // set: nothing stands at that time
	ErrSample    = problem.Define("correction-sample", 409)    // enter: something stands there
	ErrNothing   = problem.Define("correction-nothing", 422)   // no sample of the span would change
	ErrTooMany   = problem.Define("correction-too-many", 422)  // more than max samples
	ErrOverflow  = problem.Define("correction-overflow", 422)  // scale: an int64 would not hold the result
	ErrChanged   = problem.Define("correction-changed", 409)   // something came since the preview
	ErrUndone    = problem.Define("correction-undone", 409)    // it was undone before
	ErrLater     = problem.Define("correction-later", 409)     // a later correction stands on it
	ErrPending   = problem.Define("correction-pending", http.StatusServiceUnavailable)
)

func kinds() []*problem.Kind {
	return []*problem.Kind{ErrReason, ErrReference, ErrKind, ErrSpan, ErrValues, ErrOrder, ErrValue, ErrScale, ErrFactor, ErrStatus, ErrNoSample,
		ErrSample, ErrNothing, ErrTooMany, ErrOverflow, ErrChanged, ErrUndone, ErrLater, ErrPending}
}
