package neighbour

import (
	"embed"
	"errors"
	"net/http"

	"jingwei/internal/kernel/api/problem"
)

// What a caller may act on. Their words are in texts/.
var (
	ErrCode      = problem.Define("neighbour-code", 422)                               // reason
	ErrSecret    = problem.Define("neighbour-code-unknown", http.StatusForbidden)      //
	ErrSecretOld = problem.Define("neighbour-code-used", http.StatusGone)              //
	ErrSlowDown  = problem.Define("neighbour-too-often", http.StatusTooManyRequests)   // wait
	ErrAddress   = problem.Define("neighbour-address-unknown", http.StatusConflict)    //
	ErrJoin      = problem.Define("neighbour-not-reached", http.StatusBadGateway)      // url, reason
	ErrSelf      = problem.Define("neighbour-self", 422)                               //
	ErrKnown     = problem.Define("neighbour-known", http.StatusConflict)              //
	ErrName      = problem.Define("neighbour-name", 422)                               // max
	ErrInUse     = problem.Define("neighbour-in-use", http.StatusConflict)             // count
	ErrNoPeer    = problem.NotFound                                                    //
	ErrNoStream  = problem.Define("agreement-no-stream", http.StatusConflict)          //
	ErrClosed    = problem.Define("agreement-stream-closed", http.StatusConflict)      // state
	ErrRecord    = problem.Define("agreement-record-size", 422)                        // max
	ErrOffline   = problem.Define("question-offline", http.StatusConflict)             // node
	ErrConsent   = problem.Define("question-no-consent", http.StatusForbidden)         //
	ErrVerb      = problem.Define("question-verb-unknown", 422)                        // verb
	ErrBusy      = problem.Define("question-busy", http.StatusTooManyRequests)         // max
	ErrNoAnswer  = problem.Define("question-no-answer", http.StatusGatewayTimeout)     // seconds
	ErrTooLong   = problem.Define("question-too-long", http.StatusUnprocessableEntity) // max
	ErrRefused   = problem.Define("question-not-answered", http.StatusConflict)        // reason
)

// Problems are the kinds this room defines.
func Problems() []*problem.Kind {
	return []*problem.Kind{ErrCode, ErrSecret, ErrSecretOld, ErrSlowDown, ErrAddress, ErrJoin, ErrSelf, ErrKnown, ErrName, ErrInUse, ErrNoStream, ErrClosed, ErrRecord,
		ErrOffline, ErrConsent, ErrVerb, ErrBusy, ErrNoAnswer, ErrTooLong, ErrRefused}
}

// told are the refusals that keep their meaning on their way from hop to hop.
var told = []*problem.Kind{ErrOffline, ErrConsent, ErrVerb, ErrBusy, ErrNoAnswer, ErrTooLong, ErrRefused}

//go:embed texts
var texts embed.FS

// errForked ends a stream that holds other bytes under one number.
var errForked = errors.New("the stream has forked")
