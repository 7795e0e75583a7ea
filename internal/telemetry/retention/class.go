package retention

import (
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// Day is the grain of retention: samples go by whole UTC days.
const Day = 24 * time.Hour

// Bounds of a class.
const (
	// LeastDays is the least time to keep: a month's roll-up is made of its samples, and is closed some days after its end.
	LeastDays = 35
	MostDays  = 36_525 // a century
	Grace     = Day    // after which a change that takes samples away takes effect
)

// Class is a time to keep samples.
type Class struct {
	ID      uuid.UUID
	Org     uuid.UUID
	Name    text.Text
	Terms   []Term // in order of From, never empty
	Removed bool
}

// Term is what a class says from a time on. The last one in effect counts.
type Term struct {
	From   int64 // ns
	Days   int   // 0: for ever
	Reason string
}

// At returns the term in effect at a time; before the first one the first one counts.
func (c *Class) At(t int64) Term {
	out := c.Terms[0]
	for _, next := range c.Terms[1:] {
		if next.From > t {
			break
		}
		out = next
	}
	return out
}

// Target says to what a class is assigned, the widest first.
type Target string

// The targets.
const (
	ToOrg      Target = "org"
	ToTemplate Target = "template"
	ToNode     Target = "node" // a site, area, line or machine, and what is below it
	ToSeries   Target = "series"
)

// Assignment gives a class to a target from a time on. A class of uuid.Nil keeps for ever.
type Assignment struct {
	ID     uuid.UUID
	Org    uuid.UUID
	Target Target
	Of     string // the organisation's, node's or series' id, or the template's
	Class  uuid.UUID
	From   int64
	Until  int64 // forever while it lasts
	Reason string
}

// Hold keeps all samples of a span, of an organisation or of one series of it, while it stands.
type Hold struct {
	ID       uuid.UUID
	Org      uuid.UUID
	Series   uuid.UUID // uuid.Nil: all of the organisation
	From, To int64     // source times
	Reason   string
	Ended    bool
}

// Place says where a series stands in the plant.
type Place struct {
	Series   uuid.UUID
	Org      uuid.UUID
	Nodes    []uuid.UUID // the machine, and what it is in, the closest first
	Template string      // of the machine, "" if it has none
}
