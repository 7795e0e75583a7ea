package shown

import (
	"time"

	"jingwei/internal/telemetry"
)

// State says what a latest value is worth.
type State string

// The states.
const (
	Live   State = "live"   // good, and no older than the longest silence of its source
	Stale  State = "stale"  // older, or not good
	Silent State = "silent" // never heard of, or communication is lost
)

// grace is what the way from the machine to the node may take before a value is called stale.
const grace = 2 * time.Second

// StateOf is the state of a latest sample, as telemetry.Store tells it, of a series with a longest silence, at a time. A
// zero sample (commit 0) is none.
func StateOf(s *telemetry.Sample, maxSilence time.Duration, now int64) State {
	switch {
	case s.Commit == 0 || s.Status&0xFFFF0000 == telemetry.BadNoCommunication:
		return Silent
	case !s.Status.IsGood() || now-s.Time > int64(maxSilence+grace):
		return Stale
	}
	return Live
}
