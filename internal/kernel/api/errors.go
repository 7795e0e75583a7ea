package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
)

// Problems of the door itself.
var (
	ErrCursor        = problem.Define("cursor-invalid", http.StatusUnprocessableEntity)
	ErrBody          = problem.Define("body-invalid", http.StatusBadRequest)
	ErrMediaType     = problem.Define("media-type-unknown", http.StatusUnsupportedMediaType)
	ErrNotAcceptable = problem.Define("not-acceptable", http.StatusNotAcceptable)
	ErrTooLarge      = problem.Define("body-too-large", http.StatusRequestEntityTooLarge)
	ErrSlow          = problem.Define("body-too-slow", http.StatusRequestTimeout)
	ErrMethod        = problem.Define("method-not-allowed", http.StatusMethodNotAllowed)
	ErrNoRoute       = problem.Define("no-such-address", http.StatusNotFound)
	ErrCrossOrigin   = problem.Define("cross-origin", http.StatusForbidden)
	ErrPrecondition  = problem.Define("changed-meanwhile", http.StatusPreconditionFailed)
	ErrStreams       = problem.Define("too-many-streams", http.StatusTooManyRequests)

	ErrIdempotencyKey   = problem.Define("idempotency-key-invalid", http.StatusUnprocessableEntity)
	ErrIdempotencyOther = problem.Define("idempotency-key-reused", http.StatusUnprocessableEntity)
	ErrIdempotencyBusy  = problem.Define("idempotency-key-in-progress", http.StatusConflict)
)

// Kinds are the problems that this package words, besides those of validation; a test wants texts for all.
func Kinds() []*problem.Kind {
	return append([]*problem.Kind{
		problem.Invalid, problem.NotFound, problem.Conflict, problem.Internal, problem.Unavailable,
		ErrCursor, ErrBody, ErrMediaType, ErrNotAcceptable, ErrTooLarge, ErrSlow, ErrMethod, ErrNoRoute, ErrCrossOrigin,
		ErrPrecondition, ErrStreams, ErrIdempotencyKey, ErrIdempotencyOther, ErrIdempotencyBusy,
	}, validationKinds()...)
}

// word is the last step before an answer is written: it turns every error into the document for the caller's
// language. Errors of rooms come as problems; what huma found itself comes as its error model.
func (s *Server) word(ctx huma.Context, _ string, v any) (any, error) {
	var p *problem.Error
	switch v := v.(type) {
	case *problem.Error:
		p = v
	case *problem.Kind:
		p, _ = problem.From(v)
	case *huma.ErrorModel:
		p = s.fromHuma(ctx, v)
	default:
		return v, nil
	}
	return s.document(p, ctx.Header("Accept-Language"), auth.OriginFrom(ctx.Context())), nil
}

func (s *Server) document(p *problem.Error, acceptLanguage string, origin auth.Origin) *problem.Document {
	d := s.texts.Document(p, problem.ParseAcceptLanguage(acceptLanguage))
	if origin.Request != "" {
		d.Instance = "urn:jingwei:request:" + origin.Request
	}
	return d
}

// fromHuma translates what huma refused before, or after, an operation ran.
func (s *Server) fromHuma(ctx huma.Context, m *huma.ErrorModel) *problem.Error {
	var fields []*problem.Error
	for _, d := range m.Errors {
		if d != nil {
			fields = append(fields, validationFault(d))
		}
	}
	slices.SortStableFunc(fields, func(a, b *problem.Error) int { return strings.Compare(a.Location(), b.Location()) })
	fields = slices.CompactFunc(fields, func(a, b *problem.Error) bool { return a.Kind() == b.Kind() && a.Location() == b.Location() })
	switch m.Status {
	case http.StatusUnprocessableEntity:
		return refused(problem.Invalid, fields)
	case http.StatusBadRequest:
		if len(fields) == 0 {
			return ErrBody.At("body", "").With("reason", m.Detail)
		}
		return refused(ErrBody, fields)
	case http.StatusRequestEntityTooLarge:
		limit := s.o.MaxBody
		if op := ctx.Operation(); op != nil {
			limit = max(limit, op.MaxBodyBytes)
		}
		return ErrTooLarge.With("limit", limit)
	case http.StatusRequestTimeout:
		return ErrSlow.With("limit", "5 s")
	case http.StatusUnsupportedMediaType:
		return ErrMediaType.At("header.Content-Type", ctx.Header("Content-Type"))
	case http.StatusNotAcceptable:
		return ErrNotAcceptable.At("header.Accept", ctx.Header("Accept"))
	case http.StatusUnauthorized:
		return auth.ErrUnauthenticated.With("reason", "")
	case http.StatusNotFound:
		return problem.NotFound.With("thing", "")
	}
	s.o.Logger.ErrorContext(ctx.Context(), "request failed", "status", m.Status, "detail", m.Detail, "errors", len(m.Errors))
	return problem.Internal.With("status", m.Status)
}

// refused joins faults under one kind; a request with one fault still says "invalid" first, so that a program finds
// all faults of validation in one place.
func refused(kind *problem.Kind, fields []*problem.Error) *problem.Error {
	return kind.With("count", len(fields)).Join(fields...)
}

// WriteProblem answers a request with a problem, for handlers beside the operations (Server.Handle).
func (s *Server) WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	p, ok := problem.From(s.translate(r.Context(), err))
	if !ok {
		p = problem.Internal.Because(err)
	}
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problem.MediaType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.GetStatus())
	_ = jsonFormat.Marshal(w, s.document(p, r.Header.Get("Accept-Language"), auth.OriginFrom(r.Context())))
}
