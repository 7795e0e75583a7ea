package gs1

import (
	"slices"
	"strings"
)

// Link is a GS1 Digital Link URI (GS1 Digital Link Standard: URI Syntax).
type Link struct {
	Scheme   string   // "https" or "http"
	Host     string   // with port, as given
	Stem     string   // the path before the primary key, "" or beginning with "/"
	Elements Elements // the key, its qualifiers in the order of the path, then attributes in the order of the query
	Path     int      // how many of Elements stand in the path, from 1
	Other    []string // query parameters that are no AIs, as they were written, in their order
	Fragment string   // without "#"
}

// Key is the primary key.
func (l *Link) Key() Element { return l.Elements[0] }

// Attributes are the AIs in the query.
func (l *Link) Attributes() Elements { return l.Elements[l.Path:] }

// Identity is the path from the key on: "/01/09506000134352/10/ABC". It says which thing is meant, whatever the domain.
func (l *Link) Identity() string { return identity(l.Elements[:l.Path]) }

func identity(es Elements) string {
	var b strings.Builder
	for i := range es {
		b.WriteString("/" + es[i].AI + "/")
		escape(&b, es[i].Value)
	}
	return b.String()
}

// Levels are the identities that a link of this thing may be kept under, the thing itself first, its key alone last: of
// /01/…/10/…/21/… that and those with 21 alone, 10 alone and none. What names a finer qualifier comes before what does not.
func (l *Link) Levels() []string {
	qualifiers := l.Elements[1:l.Path]
	var out []string
	for mask := 1<<len(qualifiers) - 1; mask >= 0; mask-- {
		some := Elements{l.Elements[0]}
		for i := range qualifiers {
			if mask&(1<<i) != 0 { // the last qualifier is the finest and the highest bit
				some = append(some, qualifiers[i])
			}
		}
		out = append(out, identity(some))
	}
	return out
}

// String writes the URI in its normal form: path in order, attributes by AI, then the other parameters as they came. Unreserved
// characters stand as they are, all others percent-encoded in capitals.
func (l *Link) String() string {
	var b strings.Builder
	b.WriteString(l.Scheme + "://" + l.Host + l.Stem)
	b.WriteString(l.Identity())
	attributes := slices.Clone(l.Attributes())
	slices.SortStableFunc(attributes, func(x, y Element) int { return strings.Compare(x.AI, y.AI) })
	mark := byte('?')
	for _, e := range attributes {
		b.WriteByte(mark)
		b.WriteString(e.AI + "=")
		escape(&b, e.Value)
		mark = '&'
	}
	for _, o := range l.Other {
		b.WriteByte(mark)
		b.WriteString(o)
		mark = '&'
	}
	if l.Fragment != "" {
		b.WriteString("#" + l.Fragment)
	}
	return b.String()
}

// Canonical is the URI by which the world knows the thing: at id.gs1.org, without parameters of others.
func (l *Link) Canonical() string {
	c := Link{Scheme: "https", Host: "id.gs1.org", Elements: l.Elements, Path: l.Path}
	return c.String()
}

const upperHex = "0123456789ABCDEF"

// escape percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
func escape(b *strings.Builder, s string) {
	for i := range len(s) {
		if c := s[i]; unreserved(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
}

func unreserved(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

// qualifies tells whether AIs in this order may follow a key in a path.
func qualifies(key *AI, path []string) bool {
	if len(path) == 0 {
		return true
	}
	for _, order := range key.Qualifiers {
		i := 0
		for _, ai := range order {
			if i < len(path) && path[i] == ai {
				i++
			}
		}
		if i == len(path) {
			return true
		}
	}
	return false
}
