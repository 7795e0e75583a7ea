package mqtt

import (
	"time"

	"jingwei/internal/connect/sim/control"
)

// Faults says what goes wrong. Probabilities are per message, 0..1, and drawn from the seed; the zero value is health.
type Faults struct {
	Drop      float64          `json:"drop"`      // the connection breaks before the message's acknowledgement
	Malformed float64          `json:"malformed"` // half an object is sent; the whole one follows
	WrongType float64          `json:"wrongType"` // a number of the object becomes a text
	Stall     float64          `json:"stall"`     // the device falls silent for StallFor
	StallFor  control.Duration `json:"stallFor"`  // default 5s
}

// checked fills in the defaults; the error names the field, its value and the mend.
func (f Faults) checked() (Faults, error) {
	if err := control.Probabilities(map[string]float64{"drop": f.Drop, "malformed": f.Malformed, "wrongType": f.WrongType, "stall": f.Stall}); err != nil {
		return f, err
	}
	if f.StallFor == 0 {
		f.StallFor = control.Duration(5 * time.Second)
	}
	return f, control.Durations(map[string]control.Duration{"stallFor": f.StallFor})
}
