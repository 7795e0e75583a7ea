package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"jingwei/internal/connect/sim/modbus"
	"jingwei/internal/plant/template"
	"jingwei/packs"
)

func simCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sim",
		Short: "Simulate machines that replay recorded data over their real protocol",
	}
	c.AddCommand(simModbusCommand())
	return c
}

func simModbusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "modbus",
		Short: "A Modbus TCP server whose registers replay recorded data",
		Long: `Serve one or more simulated devices behind one Modbus TCP port. A device is UNIT=TEMPLATE: a unit number and a
device template that names a recording; @ROW starts at another row of it, *SPEED replays it faster than recorded.

Faults are probabilities per request (0 to 1). They can be changed while it runs, over the control address.`,
		Example: `  jingwei sim modbus --listen 127.0.0.1:1502 --device 1=cnc-mill-smart-testbed
  jingwei sim modbus --device 1=power-meter-steel --device 2=power-meter-steel@9000 --late 0.01 --restart-every 5m`,
		Args: cobra.NoArgs,
	}
	options := modbus.Flags(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		templates, err := template.Load(packs.Files, "devices")
		if err != nil {
			return err
		}
		o, err := options(templates.Get)
		if err != nil {
			return usageError{err}
		}
		o.Logger = slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
		o.Ready = func(listen, control string) {
			fmt.Fprintf(c.OutOrStdout(), "ready: %s\n", listen)
			if control != "" {
				fmt.Fprintf(c.OutOrStdout(), "control: http://%s\n", control)
			}
		}
		return modbus.Run(c.Context(), o)
	}
	return c
}
