package shown

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

func TestAValueOfEachTypeHasOneForm(t *testing.T) {
	float := func(f float64) telemetry.Value {
		return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(f)}
	}
	for want, v := range map[string]telemetry.Value{
		"null": {}, "0.1": float(0.1), "-0": float(math.Copysign(0, -1)), "1e-07": float(1e-7), "0.000001": float(1e-6), "100000000000000000000": float(1e20), "1e+21": float(1e21),
		`"NaN"`: float(math.NaN()), `"Infinity"`: float(math.Inf(1)), `"-Infinity"`: float(math.Inf(-1)), "5e-324": float(math.SmallestNonzeroFloat64),
		`"-9223372036854775808"`: {Type: telemetry.Int64, Bits: 1 << 63}, "true": {Type: telemetry.Bool, Bits: 1}, "false": {Type: telemetry.Bool},
		`"停\n\"机\""`: {Type: telemetry.String, Text: "停\n\"机\""},
	} {
		got, err := json.Marshal(Value{v})
		if err != nil || string(got) != want {
			t.Errorf("%+v: %s %v, want %s", v, got, err, want)
		}
		if f, ok := decoded(got); ok && math.Float64bits(f) != v.Bits {
			t.Errorf("%s reads back as %v", got, f)
		}
	}
}

// decoded reads a number.
func decoded(b []byte) (f float64, ok bool) {
	return f, json.Unmarshal(b, &f) == nil && string(b) != "null"
}

func TestStatusesHaveTheirNames(t *testing.T) {
	for s, want := range map[telemetry.Status]Status{
		telemetry.Good: {0, "Good", "good"}, telemetry.BadNoCommunication: {0x80310000, "BadNoCommunication", "bad"}, 0x40920000: {0x40920000, "UncertainInitialValue", "uncertain"},
		0x80310480: {0x80310480, "BadNoCommunication", "bad"}, // with information bits
		0x0FFF0001: {0x0FFF0001, "Good0x0FFF0000", "good"}, 0x4FFF0000: {0x4FFF0000, "Uncertain0x4FFF0000", "uncertain"}, 0xFFFF0000: {0xFFFF0000, "Bad0xFFFF0000", "bad"},
	} {
		if got := StatusOf(s); got != want {
			t.Errorf("%08X: %+v, want %+v", uint32(s), got, want)
		}
	}
}

func TestALatestValueAgesToTheNanosecond(t *testing.T) {
	at, silence := int64(1e18), 10*time.Second
	good := telemetry.Sample{Commit: 1, Time: at}
	lost := telemetry.Sample{Commit: 1, Time: at, Status: telemetry.BadNoCommunication}
	doubt := telemetry.Sample{Commit: 1, Time: at, Status: telemetry.Uncertain}
	for _, c := range []struct {
		s    telemetry.Sample
		now  int64
		want State
	}{{telemetry.Sample{}, at, Silent}, {good, at, Live}, {good, at + int64(silence+grace), Live}, {good, at + int64(silence+grace) + 1, Stale}, {lost, at, Silent}, {doubt, at, Stale}} {
		if got := StateOf(&c.s, silence, c.now); got != c.want {
			t.Errorf("%+v after %d: %s, want %s", c.s, c.now-at, got, c.want)
		}
	}
}
