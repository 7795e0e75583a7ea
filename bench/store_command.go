package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"jingwei/bench/trial"
)

// StoreCommand is `jingwei bench store`. Below it stands a hidden command that runs one trial of our own store, so that
// it has a process of its own as its peers have.
func StoreCommand() *cobra.Command {
	var o StoreOptions
	var asJSON, quiet bool
	c := &cobra.Command{
		Use:   "store",
		Short: "Measure the telemetry store beside VictoriaMetrics and Prometheus",
		Long: `Measure the telemetry store: CPU and bytes per sample and the time of two queries, on streams made from a seed.

Samples are written with status, flags and gateway time by 200 producers and fsynced before they are
acknowledged. Peers run beside it where their programs are built (make bench-peers); they keep time and value
alone, and sync nothing before they return.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program to run trials with: %w", err)
			}
			o.Own = append([]string{self}, strings.Fields(c.CommandPath())[1:]...)
			o.Own = append(o.Own, trialName)
			if o.Dir == "" {
				o.Dir = defaultDir()
			}
			if !quiet {
				o.Progress = c.ErrOrStderr()
			}
			out := c.OutOrStdout()
			r, err := Store(c.Context(), o, out)
			if err != nil {
				return err
			}
			if err := r.Summary(out); err != nil {
				return err
			}
			if asJSON {
				return r.JSON(out)
			}
			return nil
		},
	}
	f := c.Flags()
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the streams")
	f.BoolVar(&o.Quick, "quick", false, "shorter streams: within 40 seconds")
	f.BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	f.BoolVar(&quiet, "quiet", false, "do not tell what is being run")
	f.StringVar(&o.Data, "data", "", "the directory of the recorded data sets (default: those that ship with this program)")
	f.StringVar(&o.Dir, "dir", "", "a directory on the disk to be measured (default: the user's cache directory)")
	f.StringVar(&o.Peers, "peers", filepath.Join("bench", "peers", "bin"), "the directory of the peers' programs")
	c.AddCommand(&cobra.Command{
		Use: trialName, Hidden: true, DisableFlagParsing: true, Short: "Run one phase of one trial",
		Run: func(_ *cobra.Command, args []string) { trial.Main(new(ownStore), args) },
	})
	return c
}

const trialName = "trial"

// defaultDir is a directory that is likely to be on a disk: the system's temporary one often is in memory.
func defaultDir() string {
	if dir, err := os.UserCacheDir(); err == nil {
		if os.MkdirAll(dir, 0o700) == nil {
			return dir
		}
	}
	return os.TempDir()
}
