package inbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/outward"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// received is one request as it came.
type received struct {
	method, path string
	query        url.Values
	header       http.Header
	body         map[string]any
	raw          []byte
}

// receiver is another side over TLS; answer says what it answers.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(received) (int, string)
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{answer: func(received) (int, string) { return 200, `{"errcode":0,"errmsg":"ok"}` }}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		raw, _ := io.ReadAll(q.Body)
		x := received{method: q.Method, path: q.URL.Path, query: q.URL.Query(), header: q.Header, raw: raw}
		_ = json.Unmarshal(raw, &x.body)
		r.mu.Lock()
		r.got = append(r.got, x)
		answer := r.answer
		r.mu.Unlock()
		status, body := answer(x)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) says(status int, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(received) (int, string) { return status, body }
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// last is the newest request; n is how many there must be.
func (r *receiver) last(t *testing.T, n int) received {
	t.Helper()
	got := r.all()
	if len(got) != n {
		t.Fatalf("%d requests arrived, want %d", len(got), n)
	}
	return got[n-1]
}

func (r *receiver) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(r.Certificate())
	return pool
}

func at2(v any, path ...string) string {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return fmt.Sprint(v)
}

// verified adds a channel and verifies it with the code that code finds.
func (r *room) verified(ctx context.Context, n NewChannel, code func() string) Channel {
	r.t.Helper()
	c, err := r.s.AddChannel(ctx, n)
	if err != nil {
		r.t.Fatal(err)
	}
	tested, err := r.s.Test(ctx, c.ID)
	if err != nil || !tested.Sent || !tested.Code {
		r.t.Fatalf("test of %s: %+v, %v", n.Kind, tested, err)
	}
	if c, err = r.s.Verify(ctx, c.ID, code()); err != nil || c.Verified == 0 {
		r.t.Fatalf("verify %s: %v", n.Kind, err)
	}
	return c
}

// digits finds the six digits of a code.
func digits(s string) string {
	for i := 0; i+6 <= len(s); i++ {
		if _, err := strconv.Atoi(s[i : i+6]); err == nil && s[i] != '+' && s[i] != '-' {
			return s[i : i+6]
		}
	}
	return ""
}

