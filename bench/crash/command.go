package crash

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

const (
	verifierName = "verifier"
	edgeName     = "gateway"

	defaultCycles, quickCycles = 200, 24
	defaultDisks, quickDisks   = 50, 8
)

// Options of a run.
type Options struct {
	Seed   uint64
	Cycles int // kills of node or gateway
	Disks  int // lost page caches
	Quick  bool
	Dir    string   // where the processes keep their files
	Self   []string // this command, under which verifier and gateway stand
	Node   []string // the program that has `serve`
	Tell   io.Writer
}

func (o *Options) progress(format string, a ...any) {
	if o.Tell != nil {
		fmt.Fprintf(o.Tell, format+"\n", a...)
	}
}

// ErrViolated: an acknowledgement was not kept. What was found has been printed.
var ErrViolated = errors.New("acknowledgements were broken; see above")

// Command is `jingwei bench crash`. Below it stand two hidden commands: the verifier and the gateway are processes of
// their own.
func Command() *cobra.Command {
	var o Options
	var asJSON, quiet bool
	c := &cobra.Command{
		Use:   "crash",
		Short: "Kill node and gateway again and again, and look for every acknowledged sample",
		Long: `Kill a real node and a real gateway with SIGKILL, under load, while they start and while blocks are written, and
restart them at once. A verifier, a process of its own, sends numbered samples, is the machine that the gateway
polls, keeps the list of what was acknowledged, and reads everything back: each acknowledged sample must be there
exactly once, bit for bit, and nothing that was never sent.

Beside that journal and telemetry run on a disk in memory that loses what was not synced, fails an fsync, fills up or
turns read-only; there each acknowledgement is held against the trace of the disk: the datasync of its bytes must
have ended before. It exits with 1 when a promise was broken, and prints which.`,
		Example: `  jingwei bench crash --cycles 200 --seed 7
  jingwei bench crash --quick --json`,
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	f.IntVar(&o.Cycles, "cycles", defaultCycles, "how often to kill")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of moments, values and faults")
	f.BoolVar(&o.Quick, "quick", false, fmt.Sprintf("%d cycles and %d disks: within 40 seconds", quickCycles, quickDisks))
	f.BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	f.BoolVar(&quiet, "quiet", false, "do not tell what is being run")
	f.StringVar(&o.Dir, "dir", "", "a directory on a real disk; a new folder is made in it, and kept if a promise was broken")
	c.RunE = func(c *cobra.Command, _ []string) error {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program to run node, gateway and verifier with: %w", err)
		}
		o.Node = []string{self}
		o.Self = append([]string{self}, strings.Fields(c.CommandPath())[1:]...)
		o.Disks = defaultDisks
		if o.Quick {
			o.Disks = quickDisks
			if !c.Flags().Changed("cycles") {
				o.Cycles = quickCycles
			}
		}
		if o.Cycles < 1 {
			return fmt.Errorf("--cycles is %d; give 1 or more", o.Cycles)
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
	c.AddCommand(&cobra.Command{
		Use: verifierName, Hidden: true, Args: cobra.NoArgs, Short: "The process that remembers acknowledgements",
		RunE: func(c *cobra.Command, _ []string) error { return runVerifier(c.Context(), os.Stdin, c.OutOrStdout()) },
	}, &cobra.Command{
		Use: edgeName + " DIR", Hidden: true, Args: cobra.ExactArgs(1), Short: "A gateway that tells what it has made durable",
		RunE: func(c *cobra.Command, args []string) error {
			return runEdge(c.Context(), args[0], os.Stdout, c.ErrOrStderr())
		},
	})
	return c
}

// folder makes the run's own folder.
func folder(parent string) (string, error) {
	if parent == "" {
		parent = os.TempDir() // often in memory: a cache folder is likelier to be on a disk
		if cache, err := os.UserCacheDir(); err == nil && os.MkdirAll(cache, 0o700) == nil {
			parent = cache
		}
	}
	dir, err := os.MkdirTemp(parent, "jingwei-crash-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the run: %w; choose another with --dir", err)
	}
	return dir, nil
}

func versions() map[string]string { return map[string]string{"go": runtime.Version()} }
