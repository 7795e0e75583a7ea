package opcua

import (
	"fmt"
	"strings"
	"time"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/sim/control"
)

// Faults say what goes wrong; the zero value is health. Nodes are named as machines and their variables are: "Turbine1"
// is the whole machine, "Turbine1.TIT" one variable.
type Faults struct {
	Stall     bool     `json:"stall"`     // nothing is answered; connections stay
	Uncertain []string `json:"uncertain"` // nodes whose values are uncertain (last usable value)
	Bad       []string `json:"bad"`       // nodes that tell a device failure and no value
	Missing   []string `json:"missing"`   // nodes that do not exist

	// Again and again, each Every for For: a stall (For 5s by default), a restart that closes the port and every connection
	// (5s), a window in which every value of every machine is uncertain (10s), or bad (10s).
	StallEvery     control.Duration `json:"stallEvery"`
	StallFor       control.Duration `json:"stallFor"`
	RestartEvery   control.Duration `json:"restartEvery"`
	RestartFor     control.Duration `json:"restartFor"`
	UncertainEvery control.Duration `json:"uncertainEvery"`
	UncertainFor   control.Duration `json:"uncertainFor"`
	BadEvery       control.Duration `json:"badEvery"`
	BadFor         control.Duration `json:"badFor"`
}

// checked fills in the defaults; the error names the field, its value and the mend.
func (f Faults) checked() (Faults, error) {
	for _, w := range []struct {
		name          string
		every, length *control.Duration
		def           time.Duration
	}{
		{"stall", &f.StallEvery, &f.StallFor, 5 * time.Second}, {"restart", &f.RestartEvery, &f.RestartFor, 5 * time.Second},
		{"uncertain", &f.UncertainEvery, &f.UncertainFor, 10 * time.Second}, {"bad", &f.BadEvery, &f.BadFor, 10 * time.Second},
	} {
		if *w.length == 0 {
			*w.length = control.Duration(w.def)
		}
		if *w.every < 0 || *w.length < 0 || *w.every > 0 && w.name != "restart" && *w.length >= *w.every {
			return f, fmt.Errorf("fault %sEvery is %v for %v: the window must be shorter than the time between two", w.name, time.Duration(*w.every), time.Duration(*w.length))
		}
	}
	return f, nil
}

// within tells whether a window that opens every so often is open so long after the start. It opens at the end of each
// period, so that health comes first.
func within(since time.Duration, every, length control.Duration) bool {
	return every > 0 && since >= 0 && since%time.Duration(every) >= time.Duration(every)-time.Duration(length)
}

func (f *Faults) stalled(since time.Duration) bool {
	return f.Stall || within(since, f.StallEvery, f.StallFor)
}

func names(list []string, node string) bool {
	for _, n := range list {
		if n == node || strings.HasPrefix(node, n+".") {
			return true
		}
	}
	return false
}

// apply puts the faults on a value of a machine's node.
func (f *Faults) apply(node string, since time.Duration, v *ua.DataValue) *ua.DataValue {
	switch {
	case node == "":
		return v
	case names(f.Bad, node) || within(since, f.BadEvery, f.BadFor):
		return dataValue(nil, ua.StatusBadDeviceFailure, v.SourceTimestamp, v.ServerTimestamp)
	case (names(f.Uncertain, node) || within(since, f.UncertainEvery, f.UncertainFor)) && v.Status == 0:
		out := *v
		out.Status, out.EncodingMask = ua.StatusUncertainLastUsableValue, out.EncodingMask|ua.DataValueStatusCode
		return &out
	}
	return v
}
