package modbus

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

func testConfig(t testing.TB) Config {
	t.Helper()
	c, err := ParseConfig([]byte(`{"address":"192.0.2.1"}`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func field(t testing.TB, p driver.Point) Field {
	t.Helper()
	f, err := Compile(testConfig(t), p)
	if err != nil {
		t.Fatalf("%+v: %v", p, err)
	}
	return f
}

func real64(x float64) telemetry.Value {
	return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(x)}
}
func int64s(n int64) telemetry.Value {
	return telemetry.Value{Type: telemetry.Int64, Bits: uint64(n)}
}
func text(s string) telemetry.Value { return telemetry.Value{Type: telemetry.String, Text: s} }
func boolean(n uint64) telemetry.Value {
	return telemetry.Value{Type: telemetry.Bool, Bits: n}
}

func TestDecodeVectors(t *testing.T) {
	f123 := real64(float64(float32(123.456))) // 42F6E979
	for _, c := range []struct {
		encoding, order, wire string
		want                  telemetry.Value
		status                telemetry.Status
	}{
		{"f32", "ABCD", "42F6E979", f123, 0}, {"f32", "CDAB", "E97942F6", f123, 0},
		{"f32", "BADC", "F64279E9", f123, 0}, {"f32", "DCBA", "79E9F642", f123, 0},
		{"f32", "", "42F6E979", f123, 0},
		{"f64", "ABCD", "400921FB54442D18", real64(math.Pi), 0}, {"f64", "CDAB", "2D18544421FB4009", real64(math.Pi), 0},
		{"f64", "BADC", "0940FB214454182D", real64(math.Pi), 0}, {"f64", "DCBA", "182D4454FB210940", real64(math.Pi), 0},
		{"f16", "", "3E00", real64(1.5), 0}, {"f16", "BADC", "003E", real64(1.5), 0}, {"f16", "", "0001", real64(0x1p-24), 0},
		{"f16", "", "FBFF", real64(-65504), 0}, {"f16", "", "8000", real64(math.Copysign(0, -1)), 0},
		{"u16", "", "FFFE", int64s(65534), 0}, {"i16", "", "FFFE", int64s(-2), 0}, {"u16", "BADC", "FEFF", int64s(0xFFFE), 0},
		{"i8h", "", "80FF", int64s(-128), 0}, {"u8h", "", "80FF", int64s(128), 0}, {"i8l", "", "80FF", int64s(-1), 0}, {"u8l", "", "80FF", int64s(255), 0},
		{"u32", "", "FFFFFFFE", int64s(4294967294), 0}, {"i32", "", "FFFFFFFE", int64s(-2), 0}, {"u32", "CDAB", "00020001", int64s(65538), 0},
		{"i64", "", "FFFFFFFFFFFFFFFE", int64s(-2), 0}, {"u64", "", "7FFFFFFFFFFFFFFF", int64s(math.MaxInt64), 0},
		{"u64", "", "8000000000000000", telemetry.Value{}, telemetry.BadOutOfRange},
		{"bcd16", "", "1234", int64s(1234), 0}, {"bcd32", "", "12345678", int64s(12345678), 0}, {"bcd32", "CDAB", "56781234", int64s(12345678), 0},
		{"bcd16", "", "12A4", telemetry.Value{}, telemetry.BadDecodingError},
		{"string:5", "", "4142430000", text("ABC"), 0}, {"string:6", "", "414243202020", text("ABC"), 0}, {"string:4", "BA", "42414443", text("ABCD"), 0},
		{"string:3", "", "41424344", text("ABC"), 0}, {"string:2", "", "FF41", text("\uFFFDA"), telemetry.Uncertain},
		{"bytes:3", "", "00FF10AA", text("00ff10"), 0},
		{"f32", "", "7FC00000", telemetry.Value{}, telemetry.BadOutOfRange}, {"f32", "", "FF800000", telemetry.Value{}, telemetry.BadOutOfRange},
	} {
		f := field(t, driver.Point{Address: "holding:10", Encoding: c.encoding, Order: c.order})
		raw := unhex(t, c.wire)
		if len(raw)%2 == 1 {
			raw = append(raw, 0)
		}
		if f.Width*2 != len(raw) {
			t.Fatalf("%s: width %d for %s", c.encoding, f.Width, c.wire)
		}
		if got, status := f.Decode(raw); got != c.want || status != c.status {
			t.Errorf("%s %s %s = %+v %#x, want %+v %#x", c.encoding, c.order, c.wire, got, status, c.want, c.status)
		}
	}
}

func TestBits(t *testing.T) {
	for bit := range 16 {
		a := Address{Holding, 5, bit}
		f := field(t, driver.Point{Address: a.String()})
		for _, set := range []uint64{0, 1} {
			raw := []byte{0xFF, 0xFF}
			word := uint16(0xFFFF)
			if set == 0 {
				word &^= 1 << bit
			}
			raw[0], raw[1] = byte(word>>8), byte(word)
			if got, status := f.Decode(raw); got != boolean(set) || status != 0 {
				t.Errorf("bit %d = %+v %v, want %d", bit, got, status, set)
			}
		}
	}
	f := field(t, driver.Point{Address: "coil:19"})
	// The example of section 6.1: coils 20..38 (wire 19..37) are CD 6B 05; coil 27 is the most significant bit of CD.
	for n, want := range map[int]uint64{19: 1, 20: 0, 26: 1, 27: 1, 34: 0, 35: 1, 37: 1} {
		f.Address.Number = n
		if got, _ := f.pick([]byte{0xCD, 0x6B, 0x05}, 19); got.Bits != want {
			t.Errorf("coil %d = %d, want %d", n, got.Bits, want)
		}
	}
}

func TestScaling(t *testing.T) {
	point := func(enc string, typ telemetry.Type, scale, offset float64) driver.Point {
		return driver.Point{Address: "holding:0", Encoding: enc, Type: typ, Scale: scale, Offset: offset}
	}
	for _, c := range []struct {
		p      driver.Point
		wire   string
		want   telemetry.Value
		status telemetry.Status
	}{
		{point("i16", 0, 0.1, 0), "00D7", real64(float64(215 * 0.1)), 0},
		{point("u16", telemetry.Float64, 0, 0), "0007", real64(7), 0},
		{point("u16", telemetry.Int64, 10, -5), "0007", int64s(65), 0},
		{point("i64", telemetry.Int64, 1, 0), "7FFFFFFFFFFFFFFD", int64s(math.MaxInt64 - 2), 0}, // not representable as a float64
		{point("i64", telemetry.Int64, 2, 0), "4000000000000000", telemetry.Value{}, telemetry.BadOutOfRange},
		{point("i64", telemetry.Int64, -1, 0), "8000000000000000", telemetry.Value{}, telemetry.BadOutOfRange},
		{point("i64", telemetry.Int64, 1, 3), "7FFFFFFFFFFFFFFD", telemetry.Value{}, telemetry.BadOutOfRange},
		{point("i64", telemetry.Int64, 1, -3), "8000000000000002", telemetry.Value{}, telemetry.BadOutOfRange},
		{point("i64", telemetry.Int64, 1, 2), "7FFFFFFFFFFFFFFD", int64s(math.MaxInt64), 0},
		{point("u64", telemetry.Float64, 1, 0), "FFFFFFFFFFFFFFFF", real64(0x1p64), 0},
		{point("f32", 0, 2, 1), "3FC00000", real64(4), 0},
	} {
		f := field(t, c.p)
		if got, status := f.Decode(unhex(t, c.wire)); got != c.want || status != c.status {
			t.Errorf("%+v %s = %+v %#x, want %+v %#x", c.p, c.wire, got, status, c.want, c.status)
		}
	}
}

func TestWrongPointsAreToldByField(t *testing.T) {
	c := testConfig(t)
	for _, w := range []struct {
		p     driver.Point
		field string
	}{
		{driver.Point{Address: "40000"}, "address"},
		{driver.Point{Address: "holding:65535", Encoding: "u32"}, "address"},
		{driver.Point{Address: "holding:0", Unit: "256"}, "unit"},
		{driver.Point{Address: "holding:0", Unit: "plc"}, "unit"},
		{driver.Point{Address: "holding:0", Encoding: "u17"}, "encoding"},
		{driver.Point{Address: "holding:0", Encoding: "string"}, "encoding"},
		{driver.Point{Address: "holding:0", Encoding: "string:251"}, "encoding"},
		{driver.Point{Address: "holding:0", Encoding: "u16:2"}, "encoding"},
		{driver.Point{Address: "holding:0", Encoding: "bool"}, "encoding"},
		{driver.Point{Address: "coil:0", Encoding: "u16"}, "encoding"},
		{driver.Point{Address: "holding:0.1", Encoding: "u16"}, "encoding"},
		{driver.Point{Address: "holding:0", Order: "ACBD"}, "order"},
		{driver.Point{Address: "holding:0", Encoding: "string:4", Order: "CDAB"}, "order"},
		{driver.Point{Address: "holding:0", Type: telemetry.Bool}, "type"},
		{driver.Point{Address: "holding:0", Type: telemetry.Int64, Scale: 0.1}, "type"},
		{driver.Point{Address: "holding:0", Encoding: "f32", Type: telemetry.Int64}, "type"},
		{driver.Point{Address: "coil:0", Type: telemetry.Float64}, "type"},
		{driver.Point{Address: "coil:0", Scale: 2}, "scale"},
		{driver.Point{Address: "holding:0", Scale: math.NaN()}, "scale"},
		{driver.Point{Address: "holding:0", Encoding: "string:4", Offset: 1}, "scale"},
	} {
		_, err := Compile(c, w.p)
		var f *driver.FieldError
		if !errors.As(err, &f) || f.Field != w.field || f.Text.Zh == "" || f.Text.En == "" {
			t.Errorf("%+v: %v, want a complaint about %s", w.p, err, w.field)
		}
	}
}

// Every encoding in every order: what a server encodes is what the driver decodes, and the other way round.
func TestEncodeIsTheInverseOfDecode(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, enc := range []string{"i8h", "i8l", "u8h", "u8l", "i16", "u16", "i32", "u32", "i64", "u64", "f16", "f32", "f64", "bcd16", "bcd32", "string:7", "bytes:7"} {
		for _, ord := range []string{"ABCD", "CDAB", "BADC", "DCBA"} {
			if (enc == "string:7" || enc == "bytes:7") && (ord == "CDAB" || ord == "DCBA") {
				continue
			}
			f := field(t, driver.Point{Address: "input:3", Encoding: enc, Order: ord})
			for range 500 {
				raw := make([]byte, 2*f.Width)
				for i := range raw {
					raw[i] = byte(r.Uint32())
				}
				v, status := f.Decode(raw)
				if status != telemetry.Good {
					continue
				}
				wire, err := f.Encode(v)
				if err != nil {
					t.Fatalf("%s %s: %+v: %v", enc, ord, v, err)
				}
				again, status := f.Decode(wire)
				if again != v || status != telemetry.Good {
					t.Fatalf("%s %s: %x → %+v → %x → %+v", enc, ord, raw, v, wire, again)
				}
				if f.enc.integer() && f.Width > 1 && !bytes.Equal(wire, raw) {
					t.Fatalf("%s %s: %x came back as %x", enc, ord, raw, wire)
				}
			}
		}
	}
}

func TestEncodeRefusesWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		p driver.Point
		v telemetry.Value
	}{
		{driver.Point{Address: "holding:0", Encoding: "u16"}, int64s(65536)},
		{driver.Point{Address: "holding:0", Encoding: "u16"}, int64s(-1)},
		{driver.Point{Address: "holding:0", Encoding: "i16", Scale: 0.1}, real64(3276.8)},
		{driver.Point{Address: "holding:0", Encoding: "i64"}, real64(math.NaN())},
		{driver.Point{Address: "holding:0", Encoding: "bcd16"}, int64s(10000)},
		{driver.Point{Address: "holding:0", Encoding: "string:2"}, text("abc")},
		{driver.Point{Address: "holding:0", Encoding: "bytes:2"}, text("xyz")},
	} {
		f := field(t, c.p)
		if wire, err := f.Encode(c.v); err == nil {
			t.Errorf("%+v took %+v as %x", c.p, c.v, wire)
		}
	}
	f := field(t, driver.Point{Address: "holding:0", Encoding: "i16", Scale: 0.1, Offset: -40})
	wire, err := f.Encode(real64(21.5))
	if err != nil || !bytes.Equal(wire, []byte{0x02, 0x67}) { // (21.5 + 40) / 0.1 = 615
		t.Errorf("21.5 °C became %x, %v", wire, err)
	}
}

