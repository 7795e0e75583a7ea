package main

import (
	"crypto/tls"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"jingwei/internal/kernel/store/storetest"
)

func TestFirstStartGivesOneLinkUntilItIsUsed(t *testing.T) {
	dir := t.TempDir()
	args := []string{"serve", "--http", "127.0.0.1:0", "--https", "off", "--link", "off", "--mqtt", "off", "--data", dir}
	p := start(t, args...)
	base := strings.Fields(p.expect("ready: "))[0]
	link := strings.TrimSpace(p.expect("sign in: "))
	if !strings.HasPrefix(link, base+"/") {
		t.Errorf("link %q does not begin with the node's address %s", link, base)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := get(t, base+path, "", nil); got != 200 {
			t.Errorf("%s answered %d", path, got)
		}
	}
	if got := get(t, base+"/api/v1/node", "", nil); got != 401 {
		t.Errorf("/node without a token answered %d, want 401", got)
	}
	second := start(t, args...)
	if err := second.wait(); err == nil || !strings.Contains(second.errs.String(), "another node is running") {
		t.Errorf("a second node on the same data folder: %v, wrote %q", err, second.errs)
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Fatalf("SIGTERM: exit code %d", code)
	}

	p = start(t, args...)
	base2 := strings.Fields(p.expect("ready: "))[0]
	next := strings.TrimSpace(p.expect("sign in: "))
	_, token, _ := strings.Cut(next, "token=")
	res, err := http.Post(base2+"/api/v1/session/link", "application/json", strings.NewReader(`{"token":"`+token+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("signing in with the link answered %d", res.StatusCode)
	}
	res, err = http.Post(base2+"/api/v1/session/link", "application/json", strings.NewReader(`{"token":"`+token+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode/100 != 4 {
		t.Errorf("the link worked twice: %d", res.StatusCode)
	}
}

func TestNodeServesHTTPSAndKeepsRecordsInPostgreSQL(t *testing.T) {
	dir := t.TempDir()
	args := []string{"serve", "--https", "127.0.0.1:0", "--link", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--data", dir, "--database", storetest.PostgresURL(t)}
	p := start(t, args...)
	base := strings.Fields(p.expect("ready: "))[0]
	if !strings.HasPrefix(base, "https://") {
		t.Fatalf("address %s is not HTTPS", base)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // the authority is the node's own
	defer client.CloseIdleConnections()
	res, err := client.Get(base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("/readyz answered %d", res.StatusCode)
	}
	if _, err := os.Stat(dir + "/records.db"); !os.IsNotExist(err) {
		t.Errorf("a SQLite file beside PostgreSQL: %v", err)
	}
	if code := p.end(os.Interrupt); code != 0 {
		t.Errorf("Ctrl-C: exit code %d", code)
	}
}
