package rest

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/server"
)

// Answer is the body of every answer about handles.
type Answer struct {
	ResponseCode handle.Code `json:"responseCode"`
	Handle       handle.Name `json:"handle,omitempty"`
	Message      string      `json:"message,omitempty"`
	Indexes      []uint32    `json:"indexes,omitempty"` // the values that a refusal is about
	Values       []Value     `json:"values,omitempty"`
}

// statusOf is the HTTP status of a code (technical manual, section 14.4).
func statusOf(c handle.Code, resolving bool) int {
	switch {
	case c == handle.Success:
		return http.StatusOK
	case c == handle.Busy:
		return http.StatusServiceUnavailable
	case c == handle.NotFound:
		return http.StatusNotFound
	case c == handle.AlreadyExists || c == handle.ValueExists:
		return http.StatusConflict
	case c == handle.ValueNotFound && resolving:
		return http.StatusOK
	case c == handle.InvalidName, c == handle.InvalidValue, c == handle.ValueNotFound, c == handle.ProtocolError,
		c == handle.NotResponsible, c == handle.ServiceReferral, c == handle.PrefixReferral:
		return http.StatusBadRequest
	case c == handle.Unauthenticated:
		return http.StatusUnauthorized
	case c >= 400 && c < 500:
		return http.StatusForbidden
	}
	return http.StatusInternalServerError
}

// refuse answers with what an operation was refused with.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, name handle.Name, err error) {
	answer := Answer{ResponseCode: handle.Failed, Handle: name}
	var f *handle.Refusal
	var to *server.Referral
	switch {
	case errors.As(err, &f):
		answer.ResponseCode, answer.Message, answer.Indexes = f.Code, f.Message, f.Indexes
	case errors.As(err, &to):
		answer.ResponseCode, answer.Message = to.Code, "the handle is served elsewhere"
		if at, values, err := handle.DecodeReferral(to.Body); err == nil {
			if at != "" {
				answer.Message += ": by the sites of " + string(at)
			}
			for _, v := range values {
				answer.Values = append(answer.Values, valueOf(v))
			}
		}
	}
	if answer.ResponseCode == handle.Unauthenticated {
		a.challenge(w)
	}
	write(w, r, statusOf(answer.ResponseCode, r.Method == http.MethodGet), answer)
}

var callbackName = regexp.MustCompile(`^[A-Za-z_$][0-9A-Za-z_$.]{0,63}$`)

// write writes JSON, for people when ?pretty is asked for, and as a call of a function when ?callback is.
func write(w http.ResponseWriter, r *http.Request, status int, v any) {
	b, err := json.Marshal(v)
	if pretty(r) {
		b, err = json.MarshalIndent(v, "", "  ")
	}
	if err != nil {
		panic(err) // of this package's own types
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if call := r.URL.Query().Get("callback"); call != "" && r.Method == http.MethodGet && callbackName.MatchString(call) {
		h.Set("Content-Type", "application/javascript; charset=UTF-8")
		w.WriteHeader(http.StatusOK) // a script with another status is not run
		w.Write([]byte("/**/" + call + "("))
		w.Write(b)
		w.Write([]byte(");\n"))
		return
	}
	h.Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	w.Write(append(b, '\n'))
}

func pretty(r *http.Request) bool { return isSet(r, "pretty") }

// isSet reports whether a parameter is there and not "false".
func isSet(r *http.Request, name string) bool {
	q := r.URL.Query()
	return q.Has(name) && q.Get(name) != "false"
}
