package fleet

import (
	"embed"
	"net/http"

	"jingwei/internal/kernel/api/problem"
)

// What a caller may act on. Their words are in texts/.
var (
	ErrName        = problem.Define("gateway-name", 422)
	ErrSite        = problem.Define("gateway-site", 422)
	ErrDriver      = problem.Define("link-driver-unknown", 422)
	ErrConfig      = problem.Define("link-config", 422)
	ErrLinkTaken   = problem.Define("link-config-taken", http.StatusConflict)
	ErrLinkUsed    = problem.Define("link-in-use", http.StatusConflict)
	ErrOtherOrg    = problem.Define("link-other-organisation", 422)
	ErrUnit        = problem.Define("connection-unit", 422)
	ErrPoints      = problem.Define("connection-points", 422)
	ErrTooMany     = problem.Define("gateway-too-many", http.StatusConflict)
	ErrSecret      = problem.Define("enrolment-code-unknown", http.StatusForbidden)
	ErrSecretUsed  = problem.Define("enrolment-code-used", http.StatusGone)
	ErrSecretOld   = problem.Define("enrolment-code-expired", http.StatusGone)
	ErrSlowDown    = problem.Define("enrolment-too-often", http.StatusTooManyRequests)
	ErrNotEnrolled = problem.Define("gateway-address-unknown", http.StatusConflict)

	ErrSecretAgain = problem.Define("link-secret-again", 422)
	ErrFed         = problem.Define("machine-has-feed", http.StatusConflict)

	// Of questions to a gateway.
	ErrOffline    = problem.Define("gateway-offline", http.StatusConflict)
	ErrOutdated   = problem.Define("gateway-outdated", http.StatusConflict)
	ErrBusy       = problem.Define("gateway-busy", http.StatusTooManyRequests)
	ErrNoAnswer   = problem.Define("gateway-no-answer", http.StatusGatewayTimeout)
	ErrNotRunning = problem.Define("link-not-running", http.StatusConflict)
	ErrCannot     = problem.Define("link-cannot", 422)
	ErrAnswer     = problem.Define("answer-too-long", 422)
	ErrField      = problem.Define("question-field", 422)
	ErrQuestion   = problem.Define("question-refused", 422)
	ErrCursor     = problem.Define("browse-cursor", 422)
)

func kinds() []*problem.Kind {
	return []*problem.Kind{ErrName, ErrSite, ErrDriver, ErrConfig, ErrLinkTaken, ErrLinkUsed, ErrOtherOrg, ErrUnit, ErrPoints, ErrTooMany,
		ErrSecret, ErrSecretUsed, ErrSecretOld, ErrSlowDown, ErrNotEnrolled, ErrSecretAgain, ErrFed, ErrOffline, ErrOutdated, ErrBusy, ErrNoAnswer,
		ErrNotRunning, ErrCannot, ErrAnswer, ErrField, ErrQuestion, ErrCursor}
}

//go:embed texts
var texts embed.FS
