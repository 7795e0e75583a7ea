package gs1

import "strings"

// linter is a check of the dictionary over one component, whose characters and length were looked at before.
type linter func(string) flaw

func lintCsum(s string) flaw {
	if last := len(s) - 1; last < 0 || CheckDigit(s[:last]) != s[last] {
		return flaw{RuleCheckDigit, max(0, last), min(1, len(s))}
	}
	return flaw{}
}

func lintCsumalpha(s string) flaw {
	if len(s) < 2 {
		return flaw{RuleTooShort, 0, len(s)}
	}
	body := s[:len(s)-2]
	pair, ok := CheckPair(body)
	if !ok {
		return flaw{RuleCharacter, 0, len(body)}
	}
	if pair != s[len(body):] {
		return flaw{RuleCheckPair, len(body), 2}
	}
	return flaw{}
}

// shortestPrefix is the length of the shortest GS1 Company Prefix.
const shortestPrefix = 4

func lintGcppos1(s string) flaw {
	if len(s) < shortestPrefix {
		return flaw{RuleCompanyPrefix, 0, len(s)}
	}
	if i := digits(s[:shortestPrefix]); i >= 0 {
		return flaw{RuleCompanyPrefix, i, 1}
	}
	return flaw{}
}

// lintGcppos2 looks behind the indicator or extension digit.
func lintGcppos2(s string) flaw {
	if s == "" {
		return flaw{RuleCompanyPrefix, 0, 0}
	}
	f := lintGcppos1(s[1:])
	if f.rule != "" {
		f.at++
	}
	return f
}

func lintNonzero(s string) flaw {
	if strings.Trim(s, "0") == "" {
		return flaw{RuleNonZero, 0, len(s)}
	}
	return flaw{}
}

func lintZero(s string) flaw {
	if i := strings.IndexFunc(s, func(r rune) bool { return r != '0' }); i >= 0 {
		return flaw{RuleZero, i, 1}
	}
	return flaw{}
}

func lintNozeroprefix(s string) flaw {
	if s != "" && s[0] == '0' {
		return flaw{RuleZeroPrefix, 0, 1}
	}
	return flaw{}
}

func lintHasnondigit(s string) flaw {
	if digits(s) < 0 {
		return flaw{RuleNonDigit, 0, len(s)}
	}
	return flaw{}
}

func lintHyphen(s string) flaw {
	if i := strings.IndexFunc(s, func(r rune) bool { return r != '-' }); i >= 0 {
		return flaw{RuleHyphen, i, 1}
	}
	return flaw{}
}

func lintYesno(s string) flaw   { return oneOf(s, "01", RuleYesNo) }
func lintWinding(s string) flaw { return oneOf(s, "019", RuleWinding) }
func lintIso5218(s string) flaw { return oneOf(s, "0129", RuleSex) }

func oneOf(s, letters string, rule Rule) flaw {
	if len(s) != 1 || !strings.Contains(letters, s) {
		return flaw{rule, 0, len(s)}
	}
	return flaw{}
}

func lintImporteridx(s string) flaw {
	if len(s) != 1 || !CSET64.has(s[0]) {
		return flaw{RuleImporter, 0, len(s)}
	}
	return flaw{}
}

// lintPieceoftotal wants the number of a piece and of all pieces, each half of the value.
func lintPieceoftotal(s string) flaw {
	half := len(s) / 2
	if len(s)%2 != 0 || strings.Trim(s[:half], "0") == "" || strings.Trim(s[half:], "0") == "" || s[:half] > s[half:] {
		return flaw{RulePiece, 0, len(s)}
	}
	return flaw{}
}

func lintPosinseqslash(s string) flaw {
	position, end, found := strings.Cut(s, "/")
	wrong := flaw{RuleSequence, 0, len(s)}
	if !found || position == "" || end == "" || digits(position) >= 0 || digits(end) >= 0 || position[0] == '0' || end[0] == '0' {
		return wrong
	}
	if len(position) > len(end) || len(position) == len(end) && position > end {
		return wrong
	}
	return flaw{}
}

func lintPcenc(s string) flaw {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		if i+2 >= len(s) || hex(s[i+1]) < 0 || hex(s[i+2]) < 0 {
			return flaw{RulePercent, i, min(3, len(s)-i)}
		}
		i += 2
	}
	return flaw{}
}

// hex is the value of a hexadecimal digit, or -1.
func hex(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func lintLatitude(s string) flaw {
	if len(s) != 10 || s > "1800000000" {
		return flaw{RuleLatitude, 0, len(s)}
	}
	return flaw{}
}

func lintLongitude(s string) flaw {
	if len(s) != 10 || s > "3600000000" {
		return flaw{RuleLongitude, 0, len(s)}
	}
	return flaw{}
}
