package auth

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/peertest"
)

// op is an independent OpenID provider behind a proxy through which the test can swap what it answers. Its address stays the same
// when the provider starts again with other keys.
type op struct {
	t      *testing.T
	issuer string
	keys   string
	dir    string

	mu   sync.Mutex
	peer string
	swap func(path string, body []byte) []byte
	stop func()
}

const base = "http://127.0.0.1:9" // the node; nobody listens there

func startOP(t *testing.T) *op {
	t.Helper()
	o := &op{t: t, dir: peertest.Node(t, "oidc-provider"), keys: t.TempDir()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.issuer = "http://" + l.Addr().String()
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			o.mu.Lock()
			defer o.mu.Unlock()
			r.SetURL(&url.URL{Scheme: "http", Host: o.peer})
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			o.mu.Lock()
			swap := o.swap
			o.mu.Unlock()
			if swap == nil {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			body = swap(r.Request.URL.Path, body)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Del("Content-Length")
			return nil
		},
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	o.start("one")
	t.Cleanup(func() { _ = server.Close(); <-done; o.stop() })
	return o
}

// start starts the provider with a key; one that runs is stopped first.
func (o *op) start(key string) {
	o.t.Helper()
	if o.stop != nil {
		o.stop()
	}
	c := exec.Command("node", filepath.Join(o.dir, "oidc-provider.mjs"))
	c.Dir = o.dir
	c.Env = append(os.Environ(), "ISSUER="+o.issuer, "KEY="+key, "KEYS="+o.keys, "REDIRECT="+base+OIDCPath)
	in, err := c.StdinPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		o.t.Fatal(err)
	}
	o.stop = func() { _ = in.Close(); _ = c.Process.Kill(); _ = c.Wait() }
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "ready: "); ok {
			o.mu.Lock()
			o.peer = at
			o.mu.Unlock()
			return
		}
	}
	o.t.Fatal("the provider does not start")
}

// change sets what is done to answers of the token endpoint.
func (o *op) change(f func(token map[string]any)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.swap = nil; f == nil {
		return
	}
	o.swap = func(path string, body []byte) []byte {
		var token map[string]any
		if path != "/token" || json.Unmarshal(body, &token) != nil {
			return body
		}
		f(token)
		out, _ := json.Marshal(token)
		return out
	}
}

// browse is a browser: it goes where the node sends it, and gives what the provider sends it back with.
func (o *op) browse(address, who string) OIDCAnswer {
	o.t.Helper()
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), base) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	r, err := client.Get(address + "&login_hint=" + who)
	if err != nil {
		o.t.Fatal(err)
	}
	defer r.Body.Close()
	back, err := r.Location()
	if err != nil {
		b, _ := io.ReadAll(r.Body)
		o.t.Fatalf("the provider does not send the browser back: %d %s", r.StatusCode, b)
	}
	q := back.Query()
	return OIDCAnswer{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error")}
}

// oidcHouse is a house whose clock is the machine's, for that is the provider's.
func oidcHouse(t *testing.T, o *op) *house {
	h := build(t, storetest.SQLite(t))
	h.clock = time.Now()
	provider := func(id, client string) Provider {
		return Provider{ID: id, Issuer: o.issuer, Client: client, Secret: client + "-secret-of-thirty-two-characters", Label: text.Both("Province"), Scopes: []string{"profile", "email"}}
	}
	h.o.Providers, h.o.URL, h.o.SignUp = []Provider{provider("province", "jingwei"), provider("another", "another")}, base, true
	return h
}

