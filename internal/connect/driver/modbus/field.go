package modbus

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

// Field is one compiled point: where it lies, and how its bytes become a value.
type Field struct {
	Unit    byte
	Address Address
	Width   int // registers, or 1 for a bit of a bit area
	Type    telemetry.Type

	enc    encoding
	order  order
	scaled bool
	scale  float64
	offset float64
	index  int // of the point
}

// Compile turns a point into a field, under the defaults of c. The error is a *driver.FieldError.
func Compile(c Config, p driver.Point) (Field, error) {
	f := Field{Unit: byte(c.Unit), scale: p.Scale, offset: p.Offset}
	if p.Unit != "" {
		n, err := strconv.ParseUint(p.Unit, 10, 8)
		if err != nil {
			return f, &driver.FieldError{Field: "unit", Value: p.Unit, Text: driver.Text{
				Zh: "站号应为 0 到 255", En: "the unit number must be within 0 and 255"}}
		}
		f.Unit = byte(n)
	}
	var err error
	if f.Address, err = ParseAddress(p.Address); err != nil {
		return f, err
	}
	bit := f.Address.Area.Bits() || f.Address.Bit >= 0
	if f.enc, err = parseEncoding(p.Encoding, bit); err != nil {
		return f, err
	}
	if bit != (f.enc.kind == kBool) {
		return f, &driver.FieldError{Field: "encoding", Value: p.Encoding, Text: driver.Text{
			Zh: "一位的地址（线圈、离散输入、寄存器的 .位）只能用 bool，整寄存器不能用 bool（请加 .位号）",
			En: "an address of one bit (coil, discrete, register.bit) takes bool; a whole register does not: add .bit"}}
	}
	def, _ := parseOrder("order", c.Order, false, order{})
	if f.enc.text() {
		def, _ = parseOrder("order", c.StringOrder, true, order{})
	}
	if f.order, err = parseOrder("order", p.Order, f.enc.text(), def); err != nil {
		return f, err
	}
	f.Width = f.enc.registers()
	if f.Address.Area.Bits() {
		f.Width = 1
	}
	if f.Address.Number+f.Width > 1<<16 {
		return f, addressError(p.Address, "该编码超出了地址空间（最大 65535）", "the encoding reaches beyond the last address, 65535")
	}
	return f, f.conversion(p)
}

// conversion decides how the raw value becomes the point's type.
func (f *Field) conversion(p driver.Point) error {
	if f.scale == 0 {
		f.scale = 1
	}
	f.scaled = f.scale != 1 || f.offset != 0
	natural := telemetry.Int64
	switch {
	case f.enc.kind == kBool:
		natural = telemetry.Bool
	case f.enc.text():
		natural = telemetry.String
	case f.enc.float() || f.scaled:
		natural = telemetry.Float64
	}
	f.Type = p.Type
	if f.Type == 0 {
		f.Type = natural
	}
	if f.scaled && natural != telemetry.Float64 || math.IsNaN(f.scale) || math.IsInf(f.scale, 0) || math.IsNaN(f.offset) || math.IsInf(f.offset, 0) {
		return &driver.FieldError{Field: "scale", Value: fmt.Sprintf("%v, %v", p.Scale, p.Offset), Text: driver.Text{
			Zh: "倍率和偏移只用于数值，且必须是有限数", En: "scale and offset apply to numbers only, and must be finite"}}
	}
	integer := f.enc.integer()
	switch {
	case f.Type == natural, f.Type == telemetry.Float64 && integer:
		return nil
	case f.Type == telemetry.Int64 && integer && whole(f.scale) && whole(f.offset):
		return nil // exact in integers
	}
	return &driver.FieldError{Field: "type", Value: p.Encoding, Text: driver.Text{
		Zh: "点的类型与编码不符：bool 编码对应布尔，字符串对应字符串，浮点或带小数倍率的整数对应 float64，整数（倍率 1 或整数）可为 int64 或 float64",
		En: "the point's type does not fit its encoding: bool gives bool, strings give string, floats and fractionally scaled integers give float64, integers (scale 1 or whole) give int64 or float64"}}
}

// whole: exact as an int64 factor.
func whole(x float64) bool { return x == math.Trunc(x) && math.Abs(x) < 1<<53 }

