package search

import (
	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// Part is one piece of a document's text.
type Part struct {
	Class field.Class // of the field: who sees it
	Label text.Text   // what the field is called
	Text  string
}

// Value is a document's value of a facet.
type Value struct {
	ID    string
	Name  text.Text   // "" where the id says it
	Class field.Class // of the field
}

// Facet is by what hits are counted and narrowed.
type Facet string

// The facets.
const (
	ByKind       Facet = "kind"
	ByCollection Facet = "collection" // the register, flow or kind of fact
	ByState      Facet = "state"
	ByRegion     Facet = "region"
	ByIndustry   Facet = "industry"
	ByYear       Facet = "year"
)

// Facets in the order in which they are shown.
var Facets = [...]Facet{ByKind, ByCollection, ByState, ByRegion, ByIndustry, ByYear}

// Sight says who sees a document, and its fields up to which class: those who have the verb in the organisation.
type Sight struct {
	Org    uuid.UUID
	Verb   auth.Verb // read, operate or configure
	Person uuid.UUID // this person alone; zero for all
	UpTo   field.Class
}

// Document is a thing as it is searched. Its source says who may see it; nobody else does.
type Document struct {
	ID       uuid.UUID
	Revision int64  // raised with every change of anything that stands here
	Ref      string // by what people name it: a key, a number
	Org      uuid.UUID
	Title    Part
	Parts    []Part
	Values   map[Facet]Value // without kind
	Sights   []Sight
	Public   bool  // anybody sees its public fields, in [Since, Until)
	Since    int64 // ns since 1970
	Until    int64
	At       int64 // when it was changed last
}

// Stamp tells that a thing is at a revision.
type Stamp struct {
	ID       uuid.UUID
	Revision int64
}

// Span is a piece of a text that is shown; Hit where it matched.
type Span struct {
	Text string `json:"text"`
	Hit  bool   `json:"hit,omitempty"`
}

// Hit is a document that was found, with what the caller may see of it.
type Hit struct {
	Kind     string
	Document *Document
	Level    field.Class // up to which class the caller sees it
	Title    []Span
	Label    text.Text // of the field that the snippet is from
	Snippet  []Span
}

// FacetCount is how many hits have a value.
type FacetCount struct {
	Value string    `json:"value"`
	Name  text.Text `json:"name,omitzero"`
	Count int       `json:"count"`
}

// Query is what is asked.
type Query struct {
	Words  string
	Typing bool // the last word is not finished: what begins with it counts
	Narrow map[Facet][]string
	Org    uuid.UUID // kept by
	Limit  int
	Cursor string
}

// Found is the answer.
type Found struct {
	Hits    []Hit
	Next    string
	Total   int
	Facets  map[Facet][]FacetCount
	Relaxed bool // nothing has all the words; these have most
}
