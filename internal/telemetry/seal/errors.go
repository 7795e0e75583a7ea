package seal

import (
	"embed"
	"net/http"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts
var texts embed.FS

// What a caller may act on. Their words are in texts/.
var (
	ErrDay      = problem.Define("seal-day", 422)
	ErrSpan     = problem.Define("seal-span", 422)
	ErrOpen     = problem.Define("seal-open", 409)     // the day has not ended
	ErrEmpty    = problem.Define("seal-empty", 404)    // nothing was committed on that day
	ErrBefore   = problem.Define("seal-before", 404)   // before the first sealed day
	ErrSkipped  = problem.Define("seal-skipped", 409)  // the series could not be read
	ErrShredded = problem.Define("seal-shredded", 410) // the secret was destroyed
	ErrLost     = problem.Define("seal-lost", 410)     // the secret is not here
	ErrSize     = problem.Define("seal-size", 422)     // an older checkpoint that is newer than the newest one
	ErrPending  = problem.Define("seal-pending", 409)  // the record is not in the log yet
	ErrReason   = problem.Define("seal-reason", 422)
	ErrMonth    = problem.Define("seal-month", 409)                        // the month is not over and sealed
	ErrGone     = problem.Define("seal-gone", 409)                         // shredded before
	ErrOften    = problem.Define("seal-often", http.StatusTooManyRequests) // too many leaves of one series on a day that has not ended
	ErrTile     = problem.Define("seal-tile", 404)
	ErrNoLog    = problem.Define("seal-no-log", http.StatusServiceUnavailable) // no checkpoint yet
)

func kinds() []*problem.Kind {
	return []*problem.Kind{ErrDay, ErrSpan, ErrOpen, ErrEmpty, ErrBefore, ErrSkipped, ErrShredded, ErrLost, ErrSize, ErrPending, ErrReason, ErrMonth, ErrGone, ErrOften, ErrTile, ErrNoLog}
}
