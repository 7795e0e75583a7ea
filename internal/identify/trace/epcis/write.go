package epcis

import (
	"encoding/json"
	"slices"
	"strconv"
)

// Context is the address of the EPCIS context.
const Context = "https://ref.gs1.org/standards/epcis/epcis-context.jsonld"

// AppendJSON appends an event as JSON-LD for the EPCIS context: vocabulary as bare words, identifiers and extensions as they came.
// Prefixes that it needs are declared in a context of its own, so that it says the same wherever it stands. recordTime is left
// out; eventID too where the event has none.
func AppendJSON(dst []byte, e *Event) []byte {
	w := &writer{b: dst, prefixes: slices.Clone(e.Prefixes)}
	w.need(e)
	w.open('{')
	if len(w.prefixes) > 0 {
		w.key("@context")
		w.open('[')
		for _, p := range w.prefixes {
			w.item()
			w.open('{')
			w.text(p.Prefix, p.Space)
			w.close('}')
		}
		w.close(']')
	}
	w.text("type", string(e.Type))
	w.some("eventID", e.ID)
	w.text("eventTime", e.Time.String())
	w.text("eventTimeZoneOffset", e.Offset)
	w.texts("certificationInfo", e.Certificates)
	w.declaration(e.Error)
	w.some("parentID", e.Parent)
	w.texts("epcList", e.EPCs)
	w.texts("childEPCs", e.Children)
	w.texts("inputEPCList", e.Inputs)
	w.amounts("inputQuantityList", e.InputQuantities)
	w.texts("outputEPCList", e.Outputs)
	w.amounts("outputQuantityList", e.OutputQuantities)
	w.some("transformationID", e.Transformation)
	w.some("action", string(e.Action))
	w.some("bizStep", Steps.Short(e.Step))
	w.some("disposition", Dispositions.Short(e.Disposition))
	if p := e.Persistent; p != nil {
		w.key("persistentDisposition")
		w.open('{')
		w.texts("set", shorts(p.Set, &Dispositions))
		w.texts("unset", shorts(p.Unset, &Dispositions))
		w.close('}')
	}
	w.place("readPoint", e.ReadPoint)
	w.place("bizLocation", e.Location)
	w.typed("bizTransactionList", "bizTransaction", e.Transactions, &TransactionTypes)
	w.amounts("quantityList", e.Quantities)
	w.amounts("childQuantityList", e.ChildQuantities)
	w.typed("sourceList", "source", e.Sources, &PartyTypes)
	w.typed("destinationList", "destination", e.Destinations, &PartyTypes)
	w.sensors(e.Sensors)
	if e.HasILMD {
		w.key("ilmd")
		w.open('{')
		w.members(e.ILMD)
		w.close('}')
	}
	w.members(e.Extensions)
	w.close('}')
	return w.b
}

func shorts(uris []string, of *Vocabulary) []string {
	out := make([]string, len(uris))
	for i, u := range uris {
		out[i] = of.Short(u)
	}
	return out
}

// writer writes JSON. first tells that nothing stands yet in the bracket that is open.
type writer struct {
	b        []byte
	first    bool
	prefixes []Prefix
	spaces   map[string]string // by prefix; made when the first name is written
	spelled  map[string]string // prefix by space
}

func (w *writer) item() {
	if !w.first {
		w.b = append(w.b, ',')
	}
	w.first = false
}

func (w *writer) key(name string) {
	w.item()
	w.b = append(quote(w.b, name), ':')
}

func (w *writer) open(c byte)  { w.b, w.first = append(w.b, c), true }
func (w *writer) close(c byte) { w.b, w.first = append(w.b, c), false }

func (w *writer) text(name, s string) {
	w.key(name)
	w.b = quote(w.b, s)
}

func (w *writer) some(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

func (w *writer) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	w.key(name)
	w.open('[')
	for _, s := range list {
		w.item()
		w.b = quote(w.b, s)
	}
	w.close(']')
}

