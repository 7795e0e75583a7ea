// Package jsonscan reads JSON (RFC 8259) in one pass over its bytes, without building anything: a request of 128 MiB costs
// no more memory than its bytes, and every fault has its place.
package jsonscan

import (
	"unicode/utf16"
	"unicode/utf8"

	"jingwei/internal/kernel/text"
)

// MaxDepth is how deep values may be nested.
const MaxDepth = 64

// Scanner stands before a value, a member or the end. After a fault Wrong is set and every method returns at once.
type Scanner struct {
	S     []byte
	P     int
	Wrong *text.Text // what is wrong at P
}

var (
	end      = &text.Text{Zh: "JSON 在此处中断（可能只收到一部分）", En: "the JSON breaks off here (did only a part arrive?)"}
	noValue  = &text.Text{Zh: "此处应为 JSON 值", En: "a JSON value must stand here"}
	noKey    = &text.Text{Zh: "此处应为带引号的成员名", En: "a member's name in quotes must stand here"}
	noColon  = &text.Text{Zh: "成员名后应为冒号", En: "a colon must follow a member's name"}
	noComma  = &text.Text{Zh: "此处应为逗号或收尾括号", En: "a comma or a closing bracket must stand here"}
	noNumber = &text.Text{Zh: "数字写法不符合 JSON", En: "the number is not written as JSON wants"}
	noEscape = &text.Text{Zh: "文字中的转义写法有误", En: "an escape in the text is wrong"}
	control  = &text.Text{Zh: "文字中有未转义的控制字符", En: "there is a bare control character in the text"}
	notUTF8  = &text.Text{Zh: "不是有效的 UTF-8", En: "is not valid UTF-8"}
	tooDeep  = &text.Text{Zh: "嵌套超过 64 层", En: "values are nested more than 64 deep"}
)

func (d *Scanner) fail(why *text.Text) bool {
	if d.Wrong == nil {
		if d.P >= len(d.S) && why != tooDeep {
			why = end
		}
		d.Wrong = why
	}
	return false
}

// Fail puts the scanner into fault where it stands.
func (d *Scanner) Fail(why *text.Text) { d.fail(why) }

// Space goes past white space.
func (d *Scanner) Space() {
	for d.P < len(d.S) {
		switch d.S[d.P] {
		case ' ', '\t', '\n', '\r':
			d.P++
		default:
			return
		}
	}
}

// Peek is the first byte of what comes next, 0 at the end.
func (d *Scanner) Peek() byte {
	d.Space()
	if d.P >= len(d.S) {
		return 0
	}
	return max(d.S[d.P], 1) // a NUL is not the end
}

// Begin takes the bracket.
func (d *Scanner) Begin(bracket byte) bool {
	if d.Wrong != nil || d.Peek() != bracket {
		return d.fail(noValue)
	}
	d.P++
	return true
}

// More goes to the next element of what was begun, or past its closing bracket and says that there is none. first is
// true for the first call.
func (d *Scanner) More(closing byte, first bool) bool {
	if d.Wrong != nil {
		return false
	}
	switch c := d.Peek(); {
	case c == closing:
		d.P++
		return false
	case first:
		return true
	case c != ',':
		return d.fail(noComma)
	}
	d.P++
	return true
}

// Key takes a member's name and the colon: s[from:to], in which escaped says that there are escapes.
func (d *Scanner) Key() (from, to int, escaped bool) {
	if d.Wrong != nil || d.Peek() != '"' {
		d.fail(noKey)
		return 0, 0, false
	}
	from, to, escaped = d.String()
	if d.Wrong == nil {
		if d.Peek() != ':' {
			d.fail(noColon)
		} else {
			d.P++
		}
	}
	return from, to, escaped
}

// String takes a text: s[from:to] between its quotes.
func (d *Scanner) String() (from, to int, escaped bool) {
	if d.Wrong != nil || d.Peek() != '"' {
		d.fail(noValue)
		return 0, 0, false
	}
	s, p := d.S, d.P+1
	from = p
	var or byte
	for p < len(s) {
		c := s[p]
		if c == '"' {
			if or >= utf8.RuneSelf && !utf8.Valid(s[from:p]) {
				d.P = from
				d.fail(notUTF8)
				return 0, 0, false
			}
			d.P = p + 1
			return from, p, escaped
		}
		if c < 0x20 {
			d.P = p
			d.fail(control)
			return 0, 0, false
		}
		or |= c
		p++
		if c != '\\' {
			continue
		}
		escaped = true
		d.P = p
		if p >= len(s) {
			break
		}
		switch s[p] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			p++
		case 'u':
			if _, ok := hex4(s[p+1:]); !ok {
				d.P = min(p+5, len(s))
				d.fail(noEscape)
				return 0, 0, false
			}
			p += 5
		default:
			d.fail(noEscape)
			return 0, 0, false
		}
	}
	d.P = len(s)
	d.fail(end)
	return 0, 0, false
}

func hex4(s []byte) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, c := range s[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Unescape appends the text that s, which String has found good, stands for. Half a surrogate pair becomes U+FFFD.
func Unescape(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			dst = append(dst, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(s[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low := utf8.RuneError
				if i+2 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					l, _ := hex4(s[i+3:])
					low = utf16.DecodeRune(r, l)
				}
				if r = low; r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// Number takes a number: s[from:P].
func (d *Scanner) Number() (from int) {
	if d.Wrong != nil {
		return d.P
	}
	d.Space()
	s, p := d.S, d.P
	from = p
	digits := func() bool {
		at := p
		for p < len(s) && s[p]-'0' < 10 {
			p++
		}
		return p > at
	}
	if p < len(s) && s[p] == '-' {
		p++
	}
	zero := p < len(s) && s[p] == '0'
	whole := p
	ok := digits() && (!zero || p == whole+1)
	if ok && p < len(s) && s[p] == '.' {
		p++
		ok = digits()
	}
	if ok && p < len(s) && (s[p] == 'e' || s[p] == 'E') {
		p++
		if p < len(s) && (s[p] == '+' || s[p] == '-') {
			p++
		}
		ok = digits()
	}
	d.P = p
	if !ok {
		d.fail(noNumber)
	}
	return from
}

// Literal takes true, false or null.
func (d *Scanner) Literal(word string) bool {
	if d.Wrong != nil {
		return false
	}
	d.Space()
	if len(d.S)-d.P < len(word) || string(d.S[d.P:d.P+len(word)]) != word {
		return d.fail(noValue)
	}
	d.P += len(word)
	return true
}

// Skip goes past a value, which it checks: s[from:P].
func (d *Scanner) Skip() (from int) {
	d.Space()
	from = d.P
	var open [MaxDepth]byte
	depth := 0
	for d.Wrong == nil {
		switch c := d.Peek(); c {
		case '{', '[':
			if depth == MaxDepth {
				d.fail(tooDeep)
				return from
			}
			d.P++
			open[depth] = c + 2 // } and ] stand two after { and [ in ASCII
			depth++
			if !d.More(open[depth-1], true) {
				depth--
				break
			}
			if c == '{' {
				d.Key()
			}
			continue
		case '"':
			d.String()
		case 't':
			d.Literal("true")
		case 'f':
			d.Literal("false")
		case 'n':
			d.Literal("null")
		default:
			if c != '-' && c-'0' > 9 {
				d.fail(noValue)
				return from
			}
			d.Number()
		}
		for depth > 0 && d.Wrong == nil && !d.More(open[depth-1], false) {
			depth--
		}
		if depth == 0 {
			return from
		}
		if open[depth-1] == '}' {
			d.Key()
		}
	}
	return from
}
