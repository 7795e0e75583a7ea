// Package backup is `jingwei bench backup`: how long it takes to back up a node with a given size of telemetry while it
// takes samples, to back it up again, to verify and to restore, and whether what comes back is what was there.
package backup

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// Options of a measurement.
type Options struct {
	Bytes int64  // of blocks before the backup begins
	Rate  int    // samples a second that come meanwhile; 0: none
	Seed  uint64 // of the samples
	Dir   string // for data; a new folder below it is removed afterwards
}

// Command is `jingwei bench backup`.
func Command() *cobra.Command {
	o := Options{}
	var asJSON, quick bool
	var megabytes int64
	c := &cobra.Command{
		Use:   "backup",
		Short: "Measure backup, incremental backup, verification and restore of 1 GB of telemetry",
		Long: `Fill a node's stores with samples made from a seed until the blocks have the given size, then back them up while more
samples come, back up again, verify the snapshot, restore it, and compare every sample of every series with the source as of
the cut: times, values, statuses, flags, origins, revisions and commit numbers.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Bytes = megabytes * 1e6; quick {
				o.Bytes = min(o.Bytes, 64e6)
			}
			if o.Bytes <= 0 {
				return fmt.Errorf("--megabytes %d: give at least 1", megabytes)
			}
			r, err := Run(c.Context(), o, c.ErrOrStderr())
			if err != nil {
				return err
			}
			tell(c.OutOrStdout(), r)
			if err := r.Summary(c.OutOrStdout()); err != nil || !asJSON {
				return err
			}
			return r.JSON(c.OutOrStdout())
		},
	}
	c.Flags().Int64Var(&megabytes, "megabytes", 1000, "size of the telemetry blocks, in 10^6 bytes")
	c.Flags().IntVar(&o.Rate, "rate", 100_000, "samples a second that come while the backup runs")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the samples")
	c.Flags().BoolVar(&quick, "quick", false, "at most 64 MB")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	c.Flags().StringVar(&o.Dir, "dir", os.TempDir(), "a directory on the disk to measure")
	return c
}
