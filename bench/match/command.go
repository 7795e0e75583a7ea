package match

import (
	"github.com/spf13/cobra"
)

// Command is `jingwei bench match`.
func Command() *cobra.Command {
	o := Options{Seed: 1}
	var asJSON bool
	c := &cobra.Command{
		Use:   "match",
		Short: "Measure how well and how fast needs are matched with supply",
		Long: `Measure how well needs are matched with supply, beside plain BM25, and how long it takes.

* nDCG@10 on a judged set of our own making: 400 needs and 1,500 supplies from templates, graded 0 to 3 by hidden attributes
  that the matcher does not see. The weights were chosen on one half of the needs; the other half is held out.
* The time of one need, with its reasons, among 1,500 and 100,000 supplies.`,
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
	c.Flags().Uint64Var(&o.Seed, "seed", o.Seed, "seed of the judged set")
	c.Flags().BoolVar(&o.Quick, "quick", false, "10,000 supplies in place of 100,000")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	return c
}
