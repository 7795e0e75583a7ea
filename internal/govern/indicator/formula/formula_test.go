package formula_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/proof"
)

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

var values = map[string]formula.Value{
	"a": formula.Known(rat("14")), "b": formula.Known(rat("20")), "zero": formula.Known(rat("0")), "third": formula.Known(rat("1/3")),
	"u": formula.Unknown("u"), "yes": formula.Known(rat("1")), "no": formula.Known(rat("0")),
}

var types = map[string]formula.Type{
	"a": formula.Pure, "b": formula.Pure, "zero": formula.Pure, "third": formula.Pure, "u": formula.Pure, "yes": formula.Truth, "no": formula.Truth,
}

func TestValues(t *testing.T) {
	for text, want := range map[string]string{
		"100 * a / b":            "70",
		"100*a/b":                "70",
		"a - b - 1":              "-7",
		"a - (b - 1)":            "-5",
		"2 + 3 * 4":              "14",
		"(2 + 3) * 4":            "20",
		"-a + b":                 "6",
		"- (a - b)":              "6",
		"a / 3 * 3":              "14",
		"third + third + third":  "1",
		"0.1 + 0.2":              "3/10",
		"min(a, b, 3)":           "3",
		"max(a, b, 3)":           "20",
		"sum(a, b, 3)":           "37",
		"abs(a - b)":             "6",
		"if(a < b, 1, 0)":        "1",
		"if(a >= b, 1, 0)":       "0",
		"if(a < b, a / b, u)":    "7/10", // what is not needed need not be known
		"a < b and b < 30":       "1",
		"a < b and not a = b":    "1",
		"not a < b":              "0",
		"a != b or u > 1":        "1", // Kleene: one true decides
		"a = b and u > 1":        "0",
		"a <= 14 and b >= 20":    "1",
		"yes and not no":         "1",
		"a > b or a < b and b=1": "0",
	} {
		f := proof.Must(formula.Parse(text))
		if _, err := f.Check(types); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Eval(values); got.Num == nil || got.Num.Cmp(rat(want)) != 0 {
			t.Errorf("%s = %v (%v), want %s", text, got.Num, got.Lack, want)
		}
	}
}

// What is not known stays so, with its reason.
func TestUnknowns(t *testing.T) {
	for text, want := range map[string]string{
		"u": "u", "a + u": "u", "0 * u": "u", "sum(a, u, missing)": "missing u", "if(u > 1, 1, 0)": "u", "a < b and u > 1": "u", "a = b or u > 1": "u", "not u > 1": "u",
		"a / zero": "/0", "a / (b - b)": "/0", "100 * (a - zero) / zero": "/0", "max(a, a / zero)": "/0", "a / u": "u",
	} {
		got := proof.Must(formula.Parse(text)).Eval(values)
		if got.Num != nil || strings.Join(got.Lack, " ") != want {
			t.Errorf("%s = %v for want of %v, want %s", text, got.Num, got.Lack, want)
		}
	}
}

func TestFilled(t *testing.T) {
	for text, want := range map[string]string{
		"100 * a / b":         "100 * 14 / 20 = 70",
		"100 * a/(b + third)": "100 * 14/(20 + 0.333333) = 68.85",
		"if(u > 1, a, b)":     "if(? > 1, 14, 20) = ?",
		"min(a,b)":            "min(14,20) = 14",
		"a / zero":            "14 / 0 = ?",
	} {
		if got := proof.Must(formula.Parse(text)).Filled(values, 2); got != want {
			t.Errorf("%s is filled %q, want %q", text, got, want)
		}
	}
}

