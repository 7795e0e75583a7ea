// Package peertest finds the independent programs that tests speak to: PostgreSQL, Chromium, tshark, Modbus and
// OPC UA servers, brokers. `scripts/peers.sh` installs them from Debian and npm. Where one is absent a test is skipped by name, unless
// JINGWEI_TEST_STRICT is set: then its absence is a failure, so that CI cannot pass by not looking.
package peertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// places are looked into after PATH: Debian keeps PostgreSQL's server programs out of it.
var places = []string{"/usr/lib/postgresql/*/bin", "/usr/sbin", "/sbin"}

// Look returns the path of a program, or "".
func Look(program string) string {
	if p, err := exec.LookPath(program); err == nil {
		return p
	}
	for _, dir := range places {
		if found, _ := filepath.Glob(filepath.Join(dir, program)); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	return ""
}

// Require returns the path of a program, or skips the test (fails it under JINGWEI_TEST_STRICT).
func Require(t testing.TB, program string) string {
	t.Helper()
	if p := Look(program); p != "" {
		return p
	}
	Missing(t, program)
	return ""
}

// Missing ends the test because a peer is not there: SKIPPED by name, or a failure under JINGWEI_TEST_STRICT.
func Missing(t testing.TB, name string) {
	t.Helper()
	if os.Getenv("JINGWEI_TEST_STRICT") != "" {
		t.Fatalf("%s is not installed; run scripts/peers.sh as root (JINGWEI_TEST_STRICT forbids skipping)", name)
	}
	t.Skipf("SKIPPED: %s is not installed; scripts/peers.sh installs it", name)
}

// Node returns the folder of the peers that come from npm (tools/peers), with node on the path, or skips the test. A
// script in that folder is run with node and imports its package by name.
func Node(t testing.TB, pkg string) string {
	t.Helper()
	Require(t, "node")
	_, here, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(here), "..", "..", "tools", "peers")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", filepath.FromSlash(pkg), "package.json")); err != nil {
		Missing(t, "the npm package "+pkg)
	}
	return dir
}
