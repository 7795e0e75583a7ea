//go:build conformance

package server_test

import (
	"crypto/x509"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/identify/handle/server"
)

// TestConformanceCNRI puts CNRI's own client before the server: over UDP, TCP and HTTP it resolves, proves itself with a
// public and a secret key, creates, changes, deletes, lists, homes, opens sessions and checks signatures. The client's
// licence forbids taking anything from it: it is run, and nothing else. JINGWEI_CNRI is the class path of handle-client 9.3;
// without it the test is skipped. With JINGWEI_CAPTURE every message is kept there in hex.
func TestConformanceCNRI(t *testing.T) {
	classes := os.Getenv("JINGWEI_CNRI")
	if classes == "" {
		t.Skip("JINGWEI_CNRI is not set: scripts/cnri.sh fetches CNRI's client where Maven Central can be reached")
	}
	shelf := conformanceShelf()
	n := start(t, shelf, server.Limits{})
	site := n.Site(3)
	if dir := os.Getenv("JINGWEI_CAPTURE"); dir != "" {
		site = record(t, n, dir)
	}
	n.Processor.SetSite(site)
	der, err := x509.MarshalPKCS8PrivateKey(handletest.RSAKey())
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(t.TempDir(), "key.der")
	if err := os.WriteFile(keyFile, der, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-cp", classes, "testdata/cnri/Drive.java", hex.EncodeToString(handle.AppendSite(nil, site)), keyFile, hex.EncodeToString([]byte(handletest.Secret))}
	for i := range 100 {
		name := handle.Name("88.1/泵-Abc" + strconv.Itoa(i))
		args = append(args, string(name), strconv.Itoa(int(handle.Hash(handle.HashByHandle, name)%3)))
	}
	cmd := exec.CommandContext(t.Context(), "java", args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("java: %v\n%s", err, out)
	}
	passed := 0
	for line := range strings.Lines(string(out)) {
		switch {
		case strings.HasPrefix(line, "PASS"):
			passed++
		case strings.HasPrefix(line, "FAIL"):
			t.Error(strings.TrimSpace(line))
		}
	}
	t.Logf("%d steps of CNRI's client passed", passed)
	if !strings.Contains(string(out), "END") {
		t.Errorf("the client did not come to its end:\n%s", out)
	}
}

func conformanceShelf() *handletest.Shelf {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	shelf.Put("88.1/Pump", handletest.Text(1, "URL", "https://example.org/泵"), handletest.Text(2, "EMAIL", "a@b.c"), handletest.Text(3, "X.1", "x"))
	shelf.Put("88.1/泵-1", handletest.Text(1, "URL", "https://example.org/1"), handletest.Text(2, "EMAIL", "a@b.c"), handletest.Text(3, "X.1", "x"))
	var large []handle.Value
	for i := range 12 {
		large = append(large, handletest.Text(uint32(i+1), "DATA", strings.Repeat("x", 200)))
	}
	shelf.Put("88.1/large", large...)
	shelf.Refer("88.2", server.ReferService, "0.SERV/88.2")
	shelf.Refer("88.3", server.ReferAuthority, "0.SERV/88.3")
	return shelf
}
