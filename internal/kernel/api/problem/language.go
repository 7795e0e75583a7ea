package problem

import (
	"strconv"
	"strings"
)

// Language is one that the product speaks.
type Language string

// The languages.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// ParseAcceptLanguage picks the language that a caller prefers (RFC 9110, 12.5.4): any zh-… is Chinese; English when
// neither is asked for, or nothing is.
func ParseAcceptLanguage(header string) Language {
	best, bestQ := English, 0.0
	if len(header) > 500 {
		header = header[:500]
	}
	for part := range strings.SplitSeq(header, ",") {
		tag, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil || f < 0 || f > 1 {
				continue
			}
			q = f
		}
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if (primary == "zh" || primary == "en") && q > bestQ {
			best, bestQ = Language(primary), q
		}
	}
	return best
}
