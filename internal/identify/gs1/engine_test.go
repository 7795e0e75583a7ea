package gs1

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rows reads lines of fields between tabs.
func rows(t testing.TB, name string) (out [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		out = append(out, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	if len(out) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return out
}

// answer is an element string with ^ for FNC1 as the engine writes it, "-" for a refusal.
func answer(es Elements, err error) string {
	if err != nil {
		return "-"
	}
	return "^" + strings.ReplaceAll(es.String(), string(Separator), "^")
}

// TestLinksOfTheEngine: our parser gives what GS1's engine gives. The engine pads short GTINs when it is told to; we always do.
func TestLinksOfTheEngine(t *testing.T) {
	for _, r := range rows(t, "engine-links.txt") {
		l, err := ParseLink(r[0])
		var es Elements
		if err == nil {
			es = l.Elements
		}
		// The engine parses and associates in two steps; the first does not know what AIs need.
		if f := (*Fault)(nil); errors.As(err, &f) && f.Rule == RuleRequires {
			continue
		}
		if got := answer(es, err); got != r[1] {
			t.Errorf("%s gives %s (%v), the engine %s", r[0], got, err, r[1])
		}
	}
}

func TestBracketsOfTheEngine(t *testing.T) {
	for _, r := range rows(t, "engine-brackets.txt") {
		es, err := ParseBracketed(r[0])
		if got := answer(es, err); got != r[1] {
			t.Errorf("%s gives %s (%v), the engine %s", r[0], got, err, r[1])
		}
		if err == nil && es.Bracketed() != r[0] {
			t.Errorf("%s is written back as %s", r[0], es.Bracketed())
		}
	}
}

func TestScansOfTheEngine(t *testing.T) {
	for _, r := range rows(t, "engine-scans.txt") {
		read, err := ParseScan(strings.ReplaceAll(r[0], "^", string(Separator)))
		if got := answer(read.Elements, err); got != r[1] {
			t.Errorf("%s gives %s (%v), the engine %s", r[0], got, err, r[1])
		}
	}
}

// TestLintersOfTheDictionary: what is wrong, and where, as the reference linters mark it. Where they mark a whole value because
// something is missing, we mark the place.
func TestLintersOfTheDictionary(t *testing.T) {
	linters := map[string]linter{
		"csumalpha": lintCsumalpha, "iban": lintIban, "posinseqslash": lintPosinseqslash, "nozeroprefix": lintNozeroprefix, "cset64": CSET64.check,
		"importeridx": lintImporteridx, "packagetype": lintPackagetype, "iso4217": lintIso4217, "iso3166": lintIso3166, "iso3166alpha2": lintIso3166alpha2,
		"couponposoffer": lintCouponposoffer, "couponcode": lintCouponcode, "gcppos1": lintGcppos1,
	}
	for _, r := range rows(t, "engine-lint.txt") {
		f := linters[r[0]](r[1])
		got := "-"
		if f.rule != "" {
			got = r[1][:f.at] + "*" + r[1][f.at:f.at+f.n] + "*" + r[1][f.at+f.n:]
		}
		if got != r[2] {
			t.Errorf("%s of %s marks %s (%s), the reference %s", r[0], r[1], got, f.rule, r[2])
		}
	}
}
