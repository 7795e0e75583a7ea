package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Duration is written as in "1.5s"; a day is the longest.
type Duration time.Duration

const day = 24 * time.Hour

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 || v > day {
		return fmt.Errorf("%q is not a duration within 0 and 24h, like 1.5s", b)
	}
	*d = Duration(v)
	return nil
}

// Probabilities checks faults, by their names, that are drawn.
func Probabilities(faults map[string]float64) error {
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		if p := faults[name]; !(p >= 0 && p <= 1) {
			return fmt.Errorf("fault %s is %v: a probability within 0 and 1 is wanted", name, p)
		}
	}
	return nil
}

// Durations checks faults, by their names, that last for an hour at most.
func Durations(faults map[string]Duration) error {
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		if d := time.Duration(faults[name]); d < 0 || d > time.Hour {
			return fmt.Errorf("fault %s is %v: a duration within 0 and 1h is wanted", name, d)
		}
	}
	return nil
}

// parse reads one document of faults; an unknown field is an error.
func parse(b []byte, faults any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(faults)
	if err == nil && d.More() {
		err = errors.New("more than one JSON value")
	}
	if err != nil {
		return fmt.Errorf("faults: %w", err)
	}
	return nil
}
