package epcis

import "strings"

// event turns the element of an event into the object that JSON would have.
func (e *element) event() Value {
	out := Value{Kind: Object}
	out.put("type", TextValue(e.name.Local))
	e.eventFields(&out)
	return out
}

// listOf are the elements that hold a list of identifiers.
var listOf = map[string]bool{"epcList": true, "childEPCs": true, "inputEPCList": true, "outputEPCList": true}

func (e *element) eventFields(out *Value) {
	for _, k := range e.kids {
		name := k.name.Local
		if k.name.Space != "" {
			out.extend(k)
			continue
		}
		switch {
		case name == "extension" || name == "baseExtension": // EPCIS 1.2 puts what it added there
			k.eventFields(out)
		case listOf[name]:
			out.put(name, k.listed(func(item *element) Value { return TextValue(item.words()) }))
		case strings.HasSuffix(name, "uantityList"):
			out.put(name, k.listed((*element).plain))
		case name == "bizTransactionList", name == "sourceList", name == "destinationList":
			out.put(name, k.listed((*element).typed))
		case name == "sensorElementList":
			out.put(name, k.listed((*element).sensor))
		case name == "persistentDisposition":
			set := Value{Kind: Object}
			for _, way := range []string{"set", "unset"} {
				list := Value{Kind: List}
				for _, item := range k.kids {
					if item.name.Local == way {
						list.Items = append(list.Items, TextValue(item.words()))
					}
				}
				if len(list.Items) > 0 {
					set.put(way, list)
				}
			}
			out.put(name, set)
		case name == "readPoint" || name == "bizLocation" || name == "ilmd":
			v := Value{Kind: Object}
			k.flat(&v)
			out.put(name, v)
		case name == "errorDeclaration":
			out.put(name, k.declaration())
		case name == "certificationInfo":
			out.gather(name, TextValue(k.words()))
		default:
			out.put(name, k.value())
		}
	}
}

// gather puts a value; a second of the same name makes a list of both.
func (v *Value) gather(name string, item Value) {
	v.add(Name{Local: name}, item)
}

func (v *Value) add(name Name, item Value) {
	for i := range v.Members {
		if m := &v.Members[i]; m.Name.Is(name) {
			if m.Value.Kind != List {
				m.Value = Value{Kind: List, Items: []Value{m.Value}}
			}
			m.Value.Items = append(m.Value.Items, item)
			return
		}
	}
	v.Members = append(v.Members, Member{name, item})
}

func (v *Value) extend(k *element) {
	v.add(Name{Space: k.name.Space, Local: k.name.Local}, k.value())
}

// flat puts the children as members; <extension> is taken off.
func (e *element) flat(v *Value) {
	for _, k := range e.kids {
		switch {
		case k.name.Space != "":
			v.extend(k)
		case k.name.Local == "extension":
			k.flat(v)
		default:
			v.gather(k.name.Local, k.value())
		}
	}
}

func (e *element) words() string { return strings.TrimSpace(e.text) }

func (e *element) listed(of func(*element) Value) Value {
	out := Value{Kind: List, Items: make([]Value, 0, len(e.kids))}
	for _, k := range e.kids {
		out.Items = append(out.Items, of(k))
	}
	return out
}

// plain is an element as an object of texts.
func (e *element) plain() Value {
	v := Value{Kind: Object}
	e.flat(&v)
	return v
}

// typed is <source type="…">id</source>.
func (e *element) typed() Value {
	v := Value{Kind: Object}
	e.attributes(&v)
	v.put(e.name.Local, TextValue(e.words()))
	return v
}

func (e *element) attributes(v *Value) {
	for _, a := range e.attrs {
		v.add(Name{Space: a.Name.Space, Local: a.Name.Local}, TextValue(a.Value))
	}
}

func (e *element) sensor() Value {
	v := Value{Kind: Object}
	reports := Value{Kind: List}
	for _, k := range e.kids {
		fields := Value{Kind: Object}
		k.attributes(&fields)
		k.flat(&fields)
		switch {
		case k.name.Space != "":
			v.extend(k)
		case k.name.Local == "sensorMetadata":
			v.put("sensorMetadata", fields)
		case k.name.Local == "sensorReport":
			reports.Items = append(reports.Items, fields)
		case k.name.Local == "extension":
			k.flat(&v)
		default:
			v.gather(k.name.Local, k.value())
		}
	}
	v.put("sensorReport", reports)
	return v
}

func (e *element) declaration() Value {
	v := Value{Kind: Object}
	for _, k := range e.kids {
		switch {
		case k.name.Space != "":
			v.extend(k)
		case k.name.Local == "correctiveEventIDs":
			v.put(k.name.Local, k.listed(func(item *element) Value { return TextValue(item.words()) }))
		case k.name.Local == "extension":
			k.flat(&v)
		default:
			v.put(k.name.Local, k.value())
		}
	}
	return v
}

// value is an element of one's own: a text, or an object of its attributes and children.
func (e *element) value() Value {
	if len(e.kids)+len(e.attrs) == 0 {
		return TextValue(e.words())
	}
	v := Value{Kind: Object}
	e.attributes(&v)
	e.flat(&v)
	if len(e.kids) == 0 {
		v.Text = e.words()
	}
	return v
}
