package formula

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Bounds of a formula.
const (
	MaxLength = 1000 // bytes
	maxDepth  = 24
	maxDigits = 24 // of a number
	maxArgs   = 16
)

// Fault is what is wrong with a formula, at a place in it.
type Fault struct {
	At   int // byte, from 0
	What string
}

func (f *Fault) Error() string { return fmt.Sprintf("at character %d: %s", f.At+1, f.What) }

type token struct {
	at   int
	kind byte // 'n' number, 'i' name, 'o' operator or sign, 'e' end
	text string
	num  *big.Rat
}

// keywords are names that inputs cannot have.
var keywords = []string{"and", "or", "not", "if", "min", "max", "sum", "abs"}

// Name tells whether an input can be called so: a lowercase letter, then letters of both cases and digits, and not a word of the language.
func Name(s string) bool {
	if s == "" || len(s) > 40 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !letter(r) && !digit(r) }) && !slices.Contains(keywords, s)
}

func letter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' }
func digit(r rune) bool  { return r >= '0' && r <= '9' }

func scan(s string) ([]token, *Fault) {
	if len(s) > MaxLength {
		return nil, &Fault{MaxLength, fmt.Sprintf("the formula has %d bytes; at most %d fit", len(s), MaxLength)}
	}
	var out []token
	for i := 0; i < len(s); {
		from := i
		for i < len(s) && (letter(rune(s[i])) || i > from && digit(rune(s[i]))) {
			i++
		}
		if i > from {
			out = append(out, token{at: from, kind: 'i', text: s[from:i]})
			continue
		}
		for i < len(s) && (digit(rune(s[i])) || s[i] == '.') {
			i++
		}
		if i > from {
			n, ok := number(s[from:i])
			if !ok {
				return nil, &Fault{from, fmt.Sprintf("%q is not a number of at most %d digits", cut(s[from:i]), maxDigits)}
			}
			out = append(out, token{at: from, kind: 'n', text: s[from:i], num: n})
			continue
		}
		two := s[i:min(i+2, len(s))]
		switch {
		case s[i] == ' ' || s[i] == '\n' || s[i] == '\t':
			i++
		case slices.Contains([]string{"<=", ">=", "!="}, two):
			out = append(out, token{at: i, kind: 'o', text: two})
			i += 2
		case strings.IndexByte("+-*/()<>=,", s[i]) >= 0:
			out = append(out, token{at: i, kind: 'o', text: s[i : i+1]})
			i++
		default:
			r := []rune(s[i:])[0]
			return nil, &Fault{i, fmt.Sprintf("%q does not occur in formulas", r)}
		}
	}
	return append(out, token{at: len(s), kind: 'e', text: "the end"}), nil
}

// number reads digits with at most one point inside.
func number(s string) (*big.Rat, bool) {
	if len(s) > maxDigits || strings.Count(s, ".") > 1 || s[0] == '.' || s[len(s)-1] == '.' {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func cut(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
