package indicator

import (
	"fmt"
	"math"

	"jingwei/internal/kernel/field"
	"jingwei/internal/plant/ucum"
	"jingwei/internal/telemetry/rollup"
)

// maxDays bounds the civil days of a time that machines are looked at for.
const maxDays = 400

// CivilDays are the bounds of the civil days of China in a time, cut off at its ends: n+1 of n days. nil where they are none, or more than
// 400.
func CivilDays(from, to int64) []int64 {
	if from >= to {
		return nil
	}
	out := []int64{from}
	for {
		next, ok := field.NextDay(field.DateOf(out[len(out)-1]))
		if !ok || next >= to {
			break
		}
		if out = append(out, next); len(out) > maxDays {
			return nil
		}
	}
	return append(out, to)
}

// WattHours sums what rows of a counter that lie in a time say that it counted. unit is the counter's (UCUM). False where no row says so.
// Errors: a unit that is none of energy.
func WattHours(rows []rollup.Row, unit string, from, to int64) (int64, bool, error) {
	of, err := ucum.Parse(unit)
	if err != nil {
		return 0, false, fmt.Errorf("a counter in %q: %w", unit, err)
	}
	in, err := ucum.Parse("W.h")
	if err != nil {
		return 0, false, err
	}
	sum, known := 0.0, false
	for i := range rows {
		r := &rows[i]
		if r.From < from || r.To > to || r.Flags&rollup.HasCounter == 0 || r.Flags&rollup.Unread != 0 {
			continue
		}
		known = true
		sum += r.Consumption.Value()
	}
	wh, err := ucum.Convert(sum, of, in)
	if err != nil {
		return 0, false, fmt.Errorf("a counter in %q: %w", unit, err)
	}
	if math.IsNaN(wh) || wh < 0 || wh > math.MaxInt64/4 {
		return 0, false, nil
	}
	return int64(math.Round(wh)), known, nil
}
