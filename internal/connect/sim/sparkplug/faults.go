package sparkplug

import "jingwei/internal/connect/sim/control"

// Faults says what goes wrong. Probabilities are drawn from the seed; the zero value is health.
type Faults struct {
	Drop    float64 `json:"drop"`    // a data message breaks the connection instead
	Swallow float64 `json:"swallow"` // a data message is counted and not sent
	Silent  float64 `json:"silent"`  // a new connection goes on with data, by alias, without births
	Replay  float64 `json:"replay"`  // a data message is followed by the births of the session's beginning
}

// checked returns an error that names the field, its value and the mend.
func (f Faults) checked() (Faults, error) {
	return f, control.Probabilities(map[string]float64{"drop": f.Drop, "swallow": f.Swallow, "silent": f.Silent, "replay": f.Replay})
}