func TestHalfPrecisionAgreesWithItself(t *testing.T) {
	for h := range 1 << 16 {
		x := half(uint16(h))
		if math.IsNaN(x) {
			continue
		}
		if got := toHalf(x); got != uint16(h) {
			t.Fatalf("%04x is %v, which became %04x", h, x, got)
		}
	}
	for x, want := range map[float64]uint16{1: 0x3C00, 65519: 0x7BFF, 65520: 0x7C00, 1.0 / 3: 0x3555, 2049: 0x6800, 2051: 0x6802} {
		if got := toHalf(x); got != want {
			t.Errorf("%v became %04x, want %04x", x, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range Encodings() {
		f.Add(e, "CDAB", []byte{0x42, 0xF6, 0xE9, 0x79, 0, 0, 0, 0})
	}
	f.Add("string:4", "BA", []byte("BADC"))
	f.Fuzz(func(t *testing.T, enc, ord string, raw []byte) {
		fd, err := Compile(Config{}, driver.Point{Address: "holding:0", Encoding: enc, Order: ord})
		if err != nil || len(raw) < 2*fd.Width {
			return
		}
		v, status := fd.Decode(raw[:2*fd.Width])
		if status.IsBad() != (v.Type == 0) {
			t.Fatalf("%s: %+v with status %#x", enc, v, status)
		}
	})
}
