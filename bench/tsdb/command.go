package tsdb

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"jingwei/bench/result"
	"jingwei/bench/trial"
)

// Command is `jingwei bench tsdb`. Below it stand hidden commands that run one trial of our own store, and one of InfluxDB,
// so that each has a process of its own as its peers have.
func Command() *cobra.Command {
	var o Options
	c := benchCommand(&o, Run)
	c.Use = "tsdb"
	c.Short = "Measure the telemetry store beside VictoriaMetrics, Prometheus and InfluxDB"
	c.Long = `Measure the telemetry store beside its peers: points per CPU-second and bytes per sample, the time of a raw day and of
5-minute means of 1,000 series, memory. Streams are made from a seed: wide (20,000 series, some late), D2 (1,000
series, a day of seconds), and the recorded data sets replayed to 1,000, 20,000 and, with --full, 200,000 series.

Samples are written with status, flags and gateway time by 200 producers and fsynced before they are acknowledged.
VictoriaMetrics and Prometheus run as libraries where their programs are built (make bench-peers), InfluxDB 1.6 where
Debian's package influxdb is installed; they keep time and value alone.`
	f := c.Flags()
	f.BoolVar(&o.Full, "full", false, "longer streams and 200,000 series; takes as long as it takes")
	f.StringSliceVar(&o.Lanes, "lanes", nil, "run these streams only: wide, d2, real1000, real20000, and with --full real200000")
	f.StringVar(&o.Influx, "influxd", "influxd", "InfluxDB's server")
	c.MarkFlagsMutuallyExclusive("quick", "full")
	c.AddCommand(&cobra.Command{
		Use: influxTrialName, Hidden: true, DisableFlagParsing: true, Short: "Run one phase of one trial of InfluxDB",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("name InfluxDB's server first")
			}
			trial.Main(&influx{program: args[0]}, args[1:])
			return nil
		},
	})
	return c
}

// StoreCommand is `jingwei bench store`, the shorter form with fewer peers.
func StoreCommand() *cobra.Command {
	var o Options
	c := benchCommand(&o, Store)
	c.Use = "store"
	c.Short = "Measure the telemetry store beside VictoriaMetrics and Prometheus"
	c.Long = `Measure the telemetry store: CPU and bytes per sample and the time of two queries, on streams made from a seed.

Samples are written with status, flags and gateway time by 200 producers and fsynced before they are
acknowledged. Peers run beside it where their programs are built (make bench-peers); they keep time and value
alone, and sync nothing before they return.`
	return c
}

const (
	trialName       = "trial"
	influxTrialName = "influxdb"
)

// benchCommand is what both commands have in common.
func benchCommand(o *Options, run func(context.Context, Options, io.Writer) (*result.Result, error)) *cobra.Command {
	var asJSON, quiet bool
	c := &cobra.Command{Args: cobra.NoArgs}
	c.RunE = func(c *cobra.Command, _ []string) error {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program to run trials with: %w", err)
		}
		below := append([]string{self}, strings.Fields(c.CommandPath())[1:]...)
		o.Own = append(below[:len(below):len(below)], trialName)
		o.InfluxTrial = append(below[:len(below):len(below)], influxTrialName, o.Influx)
		if o.Dir == "" {
			o.Dir = defaultDir()
		}
		if !quiet {
			o.Progress = c.ErrOrStderr()
		}
		out := c.OutOrStdout()
		r, err := run(c.Context(), *o, out)
		if err != nil {
			return err
		}
		if err := r.Summary(out); err != nil {
			return err
		}
		if asJSON {
			return r.JSON(out)
		}
		return nil
	}
	f := c.Flags()
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the streams")
	f.BoolVar(&o.Quick, "quick", false, "shorter streams: within 40 seconds")
	f.BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	f.BoolVar(&quiet, "quiet", false, "do not tell what is being run")
	f.StringVar(&o.Data, "data", "", "the directory of the recorded data sets (default: those that ship with this program)")
	f.StringVar(&o.Dir, "dir", "", "a directory on the disk to be measured (default: the user's cache directory)")
	f.StringVar(&o.Peers, "peers", filepath.Join("bench", "peers", "bin"), "the directory of the peers' programs")
	c.AddCommand(&cobra.Command{
		Use: trialName, Hidden: true, DisableFlagParsing: true, Short: "Run one phase of one trial",
		Run: func(_ *cobra.Command, args []string) { trial.Main(new(ownStore), args) },
	})
	return c
}

// defaultDir is a directory that is likely to be on a disk: the system's temporary one often is in memory.
func defaultDir() string {
	if dir, err := os.UserCacheDir(); err == nil {
		if os.MkdirAll(dir, 0o700) == nil {
			return dir
		}
	}
	return os.TempDir()
}
