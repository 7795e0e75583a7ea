package modbus

import (
	"fmt"
	"slices"
	"time"

	wire "jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/sim/control"
)

// Faults says what goes wrong. Probabilities are per request, 0..1, and drawn from the seed; the zero value is health.
type Faults struct {
	Drop      float64          `json:"drop"`      // the connection is closed instead of an answer
	Stall     float64          `json:"stall"`     // the answer never comes; the connection stays
	Late      float64          `json:"late"`      // the answer comes after LateBy, after answers to later requests
	LateBy    control.Duration `json:"lateBy"`    // default 1.5s
	WrongUnit float64          `json:"wrongUnit"` // the answer bears the next unit's number
	Holes     []string         `json:"holes"`     // ranges that do not exist: "holding:40-45" in every unit
	Dead      []int            `json:"dead"`      // units that never answer

	// RestartEvery closes the port and every connection for RestartFor (default 5s), again and again.
	RestartEvery control.Duration `json:"restartEvery"`
	RestartFor   control.Duration `json:"restartFor"`

	holes []wire.Span
}

// checked fills in the defaults; the error names the field, its value and the mend.
func (f Faults) checked() (Faults, error) {
	if err := control.Probabilities(map[string]float64{"drop": f.Drop, "stall": f.Stall, "late": f.Late, "wrongUnit": f.WrongUnit}); err != nil {
		return f, err
	}
	if f.LateBy == 0 {
		f.LateBy = control.Duration(1500 * time.Millisecond)
	}
	if f.RestartFor == 0 {
		f.RestartFor = control.Duration(5 * time.Second)
	}
	if err := control.Durations(map[string]control.Duration{"lateBy": f.LateBy, "restartEvery": f.RestartEvery, "restartFor": f.RestartFor}); err != nil {
		return f, err
	}
	f.holes = nil
	for _, s := range f.Holes {
		h, err := wire.ParseSpan(s)
		if err != nil {
			return f, fmt.Errorf("fault holes: %w", err)
		}
		f.holes = append(f.holes, h)
	}
	for _, u := range f.Dead {
		if u < 0 || u > 255 {
			return f, fmt.Errorf("fault dead is %d: a unit number within 0 and 255 is wanted", u)
		}
	}
	return f, nil
}

// hits tells whether a read touches a hole.
func (f *Faults) hits(area wire.Area, start, count int) bool {
	for _, h := range f.holes {
		if h.Area == area && start < h.End && start+count > h.Start {
			return true
		}
	}
	return false
}

func (f *Faults) dead(unit byte) bool {
	return slices.Contains(f.Dead, int(unit))
}
