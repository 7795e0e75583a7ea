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
)

func kinds() []*problem.Kind {
	return []*problem.Kind{ErrName, ErrSite, ErrDriver, ErrConfig, ErrLinkTaken, ErrLinkUsed, ErrOtherOrg, ErrUnit, ErrPoints, ErrTooMany,
		ErrSecret, ErrSecretUsed, ErrSecretOld, ErrSlowDown, ErrNotEnrolled}
}

//go:embed texts
var texts embed.FS
