// Package ucum checks units of measure and converts between them. It knows the case-sensitive codes ("c/s") of the
// Unified Code for Units of Measure, version 2.1, in the part that factories use:
//
//   - the whole grammar of terms: products ".", quotients "/" (also leading), parentheses, whole exponents ("m/s2",
//     "s-1"), whole factors ("/100.g"), annotations in braces ("{rev}/min"), prefixes of metric units including the
//     binary ones (Ki, Mi, Gi, Ti);
//   - the base units, all SI-derived units, those used with the SI, CGS units that instruments still show, pressure
//     columns, the customary units of trade with English-speaking countries, dimensionless ratios, bits and bytes
//     (table.go);
//   - special units with an offset or a logarithm (Cel, [degF], [pH], B, Np, B[W], …), which stand alone, as the
//     standard wants.
//
// Left out: clinical and arbitrary units, units of the apothecary, historical ones, powers of tan, and the
// case-insensitive codes. What is left out is refused and never guessed.
//
// Not in UCUM, and how to write it: var is V.A, so kvarh is kV.A.h, with an annotation kV.A{reactive}.h; kWh is kW.h;
// rpm is {rev}/min; a dimensionless number is 1; ppm is [ppm].
//
// Source: G. Schadow, C. McDonald, The Unified Code for Units of Measure, 2.1 (2017), sections 2 to 4.
package ucum
