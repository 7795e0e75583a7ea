package outage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"jingwei/internal/kernel/proof"
)

// The processes of the measurement are this very program.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != "bench" {
		os.Exit(m.Run())
	}
	root, bench := &cobra.Command{Use: "outage.test"}, &cobra.Command{Use: "bench"}
	root.AddCommand(bench)
	bench.AddCommand(Command())
	root.SilenceUsage = true
	if err := root.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A short run: everything that is measured but the speed is judged here too.
func TestNothingIsLostOverAnOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	var out bytes.Buffer
	o := Options{Seed: 5, Children: 12, Figures: 8, Rounds: 2, Away: time.Second, Parts: 2, Dir: t.TempDir(), Program: proof.Must(os.Executable())}
	r, err := Run(t.Context(), o, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !r.Met() {
		t.Errorf("%+v %v\n%s", r.Goals, r.Notes, out.String())
	}
}
