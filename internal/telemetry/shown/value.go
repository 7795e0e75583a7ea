package shown

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/internal/telemetry"
)

// Value is a value in JSON; see the package comment.
type Value struct{ telemetry.Value }

// MarshalJSON writes it.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.Type {
	case telemetry.Float64:
		return AppendFloat(nil, math.Float64frombits(v.Bits)), nil
	case telemetry.Int64:
		return append(strconv.AppendInt([]byte{'"'}, int64(v.Bits), 10), '"'), nil
	case telemetry.Bool:
		return strconv.AppendBool(nil, v.Bits != 0), nil
	case telemetry.String:
		return json.Marshal(v.Text)
	}
	return []byte("null"), nil
}

// AppendFloat writes a float64 as JSON.
func AppendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	// The shortest digits that read back to the same bits, as JSON numbers: an exponent for the very large and small.
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 64)
}

// Schema documents it.
func (Value) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "float64: a number, or NaN, Infinity, -Infinity as a string; int64: a string of digits; bool; string; null where the sample has a status only",
		OneOf: []*huma.Schema{
			{Type: huma.TypeNumber}, {Type: huma.TypeString}, {Type: huma.TypeBoolean}, {Type: "null"},
		},
	}
}
