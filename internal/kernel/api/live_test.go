package api

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/file"
)

// counter is a source whose state the test sets; it counts how often clients looked.
type counter struct {
	mu    sync.Mutex
	value int
	watch int
	scope auth.Scope
	err   error
}

func (c *counter) Event() string { return "count" }

func (c *counter) Watch(_ context.Context, scope auth.Scope, q LiveQuery) (Feed, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch++
	c.scope = scope
	return &counterFeed{c: c, last: -1}, nil
}

func (c *counter) set(v int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value = v
}

type counterFeed struct {
	c    *counter
	last int
}

func (f *counterFeed) Next(context.Context) (any, error) {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	if f.c.value == f.last {
		return nil, f.c.err
	}
	f.last = f.c.value
	return map[string]int{"value": f.last}, f.c.err
}

type stream struct {
	*http.Response
	lines *bufio.Scanner
}

// next returns the next line that is not empty.
func (s *stream) next(t *testing.T) string {
	t.Helper()
	for s.lines.Scan() {
		if l := s.lines.Text(); l != "" {
			return l
		}
	}
	return "end of stream"
}

func (s *stream) want(t *testing.T, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if got := s.next(t); got != l {
			t.Fatalf("got %q, want %q", got, l)
		}
	}
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	o.Listen = []Listen{{Address: "127.0.0.1:0", Plain: true}}
	s := newServer(t, o)
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

func watch(t *testing.T, s *Server, query, caller string) *stream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.Addresses()[0]+"/api/v1/live"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+caller)
	r.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return &stream{resp, bufio.NewScanner(resp.Body)}
}

func TestLiveStreamTellsStateFirstAndThenOnlyChanges(t *testing.T) {
	src := &counter{value: 1}
	s := start(t, Options{LiveEvery: 2 * time.Millisecond, Heartbeat: 20 * time.Millisecond})
	s.Live().Add(src)
	c := watch(t, s, "?machine="+uuid.NewString(), "a")
	if c.Header.Get("Content-Type") != "text/event-stream" || c.Header.Get("Content-Encoding") != "" || c.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", c.Header)
	}
	c.want(t, "retry: 2000", "event: count", `data: {"value":1}`)
	// A thousand changes between two looks are one event with the last state.
	for v := range 1000 {
		src.set(v + 2)
	}
	for {
		if l := c.next(t); l == `data: {"value":1001}` {
			break
		} else if !strings.HasPrefix(l, "event:") && !strings.HasPrefix(l, "data:") && l != ": still here" {
			t.Fatalf("got %q", l)
		}
	}
	// Without a change there are only heartbeats.
	c.want(t, ": still here", ": still here")
}

func TestLiveStreamEndsWithTheServer(t *testing.T) {
	s := start(t, Options{LiveEvery: time.Millisecond})
	s.Live().Add(&counter{})
	c := watch(t, s, "", "a")
	c.want(t, "retry: 2000", "event: count", `data: {"value":0}`)
	done := make(chan error, 1)
	go func() { done <- s.Stop(context.Background()) }()
	if got := c.next(t); got != "end of stream" {
		t.Errorf("got %q", got)
	}
	if err := <-done; err != nil {
		t.Errorf("stop with a stream open: %v", err)
	}
}

func TestLiveStreamEndsWithTheSessionAndFollowsRoles(t *testing.T) {
	callers := &guarded{Callers: maps.Clone(people)}
	src := &counter{}
	s := start(t, Options{Auth: callers, LiveEvery: time.Millisecond, Heartbeat: 2 * time.Millisecond})
	s.Live().Add(src)
	c := watch(t, s, "", "a")
	c.want(t, "retry: 2000", "event: count", `data: {"value":0}`)
	// A role in another organisation: the sources are asked anew, with the new scope.
	callers.set("a", authtest.Person("a", map[uuid.UUID]auth.Role{orgA: auth.Owner, orgB: auth.Viewer}))
	for l := ""; l != "event: count"; {
		if l = c.next(t); l == "end of stream" {
			t.Fatal("the stream ended")
		}
	}
	src.mu.Lock()
	if src.watch != 2 || !src.scope.Includes(orgB) {
		t.Errorf("asked %d times, scope %v", src.watch, src.scope.Orgs())
	}
	src.mu.Unlock()
	callers.remove("a")
	for l := ""; l != "end of stream"; {
		l = c.next(t)
	}
}

