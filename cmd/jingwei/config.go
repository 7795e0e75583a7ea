package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"jingwei/internal/kernel/config"
)

// configured loads the configuration of a command: its flags, the environment, the file. defaults replaces defaults of
// the table for commands that need others.
func configured(c *cobra.Command, defaults map[string]string) (*config.Loaded, error) {
	file, err := c.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	loaded, err := config.Load(config.Sources{Flags: c.Flags(), Environ: environment(), File: file, Defaults: defaults})
	if err != nil {
		return nil, usageError{err}
	}
	return loaded, nil
}

// environment is the process's, without the variables that commands read themselves.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, codeVariable+"=") })
}

// addConfigFlags declares --config and the flags of the named keys (all when none is named).
func addConfigFlags(c *cobra.Command, keys ...string) {
	c.Flags().String("config", "", "configuration file (YAML); JINGWEI_CONFIG names one too")
	config.AddFlags(c.Flags(), keys...)
}

// newLogger writes structured lines to out and passes on the warnings of the configuration.
func newLogger(l *config.Loaded, out io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: l.Log.Level}
	var handler slog.Handler = slog.NewTextHandler(out, o)
	if l.Log.Format == "json" {
		handler = slog.NewJSONHandler(out, o)
	}
	logger := slog.New(handler)
	for _, w := range l.Warnings {
		logger.Warn(w)
	}
	return logger
}

func configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration and where each value comes from",
		Long: `Print every key with its effective value and its source: a flag, the environment, the file or the default.
Secrets are masked. Give it the flags you would give "jingwei serve".`,
		Args: cobra.NoArgs,
	}
	addConfigFlags(c)
	asJSON := c.Flags().Bool("json", false, "print one JSON array")
	c.RunE = func(c *cobra.Command, _ []string) error {
		loaded, err := configured(c, nil)
		if err != nil {
			return err
		}
		settings := loaded.Effective()
		if *asJSON {
			e := json.NewEncoder(c.OutOrStdout())
			e.SetIndent("", "  ")
			return e.Encode(settings)
		}
		w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "KEY\tVALUE\tSOURCE")
		for _, s := range settings {
			fmt.Fprintf(w, "%s\t%s\t%s\n", s.Key, s.Value, s.Source)
		}
		return w.Flush()
	}
	return c
}
