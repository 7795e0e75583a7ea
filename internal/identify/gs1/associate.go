package gs1

import "strings"

// Check tells whether the elements may stand together on one thing: no AI twice with different values, none beside one that it bars,
// none without one that it needs. The elements are all that the thing carries, over all its barcodes. It returns nil or a *Fault.
func (es Elements) Check() error {
	for i := range es {
		e, d := &es[i], es[i].Is()
		for j := i + 1; j < len(es); j++ {
			if es[j].AI == e.AI && es[j].Value != e.Value {
				return &Fault{AI: e.AI, Value: es[j].Value, Len: len(es[j].Value), Rule: RuleDiffering, Other: e.Value}
			}
		}
		for _, pattern := range d.Excludes {
			if other := es.match(pattern, e.AI); other != "" {
				return &Fault{AI: e.AI, Value: e.Value, Rule: RuleExcludes, Other: other}
			}
		}
		for _, choice := range d.Requires {
			if !es.meets(choice, e.AI) {
				return &Fault{AI: e.AI, Value: e.Value, Rule: RuleRequires, Other: choiceWords(choice)}
			}
		}
	}
	return nil
}

func (es Elements) meets(choice [][]string, self string) bool {
groups:
	for _, group := range choice {
		for _, pattern := range group {
			if es.match(pattern, self) == "" {
				continue groups
			}
		}
		return true
	}
	return false
}

// match returns the AI other than self that matches a pattern ("01", "35nn"), or "".
func (es Elements) match(pattern, self string) string {
	known := strings.TrimRight(pattern, "n")
	for i := range es {
		if ai := es[i].AI; ai != self && len(ai) == len(pattern) && strings.HasPrefix(ai, known) {
			return ai
		}
	}
	return ""
}

// choiceWords writes a choice as the dictionary does: "01+21,8006+21".
func choiceWords(choice [][]string) string {
	var groups []string
	for _, g := range choice {
		groups = append(groups, strings.Join(g, "+"))
	}
	return strings.Join(groups, ",")
}
