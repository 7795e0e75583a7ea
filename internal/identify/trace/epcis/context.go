package epcis

import (
	"slices"
	"strings"
)

// scope is the context in effect: what prefixes stand for. It is never changed once made.
type scope struct{ prefixes []Prefix }

// wellKnown are the prefixes of the EPCIS context itself (epcis-context.jsonld of EPCIS 2.0).
var wellKnown = &scope{[]Prefix{
	{"gs1", spaceVoc}, {"cbv", spaceCBV}, {"epcis", spaceEPCIS}, {"cbvmda", "urn:epcglobal:cbv:mda"},
	{"rdfs", "http://www.w3.org/2000/01/rdf-schema#"}, {"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
	{"owl", "http://www.w3.org/2002/07/owl#"}, {"xsd", "http://www.w3.org/2001/XMLSchema#"}, {"dcterms", "http://purl.org/dc/terms/"},
}}

// own is a prefix that a document may not turn into something else.
func own(prefix string) bool { return prefix == "gs1" || prefix == "cbv" || prefix == "epcis" }

func (s *scope) space(prefix string) (string, bool) {
	for i := len(s.prefixes) - 1; i >= 0; i-- {
		if s.prefixes[i].Prefix == prefix {
			return s.prefixes[i].Space, true
		}
	}
	return "", false
}

// with is the scope with more prefixes declared.
func (s *scope) with(more []Prefix) *scope {
	if len(more) == 0 {
		return s
	}
	return &scope{append(slices.Clone(s.prefixes), more...)}
}

// declared are the prefixes beyond GS1's own, the newest of each.
func (s *scope) declared() (out []Prefix) {
	for i := len(wellKnown.prefixes); i < len(s.prefixes); i++ {
		p := s.prefixes[i]
		if k := slices.IndexFunc(out, func(o Prefix) bool { return o.Prefix == p.Prefix }); k >= 0 {
			out[k] = p
		} else {
			out = append(out, p)
		}
	}
	return out
}

// expand makes a CURIE whose prefix is declared a URI; anything else it leaves.
func (s *scope) expand(curie string) string {
	prefix, local, ok := strings.Cut(curie, ":")
	if !ok || strings.HasPrefix(local, "//") {
		return curie
	}
	if space, known := s.space(prefix); known {
		return space + local
	}
	return curie
}

// name reads the key of an extension. ok is false where it has no prefix that is declared. A key that is a URI itself is split
// after its last / or #.
func (s *scope) name(key string) (Name, bool) {
	prefix, local, found := strings.Cut(key, ":")
	if !found {
		return Name{Local: key}, false
	}
	if strings.HasPrefix(local, "//") || prefix == "urn" {
		i := strings.LastIndexAny(key, "/#:")
		return Name{Space: key[:i+1], Local: key[i+1:]}, i < len(key)-1 && absolute(key)
	}
	space, known := s.space(prefix)
	return Name{Prefix: prefix, Space: space, Local: local}, known && local != ""
}

// maxPrefixes bounds what one context declares.
const maxPrefixes = 100

// isEPCIS tells whether a context is that of EPCIS, of which every document names one.
func isEPCIS(url string) bool {
	rest, ok := strings.CutPrefix(url, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(url, "http://")
	}
	return ok && strings.HasSuffix(rest, "/epcis-context.jsonld") &&
		(strings.HasPrefix(rest, "ref.gs1.org/standards/epcis/") || strings.HasPrefix(rest, "gs1.github.io/EPCIS/") || strings.HasPrefix(rest, "id.gs1.org/epcis-context"))
}

// context reads an @context. epcis tells whether it names that of EPCIS.
func (r *reader) context(path string, v Value) (more []Prefix, epcis bool) {
	switch v.Kind {
	case Text:
		if !isEPCIS(v.Text) {
			r.fault(path, v.Text, RuleContext)
		}
		return nil, true
	case List:
		for i := range v.Items {
			if v.Items[i].Kind == List {
				r.fault(index(path, i), "[…]", RuleContext)
				continue
			}
			p, e := r.context(index(path, i), v.Items[i])
			more, epcis = append(more, p...), epcis || e
		}
		if len(more) > maxPrefixes {
			r.fault(path, "", RuleSize)
			more = nil
		}
		return more, epcis
	case Object:
		for _, m := range v.Members {
			key, space := m.Name.Local, m.Value
			if space.Kind == Object {
				space, _ = space.get("@id")
			}
			switch {
			case strings.HasPrefix(key, "@"): // keywords say nothing about prefixes
			case space.Kind != Text || !absolute(space.Text) && !strings.HasPrefix(space.Text, "urn:"):
				r.fault(path+"."+key, space.Text, RuleContext)
			case !own(key):
				more = append(more, Prefix{key, space.Text})
			}
		}
		if len(more) > maxPrefixes {
			r.fault(path, "", RuleSize)
			more = nil
		}
		return more, false
	}
	r.fault(path, "", RuleContext)
	return nil, false
}
