package search

import (
	"github.com/spf13/cobra"
)

// Command is `jingwei bench search`.
func Command(sources Sources) *cobra.Command {
	o := Options{Seed: 1, Entries: 100_000, Queries: 4_000}
	var asJSON bool
	c := &cobra.Command{
		Use:   "search",
		Short: "Measure the search over a register of 100,000 entries",
		Long: `Measure the search over a register of 100,000 entries of a made population, in a database of its own.

* How long the index takes to be read from the records, and what it weighs in memory.
* Queries of 1 to 4 words with two facets chosen, warm, one after the other: each with its answer of 20 hits, highlights and
  counts of all facets, compared with the records as the API does.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Quick {
				o.Entries, o.Queries = 5_000, 400
			}
			r, err := Run(c.Context(), o, sources, c.OutOrStdout())
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
	c.Flags().BoolVar(&o.Quick, "quick", false, "a smaller register")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	return c
}
