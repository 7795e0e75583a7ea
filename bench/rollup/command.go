package rollup

import (
	"github.com/spf13/cobra"
)

// Command is `jingwei bench rollup`.
func Command() *cobra.Command {
	o := Options{Seed: 1, Enterprises: 40_000, Indicators: 65, Months: 12}
	var asJSON bool
	c := &cobra.Command{
		Use:   "rollup",
		Short: "Measure how long a province of enterprises takes to add up, and to restate",
		Long: `Measure how long figures take: 40,000 enterprises with 65 indicators over 12 months, given by agreement and kept in columns.

* Full: every figure of every month is worked out anew from the observations in the store, and written.
* Restated: one percent of the enterprises say something else of all indicators in one month; then of every month, 0.1, 1 and 5 percent of them:
  so many of all observations, strewn over every column. From these follows what one costs and what touching a column does.

Seconds are of the wall; of a machine that does something else too only CPU seconds tell.

The definitions are those that ship, by month, repeated until there are as many as asked for.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
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
	c.Flags().Uint64Var(&o.Seed, "seed", o.Seed, "seed of the observations")
	c.Flags().IntVar(&o.Enterprises, "enterprises", o.Enterprises, "how many enterprises")
	c.Flags().IntVar(&o.Indicators, "indicators", o.Indicators, "how many indicators")
	c.Flags().IntVar(&o.Months, "months", o.Months, "how many months, up to 13")
	c.Flags().StringVar(&o.Database, "database", "", "an empty database, postgres://…; SQLite in a folder of its own when nothing is said")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	return c
}
