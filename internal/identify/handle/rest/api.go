package rest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/server"
)

// Config is what the interface is made of.
type Config struct {
	Processor *server.Processor
	Now       func() time.Time
	Random    io.Reader // of sessions and nonces
	// Plain lets changes and secrets over plain HTTP, as behind a proxy that speaks TLS.
	Plain bool
}

// API is the handler of /api/.
type API struct {
	config   Config
	sessions *sessions
}

// New makes the interface.
func New(c Config) *API { return &API{config: c, sessions: newSessions()} }

// maxBody is how long a request's body may be, in bytes.
const maxBody = 2 << 20

// ServeHTTP answers /api/handles, /api/prefixes, /api/sessions and /api/site.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Requested-With")
	h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Location")
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if call := r.URL.Query().Get("callback"); call != "" && !callbackName.MatchString(call) {
		http.Error(w, "callback: the name of a function", http.StatusBadRequest)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	path := r.URL.EscapedPath()
	switch rest, under := strings.CutPrefix(path, "/api/handles/"); {
	case under && rest != "":
		a.handle(w, r, rest)
	case path == "/api/handles" || path == "/api/handles/":
		a.list(w, r)
	case path == "/api/prefixes":
		a.prefixes(w, r)
	case path == "/api/sessions" || path == "/api/sessions/":
		a.makeSession(w, r)
	case path == "/api/sessions/this":
		a.thisSession(w, r)
	case path == "/api/site":
		write(w, r, http.StatusOK, siteOf(a.config.Processor.Site()))
	default:
		http.NotFound(w, r)
	}
}

// handle answers for one handle. Its name is the rest of the path, percent-decoded once.
func (a *API) handle(w http.ResponseWriter, r *http.Request, escaped string) {
	decoded, err := url.PathUnescape(escaped)
	if err != nil {
		a.refuse(w, r, "", handle.Refuse(handle.InvalidName, nil, "the path is not percent-encoded"))
		return
	}
	name := handle.Name(decoded)
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		a.resolve(w, r, name)
		return
	}
	if !a.secure(r) {
		a.refuse(w, r, name, handle.Refuse(handle.NoPermission, nil, "changes are made over HTTPS"))
		return
	}
	by, err := a.who(r)
	if err != nil {
		a.refuse(w, r, name, err)
		return
	}
	switch r.Method {
	case http.MethodPut, http.MethodPost:
		a.put(w, r, by, name)
	case http.MethodDelete:
		a.delete(w, r, by, name)
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT, DELETE, OPTIONS")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func (a *API) secure(r *http.Request) bool { return r.TLS != nil || a.config.Plain }

// resolve answers GET. Somebody unknown sees what is public; whoever authenticates, or asks with ?auth, is asked for proof of
// more.
func (a *API) resolve(w http.ResponseWriter, r *http.Request, name handle.Name) {
	query := r.URL.Query()
	q := handle.Question{Name: name, Types: query["type"]}
	for _, s := range query["index"] {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			a.refuse(w, r, name, handle.Refuse(handle.InvalidValue, nil, "index %q: a number", s))
			return
		}
		q.Indexes = append(q.Indexes, uint32(n))
	}
	var by *server.Identity
	if query.Get("callback") == "" { // a script of another site must not see more than everybody
		var err error
		if by, err = a.who(r); err != nil {
			a.refuse(w, r, name, err)
			return
		}
	}
	publicOnly := isSet(r, "publicOnly") || by == nil && !isSet(r, "auth") && len(q.Indexes) == 0
	got, values, err := a.config.Processor.Values(r.Context(), by, q, publicOnly)
	if f := (*handle.Refusal)(nil); by != nil && !isSet(r, "auth") && len(q.Indexes) == 0 && errors.As(err, &f) &&
		(f.Code == handle.InvalidAdmin || f.Code == handle.NoPermission) { // who may not see more sees what everybody sees
		got, values, err = a.config.Processor.Values(r.Context(), nil, q, true)
	}
	if err != nil {
		a.refuse(w, r, name, err)
		return
	}
	answer := Answer{ResponseCode: handle.Success, Handle: got, Values: []Value{}}
	for _, v := range values {
		answer.Values = append(answer.Values, valueOf(v))
	}
	write(w, r, http.StatusOK, answer)
}

