package epcis

import (
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// Limits bound what is read.
type Limits struct {
	Bytes  int // of a document
	Events int // in it
}

// Bounds that no configuration moves.
const (
	maxDepth  = 60      // of values in each other
	maxString = 1 << 16 // bytes of one text
	maxPerMap = 2000    // members of one object
)

// DefaultLimits are those of a node that says nothing else.
var DefaultLimits = Limits{Bytes: 16 << 20, Events: 20_000}

func (l Limits) orDefault() Limits {
	if l.Bytes <= 0 {
		l.Bytes = DefaultLimits.Bytes
	}
	if l.Events <= 0 {
		l.Events = DefaultLimits.Events
	}
	return l
}

// ParseJSON reads an EPCIS document, a query document or one bare event in JSON-LD. An error is *Invalid: nothing can be taken
// from the document. Faults of single events are in the document.
func ParseJSON(b []byte, l Limits) (*Document, error) {
	v, err := parseValue(b, l)
	if err != nil {
		return nil, err
	}
	return readDocument(v, l.orDefault(), false)
}

// parseValue reads one JSON value.
func parseValue(b []byte, l Limits) (Value, error) {
	l = l.orDefault()
	if len(b) > l.Bytes {
		return Value{}, invalid("", strconv.Itoa(len(b)), RuleSize)
	}
	if !utf8.Valid(b) {
		return Value{}, invalid("", "", RuleSyntax)
	}
	// The parser takes some texts that are no JSON; the validator knows them all, but not how deep they are.
	if depthOf(b) > maxDepth {
		return Value{}, invalid("", "", RuleSize)
	}
	if err := fastjson.ValidateBytes(b); err != nil {
		return Value{}, invalid("", err.Error(), RuleSyntax)
	}
	var p fastjson.Parser
	v, err := p.ParseBytes(b)
	if err != nil {
		return Value{}, invalid("", err.Error(), RuleSyntax)
	}
	out, bad := fromJSON(v, "")
	if bad != nil {
		return Value{}, bad
	}
	return out, nil
}

// depthOf is how many brackets are open at once at most.
func depthOf(b []byte) (most int) {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			most = max(most, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return most
}

func fromJSON(v *fastjson.Value, path string) (Value, *Invalid) {
	switch v.Type() {
	case fastjson.TypeString:
		s := v.GetStringBytes()
		if len(s) > maxString || !utf8.Valid(s) {
			return Value{}, invalid(path, string(s[:min(len(s), 40)]), RuleSize)
		}
		return Value{Kind: Text, Text: string(s)}, nil
	case fastjson.TypeNumber:
		s := string(v.MarshalTo(nil))
		if len(s) > 60 {
			return Value{}, invalid(path, s, RuleSize)
		}
		return Value{Kind: Number, Text: s}, nil
	case fastjson.TypeTrue:
		return Value{Kind: Bool, Text: "true"}, nil
	case fastjson.TypeFalse:
		return Value{Kind: Bool, Text: "false"}, nil
	case fastjson.TypeArray:
		items, _ := v.Array()
		out := Value{Kind: List, Items: make([]Value, len(items))}
		for i, item := range items {
			var bad *Invalid
			if out.Items[i], bad = fromJSON(item, index(path, i)); bad != nil {
				return Value{}, bad
			}
		}
		return out, nil
	case fastjson.TypeObject:
		o, _ := v.Object()
		if o.Len() > maxPerMap {
			return Value{}, invalid(path, strconv.Itoa(o.Len()), RuleSize)
		}
		out := Value{Kind: Object, Members: make([]Member, 0, o.Len())}
		var bad *Invalid
		seen := map[string]bool{}
		o.Visit(func(key []byte, item *fastjson.Value) {
			if bad != nil {
				return
			}
			m := Member{Name: Name{Local: string(key)}}
			if seen[m.Name.Local] || len(key) > maxURI || !utf8.Valid(key) {
				bad = invalid(member(path, shown(m.Name.Local)), "", RuleTwice)
				return
			}
			seen[m.Name.Local] = true
			if m.Value, bad = fromJSON(item, member(path, m.Name.Local)); bad == nil {
				out.Members = append(out.Members, m)
			}
		})
		return out, bad
	}
	return Value{}, nil
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func member(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
