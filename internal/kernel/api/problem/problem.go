// Package problem is the one form in which a room tells a caller that something is wrong. A Kind is defined once, as
// a package variable of the room that returns it; an Error is one occurrence of it, with what the caller needs to
// mend it: where, which value, and named attributes. The words stand apart, in one catalogue file per language
// inside the room (Catalogue), so that the code stays the stable part: `code` never changes once published.
//
//	var ErrUnit = problem.Define("plant-unit-unknown", 422)
//	…
//	return ErrUnit.At("body.unit", unit).With("machine", name)
//
// The API answers with it as application/problem+json (RFC 9457) in the caller's language.
package problem

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Kind is one kind of error. It is itself an error, so it can be returned bare and asked for with errors.Is.
type Kind struct {
	code   string
	status int
}

// Define makes a kind. The code is lower-case words joined by hyphens, unique in the product and never changed;
// the status is the HTTP status it is answered with (400 to 599). It panics on anything else: a kind is a constant
// of the program.
func Define(code string, status int) *Kind {
	ok := code != "" && status >= 400 && status <= 599
	for _, r := range code {
		ok = ok && (r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	}
	if !ok {
		panic(fmt.Sprintf("problem %q with status %d: the code must be lower-case words joined by hyphens, the status 400 to 599", code, status))
	}
	return &Kind{code: code, status: status}
}

// Code is the stable name that programs act on.
func (k *Kind) Code() string { return k.code }

// Error makes a bare kind an error.
func (k *Kind) Error() string { return k.code }

// GetStatus is the HTTP status.
func (k *Kind) GetStatus() int { return k.status }

// ContentType names the media type of a problem for the JSON it would otherwise be sent as.
func (k *Kind) ContentType(string) string { return MediaType }

// At is an occurrence at a place of the request ("body.unit", "query.from", "path.id") with the value found there.
func (k *Kind) At(location string, value any) *Error {
	return &Error{kind: k, location: location, value: value}
}

// With is an occurrence with an attribute that the catalogue's texts may name as {name}.
func (k *Kind) With(name string, value any) *Error { return (&Error{kind: k}).With(name, value) }

// Because is an occurrence that wraps its cause. The cause is logged, never shown to a caller.
func (k *Kind) Because(cause error) *Error { return &Error{kind: k, cause: cause} }

// MediaType is that of RFC 9457.
const MediaType = "application/problem+json"

// Error is one occurrence of a kind. Its methods return the receiver, so that they chain.
type Error struct {
	kind       *Kind
	location   string
	value      any
	attributes map[string]any
	cause      error
	fields     []*Error
	headers    http.Header
}

// With adds an attribute for the texts.
func (e *Error) With(name string, value any) *Error {
	if e.attributes == nil {
		e.attributes = map[string]any{}
	}
	e.attributes[name] = value
	return e
}

// At sets the place and the value.
func (e *Error) At(location string, value any) *Error {
	e.location, e.value = location, value
	return e
}

// Because sets the cause.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Header adds a header to the answer (Retry-After).
func (e *Error) Header(name, value string) *Error {
	if e.headers == nil {
		e.headers = http.Header{}
	}
	e.headers.Set(name, value)
	return e
}

// Kind tells which kind it is.
func (e *Error) Kind() *Kind { return e.kind }

// Attributes are what the texts may name; not to be changed.
func (e *Error) Attributes() map[string]any { return e.attributes }

// Location is the place in the request, or "".
func (e *Error) Location() string { return e.location }

// Fields are the single faults of a request refused for several.
func (e *Error) Fields() []*Error { return e.fields }

// Error is for logs, in English: code, place, value, attributes in order of name, cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.kind.code)
	if e.location != "" {
		fmt.Fprintf(&b, " at %s", e.location)
		if v, ok := Echo(e.location, e.value); ok {
			fmt.Fprintf(&b, " (%v)", v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.attributes)) {
		fmt.Fprintf(&b, " %s=%v", name, e.attributes[name])
	}
	for _, f := range e.fields {
		b.WriteString("; ")
		b.WriteString(f.Error())
	}
	if e.cause != nil {
		b.WriteString(": ")
		b.WriteString(e.cause.Error())
	}
	return b.String()
}

// Is makes errors.Is(err, kind) true for every occurrence of the kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(*Kind)
	return ok && k == e.kind
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.cause }

// GetStatus is the HTTP status.
func (e *Error) GetStatus() int { return e.kind.status }

// GetHeaders are the headers of the answer.
func (e *Error) GetHeaders() http.Header { return e.headers }

// ContentType names the media type of a problem.
func (e *Error) ContentType(string) string { return MediaType }

// From finds the problem in an error chain.
func From(err error) (*Error, bool) {
	var e *Error
	if errors.As(err, &e) {
		return e, true
	}
	var k *Kind
	if errors.As(err, &k) {
		return &Error{kind: k, cause: nil}, true
	}
	return nil, false
}

// Kinds that any room may return.
var (
	// Invalid is a request with one or more faulty fields; All makes it.
	Invalid = Define("invalid", http.StatusUnprocessableEntity)
	// NotFound is what does not exist, or is not visible to the caller: the two are never told apart.
	NotFound = Define("not-found", http.StatusNotFound)
	// Conflict is a state that does not allow what was asked.
	Conflict = Define("conflict", http.StatusConflict)
	// Internal is a fault of the node; its cause is only logged.
	Internal = Define("internal", http.StatusInternalServerError)
	// Unavailable is a node that cannot answer now (starting, stopping, disk full).
	Unavailable = Define("unavailable", http.StatusServiceUnavailable)
)

// All joins the faults of a request into one problem, or nil when there is none. A single fault stays itself.
func All(fields ...*Error) error {
	fields = slices.DeleteFunc(slices.Clone(fields), func(e *Error) bool { return e == nil })
	switch len(fields) {
	case 0:
		return nil
	case 1:
		return fields[0]
	}
	return Invalid.With("count", len(fields)).Join(fields...)
}

// Join adds single faults.
func (e *Error) Join(fields ...*Error) *Error {
	e.fields = append(e.fields, fields...)
	return e
}
