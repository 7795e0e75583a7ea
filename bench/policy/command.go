package policy

import (
	"github.com/spf13/cobra"
)

// Command is `jingwei bench policy`.
func Command() *cobra.Command {
	o := Options{Seed: 1}
	var asJSON bool
	c := &cobra.Command{
		Use:   "policy",
		Short: "Measure how fast measures of support are judged, the policy lab, and what is due among many cases",
		Long: `Measure how fast measures of support are judged, on one core, and how soon what is due is told.

* Eligibility and amount of the measures that ship, over rows of a made population: evaluations a second and allocations.
* The policy lab: 40,000 enterprises under the measures as they ship, against the same with other rates and caps, twice;
  the findings must be the same.
* The desk: 100,000 running cases with deadlines, opened through the room of cases in a database of their own; then the list of what
  is due, page by page and narrowed, and its counts, for an officer and for the node.`,
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
	c.Flags().Uint64Var(&o.Seed, "seed", o.Seed, "seed of the population")
	c.Flags().StringVar(&o.Database, "database", "", "an empty database for the cases, postgres://…; SQLite in a folder of its own when nothing is said")
	c.Flags().BoolVar(&o.Quick, "quick", false, "shorter rounds")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	return c
}
