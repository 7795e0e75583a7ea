package gs1

import (
	"fmt"
	"strings"
)

// Fault says exactly what is wrong with data: the AI, its value, where in it, and the rule. Every error of this package is one.
type Fault struct {
	AI    string // "" where the fault is not in the value of an AI
	Value string // as given: of the AI, or else the whole input, cut to 120 bytes
	At    int    // of the first wrong byte in Value
	Len   int    // how many are wrong, 0 where something is missing
	Rule  Rule
	Other string // the AIs that an association speaks of, the part of a coupon
}

func (f *Fault) Error() string { return f.In("en") }

// In words the fault in a language.
func (f *Fault) In(lang string) string {
	var b strings.Builder
	if f.AI != "" {
		fmt.Fprintf(&b, "(%s) ", f.AI)
	}
	if f.Value != "" {
		fmt.Fprintf(&b, "%q ", f.Value)
		if f.Len > 0 && (f.At > 0 || f.Len < len(f.Value)) {
			fmt.Fprintf(&b, "[%d:%d] ", f.At, f.At+f.Len)
		}
	}
	b.WriteString(f.Rule.Words().In(lang))
	if f.Other != "" {
		fmt.Fprintf(&b, ": %s", f.Other)
	}
	return b.String()
}

// flaw is what a check finds in a piece of text; its rule is "" when there is nothing.
type flaw struct {
	rule  Rule
	at, n int
}

// maxShown bounds how much of an input a fault repeats, in bytes.
const maxShown = 120

// about makes a fault of a whole input.
func about(input string, at, n int, rule Rule) *Fault {
	if len(input) > maxShown {
		from := min(max(0, at-maxShown/2), len(input)-maxShown)
		input, at = input[from:from+maxShown], at-from
	}
	return &Fault{Value: input, At: at, Len: min(n, len(input)-at), Rule: rule}
}
