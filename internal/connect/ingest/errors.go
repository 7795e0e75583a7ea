package ingest

import (
	"embed"
	"errors"
	"net/http"

	"jingwei/internal/kernel/api/problem"
)

// What a caller may act on. Their words are in texts/.
var (
	ErrName      = problem.Define("source-name", 422)
	ErrKind      = problem.Define("source-kind", 422)
	ErrTransport = problem.Define("source-transport", 422)
	ErrConfig    = problem.Define("source-config", 422)
	ErrAdopt     = problem.Define("source-adopt", 422)
	ErrOrigin    = problem.Define("source-origin", 422)
	ErrTooMany   = problem.Define("source-too-many", http.StatusConflict)
	ErrDevice    = problem.Define("source-device", 422)
	ErrUnknown   = problem.Define("source-device-unknown", 422)
	ErrOtherOrg  = problem.Define("source-other-organisation", 422)
	ErrConnected = problem.Define("machine-connected", http.StatusConflict)
	ErrFeedTaken = problem.Define("feed-taken", http.StatusConflict)
	ErrTarget    = problem.Define("adopt-target", 422)
	ErrMetric    = problem.Define("adopt-metric", 422)
	ErrNothing   = problem.Define("adopt-nothing", 422)
	ErrNotPush   = problem.Define("source-not-push", http.StatusForbidden)
	ErrPaused    = problem.Define("source-paused", http.StatusServiceUnavailable)
	ErrSlowDown  = problem.Define("source-credential-too-often", http.StatusTooManyRequests)
)

// ErrCredential: the credential is unknown or revoked, or its secret or certificate is wrong. Each door words it in its own
// way.
var ErrCredential = errors.New("the credential does not count")

func kinds() []*problem.Kind {
	return []*problem.Kind{ErrName, ErrKind, ErrTransport, ErrConfig, ErrAdopt, ErrOrigin, ErrTooMany, ErrDevice, ErrUnknown, ErrOtherOrg, ErrConnected,
		ErrFeedTaken, ErrTarget, ErrMetric, ErrNothing, ErrNotPush, ErrPaused, ErrSlowDown}
}

//go:embed texts
var texts embed.FS
