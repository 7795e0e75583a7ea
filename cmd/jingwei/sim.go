package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	wire "jingwei/internal/connect/driver/opcua"
	"jingwei/internal/connect/sim/modbus"
	"jingwei/internal/connect/sim/mqtt"
	"jingwei/internal/connect/sim/opcua"
	"jingwei/internal/connect/sim/sparkplug"
	"jingwei/internal/plant/template"
	"jingwei/packs"
)

func simCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sim",
		Short: "Simulate machines that replay recorded data over their real protocol",
	}
	c.AddCommand(simModbusCommand(), simOPCUACommand(), simSparkplugCommand(), simMQTTCommand())
	return c
}

// simulator makes the command of a simulator: flags adds its flags and makes its options of them, equip gives it what is
// the command's to give, run runs it until ctx ends. tell prints what a parent process waits for.
func simulator[O any](c *cobra.Command, flags func(*pflag.FlagSet) func(func(string) *template.Template) (O, error),
	equip func(o *O, logger *slog.Logger, tell func(...string)) error, run func(context.Context, O) error) *cobra.Command {
	c.Args = cobra.NoArgs
	options := flags(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		templates, err := template.Load(packs.Files, "devices")
		if err != nil {
			return err
		}
		o, err := options(templates.Get)
		if err != nil {
			return usageError{err}
		}
		logger := slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
		if err := equip(&o, logger, func(lines ...string) { say(c.OutOrStdout(), lines) }); err != nil {
			return err
		}
		return run(c.Context(), o)
	}
	return c
}

// say prints pairs of words and what they tell, leaving out what is empty.
func say(w io.Writer, pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(w, "%s: %s\n", pairs[i], pairs[i+1])
		}
	}
}

// control is the address over which faults are changed, as it is told.
func control(address string) string {
	if address == "" {
		return ""
	}
	return "http://" + address
}

func simModbusCommand() *cobra.Command {
	return simulator(&cobra.Command{
		Use:   "modbus",
		Short: "A Modbus TCP server whose registers replay recorded data",
		Long: `Serve one or more simulated devices behind one Modbus TCP port. A device is UNIT=TEMPLATE: a unit number and a
device template that names a recording; @ROW starts at another row of it, *SPEED replays it faster than recorded.

Faults are probabilities per request (0 to 1). They can be changed while it runs, over the control address.`,
		Example: `  jingwei sim modbus --listen 127.0.0.1:1502 --device 1=cnc-mill-smart-testbed
  jingwei sim modbus --device 1=power-meter-steel --device 2=power-meter-steel@9000 --late 0.01 --restart-every 5m`,
	}, modbus.Flags, func(o *modbus.Options, logger *slog.Logger, tell func(...string)) error {
		o.Logger = logger
		o.Ready = func(listen, address string) { tell("control", control(address), "ready", listen) }
		return nil
	}, modbus.Run)
}

func simOPCUACommand() *cobra.Command {
	return simulator(&cobra.Command{
		Use:   "opcua",
		Short: "An OPC UA server whose variables replay recorded data",
		Long: `Serve one or more simulated machines in the address space of one OPC UA server, with signature and encryption. A
machine is NAME=TEMPLATE: its variables are NAME.COLUMN; @ROW starts at another row of the recording, *SPEED replays it
faster than recorded. Clients approve the server's certificate by the fingerprint that is printed; --identity keeps it.

Faults (silence, restarts, bad and uncertain values) can be changed while it runs, over the control address.`,
		Example: `  jingwei sim opcua --listen 127.0.0.1:4840 --machine Turbine1=gas-turbine-opcua --identity ./turbine-identity`,
	}, opcua.Flags, func(o *opcua.Options, logger *slog.Logger, tell func(...string)) error {
		if o.Identity == nil {
			made, err := wire.NewIdentity("localhost", clock())
			if err != nil {
				return err
			}
			o.Identity = made
		}
		o.Logger = logger
		o.Ready = func(endpoint, address string) {
			tell("fingerprint", o.Identity.Fingerprint(), "control", control(address), "ready", endpoint)
		}
		return nil
	}, opcua.Run)
}

func simSparkplugCommand() *cobra.Command {
	return simulator(&cobra.Command{
		Use:   "sparkplug",
		Short: "A Sparkplug B edge node whose devices replay recorded data",
		Long: `Be an edge node of Sparkplug B 3.0 with one or more devices, over MQTT QoS 1: births, deaths, aliases, data by exception,
and a rebirth when the host asks for one. A device is NAME=TEMPLATE; @ROW starts at another row of the recording, *SPEED
replays it faster than recorded.

Faults (broken connections, swallowed messages, silence about births, replayed births) can be changed while it runs, over
the control address.`,
		Example: `  jingwei sim sparkplug --broker mqtts://node.example.com:8883 --ca authority.pem --user CREDENTIAL --device Mill1=cnc-mill-sparkplug`,
	}, sparkplug.Flags, func(o *sparkplug.Options, logger *slog.Logger, tell func(...string)) error {
		o.Logger = logger
		o.Ready = func() { tell("ready", o.URL) }
		return nil
	}, sparkplug.Run)
}

func simMQTTCommand() *cobra.Command {
	return simulator(&cobra.Command{
		Use:   "mqtt",
		Short: "Devices that send recorded data as JSON over MQTT",
		Long: `Send what one or more simulated devices measure, as JSON objects over MQTT QoS 1, to a broker: the node's own, or another.
A device is NAME=TEMPLATE; @ROW starts at another row of the recording, *SPEED replays it faster than recorded.

Faults are probabilities per message (0 to 1). They can be changed while it runs, over the control address.`,
		Example: `  jingwei sim mqtt --broker mqtts://node.example.com:8883 --ca authority.pem --user CREDENTIAL --device hall=environment-sensor-zigbee2mqtt`,
	}, mqtt.Flags, func(o *mqtt.Options, logger *slog.Logger, tell func(...string)) error {
		o.Logger = logger
		o.Ready = func() { tell("ready", o.URL) }
		return nil
	}, mqtt.Run)
}
