package opcua

import (
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

// item is one compiled point.
type item struct {
	id      uint32
	every   time.Duration
	address Address // with the unit in it
	typ     telemetry.Type
	scaled  bool
	scale   float64
	offset  float64
}

// Statuses that the driver itself sets, beside those that come from the server (OPC 10000-6, A.2).
var (
	badTypeMismatch      = telemetry.Status(ua.StatusBadTypeMismatch)
	badNotSupported      = telemetry.Status(ua.StatusBadNotSupported)
	badIndexRangeNoData  = telemetry.Status(ua.StatusBadIndexRangeNoData)
	badDataTypeIDUnknown = telemetry.Status(ua.StatusBadDataTypeIDUnknown)
)

// compile checks a point. The error is a *driver.FieldError.
func compile(p driver.Point) (item, error) {
	it := item{id: p.ID, every: p.Every, typ: p.Type, scale: p.Scale, offset: p.Offset}
	if it.every <= 0 {
		it.every = driver.DefaultEvery
	}
	if it.scale == 0 {
		it.scale = 1
	}
	it.scaled = it.scale != 1 || it.offset != 0
	var err error
	if it.address, err = ParseAddress(p.Address); err != nil {
		return it, err
	}
	if it.address, err = it.address.At(p.Unit); err != nil {
		return it, err
	}
	if p.Encoding != "" && !known(p.Encoding) {
		return it, fieldError("encoding", p.Encoding, "OPC UA 的值自带类型；编码请留空，或写类型名，例如 Double",
			"values of OPC UA bear their type: leave the encoding empty, or name it, like Double")
	}
	if p.Order != "" {
		return it, fieldError("order", p.Order, "OPC UA 没有字节序可选，请留空", "OPC UA has no byte order to choose: leave it empty")
	}
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	whole := func(x float64) bool { return x == math.Trunc(x) && math.Abs(x) < 1<<53 }
	switch {
	case !finite(it.scale) || !finite(it.offset), it.scaled && (it.typ == telemetry.Bool || it.typ == telemetry.String):
		return it, fieldError("scale", fmt.Sprintf("%v, %v", p.Scale, p.Offset), "倍率和偏移只用于数值，且必须是有限数", "scale and offset apply to numbers only, and must be finite")
	case it.scaled && it.typ == telemetry.Int64 && !(whole(it.scale) && whole(it.offset)):
		return it, fieldError("scale", fmt.Sprintf("%v, %v", p.Scale, p.Offset), "整数点的倍率和偏移须为整数；否则请把类型改为 float64", "scale and offset of an int64 are whole numbers; else make the type float64")
	}
	return it, nil
}

// typeNames are the built-in types by their number (OPC 10000-6, 5.1.2).
var typeNames = [...]string{"", "Boolean", "SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double",
	"String", "DateTime", "Guid", "ByteString", "XmlElement", "NodeId", "ExpandedNodeId", "StatusCode", "QualifiedName",
	"LocalizedText", "ExtensionObject", "DataValue", "Variant", "DiagnosticInfo"}

func known(encoding string) bool {
	for _, n := range typeNames[1:] {
		if n == encoding {
			return true
		}
	}
	return false
}

func typeName(t ua.TypeID) string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", t)
}

// value converts what a server said of the point. The status is the server's, untouched, unless there is a good value
// that the point cannot hold.
func (it *item) value(v *ua.Variant, status telemetry.Status) (telemetry.Value, telemetry.Status) {
	if v == nil || v.Value() == nil {
		return telemetry.Value{}, status // a change of status comes without a value
	}
	if status.IsBad() {
		return telemetry.Value{}, status // what stands beside a bad status is no value (OPC 10000-4, 7.11)
	}
	x := v.Value()
	if _, raw := x.([]byte); raw && v.Type() == ua.TypeIDByteString {
		// one ByteString, not an array
	} else if r := reflect.ValueOf(x); r.Kind() == reflect.Slice {
		i := it.address.Index
		if r.Len() == 1 && i >= 0 {
			i = 0 // the server sent the one element that was asked for
		}
		switch {
		case i < 0:
			return telemetry.Value{}, badTypeMismatch // a whole array is no value of a point: give an index
		case i >= r.Len():
			return telemetry.Value{}, badIndexRangeNoData
		}
		x = r.Index(i).Interface()
	}
	out, wrong := it.convert(x)
	if wrong != 0 {
		return telemetry.Value{}, wrong
	}
	return out, status
}

