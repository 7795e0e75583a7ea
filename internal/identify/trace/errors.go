package trace

import (
	"embed"
	"fmt"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed texts/*.yaml
var texts embed.FS

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// What a caller may act on.
var (
	ErrDocument     = problem.Define("trace-document-invalid", 400)      // rule
	ErrTooLarge     = problem.Define("trace-document-too-large", 413)    // max
	ErrMedia        = problem.Define("trace-media-type", 415)            // types
	ErrBehaviour    = problem.Define("trace-error-behaviour", 400)       // values
	ErrVersion      = problem.Define("trace-version", 406)               // versions
	ErrOneEvent     = problem.Define("trace-one-event", 400)             //
	ErrQueryDoc     = problem.Define("trace-query-document", 400)        //
	ErrEventID      = problem.Define("trace-event-id-taken", 409)        //
	ErrParameter    = problem.Define("trace-query-parameter", 400)       // parameter
	ErrParameterFor = problem.Define("trace-query-value", 400)           // parameter, form
	ErrTooMany      = problem.Define("trace-query-too-large", 413)       // max
	ErrPageToken    = problem.Define("trace-page-token", 400)            //
	ErrQueryName    = problem.Define("trace-query-name", 400)            // min, max
	ErrQueryTaken   = problem.Define("trace-query-exists", 409)          //
	ErrQueryInUse   = problem.Define("trace-query-in-use", 409)          //
	ErrEvery        = problem.Define("trace-subscription-schedule", 400) // min, max
	ErrDestination  = problem.Define("trace-subscription-address", 400)  // reason
	ErrMost         = problem.Define("trace-too-many", 409)              // max
	ErrParty        = problem.Define("trace-party", 400)                 //
	ErrPartyTaken   = problem.Define("trace-party-taken", 409)           //
	ErrUnknown      = problem.Define("trace-thing-unknown", 404)         //
	ErrDirection    = problem.Define("trace-direction", 400)             // values
	ErrLimit        = problem.Define("trace-limit", 400)                 // min, max
	ErrNotProved    = problem.Define("trace-not-proved-yet", 409)        //
)

// wrap says what was being done.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, store.Err(err))
}

// invalid tells the faults of a document.
func invalid(faults []epcis.Fault) error {
	out := make([]*problem.Error, 0, len(faults))
	for _, f := range faults {
		kind := ErrDocument
		if f.Rule == epcis.RuleTaken {
			kind = ErrEventID
		}
		at := "body"
		if f.Path != "" {
			at += "." + f.Path
		}
		out = append(out, kind.At(at, f.Value).With("rule", f.Rule.Words()))
	}
	if len(out) == 1 {
		return out[0]
	}
	return ErrDocument.At("body", "").With("rule", several).Join(out...)
}

// mostEvents is what a capture takes at once.
var mostEvents = text.Text{Zh: fmt.Sprintf("%d 个事件", group.Most), En: fmt.Sprintf("%d events", group.Most)}

// several stands in the place of a rule where more than one was broken; each is told by itself.
var several = text.Text{Zh: "有多处错误", En: "has several faults"}
