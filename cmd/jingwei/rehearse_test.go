package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/proof"
)

// fortnight is by how much the tests set a clock back: longer than a session lasts, so that a cookie dated by it would be dead at once.
const fortnight = -30 * 24 * time.Hour

// visit is a browser: it keeps cookies as long as they say.
type visit struct {
	t      *testing.T
	base   string
	client *http.Client
}

func visitTo(t *testing.T, base string) *visit {
	v := &visit{t, base, &http.Client{
		Jar:       proof.Must(cookiejar.New(nil)),
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // the authority is the node's own
	}}
	t.Cleanup(v.client.CloseIdleConnections)
	return v
}

func (v *visit) json(method, path string, body, out any) int {
	v.t.Helper()
	r := proof.Must(http.NewRequestWithContext(v.t.Context(), method, v.base+"/api/v1"+path, bytes.NewReader(proof.Must(json.Marshal(body)))))
	r.Header.Set("Content-Type", "application/json")
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	if out != nil {
		if err := json.NewDecoder(res.Body).Decode(out); err != nil {
			v.t.Fatalf("%s %s: %d: %v", method, path, res.StatusCode, err)
		}
	}
	return res.StatusCode
}

// off is how far the node's clock is from true time.
func (v *visit) off() time.Duration {
	v.t.Helper()
	var node struct{ Now time.Time }
	if status := v.json("GET", "/node", nil, &node); status != 200 {
		v.t.Fatalf("GET /node: %d", status)
	}
	return time.Until(node.Now)
}

func (v *visit) rehearses() bool {
	v.t.Helper()
	var ways struct{ Rehearsal bool }
	v.json("GET", "/session/ways", nil, &ways)
	return ways.Rehearsal
}

func near(a, b time.Duration) bool { return (a - b).Abs() < time.Minute }

func TestARehearsalBeginsInThePastAndStaysOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	args := []string{"serve", "--https", "127.0.0.1:0", "--link", "off", "--mqtt", "off", "--data", dir}
	p := start(t, append(args, "--rehearse", fortnight.String())...)
	v := visitTo(t, strings.Fields(p.expect("ready: "))[0])
	if !v.rehearses() {
		t.Error("the node does not tell that it rehearses")
	}
	link := proof.Must(url.Parse(strings.TrimSpace(p.expect("sign in: "))))
	_, token, _ := strings.Cut(link.String(), "token=")
	if status := v.json("POST", "/session/link", map[string]string{"token": token}, nil); status != 200 {
		t.Fatalf("signing in: %d", status)
	}
	if status := v.json("PUT", "/me/password", map[string]string{"new": password}, nil); status/100 != 2 {
		t.Fatalf("a password: %d", status)
	}
	if off := v.off(); !near(off, fortnight) {
		t.Errorf("the node's clock is %s off", off)
	}
	var acts struct {
		Items []struct{ Time time.Time }
	}
	if v.json("GET", "/audit", nil, &acts); len(acts.Items) == 0 || !near(time.Until(acts.Items[0].Time), fortnight) {
		t.Errorf("what was done is not dated by the node's clock: %v", acts.Items)
	}
	conn, err := tls.Dial("tcp", link.Host, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range conn.ConnectionState().PeerCertificates {
		if now := time.Now(); now.Before(c.NotBefore) || c.NotAfter.Before(now.Add(60*24*time.Hour)) {
			t.Errorf("a certificate holds from %s to %s", c.NotBefore, c.NotAfter)
		}
	}
	_ = conn.Close()
	if !strings.Contains(p.errs.String(), "rehearsal") {
		t.Errorf("the log does not warn: %s", p.errs)
	}
	if code := p.end(os.Interrupt); code != 0 {
		t.Fatalf("exit code %d", code)
	}

	// True time from here: it stays marked, sessions of the past are over, and time does not run back.
	p = start(t, args...)
	v.base = strings.Fields(p.expect("ready: "))[0]
	if !v.rehearses() {
		t.Error("the rehearsal is forgotten")
	}
	v = visitTo(t, v.base)
	if status := v.json("POST", "/session", map[string]string{"login": administrator, "password": password}, nil); status != 200 {
		t.Fatalf("signing in at true time: %d", status)
	}
	if off := v.off(); !near(off, 0) {
		t.Errorf("the node's clock is %s off", off)
	}
	if code := p.end(os.Interrupt); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	p = start(t, append(args, "--rehearse", fortnight.String())...)
	if err := p.wait(); err == nil || p.cmd.ProcessState.ExitCode() != 2 || !strings.Contains(p.errs.String(), "does not run back") {
		t.Errorf("back into the past: %v, wrote %s", err, p.errs)
	}
}

