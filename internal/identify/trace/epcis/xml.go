package epcis

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxElements bounds the elements of a document in XML.
const maxElements = 2_000_000

// ParseXML reads an EPCIS document or a query document of version 2.0 or 1.2 in XML. Errors as of ParseJSON.
func ParseXML(b []byte, l Limits) (*Document, error) {
	l = l.orDefault()
	if len(b) > l.Bytes {
		return nil, invalid("", strconv.Itoa(len(b)), RuleSize)
	}
	if !utf8.Valid(b) {
		return nil, invalid("", "", RuleSyntax)
	}
	root, prefixes, err := elements(b)
	if err != nil {
		return nil, err
	}
	v := root.document()
	d, err := readDocument(v, l, true)
	if err != nil {
		return nil, err
	}
	for i := range d.Events {
		d.Events[i].Prefixes = used(&d.Events[i], prefixes)
	}
	return d, nil
}

// used are the prefixes that an event's names need; the writer makes up what the document has twice.
func used(e *Event, all map[string]string) (out []Prefix) {
	w := writer{}
	eachName(e, func(n Name) {
		if n.Space == "" || w.prefixOf(n) != "" {
			return
		}
		if p, ok := all[n.Space]; ok && w.spaces[p] == "" {
			out = append(out, Prefix{p, n.Space})
			w.spaces[p], w.spelled[n.Space] = n.Space, p
		}
	})
	return out
}

// element is an element of XML.
type element struct {
	name    xml.Name
	attrs   []xml.Attr
	text    string
	kids    []*element
	changes int // how often a child has another name than the one before it
}

// elements reads a document as a tree, with the prefix of each namespace.
func elements(b []byte) (*element, map[string]string, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Entity = nil
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("another encoding than UTF-8") }
	prefixes := map[string]string{}
	var root *element
	var open []*element
	for n := 0; ; {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			rule := RuleSyntax
			if strings.Contains(err.Error(), "entity") {
				rule = RuleEntity
			}
			return nil, nil, invalid("", err.Error(), rule)
		}
		switch t := t.(type) {
		case xml.Directive:
			return nil, nil, invalid("", string(t), RuleEntity)
		case xml.StartElement:
			if n++; n > maxElements || len(open) >= maxDepth {
				return nil, nil, invalid("", t.Name.Local, RuleSize)
			}
			e := &element{name: t.Name}
			for _, a := range t.Attr {
				switch {
				case a.Name.Space == "xmlns":
					prefixes[a.Value] = a.Name.Local
				case a.Name.Space == "" && a.Name.Local == "xmlns", a.Name.Space == "http://www.w3.org/2001/XMLSchema-instance":
				default:
					e.attrs = append(e.attrs, a)
				}
			}
			if len(open) > 0 {
				up := open[len(open)-1]
				if n := len(up.kids); n > 0 && up.kids[n-1].name != e.name {
					// Children are looked up by name; only the list of events may mix as many as it likes.
					if up.changes++; up.changes > maxPerMap && !(up.name.Local == "EventList" && len(open) <= 6) {
						return nil, nil, invalid("", up.name.Local, RuleSize)
					}
				}
				up.kids = append(up.kids, e)
			} else if root == nil {
				root = e
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				e := open[len(open)-1]
				if len(e.text)+len(t) > maxString {
					return nil, nil, invalid("", e.name.Local, RuleSize)
				}
				e.text += string(t)
			}
		}
	}
	if root == nil {
		return nil, nil, invalid("", "", RuleSyntax)
	}
	return root, prefixes, nil
}

// document turns the tree into the one that JSON would have given.
func (e *element) document() Value {
	out := Value{Kind: Object}
	ours := strings.HasPrefix(e.name.Space, "urn:epcglobal:epcis")
	if isEvent(e.name.Local) && (ours || e.name.Space == "") {
		return e.event()
	}
	if ours {
		out.put("type", TextValue(e.name.Local))
	}
	for _, a := range e.attrs {
		if a.Name.Space == "" {
			out.put(a.Name.Local, TextValue(a.Value))
		}
	}
	for _, k := range e.kids {
		switch k.name.Local {
		case "EPCISBody":
			out.put("epcisBody", k.body())
		case "EPCISHeader":
			out.put("epcisHeader", Value{Kind: Object})
		default:
			if k.name.Space == "" || k.name.Space == e.name.Space {
				out.put(k.name.Local, Value{Kind: Null})
			}
		}
	}
	return out
}

// body looks for the list of events; of a query's answer it makes what JSON has.
func (e *element) body() Value {
	out := Value{Kind: Object}
	for _, k := range e.kids {
		switch k.name.Local {
		case "EventList":
			out.put("eventList", k.events())
		case "QueryResults", "resultsBody":
			name := "resultsBody"
			if k.name.Local == "QueryResults" {
				name = "queryResults"
			}
			out.put(name, k.body())
		}
	}
	return out
}

func isEvent(name string) bool {
	switch Type(name) {
	case ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent, AssociationEvent:
		return true
	}
	return false
}

// events are the children of an EventList. EPCIS 1.2 hides newer kinds in <extension>.
func (e *element) events() Value {
	out := Value{Kind: List}
	for _, k := range e.kids {
		if k.name.Local == "extension" && k.name.Space == "" {
			out.Items = append(out.Items, k.events().Items...)
			continue
		}
		out.Items = append(out.Items, k.event())
	}
	return out
}

func (v *Value) put(name string, item Value) {
	v.Members = append(v.Members, Member{Name{Local: name}, item})
}
