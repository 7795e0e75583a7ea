package promql

import (
	"context"
	"embed"
	"encoding/base64"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	engine "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

// Base is where the paths of Prometheus' API begin: the URL that a data source is given ends in /prometheus.
const Base = "/prometheus/api/v1"

// Authenticator tells who sends a request; *auth.Service does.
type Authenticator interface {
	Authenticate(r *http.Request) (p auth.Principal, ok bool, err error)
}

// Options build a Service. Store, Catalogue and Auth are required.
type Options struct {
	Store     Store
	Catalogue Catalogue
	Auth      Authenticator
	Now       func() time.Time
	Logger    *slog.Logger
	Register  prometheus.Registerer // of the engine's own metrics; nil: none
	Language  string                // of names in labels and help texts, "zh" or "en"; the other one where a name lacks it. Default "zh"
	Version   string                // of the node, told in /status/buildinfo

	MaxSamples int           // held in memory by one query. Default 50 million
	MaxSeries  int           // of one selector. Default 50,000
	MaxPoints  int           // of one series in one answer of query_range. Default 11,000
	MaxRead    int           // samples in one answer of remote read. Default 5 million
	MaxQueries int           // evaluated at once; more wait. Default: twice the processors
	Timeout    time.Duration // of one query. Default 2 min
	Refresh    time.Duration // how old what is known of an organisation's series may become, if nobody told of a change. Default 5 min
}

// Service answers PromQL.
type Service struct {
	o      Options
	index  *index
	engine *engine.Engine
	parser parser.Parser
	turns  turns
	mux    *http.ServeMux
}

//go:embed texts
var texts embed.FS

// New makes a service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Language == "" {
		o.Language = "zh"
	}
	positive := func(v *int, otherwise int) {
		if *v <= 0 {
			*v = otherwise
		}
	}
	positive(&o.MaxSamples, 50_000_000)
	positive(&o.MaxSeries, 50_000)
	positive(&o.MaxPoints, 11_000)
	positive(&o.MaxRead, 5_000_000)
	positive(&o.MaxQueries, 2*runtime.GOMAXPROCS(0))
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.Refresh <= 0 {
		o.Refresh = 5 * time.Minute
	}
	s := &Service{o: o, parser: parser.NewParser(parser.Options{}), turns: make(turns, o.MaxQueries), mux: http.NewServeMux()}
	s.index = &index{store: o.Store, catalogue: o.Catalogue, language: o.Language, every: o.Refresh, now: o.Now,
		places: map[uuid.UUID]*place{}}
	s.engine = engine.NewEngine(engine.EngineOpts{
		Logger: o.Logger, Reg: o.Register, MaxSamples: o.MaxSamples, Timeout: o.Timeout, LookbackDelta: defaultLookback,
		ActiveQueryTracker: s.turns, EnableAtModifier: true, EnableNegativeOffset: true, Parser: s.parser,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() }, // Prometheus' default evaluation interval
	})
	s.routes()
	return s
}

// Changed tells that the plant of an organisation has changed: names, places and points are looked up again.
func (s *Service) Changed(org uuid.UUID) { s.index.changed(org) }

// Routes adds the paths under /prometheus/ and their words.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	a.Handle("/prometheus/", s)
}

// turns lets so many queries be evaluated at once (promql.QueryTracker).
type turns chan struct{}

func (t turns) GetMaxConcurrent() int { return cap(t) }

func (t turns) Insert(ctx context.Context, _ string) (int, error) {
	select {
	case t <- struct{}{}:
		return 0, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (t turns) Delete(int) { <-t }

func (t turns) Close() error { return nil }

// handler answers a path: with what goes into "data", or an error.
type handler func(a *asking, r *http.Request) (*answer, error)

func (s *Service) routes() {
	for path, h := range map[string]handler{
		"/query": (*asking).query, "/query_range": (*asking).queryRange, "/format_query": (*asking).format,
		"/series": (*asking).series, "/labels": (*asking).labelNames, "/query_exemplars": (*asking).exemplars,
	} {
		s.add("GET "+Base+path, h)
		s.add("POST "+Base+path, h)
	}
	s.add("GET "+Base+"/label/{name}/values", (*asking).labelValues)
	s.add("GET "+Base+"/metadata", (*asking).metadata)
	s.add("GET "+Base+"/rules", (*asking).rules)
	s.add("GET "+Base+"/status/buildinfo", (*asking).buildInfo)
	s.mux.HandleFunc("POST "+Base+"/read", s.read)
}

func (s *Service) add(pattern string, h handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		a, err := s.asked(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, ErrForm.At("body", "").Because(err))
			return
		}
		out, err := h(a, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.write(w, r, out)
	})
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.mux.Handler(r); pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "" {
			w.Header().Set("Allow", method)
			s.fail(w, r, ErrMethod.At("method", r.Method).With("allowed", method))
			return
		}
	}
	s.fail(w, r, ErrPath.At("path", r.URL.Path))
}

// asked finds out who asks: by bearer token, by Basic with the token as password (whatever the name), or by the
// console's session.
func (s *Service) asked(r *http.Request) (*asking, error) {
	known := r
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Basic") {
		known = r.Clone(r.Context())
		known.Header.Del("Authorization")
		both, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
		_, token, ok := strings.Cut(string(both), ":")
		if err != nil || !ok || token == "" {
			return nil, ErrToken
		}
		known.Header.Set("Authorization", "Bearer "+token)
	}
	p, ok, err := s.o.Auth.Authenticate(known)
	switch {
	case err != nil:
		return nil, &nodeError{err}
	case !ok:
		return nil, ErrToken
	}
	scope, err := auth.Visible(auth.With(r.Context(), p), auth.Read)
	if err != nil {
		return nil, err
	}
	return &asking{Service: s, scope: scope, now: s.o.Now().UnixNano()}, nil
}
