package ucum

import (
	"math"
	"strings"
	"testing"
)

func TestCodesOfTheFactoryAreUnderstood(t *testing.T) {
	// What one unit is in another, from the definitions of the SI and of the International Yard and Pound Agreement.
	for _, c := range []struct {
		value    float64
		from, to string
		want     float64
	}{
		{1, "mm", "m", 1e-3},
		{1, "kW.h", "J", 3.6e6},
		{1, "kW.h", "MJ", 3.6},
		{60, "{rev}/min", "Hz", 1},
		{1, "/min", "s-1", 1.0 / 60},
		{1, "m3/h", "l/s", 1000.0 / 3600},
		{1, "N.m", "J", 1},
		{1, "MPa", "bar", 10},
		{1, "kgf/cm2", "kPa", 98.0665},
		{1, "mm[Hg]", "Pa", 133.322},
		{1, "[psi]", "kPa", 6.894757293168},
		{1, "[in_i]", "mm", 25.4},
		{1, "[gal_us]", "l", 3.785411784},
		{1, "t{coal_equivalent}", "kg", 1000},
		{25, "Cel", "K", 298.15},
		{25, "Cel", "[degF]", 77},
		{-40, "[degF]", "Cel", -40},
		{1, "%", "1", 0.01},
		{1, "[ppm]", "10*-6", 1},
		{1, "10*3/ul", "10^9/l", 1},
		{90, "deg", "rad", math.Pi / 2},
		{1, "KiBy", "bit", 8192},
		{1, "kV.A{reactive}.h", "J", 3.6e6},
		{1, "kg.m2", "g.cm2", 1e7},
		{1, "J/(kg.K)", "m2.s-2.K-1", 1},
		{1, "W/m2/K", "W/(m2.K)", 1},
		{1, "/100.m", "cm", 1}, // from left to right
		{1, "mm/s2", "m/s2", 1e-3},
		{1, "uS/cm", "mS/m", 0.1},
		{1, "[g]", "m/s2", 9.80665},
		{1, "A.h", "C", 3600},
		{1, "daar", "dar", 100}, // deka-are, deci-are
		{1, "Pa", "kg/m/s2", 1},
		{2, "{piece}", "1", 2},
	} {
		from, err := Parse(c.from)
		if err != nil {
			t.Error(err)
			continue
		}
		to, err := Parse(c.to)
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := Convert(c.value, from, to)
		if err != nil || math.Abs(got-c.want) > 1e-9*math.Abs(c.want) {
			t.Errorf("%v %s: got %v %s, %v; want %v", c.value, c.from, got, c.to, err, c.want)
		}
	}
}

func TestPlainUnitsWinOverPrefixedOnes(t *testing.T) {
	for code, dimension := range map[string]Dimension{
		"cd": {6: 1}, "Pa": {-1, -2, 1}, "min": {1: 1}, "m": {1}, "h": {1: 1}, "d": {1: 1}, "T": {1: -1, 2: 1, 5: -1}, "ft": {2: 1}, "mol": {},
	} {
		u, err := Parse(code)
		if err != nil || u.Dimension != dimension {
			t.Errorf("%s: got %v, %v; want %v", code, u.Dimension, err, dimension)
		}
	}
}

func TestWhatIsNoUnitIsRefusedWithItsReason(t *testing.T) {
	for code, says := range map[string]string{
		"":                             "1 to 64 characters",
		"rpm":                          "write {rev}/min",
		"kWh":                          "write kW.h",
		"°C":                           "does not occur in UCUM codes",
		"m s":                          "does not occur",
		"m//s":                         "a unit is missing",
		"m.":                           "missing at the end",
		"(m":                           "not closed",
		"m)":                           "nothing may follow",
		"m{rev":                        "not closed",
		"m{a{b}}":                      "not closed",
		"[in_i":                        "bracket is not closed",
		"m0":                           "not 0",
		"m+":                           "sign without an exponent",
		"m1000":                        "at most 99",
		"0.m":                          "not 0",
		"99999999999.m":                "at most",
		"kmin":                         "not a unit",
		"k%":                           "not a unit",
		"Cel/h":                        "stands alone",
		"2.Cel":                        "stands alone",
		"Cel2":                         "no powers",
		"m**2":                         "not a unit",
		"Ym99.Ym99":                    "too large",
		strings.Repeat("(", 20) + "m":  "more than 8",
		strings.Repeat("m.", 40) + "m": "1 to 64",
	} {
		if u, err := Parse(code); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %+v, %v; want %q", code, u, err, says)
		}
	}
	a, _ := Parse("kW")
	b, _ := Parse("kW.h")
	if _, err := Convert(1, a, b); err == nil || Commensurable(a, b) {
		t.Error("power was given in energy")
	}
	db, err := Parse("dB[SPL]")
	if one, _ := Parse("1"); err != nil || Commensurable(db, one) {
		t.Errorf("a level was taken for a ratio, %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"kW.h", "/min", "10*3/ul", "J/(kg.K)", "kV.A{reactive}.h", "[in_i'Hg]", "m-2", "((m))", "Cel"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, code string) {
		u, err := Parse(code)
		if err != nil {
			return
		}
		if u.Factor == 0 || math.IsNaN(u.Factor) || math.IsInf(u.Factor, 0) {
			t.Errorf("%q has the factor %v", code, u.Factor)
		}
		if again, err := Parse("(" + code + ")"); len(code) < 50 && u.special == 0 && err != nil && !strings.Contains(err.Error(), "more than") {
			t.Errorf("%q is refused in parentheses: %v %v", code, err, again)
		}
	})
}