// convert turns a scalar into the point's type. Texts that look like numbers stay texts.
func (it *item) convert(x any) (telemetry.Value, telemetry.Status) {
	if n, ok := x.(*ua.Variant); ok && n != nil {
		x = n.Value() // an element of an array of variants
	}
	switch x := x.(type) {
	case bool:
		n := int64(0)
		if x {
			n = 1
		}
		if it.typ == 0 || it.typ == telemetry.Bool {
			return telemetry.Value{Type: telemetry.Bool, Bits: uint64(n)}, 0
		}
		return it.integer(n)
	case int8:
		return it.integer(int64(x))
	case uint8:
		return it.integer(int64(x))
	case int16:
		return it.integer(int64(x))
	case uint16:
		return it.integer(int64(x))
	case int32:
		return it.integer(int64(x))
	case uint32:
		return it.integer(int64(x))
	case int64:
		return it.integer(x)
	case uint64:
		if x > math.MaxInt64 {
			if it.typ == telemetry.Float64 {
				return it.real(float64(x))
			}
			return telemetry.Value{}, telemetry.BadOutOfRange
		}
		return it.integer(int64(x))
	case float32:
		return it.real(float64(x))
	case float64:
		return it.real(x)
	case ua.StatusCode:
		return it.integer(int64(x))
	case time.Time:
		if it.typ == telemetry.Int64 {
			return it.integer(nanos(x))
		}
		return it.text(x.UTC().Format(time.RFC3339Nano))
	case string:
		return it.text(x)
	case []byte:
		return it.text(hex.EncodeToString(x))
	case ua.XMLElement:
		return it.text(string(x))
	case *ua.LocalizedText:
		return it.text(x.Text)
	case *ua.QualifiedName:
		return it.text(x.Name)
	case *ua.GUID:
		return it.text(x.String())
	case *ua.NodeID:
		return it.text(x.String())
	case *ua.ExpandedNodeID:
		return it.text(x.NodeID.String())
	case *ua.ExtensionObject:
		return telemetry.Value{}, badDataTypeIDUnknown // a structure: its type's description would be needed
	}
	return telemetry.Value{}, badNotSupported
}

func (it *item) text(s string) (telemetry.Value, telemetry.Status) {
	if it.typ != 0 && it.typ != telemetry.String {
		return telemetry.Value{}, badTypeMismatch
	}
	if !utf8.ValidString(s) {
		return telemetry.Value{}, telemetry.BadDecodingError
	}
	return telemetry.Value{Type: telemetry.String, Text: s}, 0
}

// integer scales in integers; what does not fit an int64 is out of range, never wrapped.
func (it *item) integer(n int64) (telemetry.Value, telemetry.Status) {
	switch it.typ {
	case telemetry.Float64:
		return it.real(float64(n))
	case telemetry.Bool:
		if n != 0 && n != 1 {
			return telemetry.Value{}, telemetry.BadOutOfRange
		}
		return telemetry.Value{Type: telemetry.Bool, Bits: uint64(n)}, 0
	case telemetry.String:
		return telemetry.Value{}, badTypeMismatch
	case 0:
		if it.scaled {
			return it.real(float64(n))
		}
	}
	if it.scaled {
		s, o := int64(it.scale), int64(it.offset)
		p := n * s
		if n != 0 && s != 0 && (p/s != n || n == math.MinInt64 && s == -1) {
			return telemetry.Value{}, telemetry.BadOutOfRange
		}
		sum := p + o
		if o != 0 && (sum > p) != (o > 0) {
			return telemetry.Value{}, telemetry.BadOutOfRange
		}
		n = sum
	}
	return telemetry.Value{Type: telemetry.Int64, Bits: uint64(n)}, 0
}

// real scales in floats. Not-a-number and infinities are how devices say that they have no value.
func (it *item) real(x float64) (telemetry.Value, telemetry.Status) {
	if it.typ != 0 && it.typ != telemetry.Float64 {
		return telemetry.Value{}, badTypeMismatch
	}
	if it.scaled {
		x = float64(x*it.scale) + it.offset
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return telemetry.Value{}, telemetry.BadOutOfRange
	}
	return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(x)}, 0
}

// Times that a sample can bear; servers send 1601, or the last moment that the format can write, for "none". gopcua
// reads that last moment as one in 2185.
var earliest, latest = time.Unix(0, 0), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func nanos(t time.Time) int64 {
	if !t.After(earliest) || t.After(latest) {
		return 0
	}
	return t.UnixNano()
}

// times returns the source's and the server's time of a value, 0 where there is none.
func times(dv *ua.DataValue) (source, server int64) {
	if dv.Has(ua.DataValueSourceTimestamp) {
		source = nanos(dv.SourceTimestamp)
	}
	if dv.Has(ua.DataValueServerTimestamp) {
		server = nanos(dv.ServerTimestamp)
	}
	return source, server
}