func TestSigningInAtAProvider(t *testing.T) {
	o := startOP(t)
	h := oidcHouse(t, o)
	ctx := t.Context()
	// begin sends the browser there and gives what comes back, unfinished.
	begin := func(ctx context.Context, provider, who string) OIDCAnswer {
		t.Helper()
		address, browser, err := h.BeginOIDC(ctx, provider)
		h.must(err)
		a := o.browse(address, who)
		a.Browser = browser
		return a
	}
	refuse := func(a OIDCAnswer, want error) {
		t.Helper()
		if r, err := h.FinishOIDC(ctx, a); !errors.Is(err, want) || r.Session != nil || r.Ticket != "" {
			t.Errorf("got %+v, %v, want %v", r, err, want)
		}
	}

	// An administrator whose e-mail address the provider also tells of alice: that binds nobody.
	admin, signedIn, _ := h.person("admin@example.cn", map[uuid.UUID]Role{h.a: Owner})
	first := begin(ctx, "province", "alice")
	r, err := h.FinishOIDC(ctx, first)
	if err != nil || r.Session != nil || r.Ticket == "" || r.Name != "alice of the province" {
		t.Fatalf("%+v, %v", r, err)
	}
	refuse(first, ErrOIDCState) // replayed

	// Bound once she has signed in otherwise; the ticket counts once.
	h.must(h.BindTicket(signedIn, r.Ticket))
	if err := h.BindTicket(signedIn, r.Ticket); !errors.Is(err, ErrOIDCState) {
		t.Errorf("a ticket counts twice: %v", err)
	}
	r, err = h.FinishOIDC(ctx, begin(ctx, "province", "alice"))
	if err != nil || r.Session == nil || r.Session.Principal.ID != admin.ID || r.Session.Principal.Roles()[h.a] != Owner {
		t.Fatalf("%+v, %v", r, err)
	}
	h.as(r.Session.Secret)

	// Bound while signed in; a subject of somebody else is not taken over.
	_, li, _ := h.person("li", map[uuid.UUID]Role{h.b: Viewer})
	if r, err := h.FinishOIDC(ctx, begin(li, "province", "li")); err != nil || r.Ticket != "" || r.Session != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	refuse(begin(li, "province", "alice"), ErrIdentityHeld)
	if r, err := h.FinishOIDC(ctx, begin(ctx, "province", "li")); err != nil || r.Session == nil || r.Session.Principal.Name != "li" {
		t.Fatalf("%+v, %v", r, err)
	}

	// Come by oneself: no role anywhere.
	r, err = h.FinishOIDC(ctx, begin(ctx, "province", "new"))
	h.must(err)
	session, err := h.SignUpByTicket(ctx, r.Ticket, "王芳")
	if err != nil || len(session.Principal.Roles()) != 0 {
		t.Fatalf("%+v, %v", session.Principal, err)
	}
	h.o.SignUp = false
	r, err = h.FinishOIDC(ctx, begin(ctx, "province", "newer"))
	h.must(err)
	if _, err := h.SignUpByTicket(ctx, r.Ticket, "王芳"); !errors.Is(err, ErrSignUp) {
		t.Errorf("a node that takes nobody in: %v", err)
	}

	// What a thief might try.
	h.clock = h.clock.Add(time.Minute)
	a := begin(ctx, "province", "alice")
	stolen := a
	stolen.Browser = newSecret() // another browser
	refuse(stolen, ErrOIDCState)
	mixed := a
	mixed.Issuer = "https://evil.example" // RFC 9207
	refuse(mixed, ErrOIDCState)
	b, c := begin(ctx, "province", "alice"), begin(ctx, "province", "li")
	b.Code = c.Code // a code of another sign-in: PKCE
	refuse(b, ErrOIDCRefused)
	refuse(begin(ctx, "province", "nobody"), ErrOIDCRefused)
	refuse(OIDCAnswer{State: "x", Browser: "y"}, ErrOIDCState)

	// A token that the provider did sign, for another client or for another sign-in.
	h.clock = h.clock.Add(time.Minute)
	var kept string
	o.change(func(token map[string]any) { kept, _ = token["id_token"].(string) })
	if _, err := h.FinishOIDC(ctx, begin(ctx, "another", "alice")); err != nil || kept == "" {
		t.Fatal(err)
	}
	foreign := kept
	o.change(func(token map[string]any) { token["id_token"] = foreign })
	refuse(begin(ctx, "province", "alice"), ErrOIDCToken) // audience
	o.change(func(token map[string]any) { kept, _ = token["id_token"].(string) })
	if _, err := h.FinishOIDC(ctx, begin(ctx, "province", "alice")); err != nil {
		t.Fatal(err)
	}
	old := kept
	o.change(func(token map[string]any) { token["id_token"] = old })
	refuse(begin(ctx, "province", "alice"), ErrOIDCToken) // nonce
	o.change(func(token map[string]any) {
		parts := strings.Split(token["id_token"].(string), ".")
		parts[2] = strings.Repeat("A", len(parts[2]))
		token["id_token"] = strings.Join(parts, ".")
	})
	refuse(begin(ctx, "province", "alice"), ErrOIDCToken) // signature
	o.change(func(token map[string]any) { delete(token, "id_token") })
	refuse(begin(ctx, "province", "alice"), ErrOIDCToken)
	o.change(nil)
	late := begin(ctx, "province", "alice")
	h.clock = h.clock.Add(oidcLife)
	refuse(late, ErrOIDCState)

	// The provider changes its keys.
	o.start("two")
	if r, err := h.FinishOIDC(ctx, begin(ctx, "province", "alice")); err != nil || r.Session == nil {
		t.Fatalf("after a change of keys: %+v, %v", r, err)
	}
	// A token signed with a key that is published no more.
	o.change(func(token map[string]any) { token["id_token"] = old })
	refuse(begin(ctx, "province", "alice"), ErrOIDCToken)
	o.change(nil)

	// Somebody who may not sign in here may not by a provider either.
	yes := true
	if _, err := h.UpdatePerson(AsSystem(ctx, "command"), func() uuid.UUID { p, _ := FromContext(li); return p.ID }(), nil, &yes); err != nil {
		t.Fatal(err)
	}
	refuse(begin(ctx, "province", "li"), ErrSignIn)

	if _, _, err := h.BeginOIDC(ctx, "nowhere"); !errors.Is(err, ErrProvider) {
		t.Errorf("%v", err)
	}
	h.o.Providers = append(h.o.Providers, Provider{ID: "gone", Issuer: base, Client: "x"})
	if _, _, err := h.BeginOIDC(ctx, "gone"); !errors.Is(err, ErrProviderDown) {
		t.Errorf("%v", err)
	}
}
