package epcis

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Hash is the event hash of CBV 2.0 (8.9.2): the same event in JSON or XML, with bare words or URIs, with its fields and lists in
// any order, has the same hash. It leaves out recordTime, eventID, errorDeclaration and certificationInfo.
func Hash(e *Event) string { return HashOf(Digest(e)) }

// HashOf writes a digest as a hash.
func HashOf(d [sha256.Size]byte) string {
	return "ni:///sha-256;" + hex.EncodeToString(d[:]) + "?ver=CBV2.0"
}

// Digest is the SHA-256 within Hash.
func Digest(e *Event) [sha256.Size]byte {
	var h hasher
	h.event(e)
	return sha256.Sum256(h.b)
}

// prehash is what is hashed.
func prehash(e *Event) string {
	var h hasher
	h.event(e)
	return string(h.b)
}

// hasher writes the string that is hashed. Lists are sorted as texts, byte by byte.
type hasher struct{ b []byte }

func (h *hasher) put(parts ...string) {
	for _, p := range parts {
		h.b = append(h.b, p...)
	}
}

func (h *hasher) field(name, value string) {
	if value = strings.TrimSpace(value); value != "" {
		h.put(name, "=", canonicalValue(value))
	}
}

func (h *hasher) time(name, value string) {
	if value != "" {
		h.put(name, "=", millis(value))
	}
}

// list writes the name of a list and its items, sorted.
func (h *hasher) list(name string, items []string) {
	if len(items) == 0 {
		return
	}
	slices.Sort(items)
	h.put(name)
	h.put(items...)
}

// part is what fn writes.
func part(fn func(*hasher)) string {
	var h hasher
	fn(&h)
	return string(h.b)
}

func (h *hasher) event(e *Event) {
	h.b = make([]byte, 0, 512)
	h.put("eventType=", string(e.Type))
	h.time("eventTime", e.Time.String())
	h.field("eventTimeZoneOffset", e.Offset)
	h.ids("epcList", e.EPCs)
	h.field("parentID", e.Parent)
	h.ids("inputEPCList", e.Inputs)
	h.ids("childEPCs", e.Children)
	h.amounts("quantityList", e.Quantities)
	h.amounts("childQuantityList", e.ChildQuantities)
	h.amounts("inputQuantityList", e.InputQuantities)
	h.ids("outputEPCList", e.Outputs)
	h.amounts("outputQuantityList", e.OutputQuantities)
	h.field("action", string(e.Action))
	h.field("transformationID", e.Transformation)
	h.field("bizStep", e.Step)
	h.field("disposition", e.Disposition)
	if p := e.Persistent; p != nil && len(p.Set)+len(p.Unset) > 0 {
		h.put("persistentDisposition")
		h.list("", prefixed("set=", p.Set))
		h.list("", prefixed("unset=", p.Unset))
	}
	h.place("readPoint", e.ReadPoint)
	h.place("bizLocation", e.Location)
	h.typed("bizTransactionList", "bizTransaction", e.Transactions)
	h.typed("sourceList", "source", e.Sources)
	h.typed("destinationList", "destination", e.Destinations)
	var sensors []string
	for i := range e.Sensors {
		sensors = append(sensors, part(func(h *hasher) { h.sensor(&e.Sensors[i]) }))
	}
	h.list("", sensors)

	// What is not the standard's stands at the end: master data, then what stands inside the standard's fields, then the event's.
	if text := memberText(e.ILMD); text != "" {
		h.put("ilmd", text)
	}
	h.inside("readPoint", e.ReadPoint)
	h.inside("bizLocation", e.Location)
	for _, l := range []struct {
		name, item string
		of         []Typed
	}{{"bizTransactionList", "bizTransaction", e.Transactions}, {"sourceList", "source", e.Sources}, {"destinationList", "destination", e.Destinations}} {
		var items []string
		for i := range l.of {
			if text := memberText(l.of[i].Extensions); text != "" {
				items = append(items, l.item+text)
			}
		}
		h.list(l.name, items)
	}
	sensors = nil
	for i := range e.Sensors {
		if text := part(func(h *hasher) { h.insideSensor(&e.Sensors[i]) }); text != "" {
			sensors = append(sensors, "sensorElement"+text)
		}
	}
	h.list("", sensors)
	h.put(memberText(e.Extensions))
}

func prefixed(prefix string, list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = prefix + canonicalValue(s)
	}
	return out
}

func (h *hasher) ids(name string, list []string) { h.list(name, prefixed("epc=", list)) }

