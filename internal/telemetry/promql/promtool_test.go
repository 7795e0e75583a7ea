package promql

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"jingwei/internal/peertest"
)

// Prometheus' own command asks the node.
func TestPromtool(t *testing.T) {
	program := peertest.Require(t, "promtool")
	n := newNode(t)
	factory(n)
	// It takes name and password in the server's URL.
	run := func(args ...string) string {
		t.Helper()
		c := exec.Command(program, append([]string{"query"}, args...)...)
		out, err := c.CombinedOutput()
		if err != nil {
			return "failed: " + string(out)
		}
		return strings.TrimSpace(string(out))
	}
	server := strings.Replace(n.url, "http://", "http://promtool:a@", 1)
	at := begin.Add(10 * time.Minute).Format(time.RFC3339)
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"instant", "--time=" + at, server, `last_over_time(temperature_celsius{line="A"}[5m])`}, []string{`temperature_celsius{line="A"`, `machine_name="mill 1"`, `machine_name="mill 2"`, "@[1741075800]"}},
		{[]string{"instant", "--time=" + at, server, `count(temperature_celsius) > 0`}, []string{"{} => "}},
		{[]string{"range", "--start=1741075200", "--end=1741075800", "--step=60s", server, "sum by (line) (parts)"}, []string{`{line="A"} =>`, `{line="B"} =>`, "@[1741075800]"}},
		{[]string{"series", "--match=parts", "--start=1741075200", "--end=1741075800", server}, []string{`__name__="parts"`, `machine_name="mill 4"`}},
		{[]string{"labels", "--start=1741075200", "--end=1741075800", server, "line"}, []string{"A\nB"}},
		{[]string{"instant", server, "rate("}, []string{"failed: ", "parse error"}},
		{[]string{"instant", n.url, "1"}, []string{"failed: ", "token"}},
	} {
		if out := run(c.args...); !contains(out, c.want...) {
			t.Errorf("promtool query %q says %s, want %q", c.args, out, c.want)
		}
	}
}
