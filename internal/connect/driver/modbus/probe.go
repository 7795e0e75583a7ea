package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

// A probe reads this much, and less where the device refuses so much at once.
const (
	probeRegisters = 4
	probeBits      = 16
)

// Probe reads what lies at an address, up to four registers or sixteen bits, and shows it in every reading. Where the
// device ends earlier (or has a hole) it shows what there is. A refused address is the probe's status.
func (s *session) Probe(ctx context.Context, unit, address string) (driver.Probe, error) {
	stop := context.AfterFunc(ctx, func() { s.conn.SetDeadline(pastDeadline) })
	defer stop()
	f, err := Compile(s.c, driver.Point{Unit: unit, Address: address})
	if err != nil {
		return driver.Probe{}, err
	}
	out := driver.Probe{Address: f.Address.String()}
	count := probeRegisters
	if f.Address.Area.Bits() {
		count = probeBits
	}
	r := &request{unit: f.Unit, area: f.Address.Area, start: f.Address.Number}
	for r.count = min(count, 1<<16-r.start); ; r.count /= 2 {
		data, err := s.ask(ctx, r)
		var e Exception
		if errors.As(err, &e) && (e == IllegalAddress || e == IllegalValue) && r.count > 1 {
			continue
		}
		status, fatal := s.outcome(r, err)
		if fatal != nil {
			return driver.Probe{}, fatal
		}
		out.Status = status
		if err == nil {
			out.Raw = append([]byte(nil), data...)
			out.Readings = readings(s.c, f.Address, r.count, out.Raw)
		}
		return out, nil
	}
}

// readings are what the data of a request could mean for a point at its first address.
func readings(c Config, a Address, count int, raw []byte) []driver.Reading {
	if a.Area.Bits() {
		return []driver.Reading{
			{Encoding: "bool", Value: strconv.FormatBool(raw[0]&1 != 0), Type: telemetry.Bool, Likely: true},
			{Encoding: "bits", Value: bitList(count, func(i int) bool { return raw[i/8]>>(i%8)&1 != 0 }), Type: telemetry.String},
		}
	}
	first := binary.BigEndian.Uint16(raw)
	var out []driver.Reading
	if a.Bit >= 0 {
		out = append(out, driver.Reading{Encoding: "bool", Value: strconv.FormatBool(first>>a.Bit&1 != 0), Type: telemetry.Bool, Likely: true})
		a.Bit = -1
	}
	add := func(name string, orders ...string) {
		for _, o := range orders {
			if r, ok := readingOf(c, a, name, o, raw); ok {
				out = append(out, r)
			}
		}
	}
	add("u16", "ABCD", "BADC")
	add("i16", "ABCD", "BADC")
	add("bcd16", "ABCD")
	if count >= 2 {
		for _, name := range []string{"f32", "u32", "i32", "bcd32"} {
			add(name, wordOrders...)
		}
	}
	if count >= 4 {
		for _, name := range []string{"f64", "u64", "i64"} {
			add(name, wordOrders...)
		}
	}
	add(fmt.Sprintf("string:%d", 2*count), "AB", "BA")
	// Bit 15 comes first, as the register is written.
	out = append(out, driver.Reading{Encoding: "bits", Value: bitList(16, func(i int) bool { return first>>(15-i)&1 != 0 }), Type: telemetry.String})
	guess(out, first)
	return out
}

var wordOrders = []string{"ABCD", "CDAB", "BADC", "DCBA"}

// readingOf decodes as a point of that encoding would be. What a point would not tell (digits that are none in BCD) is
// left out; floats that are no numbers and integers beyond an int64 are told in words, because that is what they show.
func readingOf(c Config, a Address, name, order string, raw []byte) (driver.Reading, bool) {
	f, err := Compile(c, driver.Point{Address: a.String(), Encoding: name, Order: order})
	if err != nil || 2*f.Width > len(raw) {
		return driver.Reading{}, false
	}
	out := driver.Reading{Encoding: name, Order: order, Type: f.Type}
	raw = raw[:2*f.Width]
	v, _ := f.Decode(raw)
	switch v.Type {
	case telemetry.Float64:
		bits := 64
		if f.enc.kind == kF32 {
			bits = 32 // the digits that the device meant: 123.456, not 123.45600128173828
		}
		out.Value = strconv.FormatFloat(math.Float64frombits(v.Bits), 'g', -1, bits)
	case telemetry.Int64:
		out.Value = strconv.FormatInt(int64(v.Bits), 10)
	case telemetry.String:
		out.Value = strings.ToValidUTF8(strings.Map(printable, v.Text), "·")
	default:
		b := make([]byte, len(raw))
		f.order.arrange(b, raw)
		switch f.enc.kind {
		case kU64:
			out.Value = strconv.FormatUint(binary.BigEndian.Uint64(b), 10)
		case kF32:
			out.Value = special(float64(math.Float32frombits(binary.BigEndian.Uint32(b))))
		case kF64:
			out.Value = special(math.Float64frombits(binary.BigEndian.Uint64(b)))
		default:
			return out, false
		}
	}
	return out, true
}

func special(x float64) string {
	if math.IsNaN(x) {
		return "NaN"
	}
	return strconv.FormatFloat(x, 'g', -1, 64) // +Inf, -Inf
}

func printable(r rune) rune {
	if !strconv.IsPrint(r) {
		return '·'
	}
	return r
}

func bitList(n int, set func(int) bool) string {
	var b strings.Builder
	for i := range n {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteByte("01"[map[bool]int{true: 1}[set(i)]])
	}
	return b.String()
}

// guess marks what a person would believe. It knows nothing of the device, and says so little: a float of a magnitude
// that machines measure, a text of printable letters, a counter whose high word has just begun to count, and where
// there is none of these the register by itself. Zeros mean nothing, and nothing is marked.
func guess(list []driver.Reading, first uint16) {
	found := false
	for i := range list {
		r := &list[i]
		switch {
		case r.Type == telemetry.Float64:
			x, err := strconv.ParseFloat(r.Value, 64)
			a := math.Abs(x)
			r.Likely = err == nil && a >= 1e-3 && a <= 1e9
		case strings.HasPrefix(r.Encoding, "string"):
			r.Likely = readable(r.Value)
		case r.Encoding == "u32" || r.Encoding == "i32":
			n, err := strconv.ParseInt(r.Value, 10, 64)
			r.Likely = err == nil && (n >= 1<<16 && n < 1<<20 || n < 0 && n >= -1<<15)
		}
		found = found || r.Likely && r.Encoding != "bool"
	}
	if found || first == 0 {
		return
	}
	for i := range list {
		if r := &list[i]; r.Order == "ABCD" && (r.Encoding == "u16" && first < 1<<15 || r.Encoding == "i16" && first >= 1<<15) {
			r.Likely = true
		}
	}
}

// readable: at least three characters, all of them letters, digits and what stands between them in names.
func readable(s string) bool {
	n := 0
	for _, r := range s {
		if r == '·' || r == '\uFFFD' || r < ' ' {
			return false
		}
		n++
	}
	return n >= 3 && strings.ContainsFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r > 0x7F })
}