// Decode reads a register field from its 2×Width bytes (as they came), or a field of a bit area from one byte 0 or 1.
// The value is null where the status is bad.
func (f *Field) Decode(raw []byte) (telemetry.Value, telemetry.Status) {
	var room [2 * MaxRegisters]byte
	b := room[:len(raw)]
	if f.Address.Area.Bits() {
		return telemetry.Value{Type: telemetry.Bool, Bits: uint64(raw[0] & 1)}, telemetry.Good
	}
	f.order.arrange(b, raw)
	switch f.enc.kind {
	case kBool:
		return telemetry.Value{Type: telemetry.Bool, Bits: uint64(binary.BigEndian.Uint16(b)>>f.Address.Bit) & 1}, telemetry.Good
	case kString:
		return decodeText(b[:f.enc.bytes])
	case kBytes:
		return telemetry.Value{Type: telemetry.String, Text: hex.EncodeToString(b[:f.enc.bytes])}, telemetry.Good
	case kF16:
		return f.real(half(binary.BigEndian.Uint16(b)))
	case kF32:
		return f.real(float64(math.Float32frombits(binary.BigEndian.Uint32(b))))
	case kF64:
		return f.real(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case kU64:
		u := binary.BigEndian.Uint64(b)
		if f.Type == telemetry.Float64 {
			return f.real(float64(u))
		}
		if u > math.MaxInt64 {
			return telemetry.Value{}, telemetry.BadOutOfRange
		}
		return f.whole(int64(u))
	case kBCD16, kBCD32:
		n, ok := bcd(b)
		if !ok {
			return telemetry.Value{}, telemetry.BadDecodingError
		}
		return f.integer(n)
	}
	return f.integer(f.raw(b))
}

// raw reads the integer kinds that fit an int64, from big-endian bytes.
func (f *Field) raw(b []byte) int64 {
	switch f.enc.kind {
	case kI8h:
		return int64(int8(b[0]))
	case kU8h:
		return int64(b[0])
	case kI8l:
		return int64(int8(b[1]))
	case kU8l:
		return int64(b[1])
	case kI16:
		return int64(int16(binary.BigEndian.Uint16(b)))
	case kU16:
		return int64(binary.BigEndian.Uint16(b))
	case kI32:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case kU32:
		return int64(binary.BigEndian.Uint32(b))
	}
	return int64(binary.BigEndian.Uint64(b))
}

func (f *Field) integer(n int64) (telemetry.Value, telemetry.Status) {
	if f.Type == telemetry.Float64 {
		return f.real(float64(n))
	}
	return f.whole(n)
}

// whole scales in integers; what does not fit an int64 is out of range, never wrapped.
func (f *Field) whole(n int64) (telemetry.Value, telemetry.Status) {
	if f.scaled {
		s, o := int64(f.scale), int64(f.offset)
		p := n * s
		if n != 0 && s != 0 && (p/s != n || n == math.MinInt64 && s == -1) {
			return telemetry.Value{}, telemetry.BadOutOfRange
		}
		sum := p + o
		if (sum > p) != (o > 0) && o != 0 {
			return telemetry.Value{}, telemetry.BadOutOfRange
		}
		n = sum
	}
	return telemetry.Value{Type: telemetry.Int64, Bits: uint64(n)}, telemetry.Good
}

// real scales in floats, rounding after the product on every platform. Not-a-number is how devices say "no value"
// (SunSpec: 0x7FC00000), and an infinity is none that anybody measured: both are out of range.
func (f *Field) real(x float64) (telemetry.Value, telemetry.Status) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return telemetry.Value{}, telemetry.BadOutOfRange
	}
	if f.scaled {
		x = float64(x*f.scale) + f.offset
	}
	return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(x)}, telemetry.Good
}

// decodeText takes what stands before the first NUL, without trailing blanks. What is not UTF-8 is replaced, and the
// value uncertain.
func decodeText(b []byte) (telemetry.Value, telemetry.Status) {
	s, _, _ := strings.Cut(string(b), "\x00")
	s = strings.TrimRight(s, " ")
	if !utf8.ValidString(s) {
		return telemetry.Value{Type: telemetry.String, Text: strings.ToValidUTF8(s, "\uFFFD")}, telemetry.Uncertain
	}
	return telemetry.Value{Type: telemetry.String, Text: s}, telemetry.Good
}

func bcd(b []byte) (n int64, ok bool) {
	for _, x := range b {
		hi, lo := x>>4, x&15
		if hi > 9 || lo > 9 {
			return 0, false
		}
		n = n*100 + int64(hi)*10 + int64(lo)
	}
	return n, true
}

// half converts IEEE 754 binary16.
func half(h uint16) float64 {
	sign, exp, frac := 1.0, int(h>>10)&31, float64(h&1023)
	if h>>15 == 1 {
		sign = -1
	}
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}
