package modbus

import (
	"errors"
	"time"

	"github.com/spf13/pflag"

	"jingwei/internal/connect/sim/control"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/plant/template"
)

// defaultDevices are simulated where the command line names none: two mills at different points of their work, and the
// energy meter of the hall.
var defaultDevices = []string{"1=cnc-mill-smart-testbed", "2=cnc-mill-smart-testbed@1055", "3=power-meter-steel"}

// Flags adds the simulator's flags to a command. The function that it returns makes the options of them, once they are
// parsed; find returns the template with an identifier, or nil.
func Flags(fs *pflag.FlagSet) func(find func(id string) *template.Template) (Options, error) {
	var o Options
	f := &o.Faults
	devices := fs.StringArray("device", defaultDevices, "a machine: UNIT=TEMPLATE[@ROW][*SPEED]; may be given many times")
	source := o.Source.Flags(fs)
	fs.StringVar(&o.Listen, "listen", "127.0.0.1:1502", "address of the Modbus TCP server")
	control.Flag(fs, &o.Control, "127.0.0.1:1580")
	fs.Uint64Var(&o.Seed, "seed", 1, "seed of the faults")
	fs.Float64Var(&f.Drop, "drop", 0, "probability that a request closes the connection")
	fs.Float64Var(&f.Stall, "stall", 0, "probability that a request is never answered")
	fs.Float64Var(&f.Late, "late", 0, "probability that an answer comes late")
	fs.DurationVar((*time.Duration)(&f.LateBy), "late-by", 1500*time.Millisecond, "how late")
	fs.Float64Var(&f.WrongUnit, "wrong-unit", 0, "probability that an answer bears another unit's number")
	fs.StringArrayVar(&f.Holes, "hole", nil, "registers that do not exist, like holding:40-45; may be given many times")
	fs.IntSliceVar(&f.Dead, "dead", nil, "units that never answer")
	fs.DurationVar((*time.Duration)(&f.RestartEvery), "restart-every", 0, "restart the server again and again")
	fs.DurationVar((*time.Duration)(&f.RestartFor), "restart-for", 5*time.Second, "how long a restart takes")
	return func(find func(string) *template.Template) (Options, error) {
		var wrong [2]error
		o.Devices, wrong[0] = replay.ParseAll(*devices, find, ParseDevice)
		wrong[1] = source()
		return o, errors.Join(wrong[:]...)
	}
}