func (r *room) tick() {
	r.t.Helper()
	if err := r.s.Tick(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func base64MAC(key, message string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// Each robot's receiver works the signature out again by the vendor's published rule (see sign.go for where).
func TestRobotsAndWebhooksSendTheRealForm(t *testing.T) {
	peer := newReceiver(t)
	r := newRoom(t, storetest.SQLite(t), Options{Allow: []string{"127.0.0.1"}, Roots: peer.roots(), Base: func() string { return "https://node.example" }})
	ctx := r.as("engineer", auth.Engineer, r.a)
	const secret = "SEC0123456789"
	text := func() string {
		b := peer.last(t, len(peer.all())).body
		return at2(b, "text", "content") + at2(b, "content", "text") + at2(b, "code")
	}
	code := func() string { return digits(text()) }
	ms := strconv.FormatInt(r.clock.UnixMilli(), 10)

	dingtalk := r.verified(ctx, NewChannel{Org: r.a, Kind: DingTalk, Settings: Settings{URL: peer.URL + "/robot/send?access_token=abc", Secret: secret}}, code)
	got := peer.last(t, 1)
	same(t, "DingTalk's path", got.path+" "+got.query.Get("access_token"), "/robot/send abc")
	same(t, "DingTalk's sign", got.query.Get("sign"), base64MAC(secret, ms+"\n"+secret))
	same(t, "DingTalk's timestamp", got.query.Get("timestamp"), ms)
	same(t, "DingTalk's kind", at2(got.body, "msgtype"), "text")
	if dingtalk.Address != "127.0.0.1" {
		t.Errorf("the channel shows %q", dingtalk.Address)
	}

	r.clock = r.clock.Add(time.Second)
	s := strconv.FormatInt(r.clock.Unix(), 10)
	r.verified(ctx, NewChannel{Org: r.a, Kind: Feishu, Settings: Settings{URL: peer.URL + "/open-apis/bot/v2/hook/tok", Secret: secret}}, code)
	got = peer.last(t, 2)
	same(t, "Feishu's sign", at2(got.body, "sign"), base64MAC(s+"\n"+secret, ""))
	same(t, "Feishu's timestamp", at2(got.body, "timestamp"), s)
	same(t, "Feishu's kind", at2(got.body, "msg_type"), "text")

	peer.says(200, `{"errcode":0,"errmsg":"ok"}`)
	r.verified(ctx, NewChannel{Org: r.a, Kind: WeCom, Settings: Settings{URL: peer.URL + "/cgi-bin/webhook/send?key=k"}}, code)
	got = peer.last(t, 3)
	same(t, "WeCom's key", got.query.Get("key")+" "+at2(got.body, "msgtype"), "k text")

	r.verified(ctx, NewChannel{Org: r.a, Kind: Webhook, Settings: Settings{URL: peer.URL + "/hook", Secret: secret}}, code)
	got = peer.last(t, 4)
	if err := Verify(secret, got.header.Get(SignatureHeader), r.clock, got.raw); err != nil {
		t.Error(err)
	}
	same(t, "webhook's key", got.header.Get("Idempotency-Key"), at2(got.body, "id"))

	// A WeCom application fetches a token once and uses it until it ends.
	tokens := 0
	peer.mu.Lock()
	peer.answer = func(x received) (int, string) {
		if x.path == "/cgi-bin/gettoken" {
			tokens++
			return 200, fmt.Sprintf(`{"errcode":0,"access_token":"T%d","expires_in":7200}`, tokens)
		}
		if x.query.Get("access_token") == "T1" && tokens == 1 && x.body["msgtype"] == "text" && len(peer.got) > 7 {
			return 200, `{"errcode":42001,"errmsg":"access_token expired"}`
		}
		return 200, `{"errcode":0,"errmsg":"ok"}`
	}
	peer.mu.Unlock()
	app := r.verified(ctx, NewChannel{Org: r.a, Kind: WeComApp, Settings: Settings{URL: peer.URL, Corp: "ww1", Agent: 1000002, Secret: secret, To: "li|wang"}}, code)
	got = peer.last(t, 6)
	same(t, "application", []string{got.path, got.query.Get("access_token"), at2(got.body, "touser"), at2(got.body, "agentid"), at2(got.body, "enable_duplicate_check")}, "[/cgi-bin/message/send T1 li|wang 1.000002e+06 1]")
	token := peer.all()[4]
	same(t, "token", []string{token.method, token.query.Get("corpid"), token.query.Get("corpsecret")}, []string{"GET", "ww1", secret})
	for range 2 {
		r.clock = r.clock.Add(time.Minute)
		if tested, err := r.s.Test(ctx, app.ID); err != nil || !tested.Sent {
			t.Fatalf("%+v %v", tested, err)
		}
	}
	same(t, "tokens after one has ended early", tokens, 2)

	// And what a room puts arrives with its due time and link.
	before := len(peer.all())
	r.put(todo("1", "Review it", "c1", High, at("2026-05-06 18:00"), Recipient{Org: r.a}))
	r.tick()
	var all []string
	for _, x := range peer.all()[before:] {
		all = append(all, at2(x.body, "text", "content")+at2(x.body, "content", "text")+at2(x.body, "zh")+at2(x.body, "link")+at2(x.body, "due"))
	}
	slices.Sort(all)
	same(t, "how many arrived", len(all), 5)
	for _, s := range all {
		if !strings.Contains(s, "Review it") || !strings.Contains(s, "https://node.example/o/"+r.a.String()+"/cases/c1") || !strings.Contains(s, "2026-05-06") {
			t.Errorf("arrived: %s", s)
		}
	}
	r.tick()
	same(t, "nothing twice", len(peer.all())-before, 5)
}

func TestWhatCannotBeSentIsTriedAgainThenLaidAside(t *testing.T) {
	peer := newReceiver(t)
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		peer.says(200, "{}")
		r := newRoom(t, db, Options{Allow: []string{"127.0.0.1"}, Roots: peer.roots()})
		engineer, viewer, foreign := r.as("engineer", auth.Engineer, r.a), r.as("viewer", auth.Viewer, r.a), r.as("engineer of B", auth.Owner, r.b)
		hook := NewChannel{Org: r.a, Kind: Webhook, Name: "ERP", Settings: Settings{URL: peer.URL + "/hook?token=hidden", Secret: "a secret of 16 b"}}
		c := r.verified(engineer, hook, func() string { return at2(peer.last(t, len(peer.all())).body, "code") })
		if _, err := r.s.AddChannel(engineer, hook); !errors.Is(err, ErrAnother) {
			t.Errorf("the same channel again: %v", err)
		}
		start := len(peer.all())
		peer.says(503, "down")
		r.put(note("1", "first", Recipient{Org: r.a}))
		r.put(note("2", "second", Recipient{Org: r.a}))
		r.tick()
		same(t, "when the first fails so the rest waits without a try", len(peer.all())-start, 1)
		r.tick()
		same(t, "no try before its time", len(peer.all())-start, 1)
		list, _ := r.s.Channels(viewer, r.a)
		if len(list) != 1 || list[0].Waiting != 2 || !strings.Contains(list[0].Trouble.Zh, "对方暂时不收") || !strings.Contains(list[0].Trouble.En, "HTTP 503 down") {
			t.Errorf("channel: %+v", list)
		}
		for range 2*maxTries + 4 {
			r.clock = r.clock.Add(longPause)
			r.tick()
		}
		got := peer.all()[start:]
		keys := map[string]int{}
		for _, x := range got {
			keys[x.header.Get("Idempotency-Key")]++
		}
		if len(keys) != 2 {
			t.Errorf("keys: %v", keys)
		}
		dead, _, err := r.s.Undelivered(engineer, r.a, store.Page{})
		if err != nil || len(dead) != 2 || dead[0].Tries != maxTries || dead[0].Name != "ERP" || dead[0].Text.En != "second" {
			t.Fatalf("dead letters: %+v, %v", dead, err)
		}
		tries := len(got)
		r.clock = r.clock.Add(24 * time.Hour)
		r.tick()
		same(t, "the dead are not tried", len(peer.all())-start, tries)

		// An engineer of the organisation sends one again and gives the other up; nobody else may.
		for name, err := range map[string]error{"viewer": r.s.Again(viewer, dead[0].ID), "foreign": r.s.Again(foreign, dead[0].ID)} {
			want := map[string]error{"viewer": auth.ErrForbidden, "foreign": store.ErrNotFound}[name]
			if !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := r.s.Undelivered(viewer, r.a, store.Page{}); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("a viewer sees dead letters: %v", err)
		}
		peer.says(200, "")
		if err := r.s.Again(engineer, dead[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := r.s.Drop(engineer, dead[1].ID); err != nil {
			t.Fatal(err)
		}
		if err := r.s.Drop(engineer, dead[1].ID); !errors.Is(err, ErrNotDead) {
			t.Errorf("given up twice: %v", err)
		}
		r.tick()
		last := peer.last(t, start+tries+1)
		same(t, "it came", at2(last.body, "en"), "second")
		same(t, "under the same key", last.header.Get("Idempotency-Key"), dead[0].ID)
		dead, _, _ = r.s.Undelivered(engineer, r.a, store.Page{})
		same(t, "dead letters left", len(dead), 0)
		list, _ = r.s.Channels(viewer, r.a)
		if !list[0].Trouble.IsZero() || list[0].Sent == 0 || list[0].Waiting+list[0].Dead != 0 {
			t.Errorf("channel: %+v", list[0])
		}

		// What is refused for good is not tried again; a redirect is not followed.
		peer.says(410, "gone")
		r.put(note("3", "third", Recipient{Org: r.a}))
		r.tick()
		dead, _, _ = r.s.Undelivered(engineer, r.a, store.Page{})
		same(t, "refused for good", []any{len(dead), dead[0].Tries}, "[1 1]")
		if err := r.s.RemoveChannel(engineer, c.ID); err != nil {
			t.Fatal(err)
		}
		dead, _, _ = r.s.Undelivered(engineer, r.a, store.Page{})
		same(t, "gone with the channel", len(dead), 0)
	})
}

func TestRedirectsAreNotFollowedAndInsideAddressesAreNotCalled(t *testing.T) {
	peer := newReceiver(t)
	d := newDoor(nil, peer.roots())
	defer d.Close()
	if _, _, err := d.Post(t.Context(), peer.URL, "text/plain", nil, nil); !errors.Is(err, outward.ErrInside) {
		t.Errorf("an address inside is called: %v", err)
	}
	_, port, _ := net.SplitHostPort(peer.Listener.Addr().String())
	if _, _, err := d.Post(t.Context(), "https://localhost:"+port, "text/plain", nil, nil); !errors.Is(err, outward.ErrInside) {
		t.Errorf("a name that leads inside is called: %v", err) // judged after it was resolved
	}
	same(t, "words", network(outward.ErrInside).code, "inside")
	if len(peer.all()) != 0 {
		t.Error("something arrived")
	}
	elsewhere := newReceiver(t)
	hop := httptest.NewTLSServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer hop.Close()
	pool := peer.roots()
	pool.AddCert(hop.Certificate())
	d = newDoor([]string{"127.0.0.1"}, pool)
	defer d.Close()
	code, _, err := d.Post(t.Context(), hop.URL, "text/plain", nil, nil)
	if err != nil || code != 307 || len(elsewhere.all()) != 0 || status(code, nil) == nil {
		t.Errorf("a redirect: %d, %v, %d arrived", code, err, len(elsewhere.all()))
	}
	untrusted := newDoor([]string{"127.0.0.1"}, x509.NewCertPool())
	defer untrusted.Close()
	if _, _, err := untrusted.Post(t.Context(), peer.URL+"/x?key=secret", "text/plain", nil, nil); network(err).code != "certificate" || strings.Contains(err.Error(), "secret") {
		t.Errorf("an unknown authority: %v", err)
	}
}

// mailbox is an SMTP server with STARTTLS and AUTH PLAIN.
type mailbox struct {
	mu     sync.Mutex
	got    []string // from, to and data
	refuse error
}

func (m *mailbox) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{m: m, c: c}, nil }

type session struct {
	m        *mailbox
	c        *smtp.Conn
	from, to string
	in       bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "notice" || password != "right" {
			return smtp.ErrAuthFailed
		}
		s.in = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if _, secure := s.c.TLSConnectionState(); !secure || !s.in {
		return errors.New("not encrypted, or not signed in")
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.to = to
	return s.m.refuse
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.got = append(s.m.got, s.from+"\n"+s.to+"\n"+string(b))
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func serveMail(t *testing.T, implicit bool) (box *mailbox, port int, roots *x509.CertPool) {
	t.Helper()
	certificate := httptest.NewUnstartedServer(nil)
	certificate.StartTLS()
	certificate.Close()
	box = &mailbox{}
	server := smtp.NewServer(box)
	server.Domain, server.TLSConfig = "localhost", &tls.Config{Certificates: certificate.TLS.Certificates}
	l := proof.Must(net.Listen("tcp", "127.0.0.1:0"))
	if implicit {
		l = tls.NewListener(l, server.TLSConfig)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	roots = x509.NewCertPool()
	roots.AddCert(certificate.Certificate())
	return box, l.Addr().(*net.TCPAddr).Port, roots
}

func (m *mailbox) last(t *testing.T, n int) (from, to string, msg *mail.Message, body string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.got) != n {
		t.Fatalf("%d mails arrived, want %d", len(m.got), n)
	}
	parts := strings.SplitN(m.got[n-1], "\n", 3)
	msg = proof.Must(mail.ReadMessage(strings.NewReader(parts[2])))
	raw := proof.Must(io.ReadAll(msg.Body))
	if msg.Header.Get("Content-Transfer-Encoding") == "base64" {
		raw = proof.Must(base64.StdEncoding.DecodeString(strings.ReplaceAll(string(raw), "\r\n", "")))
	}
	return parts[0], parts[1], msg, quoted(string(raw))
}

// quoted reads quoted-printable as far as this test needs it.
func quoted(s string) string {
	s = strings.ReplaceAll(s, "=\r\n", "")
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) {
			if b, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(b))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func (r *room) root() context.Context {
	return auth.With(r.t.Context(), authtest.Person("root", map[uuid.UUID]auth.Role{r.a: auth.Owner}).AtHome(r.a))
}

func TestMailGoesEncryptedAndSignedIn(t *testing.T) {
	for _, implicit := range []bool{false, true} {
		box, port, roots := serveMail(t, implicit)
		r := newRoom(t, storetest.SQLite(t), Options{Allow: []string{"127.0.0.1"}, Roots: roots, Base: func() string { return "https://node.example" }})
		li := r.as("li", auth.Operator, r.a)
		server := MailServer{Host: "127.0.0.1", Port: port, Security: map[bool]string{true: "tls", false: "starttls"}[implicit], User: "notice", From: "notice@node.example", FromName: "经纬平台"}
		c := proof.Must(r.s.AddChannel(li, NewChannel{Kind: Mail, Settings: Settings{Address: "li@firm.example"}}))
		if _, err := r.s.Test(li, c.ID); !errors.Is(err, ErrSender) {
			t.Errorf("a test without a server: %v", err)
		}
		if err := r.s.SetMail(li, server, "right"); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("anybody sets the server up: %v", err)
		}
		if err := r.s.SetMail(r.root(), server, "wrong"); err != nil {
			t.Fatal(err)
		}
		tested := proof.Must(r.s.Test(li, c.ID))
		if tested.Sent || !strings.Contains(tested.Trouble.Zh, "拒绝登录") {
			t.Errorf("a wrong password: %+v", tested)
		}
		if err := r.s.SetMail(r.root(), server, "right"); err != nil {
			t.Fatal(err)
		}
		if err := r.s.SetMail(r.root(), server, ""); err != nil { // the password stays
			t.Fatal(err)
		}
		shown := proof.Must(r.s.Senders(r.root()))
		if encode(shown.Mail) != encode(server) {
			t.Errorf("shown: %s", encode(shown.Mail))
		}
		r.clock = r.clock.Add(time.Minute)
		if tested = proof.Must(r.s.Test(li, c.ID)); !tested.Sent || !tested.Code {
			t.Fatalf("test: %+v", tested)
		}
		_, _, _, body := box.last(t, 1)
		r.put(note("0", "before it is verified", Recipient{Person: idOf(li), Org: r.a}))
		r.tick()
		box.last(t, 1)
		if _, err := r.s.Verify(li, c.ID, "000000x"); !errors.Is(err, ErrCode) {
			t.Errorf("a wrong code: %v", err)
		}
		if _, err := r.s.Verify(li, c.ID, digits(body[strings.Index(body, "验证码"):])); err != nil {
			t.Fatal(err)
		}
		if _, err := r.s.Verify(li, c.ID, "123456"); !errors.Is(err, ErrNoCode) {
			t.Errorf("a code twice: %v", err)
		}

		m := todo("1", "请评审\r\nBcc: x@evil.example", "c1", Normal, at("2026-05-06 18:00"), Recipient{Person: idOf(li), Org: r.a})
		r.put(m)
		r.tick()
		from, to, msg, body := box.last(t, 2)
		same(t, "envelope", from+" "+to, "notice@node.example li@firm.example")
		if msg.Header.Get("Bcc") != "" || msg.Header.Get("Auto-Submitted") != "auto-generated" || !strings.HasSuffix(msg.Header.Get("Message-Id"), "@node.example>") {
			t.Errorf("header: %v", msg.Header)
		}
		if !strings.Contains(body, "截止：2026-05-06 18:00") || !strings.Contains(body, "https://node.example/o/"+r.a.String()+"/cases/c1") {
			t.Errorf("body: %s", body)
		}

		// Refused for good: a dead letter at once, the person's own; refused for now: later.
		box.mu.Lock()
		box.refuse = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
		box.mu.Unlock()
		r.put(note("2", "lost", Recipient{Person: idOf(li)}))
		r.tick()
		dead, _, err := r.s.Undelivered(li, uuid.Nil, store.Page{})
		if err != nil || len(dead) != 1 || !strings.Contains(dead[0].Trouble.En, "no such mailbox") || !strings.Contains(dead[0].Trouble.Zh, "对方拒收") {
			t.Errorf("dead letters: %+v, %v", dead, err)
		}
		box.mu.Lock()
		box.refuse = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
		box.mu.Unlock()
		r.put(note("3", "later", Recipient{Person: idOf(li)}))
		r.tick()
		box.mu.Lock()
		box.refuse = nil
		box.mu.Unlock()
		r.clock = r.clock.Add(time.Minute)
		r.tick()
		_, _, _, body = box.last(t, 3)
		if !strings.Contains(body, "later") {
			t.Errorf("after greylisting: %s", body)
		}
	}
}

func TestSMSGoesThroughTheGatewayByTemplate(t *testing.T) {
	peer := newReceiver(t)
	r := newRoom(t, storetest.SQLite(t), Options{Allow: []string{"127.0.0.1"}, Roots: peer.roots()})
	const secret = "gateway secret"
	if err := r.s.SendCode(t.Context(), "13800138000", "123456", "zh"); !errors.Is(err, ErrSender) {
		t.Errorf("without a gateway: %v", err)
	}
	gateway := SMSGateway{URL: peer.URL + "/sms", Signature: "经纬平台", CodeTemplate: "SMS_1", NoteTemplate: "SMS_2"}
	if err := r.s.SetSMS(r.root(), gateway, ""); !errors.Is(err, ErrField) {
		t.Errorf("a gateway without a secret: %v", err)
	}
	if err := r.s.SetSMS(r.root(), gateway, secret); err != nil {
		t.Fatal(err)
	}
	peer.says(200, "")
	if err := r.s.SendCode(t.Context(), "+86 138-0013-8000", "123456", "zh"); err != nil {
		t.Fatal(err)
	}
	got := peer.last(t, 1)
	if err := Verify(secret, got.header.Get(SignatureHeader), r.clock, got.raw); err != nil {
		t.Error(err)
	}
	same(t, "the call", []string{got.path, at2(got.body, "phone"), at2(got.body, "template"), at2(got.body, "signature"), at2(got.body, "params", "code"), at2(got.body, "params", "minutes")}, "[/sms 13800138000 SMS_1 经纬平台 123456 5]")
	same(t, "key", got.header.Get("Idempotency-Key"), at2(got.body, "id"))
	if err := r.s.SendCode(t.Context(), "12345", "123456", "zh"); !errors.Is(err, ErrField) {
		t.Errorf("no number: %v", err)
	}
	peer.says(500, "no")
	if err := r.s.SendCode(t.Context(), "13800138000", "123456", "zh"); err == nil {
		t.Error("a failure of the gateway is not told")
	}
	peer.says(200, "")
	li := r.as("li", auth.Viewer, r.a)
	r.verified(li, NewChannel{Kind: SMS, Settings: Settings{Address: "13800138000"}}, func() string { return at2(peer.last(t, 3).body, "params", "code") })
	r.put(note("1", strings.Repeat("长", 100), Recipient{Person: idOf(li)}))
	r.tick()
	got = peer.last(t, 4)
	same(t, "the message", []any{at2(got.body, "template"), len([]rune(at2(got.body, "params", "text")))}, "[SMS_2 60]")
}

func TestDigestsBundleAndRightsAreAskedAgain(t *testing.T) {
	peer := newReceiver(t)
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		box, port, roots := serveMail(t, false)
		r := newRoom(t, db, Options{Allow: []string{"127.0.0.1"}, Roots: roots})
		li := r.as("li", auth.Operator, r.a)
		if err := r.s.SetMail(r.root(), MailServer{Host: "127.0.0.1", Port: port, User: "notice", From: "notice@node.example"}, "right"); err != nil {
			t.Fatal(err)
		}
		r.verified(li, NewChannel{Kind: Mail, Lang: "en", Settings: Settings{Address: "li@firm.example"}}, func() string {
			_, _, _, body := box.last(t, 1)
			return digits(body)
		})
		_ = proof.Must(r.s.Prefer(li, Preference{Digest: Daily, DigestAt: 8 * 60, Desk: true}))
		r.put(note("1", "one", Recipient{Org: r.a, Verb: auth.Operate}))
		r.put(note("2", "two", Recipient{Person: idOf(li), Org: r.a}))
		r.put(todo("3", "done meanwhile", "c1", Normal, time.Time{}, Recipient{Org: r.a}))
		r.put(note("4", "not for li", Recipient{Org: r.a, Verb: auth.Configure}))
		r.put(note("5", "of another", Recipient{Org: r.b}))
		m := note("6", "at once", Recipient{Person: idOf(li)})
		m.Urgency = Urgent
		r.put(m)
		r.tick()
		_, _, _, body := box.last(t, 2)
		if !strings.Contains(body, "at once") || strings.Contains(body, "one\n") {
			t.Errorf("urgent: %s", body)
		}
		if err := r.s.Settle(t.Context(), Object{"case", "c1"}, nil); err != nil {
			t.Fatal(err)
		}
		r.clock = at("2026-05-05 08:00")
		r.tick()
		_, _, msg, body := box.last(t, 3)
		same(t, "subject", msg.Header.Get("Subject"), "You have 2 messages")
		if !strings.Contains(body, "· one") || !strings.Contains(body, "· two") || strings.Contains(body, "done meanwhile") {
			t.Errorf("digest: %s", body)
		}
		// Who has left the organisation between is not told.
		r.put(note("7", "secret of A", Recipient{Org: r.a, Verb: auth.Operate}))
		r.tick()
		delete(r.desk[r.a], idOf(li))
		r.clock = r.clock.AddDate(0, 0, 1)
		r.tick()
		box.last(t, 3)
	})
	_ = peer
}

func TestChannelsBelongToTheirOwners(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRoom(t, db, Options{})
		engineer, viewer, wang, foreign := r.as("engineer", auth.Engineer, r.a), r.as("viewer", auth.Viewer, r.a), r.as("wang", auth.Viewer, r.a), r.as("x", auth.Owner, r.b)
		robot := NewChannel{Org: r.a, Kind: DingTalk, Settings: Settings{URL: "https://oapi.dingtalk.com/robot/send?access_token=hidden", Secret: "SEC12345678"}}
		for name, c := range map[string]struct {
			ctx  context.Context
			n    NewChannel
			want error
		}{
			"viewer for the organisation": {viewer, robot, auth.ErrForbidden},
			"another's organisation":      {foreign, robot, auth.ErrNotFound},
			"a robot of one's own":        {viewer, NewChannel{Kind: DingTalk, Settings: robot.Settings}, ErrField},
			"no kind":                     {engineer, NewChannel{Org: r.a, Kind: "fax"}, ErrField},
			"a robot elsewhere":           {engineer, NewChannel{Org: r.a, Kind: DingTalk, Settings: Settings{URL: "https://evil.example/robot", Secret: "SEC12345678"}}, ErrField},
			"a webhook inside":            {engineer, NewChannel{Org: r.a, Kind: Webhook, Settings: Settings{URL: "https://10.0.0.1/", Secret: "SEC12345678"}}, ErrField},
			"a webhook without secret":    {engineer, NewChannel{Org: r.a, Kind: Webhook, Settings: Settings{URL: "https://hooks.example/"}}, ErrField},
			"no mail address":             {viewer, NewChannel{Kind: Mail, Settings: Settings{Address: "x"}}, ErrField},
			"a name with a line":          {engineer, NewChannel{Org: r.a, Kind: Mail, Name: "a\nb", Settings: Settings{Address: "x@y.cn"}}, ErrField},
		} {
			if _, err := r.s.AddChannel(c.ctx, c.n); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		c := proof.Must(r.s.AddChannel(engineer, robot))
		mine := proof.Must(r.s.AddChannel(viewer, NewChannel{Kind: Mail, Settings: Settings{Address: "v@firm.example"}}))
		off := false
		for name, f := range map[string]func(context.Context, uuid.UUID) error{
			"change": func(ctx context.Context, id uuid.UUID) error {
				_, err := r.s.ChangeChannel(ctx, id, ChannelChange{Enabled: &off})
				return err
			},
			"remove": r.s.RemoveChannel,
			"test":   func(ctx context.Context, id uuid.UUID) error { _, err := r.s.Test(ctx, id); return err },
			"verify": func(ctx context.Context, id uuid.UUID) error { _, err := r.s.Verify(ctx, id, "1"); return err },
		} {
			if err := f(viewer, c.ID); !errors.Is(err, auth.ErrForbidden) {
				t.Errorf("%s by a viewer: %v", name, err)
			}
			if err := f(foreign, c.ID); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s from outside: %v", name, err)
			}
			for who, ctx := range map[string]context.Context{"a colleague": wang, "the engineer": engineer} {
				if err := f(ctx, mine.ID); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s of somebody's own by %s: %v", name, who, err)
				}
			}
		}
		var rows []channelRow
		if err := db.NewSelect().Model(&rows).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if all := encode(row); strings.Contains(all, "hidden") || strings.Contains(all, "SEC1234") {
				t.Errorf("a secret lies open: %s", all)
			}
		}
		for i := range maxChannels - 1 {
			_ = proof.Must(r.s.AddChannel(engineer, NewChannel{Org: r.a, Kind: Mail, Settings: Settings{Address: fmt.Sprintf("m%d@firm.example", i)}}))
		}
		if _, err := r.s.AddChannel(engineer, NewChannel{Org: r.a, Kind: Mail, Settings: Settings{Address: "more@firm.example"}}); !errors.Is(err, ErrMany) {
			t.Errorf("one too many: %v", err)
		}
	})
}

