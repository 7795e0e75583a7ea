package ingest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"
)

// Command is `jingwei bench ingest`. Below it stand hidden commands for the generator's process and the bare echo.
func Command() *cobra.Command {
	o := Options{Seed: 1}
	var asJSON, quiet bool
	c := &cobra.Command{
		Use:   "ingest",
		Short: "Measure what comes in over MQTT beside mosquitto, Telegraf and VictoriaMetrics",
		Long: `Measure how many points a node takes over Sparkplug B (MQTT, QoS 1, 200 connections, 100 metrics a message), durable
and readable, what a point costs, and how long an acknowledgement takes.

Beside it run mosquitto, Telegraf and VictoriaMetrics with the payload that suits them best, VictoriaMetrics alone with
remote write, and a bare echo. The generator shares the cores with all of them. Peers are built by make bench-peers;
mosquitto comes from Debian. CPU figures are medians of five alternating rounds.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if runtime.GOOS != "linux" {
				return fmt.Errorf("bench ingest reads /proc, which %s does not have; run it on Linux", runtime.GOOS)
			}
			if o.Program, err = os.Executable(); err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			o.Progress = c.ErrOrStderr()
			if quiet {
				o.Progress = io.Discard
			}
			if o.Dir == "" {
				if o.Dir, err = os.UserCacheDir(); err != nil || os.MkdirAll(o.Dir, 0o700) != nil {
					o.Dir = os.TempDir() // often in memory, which is no disk to be measured
				}
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
	f := c.Flags()
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the values")
	f.BoolVar(&o.Quick, "quick", false, "one short round: within 40 seconds")
	f.BoolVar(&asJSON, "json", false, "print the result as one object in the last line")
	f.BoolVar(&quiet, "quiet", false, "do not tell what is being run")
	f.StringVar(&o.Dir, "dir", "", "a directory on the disk to be measured (default: the user's cache directory)")
	f.StringVar(&o.Peers, "peers", filepath.Join("bench", "peers", "bin"), "the directory of the peers' programs")
	c.AddCommand(loadCommand(), echoCommand())
	return c
}
