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

// TestKilledProcessesKeepWhatTheyAcknowledged runs the whole bench, with few kills.
func TestKilledProcessesKeepWhatTheyAcknowledged(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(selfRun, "1")
	var out strings.Builder
	r, err := Run(t.Context(), Options{Seed: seedOf(t), Cycles: cyclesOf(t), Disks: runsOf(t), Dir: os.Getenv("CRASHDIR"), Self: []string{self}, Node: []string{nodeBinary(t)}, Tell: os.Stderr}, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
	if !r.Met() {
		t.Fatal("a promise was broken")
	}
}
