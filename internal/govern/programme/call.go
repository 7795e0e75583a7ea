package programme

import (
	"errors"
	"io/fs"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder of calls among the packs.
const Dir = "calls"

// Call is a call for projects, declared by a pack.
type Call struct {
	pack.Header `yaml:",inline"`

	Kind       string          `yaml:"kind"` // such as demonstration, benchmark, reward, purchase: what the list of calls is sorted by
	Text       text.Text       `yaml:"text"`
	Clauses    []CallClause    `yaml:"clauses"`
	Who        []CallCondition `yaml:"who"`
	Fields     field.Schema    `yaml:"fields"` // of the application, besides the project's name
	Papers     []CallPaper     `yaml:"papers"`
	Checks     []FormalPoint   `yaml:"checks"`     // the points of the formal check
	Completion int             `yaml:"completion"` // working days to hand in what is missing
	Review     CallReview      `yaml:"review"`
	Publicity  int             `yaml:"publicity"` // working days
	Award      CallAward       `yaml:"award"`
	Milestones []Milestone     `yaml:"milestones,omitempty"`
	Indicators []Indicator     `yaml:"indicators,omitempty"`
	Clawback   []Clawback      `yaml:"clawback,omitempty"`
	Recheck    *RecheckAfter   `yaml:"recheck,omitempty"`
}

// CallClause is where a rule of the call comes from.
type CallClause struct {
	ID      string `json:"id" yaml:"id"`
	Title   string `json:"title" yaml:"title"` // of the document
	Section string `json:"section" yaml:"section"`
	Quote   string `json:"quote,omitempty" yaml:"quote,omitempty"`
}

// CallCondition is one that an enterprise must meet to apply, over what the register of enterprises says of it.
type CallCondition struct {
	ID      string    `json:"id" yaml:"id"`
	Text    text.Text `json:"text" yaml:"text"`
	Clause  string    `json:"clause" yaml:"clause"`
	Field   string    `json:"field" yaml:"field"`                       // registered, size, industry, region, tags, employees, revenue, assets
	In      []string  `json:"in,omitempty" yaml:"in,omitempty"`         // one of them; of tags: at least one
	Begins  []string  `json:"begins,omitempty" yaml:"begins,omitempty"` // industry and region: one of these beginnings of the code
	AtLeast *int64    `json:"atLeast,omitempty" yaml:"atLeast,omitempty"`
	AtMost  *int64    `json:"atMost,omitempty" yaml:"atMost,omitempty"` // money in fen
}

// CallPaper is a document that is handed in.
type CallPaper struct {
	ID       string    `json:"id" yaml:"id"`
	Name     text.Text `json:"name" yaml:"name"`
	Required bool      `json:"required,omitempty" yaml:"required,omitempty"`
	Review   bool      `json:"review,omitempty" yaml:"review,omitempty"` // shown to reviewers; of a blind review it must not tell who applies
}

// FormalPoint is one point of the formal check, answered with yes or no.
type FormalPoint struct {
	ID     string    `json:"id" yaml:"id"`
	Text   text.Text `json:"text" yaml:"text"`
	Clause string    `json:"clause" yaml:"clause"`
}

// CallReview says how experts judge.
type CallReview struct {
	Experts  int             `json:"experts" yaml:"experts"` // for each application
	Fields   []string        `json:"fields" yaml:"fields"`   // of expertise that together are wanted
	Years    int             `json:"years" yaml:"years"`     // contacts and contracts of so many years make a conflict
	Blind    bool            `json:"blind" yaml:"blind"`
	Hides    []string        `json:"hides,omitempty" yaml:"hides,omitempty"` // fields that a blind reviewer does not see
	Scale    int             `json:"scale" yaml:"scale"`                     // a criterion is scored from 0 to this
	Criteria []CallCriterion `json:"criteria" yaml:"criteria"`
	Clause   string          `json:"clause" yaml:"clause"`
	Count    string          `json:"count" yaml:"count"`                       // what the ranking goes by: raw or adjusted
	Line     int             `json:"line,omitempty" yaml:"line,omitempty"`     // points of 100 from which an application can be chosen; 0: none
	Places   int             `json:"places,omitempty" yaml:"places,omitempty"` // how many are chosen at most; 0: no bound
	Ties     []string        `json:"ties,omitempty" yaml:"ties,omitempty"`     // criteria that decide between equals, in their order; then the earlier filing
	Days     int             `json:"days" yaml:"days"`                         // working days to score
}

// CallCriterion is one thing that is scored.
type CallCriterion struct {
	ID     string    `json:"id" yaml:"id"`
	Name   text.Text `json:"name" yaml:"name"`
	Guide  text.Text `json:"guide,omitzero" yaml:"guide,omitempty"`
	Weight int       `json:"weight" yaml:"weight"` // all together 100
}

// CallAward says what is granted.
type CallAward struct {
	Measures []string `json:"measures,omitempty" yaml:"measures,omitempty"` // packs of incentives; their amounts are added up
	Fixed    int64    `json:"fixed,omitempty" yaml:"fixed,omitempty"`
	// Published dates documents that do not date themselves, by file: a day by which the measure was in force, as whoever opens the
	// call states it.
	Published map[string]string `json:"published,omitempty" yaml:"published,omitempty"`
	Facts     []CallFact        `json:"facts,omitempty" yaml:"facts,omitempty"` // what the measures are told
	Budget    string            `json:"budget" yaml:"budget"`                   // none or prorata: what happens when the round's money does not suffice
	Tranches  []CallTranche     `json:"tranches,omitempty" yaml:"tranches,omitempty"`
	Clause    string            `json:"clause" yaml:"clause"`
	Tag       *TagAfter         `json:"tag,omitempty" yaml:"tag,omitempty"`
}

// TagAfter is the tag that the enterprise gets in the register with recognition.
type TagAfter struct {
	Tag   string `json:"tag" yaml:"tag"`
	Years int    `json:"years" yaml:"years"`
}

// CallFact is told to a measure: a field of the application, or what the recognition itself makes true.
type CallFact struct {
	Key   string `json:"key" yaml:"key"`
	Field string `json:"field,omitempty" yaml:"field,omitempty"`
	Value any    `json:"value,omitempty" yaml:"value,omitempty"`
	Grade string `json:"grade" yaml:"grade"` // E0 to E3
}

// CallTranche is one part of the award. What rounding leaves goes to the last.
type CallTranche struct {
	ID    string    `json:"id" yaml:"id"`
	Name  text.Text `json:"name" yaml:"name"`
	Share int       `json:"share" yaml:"share"` // percent; all together 100
	After string    `json:"after" yaml:"after"` // award or acceptance
}

// Milestone is something that the project has reached by a day.
type Milestone struct {
	ID       string    `json:"id" yaml:"id"`
	Name     text.Text `json:"name" yaml:"name"`
	Months   int       `json:"months" yaml:"months"` // after the award
	Evidence text.Text `json:"evidence" yaml:"evidence"`
}

// Indicator is one that the project is accepted by.
type Indicator struct {
	Key       string       `json:"key" yaml:"key"`
	Name      text.Text    `json:"name" yaml:"name"`
	Unit      string       `json:"unit" yaml:"unit"`                         // UCUM
	Direction string       `json:"direction" yaml:"direction"`               // lower or higher is better
	Change    string       `json:"change,omitempty" yaml:"change,omitempty"` // percent of the baseline that is at least gained, such as 8
	Value     string       `json:"value,omitempty" yaml:"value,omitempty"`   // or the value to be reached
	Method    string       `json:"method" yaml:"method"`                     // mean, integral, consumption, energy-per-piece, share, declared
	Series    []SeriesRole `json:"series,omitempty" yaml:"series,omitempty"`
	State     string       `json:"state,omitempty" yaml:"state,omitempty"`     // of share: the value whose share of the time counts
	Days      int          `json:"days,omitempty" yaml:"days,omitempty"`       // of measuring: whole civil days
	Minutes   int          `json:"minutes,omitempty" yaml:"minutes,omitempty"` // or whole minutes, of something that shows at once
	Coverage  int          `json:"coverage" yaml:"coverage"`                   // percent of that time of which something must be known
	Grade     string       `json:"grade" yaml:"grade"`                         // E3: measured by the platform; E1, E2: a document
	Clause    string       `json:"clause" yaml:"clause"`
}

// SeriesRole is a role that a series of the applicant plays in an indicator.
type SeriesRole struct {
	Role string    `json:"role" yaml:"role"`
	Name text.Text `json:"name" yaml:"name"`
}

// Clawback says what is paid back, when.
type Clawback struct {
	When   string    `json:"when" yaml:"when"`   // failed or withdrawn
	Share  int       `json:"share" yaml:"share"` // percent of what was paid
	Days   int       `json:"days" yaml:"days"`   // working days to pay it back
	Clause string    `json:"clause" yaml:"clause"`
	Text   text.Text `json:"text" yaml:"text"`
}

// RecheckAfter asks for a check-up again.
type RecheckAfter struct {
	Months     int    `json:"months" yaml:"months"`
	Instrument string `json:"instrument" yaml:"instrument"` // of packs/instruments
}

func (c *Call) clause(id string) *CallClause {
	for i := range c.Clauses {
		if c.Clauses[i].ID == id {
			return &c.Clauses[i]
		}
	}
	return nil
}

func (c *Call) indicator(key string) *Indicator {
	for i := range c.Indicators {
		if c.Indicators[i].Key == key {
			return &c.Indicators[i]
		}
	}
	return nil
}

func (c *Call) milestone(id string) *Milestone {
	for i := range c.Milestones {
		if c.Milestones[i].ID == id {
			return &c.Milestones[i]
		}
	}
	return nil
}

func (c *Call) clawback(when string) *Clawback {
	for i := range c.Clawback {
		if c.Clawback[i].When == when {
			return &c.Clawback[i]
		}
	}
	return nil
}

// Measured tells whether the platform measures an indicator, so that it has a baseline.
func (x *Indicator) Measured() bool { return x.Method != Declared }

// Load reads the packs of calls. A folder that is not there holds none. Error: pack.Faults.
func Load(files fs.FS) ([]*Call, error) {
	set, err := pack.Load[Call](files, Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return set.All(), nil
}
