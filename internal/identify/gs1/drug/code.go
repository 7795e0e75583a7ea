package drug

import (
	"regexp"
	"strings"

	"jingwei/internal/identify/gs1"
)

// Form is how a code is made.
type Form string

// The forms.
const (
	Supervision Form = "supervision" // 20 digits
	GS1         Form = "gs1"         // GTIN and serial number
	Own         Form = "own"         // by a rule of the firm
)

// Code is a code that was read.
type Code struct {
	Form    Form
	Product string // of the package at its level: the first seven digits, the GTIN, or what the firm's rule says
	Serial  string // nine digits, AI (21), or what the firm's rule says
	Cipher  string // of a supervision code: its last four digits
	Lot     string
	Expiry  string // YYMMDD as marked, "" when it is not
	Made    string // YYMMDD
	Rule    string // of an own code: its rule's name
}

// Parts of a supervision code, in digits.
const (
	supervisionLength = 20
	productLength     = 7
	serialLength      = 9
)

// firstDigit of supervision codes of drugs; others were given out for other goods.
const firstDigit = '8'

// longest code that is read, in bytes.
const longest = 500

// Rule is how a firm makes its codes: a pattern over the whole code with the groups product and serial, and where they are marked lot
// and expiry.
type Rule struct {
	Name    string
	Pattern *regexp.Regexp
	Mod10   bool // the last digit of the code is a check digit over its other digits, as GS1 counts
}

// NewRule makes a rule. The pattern is anchored at both ends; it must name product and serial.
func NewRule(name, pattern string, mod10 bool) (Rule, error) {
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return Rule{}, err
	}
	for _, group := range []string{"product", "serial"} {
		if re.SubexpIndex(group) < 0 {
			return Rule{}, &Fault{Value: pattern, Problem: ProblemRule, Wanted: group}
		}
	}
	return Rule{name, re, mod10}, nil
}

// Parse reads a code as typed or scanned, with or without symbology identifier. Errors: *Fault, and *gs1.Fault for what is written as
// GS1 data and breaks its rules.
func Parse(s string, own []Rule) (Code, error) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "]C0") // Code 128 that is not GS1's
	if s == "" || len(s) > longest {
		return Code{}, &Fault{Value: s[:min(40, len(s))], Problem: ProblemLength, Wanted: "20"}
	}
	digits := strings.Trim(s, "0123456789") == ""
	if digits && len(s) == supervisionLength && s[0] == firstDigit {
		return supervision(s), nil
	}
	c, err := ofGS1(s)
	if err == nil {
		return c, nil
	}
	for _, r := range own {
		if m := r.Pattern.FindStringSubmatch(s); m != nil {
			return r.read(s, m)
		}
	}
	switch {
	case digits && len(s) == supervisionLength:
		return supervision(s), nil
	case digits && !strings.HasPrefix(s, "01"):
		return Code{}, &Fault{Value: s, At: min(len(s), supervisionLength), Problem: ProblemLength, Wanted: "20"}
	case len(s) == supervisionLength && s[0] == firstDigit:
		at := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		return Code{}, &Fault{Value: s, At: at, Problem: ProblemCharacter}
	}
	return Code{}, err
}

func supervision(s string) Code {
	return Code{Form: Supervision, Product: s[:productLength], Serial: s[productLength : productLength+serialLength], Cipher: s[productLength+serialLength:]}
}

// ofGS1 reads GS1 data: GTIN and serial number must be there.
func ofGS1(s string) (c Code, err error) {
	r, err := gs1.Parse(s)
	if err != nil {
		return c, err
	}
	if err := r.Elements.Check(); err != nil {
		return c, err
	}
	c.Form = GS1
	for ai, at := range map[string]*string{"01": &c.Product, "21": &c.Serial, "10": &c.Lot, "17": &c.Expiry, "11": &c.Made} {
		*at, _ = r.Elements.Value(ai)
	}
	switch {
	case c.Product == "":
		return Code{}, &Fault{Value: s, Problem: ProblemMissing, Wanted: "(01) GTIN"}
	case c.Serial == "":
		return Code{}, &Fault{Value: s, Problem: ProblemMissing, Wanted: "(21) SERIAL"}
	}
	return c, nil
}

func (r Rule) read(s string, m []string) (Code, error) {
	c := Code{Form: Own, Rule: r.Name}
	for name, at := range map[string]*string{"product": &c.Product, "serial": &c.Serial, "lot": &c.Lot, "expiry": &c.Expiry} {
		if i := r.Pattern.SubexpIndex(name); i >= 0 {
			*at = m[i]
		}
	}
	last := len(s) - 1
	if r.Mod10 {
		body := strings.Map(func(c rune) rune {
			if c < '0' || c > '9' {
				return -1
			}
			return c
		}, s[:last])
		if gs1.CheckDigit(body) != s[last] {
			return Code{}, &Fault{Value: s, At: last, Problem: ProblemCheck, Wanted: string(gs1.CheckDigit(body))}
		}
	}
	return c, nil
}
