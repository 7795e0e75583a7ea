package twin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Prefix is where the AAS API of an organisation begins: Prefix + its id + Suffix, and behind it the paths of IDTA-01002. The
// organisation stands in the path so that standard clients, which know a base address and nothing of tenants, reach one.
const (
	Prefix = "/api/aas/"
	Suffix = "/v3.0"
)

// door serves the AAS API.
type door struct {
	s   *Service
	mux *http.ServeMux
}

// call is one request.
type call struct {
	*http.Request
	s     *Service
	w     http.ResponseWriter
	org   uuid.UUID
	scope auth.Scope
}

// answer is what a handler says: a body as JSON, or nothing with 204.
type handler func(c *call) (body any, err error)

func newDoor(s *Service) *door {
	d := &door{s: s, mux: http.NewServeMux()}
	d.shellRoutes()
	d.submodelRoutes("")
	d.submodelRoutes("/shells/{aas}")
	d.conceptRoutes()
	d.registryRoutes()
	d.otherRoutes()
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	org, rest, ok := split(r.URL.Path)
	if !ok {
		d.s.refuse(w, r, store.ErrNotFound)
		return
	}
	inner := r.Clone(context.WithValue(r.Context(), orgKey{}, org))
	inner.URL.Path, inner.URL.RawPath = rest, ""
	if _, pattern := d.mux.Handler(inner); pattern == "" {
		d.s.refuse(w, r, api.ErrNoRoute.With("path", clip(rest)))
		return
	}
	d.mux.ServeHTTP(w, inner)
}

type orgKey struct{}

// split parts a path into the organisation and the path of the AAS API.
func split(path string) (org uuid.UUID, rest string, ok bool) {
	path, ok = strings.CutPrefix(path, Prefix)
	if !ok || len(path) < 36 {
		return uuid.Nil, "", false
	}
	org, err := uuid.Parse(path[:36])
	rest, ok = strings.CutPrefix(path[36:], Suffix)
	if rest == "" {
		rest = "/"
	}
	return org, rest, ok && err == nil && rest[0] == '/'
}

// handle adds a handler. Reading needs Read in the organisation, all else Configure.
func (d *door) handle(pattern string, do handler) {
	method, _, _ := strings.Cut(pattern, " ")
	verb := auth.Configure
	if method == http.MethodGet {
		verb = auth.Read
	}
	d.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		org, _ := r.Context().Value(orgKey{}).(uuid.UUID)
		scope, err := auth.Allow(r.Context(), verb, org)
		if err != nil {
			d.s.refuse(w, r, err)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, aas.MaxEnvironment+1)
		body, err := do(&call{Request: r, s: d.s, w: w, org: org, scope: scope})
		switch {
		case err != nil:
			d.s.refuse(w, r, err)
		case body == done:
		case body == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			write(w, http.StatusOK, body)
		}
	})
}

// done tells that a handler has answered by itself.
var done any = new(int)

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(body) // the caller has gone: nobody is left to be told
}

// created answers 201 with a body and where it is.
func (c *call) created(body any, segments ...string) (any, error) {
	c.w.Header().Set("Location", c.base()+"/"+strings.Join(segments, "/"))
	write(c.w, http.StatusCreated, body)
	return done, nil
}

// base is the address of the organisation's AAS API, as the caller has reached it.
func (c *call) base() string {
	scheme := "http"
	if c.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.Host + Prefix + c.org.String() + Suffix
}

// message is one of a Result (IDTA-01002, "Result").
type message struct {
	Code          string `json:"code"`
	CorrelationID string `json:"correlationId,omitempty"`
	MessageType   string `json:"messageType"`
	Text          string `json:"text"`
	Timestamp     string `json:"timestamp"`
}

