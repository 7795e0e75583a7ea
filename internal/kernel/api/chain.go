package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
)

// chain is the way of a request, outermost first. Who calls is known before the operation, and only after the cheap
// refusals; the idempotency check is last because it needs to know who calls.
func (s *Server) chain() http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.WriteProblem(w, r, ErrCrossOrigin.At("header.Origin", r.Header.Get("Origin")))
	}))
	var h http.Handler = s.mux
	h = s.idempotent(h)
	h = s.authenticated(h)
	h = cross.Handler(h)
	h = s.bounded(h)
	h = compressed(h)
	h = secured(h)
	h = s.recovered(h)
	h = s.logged(h)
	return s.traced(h)
}

// traced gives the request its id and trace (W3C Trace Context): a caller's valid traceparent is continued.
func (s *Server) traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.Must(uuid.NewV7())
		trace, ok := parseTraceparent(r.Header.Get("Traceparent"))
		if !ok {
			trace = strings.ReplaceAll(uuid.Must(uuid.NewRandom()).String(), "-", "")
		}
		o := auth.Origin{Request: id.String(), Trace: trace, Remote: remoteAddress(r.RemoteAddr), Agent: clip(r.UserAgent(), 200)}
		w.Header().Set("X-Request-Id", o.Request)
		next.ServeHTTP(w, r.WithContext(auth.WithOrigin(r.Context(), o)))
	})
}

// parseTraceparent returns the trace id of version 00 (or a later one read as 00): 2-32-16-2 lower-case hex digits,
// ids not all zero.
func parseTraceparent(h string) (trace string, ok bool) {
	if len(h) < 55 || len(h) > 55 && h[55] != '-' || h[2] != '-' || h[35] != '-' || h[52] != '-' || h[:2] == "ff" {
		return "", false
	}
	if h[:2] == "00" && len(h) != 55 {
		return "", false
	}
	for _, part := range []string{h[:2], h[3:35], h[36:52], h[53:55]} {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return "", false
		}
	}
	if strings.Trim(h[3:35], "0") == "" || strings.Trim(h[36:52], "0") == "" {
		return "", false
	}
	return h[3:35], true
}

func remoteAddress(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = host
	}
	if a, err := netip.ParseAddr(hostport); err == nil {
		return a.Unmap().WithZone("").String()
	}
	return hostport
}

func clip(s string, n int) string {
	return strings.ToValidUTF8(s[:min(len(s), n)], "")
}

// recorder remembers what was answered, for the log and the metrics.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// caller is filled in by a later link of the chain and read by the log when the request ends.
type caller struct{ name string }

type callerKey struct{}

func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.o.Now()
		who := &caller{}
		ctx := context.WithValue(r.Context(), callerKey{}, who)
		rec := &recorder{ResponseWriter: w}
		s.metrics.inFlight.Inc()
		defer s.metrics.inFlight.Dec() // also where the handler cuts the connection
		r = r.WithContext(ctx)
		next.ServeHTTP(rec, r)
		took := s.o.Now().Sub(start)
		s.metrics.observe(r.Method, r.Pattern, rec.status, took)
		level := slog.LevelDebug
		switch {
		case rec.status >= 500:
			level = slog.LevelError
		case !safe(r.Method):
			level = slog.LevelInfo
		}
		// The path only: a query may hold what does not belong into a log.
		s.o.Logger.LogAttrs(ctx, level, "request", slog.String("method", r.Method), slog.String("path", clip(r.URL.Path, 200)),
			slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("took", took), slog.String("actor", who.name))
	})
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			s.o.Logger.ErrorContext(r.Context(), "request panicked", "panic", v, "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status == 0 {
				s.WriteProblem(w, r, problem.Internal.With("status", 500))
				return
			}
			panic(http.ErrAbortHandler) // half an answer is out: cut the connection so that nobody takes it for whole
		}()
		next.ServeHTTP(w, r)
	})
}

// Headers of every answer. The console needs inline styles (its component library writes them), never inline scripts.
const (
	consolePolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
		"font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; object-src 'none'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	apiPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Content-Security-Policy", apiPolicy)
		h.Set("Cache-Control", "no-store")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// bounded limits the body of every request, also of those that no operation reads.
func (s *Server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.ContainsFunc(s.ownBounds, func(prefix string) bool { return strings.HasPrefix(r.URL.Path, prefix) }) {
			next.ServeHTTP(w, r)
			return
		}
		limit := max(s.o.MaxBody, s.large[r.Method+" "+r.URL.Path])
		if r.ContentLength > limit {
			s.WriteProblem(w, r, ErrTooLarge.With("limit", limit))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}

// authenticated finds out who calls. A credential that is not valid is the same as none: operations that anybody may
// call stay open to a browser with an old cookie.
func (s *Server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The console's files and the health checks are for everybody; they need no look into the database.
		if s.o.Auth == nil || !strings.HasPrefix(r.URL.Path, "/api/") && r.URL.Path != "/metrics" {
			next.ServeHTTP(w, r)
			return
		}
		p, ok, err := s.o.Auth.Authenticate(r)
		if err != nil {
			s.WriteProblem(w, r, err)
			return
		}
		if ok {
			if c, found := r.Context().Value(callerKey{}).(*caller); found {
				c.name = string(p.Kind) + ":" + p.Name
			}
			r = r.WithContext(auth.With(r.Context(), p))
		}
		next.ServeHTTP(w, r)
	})
}

// needSomebody refuses an operation that is not Public when nobody is known, before its input is looked at.
func (s *Server) needSomebody(ctx huma.Context, next func(huma.Context)) {
	if public, _ := ctx.Operation().Metadata[publicKey].(bool); public {
		next(ctx)
		return
	}
	if _, ok := auth.FromContext(ctx.Context()); !ok {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="jingwei"`)
		_ = huma.WriteErr(s.huma, ctx, http.StatusUnauthorized, "sign in first")
		return
	}
	next(ctx)
}

// fallback answers what no route takes: the console, or a problem.
func (s *Server) fallback(w http.ResponseWriter, r *http.Request) {
	if s.console != nil && safe(r.Method) && !strings.HasPrefix(r.URL.Path, "/api/") && s.console.serve(w, r) {
		return
	}
	var allowed []string
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		probe := r.Clone(r.Context())
		probe.Method = method
		if _, pattern := s.mux.Handler(probe); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		s.WriteProblem(w, r, ErrMethod.With("method", r.Method).With("allowed", strings.Join(allowed, ", ")))
		return
	}
	s.WriteProblem(w, r, ErrNoRoute.With("path", clip(r.URL.Path, 200)))
}

// LogHandler adds the request, its trace and who acts to every record that is logged with a request's context.
func LogHandler(h slog.Handler) slog.Handler { return logHandler{h} }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if o := auth.OriginFrom(ctx); o.Request != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("request", o.Request), slog.String("trace", o.Trace), slog.String("remote", o.Remote))
	}
	return h.Handler.Handle(ctx, r)
}

func (h logHandler) WithAttrs(a []slog.Attr) slog.Handler { return logHandler{h.Handler.WithAttrs(a)} }
func (h logHandler) WithGroup(name string) slog.Handler   { return logHandler{h.Handler.WithGroup(name)} }
