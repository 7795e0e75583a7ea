package drug

import (
	"errors"
	"testing"

	"jingwei/internal/identify/gs1"
)

func rules(t testing.TB) []Rule {
	t.Helper()
	a, err := NewRule("甲制药", `JX(?P<product>[0-9]{4})-(?P<lot>[A-Z0-9]{4})-(?P<serial>[0-9]{8})`, false)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewRule("乙制药", `9(?P<product>[0-9]{6})(?P<serial>[0-9]{8})[0-9]`, true)
	if err != nil {
		t.Fatal(err)
	}
	return []Rule{a, b}
}

func TestThreeForms(t *testing.T) {
	for in, want := range map[string]Code{
		"81234567890123456789":                             {Form: Supervision, Product: "8123456", Serial: "789012345", Cipher: "6789"},
		"]C081234567890123456789":                          {Form: Supervision, Product: "8123456", Serial: "789012345", Cipher: "6789"},
		"20123456789012345678":                             {Form: Supervision, Product: "2012345", Serial: "678901234", Cipher: "5678"},
		"(01)06901234567892(21)AB12(17)271231(10)L7":       {Form: GS1, Product: "06901234567892", Serial: "AB12", Lot: "L7", Expiry: "271231"},
		"01069012345678922112":                             {Form: GS1, Product: "06901234567892", Serial: "12"},
		"]d2010690123456789221AB12\x1d1727123110L7":        {Form: GS1, Product: "06901234567892", Serial: "AB12", Lot: "L7", Expiry: "271231"},
		"https://id.example.cn/01/06901234567892/21/X%2F9": {Form: GS1, Product: "06901234567892", Serial: "X/9"},
		"JX0042-AB12-00000017":                             {Form: Own, Product: "0042", Serial: "00000017", Lot: "AB12", Rule: "甲制药"},
		"9123456000000015":                                 {Form: Own, Product: "123456", Serial: "00000001", Rule: "乙制药"},
	} {
		if got, err := Parse(in, rules(t)); err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", in, got, err, want)
		}
	}
}

func TestBrokenCodes(t *testing.T) {
	for in, want := range map[string]Fault{
		"":                       {Problem: ProblemLength, Wanted: "20"},
		"8123456789012345678":    {Value: "8123456789012345678", At: 19, Problem: ProblemLength, Wanted: "20"},
		"812345678901234567890":  {Value: "812345678901234567890", At: 20, Problem: ProblemLength, Wanted: "20"},
		"8123456789O123456789":   {Value: "8123456789O123456789", At: 10, Problem: ProblemCharacter},
		"(01)06901234567892":     {Value: "(01)06901234567892", Problem: ProblemMissing, Wanted: "(21) SERIAL"},
		"(00)106141412345678908": {Value: "(00)106141412345678908", Problem: ProblemMissing, Wanted: "(01) GTIN"},
		"9123456000000018":       {Value: "9123456000000018", At: 15, Problem: ProblemCheck, Wanted: "5"},
	} {
		_, err := Parse(in, rules(t))
		f := (*Fault)(nil)
		if !errors.As(err, &f) || *f != want {
			t.Errorf("%q: %+v, want %+v", in, err, want)
		}
		if f != nil && (f.Words().Zh == "" || f.Error() == "") {
			t.Errorf("%q has no words", in)
		}
	}
	_, err := Parse("(01)06901234567893(21)A", nil)
	f := (*gs1.Fault)(nil)
	if !errors.As(err, &f) || f.Rule != gs1.RuleCheckDigit || f.At != 13 {
		t.Errorf("%v", err)
	}
	if _, err := NewRule("x", `(?P<product>.)`, false); err == nil {
		t.Error("a rule without a serial number is taken")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"81234567890123456789", "(01)06901234567892(21)AB12", "JX0042-AB12-00000017", "9123456000000015", "]C1"} {
		f.Add(s)
	}
	own := rules(f)
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s, own)
		if err == nil && (c.Product == "" || c.Serial == "") {
			t.Fatalf("%q is %+v", s, c)
		}
		if err != nil {
			_ = err.Error()
		}
	})
}