// refuse answers with a Result. Its words are English, as the standard's are.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, code, text := s.worded(r.Context(), err)
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="jingwei"`)
	}
	origin := auth.OriginFrom(r.Context())
	write(w, status, map[string][]message{"messages": {{
		Code: code, CorrelationID: origin.Request, MessageType: "Error", Text: text, Timestamp: s.o.Now().UTC().Format(time.RFC3339Nano),
	}}})
}

// worded finds status, code and words of an error; what is no fault of the caller's is logged and not told.
func (s *Service) worded(ctx context.Context, err error) (status int, code, text string) {
	var f *aas.Fault
	if errors.As(err, &f) {
		return http.StatusBadRequest, f.Rule, f.Error()
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return http.StatusRequestEntityTooLarge, "body-too-large", "the body has more than " + strconv.FormatInt(large.Limit, 10) + " bytes"
	}
	if p, ok := problem.From(err); ok && p.GetStatus() < 500 {
		text := p.Kind().Code()
		if l := p.Location(); l != "" {
			text = l + ": " + text
		}
		return p.GetStatus(), p.Kind().Code(), text
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound, "not-found", "there is no such thing"
	case errors.Is(err, store.ErrCursor):
		return http.StatusBadRequest, "cursor-invalid", "the cursor does not belong to this list; begin again without one"
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrFull), errors.Is(err, store.ErrReadOnly):
		s.o.Logger.ErrorContext(ctx, "the node cannot answer", "error", err)
		return http.StatusServiceUnavailable, "unavailable", "the node cannot answer now"
	}
	s.o.Logger.ErrorContext(ctx, "request failed", "error", err)
	return http.StatusInternalServerError, "internal", "the node has failed; its log knows why"
}

func malformed(where, value, words string) error {
	return &aas.Fault{Path: where, Value: clip(value), Rule: aas.RuleSyntax, Message: words}
}

// id reads an identifier of the path, which is base64url of its UTF-8, with or without padding.
func (c *call) id(name string) (string, error) { return identifier("path."+name, c.PathValue(name)) }

func identifier(where, s string) (string, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(s, "="))
	if pad := len(s) - len(strings.TrimRight(s, "=")); err != nil || pad > 2 || pad > 0 && len(s)%4 != 0 || len(b) == 0 || !utf8.Valid(b) {
		return "", malformed(where, s, "an identifier is written in base64url")
	}
	return string(b), nil
}

func encodeID(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

// query reads a parameter that has one of some values; the first is the default.
func (c *call) query(name string, allowed ...string) (string, error) {
	v := c.URL.Query().Get(name)
	if v == "" {
		return allowed[0], nil
	}
	for _, a := range allowed {
		if strings.EqualFold(v, a) { // Python's clients write True
			return a, nil
		}
	}
	return "", malformed("query."+name, v, "it is one of "+strings.Join(allowed, ", "))
}

func (c *call) shape() (aas.Shape, error) {
	level, err := c.query("level", "deep", "core")
	if err != nil {
		return aas.Shape{}, err
	}
	extent, err := c.query("extent", "withoutBlobValue", "withBlobValue")
	return aas.Shape{Core: level == "core", Blobs: extent == "withBlobValue"}, err
}

// page reads limit and cursor.
func (c *call) page() (store.Page, error) {
	p := store.Page{After: c.URL.Query().Get("cursor")}
	if s := c.URL.Query().Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return p, malformed("query.limit", s, "a limit is a number from 1 on")
		}
		p.Limit = min(n, store.MaxLimit)
	}
	return p, nil
}

// at reads as of when the caller asks: an addition of ours to the standard's reads.
func (c *call) at() (time.Time, error) {
	s := c.URL.Query().Get("at")
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return t, malformed("query.at", s, "a time is written as 2026-11-22T08:00:00Z")
	}
	return t, nil
}

// way reads how a document is to be put. strict is an addition of ours: strict=false takes one that breaks rules of the metamodel.
func (c *call) way() (Way, error) {
	strict, err := c.query("strict", "true", "false")
	return Way{Lenient: strict == "false", Reason: clip(c.URL.Query().Get("reason"))}, err
}

func (c *call) body() ([]byte, error) { return io.ReadAll(c.Body) }

func (c *call) document(kind Kind) (*aas.Document, error) {
	b, err := c.body()
	if err != nil {
		return nil, err
	}
	return aas.Read(kind, b)
}

// paged is a page of a list.
func paged[T any](items []T, next string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	if items == nil {
		items = []T{}
	}
	meta := map[string]string{}
	if next != "" {
		meta["cursor"] = next
	}
	return map[string]any{"paging_metadata": meta, "result": items}, nil
}

// Handler is the AAS API, without the chain of the node's door.
func (s *Service) Handler() http.Handler { return newDoor(s) }
