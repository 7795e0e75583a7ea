package modbus

import (
	"errors"
	"testing"

	"jingwei/internal/connect/driver"
)

func TestNormalizeAcceptsWhatPeopleType(t *testing.T) {
	for in, want := range map[string]string{
		"holding:100": "holding:100", "input:7": "input:7", "coil:3": "coil:3", "discrete:9": "discrete:9",
		" Holding:100 ": "holding:100", "HOLDING:0x64": "holding:100", "hr:5": "holding:5",
		"holding:100.3": "holding:100.3", "40101.15": "holding:100.15", "holding:0": "holding:0", "holding:65535": "holding:65535",
		"40001": "holding:0", "49999": "holding:9998", "400001": "holding:0", "465536": "holding:65535",
		"30001": "input:0", "10001": "discrete:0", "00001": "coil:0", "000001": "coil:0", "310000": "input:9999",
		"4x100": "holding:99", "4x0100": "holding:99", "3x1": "input:0", "1x10": "discrete:9",
		"HR1": "holding:0", "IR1": "input:0", "C1": "coil:0", "DI1": "discrete:0", "hr65536": "holding:65535",
		"0x64": "holding:100", "0xFFFF": "holding:65535",
	} {
		if got, err := Normalize(in); err != nil || got != want {
			t.Errorf("Normalize(%q) = %q, %v; want %q", in, got, err, want)
		}
		if again, err := Normalize(want); err != nil || again != want {
			t.Errorf("the canonical %q became %q, %v", want, again, err)
		}
	}
}

func TestNormalizeNamesFieldValueAndMend(t *testing.T) {
	for _, in := range []string{"", "100", "holding", "holding:", "holding:-1", "holding:65536", "holding:x", "40000", "465537", "400000",
		"20001", "50001", "hr0", "hr65537", "coil:3.1", "holding:1.16", "holding:1.", "holding:1.a", "0x", "0x10000", "1!400001.3#CDAB",
		"xx:1", "4x", "4x0", "holding:0x", "hr0x64", "D100", "holding:1e3", "holding:١"} {
		_, err := Normalize(in)
		var f *driver.FieldError
		if !errors.As(err, &f) || f.Field != "address" || f.Value != in || f.Text.Zh == "" || f.Text.En == "" {
			t.Errorf("Normalize(%q): %v", in, err)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"holding:100.3", "40001", "HR1", "0x64", "4x100", "coil:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Normalize(s)
		if err != nil {
			return
		}
		if again, err := Normalize(got); err != nil || again != got {
			t.Fatalf("%q → %q → %q, %v", s, got, again, err)
		}
	})
}
