package intake

import (
	"context"
	"fmt"
	"math"

	"jingwei/internal/telemetry"
)

// Metric is what a source calls one value of one of its devices.
type Metric struct {
	Name string         // "Motor/Speed"; unique in the device
	Type telemetry.Type // as the source tells it
	Unit string         // as the source tells it; "" where it does not
}

// Slot is where a metric's values go. Decoders keep it and look again when Binder.Generation has changed.
type Slot struct {
	Ref    telemetry.Ref  // 0: nobody wants it; the values are counted and the newest is shown, but not kept
	Type   telemetry.Type // of the series
	Scale  float64        // value = told × Scale + Offset; 0 means 1
	Offset float64
}

// Binder decides where metrics go. It is asked at births and first sights, not for each value: it may read SQL, and make
// machines and points where its source adopts what it sees.
type Binder interface {
	// Bind returns one slot for each metric of a device, in their order. An error is one of the node (the database is
	// away): the message is not acknowledged and comes again.
	Bind(ctx context.Context, device string, metrics []Metric) ([]Slot, error)
	// Generation changes when an answer of Bind may have changed.
	Generation() uint64
	// Saw tells of values that have no slot, for the page that shows what a source offers; it does not block.
	Saw(device string, metric Metric, at int64, v telemetry.Value)
	// Alive tells that a device is heard (true) or has gone (false) at a time, for its page; it does not block.
	Alive(device string, alive bool, at int64)
	// Trouble tells what was wrong with something that a device sent, in a code, for the page and the counters; what is
	// right in the same message has been taken, unless the decoder refuses it whole. It does not block.
	Trouble(device string, t Trouble)
}

// Trouble is something wrong with what a source sends.
type Trouble struct {
	Code   string // stable: "alias.unknown", "type", "payload", "sequence", "topic", …
	Where  string // topic, metric, line: so that a person finds it
	Value  string // cut short
	Zh, En string // what is wrong and the mend
}

func (t *Trouble) Error() string { return fmt.Sprintf("%s: %s", t.Where, t.En) }

// Convert turns a told value into the type and scale of a slot. ok is false where that is not possible without loss: a
// text for a number, a fraction for an integer, an integer beyond 2^53 for a float.
func (s *Slot) Convert(v telemetry.Value) (out telemetry.Value, ok bool) { return convert(s, v) }

func convert(s *Slot, v telemetry.Value) (telemetry.Value, bool) {
	scaled := s.Offset != 0 || s.Scale != 0 && s.Scale != 1
	if v.Type == 0 {
		return v, true
	}
	if s.Type == telemetry.Float64 && (v.Type == telemetry.Float64 || v.Type == telemetry.Int64) {
		f, ok := float(v)
		if scaled {
			f = float64(f*s.scale()) + s.Offset
		}
		return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(f)}, ok
	}
	if s.Type == telemetry.Int64 && v.Type == telemetry.Float64 {
		f := math.Float64frombits(v.Bits)
		if f != math.Trunc(f) || math.Abs(f) > maxExact {
			return telemetry.Value{}, false
		}
		v = telemetry.Value{Type: telemetry.Int64, Bits: uint64(int64(f))}
	}
	return v, v.Type == s.Type && !scaled
}

// maxExact is the greatest integer up to which a float64 holds every integer.
const maxExact = 1 << 53

func (s *Slot) scale() float64 {
	if s.Scale == 0 {
		return 1
	}
	return s.Scale
}

func float(v telemetry.Value) (f float64, exact bool) {
	if v.Type == telemetry.Float64 {
		return math.Float64frombits(v.Bits), true
	}
	n := int64(v.Bits)
	return float64(n), n >= -maxExact && n <= maxExact
}
