package health

import (
	"embed"
	"errors"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/telemetry"
)

//go:embed texts
var texts embed.FS

// What a caller may act on. Their words are in texts/.
var (
	ErrSpan   = problem.Define("health-span-invalid", 422)
	ErrOf     = problem.Define("health-of-what", 422) // neither organisation nor node
	ErrSeries = problem.Define("health-too-many-series", 422)
	ErrCostly = problem.Define("health-too-costly", 422)
)

func kinds() []*problem.Kind { return []*problem.Kind{ErrSpan, ErrOf, ErrSeries, ErrCostly} }

// translate makes a problem of an error of the store.
func translate(err error) error {
	if errors.Is(err, telemetry.ErrClosed) {
		return problem.Unavailable.Because(err)
	}
	return err
}
