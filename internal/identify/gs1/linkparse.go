package gs1

import "strings"

func isURI(s string) bool {
	_, _, ok := cutScheme(s)
	return ok
}

// cutScheme takes the scheme away; it is written in small or in capital letters.
func cutScheme(s string) (scheme, rest string, ok bool) {
	for _, p := range []string{"https://", "HTTPS://", "http://", "HTTP://"} {
		if rest, ok = strings.CutPrefix(s, p); ok {
			return strings.ToLower(p[:len(p)-3]), rest, true
		}
	}
	return "", s, false
}

// ParseLink reads a Digital Link URI at any domain, behind any stem. A GTIN-8, -12 or -13 is padded to 14 digits, as the standard
// wants of readers; parameters that are no AIs survive. Which AIs may stand together is checked too.
func ParseLink(uri string) (*Link, error) {
	l, path, query, err := cutLink(uri)
	if err != nil {
		return nil, err
	}
	root := rootOf(path)
	if root < 0 {
		return nil, about(uri, len(uri), 0, RuleNoKey)
	}
	l.Stem = path[:root]
	if err := l.readPath(path[root:]); err != nil {
		return nil, err
	}
	if err := l.readQuery(query); err != nil {
		return nil, err
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	return l, nil
}

// cutLink takes a URI apart.
func cutLink(uri string) (l *Link, path, query string, err error) {
	if uri == "" {
		return nil, "", "", &Fault{Rule: RuleEmpty}
	}
	if len(uri) > maxInput {
		return nil, "", "", about(uri, maxInput, len(uri)-maxInput, RuleTooLarge)
	}
	for i := range len(uri) {
		if c := uri[i]; !unreserved(c) && strings.IndexByte(":/?#[]@!$&'()*+,;=%", c) < 0 {
			return nil, "", "", about(uri, i, 1, RuleURICharacter)
		}
	}
	scheme, rest, ok := cutScheme(uri)
	if !ok {
		return nil, "", "", about(uri, 0, min(8, len(uri)), RuleScheme)
	}
	l = &Link{Scheme: scheme}
	slash := strings.IndexByte(rest, '/')
	if slash < 1 || strings.ContainsAny(rest[:slash], "_~?#@!$&'()*+,;=%") {
		return nil, "", "", about(uri, len(uri)-len(rest), max(0, slash), RuleDomain)
	}
	l.Host, rest = rest[:slash], rest[slash:]
	rest, l.Fragment, _ = strings.Cut(rest, "#")
	path, query, _ = strings.Cut(rest, "?")
	return l, path, query, nil
}

// rootOf returns where in a path the primary key begins: the last "/AI/value" of a key that is followed by nothing but pairs of AI and
// value; -1 when there is none.
func rootOf(path string) int {
	end := len(path)
	for {
		value := strings.LastIndexByte(path[:end], '/')
		if value < 0 {
			return -1
		}
		start := strings.LastIndexByte(path[:value], '/')
		if start < 0 {
			return -1
		}
		d := Lookup(path[start+1 : value])
		if d == nil {
			return -1
		}
		if d.Key {
			return start
		}
		end = start
	}
}

func (l *Link) readPath(path string) error {
	for path != "" {
		ai, rest, _ := strings.Cut(path[1:], "/")
		value, _, more := strings.Cut(rest, "/")
		path = ""
		if more {
			path = rest[len(value):]
		}
		if err := l.add(ai, value, false); err != nil {
			return err
		}
		l.Path++
	}
	var qualifiers []string
	for _, e := range l.Elements[1:] {
		if qualifiers = append(qualifiers, e.AI); !qualifies(l.Elements[0].is, qualifiers) {
			return &Fault{AI: e.AI, Value: e.Value, Rule: RulePathOrder, Other: "(" + l.Elements[0].AI + ")"}
		}
	}
	return nil
}

func (l *Link) readQuery(query string) error {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, has := strings.Cut(pair, "=")
		switch {
		case pair == "":
		case !has || name == "" || digits(name) >= 0:
			l.Other = append(l.Other, pair)
		default:
			if Lookup(name) == nil {
				return &Fault{AI: name, Value: value, Rule: RuleUnknownAI}
			}
			if err := l.add(name, value, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// add decodes a value and takes it in.
func (l *Link) add(ai, encoded string, query bool) error {
	if len(l.Elements) == maxElements {
		return &Fault{AI: ai, Value: encoded, Rule: RuleTooMany}
	}
	value, at := unescape(encoded, query)
	if at >= 0 {
		return about(encoded, at, 3, RuleEscape).of(ai)
	}
	if n := len(value); ai == "01" && (n == 8 || n == 12 || n == 13) {
		value = strings.Repeat("0", 14-n) + value
	}
	e, err := Of(ai, value)
	if err != nil {
		return err
	}
	l.Elements = append(l.Elements, e)
	return nil
}

// unescape decodes a percent-encoded value; in a query + is a space. It returns where an escape is none, or -1.
func unescape(s string, query bool) (string, int) {
	if !strings.ContainsAny(s, "%+") {
		return s, -1
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			if i+2 >= len(s) || hex(s[i+1]) < 0 || hex(s[i+2]) < 0 {
				return "", i
			}
			b.WriteByte(byte(hex(s[i+1])<<4 | hex(s[i+2])))
			i += 2
		case c == '+' && query:
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), -1
}

// check looks at the attributes, and at all elements together.
func (l *Link) check() error {
	var path []string
	for _, e := range l.Elements[1:l.Path] {
		path = append(path, e.AI)
	}
	for i, e := range l.Elements {
		if i < l.Path {
			continue
		}
		for j := range i {
			if l.Elements[j].AI == e.AI {
				return &Fault{AI: e.AI, Value: e.Value, Rule: RuleRepeated}
			}
		}
		if !e.is.Attribute {
			return &Fault{AI: e.AI, Value: e.Value, Rule: RuleNotAttribute}
		}
		if l.qualifier(e.AI, path) {
			return &Fault{AI: e.AI, Value: e.Value, Rule: RuleInPath}
		}
	}
	return l.Elements.Check()
}

// qualifier tells whether an AI could stand in the path, together with what stands there.
func (l *Link) qualifier(ai string, path []string) bool {
	key := l.Elements[0].is
	if len(key.Qualifiers) == 0 {
		return false
	}
	for at := range len(path) + 1 {
		trial := append(append(append(make([]string, 0, len(path)+1), path[:at]...), ai), path[at:]...)
		if qualifies(key, trial) {
			return true
		}
	}
	return false
}
