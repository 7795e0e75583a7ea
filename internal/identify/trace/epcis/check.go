package epcis

// check asks for what an event of its kind must have (EPCIS 2.0, 7.4.2 to 7.4.6).
func (r *reader) check(path string, e *Event) {
	need := func(name string, there bool) {
		if !there {
			r.missing(path, name)
		}
	}
	need("eventTime", e.Time.Text != "")
	need("eventTimeZoneOffset", e.Offset != "")
	if e.Type != TransformationEvent {
		need("action", e.Action != "")
	}
	things := true
	switch e.Type {
	case ObjectEvent:
		things = len(e.EPCs)+len(e.Quantities)+len(e.Sensors) > 0
	case AggregationEvent:
		need("parentID", e.Parent != "" || e.Action == Observe)
		things = len(e.Children)+len(e.ChildQuantities) > 0 || e.Action == Delete && e.Parent != "" || len(e.Sensors) > 0
	case AssociationEvent:
		need("parentID", e.Parent != "")
		things = len(e.Children)+len(e.ChildQuantities) > 0 || e.Action == Delete
	case TransactionEvent:
		need("bizTransactionList", len(e.Transactions) > 0)
		things = e.Parent != "" || len(e.EPCs)+len(e.Quantities) > 0 || e.Action == Delete
	case TransformationEvent:
		in, out := len(e.Inputs)+len(e.InputQuantities) > 0, len(e.Outputs)+len(e.OutputQuantities) > 0
		things = in || out
		need("transformationID", in && out || e.Transformation != "")
	}
	if !things {
		r.fault(path, string(e.Type), RuleThings)
	}
	for _, l := range []struct {
		name string
		ids  []string
	}{{"epcList", e.EPCs}, {"childEPCs", e.Children}, {"inputEPCList", e.Inputs}, {"outputEPCList", e.Outputs}} {
		seen := make(map[string]bool, len(l.ids))
		for i, id := range l.ids {
			if seen[id] {
				r.fault(index(member(path, l.name), i), id, RuleTwice)
			}
			seen[id] = true
		}
	}
	if e.Error != nil && e.ID == "" && e.Error.Time.Text == "" {
		r.missing(path, "errorDeclaration.declarationTime")
	}
}

// missing tells of a field that is not there, once: what was there and wrong has been told already.
func (r *reader) missing(path, name string) {
	at := member(path, name)
	for i := range r.faults {
		if r.faults[i].Event == r.event && r.faults[i].Path == at {
			return
		}
	}
	r.fault(at, "", RuleRequired)
}

// Check tells what is wrong with an event that a program made. Its vocabulary may be given as bare words; Check makes it URIs.
func Check(e *Event) []Fault {
	r := &reader{scope: wellKnown.with(e.Prefixes)}
	word := func(name string, s *string, of *Vocabulary) {
		if *s == "" {
			return
		}
		uri, ok := of.Resolve(*s, r.scope.expand)
		if !ok {
			r.fault(name, *s, RuleVocabulary)
		}
		*s = uri
	}
	id := func(name string, list ...string) {
		for _, s := range list {
			if s != "" && !absolute(s) {
				r.fault(name, s, RuleURI)
			}
		}
	}
	if e.Time.Text == "" && !e.Time.At.IsZero() {
		e.Time.Text = e.Time.String()
	}
	if e.Offset == "" && !e.Time.At.IsZero() {
		e.Offset = e.Time.At.Format("-07:00")
	}
	if e.Offset != "" && !offsetForm.MatchString(e.Offset) {
		r.fault("eventTimeZoneOffset", e.Offset, RuleOffset)
	}
	word("bizStep", &e.Step, &Steps)
	word("disposition", &e.Disposition, &Dispositions)
	for _, l := range []struct {
		name string
		list []Typed
		of   *Vocabulary
	}{{"bizTransactionList", e.Transactions, &TransactionTypes}, {"sourceList", e.Sources, &PartyTypes}, {"destinationList", e.Destinations, &PartyTypes}} {
		for i := range l.list {
			word(l.name, &l.list[i].Type, l.of)
			id(l.name, l.list[i].ID)
		}
	}
	id("eventID", e.ID)
	id("parentID", e.Parent)
	id("transformationID", e.Transformation)
	id("epcList", e.EPCs...)
	id("childEPCs", e.Children...)
	id("inputEPCList", e.Inputs...)
	id("outputEPCList", e.Outputs...)
	for _, l := range [][]Quantity{e.Quantities, e.ChildQuantities, e.InputQuantities, e.OutputQuantities} {
		for _, q := range l {
			id("epcClass", q.Class)
			if _, ok := decimal(q.Amount); q.Amount != "" && !ok {
				r.fault("quantity", q.Amount, RuleType)
			}
			if q.Unit != "" && !unitForm.MatchString(q.Unit) {
				r.fault("uom", q.Unit, RuleUnit)
			}
		}
	}
	for _, p := range []*Place{e.ReadPoint, e.Location} {
		if p != nil {
			id("readPoint", p.ID)
		}
	}
	switch e.Type {
	case ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent, AssociationEvent:
		r.check("", e)
	default:
		r.fault("type", string(e.Type), RuleVocabulary)
	}
	return r.faults
}
