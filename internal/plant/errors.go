package plant

import (
	"jingwei/internal/kernel/api/problem"
)

// What a caller may act on.
var (
	ErrName     = problem.Define("plant-name-invalid", 422)     // reason
	ErrParent   = problem.Define("plant-parent-unknown", 422)   //
	ErrLevel    = problem.Define("plant-level-wrong", 422)      // kind, parent
	ErrClass    = problem.Define("plant-class-unknown", 422)    // known
	ErrTemplate = problem.Define("plant-template-unknown", 422) //
	ErrNotHere  = problem.Define("plant-not-for-kind", 422)     // what, kind
	ErrTime     = problem.Define("plant-time-invalid", 422)     //
	ErrBefore   = problem.Define("plant-parent-younger", 422)   // since
	ErrReason   = problem.Define("plant-reason-missing", 422)   // limit
	ErrPoint    = problem.Define("plant-point-invalid", 422)    // reason
	ErrFixed    = problem.Define("plant-point-fixed", 422)      // has
	ErrKeyTaken = problem.Define("plant-key-taken", 409)        //
	ErrTooMany  = problem.Define("plant-points-too-many", 409)  // limit
	ErrRetired  = problem.Define("plant-retired", 409)          // since
	ErrLater    = problem.Define("plant-later-change", 409)     // since
	ErrParts    = problem.Define("plant-has-parts", 409)        // count, example
	ErrSeries   = problem.Define("plant-series-refused", 503)   //

	ErrCalendar   = problem.Define("plant-calendar-invalid", 422)          // reason
	ErrNoCalendar = problem.Define("plant-calendar-unknown", 422)          //
	ErrNotSite    = problem.Define("plant-calendar-not-for-kind", 422)     // kind
	ErrPreview    = problem.Define("plant-calendar-preview-too-long", 422) // limit

	ErrFile      = problem.Define("plant-file-unreadable", 422)    // reason
	ErrMeanwhile = problem.Define("plant-changed-in-between", 409) //
)

// kinds are all of them; a test wants words for each.
var kinds = []*problem.Kind{
	ErrName, ErrParent, ErrLevel, ErrClass, ErrTemplate, ErrNotHere, ErrTime, ErrBefore, ErrReason, ErrPoint, ErrFixed,
	ErrKeyTaken, ErrTooMany, ErrRetired, ErrLater, ErrParts, ErrSeries, ErrFile, ErrMeanwhile,
	ErrCalendar, ErrNoCalendar, ErrNotSite, ErrPreview,
}
