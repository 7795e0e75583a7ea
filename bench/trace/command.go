package trace

import (
	"github.com/spf13/cobra"
)

// Command is `jingwei bench trace`.
func Command() *cobra.Command {
	o := Options{Seed: 1, Events: 1_000_000}
	var asJSON, quick bool
	c := &cobra.Command{
		Use:   "trace",
		Short: "Measure capturing events, tracing a lot and a recall list",
		Long: `Measure how fast EPCIS events are captured, what they take on disk, and how fast a lot is followed.

* Events of units, cases and pallets that are made, packed, sent and received, captured in groups that are on the medium before
  they are acknowledged; among them a lot of depth 12 with 10,000 descendants and one in 100,000 units.
* Beside it, in the same run, the limit: a bare SQLite table that takes the same texts in the same groups with the same fsync.
* The trace of the lot forward, of one unit back, and the recall list of the other lot, after the database was opened anew.

--events 10000000 is the soak.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if quick {
				o.Events = min(o.Events, 50_000)
			}
			r, err := Run(c.Context(), o, c.OutOrStdout())
			if err != nil {
				return err
			}
			if err := r.Summary(c.OutOrStdout()); err != nil || !asJSON {
				return err
			}
			return r.JSON(c.OutOrStdout())
		},
	}
	c.Flags().Uint64Var(&o.Seed, "seed", o.Seed, "seed of the events")
	c.Flags().IntVar(&o.Events, "events", o.Events, "how many events")
	c.Flags().StringVar(&o.Dir, "dir", "", "folder on the disk to measure (default: a temporary one)")
	c.Flags().BoolVar(&quick, "quick", false, "50,000 events")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	return c
}
