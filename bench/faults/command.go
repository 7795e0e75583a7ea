package faults

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

// amount is how much of each part is run.
type amount struct {
	cycles, lost, torn, flips int
	stride                    int // of the faults at single operations one in so many is tried
}

var (
	normal = amount{cycles: 40, lost: 20, torn: 20, flips: 1000, stride: 1}
	quick  = amount{cycles: 4, lost: 3, torn: 3, flips: 120, stride: 8}
	full   = amount{cycles: 1000, lost: 200, torn: 200, flips: 10_000, stride: 1}
)

// Options of a run.
type Options struct {
	Seed   uint64
	Dir    string   // where the processes that are killed keep their files
	Self   []string // the command `bench crash`, below which verifier and gateway stand
	Node   []string // the program that has `serve`
	Tell   io.Writer
	amount amount
}

func (o *Options) progress(format string, a ...any) {
	if o.Tell != nil {
		fmt.Fprintf(o.Tell, format+"\n", a...)
	}
}

// ErrViolated: something acknowledged was lost, or something wrong was served. What was found has been printed.
var ErrViolated = errors.New("promises were broken; see above")

// Command is `jingwei bench faults`.
func Command() *cobra.Command {
	var o Options
	var asJSON, quiet, short, whole bool
	var cycles, flips int
	c := &cobra.Command{
		Use:   "faults",
		Short: "Break the disk in every way, flip bits in every file, and look for every acknowledged sample",
		Long: `Break what samples rest on, and look afterwards for everything that was acknowledged:

* kill -9 of node and gateway under load (as bench crash does it);
* lost page caches, and writes that are torn in the middle when the power fails;
* a full disk, an I/O error and a failed sync at every single operation of a short life of append, flush, correct,
  merge, expire and restart;
* single bits flipped in journal segments, blocks, the manifest, and the evidence log's tiles, checkpoint and journal:
  each time everything is opened and read, and it must be as it was written or refused with the file's name.

All but the kills run on a disk in memory. The SQL records are left out: their files are SQLite's. It exits with 1 when
a promise was broken, and prints which.`,
		Example: `  jingwei bench faults --seed 7
  jingwei bench faults --full --json      # as in make soak`,
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	f.Uint64Var(&o.Seed, "seed", 1, "seed of moments, places and values")
	f.BoolVar(&short, "quick", false, fmt.Sprintf("%d bits and %d kills: within 40 seconds", quick.flips, quick.cycles))
	f.BoolVar(&whole, "full", false, fmt.Sprintf("%d bits, %d kills, %d lost page caches, %d torn writes", full.flips, full.cycles, full.lost, full.torn))
	f.IntVar(&cycles, "cycles", 0, fmt.Sprintf("how often to kill (default %d)", normal.cycles))
	f.IntVar(&flips, "flips", 0, fmt.Sprintf("how many bits to flip (default %d)", normal.flips))
	f.BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	f.BoolVar(&quiet, "quiet", false, "do not tell what is being run")
	f.StringVar(&o.Dir, "dir", "", "a directory on a real disk for the processes that are killed; kept if a promise was broken")
	c.MarkFlagsMutuallyExclusive("quick", "full")
	c.RunE = func(c *cobra.Command, _ []string) error {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program to run node, gateway and verifier with: %w", err)
		}
		o.Node = []string{self}
		o.Self = append([]string{self}, strings.Fields(c.Parent().CommandPath())[1:]...)
		o.Self = append(o.Self, "crash")
		o.amount = normal
		switch {
		case short:
			o.amount = quick
		case whole:
			o.amount = full
		}
		for _, given := range []struct {
			name string
			n    int
			into *int
		}{{"cycles", cycles, &o.amount.cycles}, {"flips", flips, &o.amount.flips}} {
			if !c.Flags().Changed(given.name) {
				continue
			}
			if given.n < 1 {
				return fmt.Errorf("--%s is %d; give 1 or more", given.name, given.n)
			}
			*given.into = given.n
		}
		if !quiet {
			o.Tell = c.ErrOrStderr()
		}
		r, err := Run(c.Context(), o, c.OutOrStdout())
		if err != nil {
			return err
		}
		if asJSON {
			if err := r.JSON(c.OutOrStdout()); err != nil {
				return err
			}
		}
		if !r.Met() {
			return ErrViolated
		}
		return nil
	}
	return c
}

func version() string { return runtime.Version() }
