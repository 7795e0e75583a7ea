package print

import (
	"strings"
	"unicode"
)

// What no line begins with, and what no line ends with (GB/T 15834-2011, 5.1).
const (
	notFirst = "，。、；：！？）》」』】〉”’…—～·％%,.;:!?)]}"
	notLast  = "（《「『【〈“‘([{"
)

// width of a text in thousandths of a point at a size in points.
func (u *used) width(s string, size int) (w int) {
	for _, r := range s {
		w += u.face.advance(u.face.glyph(r)) * size
	}
	return w
}

// cleaned takes out of a text what no page shows: control characters; a tab is a space.
func cleaned(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\r':
			return ' '
		case r == '\n':
			return r
		case unicode.IsControl(r) || r == 0xfeff || r == 0x2028 || r == 0x2029:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// lines breaks a text into lines of a width. A Chinese text breaks between any two characters but not before a closing mark or behind
// an opening one; a word of letters and digits stays whole where a line can hold it.
func (u *used) lines(s string, size, width int) (out []string) {
	for _, line := range strings.Split(cleaned(s), "\n") {
		out = append(out, u.broken([]rune(strings.TrimRight(line, " ")), size, width)...)
	}
	return out
}

func inWord(r rune) bool {
	return r < 0x2e80 && r != ' ' && r != '-' && r != '/' && !strings.ContainsRune(notFirst, r) && !strings.ContainsRune(notLast, r)
}

// mayBreak tells whether a line may end before s[i].
func mayBreak(s []rune, i int) bool {
	if strings.ContainsRune(notFirst, s[i]) || strings.ContainsRune(notLast, s[i-1]) {
		return false
	}
	return !(inWord(s[i-1]) && inWord(s[i])) && s[i] != ' '
}

func (u *used) broken(s []rune, size, width int) (out []string) {
	for len(s) > 0 {
		w, n := 0, 0
		for n < len(s) {
			w += u.face.advance(u.face.glyph(s[n])) * size
			if w > width && n > 0 {
				break
			}
			n++
		}
		if n == len(s) {
			return append(out, string(s))
		}
		at := n
		for at > 0 && !mayBreak(s, at) {
			at--
		}
		if at == 0 { // one long word
			at = n
		}
		out = append(out, strings.TrimRight(string(s[:at]), " "))
		for s = s[at:]; len(s) > 0 && s[0] == ' '; {
			s = s[1:]
		}
	}
	if len(out) == 0 {
		out = []string{""}
	}
	return out
}