func TestNoRealRecordsAreDatedByARehearsal(t *testing.T) {
	real := t.TempDir()
	p := start(t, "serve", "--http", "127.0.0.1:0", "--https", "off", "--link", "off", "--mqtt", "off", "--data", real)
	if visitTo(t, strings.Fields(p.expect("ready: "))[0]).rehearses() {
		t.Error("a real node calls itself a rehearsal")
	}
	if code := p.end(os.Interrupt); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, rehearsalMark), []byte("yesterday\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(data string, more ...string) *config.Loaded {
		return proof.Must(config.Load(config.Sources{Environ: append(more, "JINGWEI_DATA="+data)}))
	}
	for name, c := range map[string]struct {
		cfg  *config.Loaded
		by   time.Duration
		says string
	}{
		"a real folder":         {with(real), fortnight, "is not new and not the data folder of a rehearsal"},
		"a database elsewhere":  {with(t.TempDir(), "JINGWEI_DATABASE_URL=postgres://node@127.0.0.1/node"), fortnight, "never in a database that may hold real ones"},
		"a time ahead":          {with(t.TempDir()), time.Hour, "give a time back"},
		"before there was any":  {with(t.TempDir()), -200_000 * time.Hour, "at most ten years"},
		"a mark that is broken": {with(broken), fortnight, "restore the file from a backup"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := rehearse(c.cfg, c.by); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not say %q", err, c.says)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(real, rehearsalMark)); !os.IsNotExist(err) {
		t.Error("a refusal marks the folder")
	}
}

// Commands beside the node work by the clock of its folder.
func TestCommandsKeepTheClockOfARehearsal(t *testing.T) {
	cfg := proof.Must(config.Load(config.Sources{Environ: []string{"JINGWEI_DATA=" + filepath.Join(t.TempDir(), "new")}}))
	proof.Must(rehearse(cfg, fortnight))
	n := proof.Must(standing(cfg))
	defer n.close()
	if off := time.Until(n.now()); !near(off, fortnight) {
		t.Errorf("a command's clock is %s off", off)
	}
	r := proof.Must(rehearse(cfg, fortnight/2)) // nearer to true time
	if err := r.keep(); err != nil {
		t.Fatal(err)
	}
	if now := proof.Must(clockOf(cfg.Data)); !near(time.Until(now()), fortnight/2) {
		t.Errorf("a command's clock is %s off", time.Until(now()))
	}
	if _, err := rehearse(cfg, fortnight); err == nil {
		t.Error("its time runs back")
	}
}

func TestASessionsCookieLastsByTheBrowsersClock(t *testing.T) {
	c := auth.Session{Secret: "x", Expires: time.Now().Add(fortnight)}.Cookie(true)
	if c.MaxAge != int(auth.SessionLife/time.Second) || !c.Expires.IsZero() {
		t.Errorf("max-age %d, expires %s", c.MaxAge, c.Expires)
	}
}

// tries sends a request to a node that may be away, and tells whether it was answered with success.
func (v *visit) tries(ctx context.Context, method, path string, body any) bool {
	r, err := http.NewRequestWithContext(ctx, method, v.base+"/api/v1"+path, bytes.NewReader(proof.Must(json.Marshal(body))))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := v.client.Do(r)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close()) == nil && res.StatusCode/100 == 2
}