func TestNobodyIsFloodedWithCodes(t *testing.T) {
	peer := newReceiver(t)
	r := newRoom(t, storetest.SQLite(t), Options{Allow: []string{"127.0.0.1"}, Roots: peer.roots()})
	if err := r.s.SetSMS(r.root(), SMSGateway{URL: peer.URL, CodeTemplate: "1"}, "gateway secret"); err != nil {
		t.Fatal(err)
	}
	li := r.as("li", auth.Viewer, r.a)
	c := proof.Must(r.s.AddChannel(li, NewChannel{Kind: SMS, Settings: Settings{Address: "13800138000"}}))
	_ = proof.Must(r.s.Test(li, c.ID))
	if _, err := r.s.Test(li, c.ID); !errors.Is(err, ErrSoon) {
		t.Errorf("twice at once: %v", err)
	}
	for range verifyPerDay - 1 {
		r.clock = r.clock.Add(verifyPause)
		_ = proof.Must(r.s.Test(li, c.ID))
	}
	r.clock = r.clock.Add(time.Hour)
	other := proof.Must(r.s.AddChannel(li, NewChannel{Kind: SMS, Settings: Settings{Address: "13800138001"}}))
	if _, err := r.s.Test(li, other.ID); !errors.Is(err, ErrSoon) { // another channel is no way round
		t.Errorf("one more than a day's: %v", err)
	}
	same(t, "sent", len(peer.all()), verifyPerDay)
	r.clock = r.clock.Add(-time.Hour)
	for range verifyTries {
		if _, err := r.s.Verify(li, c.ID, "x"); !errors.Is(err, ErrCode) {
			t.Errorf("a wrong code: %v", err)
		}
	}
	if _, err := r.s.Verify(li, c.ID, at2(peer.last(t, verifyPerDay).body, "params", "code")); !errors.Is(err, ErrNoCode) {
		t.Errorf("the right code after too many wrong ones: %v", err)
	}
}

