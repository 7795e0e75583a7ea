package rollup

import (
	"math"

	"jingwei/internal/telemetry"
)

// Around is what stands around a sample in its series.
type Around struct {
	Next        int64 // time of the next sample of any status; math.MaxInt64: there is none
	NextReading int64 // counters: time of the next good reading; math.MaxInt64: there is none
	Earlier     bool  // counters: there is a good reading before the sample
}

// Reach tells which minutes a sample of time t bears on: those are the minute rows to be made anew after it came late, was
// corrected or was taken away, and no others. The spans are whole minutes in order, apart from each other. They end with
// what the definition allows: where there is no next sample the cover goes on for the longest silence, and what the first
// reading of a counter makes known stays known, up to math.MaxInt64 rounded down to a minute; now cuts both.
func (d *Definition) Reach(t int64, a Around) []telemetry.Span {
	// Whatever covered the time from t on before, covers it up to the next sample or its own silence.
	until := a.Next
	if back := int64(d.LookBack()); until-t > back {
		until = t + back
	}
	spans := []telemetry.Span{{From: minuteOf(t), To: ending(max(until, t+1))}}
	if d.Counter == nil {
		return spans
	}
	// What was counted up to the reading, and from it to the next, or to the change of the meter before that.
	if t > 0 {
		spans[0].From = minuteOf(t - 1)
	}
	next, known := a.NextReading, a.Earlier
	for _, c := range d.Counter.Changes {
		if c.At > t {
			next = min(next, c.At)
			break
		}
		known = true
	}
	if !known {
		spans[0].To = max(spans[0].To, ending(next))
		return spans
	}
	if next == math.MaxInt64 {
		return spans
	}
	if m := minuteOf(next - 1); m >= spans[0].To {
		spans = append(spans, telemetry.Span{From: m, To: m + Minute})
	}
	return spans
}

// ending is the end of the minute that ends at or after a time.
func ending(t int64) int64 {
	if t > math.MaxInt64-Minute {
		return minuteOf(math.MaxInt64)
	}
	return minuteOf(t-1) + Minute
}
