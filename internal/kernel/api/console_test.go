package api

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestConsoleIsServedWithFallbackAndCaching(t *testing.T) {
	script := strings.Repeat("console.log('jingwei');", 500)
	s := newServer(t, Options{Console: fstest.MapFS{
		"index.html": {Data: []byte("<!doctype html><title>Jingwei</title>")}, "assets/app-1a2b3c.js": {Data: []byte(script)}, "favicon.svg": {Data: []byte("<svg/>")}, ".hidden": {Data: []byte("x")},
	}})
	page := call(t, s, "GET", "/", "", "Accept", "text/html")
	if page.StatusCode != 200 || page.Header.Get("Cache-Control") != "no-cache" || !strings.Contains(page.Header.Get("Content-Security-Policy"), "script-src 'self';") ||
		strings.Contains(page.Header.Get("Content-Security-Policy"), "script-src 'self' 'unsafe-inline'") {
		t.Errorf("%d %v", page.StatusCode, page.Header)
	}
	if r := call(t, s, "GET", "/machines/42/trend", "", "Accept", "text/html,*/*"); r.body != page.body {
		t.Errorf("an address inside the console: %d %s", r.StatusCode, r.body)
	}
	for _, path := range []string{"/assets/missing.js", "/api/v1/nothing", "/.hidden", "/api", "/../etc/passwd.txt"} {
		if r := call(t, s, "GET", path, "", "Accept", "text/html"); r.StatusCode == 200 && path != "/api" {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.body)
		}
	}
	app := call(t, s, "GET", "/assets/app-1a2b3c.js", "", "Accept-Encoding", "gzip")
	if app.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || app.Header.Get("Content-Encoding") != "gzip" || len(app.body) > 1000 || app.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%v", app.Header)
	}
	if r := call(t, s, "GET", "/assets/app-1a2b3c.js", "", "Accept-Encoding", "gzip", "If-None-Match", app.Header.Get("ETag")); r.StatusCode != 304 || r.body != "" {
		t.Errorf("%d", r.StatusCode)
	}
	if r := call(t, s, "GET", "/assets/app-1a2b3c.js", ""); r.body != script {
		t.Error("without gzip the script differs")
	}
	if r := call(t, s, "GET", "/api/v1/things", "", "Authorization", "Bearer a"); r.Header.Get("Content-Security-Policy") != apiPolicy || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers of an answer: %v", r.Header)
	}
}