func (h *hasher) amounts(name string, list []Quantity) {
	items := make([]string, len(list))
	for i, q := range list {
		items[i] = part(func(h *hasher) {
			h.put("quantityElement")
			h.field("epcClass", q.Class)
			h.field("quantity", q.Amount)
			h.field("uom", q.Unit)
		})
	}
	h.list(name, items)
}

func (h *hasher) place(name string, p *Place) {
	if p != nil {
		h.put(name)
		h.field("id", p.ID)
	}
}

func (h *hasher) inside(name string, p *Place) {
	if p == nil {
		return
	}
	if text := memberText(p.Extensions); text != "" {
		h.put(name, text)
	}
}

func (h *hasher) typed(list, item string, of []Typed) {
	items := make([]string, len(of))
	for i, t := range of {
		items[i] = part(func(h *hasher) {
			h.field("type", t.Type)
			h.field(item, t.ID)
		})
	}
	h.list(list, items)
}

func (h *hasher) sensor(s *SensorElement) {
	h.put("sensorElement")
	if m := s.Metadata; m != nil && len(m.Standard) > 0 {
		h.put("sensorMetadata")
		h.fields(m, sensorMetadataFields)
	}
	reports := make([]string, len(s.Reports))
	for i := range s.Reports {
		reports[i] = part(func(h *hasher) {
			h.put("sensorReport")
			h.fields(&s.Reports[i], sensorReportFields)
		})
	}
	h.list("", reports)
}

func (h *hasher) fields(f *Fields, rules []fieldRule) {
	for _, rule := range rules {
		if rule.kind == asTime {
			h.time(rule.name, f.Get(rule.name))
		} else {
			h.field(rule.name, f.Get(rule.name))
		}
	}
}

func (h *hasher) insideSensor(s *SensorElement) {
	if s.Metadata != nil {
		if text := memberText(s.Metadata.Extensions); text != "" {
			h.put("sensorMetadata", text)
		}
	}
	var reports []string
	for i := range s.Reports {
		if text := memberText(s.Reports[i].Extensions); text != "" {
			reports = append(reports, "sensorReport"+text)
		}
	}
	h.list("", reports)
	h.put(memberText(s.Extensions))
}

// memberText writes extensions: each name with its value, or with what is below it, sorted. A list is its name once for each
// item. Comments are left out.
func memberText(list []Member) string {
	if len(list) == 0 {
		return ""
	}
	var items []string
	for i := range list {
		m := &list[i]
		if m.Name.Is(comment) || m.Name.Space == "" && m.Name.Local == "comment" {
			continue
		}
		name := m.Name.String()
		if m.Value.Kind != List {
			items = append(items, name+valueText(&m.Value))
			continue
		}
		for k := range m.Value.Items {
			items = append(items, name+valueText(&m.Value.Items[k]))
		}
	}
	slices.Sort(items)
	return strings.Join(items, "")
}

func valueText(v *Value) string {
	switch v.Kind {
	case Object:
		text := memberText(v.Members)
		if v.Text != "" { // the text of an element of XML that has attributes
			text = "=" + canonicalValue(v.Text) + text
		}
		return text
	case List:
		items := make([]string, len(v.Items))
		for i := range v.Items {
			items[i] = valueText(&v.Items[i])
		}
		slices.Sort(items)
		return strings.Join(items, "")
	}
	if s := strings.TrimSpace(v.Text); s != "" {
		return "=" + canonicalValue(s)
	}
	return ""
}

// oldWords are the URNs of CBV 1.2 and the prefixes of GS1's vocabularies, with what they are now.
var oldWords = []struct{ old, now string }{
	{Steps.urn, Steps.base}, {Dispositions.urn, Dispositions.base}, {TransactionTypes.urn, TransactionTypes.base}, {PartyTypes.urn, PartyTypes.base},
	{ErrorReasons.urn, ErrorReasons.base}, {"gs1:", spaceVoc}, {"cbv:", spaceCBV}, {"epcis:", spaceEPCIS},
}

// canonicalValue brings a value into its one form: words of CBV as URIs, numbers plain, identifiers of GS1 as Digital Links.
func canonicalValue(s string) string {
	switch c := s[0]; {
	case c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.':
		if plain, ok := decimal(s); ok {
			return plain
		}
		return s
	case c == 'u' || c == 'g' || c == 'c' || c == 'e':
		for _, w := range oldWords {
			if rest, ok := strings.CutPrefix(s, w.old); ok {
				return w.now + rest
			}
		}
	}
	return Key(s)
}

// millis writes a time in UTC with milliseconds, halves rounded up.
func millis(s string) string {
	t, ok := instant(s)
	if !ok {
		return s
	}
	return t.UTC().Add(500 * time.Microsecond).Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
}
