package search

import (
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold brings a text into the form in which it is compared: compatibility forms (full and half width among them) and case are made
// one. at gives for each rune of the result the byte in s from which it came; its last value is len(s).
func fold(s string) (out []rune, at []int) {
	out, at = make([]rune, 0, len(s)/2), make([]int, 0, len(s)/2+1)
	for i, r := range s {
		switch {
		case r < 0x80:
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			out, at = append(out, r), append(at, i)
		case 0x4e00 <= r && r <= 0x9fff: // no other form
			out, at = append(out, r), append(at, i)
		default:
			for _, x := range norm.NFKC.String(string(r)) {
				out, at = append(out, unicode.ToLower(x)), append(at, i)
			}
		}
	}
	return out, append(at, len(s))
}

// class of a rune for the cutting of words.
type runeClass int

const (
	other runeClass = iota
	han
	word
)

func classOf(r rune) runeClass {
	switch {
	case r < 0x80:
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return word
		}
		return other
	case unicode.Is(unicode.Han, r):
		return han
	case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
		return word
	}
	return other
}

// runs calls do with each run of one class, except those between words.
func runs(s []rune, do func(c runeClass, from, to int)) {
	for i := 0; i < len(s); {
		c, j := classOf(s[i]), i+1
		for j < len(s) && classOf(s[j]) == c {
			j++
		}
		if c != other {
			do(c, i, j)
		}
		i = j
	}
}
