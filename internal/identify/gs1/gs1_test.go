package gs1

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

func fault(t *testing.T, err error) *Fault {
	t.Helper()
	f := (*Fault)(nil)
	if !errors.As(err, &f) {
		t.Fatalf("%v is no Fault", err)
	}
	return f
}

// TestDictionaryIsWhole: the tables have every line of the dictionary.
func TestDictionaryIsWhole(t *testing.T) {
	text, err := os.ReadFile("dictionary/gs1-syntax-dictionary.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if line[0] < '0' || line[0] > '9' {
			continue
		}
		first, last, ranged := strings.Cut(strings.Fields(line)[0], "-")
		if !ranged {
			last = first
		}
		d := Lookup(first)
		if d == nil || d.First != first || d.Last != last || d.Key != strings.Contains(line, "dlpkey") ||
			len(d.Requires) != strings.Count(line, "req=") || !strings.Contains(line, d.Title) {
			t.Errorf("%.60q is %+v", line, d)
		}
		n++
	}
	if n != len(All()) || n < 150 {
		t.Errorf("%d lines, %d entries", n, len(All()))
	}
	for _, ai := range []string{"", "0", "05", "310", "3106", "310x", "999", "abc", "010"} {
		if d := Lookup(ai); d != nil {
			t.Errorf("%q is found as %s", ai, d.First)
		}
	}
}

// TestFaultsAreExact: the AI, the value, where in it, the rule.
func TestFaultsAreExact(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Fault
		say  string
	}{
		{"(01)09521234543214", Fault{AI: "01", Value: "09521234543214", At: 13, Len: 1, Rule: RuleCheckDigit}, `(01) "09521234543214" [13:14] has the wrong check digit`},
		{"(01)0952A234543213", Fault{AI: "01", Value: "0952A234543213", At: 4, Len: 1, Rule: RuleCharacter}, ""},
		{"(17)261331", Fault{AI: "17", Value: "261331", At: 2, Len: 2, Rule: RuleMonth}, ""},
		{"(17)270229", Fault{AI: "17", Value: "270229", At: 4, Len: 2, Rule: RuleDay}, ""},
		{"(7003)2612312460", Fault{AI: "7003", Value: "2612312460", At: 6, Len: 2, Rule: RuleHour}, ""},
		{"(7003)2612312360", Fault{AI: "7003", Value: "2612312360", At: 8, Len: 2, Rule: RuleMinute}, ""},
		{"(423)156157", Fault{AI: "423", Value: "156157", At: 3, Len: 3, Rule: RuleCountry}, ""},
		{"(10)一", Fault{AI: "10", Value: "一", At: 0, Len: 1, Rule: RuleCharacter}, ""},
		{"(10)" + strings.Repeat("A", 21), Fault{AI: "10", Value: strings.Repeat("A", 21), At: 20, Len: 1, Rule: RuleTooLong}, ""},
		{"(01)0952", Fault{AI: "01", Value: "0952", At: 4, Rule: RuleTooShort}, `(01) "0952" is too short`},
		{"(05)1", Fault{Value: "(05)1", At: 0, Len: 4, Rule: RuleUnknownAI}, ""},
		{"(10)", Fault{AI: "10", Rule: RuleEmpty}, "(10) must not be empty"},
	} {
		_, err := ParseBracketed(c.in)
		if f := fault(t, err); *f != c.want {
			t.Errorf("%s: %+v, want %+v", c.in, *f, c.want)
		}
		if c.say != "" && err.Error() != c.say {
			t.Errorf("%s says %q, want %q", c.in, err, c.say)
		}
	}
	_, err := ParseElements("010952123454321310AB\x1d05x")
	if f := fault(t, err); f.Rule != RuleUnknownAI || f.At != 21 {
		t.Errorf("%+v", f)
	}
	es, err := ParseBracketed("(01)09521234543213(37)2")
	if err != nil {
		t.Fatal(err)
	}
	if f := fault(t, es.Check()); f.AI != "01" || f.Rule != RuleExcludes || f.Other != "37" {
		t.Errorf("%+v", f)
	}
	es, _ = ParseBracketed("(8005)000100")
	if f := fault(t, es.Check()); f.Rule != RuleRequires || f.Other != "01,02" || !strings.Contains(f.In("zh"), "还须") {
		t.Errorf("%+v: %s", f, f.In("zh"))
	}
	es, _ = ParseBracketed("(01)09521234543213(10)A(10)B")
	if f := fault(t, es.Check()); f.Rule != RuleDiffering || f.Value != "B" || f.Other != "A" {
		t.Errorf("%+v", f)
	}
}

