package gs1

import "strings"

// BuildLink makes a Digital Link of elements at a stem such as "https://example.com/path". The first element that may be a key becomes
// the key; what qualifies it goes into the path, the rest into the query.
func BuildLink(stem string, es Elements) (*Link, error) {
	l, path, query, err := cutLink(strings.TrimRight(stem, "/") + "/")
	if err != nil {
		return nil, err
	}
	if query != "" || l.Fragment != "" {
		return nil, about(stem, 0, len(stem), RuleDomain)
	}
	l.Stem = strings.TrimRight(path, "/")
	key := -1
	for i := range es {
		if es[i].Is() == nil {
			return nil, &Fault{AI: es[i].AI, Value: es[i].Value, Rule: RuleUnknownAI}
		}
		if key < 0 && es[i].Is().Key {
			key = i
		}
	}
	if key < 0 {
		return nil, about(es.Bracketed(), 0, 0, RuleNoKey)
	}
	if err := es.Check(); err != nil {
		return nil, err
	}
	l.Elements = Elements{{es[key].AI, es[key].Value, es[key].Is()}}
	var best []string
	for _, order := range l.Elements[0].is.Qualifiers {
		var some []string
		for _, ai := range order {
			if _, ok := es.Value(ai); ok {
				some = append(some, ai)
			}
		}
		if len(some) > len(best) {
			best = some
		}
	}
	for _, ai := range best {
		v, _ := es.Value(ai)
		l.Elements = append(l.Elements, Element{ai, v, Lookup(ai)})
	}
	l.Path = len(l.Elements)
	for i := range es {
		if _, there := l.Elements.Value(es[i].AI); !there {
			l.Elements = append(l.Elements, Element{es[i].AI, es[i].Value, es[i].Is()})
		}
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	return l, nil
}

// Read reads a Digital Link URI in full or compressed.
func Read(uri string) (*Link, error) {
	l, err := ParseLink(uri)
	if err != nil {
		if d, failed := Decompress(uri); failed == nil {
			return d, nil
		}
	}
	return l, err
}
