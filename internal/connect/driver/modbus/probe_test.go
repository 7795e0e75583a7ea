package modbus

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

func probe(t testing.TB, s driver.Session, unit, address string) (driver.Probe, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return s.(driver.Prober).Probe(ctx, unit, address)
}

// TestProbeReadsAsPymodbusDoes compares every decoding of registers of a pymodbus server with pymodbus' own decoder.
func TestProbeReadsAsPymodbusDoes(t *testing.T) {
	p := startPymodbus(t)
	s := open(t, p.link(""), nil)
	addresses := []string{"holding:600", "holding:602", "holding:604", "holding:606", "holding:608", "holding:612", "holding:616", "holding:618", "holding:622",
		"holding:631", "holding:633", "holding:637", "holding:0", "input:3"}
	var probes []driver.Probe
	args := []string{"testdata/pymodbus_decode.py"}
	for _, a := range addresses {
		got, err := probe(t, s, "", a)
		if err != nil || got.Status != telemetry.Good || len(got.Raw) != 8 || got.Address != a {
			t.Fatalf("%s: %+v %v", a, got, err)
		}
		probes = append(probes, got)
		args = append(args, hex.EncodeToString(got.Raw))
	}
	out, err := exec.Command(p.python, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var judged []map[string]string
	if err := json.Unmarshal(out, &judged); err != nil {
		t.Fatal(err)
	}
	for i, got := range probes {
		seen := 0
		for _, r := range got.Readings {
			want, ok := judged[i][r.Encoding+" "+r.Order]
			if !ok {
				continue // bits, text and BCD
			}
			seen++
			if !sameNumber(r.Encoding, r.Value, want) {
				t.Errorf("%s %x as %s %s = %s, pymodbus says %s", got.Address, got.Raw, r.Encoding, r.Order, r.Value, want)
			}
		}
		if seen != len(judged[i]) {
			t.Errorf("%s: %d of pymodbus' %d readings", got.Address, seen, len(judged[i]))
		}
	}
	likely := func(i int) (out []string) {
		for _, r := range probes[i].Readings {
			if r.Likely {
				out = append(out, r.Encoding+" "+r.Order+" "+r.Value)
			}
		}
		return out
	}
	for i, want := range []string{"f32 ABCD 123.456", "f32 CDAB 123.456", "f32 BADC 123.456", "f32 DCBA 123.456"} {
		if !slices.Contains(likely(i), want) {
			t.Errorf("%s: likely are %q, want %s among them", addresses[i], likely(i), want)
		}
	}
	if got := likely(8); !slices.Contains(got, "string:8 AB 经纬-7") {
		t.Errorf("a text: likely are %q", got)
	}
}

func sameNumber(encoding, a, b string) bool {
	if !strings.HasPrefix(encoding, "f") {
		return a == b
	}
	bits := 64
	if encoding == "f32" {
		bits = 32
	}
	x, err1 := strconv.ParseFloat(a, bits)
	y, err2 := strconv.ParseFloat(b, bits)
	return err1 == nil && err2 == nil && (x == y || math.IsNaN(x) && math.IsNaN(y))
}

func TestProbeShowsWhatThereIs(t *testing.T) {
	p := startPymodbus(t)
	s := open(t, p.link(`,"responseTimeoutMs":300`), nil)
	for address, want := range map[string]int{ // bytes
		"holding:190": 8, "holding:198": 4, "holding:199": 2, "holding:999": 2, "40101": 8, "input:7": 8, "holding:100.3": 8, "coil:5": 2, "discrete:0": 2,
	} {
		got, err := probe(t, s, "1", address)
		if err != nil || got.Status != telemetry.Good || len(got.Raw) != want {
			t.Errorf("%s: %+v %v, want %d bytes", address, got, err, want)
		}
	}
	for _, address := range []string{"holding:45", "holding:5000"} {
		got, err := probe(t, s, "1", address)
		if err != nil || got.Status != telemetry.BadNodeIdUnknown || got.Raw != nil || got.Readings != nil {
			t.Errorf("%s does not exist: %+v %v", address, got, err)
		}
	}
	var unit *driver.UnitError
	if _, err := probe(t, s, "77", "holding:1"); !errors.As(err, &unit) || unit.Unit != "77" {
		t.Errorf("a unit that is not there: %v", err)
	}
	var field *driver.FieldError
	if _, err := probe(t, s, "1", "holding:x"); !errors.As(err, &field) || field.Field != "address" {
		t.Errorf("an address that is none: %v", err)
	}
	if _, err := probe(t, s, "900", "holding:1"); !errors.As(err, &field) || field.Field != "unit" {
		t.Errorf("a unit that is none: %v", err)
	}
	if got, err := probe(t, s, "1", "holding:0"); err != nil || len(got.Raw) != 8 {
		t.Errorf("the session lives: %+v %v", got, err)
	}
	got, err := probe(t, s, "1", "coil:2")
	if err != nil || got.Readings[0].Value != "false" || got.Readings[1].Value != "0100 1001 0010 0100" { // coil n is set where n%3 == 0
		t.Errorf("coils: %+v %v", got, err)
	}
}

func TestProbeGuessesHonestly(t *testing.T) {
	words := func(w ...uint16) []byte {
		var b []byte
		for _, x := range w {
			b = binary.BigEndian.AppendUint16(b, x)
		}
		return b
	}
	c, err := ParseConfig(json.RawMessage(`{"address":"h","order":"CDAB"}`)) // the link's own order must not colour the readings
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []struct {
		raw  []byte
		want []string
	}{
		{words(0, 0, 0, 0), nil},
		{words(230, 231, 229, 0), []string{"u16 ABCD 230"}},
		{words(0xFFFB, 0, 0, 0), []string{"i16 ABCD -5"}},
		{words(0x4366, 0x8000, 0, 0), []string{"f32 ABCD 230.5"}},
		{words(0x8000, 0x4366, 0, 0), []string{"f32 CDAB 230.5"}},
		{words(2, 0x86A0, 0, 0), []string{"u32 ABCD 165536", "i32 ABCD 165536"}},
		{words(0xFFFF, 0xFF9C), []string{"i32 ABCD -100"}},
		{words(0x7F80, 0, 0, 0), []string{"u16 ABCD 32640"}}, // an infinity is believed by nobody
		{words(0x5031, 0x3031, 0x4142, 0), []string{"string:8 AB P101AB"}},
		{words(300), []string{"u16 ABCD 300"}},
	} {
		var got []string
		for _, r := range readings(c, Address{Area: Holding, Bit: -1}, len(q.raw)/2, q.raw) {
			if r.Likely {
				got = append(got, r.Encoding+" "+r.Order+" "+r.Value)
			}
		}
		for _, w := range q.want {
			if !slices.Contains(got, w) {
				t.Errorf("%x: likely are %q, want %q among them", q.raw, got, w)
			}
		}
		if len(q.want) == 0 && len(got) > 0 || len(got) > len(q.want)+1 {
			t.Errorf("%x: %q are called likely, want %q", q.raw, got, q.want)
		}
	}
	all := readings(c, Address{Area: Holding, Number: 7, Bit: 3}, 1, words(8))
	if all[0].Encoding != "bool" || all[0].Value != "true" || all[len(all)-1].Value != "0000 0000 0000 1000" {
		t.Errorf("a bit: %+v", all)
	}
	for _, r := range readings(c, Address{Area: Holding, Bit: -1}, 2, words(0x9876, 0x543A)) {
		if r.Encoding == "bcd32" && r.Order == "ABCD" {
			t.Errorf("digits that are none were read as BCD: %+v", r)
		}
	}
}

func FuzzReadings(f *testing.F) {
	c, err := ParseConfig(json.RawMessage(`{"address":"h"}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0x42, 0xF6, 0xE9, 0x79, 0, 0, 0, 1}, false)
	f.Add([]byte{0xFF, 0xFF}, false)
	f.Add([]byte{5, 0}, true)
	f.Fuzz(func(t *testing.T, raw []byte, bits bool) {
		if len(raw) < 2 || len(raw) > 8 || len(raw)%2 != 0 {
			return
		}
		a, count := Address{Area: Holding, Bit: -1}, len(raw)/2
		if bits {
			a.Area, count = Coil, min(16, 8*len(raw))
		}
		list := readings(c, a, count, raw)
		if len(list) == 0 {
			t.Fatal("nothing is shown")
		}
		for _, r := range list {
			if r.Encoding == "" || r.Type == 0 {
				t.Fatalf("%+v", r)
			}
		}
	})
}
