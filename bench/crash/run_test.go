package crash

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nodeBinary is the product: the one that was built for the tests, or one made now.
func nodeBinary(t *testing.T) string {
	if bin := os.Getenv("JINGWEI_BIN"); bin != "" {
		return bin
	}
	bin := filepath.Join(t.TempDir(), "jingwei")
	if out, err := exec.Command("go", "build", "-o", bin, "jingwei/cmd/jingwei").CombinedOutput(); err != nil {
		t.Fatalf("build the node: %v\n%s", err, out)
	}
	return bin
}

// tellTo prints progress with the test.
type tellTo struct{ t *testing.T }

func (w tellTo) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// TestKilledProcessesKeepWhatTheyAcknowledged runs the whole bench, with few kills.
func TestKilledProcessesKeepWhatTheyAcknowledged(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(selfRun, "1")
	var out strings.Builder
	r, err := Run(t.Context(), Options{Seed: 1, Cycles: 8, Disks: 1, Dir: t.TempDir(), Self: []string{self}, Node: []string{nodeBinary(t)}, Tell: tellTo{t}}, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
	if !r.Met() {
		t.Error("a promise was broken")
	}
	sum := r.Figures["cycles"].(CycleSum)
	if sum.Cycles != 8 || sum.Checks != 1 || sum.Status.Samples == 0 || sum.Status.Noticed == 0 || sum.Tally.Acknowledged < sum.Status.Samples {
		t.Errorf("too little was tried: %+v", sum)
	}
	var line strings.Builder
	if err := r.JSON(&line); err != nil || !strings.HasPrefix(line.String(), `{"name":"crash","figures":{`) || strings.Count(line.String(), "\n") != 1 {
		t.Errorf("%v %s", err, line.String())
	}
}
