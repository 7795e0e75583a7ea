package mqttjson

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/valyala/fastjson"

	"jingwei/internal/telemetry"
)

// Bounds of a payload.
const (
	maxDepth = 32      // of nested objects and arrays
	maxItems = 200     // of one array that is taken apart
	maxText  = 4096    // bytes of one text
	maxBytes = 4 << 20 // of a payload
)

var (
	errDepth = errors.New("nested deeper than 32 levels")
	errSize  = errors.New("larger than 4 MiB")
)

// parse reads a document, strictly. The value is valid until the parser's next use.
func parse(p *fastjson.Parser, b []byte) (*fastjson.Value, error) {
	if len(b) > maxBytes {
		return nil, errSize
	}
	if deep(b) {
		return nil, errDepth
	}
	if err := fastjson.ValidateBytes(b); err != nil { // Parse alone lets NaN, broken escapes and control characters pass
		return nil, err
	}
	return p.ParseBytes(b)
}

// deep tells whether a document nests too deep, before a recursive reader sees it.
func deep(b []byte) bool {
	depth, text := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text:
			switch c {
			case '\\':
				i++
			case '"':
				text = false
			}
		case c == '"':
			text = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// scalar turns a JSON value into one of telemetry. ok is false for null, objects and arrays, and for numbers beyond
// what a float64 holds.
func scalar(v *fastjson.Value, buf []byte) (telemetry.Value, bool) {
	switch v.Type() {
	case fastjson.TypeNumber:
		buf = v.MarshalTo(buf[:0])
		return number(unsafe.String(unsafe.SliceData(buf), len(buf)))
	case fastjson.TypeTrue:
		return boolean(true), true
	case fastjson.TypeFalse:
		return boolean(false), true
	case fastjson.TypeString:
		b, _ := v.StringBytes()
		return telemetry.Value{Type: telemetry.String, Text: string(b)}, true
	}
	return telemetry.Value{}, false
}

// number reads a JSON number: an integer stays one where it fits, so that a counter keeps its last digit.
func number(s string) (telemetry.Value, bool) {
	if !strings.ContainsAny(s, ".eE") && s != "-0" {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return telemetry.Value{Type: telemetry.Int64, Bits: uint64(n)}, true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return telemetry.Value{}, false
	}
	return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(f)}, true
}

func boolean(b bool) telemetry.Value {
	v := telemetry.Value{Type: telemetry.Bool}
	if b {
		v.Bits = 1
	}
	return v
}

// kind is the type that a metric is introduced with: a number may have a fraction the next time.
func kind(v telemetry.Value) telemetry.Type {
	if v.Type == telemetry.Int64 {
		return telemetry.Float64
	}
	return v.Type
}

// as turns a value into the type that a rule or a point wants, where devices write it in another way: words for
// booleans. Everything else is left to the slot, which refuses what does not fit.
func as(v telemetry.Value, want telemetry.Type) telemetry.Value {
	if want == telemetry.Bool && v.Type == telemetry.String {
		switch strings.ToLower(v.Text) {
		case "on", "true":
			return boolean(true)
		case "off", "false":
			return boolean(false)
		}
	}
	return v
}

// coerce applies a rule: what its type allows beyond as. A person has asked for it, so numbers in texts are read.
func (r *rule) coerce(v telemetry.Value) (telemetry.Value, bool) {
	switch r.Type {
	case "number", "integer":
		switch v.Type {
		case telemetry.String:
			n, ok := number(strings.TrimSpace(v.Text))
			if !ok {
				return v, false
			}
			v = n
		case telemetry.Bool:
			v.Type = telemetry.Int64
		}
	case "boolean":
		switch v = as(v, telemetry.Bool); v.Type {
		case telemetry.Bool:
		case telemetry.Int64:
			if v.Bits > 1 {
				return v, false
			}
			v.Type = telemetry.Bool
		case telemetry.String:
			if v.Text != "0" && v.Text != "1" {
				return v, false
			}
			v = boolean(v.Text == "1")
		default:
			return v, false
		}
	case "text":
		v = telemetry.Value{Type: telemetry.String, Text: show(v)}
	}
	if r.Type == "integer" && v.Type == telemetry.Float64 {
		f := math.Float64frombits(v.Bits)
		if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return v, false
		}
		v = telemetry.Value{Type: telemetry.Int64, Bits: uint64(int64(f))}
	}
	if r.Scale != 0 && r.Scale != 1 || r.Offset != 0 {
		f := math.Float64frombits(v.Bits)
		switch v.Type {
		case telemetry.Int64:
			f = float64(int64(v.Bits))
		case telemetry.Float64:
		default:
			return v, false
		}
		scale := r.Scale
		if scale == 0 {
			scale = 1
		}
		v = telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(float64(f*scale) + r.Offset)}
	}
	return v, true
}

// typed is the type that a rule introduces its metric with.
func (r *rule) typed(v telemetry.Value) telemetry.Type {
	switch r.Type {
	case "number":
		return telemetry.Float64
	case "integer":
		return telemetry.Int64
	case "boolean":
		return telemetry.Bool
	case "text":
		return telemetry.String
	}
	return kind(v)
}

// show writes a value for people.
func show(v telemetry.Value) string {
	switch v.Type {
	case telemetry.Int64:
		return strconv.FormatInt(int64(v.Bits), 10)
	case telemetry.Float64:
		return strconv.FormatFloat(math.Float64frombits(v.Bits), 'g', -1, 64)
	case telemetry.Bool:
		return strconv.FormatBool(v.Bits != 0)
	}
	return v.Text
}

// Bounds of a device's time: what lies outside is a clock that was never set, or another unit.
var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
)

// layouts of times without a zone.
var layouts = []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"}

// instant reads a time in nanoseconds.
func (m *mapping) instant(v *fastjson.Value) (int64, bool) {
	var s string
	switch v.Type() {
	case fastjson.TypeNumber:
		s = string(v.MarshalTo(nil))
	case fastjson.TypeString:
		b, _ := v.StringBytes()
		s = string(b)
	default:
		return 0, false
	}
	ns, ok := m.moment(s)
	return ns, ok && ns >= earliest && ns < latest
}

func (m *mapping) moment(s string) (int64, bool) {
	if m.format == "rfc3339" || m.format == "auto" {
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return t.UnixNano(), t.Year() > 1970 && t.Year() < 2200
		}
		if m.zone != nil {
			for _, l := range layouts {
				if t, err := time.ParseInLocation(l, s, m.zone); err == nil {
					return t.UnixNano(), t.Year() > 1970 && t.Year() < 2200
				}
			}
		}
		if m.format == "rfc3339" {
			return 0, false
		}
	}
	v, ok := number(s)
	if !ok {
		return 0, false
	}
	f := math.Float64frombits(v.Bits)
	if v.Type == telemetry.Int64 {
		f = float64(int64(v.Bits))
	}
	unit := map[string]int64{"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1}[m.format]
	if unit == 0 { // of 2000 to 2200, the units do not overlap
		switch {
		case f < 1e10:
			unit = 1e9
		case f < 1e13:
			unit = 1e6
		case f < 1e16:
			unit = 1e3
		default:
			unit = 1
		}
	}
	if v.Type == telemetry.Int64 {
		n := int64(v.Bits)
		if n < 0 || n > math.MaxInt64/unit {
			return 0, false
		}
		return n * unit, true
	}
	if f < 0 || f > float64(latest)/float64(unit) {
		return 0, false
	}
	whole, fraction := math.Modf(f)
	return int64(whole)*unit + int64(math.Round(fraction*float64(unit))), true
}