func TestQueuesAreBoundedAndOldThingsGo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRoom(t, db, Options{})
		engineer := r.as("engineer", auth.Engineer, r.a)
		c := proof.Must(r.s.AddChannel(engineer, NewChannel{Org: r.a, Kind: Webhook, Settings: Settings{URL: "https://hooks.invalid/", Secret: "SEC12345678"}}))
		if _, err := db.NewUpdate().Model((*channelRow)(nil)).Set("verified = 1").Where("id = ?", c.ID).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.put(note("0", "x", Recipient{Org: r.b}))
		var item itemRow
		if err := db.NewSelect().Model(&item).Limit(1).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		var items []itemRow
		var rows []deliveryRow
		for i := range maxWaiting {
			x := item
			x.ID, x.ItemKey, x.Spread = uuid.Must(uuid.NewV7()), fmt.Sprint("k", i), true
			items = append(items, x)
			rows = append(rows, deliveryRow{ID: uuid.Must(uuid.NewV7()), Item: x.ID, Channel: c.ID, Org: r.a.String(), State: queued, TryAt: r.clock.Add(time.Hour).UnixNano(), At: r.clock.UnixNano()})
		}
		for len(items) > 0 {
			part, deliveries := items[:200], rows[:200]
			if _, err := db.NewInsert().Model(&part).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := db.NewInsert().Model(&deliveries).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
			items, rows = items[200:], rows[200:]
		}
		r.put(note("1", "one too many", Recipient{Org: r.a}))
		r.tick()
		dead, _, err := r.s.Undelivered(engineer, r.a, store.Page{})
		if err != nil || len(dead) != 1 || !strings.Contains(dead[0].Trouble.Zh, "待发太多") {
			t.Errorf("%+v %v", dead, err)
		}
		r.clock = r.clock.Add(keepMessage + time.Hour)
		if err := r.s.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		n := proof.Must(db.NewSelect().Model((*itemRow)(nil)).Count(t.Context()))
		same(t, "items after a long time", n, 0)
	})
}

func TestSecretsAreOpenedByTheirKeyAlone(t *testing.T) {
	a, b := proof.Must(newSealer(make([]byte, keyLength))), proof.Must(newSealer(append(make([]byte, keyLength-1), 1)))
	sealed := proof.Must(a.seal("channel 1", Settings{Secret: "x"}))
	var got Settings
	if err := a.open("channel 1", sealed, &got); err != nil || got.Secret != "x" {
		t.Errorf("%v %v", got, err)
	}
	for name, err := range map[string]error{
		"another key": b.open("channel 1", sealed, &got), "another channel": a.open("channel 2", sealed, &got),
		"cut": a.open("channel 1", sealed[:20], &got), "changed": a.open("channel 1", "AAAA"+sealed[4:], &got), "empty": a.open("channel 1", "", &got),
	} {
		if !errors.Is(err, errSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