// put creates, or with ?index adds and replaces values.
func (a *API) put(w http.ResponseWriter, r *http.Request, by *server.Identity, name handle.Name) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.refuse(w, r, name, handle.Refuse(handle.ProtocolError, nil, "the body cannot be read, or is longer than %d bytes", maxBody))
		return
	}
	values, err := ParseValues(body)
	if err != nil {
		a.refuse(w, r, name, err)
		return
	}
	query := r.URL.Query()
	overwrite := query.Get("overwrite") != "false"
	status := http.StatusCreated
	switch indexes := query["index"]; {
	case len(indexes) > 0:
		if err = checkIndexes(indexes, values); err == nil {
			err = a.config.Processor.Add(r.Context(), by, name, values, overwrite)
		}
		status = http.StatusOK
	default:
		mint := isSet(r, "mintNewSuffix")
		if mint && !strings.Contains(string(name), "/") {
			name += "/"
		}
		if a.config.Processor.Holds(name) {
			status = http.StatusOK // it will be replaced
		}
		name, err = a.config.Processor.Create(r.Context(), by, name, values, overwrite, mint)
	}
	if err != nil {
		a.refuse(w, r, name, err)
		return
	}
	write(w, r, status, Answer{ResponseCode: handle.Success, Handle: name})
}

// checkIndexes checks that the values given are those that ?index names; "various" names all.
func checkIndexes(indexes []string, values []handle.Value) error {
	if len(indexes) == 1 && indexes[0] == "various" {
		return nil
	}
	named := map[string]bool{}
	for _, i := range indexes {
		named[i] = true
	}
	for _, v := range values {
		if !named[strconv.FormatUint(uint64(v.Index), 10)] {
			return handle.Refuse(handle.InvalidValue, []uint32{v.Index}, "value %d is not one of ?index", v.Index)
		}
	}
	return nil
}

// ParseValues reads {"values": […]}, or the list alone, or one value. The error is a *handle.Refusal.
func ParseValues(body []byte) ([]handle.Value, error) {
	var list []Value
	var record struct {
		Values []Value         `json:"values"`
		Index  json.RawMessage `json:"index"`
	}
	err := json.Unmarshal(body, &list)
	if err != nil {
		if err = json.Unmarshal(body, &record); err == nil {
			list = record.Values
			if record.Values == nil && record.Index != nil {
				list = make([]Value, 1)
				err = json.Unmarshal(body, &list[0])
			}
		}
	}
	if err != nil {
		return nil, handle.Refuse(handle.ProtocolError, nil, "the body is no JSON of values: %v", err)
	}
	if len(list) > handle.MaxValues {
		return nil, handle.Refuse(handle.InvalidValue, nil, "%d values: at most %d", len(list), handle.MaxValues)
	}
	values := make([]handle.Value, 0, len(list))
	for _, j := range list {
		v, err := j.Value()
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// delete deletes a handle, or with ?index the values.
func (a *API) delete(w http.ResponseWriter, r *http.Request, by *server.Identity, name handle.Name) {
	var err error
	if named := r.URL.Query()["index"]; len(named) > 0 {
		var indexes []uint32
		for _, s := range named {
			n, parseErr := strconv.ParseUint(s, 10, 32)
			if parseErr != nil {
				a.refuse(w, r, name, handle.Refuse(handle.InvalidValue, nil, "index %q: a number", s))
				return
			}
			indexes = append(indexes, uint32(n))
		}
		err = a.config.Processor.Remove(r.Context(), by, name, indexes)
	} else {
		err = a.config.Processor.Delete(r.Context(), by, name)
	}
	if err != nil {
		a.refuse(w, r, name, err)
		return
	}
	write(w, r, http.StatusOK, Answer{ResponseCode: handle.Success, Handle: name})
}
