package handle

import (
	"strings"
	"unicode/utf8"
)

// Name is a handle as it was registered: "prefix/suffix", UTF-8, at most MaxName bytes. Two names are the same handle when
// their keys (Fold) are.
type Name string

// NamingPrefix is the prefix of the handles that stand for prefixes: 0.NA/88.101 is the handle of the prefix 88.101.
const NamingPrefix = "0.NA"

// RootName is the handle of the root: its values name the root's services and who may make prefixes.
const RootName Name = "0.NA/0.NA"

// ParseName checks a handle: valid UTF-8 without control characters, at most MaxName bytes, a prefix of one or more
// non-empty parts divided by dots, a slash, a suffix that is not empty. The error is a *FormatError.
func ParseName(s string) (Name, error) {
	switch {
	case len(s) > MaxName:
		return "", malformed("handle", s, "at most %d bytes of UTF-8", MaxName)
	case !utf8.ValidString(s):
		return "", malformed("handle", s, "must be UTF-8")
	}
	for _, c := range s {
		if c < 0x20 || c == 0x7f {
			return "", malformed("handle", s, "no control characters")
		}
	}
	prefix, suffix, ok := strings.Cut(s, "/")
	if !ok || suffix == "" {
		return "", malformed("handle", s, "must be prefix/suffix")
	}
	if err := checkPrefix(prefix); err != nil {
		return "", err
	}
	return Name(s), nil
}

func checkPrefix(p string) error {
	if p == "" || p[0] == '.' || p[len(p)-1] == '.' || strings.Contains(p, "..") {
		return malformed("prefix", p, "one or more parts divided by dots, none of them empty")
	}
	return nil
}

// Prefix is what stands before the first slash.
func (n Name) Prefix() string {
	prefix, _, _ := strings.Cut(string(n), "/")
	return prefix
}

// Suffix is what stands after the first slash; empty when there is none.
func (n Name) Suffix() string {
	_, suffix, _ := strings.Cut(string(n), "/")
	return suffix
}

// OfPrefix returns the prefix that the name stands for, and whether it is the handle of one ("0.NA/88.101": "88.101").
func (n Name) OfPrefix() (string, bool) {
	prefix, suffix, ok := strings.Cut(string(n), "/")
	if !ok || suffix == "" || !strings.EqualFold(prefix, NamingPrefix) {
		return "", false
	}
	return suffix, true
}

// Key is the name under which the handle is held and compared: see Fold.
func (n Name) Key() string { return string(Fold(nil, []byte(n))) }

// Same reports whether two names are the same handle.
func (n Name) Same(o Name) bool {
	return len(n) == len(o) && foldedEqual(n, o)
}

// PrefixHandle is the handle that stands for a prefix: "0.NA/" and the prefix.
func PrefixHandle(prefix string) Name { return Name(NamingPrefix + "/" + prefix) }

// Parent is the prefix from which a prefix is derived ("88.101.5": "88.101"); empty for one without a dot.
func Parent(prefix string) string {
	if i := strings.LastIndexByte(prefix, '.'); i >= 0 {
		return prefix[:i]
	}
	return ""
}

// Fold appends the key of a name to dst: ASCII letters upper-cased, every other byte kept. Chinese and other letters are
// compared as they are (RFC 3651, section 2; case is folded in ASCII only).
func Fold(dst, name []byte) []byte {
	at := len(dst)
	dst = append(dst, name...)
	for i := at; i < len(dst); i++ {
		dst[i] = fold(dst[i])
	}
	return dst
}

func fold(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}

// Reference is a value of a handle: who administers, which key, which list. Index 0 stands for no value in particular. In
// text it is "index:handle", such as "300:0.NA/88.101".
type Reference struct {
	Handle Name
	Index  uint32
}
