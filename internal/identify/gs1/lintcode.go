package gs1

import "slices"

func lintIso3166(s string) flaw       { return listed(s, countries[:], RuleCountry) }
func lintIso3166alpha2(s string) flaw { return listed(s, countryLetters[:], RuleCountry) }
func lintIso4217(s string) flaw       { return listed(s, currencies[:], RuleCurrency) }
func lintMediatype(s string) flaw     { return listed(s, mediaTypes[:], RuleMedia) }
func lintPackagetype(s string) flaw   { return listed(s, packageTypes[:], RulePackage) }

// lintIso3166999 takes 999 for several countries.
func lintIso3166999(s string) flaw {
	if s == "999" {
		return flaw{}
	}
	return lintIso3166(s)
}

func listed(s string, codes []string, rule Rule) flaw {
	if _, found := slices.BinarySearch(codes, s); !found {
		return flaw{rule, 0, len(s)}
	}
	return flaw{}
}

// shortestIBAN: the standard has no shortest; as the dictionary's reference linter.
const shortestIBAN = 11

// lintIban checks an International Bank Account Number: country, characters, remainder (ISO 13616-1).
func lintIban(s string) flaw {
	if len(s) < shortestIBAN {
		return flaw{RuleIBAN, 0, len(s)}
	}
	if lintIso3166alpha2(s[:2]).rule != "" {
		return flaw{RuleIBAN, 0, 2}
	}
	sum := 0
	for i := range len(s) {
		at := (i + 4) % len(s) // the first four count last
		switch c := s[at]; {
		case isDigit(c):
			sum = (sum*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			sum = (sum*100 + int(c-'A') + 10) % 97
		default:
			return flaw{RuleIBAN, at, 1}
		}
	}
	if sum != 1 {
		return flaw{RuleIBANCheck, 2, 2}
	}
	return flaw{}
}
