//go:build conformance

package rest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"jingwei/internal/identify/handle/handletest"
)

// TestConformancePyhandle puts pyhandle, EUDAT's client, before the REST interface. JINGWEI_PYHANDLE is the folder where it is
// installed; without it the test is skipped.
func TestConformancePyhandle(t *testing.T) {
	folder := os.Getenv("JINGWEI_PYHANDLE")
	if folder == "" {
		t.Skip("JINGWEI_PYHANDLE is not set: scripts/pyhandle.sh fetches pyhandle where it can be had")
	}
	_, _, at := start(t, true)
	cmd := exec.CommandContext(t.Context(), "python3", "testdata/judge.py", at, "301:0.NA/88.1", handletest.Secret)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+folder, "PYTHONIOENCODING=utf-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("python3: %v", err)
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
	t.Logf("%d steps of pyhandle passed", passed)
	if !strings.Contains(string(out), "END") {
		t.Errorf("pyhandle did not come to its end:\n%s", out)
	}
}
