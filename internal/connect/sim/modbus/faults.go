package modbus

import (
	"encoding/json"
	"fmt"
	"time"

	wire "jingwei/internal/connect/driver/modbus"
)

// Faults says what goes wrong. Probabilities are per request, 0..1, and drawn from the seed; the zero value is health.
type Faults struct {
	Drop      float64  `json:"drop"`      // the connection is closed instead of an answer
	Stall     float64  `json:"stall"`     // the answer never comes; the connection stays
	Late      float64  `json:"late"`      // the answer comes after LateBy, after answers to later requests
	LateBy    Duration `json:"lateBy"`    // default 1.5s
	WrongUnit float64  `json:"wrongUnit"` // the answer bears the next unit's number
	Holes     []string `json:"holes"`     // ranges that do not exist: "holding:40-45" in every unit
	Dead      []int    `json:"dead"`      // units that never answer

	// RestartEvery closes the port and every connection for RestartFor (default 5s), again and again.
	RestartEvery Duration `json:"restartEvery"`
	RestartFor   Duration `json:"restartFor"`

	holes []wire.Span
}

// Duration is written as in "1.5s".
type Duration time.Duration

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 || v > time.Hour {
		return fmt.Errorf("%q is not a duration within 0 and 1h, like 1.5s", b)
	}
	*d = Duration(v)
	return nil
}

// checked fills in the defaults; the error names the field, its value and the mend.
func (f Faults) checked() (Faults, error) {
	for name, p := range map[string]float64{"drop": f.Drop, "stall": f.Stall, "late": f.Late, "wrongUnit": f.WrongUnit} {
		if !(p >= 0 && p <= 1) {
			return f, fmt.Errorf("fault %s is %v: a probability within 0 and 1 is wanted", name, p)
		}
	}
	if f.LateBy == 0 {
		f.LateBy = Duration(1500 * time.Millisecond)
	}
	if f.RestartFor == 0 {
		f.RestartFor = Duration(5 * time.Second)
	}
	for name, d := range map[string]Duration{"lateBy": f.LateBy, "restartEvery": f.RestartEvery, "restartFor": f.RestartFor} {
		if d < 0 || time.Duration(d) > time.Hour {
			return f, fmt.Errorf("fault %s is %v: a duration within 0 and 1h is wanted", name, time.Duration(d))
		}
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
	for _, u := range f.Dead {
		if u == int(unit) {
			return true
		}
	}
	return false
}

// ParseFaults reads faults from JSON; an unknown field is an error.
func ParseFaults(b []byte) (Faults, error) {
	var f Faults
	if err := strict(b, &f); err != nil {
		return f, fmt.Errorf("faults: %w", err)
	}
	return f.checked()
}

// String is JSON.
func (f Faults) String() string {
	b, _ := json.Marshal(f)
	return string(b)
}
