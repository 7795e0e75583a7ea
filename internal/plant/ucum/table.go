package ucum

// atom is one unit of the table: its code, whether it takes prefixes, and its definition: a number times a term of
// units above it in the table. Base units have no term.
type atom struct {
	code   string
	metric bool
	value  float64
	term   string
	kind   special
}

// special units do not multiply.
type special uint8

const (
	celsius special = iota + 1
	fahrenheit
	logarithm // of a ratio: bel, neper, pH
)

// prefixes of section 4.1.
var prefixes = map[string]float64{
	"Y": 1e24, "Z": 1e21, "E": 1e18, "P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "h": 1e2, "da": 1e1,
	"d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18, "z": 1e-21, "y": 1e-24,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
}

// bases are the dimensions, in this order (section 4.2).
var bases = [...]string{"m", "s", "g", "rad", "K", "C", "cd"}

var atoms = []atom{
	{code: "m", metric: true}, {code: "s", metric: true}, {code: "g", metric: true}, {code: "rad", metric: true},
	{code: "K", metric: true}, {code: "C", metric: true}, {code: "cd", metric: true},

	// Dimensionless (4.3, 4.4).
	{code: "10*", value: 10, term: "1"}, {code: "10^", value: 10, term: "1"},
	{code: "[pi]", value: 3.1415926535897932384626433832795, term: "1"},
	{code: "%", value: 1e-2, term: "1"}, {code: "[ppth]", value: 1e-3, term: "1"}, {code: "[ppm]", value: 1e-6, term: "1"},
	{code: "[ppb]", value: 1e-9, term: "1"}, {code: "[pptr]", value: 1e-12, term: "1"},

	// SI (4.4).
	{code: "mol", metric: true, value: 6.0221367e23, term: "1"},
	{code: "sr", metric: true, value: 1, term: "rad2"}, {code: "Hz", metric: true, value: 1, term: "s-1"},
	{code: "N", metric: true, value: 1, term: "kg.m/s2"}, {code: "Pa", metric: true, value: 1, term: "N/m2"},
	{code: "J", metric: true, value: 1, term: "N.m"}, {code: "W", metric: true, value: 1, term: "J/s"},
	{code: "A", metric: true, value: 1, term: "C/s"}, {code: "V", metric: true, value: 1, term: "J/C"},
	{code: "F", metric: true, value: 1, term: "C/V"}, {code: "Ohm", metric: true, value: 1, term: "V/A"},
	{code: "S", metric: true, value: 1, term: "Ohm-1"}, {code: "Wb", metric: true, value: 1, term: "V.s"},
	{code: "Cel", metric: true, value: 1, term: "K", kind: celsius},
	{code: "T", metric: true, value: 1, term: "Wb/m2"}, {code: "H", metric: true, value: 1, term: "Wb/A"},
	{code: "lm", metric: true, value: 1, term: "cd.sr"}, {code: "lx", metric: true, value: 1, term: "lm/m2"},
	{code: "Bq", metric: true, value: 1, term: "s-1"}, {code: "Gy", metric: true, value: 1, term: "J/kg"},
	{code: "Sv", metric: true, value: 1, term: "J/kg"}, {code: "kat", metric: true, value: 1, term: "mol/s"},

	// Used with the SI (4.5).
	{code: "gon", value: 0.9, term: "deg"}, {code: "deg", value: 2.0 / 360, term: "[pi].rad"},
	{code: "'", value: 1.0 / 60, term: "deg"}, {code: "''", value: 1.0 / 3600, term: "deg"},
	{code: "l", metric: true, value: 1, term: "dm3"}, {code: "L", metric: true, value: 1, term: "dm3"},
	{code: "ar", metric: true, value: 100, term: "m2"},
	{code: "min", value: 60, term: "s"}, {code: "h", value: 3600, term: "s"}, {code: "d", value: 86400, term: "s"},
	{code: "wk", value: 7, term: "d"}, {code: "a_j", value: 365.25, term: "d"}, {code: "a", value: 365.25, term: "d"},
	{code: "mo_j", value: 30.4375, term: "d"}, {code: "mo", value: 30.4375, term: "d"},
	{code: "t", metric: true, value: 1e3, term: "kg"}, {code: "bar", metric: true, value: 1e5, term: "Pa"},
	{code: "u", metric: true, value: 1.6605402e-24, term: "g"}, {code: "eV", metric: true, value: 1.60217733e-19, term: "J"},

	// Natural, CGS and pressure columns (4.6 to 4.8).
	{code: "[g]", metric: true, value: 9.80665, term: "m/s2"}, {code: "[c]", metric: true, value: 299792458, term: "m/s"},
	{code: "gf", metric: true, value: 1, term: "g.[g]"}, {code: "[lbf_av]", value: 453.59237, term: "g.[g]"},
	{code: "Gal", metric: true, value: 1, term: "cm/s2"}, {code: "dyn", metric: true, value: 1, term: "g.cm/s2"},
	{code: "erg", metric: true, value: 1, term: "dyn.cm"}, {code: "P", metric: true, value: 1, term: "dyn.s/cm2"},
	{code: "St", metric: true, value: 1, term: "cm2/s"}, {code: "G", metric: true, value: 1e-4, term: "T"},
	{code: "Mx", metric: true, value: 1e-8, term: "Wb"}, {code: "Lmb", metric: true, value: 1 / 3.1415926535897932384626433832795, term: "cd/cm2"},
	{code: "atm", value: 101325, term: "Pa"}, {code: "att", value: 1, term: "kgf/cm2"},
	{code: "m[H2O]", metric: true, value: 9.80665, term: "kPa"}, {code: "m[Hg]", metric: true, value: 133.3220, term: "kPa"},
	{code: "cal", metric: true, value: 4.184, term: "J"}, {code: "cal_th", metric: true, value: 4.184, term: "J"},
	{code: "cal_IT", metric: true, value: 4.1868, term: "J"},

	// Trade (4.9 and following).
	{code: "[in_i]", value: 2.54, term: "cm"}, {code: "[ft_i]", value: 12, term: "[in_i]"}, {code: "[yd_i]", value: 3, term: "[ft_i]"},
	{code: "[mi_i]", value: 5280, term: "[ft_i]"}, {code: "[nmi_i]", value: 1852, term: "m"}, {code: "[kn_i]", value: 1, term: "[nmi_i]/h"},
	{code: "[mil_i]", value: 1e-3, term: "[in_i]"}, {code: "[sin_i]", value: 1, term: "[in_i]2"}, {code: "[sft_i]", value: 1, term: "[ft_i]2"},
	{code: "[cin_i]", value: 1, term: "[in_i]3"}, {code: "[cft_i]", value: 1, term: "[ft_i]3"},
	{code: "[gal_us]", value: 231, term: "[in_i]3"}, {code: "[bbl_us]", value: 42, term: "[gal_us]"},
	{code: "[lb_av]", value: 453.59237, term: "g"}, {code: "[oz_av]", value: 1.0 / 16, term: "[lb_av]"},
	{code: "[stone_av]", value: 14, term: "[lb_av]"}, {code: "[ston_av]", value: 2000, term: "[lb_av]"},
	{code: "[psi]", value: 1, term: "[lbf_av]/[in_i]2"}, {code: "[in_i'Hg]", value: 25.4, term: "mm[Hg]"},
	{code: "[Btu_IT]", value: 1.05505585262, term: "kJ"}, {code: "[Btu]", value: 1.05505585262, term: "kJ"},
	{code: "[HP]", value: 550, term: "[ft_i].[lbf_av]/s"},
	{code: "[degF]", value: 5.0 / 9, term: "K", kind: fahrenheit}, {code: "[degR]", value: 5.0 / 9, term: "K"},

	// Levels and acidity (4.10): logarithms of a ratio.
	{code: "[pH]", value: 1, term: "mol/l", kind: logarithm}, {code: "Np", metric: true, value: 1, term: "1", kind: logarithm},
	{code: "B", metric: true, value: 1, term: "1", kind: logarithm}, {code: "B[SPL]", metric: true, value: 2, term: "10*-5.Pa", kind: logarithm},
	{code: "B[V]", metric: true, value: 1, term: "V", kind: logarithm}, {code: "B[mV]", metric: true, value: 1, term: "mV", kind: logarithm},
	{code: "B[W]", metric: true, value: 1, term: "W", kind: logarithm}, {code: "B[kW]", metric: true, value: 1, term: "kW", kind: logarithm},

	// Information (4.11).
	{code: "bit", metric: true, value: 1, term: "1"}, {code: "By", metric: true, value: 8, term: "bit"}, {code: "Bd", metric: true, value: 1, term: "s-1"},
}
