package promql

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	engine "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/telemetry"
)

// Problems of PromQL. What the parser and the engine say of a query comes in their words.
var (
	ErrToken     = problem.Define("promql-token", http.StatusUnauthorized)
	ErrPath      = problem.Define("promql-path", http.StatusNotFound)
	ErrMethod    = problem.Define("promql-method", http.StatusMethodNotAllowed) // allowed
	ErrForm      = problem.Define("promql-form", http.StatusBadRequest)
	ErrParameter = problem.Define("promql-parameter", http.StatusBadRequest) // name, reason
	ErrPoints    = problem.Define("promql-points", http.StatusBadRequest)    // max
	ErrAsOf      = problem.Define("promql-as-of", http.StatusBadRequest)     // closed
	ErrRead      = problem.Define("promql-read", http.StatusBadRequest)      // reason
	ErrReadLarge = problem.Define("promql-read-large", http.StatusBadRequest)
	ErrSeries    = problem.Define("promql-series", http.StatusUnprocessableEntity)  // max
	ErrSamples   = problem.Define("promql-samples", http.StatusUnprocessableEntity) // max
	ErrTimeout   = problem.Define("promql-timeout", http.StatusServiceUnavailable)
	ErrDamaged   = problem.Define("promql-damaged", http.StatusInternalServerError)
	ErrClosed    = problem.Define("promql-closed", http.StatusServiceUnavailable)
	ErrInternal  = problem.Define("promql-internal", http.StatusInternalServerError)
)

// Problems are the kinds this room defines.
func Problems() []*problem.Kind {
	return []*problem.Kind{ErrToken, ErrPath, ErrMethod, ErrForm, ErrParameter, ErrPoints, ErrAsOf, ErrRead, ErrReadLarge, ErrSeries, ErrSamples,
		ErrTimeout, ErrDamaged, ErrClosed, ErrInternal}
}

// words are the texts, read when the first one is wanted: every process of the program has this package, gateways and
// simulators too, and reading takes longer than all else before main. Their completeness is a property of the program,
// which a test proves.
var words = sync.OnceValue(func() *problem.Catalogue {
	c, err := problem.ReadCatalogue(texts, "texts")
	if err != nil {
		panic(fmt.Errorf("promql: %w", err))
	}
	return c
})

// errorTypes are Prometheus' by status; 401 has none there.
var errorTypes = map[int]string{400: "bad_data", 401: "unauthorized", 404: "not_found", 405: "bad_data", 422: "execution", 499: "canceled", 500: "internal", 503: "timeout"}

// nodeError is a fault of the node, not of the query.
type nodeError struct{ error }

func (e *nodeError) Unwrap() error { return e.error }

// judge gives an error its status and words.
func (s *Service) judge(r *http.Request, err error) (code int, message string) {
	var (
		refused  *queryError
		storage  engine.ErrStorage
		timeout  engine.ErrQueryTimeout
		canceled engine.ErrQueryCanceled
		many     engine.ErrTooManySamples
		damage   *telemetry.DamageError
		ours     *nodeError
	)
	for errors.As(err, &storage) { // does not unwrap by itself
		err = storage.Err
	}
	if errors.As(err, &refused) {
		return http.StatusBadRequest, refused.Error()
	}
	p, ok := problem.From(err)
	switch {
	case ok:
	case errors.As(err, &many):
		p = ErrSamples.With("max", s.o.MaxSamples)
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		p = ErrTimeout.With("after", s.o.Timeout.String())
	case errors.As(err, &canceled), errors.Is(err, context.Canceled):
		return 499, err.Error() // nobody reads it
	case errors.As(err, &damage):
		p = ErrDamaged.With("file", damage.Error())
	case errors.Is(err, telemetry.ErrClosed):
		p = ErrClosed.Because(err)
	case errors.As(err, &ours):
		s.o.Logger.ErrorContext(r.Context(), "a PromQL request failed", "error", err)
		p = ErrInternal.Because(err)
	default: // the engine's: vectors that do not match, labels that are not labels
		return http.StatusUnprocessableEntity, err.Error()
	}
	d := words().Document(p, problem.ParseAcceptLanguage(r.Header.Get("Accept-Language")))
	message = d.Detail
	if d.Mend != "" {
		message += " " + d.Mend
	}
	return p.GetStatus(), message
}

// fail answers with an error in Prometheus' shape.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	code, message := s.judge(r, err)
	typ := errorTypes[code]
	if errors.Is(err, telemetry.ErrClosed) {
		typ = "unavailable"
	}
	if code == http.StatusUnauthorized {
		w.Header().Add("WWW-Authenticate", `Bearer realm="jingwei"`)
		w.Header().Add("WWW-Authenticate", `Basic realm="jingwei", charset="UTF-8"`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(struct {
		Status    string `json:"status"`
		ErrorType string `json:"errorType"`
		Error     string `json:"error"`
	}{"error", typ, message})
}

// answer is what a request is answered with: the value of a query, or other data.
type answer struct {
	value    parser.Value
	data     any // where there is no value
	query    string
	stats    any
	warnings annotations.Annotations
	done     func() // gives the value's memory back
}

func (a *answer) warn(s string) { a.warnings = a.warnings.Add(errors.New(s)) }

// limit cuts the series of a value.
func (a *answer) limit(n int) {
	switch v := a.value.(type) {
	case engine.Matrix:
		if len(v) > n {
			a.value = v[:n]
			a.warn(truncated)
		}
	case engine.Vector:
		if len(v) > n {
			a.value = v[:n]
			a.warn(truncated)
		}
	}
}

// mostNotes bounds the warnings and the notes of an answer.
const mostNotes = 10

// write answers with success.
func (s *Service) write(w http.ResponseWriter, _ *http.Request, a *answer) {
	if a.done != nil {
		defer a.done()
	}
	w.Header().Set("Content-Type", "application/json")
	out := &encoder{w: bufio.NewWriterSize(w, 64<<10)}
	out.raw(`{"status":"success","data":`)
	if a.value != nil {
		out.raw(`{"resultType":"`, string(a.value.Type()), `","result":`)
		out.value(a.value)
		if a.stats != nil {
			out.raw(`,"stats":`)
			out.any(a.stats)
		}
		out.raw(`}`)
	} else {
		out.any(a.data)
	}
	warnings, infos := a.warnings.AsStrings(a.query, mostNotes, mostNotes)
	if len(warnings) > 0 {
		out.raw(`,"warnings":`)
		out.any(warnings)
	}
	if len(infos) > 0 {
		out.raw(`,"infos":`)
		out.any(infos)
	}
	out.raw("}")
	_ = out.w.Flush()
}
