// Command jingwei is the one binary: node, gateway, demo, simulator, benchmarks and administration.
//
// Exit codes: 0 done; 1 it failed; 2 the command line or the configuration is wrong; 130 interrupted before it was
// ready. A node or gateway that is told to stop (SIGINT, SIGTERM) ends cleanly with 0.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set when the binary is built by make.
var version = "unknown"

// usageError marks what the person at the keyboard can mend: a wrong flag, argument or configuration key.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return 130
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "jingwei:", err)
		return 2
	default:
		fmt.Fprintln(os.Stderr, "jingwei:", err)
		return 1
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "jingwei",
		Short: "Jingwei 经纬 ties factories to the Internet and to each other",
		Long: `Jingwei 经纬: one program for the gateway beside the machines and for the platform above it.

Start with "jingwei demo": a node, a gateway and three simulated machines; it prints an address and a sign-in link.
A real installation is "jingwei serve" on a server and "jingwei edge" beside the machines.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w (see %q)", err, c.CommandPath()+" --help")}
	})
	root.AddCommand(
		serveCommand(), edgeCommand(), demoCommand(), simCommand(),
		benchCommand(), configCommand(), adminCommand(), versionCommand(),
		verifyCommand(), backupCommand(), restoreCommand(), fsckCommand(),
	)
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what it was built with",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return printVersion(c.OutOrStdout())
		},
	}
}
