package sparkplug

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"jingwei/internal/telemetry"
)

// Datatype is the type that a birth gives a metric (Sparkplug 3.0, 6.4.16).
type Datatype uint8

// The data types.
const (
	Unknown Datatype = iota
	Int8
	Int16
	Int32
	Int64
	UInt8
	UInt16
	UInt32
	UInt64
	Float
	Double
	Boolean
	String
	DateTime
	Text
	UUID
	DataSet
	Bytes
	File
	Template
	PropertySet
	PropertySetList
	Int8Array
	Int16Array
	Int32Array
	Int64Array
	UInt8Array
	UInt16Array
	UInt32Array
	UInt64Array
	FloatArray
	DoubleArray
	BooleanArray
	StringArray
	DateTimeArray
)

var datatypeNames = [...]string{"Unknown", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double",
	"Boolean", "String", "DateTime", "Text", "UUID", "DataSet", "Bytes", "File", "Template", "PropertySet", "PropertySetList",
	"Int8Array", "Int16Array", "Int32Array", "Int64Array", "UInt8Array", "UInt16Array", "UInt32Array", "UInt64Array",
	"FloatArray", "DoubleArray", "BooleanArray", "StringArray", "DateTimeArray"}

// String is the name in the specification.
func (d Datatype) String() string {
	if int(d) < len(datatypeNames) {
		return datatypeNames[d]
	}
	return "datatype " + strconv.Itoa(int(d))
}

// Telemetry is the type of a series that holds the values; 0 where a metric of this type is no single value.
func (d Datatype) Telemetry() telemetry.Type {
	switch {
	case d >= Int8 && d <= UInt64, d == DateTime:
		return telemetry.Int64
	case d == Float, d == Double:
		return telemetry.Float64
	case d == Boolean:
		return telemetry.Bool
	case d == String, d == Text, d == UUID, d == Bytes:
		return telemetry.String
	}
	return 0
}

// guess is the type of a metric that comes with a value and without a type.
func (k Kind) guess() Datatype {
	switch k {
	case KindInt:
		return UInt32
	case KindLong:
		return Int64
	case KindFloat:
		return Float
	case KindDouble:
		return Double
	case KindBool:
		return Boolean
	case KindString:
		return String
	case KindBytes:
		return Bytes
	case KindDataSet:
		return DataSet
	case KindTemplate:
		return Template
	}
	return Unknown
}

// maxBytes is how much of a Bytes metric is kept, in hexadecimal.
const maxBytes = 4096

// A verdict tells what became of a value.
type verdict uint8

const (
	valueOK      verdict = iota
	valueRange           // what came does not fit: no value, Bad_OutOfRange
	valueType            // what came is of another type than the birth says: no value, Bad_DecodingError
	valueCleaned         // a text that was not UTF-8: its value, Uncertain
)

// value reads what a metric brought as the data type of its birth. Signed integers travel as two's complement in unsigned
// fields, of 32 bits whatever their size; edge nodes are also seen to send 64 bits, or no more than the type's own.
func (m *Metric) value(d Datatype) (telemetry.Value, verdict) {
	switch m.Kind {
	case KindInt, KindLong:
		return integer(d, m.Bits)
	case KindDouble:
		if d == Double || d == Float {
			return float(math.Float64frombits(m.Bits))
		}
	case KindFloat:
		if d == Double || d == Float {
			return float(float64(math.Float32frombits(uint32(m.Bits))))
		}
	case KindBool:
		if d == Boolean {
			return telemetry.Value{Type: telemetry.Bool, Bits: m.Bits}, valueOK
		}
	case KindString:
		if d == String || d == Text || d == UUID {
			return word(m.Bytes)
		}
	case KindBytes:
		if d == Bytes {
			if len(m.Bytes) > maxBytes {
				return telemetry.Value{}, valueRange
			}
			return telemetry.Value{Type: telemetry.String, Text: hex.EncodeToString(m.Bytes)}, valueOK
		}
	}
	return telemetry.Value{}, valueType
}

func integer(d Datatype, bits uint64) (telemetry.Value, verdict) {
	v := int64(bits)
	switch d {
	case Int8:
		v = signed(bits, 8)
		if v < math.MinInt8 || v > math.MaxInt8 {
			return telemetry.Value{}, valueRange
		}
	case Int16:
		v = signed(bits, 16)
		if v < math.MinInt16 || v > math.MaxInt16 {
			return telemetry.Value{}, valueRange
		}
	case Int32:
		v = signed(bits, 32)
		if v < math.MinInt32 || v > math.MaxInt32 {
			return telemetry.Value{}, valueRange
		}
	case Int64:
	case UInt8:
		if bits > math.MaxUint8 {
			return telemetry.Value{}, valueRange
		}
	case UInt16:
		if bits > math.MaxUint16 {
			return telemetry.Value{}, valueRange
		}
	case UInt32:
		if bits > math.MaxUint32 {
			return telemetry.Value{}, valueRange
		}
	case UInt64, DateTime:
		if bits > math.MaxInt64 {
			return telemetry.Value{}, valueRange
		}
	case Boolean:
		if bits > 1 {
			return telemetry.Value{}, valueRange
		}
		return telemetry.Value{Type: telemetry.Bool, Bits: bits}, valueOK
	default:
		return telemetry.Value{}, valueType
	}
	return telemetry.Value{Type: telemetry.Int64, Bits: uint64(v)}, valueOK
}

// signed reads two's complement of the type's own width, of 32 bits, or of 64.
func signed(bits uint64, width uint) int64 {
	switch {
	case bits < 1<<width:
		return int64(bits<<(64-width)) >> (64 - width)
	case bits <= math.MaxUint32:
		return int64(int32(uint32(bits)))
	}
	return int64(bits)
}

// float refuses what is no number: it is how many devices say that they have none.
func float(f float64) (telemetry.Value, verdict) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return telemetry.Value{}, valueRange
	}
	return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(f)}, valueOK
}

func word(b []byte) (telemetry.Value, verdict) {
	if len(b) > telemetry.MaxTextBytes {
		return telemetry.Value{}, valueRange
	}
	if !utf8.Valid(b) {
		s := strings.ToValidUTF8(string(b), "\uFFFD")
		if len(s) > telemetry.MaxTextBytes {
			return telemetry.Value{}, valueRange
		}
		return telemetry.Value{Type: telemetry.String, Text: s}, valueCleaned
	}
	return telemetry.Value{Type: telemetry.String, Text: string(b)}, valueOK
}