// TestRulesHaveWords: every rule that a fault may have is worded in both languages.
func TestRulesHaveWords(t *testing.T) {
	text, err := os.ReadFile("rule.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if _, code, ok := strings.Cut(line, `Rule = "`); ok {
			r := Rule(code[:strings.IndexByte(code, '"')])
			if w := r.Words(); w.Zh == string(r) || w.Zh == "" || w.En == "" {
				t.Errorf("%s has no words", r)
			}
			n++
		}
	}
	if n < 50 {
		t.Errorf("%d rules", n)
	}
}

// TestGTINsArePadded: 8, 12, 13 and 14 digits are one number.
func TestGTINsArePadded(t *testing.T) {
	for in, want := range map[string]string{"02345673": "00000002345673", "416000336108": "00416000336108", "2112345678900": "02112345678900",
		"09521234543213": "09521234543213", "]E402345673": "00000002345673", "]I109521234543213": "09521234543213"} {
		r, err := Parse(in)
		if v, _ := r.Elements.Value("01"); err != nil || v != want {
			t.Errorf("%s is %s, %v", in, v, err)
		}
	}
	for _, in := range []string{"02345674", "123", "1234567890123456", "０２３４５６７３"} {
		if _, err := GTIN14(in); err == nil {
			t.Errorf("%s is taken", in)
		}
	}
}

func TestParseKnowsForms(t *testing.T) {
	for in, want := range map[string]Form{
		"(01)09521234543213(10)ABC":                    FormBracketed,
		"010952123454321310ABC":                        FormElements,
		"\x1d010952123454321310ABC":                    FormElements,
		"]d2010952123454321310ABC\x1d17261231":         FormElements,
		"]Q1https://example.com/01/09521234543213":     FormDigitalLink,
		"https://example.com/x/01/09521234543213?a=b":  FormDigitalLink,
		"https://example.com/CxFRq5sE2odXguf43g":       FormDigitalLink,
		"]Q1hello":                                     FormPlain,
		"9521234543213":                                FormGTIN,
		"]J1011231231231233310ABC123\x1d99TESTING\x1d": FormElements,
	} {
		if r, err := Parse(in); err != nil || r.Form != want {
			t.Errorf("%q is %s, %v", in, r.Form, err)
		}
	}
	for _, in := range []string{"", "hello", "]Q3", "]Q9abc", "https://example.com/", strings.Repeat("9", maxInput+1)} {
		if r, err := Parse(in); err == nil {
			t.Errorf("%.40q is %s", in, r.Form)
		}
	}
}

// TestNormalForm: stem, order, escapes, parameters of others.
func TestNormalForm(t *testing.T) {
	l, err := ParseLink("HTTPS://Example.com/a/stem/01/9521234543213/10/a%2fb/21/%41+?x=%E4%B8%AD&17=261231&flag&11=260101#top")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.String(), "https://Example.com/a/stem/01/09521234543213/10/a%2Fb/21/A%2B?11=260101&17=261231&x=%E4%B8%AD&flag#top"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := l.Canonical(), "https://id.gs1.org/01/09521234543213/10/a%2Fb/21/A%2B?11=260101&17=261231"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := l.Levels(), []string{
		"/01/09521234543213/10/a%2Fb/21/A%2B", "/01/09521234543213/21/A%2B", "/01/09521234543213/10/a%2Fb", "/01/09521234543213",
	}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	back, err := ParseLink(l.String())
	if err != nil || back.String() != l.String() {
		t.Errorf("%v, %v", back, err)
	}
	for _, stem := range []string{"ftp://a", "https://", "https://a?b", "https://a/#c", "nothing"} {
		if _, err := BuildLink(stem, l.Elements); err == nil {
			t.Errorf("stem %q is taken", stem)
		}
	}
}

// TestElementsRoundTrip: every AI, written and read in each form.
func TestElementsRoundTrip(t *testing.T) {
	v := newVectors(seed(t))
	n := 0
	for _, s := range append(v.content(5, 0), v.together(300)...) {
		es, err := ParseBracketed(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		raw, err := ParseElements(es.String())
		if err != nil || raw.Bracketed() != s {
			t.Errorf("%s through %q is %s, %v", s, es.String(), raw.Bracketed(), err)
		}
		if got, err := ParseElements(es.Arranged().String()); err != nil || len(got) != len(es) {
			t.Errorf("%s arranged: %v", s, err)
		}
		n++
	}
	t.Logf("%d element strings", n)
}

// TestCompressionRoundTrip: every link comes back from its compressed form, those too that GS1's toolkit cannot count.
func TestCompressionRoundTrip(t *testing.T) {
	v := newVectors(seed(t))
	n, shorter := 0, 0
	for _, s := range append(v.links(400), v.links(400)...) {
		l, err := ParseLink(s)
		if err != nil {
			continue
		}
		packed := l.Compress()
		back, err := Read(packed)
		if err != nil {
			t.Errorf("%s through %s: %v", l, packed, err)
			continue
		}
		// Where a link has two keys the first of its path remains the key.
		if back.String() != l.String() {
			t.Errorf("%s through %s is %s", l, packed, back)
		}
		n++
		if len(packed) < len(l.String()) {
			shorter++
		}
	}
	t.Logf("%d links, %d of them shorter than before", n, shorter)
}

// TestBothReadingsOf1A: links that the published decoder's order and the standard's order wrote are read alike.
func TestBothReadingsOf1A(t *testing.T) {
	want := "https://example.com/01/09521234543213/10/ABC/21/XYZ?17=261231"
	for _, order := range [][]string{{"01", "10", "21", "17"}, {"01", "10", "17", "21"}} {
		values := map[string]string{"01": "09521234543213", "10": "ABC", "21": "XYZ", "17": "261231"}
		w := &bitWriter{}
		w.write(uint64(gtinLotSerialExpiry), 8)
		for _, ai := range order {
			w.value(Lookup(ai), values[ai])
		}
		if l, err := Decompress("https://example.com/" + w.String()); err != nil || l.String() != want {
			t.Errorf("%v is %v, %v", order, l, err)
		}
	}
}

func TestDecompressRefuses(t *testing.T) {
	for _, s := range []string{"https://example.com/", "https://example.com/A", "https://example.com/____", "https://example.com/CxFRq5sE2odXguf43",
		"https://example.com/CxFRq5sE2odXguf43gA", "https://example.com/hello", "https://example.com/Cx FR", "https://example.com/EGPH0A=="} {
		if l, err := Decompress(s); err == nil {
			t.Errorf("%s is %s", s, l)
		}
	}
}
