package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestHealthReadinessAndMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := newServer(t, Options{Metrics: registry, Register: registry})
	broken := errors.New("postgres://user:password@db is away")
	var fault error
	s.Ready("database", func(context.Context) error { return fault })
	if r := call(t, s, "GET", "/healthz", ""); r.StatusCode != 200 || r.body != `{"status":"ok"}`+"\n" {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	if r := call(t, s, "GET", "/readyz", ""); r.StatusCode != 200 || r.body != `{"status":"ready","checks":{"database":"ok"}}`+"\n" {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	fault = broken
	if r := call(t, s, "GET", "/readyz", ""); r.StatusCode != 503 || strings.Contains(r.body, "password") || !strings.Contains(r.body, `"database":"failed"`) {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	metrics := func(remote, host string, headers ...string) reply {
		r := httptest.NewRequest("GET", "http://"+host+"/metrics", nil)
		r.RemoteAddr = remote
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return reply{Response: w.Result(), body: w.Body.String()}
	}
	for _, c := range []struct {
		remote, host string
		headers      []string
		status       int
	}{
		{"127.0.0.1:5000", "127.0.0.1:8480", nil, 200},
		{"[::1]:5000", "localhost:8480", nil, 200},
		{"192.0.2.1:5000", "127.0.0.1:8480", nil, 401},
		{"127.0.0.1:5000", "evil.example", nil, 401},                                        // DNS rebinding
		{"127.0.0.1:5000", "127.0.0.1:8480", []string{"X-Forwarded-For", "192.0.2.1"}, 401}, // a proxy beside the node
		{"192.0.2.1:5000", "node.example", []string{"Authorization", "Bearer a"}, 403},      // owner of some organisation
		{"192.0.2.1:5000", "node.example", []string{"Authorization", "Bearer b"}, 200},      // engineer of the home organisation
	} {
		if r := metrics(c.remote, c.host, c.headers...); r.StatusCode != c.status {
			t.Errorf("%s %s %v: %d, want %d", c.remote, c.host, c.headers, r.StatusCode, c.status)
		}
	}
	if r := metrics("127.0.0.1:1", "127.0.0.1"); !strings.Contains(r.body, `jingwei_http_requests_total{method="GET",route="GET /readyz",status="503"} 1`) {
		t.Errorf("metrics: %s", r.body)
	}
}
