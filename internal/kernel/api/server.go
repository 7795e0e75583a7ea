package api

import (
	"context"
	"crypto/tls"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Base is the path under which operations live.
const Base = "/api/v1"

// Authenticator tells who calls. auth.Service is one.
type Authenticator interface {
	// Authenticate looks at the request's cookie or bearer token. ok is false when there is no valid credential;
	// an error is a fault of the node, not of the caller.
	Authenticate(r *http.Request) (p auth.Principal, ok bool, err error)
	// Renew looks again at a principal whose request lasts long: its roles as they are now, ok false when its
	// session or token has ended.
	Renew(ctx context.Context, p auth.Principal) (now auth.Principal, ok bool, err error)
}

// Options of a Server. Only Auth is needed; a Server without it can write its OpenAPI document and nothing else.
type Options struct {
	Auth      Authenticator
	DB        *store.DB             // for Idempotency-Key; nil: the header is refused
	TLS       *tls.Config           // for HTTPS (auth.Authority has one); nil: only plain listeners
	Metrics   prometheus.Gatherer   // served on /metrics; nil: not served
	Register  prometheus.Registerer // takes the server's own metrics; may be nil
	Console   fs.FS                 // built console with index.html at its root; nil: none
	Version   string                // of the node, in the document and in logs
	Listen    []Listen              // where to listen
	MaxBody   int64                 // bytes; default 1 MiB
	Heartbeat time.Duration         // of live streams; default 15 s
	LiveEvery time.Duration         // how often a live stream looks for changes; default 500 ms
	Streams   int                   // live streams at once, all callers together; default 1000
	Drain     time.Duration         // how long Stop waits for running requests; default 5 s
	Now       func() time.Time      // default time.Now
	Logger    *slog.Logger          // default discards
	Failed    func(error)           // a listener ended with an error after Start; default logs
}

// Server is the HTTP door of a node.
type Server struct {
	o         Options
	mux       *http.ServeMux
	huma      huma.API
	texts     *problem.Catalogue
	names     *naming
	live      *Live
	handler   http.Handler
	metrics   *metrics
	console   *console
	idem      *idempotency
	ownBounds []string         // path prefixes of handlers that bound their bodies themselves
	large     map[string]int64 // longest body by "POST /api/v1/path", of operations that take more than Options.MaxBody
	mu        sync.Mutex
	checks    []check
	listeners []*listener
	streams   context.Context // ends when the server stops; live streams end with it
	endLive   context.CancelFunc
}

//go:embed texts
var texts embed.FS

// New makes a server. It does not listen before Start.
// It brings its tables up to date.
func New(ctx context.Context, o Options) (*Server, error) {
	o.defaults()
	if o.DB != nil {
		if err := store.MigrateRoom(ctx, o.DB, "api", migrations); err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
	}
	words, err := problem.ReadCatalogue(texts, "texts")
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s := &Server{o: o, mux: http.NewServeMux(), texts: words, names: &naming{taken: map[string]reflect.Type{}}, metrics: newMetrics(o.Register), large: map[string]int64{}}
	s.streams, s.endLive = context.WithCancel(context.Background())
	s.huma = humago.NewWithPrefix(s.mux, Base, s.config())
	s.huma.UseMiddleware(s.needSomebody)
	s.live = newLive(s)
	if o.DB != nil {
		s.idem = &idempotency{db: o.DB, now: o.Now, log: o.Logger}
	}
	s.mux.HandleFunc("GET /healthz", s.healthz)
	s.mux.HandleFunc("GET /readyz", s.readyz)
	s.mux.HandleFunc("GET /openapi.json", s.openapi)
	if o.Metrics != nil {
		s.mux.HandleFunc("GET /metrics", s.serveMetrics)
	}
	if o.Console != nil {
		if s.console, err = newConsole(o.Console); err != nil {
			return nil, fmt.Errorf("api: console: %w", err)
		}
	}
	s.mux.HandleFunc("/", s.fallback)
	s.handler = s.chain()
	return s, nil
}

func (o *Options) defaults() {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = 15 * time.Second
	}
	if o.LiveEvery <= 0 {
		o.LiveEvery = 500 * time.Millisecond
	}
	if o.Streams <= 0 {
		o.Streams = 1000
	}
	if o.Drain <= 0 {
		o.Drain = 5 * time.Second
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Failed == nil {
		o.Failed = func(err error) { o.Logger.Error("listener ended", "error", err) }
	}
}

// Huma is the API that operations are registered on, with Base already in front of their paths. Prefer Register,
// which also translates a room's errors.
func (s *Server) Huma() huma.API { return s.huma }

// Texts takes over a room's wordings: dir of files holds zh.yaml and en.yaml. It panics on a missing language, an
// incomplete wording or a code that another room has: these are faults of the program, found by the first test.
func (s *Server) Texts(files fs.FS, dir string) {
	c, err := problem.ReadCatalogue(files, dir)
	if err == nil {
		err = s.texts.Add(c)
	}
	if err != nil {
		panic(fmt.Errorf("api: texts: %w", err))
	}
}

// Live is the node's live stream; rooms add their sources to it.
func (s *Server) Live() *Live { return s.live }

// Handler is the whole door, for tests and for embedding; Start serves it.
func (s *Server) Handler() http.Handler { return s.handler }

// Handle adds a plain handler beside the operations, such as a gateway's enrolment. It is not in the document.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// HandleBounded adds a plain handler for the paths under a prefix ("/push/") that bounds the bodies of its requests
// itself. It is called before Start.
func (s *Server) HandleBounded(prefix string, h http.Handler) {
	s.ownBounds = append(s.ownBounds, prefix)
	s.mux.Handle(prefix, h)
}

// Now is the server's clock.
func (s *Server) Now() time.Time { return s.o.Now() }

// publicKey marks an operation that anybody may call.
const publicKey = "jingwei-public"

// Public marks an operation that needs nobody signed in.
func Public(op huma.Operation) huma.Operation {
	if op.Metadata == nil {
		op.Metadata = map[string]any{}
	}
	op.Metadata[publicKey] = true
	op.Security = []map[string][]string{{}}
	return op
}

// Register adds an operation. Errors of the handler are translated: a problem is answered as it is, what the store
// says (not found, exists already, disk full, bad cursor) becomes the problem for it, anything else is logged with
// the request's id and answered as "internal" without its words.
func Register[I, O any](s *Server, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	mustRead(op.OperationID, reflect.TypeFor[I]())
	s.names.begin(op.OperationID, reflect.TypeFor[I](), reflect.TypeFor[O]())
	if op.MaxBodyBytes > s.o.MaxBody { // a file, for instance; its path has no parameters
		s.large[op.Method+" "+Base+op.Path] = op.MaxBodyBytes
	}
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, s.translate(ctx, err)
		}
		return out, nil
	})
}

