package modbus

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"

	"jingwei/internal/telemetry"
)

// Encode is the inverse of Decode, for a server: the field's registers on the wire, or one byte 0 or 1 of a bit area.
// A bit of a register comes back as a register with that bit alone. Numbers are scaled back and rounded to the nearest
// raw value; one that does not fit is an error.
func (f *Field) Encode(v telemetry.Value) ([]byte, error) {
	b := make([]byte, 2*f.Width)
	switch {
	case f.Address.Area.Bits():
		return []byte{byte(v.Bits & 1)}, nil
	case f.enc.kind == kBool:
		binary.BigEndian.PutUint16(b, uint16(v.Bits&1)<<f.Address.Bit)
	case f.enc.kind == kString:
		if len(v.Text) > f.enc.bytes {
			return nil, fmt.Errorf("encode %v: %q is longer than %d bytes", f.Address, v.Text, f.enc.bytes)
		}
		copy(b, v.Text)
	case f.enc.kind == kBytes:
		raw, err := hex.DecodeString(v.Text)
		if err != nil || len(raw) > f.enc.bytes {
			return nil, fmt.Errorf("encode %v: %q is not %d bytes in hexadecimal", f.Address, v.Text, f.enc.bytes)
		}
		copy(b, raw)
	case f.enc.float():
		x := math.Float64frombits(v.Bits)
		if v.Type == telemetry.Int64 {
			x = float64(int64(v.Bits))
		}
		f.putFloat(b, (x-f.offset)/f.scale)
	default:
		if err := f.putInteger(b, v); err != nil {
			return nil, err
		}
	}
	out := make([]byte, len(b))
	f.order.arrange(out, b)
	return out, nil
}

func (f *Field) putFloat(b []byte, x float64) {
	switch f.enc.kind {
	case kF16:
		binary.BigEndian.PutUint16(b, toHalf(x))
	case kF32:
		binary.BigEndian.PutUint32(b, math.Float32bits(float32(x)))
	default:
		binary.BigEndian.PutUint64(b, math.Float64bits(x))
	}
}

// ranges of the integer kinds that are narrower than 64 bits.
var ranges = map[kind][2]int64{
	kI8h: {math.MinInt8, math.MaxInt8}, kI8l: {math.MinInt8, math.MaxInt8}, kU8h: {0, math.MaxUint8}, kU8l: {0, math.MaxUint8},
	kI16: {math.MinInt16, math.MaxInt16}, kU16: {0, math.MaxUint16}, kI32: {math.MinInt32, math.MaxInt32}, kU32: {0, math.MaxUint32},
	kI64: {math.MinInt64, math.MaxInt64}, kU64: {0, math.MaxInt64}, kBCD16: {0, 9999}, kBCD32: {0, 99999999},
}

func (f *Field) putInteger(b []byte, v telemetry.Value) error {
	n := int64(v.Bits)
	if v.Type == telemetry.Float64 || f.scaled {
		x := float64(n)
		if v.Type == telemetry.Float64 {
			x = math.Float64frombits(v.Bits)
		}
		x = math.RoundToEven((x - f.offset) / f.scale)
		if !(x >= math.MinInt64 && x < math.MaxInt64) {
			return fmt.Errorf("encode %v: %v does not fit %s", f.Address, x, kinds[f.enc.kind].name)
		}
		n = int64(x)
	}
	if r := ranges[f.enc.kind]; n < r[0] || n > r[1] {
		return fmt.Errorf("encode %v: %d does not fit %s", f.Address, n, kinds[f.enc.kind].name)
	}
	switch f.enc.kind {
	case kI8h, kU8h:
		b[0] = byte(n)
	case kI8l, kU8l:
		b[1] = byte(n)
	case kI16, kU16:
		binary.BigEndian.PutUint16(b, uint16(n))
	case kI32, kU32:
		binary.BigEndian.PutUint32(b, uint32(n))
	case kI64, kU64:
		binary.BigEndian.PutUint64(b, uint64(n))
	default:
		for i := len(b) - 1; i >= 0; i-- {
			b[i] = byte(n%10) | byte(n/10%10)<<4
			n /= 100
		}
	}
	return nil
}

// toHalf rounds to the nearest binary16, ties to even; what is too large becomes an infinity.
func toHalf(x float64) uint16 {
	sign := uint16(0)
	if math.Signbit(x) {
		sign, x = 1<<15, -x
	}
	switch {
	case math.IsNaN(x):
		return sign | 0x7E00
	case x >= 65520:
		return sign | 0x7C00
	case x < 0x1p-14:
		return sign | uint16(math.RoundToEven(math.Ldexp(x, 24)))
	}
	frac, exp := math.Frexp(x) // x = frac × 2^exp, frac in [0.5, 1)
	m := uint16(math.RoundToEven(math.Ldexp(frac, 11)))
	// m is 1024..2048; adding it carries a rounding up into the exponent.
	return sign | (uint16(exp+13)<<10 + m)
}

// RollOver returns the value at which an integer field starts again from its offset, as counters do; ok is false where
// the field holds no integer.
func (f *Field) RollOver() (span float64, ok bool) {
	r, ok := ranges[f.enc.kind]
	if !ok || f.scale <= 0 {
		return 0, false
	}
	return (float64(r[1]) + 1) * f.scale, true
}
