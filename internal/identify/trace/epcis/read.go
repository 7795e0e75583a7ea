package epcis

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	offsetForm = regexp.MustCompile(`^[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00)$`)
	unitForm   = regexp.MustCompile(`^[A-Z0-9]{2,3}$`)
	hexForm    = regexp.MustCompile(`^[A-Fa-f0-9]+$`)
)

// instant reads a time with its zone.
func instant(s string) (time.Time, bool) {
	if len(s) > 40 {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

// read reads one event. bare: the document's own members stand beside the event's.
func (r *reader) read(path string, v *Value, bare bool) (e Event) {
	if v.Kind != Object {
		r.fault(path, v.Text, RuleType)
		return e
	}
	if c, ok := v.get("@context"); ok && !bare && !r.xml {
		more, _ := r.context(member(path, "@context"), c)
		r.scope = r.scope.with(more)
	}
	e.Prefixes = r.scope.declared()
	kind, _ := v.get("type")
	if e.Type = Type(kind.Text); !slices.Contains(Types, e.Type) {
		rule := RuleVocabulary
		if kind.Text == "" {
			rule = RuleRequired
		}
		r.fault(member(path, "type"), kind.Text, rule)
		return e
	}
	for i := range v.Members {
		m := &v.Members[i]
		at := member(path, m.Name.Local)
		if m.Name.Space != "" || !r.field(at, m.Name.Local, &m.Value, &e) {
			if bare && (m.Name.Local == "schemaVersion" || m.Name.Local == "creationDate") {
				continue
			}
			e.Extensions = r.extension(at, m, e.Extensions)
		}
	}
	r.check(path, &e)
	return e
}

// field reads a field of the standard; false where the standard has none of this name for this kind of event.
func (r *reader) field(at, name string, v *Value, e *Event) bool {
	switch name {
	case "@context", "type":
	case "eventID":
		e.ID = r.uri(at, v)
	case "eventTime":
		e.Time = r.instant(at, v)
	case "recordTime":
		e.Recorded = r.instant(at, v).Text
	case "eventTimeZoneOffset":
		if e.Offset = r.text(at, v); v.Kind == Text && !offsetForm.MatchString(e.Offset) {
			r.fault(at, v.Text, RuleOffset)
		}
	case "certificationInfo":
		e.Certificates = r.uris(at, v)
	case "errorDeclaration":
		e.Error = r.declaration(at, v)
	case "bizStep":
		e.Step = r.word(at, v, &Steps)
	case "disposition":
		e.Disposition = r.word(at, v, &Dispositions)
	case "persistentDisposition":
		e.Persistent = r.persistent(at, v)
	case "readPoint":
		e.ReadPoint = r.place(at, v)
	case "bizLocation":
		e.Location = r.place(at, v)
	case "bizTransactionList":
		e.Transactions = r.typed(at, v, "bizTransaction", &TransactionTypes, false)
	case "sourceList":
		e.Sources = r.typed(at, v, "source", &PartyTypes, true)
	case "destinationList":
		e.Destinations = r.typed(at, v, "destination", &PartyTypes, true)
	case "sensorElementList":
		e.Sensors = r.sensors(at, v)
	case "action":
		if e.Type == TransformationEvent {
			return false
		}
		e.Action = Action(r.text(at, v))
		if v.Kind == Text && e.Action != Add && e.Action != Observe && e.Action != Delete {
			r.fault(at, v.Text, RuleAction)
		}
	case "ilmd":
		if e.Type != ObjectEvent && e.Type != TransformationEvent {
			return false
		}
		e.HasILMD = true
		e.ILMD = r.extensions(at, v, nil)
	default:
		return r.things(at, name, v, e)
	}
	return true
}

// things reads the fields that say what an event is about.
func (r *reader) things(at, name string, v *Value, e *Event) bool {
	var ids *[]string
	var amounts *[]Quantity
	switch t := e.Type; {
	case name == "parentID" && (t == AggregationEvent || t == TransactionEvent || t == AssociationEvent):
		e.Parent = r.uri(at, v)
		return true
	case name == "transformationID" && t == TransformationEvent:
		e.Transformation = r.uri(at, v)
		return true
	case name == "epcList" && (t == ObjectEvent || t == TransactionEvent):
		ids = &e.EPCs
	case name == "quantityList" && (t == ObjectEvent || t == TransactionEvent):
		amounts = &e.Quantities
	case name == "childEPCs" && (t == AggregationEvent || t == AssociationEvent):
		ids = &e.Children
	case name == "childQuantityList" && (t == AggregationEvent || t == AssociationEvent):
		amounts = &e.ChildQuantities
	case name == "inputEPCList" && t == TransformationEvent:
		ids = &e.Inputs
	case name == "inputQuantityList" && t == TransformationEvent:
		amounts = &e.InputQuantities
	case name == "outputEPCList" && t == TransformationEvent:
		ids = &e.Outputs
	case name == "outputQuantityList" && t == TransformationEvent:
		amounts = &e.OutputQuantities
	default:
		return false
	}
	if ids != nil {
		*ids = r.uris(at, v)
	} else {
		*amounts = r.quantities(at, v)
	}
	return true
}

// text reads a text; in XML every value is one.
func (r *reader) text(at string, v *Value) string {
	if v.Kind != Text {
		r.fault(at, v.Text, RuleType)
	}
	return v.Text
}

func (r *reader) uri(at string, v *Value) string {
	if v.Kind == Object { // JSON-LD: {"id": …}
		if id, ok := v.get("id"); ok && len(v.Members) == 1 {
			return r.uri(member(at, "id"), &id)
		}
	}
	s := strings.TrimSpace(r.text(at, v))
	if v.Kind == Text && !absolute(s) {
		r.fault(at, s, RuleURI)
	}
	return s
}

func (r *reader) uris(at string, v *Value) (out []string) {
	if v.Kind != List {
		return []string{r.uri(at, v)}
	}
	out = make([]string, len(v.Items))
	for i := range v.Items {
		out[i] = r.uri(index(at, i), &v.Items[i])
	}
	return out
}

func (r *reader) instant(at string, v *Value) Instant {
	t, ok := instant(v.Text)
	if v.Kind != Text || !ok {
		r.fault(at, v.Text, RuleTime)
	}
	return Instant{t, v.Text}
}

func (r *reader) word(at string, v *Value, of *Vocabulary) string {
	s := strings.TrimSpace(r.text(at, v))
	if v.Kind != Text {
		return s
	}
	uri, ok := of.Resolve(s, r.scope.expand)
	if !ok {
		r.fault(at, s, RuleVocabulary)
	}
	return uri
}

func (r *reader) wordList(at string, v *Value, of *Vocabulary) (out []string) {
	if v.Kind != List {
		return []string{r.word(at, v, of)}
	}
	for i := range v.Items {
		out = append(out, r.word(index(at, i), &v.Items[i], of))
	}
	return out
}

// number reads a decimal.
func (r *reader) number(at string, v *Value) string {
	s := v.Text
	if r.xml {
		if s = strings.TrimSpace(s); s == "" && v.Kind == Text { // xsi:nil
			return ""
		}
	}
	if v.Kind == Number || r.xml && v.Kind == Text {
		if _, ok := decimal(s); ok {
			return s
		}
	}
	r.fault(at, v.Text, RuleType)
	return "0"
}

func (r *reader) quantities(at string, v *Value) (out []Quantity) {
	for i, item := range listed(v) {
		path := index(at, i)
		if item.Kind != Object {
			r.fault(path, item.Text, RuleType)
			continue
		}
		var q Quantity
		for k := range item.Members {
			m := &item.Members[k]
			at := member(path, m.Name.Local)
			switch m.Name.Local {
			case "epcClass":
				q.Class = r.uri(at, &m.Value)
			case "quantity":
				q.Amount = r.number(at, &m.Value)
			case "uom":
				if q.Unit = strings.TrimSpace(r.text(at, &m.Value)); !unitForm.MatchString(q.Unit) {
					r.fault(at, q.Unit, RuleUnit)
				}
			default:
				r.fault(at, m.Value.Text, RuleUnknown)
			}
		}
		if _, ok := item.get("epcClass"); !ok {
			r.fault(member(path, "epcClass"), "", RuleRequired)
		}
		out = append(out, q)
	}
	return out
}

// listed are the items of a list, or the one thing that stands in its place.
func listed(v *Value) []Value {
	if v.Kind == List {
		return v.Items
	}
	return []Value{*v}
}

func (r *reader) place(at string, v *Value) *Place {
	if v.Kind == Text { // as XML of one's own and some JSON have it
		return &Place{ID: r.uri(at, v)}
	}
	if v.Kind != Object {
		r.fault(at, v.Text, RuleType)
		return nil
	}
	p := &Place{}
	for i := range v.Members {
		m := &v.Members[i]
		if m.Name.Space == "" && (m.Name.Local == "id" || m.Name.Local == "@id") {
			p.ID = r.uri(member(at, "id"), &m.Value)
		} else {
			p.Extensions = r.extension(member(at, m.Name.Local), m, p.Extensions)
		}
	}
	if p.ID == "" {
		r.fault(member(at, "id"), "", RuleRequired)
	}
	return p
}

func (r *reader) typed(at string, v *Value, name string, types *Vocabulary, needsType bool) (out []Typed) {
	for i, item := range listed(v) {
		path := index(at, i)
		if item.Kind != Object {
			r.fault(path, item.Text, RuleType)
			continue
		}
		var t Typed
		for k := range item.Members {
			m := &item.Members[k]
			at := member(path, m.Name.Local)
			switch {
			case m.Name.Space == "" && m.Name.Local == "type":
				t.Type = r.word(at, &m.Value, types)
			case m.Name.Space == "" && m.Name.Local == name:
				t.ID = r.uri(at, &m.Value)
			default:
				t.Extensions = r.extension(at, m, t.Extensions)
			}
		}
		if t.ID == "" {
			r.fault(member(path, name), "", RuleRequired)
		}
		if t.Type == "" && needsType {
			r.fault(member(path, "type"), "", RuleRequired)
		}
		out = append(out, t)
	}
	return out
}

func (r *reader) persistent(at string, v *Value) *Persistent {
	p := &Persistent{}
	if v.Kind != Object {
		r.fault(at, v.Text, RuleType)
		return p
	}
	for i := range v.Members {
		m := &v.Members[i]
		path := member(at, m.Name.Local)
		switch m.Name.Local {
		case "set":
			p.Set = r.wordList(path, &m.Value, &Dispositions)
		case "unset":
			p.Unset = r.wordList(path, &m.Value, &Dispositions)
		default:
			r.fault(path, m.Value.Text, RuleUnknown)
		}
	}
	return p
}

func (r *reader) declaration(at string, v *Value) *ErrorDeclaration {
	d := &ErrorDeclaration{}
	if v.Kind != Object {
		r.fault(at, v.Text, RuleType)
		return d
	}
	for i := range v.Members {
		m := &v.Members[i]
		path := member(at, m.Name.Local)
		switch {
		case m.Name.Space == "" && m.Name.Local == "declarationTime":
			d.Time = r.instant(path, &m.Value)
		case m.Name.Space == "" && m.Name.Local == "reason":
			d.Reason = r.word(path, &m.Value, &ErrorReasons)
		case m.Name.Space == "" && m.Name.Local == "correctiveEventIDs":
			d.Corrective = r.uris(path, &m.Value)
		default:
			d.Extensions = r.extension(path, m, d.Extensions)
		}
	}
	if _, ok := v.get("declarationTime"); !ok {
		r.fault(member(at, "declarationTime"), "", RuleRequired)
	}
	return d
}