type guarded struct {
	mu sync.Mutex
	authtest.Callers
}

func (g *guarded) set(name string, p auth.Principal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.Callers[name] = p
}

func (g *guarded) remove(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.Callers, name)
}

func (g *guarded) Authenticate(r *http.Request) (auth.Principal, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Callers.Authenticate(r)
}

func (g *guarded) Renew(ctx context.Context, p auth.Principal) (auth.Principal, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Callers.Renew(ctx, p)
}

func TestLiveStreamRefusals(t *testing.T) {
	s := start(t, Options{Streams: 2, LiveEvery: time.Millisecond})
	s.Live().Add(&counter{})
	for query, want := range map[string]int{"?org=" + orgB.String(): 404, "?machine=x": 422, "?org=" + strings.Repeat(orgA.String()+"&org=", 501) + orgA.String(): 422} {
		if c := watch(t, s, query, "a"); c.StatusCode != want {
			t.Errorf("%.40s: %d, want %d", query, c.StatusCode, want)
		}
	}
	if c := watch(t, s, "", "nobody"); c.StatusCode != 401 {
		t.Errorf("nobody: %d", c.StatusCode)
	}
	one, two := watch(t, s, "", "a"), watch(t, s, "", "a")
	one.want(t, "retry: 2000")
	two.want(t, "retry: 2000")
	if c := watch(t, s, "", "b"); c.StatusCode != 429 || c.Header.Get("Retry-After") == "" {
		t.Errorf("the third of two: %d", c.StatusCode)
	}
	// A place that is given back can be taken.
	_ = one.Body.Close()
	for {
		c := watch(t, s, "", "b")
		if c.StatusCode == 200 {
			break
		}
		_ = c.Body.Close()
	}
}

func TestLiveStreamEndsWhenASourceFails(t *testing.T) {
	src := &counter{}
	s := start(t, Options{LiveEvery: time.Millisecond})
	s.Live().Add(src)
	c := watch(t, s, "", "a")
	c.want(t, "retry: 2000", "event: count", `data: {"value":0}`)
	src.mu.Lock()
	src.err = errors.New("broken")
	src.mu.Unlock()
	for l := ""; l != "end of stream"; {
		l = c.next(t)
	}
}

func TestServerSpeaksHTTPSWithItsOwnCertificate(t *testing.T) {
	a, err := auth.OpenAuthority(file.OS(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	config, err := a.Serve([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, Options{TLS: config, Listen: []Listen{{Address: "127.0.0.1:0"}}})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop(context.Background()) }()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.Pool()}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(s.Addresses()[0] + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") != "max-age=31536000" || !strings.HasPrefix(s.Addresses()[0], "https://") {
		t.Errorf("%s %v", resp.Proto, resp.Header)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
}

func TestStopWaitsForRunningRequests(t *testing.T) {
	s := newServer(t, Options{Listen: []Listen{{Address: "127.0.0.1:0", Plain: true}}})
	entered, leave := make(chan struct{}), make(chan struct{})
	s.Handle("GET /slow", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		fmt.Fprint(w, "done")
	}))
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	address := s.Addresses()[0]
	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get(address + "/slow")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(context.Background()) }()
	for { // no new connections from now on
		c, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
		if err != nil {
			break
		}
		_ = c.Close()
	}
	close(leave)
	if got := <-answer; got != "done" {
		t.Errorf("the running request got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}