func quote(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			b, _ := json.Marshal(s) // a string always can be
			return append(dst, b...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

func (w *writer) amounts(name string, list []Quantity) {
	if len(list) == 0 {
		return
	}
	w.key(name)
	w.open('[')
	for _, q := range list {
		w.item()
		w.open('{')
		w.text("epcClass", q.Class)
		if q.Amount != "" {
			w.key("quantity")
			w.number(q.Amount)
		}
		w.some("uom", q.Unit)
		w.close('}')
	}
	w.close(']')
}

// number writes a decimal as a literal of JSON; XML allows forms that JSON does not (+1, .5, 007).
func (w *writer) number(s string) {
	if !json.Valid([]byte(s)) {
		s, _ = decimal(s)
	}
	w.b = append(w.b, s...)
}

func (w *writer) place(name string, p *Place) {
	if p == nil {
		return
	}
	w.key(name)
	w.open('{')
	w.text("id", p.ID)
	w.members(p.Extensions)
	w.close('}')
}

func (w *writer) typed(list, item string, of []Typed, types *Vocabulary) {
	if len(of) == 0 {
		return
	}
	w.key(list)
	w.open('[')
	for _, t := range of {
		w.item()
		w.open('{')
		w.some("type", types.Short(t.Type))
		w.text(item, t.ID)
		w.members(t.Extensions)
		w.close('}')
	}
	w.close(']')
}

func (w *writer) declaration(d *ErrorDeclaration) {
	if d == nil {
		return
	}
	w.key("errorDeclaration")
	w.open('{')
	w.text("declarationTime", d.Time.String())
	w.some("reason", ErrorReasons.Short(d.Reason))
	w.texts("correctiveEventIDs", d.Corrective)
	w.members(d.Extensions)
	w.close('}')
}

func (w *writer) sensors(list []SensorElement) {
	if len(list) == 0 {
		return
	}
	w.key("sensorElementList")
	w.open('[')
	for i := range list {
		s := &list[i]
		w.item()
		w.open('{')
		if s.Metadata != nil {
			w.key("sensorMetadata")
			w.fields(s.Metadata)
		}
		w.key("sensorReport")
		w.open('[')
		for k := range s.Reports {
			w.item()
			w.fields(&s.Reports[k])
		}
		w.close(']')
		w.members(s.Extensions)
		w.close('}')
	}
	w.close(']')
}

func (w *writer) fields(f *Fields) {
	w.open('{')
	for _, x := range f.Standard {
		w.key(x.Name)
		switch x.Kind {
		case Number:
			w.number(x.Text)
		case Bool:
			w.b = append(w.b, x.Text...)
		default:
			s := x.Text
			switch x.Name {
			case "type":
				s = Measurements.Short(s)
			case "exception":
				s = Alarms.Short(s)
			case "component":
				s = Components.Short(s)
			}
			w.b = quote(w.b, s)
		}
	}
	w.members(f.Extensions)
	w.close('}')
}

func (w *writer) members(list []Member) {
	for i := range list {
		w.key(w.name(list[i].Name))
		w.value(&list[i].Value)
	}
}

func (w *writer) value(v *Value) {
	switch v.Kind {
	case Null:
		w.b = append(w.b, "null"...)
	case Text:
		w.b = quote(w.b, v.Text)
	case Number, Bool:
		w.number(v.Text)
	case Object:
		w.open('{')
		if v.Text != "" {
			w.text("#text", v.Text)
		}
		w.members(v.Members)
		w.close('}')
	case List:
		w.open('[')
		for i := range v.Items {
			w.item()
			w.value(&v.Items[i])
		}
		w.close(']')
	}
}

// name writes a name with a prefix that is declared.
func (w *writer) name(n Name) string {
	if n.Space == "" {
		return n.Local
	}
	return w.prefixOf(n) + ":" + n.Local
}

// spell learns what the prefixes stand for.
func (w *writer) spell() {
	if w.spaces != nil {
		return
	}
	w.spaces, w.spelled = map[string]string{}, map[string]string{}
	for _, p := range wellKnown.with(w.prefixes).prefixes {
		w.spaces[p.Prefix] = p.Space
	}
	for p, space := range w.spaces {
		if q, ok := w.spelled[space]; !ok || p < q {
			w.spelled[space] = p
		}
	}
}

// prefixOf finds a prefix that stands for the name's space, its own first; "" where there is none.
func (w *writer) prefixOf(n Name) string {
	w.spell()
	if n.Prefix != "" && w.spaces[n.Prefix] == n.Space {
		return n.Prefix
	}
	return w.spelled[n.Space]
}

// need declares prefixes for names whose space has none.
func (w *writer) need(e *Event) {
	eachName(e, func(n Name) {
		if n.Space == "" || w.prefixOf(n) != "" {
			return
		}
		p := n.Prefix
		for i := 1; p == "" || w.spaces[p] != ""; i++ {
			p = "ns" + strconv.Itoa(i)
		}
		w.prefixes = append(w.prefixes, Prefix{p, n.Space})
		w.spaces[p], w.spelled[n.Space] = n.Space, p
	})
}

// eachName calls fn with the names of all extensions.
func eachName(e *Event, fn func(Name)) {
	var walk func(list []Member)
	var inner func(v *Value)
	inner = func(v *Value) {
		walk(v.Members)
		for i := range v.Items {
			inner(&v.Items[i])
		}
	}
	walk = func(list []Member) {
		for i := range list {
			fn(list[i].Name)
			inner(&list[i].Value)
		}
	}
	walk(e.ILMD)
	walk(e.Extensions)
	for _, p := range []*Place{e.ReadPoint, e.Location} {
		if p != nil {
			walk(p.Extensions)
		}
	}
	for _, l := range [][]Typed{e.Transactions, e.Sources, e.Destinations} {
		for i := range l {
			walk(l[i].Extensions)
		}
	}
	for i := range e.Sensors {
		if m := e.Sensors[i].Metadata; m != nil {
			walk(m.Extensions)
		}
		for k := range e.Sensors[i].Reports {
			walk(e.Sensors[i].Reports[k].Extensions)
		}
		walk(e.Sensors[i].Extensions)
	}
	if e.Error != nil {
		walk(e.Error.Extensions)
	}
}
