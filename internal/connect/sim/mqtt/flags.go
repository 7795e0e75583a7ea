package mqtt

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"jingwei/internal/connect/sim/broker"
	"jingwei/internal/connect/sim/control"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/plant/template"
)

// defaultDevices are simulated where the command line names none.
var defaultDevices = []string{"hall-north=environment-sensor-zigbee2mqtt", "hall-south=environment-sensor-zigbee2mqtt@700", "press-plug=energy-plug-tasmota@300"}

// PasswordVariable is the environment variable that holds the password.
const PasswordVariable = broker.PasswordVariable

// Flags adds the simulator's flags to a command. The function that it returns makes the options of them, once they are
// parsed; find returns the template with an identifier, or nil.
func Flags(fs *pflag.FlagSet) func(find func(id string) *template.Template) (Options, error) {
	var o Options
	f := &o.Faults
	devices := fs.StringArray("device", defaultDevices, "a device: NAME=TEMPLATE[@ROW][*SPEED]; may be given many times")
	copies := fs.Int("copies", 1, "so many of each device, with -2, -3, … after its name")
	source := o.Source.Flags(fs)
	access := o.Access.Flags(fs)
	fs.StringVar(&o.ClientID, "client-id", "jingwei-sim", "MQTT client identifier")
	fs.StringVar(&o.Topic, "topic", "zigbee2mqtt/{device}", "topic, with {device} in it")
	fs.IntVar(&o.Connections, "connections", 1, "connections that the devices share")
	fs.DurationVar(&o.Every, "every", time.Second, "time between two messages of a device")
	control.Flag(fs, &o.Control, "127.0.0.1:1880")
	fs.Uint64Var(&o.Seed, "seed", 1, "seed of the faults")
	fs.Float64Var(&f.Drop, "drop", 0, "probability that a message breaks the connection")
	fs.Float64Var(&f.Malformed, "malformed", 0, "probability that half a message is sent before the whole one")
	fs.Float64Var(&f.WrongType, "wrong-type", 0, "probability that a number of a message becomes a text")
	fs.Float64Var(&f.Stall, "stall", 0, "probability that a device falls silent before a message")
	fs.DurationVar((*time.Duration)(&f.StallFor), "stall-for", 5*time.Second, "for how long")
	return func(find func(string) *template.Template) (Options, error) {
		var wrong [4]error
		each, err := replay.ParseAll(*devices, find, ParseDevice)
		wrong[0] = err
		if *copies < 1 || *copies > 100_000 {
			wrong[1] = fmt.Errorf("copies %d: 1 to 100,000 are wanted", *copies)
			*copies = 1
		}
		for _, d := range each {
			name, start := d.Name, d.Start
			for n := 1; n <= *copies; n++ {
				if n > 1 {
					d.Name, d.Start = fmt.Sprintf("%s-%d", name, n), start+int64(n-1)*37 // rows apart, so that they differ
				}
				o.Devices = append(o.Devices, d)
			}
		}
		wrong[2] = source()
		wrong[3] = access()
		return o, errors.Join(wrong[:]...)
	}
}
