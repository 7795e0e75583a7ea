package checkup

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/text"
)

// Closed is a campaign that takes no more check-ups.
const Closed State = "closed"

// Campaign is a call of an officer's organisation to enterprises: a check-up by an instrument until a day.
type Campaign struct {
	ID          uuid.UUID
	Org         uuid.UUID
	Instrument  string
	Family      string
	Name        text.Text
	Note        string
	Since       string
	Until       string
	State       State
	Plan        []int // enterprises planned per level, from level 1; nil without a plan
	By          audit.Actor
	At          int64
	PublishedAt int64
	Published   *Published
}

// Called is an enterprise of a campaign and how far it is.
type Called struct {
	Firm       Firm
	CalledAt   int64
	RemindedAt int64
	Reminders  int
	Checkup    *Checkup // nil: not begun
}

// Limits of campaigns.
const (
	maxFirms  = 5000             // of one campaign
	remindGap = 20 * 3_600 * 1e9 // ns between two reminders
)

// Published are a campaign's results as they were published: nothing of them changes any more.
type Published struct {
	Campaign   uuid.UUID    `json:"campaign" format:"uuid"`
	Name       text.Text    `json:"name"`
	Instrument string       `json:"instrument"`
	Official   bool         `json:"official"`
	Levels     []text.Text  `json:"levels" nullable:"false" doc:"Names, from having none"`
	By         []string     `json:"by" nullable:"false" doc:"industry, size, place"`
	Until      string       `json:"until" format:"date"`
	Least      int          `json:"least" doc:"Cells of fewer enterprises are hidden, and those from which they could be worked out"`
	Cells      []ResultCell `json:"cells" nullable:"false"`
	Before     string       `json:"before,omitempty" doc:"Name of the campaign before, with which it is compared"`
	Text       text.Text    `json:"text"`
}

// ResultCell is a cell of a distribution, with that of the campaign before beside it where both may be told.
type ResultCell struct {
	Key       assess.Key    `json:"key"`
	Hidden    bool          `json:"hidden,omitempty"`
	Firms     int           `json:"firms,omitempty"`
	Levels    []int         `json:"levels,omitempty" doc:"Enterprises by level, from none"`
	Quartiles []assess.Band `json:"quartiles,omitempty"`
	Before    *BeforeCell   `json:"before,omitempty"`
}

// BeforeCell is the same cell of the campaign before.
type BeforeCell struct {
	Firms  int          `json:"firms"`
	Levels []int        `json:"levels" nullable:"false"`
	Median *assess.Band `json:"median,omitempty"`
}

// dimension names.
var dimensions = map[string]assess.Dimension{"industry": assess.ByIndustry, "size": assess.BySize, "place": assess.ByPlace}

// dimensionsOf reads names of dimensions; at is where they stand.
func dimensionsOf(at string, list []string) (out []assess.Dimension, err error) {
	for i, s := range list {
		d, ok := dimensions[s]
		if !ok || slices.Contains(list[:i], s) {
			return nil, ErrBy.At(at, s)
		}
		out = append(out, d)
	}
	return out, nil
}

// entryOf is a submitted check-up in a benchmark, by what was declared or by what is evidenced.
func entryOf(c *Checkup, proven bool) assess.Entry {
	e := assess.Entry{Firm: c.Org.String(), Industry: c.Industry, Size: c.Size, Place: c.Place, Points: c.Points, Level: c.Level}
	if proven {
		e.Points, e.Level = c.ProvenAt, c.Proven
	}
	return e
}

// newestOfEach leaves the check-up of each organisation that was submitted last.
func newestOfEach(list []Checkup) []Checkup {
	slices.SortFunc(list, func(a, b Checkup) int {
		return cmp.Or(cmp.Compare(a.Org.String(), b.Org.String()), cmp.Compare(b.EndedAt, a.EndedAt))
	})
	return slices.CompactFunc(list, func(a, b Checkup) bool { return a.Org == b.Org })
}

// cells puts two distributions beside each other; what either hides is not compared.
func cells(now, before *assess.Report) []ResultCell {
	out := []ResultCell{}
	for i := range now.Cells {
		c := &now.Cells[i]
		r := ResultCell{Key: c.Key, Hidden: c.Hidden, Firms: c.Firms, Levels: c.Levels, Quartiles: c.Quartiles}
		if before != nil && !c.Hidden {
			if b := before.Cell(c.Key); b != nil && !b.Hidden {
				r.Before = &BeforeCell{Firms: b.Firms, Levels: b.Levels}
				if len(b.Quartiles) > 1 {
					r.Before.Median = &b.Quartiles[1]
				}
			}
		}
		out = append(out, r)
	}
	return out
}
