package gs1

import "strings"

// Set is a set of characters that a component is written in (General Specifications, section 7.11).
type Set uint8

// The sets, each a bit in charset.
const (
	Numeric Set = 1 << iota // 0 to 9
	CSET82                  // the invariant characters of ISO/IEC 646
	CSET39                  // #, -, /, digits and capitals
	CSET64                  // base64url, padded or not
)

// in82 are the characters of CSET 82 in the order of their values for alphanumeric check characters.
const in82 = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`

// low82 and high82 are the same as bits: characters below and from 64.
const (
	low82  uint64 = 0xffffffe600000000
	high82 uint64 = 0x7fffffe87fffffe
)

// in64 are the characters of base64url in the order of their values.
const in64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func (s Set) has(c byte) bool {
	switch s {
	case Numeric:
		return isDigit(c)
	case CSET82:
		return c < 64 && 1<<c&low82 != 0 || c >= 64 && c < 128 && 1<<(c-64)&high82 != 0
	case CSET39:
		return c >= 'A' && c <= 'Z' || isDigit(c) || c == '#' || c == '-' || c == '/'
	default:
		return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || isDigit(c) || c == '-' || c == '_'
	}
}

func (s Set) String() string {
	switch s {
	case Numeric:
		return "N"
	case CSET82:
		return "X"
	case CSET39:
		return "Y"
	default:
		return "Z"
	}
}

// check finds the first character that does not belong.
func (s Set) check(v string) flaw {
	body := v
	if s == CSET64 {
		// Padding makes the length a multiple of three: so says the dictionary's reference linter, whatever base64 does elsewhere.
		body = strings.TrimRight(v, "=")
		if pads := len(v) - len(body); pads > 2 || pads > 0 && len(v)%3 != 0 {
			return flaw{RulePadding, len(body), pads}
		}
	}
	for i := range len(body) {
		if !s.has(body[i]) {
			return flaw{RuleCharacter, i, 1}
		}
	}
	return flaw{}
}
