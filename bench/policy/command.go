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
		Short: "Measure how fast measures of support are judged, and the policy lab",
		Long: `Measure how fast measures of support are judged, on one core.

* Eligibility and amount of the measures that ship, over rows of a made population: evaluations a second and allocations.
* The policy lab: 40,000 enterprises under the measures as they ship, against the same with other rates and caps, twice;
  the findings must be the same.`,
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
	c.Flags().BoolVar(&o.Quick, "quick", false, "shorter rounds")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	return c
}