func (s *Server) translate(ctx context.Context, err error) error {
	if p, ok := problem.From(err); ok {
		if p.Kind() == problem.Internal {
			s.o.Logger.ErrorContext(ctx, "request failed", "error", err)
		}
		return p
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return problem.NotFound.Because(err)
	case errors.Is(err, store.ErrCursor):
		return ErrCursor.At("query.cursor", "")
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrReference), errors.Is(err, store.ErrInvalid):
		s.o.Logger.WarnContext(ctx, "the database refused a change", "error", err)
		return problem.Conflict.Because(err)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return problem.Unavailable.Because(err) // the caller has gone; nobody reads this
	case errors.Is(err, store.ErrFull), errors.Is(err, store.ErrReadOnly), errors.Is(err, store.ErrBusy),
		errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		s.o.Logger.ErrorContext(ctx, "the node cannot answer", "error", err)
		return problem.Unavailable.Because(err).Header("Retry-After", "5")
	}
	s.o.Logger.ErrorContext(ctx, "request failed", "error", err)
	return problem.Internal.Because(err)
}

// mustRead panics where an input embeds parameters in an unexported type: huma would document them and never fill them
// in, and an organisation that is asked for would silently be none.
func mustRead(operation string, in reflect.Type) {
	for i := range in.NumField() {
		f := in.Field(i)
		if !f.Anonymous || f.Type.Kind() != reflect.Struct {
			continue
		}
		for j := range f.Type.NumField() {
			tag := f.Type.Field(j).Tag
			if !f.IsExported() && tag.Get("path")+tag.Get("query")+tag.Get("header")+tag.Get("cookie") != "" {
				panic(fmt.Sprintf("api: operation %s embeds %s, whose parameters are never read: give the type an exported name", operation, f.Name))
			}
		}
		mustRead(operation, f.Type)
	}
}
