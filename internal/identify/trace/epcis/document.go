package epcis

import (
	"slices"
	"strconv"
)

// reader reads values as events and gathers what is wrong.
type reader struct {
	scope  *scope
	xml    bool // texts stand for numbers and truth values too
	event  int  // which is being read; -1: the document
	faults []Fault
}

func (r *reader) fault(path, value string, rule Rule) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, Fault{r.event, path, shown(value), rule})
	}
}

// readDocument finds the events of a document. In a tree from XML names are resolved already and there is no @context.
func readDocument(v Value, l Limits, xml bool) (*Document, error) {
	r := &reader{scope: wellKnown, xml: xml, event: -1}
	if v.Kind != Object {
		return nil, invalid("", v.Text, RuleFrame)
	}
	if !xml {
		c, ok := v.get("@context")
		if !ok {
			return nil, invalid("@context", "", RuleContext)
		}
		more, named := r.context("@context", c)
		if !named {
			r.fault("@context", "", RuleContext)
		}
		r.scope = r.scope.with(more)
	}
	kind, _ := v.get("type")
	d := &Document{Query: kind.Text == "EPCISQueryDocument"}
	var list Value
	path := ""
	switch {
	case kind.Kind == Text && slices.Contains(Types, Type(kind.Text)):
		d.Bare = true
		list = Value{Kind: List, Items: []Value{v}}
	case kind.Text == "EPCISDocument" || d.Query:
		list, path = r.body(&v, d.Query)
	default:
		r.fault("type", kind.Text, RuleFrame)
	}
	if len(r.faults) == 0 && len(list.Items) > l.Events {
		r.fault(path, strconv.Itoa(len(list.Items)), RuleSize)
	}
	if len(r.faults) > 0 {
		return nil, &Invalid{r.faults}
	}
	d.Events, d.At = make([]Event, len(list.Items)), make([]string, len(list.Items))
	outer := r.scope
	for i := range list.Items {
		r.event, r.scope = i, outer
		if path != "" {
			d.At[i] = index(path, i)
		}
		d.Events[i] = r.read(d.At[i], &list.Items[i], d.Bare)
	}
	d.Faults = r.faults
	return d, nil
}

// body finds the list of events in an EPCISDocument or an EPCISQueryDocument.
func (r *reader) body(v *Value, query bool) (list Value, path string) {
	for _, m := range v.Members {
		switch m.Name.Local {
		case "@context", "id", "@id", "type", "epcisHeader", "epcisBody", "sender", "receiver", "instanceIdentifier":
		case "schemaVersion":
			if m.Value.Kind != Text && m.Value.Kind != Number {
				r.fault("schemaVersion", m.Value.Text, RuleType)
			}
		case "creationDate":
			if _, ok := instant(m.Value.Text); !ok || m.Value.Kind != Text {
				r.fault("creationDate", m.Value.Text, RuleTime)
			}
		default:
			if m.Name.Space == "" {
				if _, ok := r.scope.name(m.Name.Local); !ok {
					r.fault(m.Name.Local, "", RuleUnknown)
				}
			}
		}
	}
	for _, name := range []string{"schemaVersion", "creationDate"} {
		if _, ok := v.get(name); !ok {
			r.fault(name, "", RuleRequired)
		}
	}
	body, ok := v.get("epcisBody")
	if !ok || body.Kind != Object {
		r.fault("epcisBody", "", RuleRequired)
		return list, ""
	}
	path = "epcisBody"
	if query {
		for _, step := range []string{"queryResults", "resultsBody"} {
			path = member(path, step)
			if body, ok = body.get(step); !ok || body.Kind != Object {
				r.fault(path, "", RuleRequired)
				return list, path
			}
		}
	}
	if one, ok := body.get("event"); ok && one.Kind == Object {
		return Value{Kind: List, Items: []Value{one}}, member(path, "event")
	}
	path = member(path, "eventList")
	list, ok = body.get("eventList")
	switch {
	case !ok:
		r.fault(path, "", RuleRequired)
	case list.Kind == Object: // JSON-LD may write a list of one as the thing itself
		list = Value{Kind: List, Items: []Value{list}}
	case list.Kind != List:
		r.fault(path, list.Text, RuleType)
	}
	return list, path
}
