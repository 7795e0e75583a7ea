package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"jingwei/internal/connect/driver/opcua"
	"jingwei/internal/connect/gateway"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/file"
)

// codeVariable may hold the enrolment code: other users of a machine see a command line, and not an environment.
const codeVariable = "JINGWEI_CODE"

// edgeMemory is what the garbage collector of a gateway aims to stay below, in bytes.
const edgeMemory = 40 << 20

// identityIn gives the gateway's own OPC UA certificate, made at first need and kept with its other secrets.
func identityIn(dir string) func() (*opcua.Identity, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return opcua.KeptIdentity(file.OS(), filepath.Join(dir, "opcua"), host, clock)
}

func edgeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "edge",
		Short: "Run a gateway: collect from machines, keep on disk, send to a node",
		Long: `Run a gateway beside the machines. The first start needs the one-time enrolment code that the node's page
"Gateways" shows; it holds the node's address and the fingerprint of its authority. From then on the gateway knows its
node, takes its configuration from it, and collects whether or not the node can be reached: every sample is on disk
before it is sent, and stays there until the node has it on disk too.

The code may also stand in JINGWEI_CODE, where other users of the machine do not see it.`,
		Example: `  jingwei edge --data /var/lib/jingwei-edge --code JW1-…`,
		Args:    cobra.NoArgs,
	}
	addConfigFlags(c, "data", "log.level", "log.format", "journal.maxBytes")
	code := c.Flags().String("code", os.Getenv(codeVariable), "one-time enrolment code (first start only)")
	address := c.Flags().String("link-address", "", "dial the node's link here instead of where it says: host:port")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := configured(c, map[string]string{"data": "jingwei-edge-data"})
		if err != nil {
			return err
		}
		debug.SetMemoryLimit(edgeMemory)
		defer giveBackOnce()()
		err = gateway.Run(c.Context(), gateway.Options{
			DataDir: cfg.Data, Code: *code, Drivers: drivers(identityIn(cfg.Data)), Version: version, LinkAddress: *address,
			SpoolBytes: int64(cfg.Journal.MaxBytes), Logger: newLogger(cfg, c.ErrOrStderr()),
		})
		for _, wrong := range []error{federate.ErrCodePrefix, federate.ErrCodeCut, federate.ErrCodeURL} {
			if errors.Is(err, wrong) {
				return usageError{err}
			}
		}
		return err
	}
	return c
}
