package resolve

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"jingwei/bench/result"
)

// Goals of holding identifiers.
const (
	goalMemory = 250 // bytes of memory for an identifier
	goalReady  = 10  // seconds after a restart
)

// Command is `jingwei bench resolve`.
func Command() *cobra.Command {
	names, phase, rounds := 1_000_000, 3*time.Second, 3
	var asJSON, quick bool
	var dir string
	c := &cobra.Command{
		Use:   "resolve",
		Short: "Measure registering and resolving identifiers over the Handle protocol",
		Long: `Register identifiers in a registry as a node has it (SQLite, the index, the evidence log; 2,000 in a call, four at a time, each durable
before it is acknowledged), start it again, look every one up, and resolve them over UDP, TCP and HTTP.

Beside it in the same run: a UDP echo on the same sockets and in the same batches, and a bare net/http handler.

--identifiers 10000000 is the soak.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if quick {
				names, phase, rounds = min(names, 50_000), min(phase, 500*time.Millisecond), 1
			}
			r, err := measure(c.Context(), dir, names, Options{Phase: phase, Rounds: rounds}, c.OutOrStdout())
			if err != nil {
				return err
			}
			if err := r.Summary(c.OutOrStdout()); err != nil || !asJSON {
				return err
			}
			return r.JSON(c.OutOrStdout())
		},
	}
	c.Flags().IntVar(&names, "identifiers", names, "how many identifiers")
	c.Flags().DurationVar(&phase, "phase", phase, "how long each measurement takes")
	c.Flags().IntVar(&rounds, "rounds", rounds, "how often each is measured, in turns")
	c.Flags().StringVar(&dir, "dir", "", "folder on the disk to measure (default: a temporary one)")
	c.Flags().BoolVar(&quick, "quick", false, "50,000 identifiers, one round of half a second")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	return c
}

func measure(ctx context.Context, dir string, names int, o Options, out io.Writer) (_ *result.Result, err error) {
	work, err := os.MkdirTemp(dir, "jingwei-resolve-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	s := &stock{dir: filepath.Clean(work), n: names}
	held, err := s.measure(ctx, out)
	if err != nil {
		return nil, err
	}
	o.Holdings, o.Name, o.Names = s.registry, stockName, names
	spoken, err := Run(ctx, o)
	if e := s.close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	if err := spoken.Summary(out); err != nil {
		return nil, err
	}
	r := result.New("resolve", 0)
	each := float64(names)
	r.Figures["identifiers"] = names
	r.Figures["registered, a second"] = each / held.Fill.Seconds()
	r.Figures["disk, bytes an identifier"] = float64(held.Disk) / each
	r.Figures["index, bytes an identifier"] = float64(held.Index) / each
	r.Figures["memory, bytes an identifier"] = float64(held.Memory) / each
	r.Figures["ready, seconds"] = held.Ready.Seconds()
	for _, row := range []Row{spoken.UDP, spoken.Echo, spoken.TCP, spoken.HTTP, spoken.Bare} {
		r.Figures[row.What+", a second"] = row.Rate
		r.Figures[row.What+", p50 ms"] = millis(row.P50)
		r.Figures[row.What+", p99 ms"] = millis(row.P99)
		r.Figures[row.What+", p99 ms at half load"] = millis(row.Half)
	}
	r.AtMost("memory, bytes an identifier", float64(held.Memory)/each, goalMemory)
	r.AtMost("ready after a restart, seconds", held.Ready.Seconds(), goalReady)
	r.AtLeast("over UDP, share of the echo's rate", spoken.RateRatio(), GoalRate)
	r.AtMost("p99 at half load beside the echo's", spoken.HalfRatio(), GoalHalf)
	fmt.Fprintf(out, "%d identifiers: %.0f bytes of disk and %.0f of memory each; ready after a restart in %v\n", names, float64(held.Disk)/each, float64(held.Memory)/each, held.Ready.Round(time.Millisecond))
	return r, nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