func TestFaultsOfTheLanguage(t *testing.T) {
	deep := strings.Repeat("(", 60) + "a" + strings.Repeat(")", 60)
	for text, want := range map[string]string{
		"":                              "the formula ends where something should follow",
		"a +":                           "the formula ends",
		"a b":                           `"b" is not expected here`,
		"a + * b":                       `"*" is not expected here`,
		"(a + b":                        `")" is missing`,
		"a < b < 3":                     "comparisons do not chain",
		"1.":                            `"1." is not a number`,
		".5":                            `".5" is not a number`,
		"1.2.3":                         "is not a number",
		strings.Repeat("9", 25):         "is not a number",
		"a ** b":                        `"*" is not expected here`,
		"a % b":                         `'%' does not occur`,
		"a；b":                           `'；' does not occur`,
		"if(a < b, 1)":                  "if takes 3 to 3 values; it has 2",
		"min(a)":                        "min takes 2 to 16 values",
		"max":                           `"(" is missing`,
		"Big + 1":                       `"Big" is not expected here`,
		deep:                            "more than 24 operations in each other",
		strings.Repeat("-", 60) + "a":   "more than 24 operations in each other",
		strings.Repeat("a+", 600) + "a": "at most 1000 fit",
		"and":                           `"and" is not expected here`,
	} {
		if _, err := formula.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"other + 1":      `at character 1: "other" is not an input`,
		"yes + 1":        "+ wants a number, and this is a truth",
		"a and yes":      "and wants a truth, and this is a number",
		"if(a, 1, 0)":    "if wants a truth",
		"if(yes, no, 1)": "if wants a number",
		"not a":          "not wants a truth",
	} {
		if _, err := proof.Must(formula.Parse(text)).Check(types); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func unit(code string) formula.Unit { return proof.Must(formula.ParseUnit(code)) }

// A formula whose unit is not the definition's names both.
func TestUnits(t *testing.T) {
	in := map[string]formula.Type{
		"added": formula.In(unit("10*4.CNY")), "yuan": formula.In(unit("CNY")), "coal": formula.In(unit("t{coal_equivalent}")), "energy": formula.In(unit("kW.h")), "more": formula.In(unit("MW.h")),
		"staff": formula.In(unit("1")), "n": formula.In(unit("1")), "rate": formula.In(unit("%")), "span": formula.In(unit("d")),
	}
	for _, x := range []struct{ text, unit, want string }{
		{"100 * n / staff", "%", ""},
		{"n / staff", "1", ""},
		{"added / coal", "10*4.CNY/t{coal_equivalent}", ""},
		{"added / coal", "10*4.CNY/t", ""},
		{"yuan / staff", "CNY", ""},
		{"100 * (span - span) / span", "%", ""},
		{"energy / added", "kW.h/(10*4.CNY)", ""},
		{"max(0, added)", "10*4.CNY", ""},
		{"rate + n", "%", ""},
		{"if(n > 0, yuan, 0)", "CNY", ""},
		{"n > 0", "1", ""},
		{"added / coal", "10*4.CNY", "the formula gives 10*4.CNY/t{coal_equivalent}, and 10*4.CNY is wanted: these are different quantities"},
		{"100 * added / coal", "%", "gives 10*4.CNY/t{coal_equivalent}, and % is wanted"},
		{"yuan", "10*4.CNY", "the formula gives CNY, and 10*4.CNY is wanted; give the inputs in units that lead to it"},
		{"energy + more", "kW.h", "+ joins kW.h and MW.h; give both in one unit"},
		{"energy + coal", "kW.h", "+ joins kW.h and t{coal_equivalent}"},
		{"added + yuan", "CNY", "+ joins 10*4.CNY and CNY"},
		{"yuan + 1", "CNY", "+ joins CNY and 1"},
		{"energy > yuan", "1", "> joins kW.h and CNY"},
		{"n > 0", "CNY", "the formula gives a truth, and CNY is wanted"},
		{"if(n > 0, yuan, span)", "CNY", "if joins CNY and d"},
	} {
		_, err := proof.Must(formula.Parse(x.text)).Gives(in, unit(x.unit))
		if (x.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s in %s: %v, want %q", x.text, x.unit, err, x.want)
		}
	}
	for _, code := range []string{"CNY2", "furlong", "Cel", "[pH]", "CNY//t", "{", "CNY/", strings.Repeat("m", 99)} {
		if _, err := formula.ParseUnit(code); err == nil {
			t.Errorf("%q is taken for a unit", code)
		}
	}
}

// Conversion is exact, or it is refused.
func TestConversion(t *testing.T) {
	for _, x := range []struct{ value, from, to, want string }{
		{"12.5", "万元", "CNY", "125000"}, {"3", "亿元", "10*4.CNY", "30000"}, {"1", "CNY", "10*4.CNY", "1/10000"}, {"1/3", "MW.h", "kW.h", "1000/3"}, {"7", "kWh", "kW.h", "7"},
		{"3600", "kW.s", "kW.h", "1"}, {"50", "%", "1", "1/2"}, {"0.7", "1", "%", "70"}, {"2", "吨标准煤", "GJ", "58.6152"}, {"1", "万千瓦时", "GJ", "36"}, {"2", "t", "kg", "2000"}, {"12", "人", "1", "12"}, {"36", "h", "d", "3/2"}, {"5", "元", "CNY", "5"},
	} {
		got, err := formula.Convert(rat(x.value), unit(x.from), unit(x.to))
		if err != nil || got.Cmp(rat(x.want)) != 0 {
			t.Errorf("%s %s in %s is %v (%v), want %s", x.value, x.from, x.to, got, err, x.want)
		}
	}
	for _, x := range [][2]string{{"kW.h", "CNY"}, {"元", "t"}, {"d", "1"}, {"[lb_av]", "kg.[pi]"}} {
		if got, err := formula.Convert(rat("1"), unit(x[0]), unit(x[1])); err == nil {
			t.Errorf("%s was given in %s as %v", x[0], x[1], got)
		}
	}
}

func TestWhichFormulasPool(t *testing.T) {
	for text, want := range map[string]bool{
		"100 * a / b": true, "a / b": true, "a / ((b + zero) / 2)": true, "(a + b) / (2 * b)": true, "-a / b": true, "100 * (a - b) / b": true, "sum(a, b) / b": true, "a / b / 2": true,
		"a + b": false, "a": false, "a * b / zero": false, "a / b / zero": false, "a / b + 1": false, "if(a > b, 1, 0)": false, "100 * a / (b + 1)": false, "max(a, b) / b": false, "2": false,
	} {
		if got := proof.Must(formula.Parse(text)).Ratio(); got != want {
			t.Errorf("%s pools: %v, want %v", text, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{"a": true, "onlineAmount": true, "itr2015": true, "": false, "Big": false, "2a": false, "min": false, "and": false, "a-b": false, "数": false, strings.Repeat("a", 41): false} {
		if formula.Name(name) != want {
			t.Errorf("%q: %v, want %v", name, !want, want)
		}
	}
	if got := proof.Must(formula.Parse("b + a * b")).Names(); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("names are %v", got)
	}
}

// No input makes the parser or the evaluation panic, and what is parsed prints as it was written.
func FuzzFormula(f *testing.F) {
	for _, s := range []string{"100 * a / b", "if(a<b and not u>1, min(a,b), -abs(a - 2.5))", "a / zero", "((((a))))", "not not a = b", "1.", "a<b<b", "sum(a,u)", "100*(a-b)/b", "\xff", "９"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, err := formula.Parse(s)
		if err != nil {
			return
		}
		if x.String() != s {
			t.Fatalf("%q prints as %q", s, x)
		}
		got := x.Eval(values)
		if (got.Num == nil) == (len(got.Lack) == 0) {
			t.Fatalf("%q is neither known nor lacking: %+v", s, got)
		}
		if _, err := x.Check(types); err != nil {
			return
		}
		if again := x.Eval(values); got.Num != nil && again.Num.Cmp(got.Num) != 0 {
			t.Fatalf("%q gives %v and %v", s, got.Num, again.Num)
		}
		_ = x.Filled(values, 2)
	})
}
