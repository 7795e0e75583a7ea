package late

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"jingwei/bench/tsdb"
)

// Options of a run.
type Options struct {
	Seed  uint64
	Quick bool
	Dir   string   // on the disk to be measured; a directory made in it is removed at the end
	Own   []string // the command line that runs a trial of our store
	Tell  io.Writer
}

func (o *Options) progress(format string, a ...any) {
	if o.Tell != nil {
		fmt.Fprintf(o.Tell, format+"\n", a...)
	}
}

// Command is `jingwei bench late`.
func Command() *cobra.Command {
	var o Options
	var asJSON, quiet bool
	c := &cobra.Command{
		Use:   "late",
		Short: "Measure what late data cost: ingest, stalls by merges, restatement",
		Long: `Measure what late data cost.

* Ingest of a stream of which a tenth comes a minute to 30 days late, beside the same stream with none late, by turns;
  afterwards every row is compared with the stream made anew.
* Merging: while blocks are merged, batches are appended at a steady pace; the longest wait for an acknowledgement
  stands beside the 99th percentile of a bare fdatasync on the same disk.
* Restatement: one late sample, and the time until minute, hour, shift, day and month say so; every row that is written
  and every restatement that is told is counted.`,
		Args: cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program to run trials with: %w", err)
		}
		o.Own = append([]string{self}, strings.Fields(c.Parent().CommandPath())[1:]...)
		o.Own = append(o.Own, tsdb.TrialPath...)
		if o.Dir == "" {
			if cache, err := os.UserCacheDir(); err == nil && os.MkdirAll(cache, 0o700) == nil {
				o.Dir = cache // likelier to be on a disk than the system's temporary directory
			}
		}
		if !quiet {
			o.Tell = c.ErrOrStderr()
		}
		r, err := Run(c.Context(), o, c.OutOrStdout())
		if err != nil {
			return err
		}
		if err := r.Summary(c.OutOrStdout()); err != nil {
			return err
		}
		if asJSON {
			return r.JSON(c.OutOrStdout())
		}
		return nil
	}
	f := c.Flags()
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the streams")
	f.BoolVar(&o.Quick, "quick", false, "shorter streams: within 40 seconds")
	f.BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	f.BoolVar(&quiet, "quiet", false, "do not tell what is being run")
	f.StringVar(&o.Dir, "dir", "", "a directory on the disk to be measured (default: the user's cache directory)")
	return c
}
