package outage

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"
)

// partName is the hidden command of the measurement's own processes.
const partName = "part"

// ErrViolated says that something was lost, doubled or changed.
var ErrViolated = errors.New("a promise was broken: see the goals")

// Command is `jingwei bench outage`.
func Command() *cobra.Command {
	o := Options{Seed: 1, Children: 1000, Figures: 65, Rounds: 12, Away: 75 * time.Second, Parts: 2}
	var quick, asJSON bool
	c := &cobra.Command{
		Use:   "outage",
		Short: "Measure how a thousand nodes below come back after an hour without the one above",
		Long: `Measure a drain after an outage: 1,000 nodes with a store, a certificate, an agreement and a stream of their own are linked with one above.

It is killed while records are on their way. The children keep what an hour brings: 65 figures restated every five minutes, with proofs.
Then it returns on the same folder. Every record is compared with what was put, and every figure with what was said last.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if quick {
				o.Children, o.Rounds, o.Away, o.Parts = min(o.Children, 60), 3, 3*time.Second, 1
			}
			if o.Program, err = os.Executable(); err != nil {
				return err
			}
			if o.Dir, err = folder(o.Dir); err != nil {
				return err
			}
			r, err := Run(c.Context(), o, c.OutOrStdout())
			if err != nil {
				return err
			}
			if err := r.Summary(c.OutOrStdout()); err != nil {
				return err
			}
			if asJSON {
				if err := r.JSON(c.OutOrStdout()); err != nil {
					return err
				}
			}
			for _, g := range r.Goals[:3] {
				if !g.Met {
					return ErrViolated
				}
			}
			return nil
		},
	}
	f := c.Flags()
	f.Uint64Var(&o.Seed, "seed", o.Seed, "seed of what children say")
	f.IntVar(&o.Children, "children", o.Children, "how many nodes below")
	f.DurationVar(&o.Away, "away", o.Away, "how long the parent is away at least")
	f.BoolVar(&quick, "quick", false, "60 children and a quarter of an hour: within 40 seconds")
	f.BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	f.StringVar(&o.Dir, "dir", "", "a directory on the disk to be measured (default: the user's cache directory)")
	c.AddCommand(partCommand())
	return c
}

func partCommand() *cobra.Command {
	p := &plan{}
	var dir, link string
	var first, end int
	c := &cobra.Command{
		Use: partName + " parent|children", Hidden: true, Args: cobra.ExactArgs(1), Short: "A process of the measurement",
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.open(); err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
			talk := func(do func(order) answer) error { return serve(os.Stdin, os.Stdout, do) }
			stop, err := profiled(args[0])
			if err != nil {
				return err
			}
			defer stop()
			if args[0] == "parent" {
				return runParent(c.Context(), p, dir, link, log, talk)
			}
			return runChildren(c.Context(), p, dir, first, end, log, talk)
		},
	}
	f := c.Flags()
	f.StringVar(&dir, "dir", "", "")
	f.StringVar(&link, "link", "", "")
	f.StringVar(&p.Day, "day", "", "")
	f.Uint64Var(&p.Seed, "seed", 0, "")
	f.IntVar(&p.Children, "children", 0, "")
	f.IntVar(&p.Figures, "figures", 0, "")
	f.IntVar(&p.Rounds, "rounds", 0, "")
	f.IntVar(&first, "first", 0, "")
	f.IntVar(&end, "end", 0, "")
	return c
}

// selfCommand stands for this process where its usage is asked for.
func selfCommand() *exec.Cmd {
	p, _ := os.FindProcess(os.Getpid())
	return &exec.Cmd{Process: p}
}
