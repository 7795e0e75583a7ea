package modbus

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"jingwei/internal/connect/sim/simtest"
)

func TestFlagsMakeOptions(t *testing.T) {
	parse := func(args ...string) (Options, error) {
		fs := pflag.NewFlagSet("modbus", pflag.ContinueOnError)
		options := Flags(fs)
		if err := fs.Parse(args); err != nil {
			t.Fatal(err)
		}
		return options(simtest.Template)
	}
	o, err := parse()
	if err != nil || len(o.Devices) != 3 || o.Devices[1].Start != 1055 || o.Listen != "127.0.0.1:1502" || o.Data != nil {
		t.Errorf("%+v %v", o, err)
	}
	if s, err := New(o); err != nil || s.Faults().Drop != 0 {
		t.Errorf("the default simulator: %v", err)
	}
	o, err = parse("--device", "7="+meter, "--stall", "0.5", "--hole", "holding:1-2", "--hole", "coil:3", "--dead", "1,2", "--restart-every", "1m", "--epoch", "2026-05-01T00:00:00Z", "--data", "x")
	if err != nil || len(o.Devices) != 1 || o.Devices[0].Unit != 7 || o.Faults.Stall != 0.5 || len(o.Faults.Holes) != 2 || len(o.Faults.Dead) != 2 ||
		time.Duration(o.Faults.RestartEvery) != time.Minute || o.Epoch.Month() != time.May || o.Data == nil {
		t.Errorf("%+v %v", o, err)
	}
	if _, err = parse("--device", "x", "--epoch", "May"); err == nil || !strings.Contains(err.Error(), `"x"`) || !strings.Contains(err.Error(), "May") {
		t.Errorf("%v", err)
	}
}
