package opcua

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	wire "jingwei/internal/connect/driver/opcua"
	"jingwei/internal/connect/sim/control"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/kernel/file"
	"jingwei/internal/plant/template"
)

// defaultMachines are simulated where the command line names none: two turbines at different hours of their year.
var defaultMachines = []string{"Turbine1=gas-turbine-opcua", "Turbine2=gas-turbine-opcua@720"}

// Flags adds the simulator's flags to a command. The function that it returns makes the options of them, once they are
// parsed; find returns the template with an identifier, or nil.
func Flags(fs *pflag.FlagSet) func(find func(id string) *template.Template) (Options, error) {
	var o Options
	f := &o.Faults
	machines := fs.StringArray("machine", defaultMachines, "a machine: NAME=TEMPLATE[@ROW][*SPEED]; may be given many times")
	source := o.Source.Flags(fs)
	identity := fs.String("identity", "", "folder that keeps the server's certificate, so that it has to be approved once (default: a new one at each start)")
	fs.StringVar(&o.Listen, "listen", "127.0.0.1:4840", "address of the OPC UA server")
	control.Flag(fs, &o.Control, "127.0.0.1:4880")
	fs.BoolVar(&o.Insecure, "insecure", false, "offer connections without signature and encryption, too")
	fs.StringVar(&o.User, "user", "", "user that clients have to sign in as (default: anybody may)")
	fs.StringVar(&o.Password, "password", "", "the user's password")
	fs.Uint32Var(&o.MaxNodesPerRead, "max-nodes-per-read", 100, "nodes that one read may ask for")
	fs.Uint32Var(&o.MaxItemsPerCall, "max-items-per-call", 100, "monitored items that one call may make")
	fs.BoolVar(&f.Stall, "stall", false, "answer nothing, and keep the connections")
	fs.StringArrayVar(&f.Uncertain, "uncertain", nil, "machine or variable whose values are uncertain, like Turbine1.TIT; may be given many times")
	fs.StringArrayVar(&f.Bad, "bad", nil, "machine or variable that tells a device failure; may be given many times")
	fs.StringArrayVar(&f.Missing, "missing", nil, "machine or variable that does not exist; may be given many times")
	for name, d := range map[string]*control.Duration{"stall-every": &f.StallEvery, "stall-for": &f.StallFor, "restart-every": &f.RestartEvery, "restart-for": &f.RestartFor,
		"uncertain-every": &f.UncertainEvery, "uncertain-for": &f.UncertainFor, "bad-every": &f.BadEvery, "bad-for": &f.BadFor} {
		fs.DurationVar((*time.Duration)(d), name, 0, "time between two such windows, or how long one is (0: none, or the default length)")
	}
	return func(find func(string) *template.Template) (Options, error) {
		var wrong [3]error
		o.Machines, wrong[0] = replay.ParseAll(*machines, find, ParseMachine)
		wrong[1] = source()
		if *identity != "" {
			o.Identity, wrong[2] = wire.LoadIdentity(file.OS(), *identity, "localhost", time.Now())
		}
		return o, errors.Join(wrong[:]...)
	}
}

// ParseMachine reads "name=template", "name=template@row" or "name=template@row*speed", as the command line takes it.
// find returns nil for a template that does not exist.
func ParseMachine(s string, find func(id string) *template.Template) (Machine, error) {
	name, p, err := replay.ParseNamed(s, find)
	if err == nil && (name == "" || strings.ContainsAny(name, ". ")) {
		err = errors.New("the name must be there, without dots and blanks")
	}
	if err != nil {
		return Machine{}, fmt.Errorf("machine %q: %w; write NAME=TEMPLATE[@ROW][*SPEED], like Turbine1=gas-turbine-opcua@720", s, err)
	}
	return Machine{Name: name, Part: p}, nil
}
