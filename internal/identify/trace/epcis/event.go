package epcis

import "time"

// Type is the kind of an event.
type Type string

// The kinds of events (EPCIS 2.0, 7.4).
const (
	ObjectEvent         Type = "ObjectEvent"
	AggregationEvent    Type = "AggregationEvent"
	TransactionEvent    Type = "TransactionEvent"
	TransformationEvent Type = "TransformationEvent"
	AssociationEvent    Type = "AssociationEvent"
)

// Types in the order of the standard.
var Types = []Type{ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent, AssociationEvent}

// Action is what an event says of the relation that it is about.
type Action string

// The actions (7.3.3.1).
const (
	Add     Action = "ADD"
	Observe Action = "OBSERVE"
	Delete  Action = "DELETE"
)

// Instant is a time as it was written. Text may be empty where the program made it.
type Instant struct {
	At   time.Time
	Text string
}

// String is the time as it was written, else in RFC 3339.
func (i Instant) String() string {
	if i.Text != "" {
		return i.Text
	}
	return i.At.Format("2006-01-02T15:04:05.000Z07:00")
}

// Quantity is an amount of a class of things. Amount is a decimal; "" says that only the class is known.
type Quantity struct {
	Class  string
	Amount string
	Unit   string // UN/CEFACT Recommendation 20; "" counts pieces
}

// Place is a read point or a business location.
type Place struct {
	ID         string
	Extensions []Member
}

// Typed is a business transaction, a source or a destination. Type is a full URI; "" only for a transaction.
type Typed struct {
	Type       string
	ID         string
	Extensions []Member
}

// ErrorDeclaration says that an event with the same id was wrong (7.4.1.2).
type ErrorDeclaration struct {
	Time       Instant
	Reason     string // full URI; may be ""
	Corrective []string
	Extensions []Member
}

// Persistent is the persistent disposition: dispositions that hold until they are unset.
type Persistent struct{ Set, Unset []string }

// SensorElement is what sensors reported (7.3.7). Fields hold the standard's own, in the order of sensorMetadataFields and
// sensorReportFields; times and URIs as they were written, vocabulary as full URIs.
type SensorElement struct {
	Metadata   *Fields
	Reports    []Fields
	Extensions []Member
}

// Fields are the fields of a sensor's report or of its metadata.
type Fields struct {
	Standard   []Field
	Extensions []Member
}

// Field is one of them.
type Field struct {
	Name string
	Kind Kind // Text, Number or Bool
	Text string
}

// Get is a field's text, "" where it is absent.
func (f *Fields) Get(name string) string {
	for i := range f.Standard {
		if f.Standard[i].Name == name {
			return f.Standard[i].Text
		}
	}
	return ""
}

// Event is one event of any kind. Vocabulary (steps, dispositions, types) is held as full URIs; identifiers as they were written
// (Canonical compares them).
type Event struct {
	Type     Type
	ID       string // "": its hash is its id
	Time     Instant
	Offset   string // of the local clock, "+08:00"
	Recorded string // recordTime as it came; never trusted, only carried by answers of others

	Action           Action // empty for a transformation
	EPCs             []string
	Quantities       []Quantity
	Parent           string
	Children         []string
	ChildQuantities  []Quantity
	Inputs           []string
	InputQuantities  []Quantity
	Outputs          []string
	OutputQuantities []Quantity
	Transformation   string

	Step         string
	Disposition  string
	Persistent   *Persistent
	ReadPoint    *Place
	Location     *Place
	Transactions []Typed
	Sources      []Typed
	Destinations []Typed
	Sensors      []SensorElement
	Certificates []string
	ILMD         []Member // instance and lot master data
	HasILMD      bool
	Error        *ErrorDeclaration
	Extensions   []Member

	Prefixes []Prefix // in effect where the event stood
}

// Document is what came in one piece.
type Document struct {
	Query  bool // an EPCISQueryDocument
	Bare   bool // one event without a document around it
	Events []Event
	// At are the paths of the events within the document.
	At []string
	// Faults are those of events, each naming which. An event with a fault is in Events as far as it could be read.
	Faults []Fault
}

// Faulty tells whether the event at an index has a fault.
func (d *Document) Faulty(i int) bool {
	for k := range d.Faults {
		if d.Faults[k].Event == i {
			return true
		}
	}
	return false
}
