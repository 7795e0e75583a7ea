package template

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"jingwei/internal/telemetry"
)

// checkRecorded reports what is wrong with where the recording keeps a point.
func (p *Point) checkRecorded(t *Template, report func(field, what string)) {
	r := p.Recorded
	if r == nil {
		return
	}
	ways := 0
	for _, used := range []bool{r.Cumulative, len(r.Is) > 0, r.Above != nil} {
		if used {
			ways++
		}
	}
	typ := p.Type.Telemetry()
	switch {
	case t.Recording.Dataset == "":
		report("recorded", "the template names no recording")
	case (r.Column == "") == (r.Constant == ""):
		report("recorded", "want either a column or a constant")
	case ways > 1:
		report("recorded", "want one of cumulative, is and above")
	case typ == telemetry.Bool && r.Column != "" && len(r.Is) == 0 && r.Above == nil:
		report("recorded", "a bool from a column needs is or above")
	case typ != telemetry.Bool && (len(r.Is) > 0 || r.Above != nil):
		report("recorded", "is and above make a bool")
	case r.Cumulative && typ != telemetry.Float64 && typ != telemetry.Int64:
		report("recorded", "only a number can be cumulative")
	}
}

// Parse turns a cell of the recording into the point's value in engineering units (what Scale and Offset give). For a
// cumulative point it is the amount to add.
func (p *Point) Parse(cell string) (telemetry.Value, error) {
	r := p.Recorded
	if r == nil {
		return telemetry.Value{}, fmt.Errorf("point %s: the recording does not have it", p.Key)
	}
	bad := func(want string) (telemetry.Value, error) {
		return telemetry.Value{}, fmt.Errorf("point %s: cell %q of column %s: want %s", p.Key, cell, r.Column, want)
	}
	typ := p.Type.Telemetry()
	switch typ {
	case telemetry.String:
		return telemetry.Value{Type: typ, Text: cell}, nil
	case telemetry.Bool:
		on := slices.Contains(r.Is, cell)
		if r.Above != nil {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return bad("a number")
			}
			on = v > *r.Above
		} else if r.Constant != "" {
			on = r.Constant == "true"
		}
		v := telemetry.Value{Type: typ}
		if on {
			v.Bits = 1
		}
		return v, nil
	case telemetry.Int64:
		if len(p.Values) > 0 {
			for _, v := range p.Values {
				if slices.Contains(v.Recorded, cell) {
					return telemetry.Value{Type: typ, Bits: uint64(v.Value)}, nil
				}
			}
			return bad("one of the named values")
		}
		v, err := strconv.ParseInt(cell, 10, 64)
		if err != nil {
			return bad("a whole number")
		}
		return telemetry.Value{Type: typ, Bits: uint64(v)}, nil
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil || math.IsInf(v, 0) {
		return bad("a number")
	}
	return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(v)}, nil
}
