package sparkplug

import (
	"errors"
	"time"

	"github.com/spf13/pflag"

	"jingwei/internal/connect/sim/control"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/plant/template"
)

// defaultDevices are simulated where the command line names none.
var defaultDevices = []string{"Mill5=cnc-mill-sparkplug@300", "Mill6=cnc-mill-sparkplug@1100"}

// Flags adds the simulator's flags to a command. The function that it returns makes the options of them, once they are
// parsed; find returns the template with an identifier, or nil.
func Flags(fs *pflag.FlagSet) func(find func(id string) *template.Template) (Options, error) {
	var o Options
	f := &o.Faults
	devices := fs.StringArray("device", defaultDevices, "a device: NAME=TEMPLATE[@ROW][*SPEED]; may be given many times")
	source := o.Source.Flags(fs)
	access := o.Access.Flags(fs)
	fs.StringVar(&o.ClientID, "client-id", "", "MQTT client identifier (default GROUP-NODE)")
	fs.StringVar(&o.Group, "group", "Jingwei", "group identifier")
	fs.StringVar(&o.Node, "node", "Line2", "edge node identifier")
	fs.StringVar(&o.PrimaryHost, "primary-host", "", "host whose state must be online before anything is told (default: none is waited for)")
	fs.DurationVar(&o.Every, "every", 500*time.Millisecond, "time between two looks at the devices; what has changed is told")
	control.Flag(fs, &o.Control, "127.0.0.1:1881")
	fs.Uint64Var(&o.Seed, "seed", 1, "seed of the faults")
	fs.Float64Var(&f.Drop, "drop", 0, "probability that a data message breaks the connection")
	fs.Float64Var(&f.Swallow, "swallow", 0, "probability that a data message is counted and not sent")
	fs.Float64Var(&f.Silent, "silent", 0, "probability that a new connection goes on without births")
	fs.Float64Var(&f.Replay, "replay", 0, "probability that a data message is followed by the births of before")
	return func(find func(string) *template.Template) (Options, error) {
		var wrong [3]error
		o.Devices, wrong[0] = replay.ParseAll(*devices, find, ParseDevice)
		wrong[1] = source()
		wrong[2] = access()
		return o, errors.Join(wrong[:]...)
	}
}
