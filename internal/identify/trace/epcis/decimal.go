package epcis

import "strings"

// decimal brings a decimal number into its one plain form: no sign +, no leading or trailing zeros, no exponent. ok is false for
// anything else than a decimal number, and where an exponent is too far to be written out.
func decimal(s string) (plain string, ok bool) {
	digits := s
	negative := false
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		negative, digits = digits[0] == '-', digits[1:]
	}
	shift := 0
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		if shift, ok = exponent(digits[i+1:]); !ok {
			return "", false
		}
		digits = digits[:i]
	}
	whole, part, _ := strings.Cut(digits, ".")
	if whole+part == "" || len(digits) > maxDigits || strings.ContainsFunc(whole+part, func(r rune) bool { return r < '0' || r > '9' }) {
		return "", false
	}
	all, point := whole+part, len(whole)+shift
	switch {
	case point < 0:
		all, point = strings.Repeat("0", -point)+all, 0
	case point > len(all):
		all += strings.Repeat("0", point-len(all))
	}
	whole, part = strings.TrimLeft(all[:point], "0"), strings.TrimRight(all[point:], "0")
	if whole == "" {
		whole = "0"
	}
	if part != "" {
		whole += "." + part
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return whole, true
}

// maxDigits and maxExponent bound what is written out.
const (
	maxDigits   = 400
	maxExponent = 400
)

func exponent(s string) (int, bool) {
	sign := 1
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if n = n*10 + int(s[i]-'0'); n > maxExponent {
			return 0, false
		}
	}
	return sign * n, s != ""
}
