package rollup

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"jingwei/internal/telemetry"
)

// Minute is the width of the rows that Fold makes, in nanoseconds.
const Minute = int64(time.Minute)

// Definition says how the samples of a series become rows.
type Definition struct {
	Type      telemetry.Type
	Reporting []telemetry.Reporting // in order of From, never empty; as telemetry.Series has it
	// States: durations in state are kept for an int64 series too, as befits codes of a machine's state. Bool and string
	// series always have them, float64 series never.
	States  bool
	Counter *Counter // nil: the series is no counter
}

// DefinitionError tells what is wrong in a definition.
type DefinitionError struct {
	Field  string // type, reporting, states, counter.modulus, counter.maxStep, counter.changes[i].at, .old, .new, .reason
	Value  string
	Reason string // what is wrong with it, or what would be right
}

func (e *DefinitionError) Error() string {
	return fmt.Sprintf("roll-up definition: %s %s: %s", e.Field, e.Value, e.Reason)
}

// Check tells what is wrong in a definition, as a *DefinitionError.
func (d *Definition) Check() error {
	switch {
	case !d.Type.Valid():
		return &DefinitionError{"type", d.Type.String(), "one of float64, int64, bool, string"}
	case len(d.Reporting) == 0:
		return &DefinitionError{"reporting", "empty", "say how the series reports"}
	case d.States && d.Type == telemetry.Float64:
		return &DefinitionError{"states", "true", "a float64 series has no states"}
	}
	for i, r := range d.Reporting {
		field := fmt.Sprintf("reporting[%d]", i)
		if r.MaxSilence <= 0 {
			return &DefinitionError{field, r.MaxSilence.String(), "a longest silence greater than zero"}
		}
		if i > 0 && r.From <= d.Reporting[i-1].From {
			return &DefinitionError{field, instant(r.From), "reporting in order of its begin"}
		}
	}
	if d.Counter != nil {
		return d.Counter.Check(d.Type)
	}
	return nil
}

// LookBack is how long before a span the samples begin that may cover a part of it: the longest of the longest silences.
func (d *Definition) LookBack() time.Duration {
	var most time.Duration
	for _, r := range d.Reporting {
		most = max(most, r.MaxSilence)
	}
	return most
}

// Scan is the span of samples that Fold wants to see for a span of rows: from the look-back, and for counters to the
// reading at its very end.
func (d *Definition) Scan(span telemetry.Span) telemetry.Span {
	back := int64(d.LookBack())
	s := telemetry.Span{From: 0, To: span.To}
	if span.From > back {
		s.From = span.From - back
	}
	if d.Counter != nil {
		s.To++
	}
	return s
}

func (d *Definition) hasStates() bool {
	return d.Type == telemetry.Bool || d.Type == telemetry.String || d.Type == telemetry.Int64 && d.States
}

// Counter says that a series is the reading of a counter, and what is known about it.
//
// Between two good readings that follow each other it counted their difference, if the second is not the smaller one. If
// it is and Modulus is known, the counter rolled over, and it counted the difference plus Modulus, unless that is
// more than MaxStep or nothing: then, and where no Modulus is known, it was reset, and counted the second reading (a
// negative one: nothing). A change of the meter stands between the readings before its time and those from its time on:
// the old meter counted up to Old, the new one from New. What was counted belongs to the time of the second reading, or
// of the change. A float64 reading that is infinite is none. A register that may run backwards is no counter.
//
// Where there is no reading and no change at or before the begin of a row, its consumption is unknown (flag Unread): it
// has what was counted after the first reading.
type Counter struct {
	Modulus float64 // the reading after which 0 comes, plus 1: 10000 of a counter of four digits; 0: not known
	MaxStep float64 // more than the counter can count between two readings; 0: not known
	Changes []MeterChange
	Version string // names all of the above; part of the formula hash
}

// MeterChange is a change of the meter, or a setting of its register.
type MeterChange struct {
	At     int64           // ns; readings before it are of the old meter
	Old    telemetry.Value // last reading of the old meter, in the series' type
	New    telemetry.Value // first reading of the new meter
	Reason string
}

// MaxChanges bounds the meter changes of one counter.
const MaxChanges = 10_000

// Check tells what is wrong in a counter of a series' type, as a *DefinitionError.
func (c *Counter) Check(t telemetry.Type) error {
	if t != telemetry.Float64 && t != telemetry.Int64 {
		return &DefinitionError{"type", t.String(), "a counter is of type float64 or int64"}
	}
	for _, n := range []struct {
		field string
		value float64
	}{{"counter.modulus", c.Modulus}, {"counter.maxStep", c.MaxStep}} {
		if !(n.value >= 0) || math.IsInf(n.value, 0) {
			return &DefinitionError{n.field, strconv.FormatFloat(n.value, 'g', -1, 64), "a number greater than zero, or 0 where it is not known"}
		}
	}
	if t == telemetry.Int64 && (c.Modulus != math.Trunc(c.Modulus) || c.Modulus > 1<<64) {
		return &DefinitionError{"counter.modulus", strconv.FormatFloat(c.Modulus, 'g', -1, 64), "a whole number of at most 2^64 for an int64 series"}
	}
	if len(c.Changes) > MaxChanges {
		return &DefinitionError{"counter.changes", strconv.Itoa(len(c.Changes)), fmt.Sprintf("at most %d", MaxChanges)}
	}
	for i, m := range c.Changes {
		field := fmt.Sprintf("counter.changes[%d].", i)
		if m.At < 0 || i > 0 && m.At <= c.Changes[i-1].At {
			return &DefinitionError{field + "at", instant(m.At), "changes in order of their times, since 1970"}
		}
		if !reads(t, m.Old) {
			return &DefinitionError{field + "old", show(m.Old), "a finite number in the type of the series, " + t.String()}
		}
		if !reads(t, m.New) {
			return &DefinitionError{field + "new", show(m.New), "a finite number in the type of the series, " + t.String()}
		}
		if m.Reason == "" {
			return &DefinitionError{field + "reason", "empty", "say why the meter was changed"}
		}
	}
	return nil
}

// reads tells whether a value can be a reading of a counter of type t.
func reads(t telemetry.Type, v telemetry.Value) bool {
	return v.Type == t && (t != telemetry.Float64 || finite(v.Bits))
}

// finite tells whether the bits of a float64 are those of a finite number.
func finite(b uint64) bool { return b>>52&0x7FF != 0x7FF }

func instant(t int64) string { return time.Unix(0, t).UTC().Format(time.RFC3339Nano) }

func show(v telemetry.Value) string {
	switch v.Type {
	case telemetry.Float64:
		return strconv.FormatFloat(math.Float64frombits(v.Bits), 'g', -1, 64)
	case telemetry.Int64, telemetry.Bool:
		return strconv.FormatInt(int64(v.Bits), 10)
	case telemetry.String:
		return strconv.Quote(v.Text)
	}
	return "null"
}
