package api

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"jingwei/internal/kernel/auth"
)

type check struct {
	name string
	run  func(context.Context) error
}

// checkTimeout bounds all checks of one /readyz together.
const checkTimeout = 3 * time.Second

// Ready adds a check to /readyz. It must be cheap: it runs at every call.
func (s *Server) Ready(name string, run func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks = append(s.checks, check{name, run})
}

// healthz tells that the process runs and answers, and nothing more: a supervisor that restarts on its failure must not
// do so because a database is away.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n"))
}

type readiness struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

// readyz tells whether the node can do its work. The words of a failure are for the log: anybody may ask.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	s.mu.Lock()
	checks := s.checks
	s.mu.Unlock()
	out, status := readiness{Status: "ready", Checks: map[string]string{}}, http.StatusOK
	for _, c := range checks {
		out.Checks[c.name] = "ok"
		if err := c.run(ctx); err != nil {
			out.Checks[c.name], out.Status, status = "failed", "not ready", http.StatusServiceUnavailable
			s.o.Logger.WarnContext(ctx, "not ready", "check", c.name, "error", err)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = jsonFormat.Marshal(w, out)
}

// serveMetrics answers a collector on the same machine, or one with the metrics verb.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if !local(r) {
		if _, err := auth.AllowNode(r.Context(), auth.Metrics); err != nil {
			s.WriteProblem(w, r, err)
			return
		}
	}
	promhttp.HandlerFor(s.o.Metrics, promhttp.HandlerOpts{DisableCompression: true}).ServeHTTP(w, r)
}

// local tells whether the request comes from this machine itself. A proxy on this machine makes everybody look so, and
// a browser can be made to ask for any name: both are told by their headers.
func local(r *http.Request) bool {
	for _, forwarded := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(forwarded) != "" {
			return false
		}
	}
	if loopbackOnly(r.Host) != nil && loopbackOnly(r.Host+":0") != nil {
		return false
	}
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// metrics of the door. Labels have few values: a route's pattern, not its path.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	streams  prometheus.Gauge
	events   prometheus.Counter
	dropped  prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "jingwei_http_requests_total", Help: "Requests answered, by route and status."}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "jingwei_http_request_seconds", Help: "Time to answer, by route.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10}}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "jingwei_http_requests_running", Help: "Requests being answered, live streams included."}),
		streams:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "jingwei_live_streams", Help: "Live streams open."}),
		events:   prometheus.NewCounter(prometheus.CounterOpts{Name: "jingwei_live_events_total", Help: "Events sent on live streams."}),
		dropped:  prometheus.NewCounter(prometheus.CounterOpts{Name: "jingwei_live_dropped_total", Help: "Live streams cut because the client did not read."}),
	}
	if r != nil {
		r.MustRegister(m.requests, m.seconds, m.inFlight, m.streams, m.events, m.dropped)
	}
	return m
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead:
	default:
		method = "other" // a caller can make up any method
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(method, route).Observe(took.Seconds())
}
