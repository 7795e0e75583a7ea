package modbus

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

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
	dir := fs.String("data", "", "folder of recordings, one folder for each (default: those that ship with the product)")
	epoch := fs.String("epoch", "", "RFC 3339 time at which row 0 was shown first (default 2026-01-01T00:00:00Z)")
	fs.StringVar(&o.Listen, "listen", "127.0.0.1:1502", "address of the Modbus TCP server")
	fs.StringVar(&o.Control, "control", "", "loopback address over which faults can be changed while it runs, like 127.0.0.1:1580")
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
		var errs []error
		for _, s := range *devices {
			d, err := ParseDevice(s, find)
			o.Devices, errs = append(o.Devices, d), append(errs, err)
		}
		if *dir != "" {
			o.Data = os.DirFS(*dir)
		}
		if *epoch != "" {
			t, err := time.Parse(time.RFC3339, *epoch)
			if err != nil {
				errs = append(errs, fmt.Errorf("epoch %q: write a time like 2026-01-01T00:00:00Z", *epoch))
			}
			o.Epoch = t
		}
		return o, errors.Join(errs...)
	}
}
