package gs1

import "strings"

// Separator is how FNC1 between elements is written in data: GS, ASCII 29.
const Separator = '\x1d'

// Bounds of an input. No carrier holds more: a QR code has 7,089 digits.
const (
	maxInput    = 8192 // bytes
	maxElements = 64   // as GS1's own engine
)

// Element is one Application Identifier with its value.
type Element struct {
	AI    string // 2 to 4 digits
	Value string // of at most 90 characters, all in CSET 82
	is    *AI
}

// Of makes an element of an AI and a value.
func Of(ai, value string) (Element, error) {
	d := Lookup(ai)
	if d == nil {
		return Element{}, &Fault{AI: ai, Value: value, Rule: RuleUnknownAI}
	}
	e := Element{ai, value, d}
	return e, e.check()
}

// Is returns what the dictionary says of the element.
func (e Element) Is() *AI {
	if e.is == nil {
		return Lookup(e.AI)
	}
	return e.is
}

// Company are the digits of the value from its GS1 Company Prefix on, whose own length only GS1 knows; "" where there is none.
func (e Element) Company() string {
	d := e.Is()
	if d.Company < 0 {
		return ""
	}
	rest := e.Value[d.Company:]
	if i := digits(rest); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// check looks at length, characters and content. It returns nil or a *Fault.
func (e Element) check() error {
	d := e.is
	switch n := len(e.Value); {
	case n == 0:
		return &Fault{AI: e.AI, Rule: RuleEmpty}
	case n < d.Shortest:
		return &Fault{AI: e.AI, Value: e.Value, At: n, Rule: RuleTooShort}
	case n > d.Longest:
		return about(e.Value, d.Longest, n-d.Longest, RuleTooLong).of(e.AI)
	}
	rest, at := e.Value, 0
	for i := range d.Components {
		c := &d.Components[i]
		if rest == "" && c.Optional {
			break
		}
		part := rest[:min(c.Max, len(rest))]
		if len(part) < c.Min {
			return &Fault{AI: e.AI, Value: e.Value, At: len(e.Value), Rule: RuleTooShort}
		}
		f := c.Set.check(part)
		for j := 0; f.rule == "" && j < len(c.linters); j++ {
			f = c.linters[j](part)
		}
		if f.rule != "" {
			return &Fault{AI: e.AI, Value: e.Value, At: at + f.at, Len: f.n, Rule: f.rule}
		}
		rest, at = rest[len(part):], at+len(part)
	}
	return nil
}

func (f *Fault) of(ai string) *Fault {
	f.AI = ai
	return f
}

// Elements are elements in the order in which they were read.
type Elements []Element

// Value returns the value of an AI; false when there is none.
func (es Elements) Value(ai string) (string, bool) {
	for i := range es {
		if es[i].AI == ai {
			return es[i].Value, true
		}
	}
	return "", false
}

// ParseElements reads an element string as a barcode carries it, without the FNC1 at its beginning: AIs and values run together, GS
// after each value of variable length that is followed by another element. Each value is checked; which AIs need which is for Check.
func ParseElements(s string) (Elements, error) {
	if s == "" {
		return nil, &Fault{Rule: RuleEmpty}
	}
	if len(s) > maxInput {
		return nil, about(s, maxInput, len(s)-maxInput, RuleTooLarge)
	}
	es := make(Elements, 0, 4)
	for at := 0; at < len(s); {
		d := leading(s[at:])
		if d == nil {
			return nil, about(s, at, 1, RuleUnknownAI)
		}
		if len(es) == maxElements {
			return nil, about(s, at, len(s)-at, RuleTooMany)
		}
		from := at + len(d.First)
		end := strings.IndexByte(s[from:], Separator)
		if end < 0 {
			end = len(s) - from
		}
		if d.Predefined {
			end = min(end, d.Longest)
		}
		e := Element{s[at:from], s[from : from+end], d}
		if err := e.check(); err != nil {
			return nil, err
		}
		es, at = append(es, e), from+end
		if at < len(s) && s[at] == Separator { // tolerated behind values of fixed length and at the end (General Specifications, section 7.8)
			at++
		}
	}
	return es, nil
}

// ParseBracketed reads an element string as people write it: "(01)09501101530003(10)ABC". A bracket that belongs to a value is written
// \(. Each value is checked; which AIs need which is for Check.
func ParseBracketed(s string) (Elements, error) {
	if s == "" {
		return nil, &Fault{Rule: RuleEmpty}
	}
	if len(s) > maxInput {
		return nil, about(s, maxInput, len(s)-maxInput, RuleTooLarge)
	}
	es := make(Elements, 0, 4)
	for at := 0; at < len(s); {
		if s[at] != '(' {
			return nil, about(s, at, 1, RuleBrackets)
		}
		n := strings.IndexByte(s[at:], ')')
		if n < 0 {
			return nil, about(s, at, len(s)-at, RuleBrackets)
		}
		ai := s[at+1 : at+n]
		d := Lookup(ai)
		if d == nil {
			return nil, about(s, at, n+1, RuleUnknownAI)
		}
		if len(es) == maxElements {
			return nil, about(s, at, len(s)-at, RuleTooMany)
		}
		value, size := bracketedValue(s[at+n+1:])
		e := Element{ai, value, d}
		if err := e.check(); err != nil {
			return nil, err
		}
		es, at = append(es, e), at+n+1+size
	}
	return es, nil
}

// bracketedValue returns the value with which s begins and how many bytes it takes.
func bracketedValue(s string) (string, int) {
	plain := true
	for i := range len(s) {
		if s[i] != '(' {
			continue
		}
		if i > 0 && s[i-1] == '\\' {
			plain = false
			continue
		}
		s = s[:i]
		break
	}
	if plain {
		return s, len(s)
	}
	return strings.ReplaceAll(s, `\(`, "("), len(s)
}

// Bracketed writes the elements as people read them; ParseBracketed reads it back.
func (es Elements) Bracketed() string {
	var b strings.Builder
	for i := range es {
		b.WriteString("(" + es[i].AI + ")" + strings.ReplaceAll(es[i].Value, "(", `\(`))
	}
	return b.String()
}

// Human writes the elements as human readable interpretation (General Specifications, section 4.14): brackets that are no part of the
// data, a space between elements.
func (es Elements) Human() []string {
	out := make([]string, len(es))
	for i := range es {
		out[i] = "(" + es[i].AI + ") " + es[i].Value
	}
	return out
}

// String writes the elements as a barcode carries them, without the FNC1 at the beginning; ParseElements reads it back.
func (es Elements) String() string {
	var b strings.Builder
	for i := range es {
		b.WriteString(es[i].AI + es[i].Value)
		if i < len(es)-1 && !es[i].Is().Predefined {
			b.WriteByte(Separator)
		}
	}
	return b.String()
}

// Arranged returns the elements with those of predefined length first, each group in its order: the shortest barcode (General
// Specifications, section 7.8.4).
func (es Elements) Arranged() Elements {
	out := make(Elements, 0, len(es))
	for _, first := range []bool{true, false} {
		for i := range es {
			if es[i].Is().Predefined == first {
				out = append(out, es[i])
			}
		}
	}
	return out
}
