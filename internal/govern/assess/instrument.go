package assess

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder of instruments among the packs.
const Dir = "instruments"

// Instrument is a questionnaire with its weights, its rules of scoring and its table of levels: one pack.
type Instrument struct {
	pack.Header `yaml:",inline"`

	Family   string      `yaml:"family"`   // what versions of one instrument share, such as sme-digital-level
	Standing string      `yaml:"standing"` // official: weights and rules are the source's; profile: some of them are ours
	Notice   text.Text   `yaml:"notice"`   // of a profile: says that it is not official, and what of it is ours
	Valid    Validity    `yaml:"valid"`
	Sources  []Source    `yaml:"sources"`
	Whole    int64       `yaml:"whole"`  // what the weights of siblings, and the full share of an answer, are: 100 or 10000
	Absent   string      `yaml:"absent"` // what becomes of the points of a question that does not apply
	Readings []text.Text `yaml:"readings"`
	Profile  []Trait     `yaml:"profile"`
	Scales   []Scale     `yaml:"scales"`
	Sections []Section   `yaml:"sections"`
	Below    text.Text   `yaml:"below"` // the name of having no level
	Climb    string      `yaml:"climb"` // highest: the highest level whose rules hold; stepwise: those of all lower ones too
	Levels   []Level     `yaml:"levels"`
	Costs    Costs       `yaml:"costs"`

	c *compiled
}

// What becomes of the points of a question that does not apply.
const (
	Redistribute = "redistribute" // its siblings share them, in the proportion of their weights
	Lost         = "lost"         // they are lost: the section's full marks are lower for this enterprise
	Granted      = "granted"      // they are given
)

// Validity is the days on which an instrument is in force; both are included.
type Validity struct {
	From string `yaml:"from"`
	To   string `yaml:"to"` // empty: until further notice
}

// Source is where weights or rules come from, and how its text was read for the pack.
type Source struct {
	ID       string `json:"id" yaml:"id"`
	Document string `json:"document" yaml:"document"`
	Clause   string `json:"clause" yaml:"clause"`
	Quote    string `json:"quote" yaml:"quote"` // its words; of a copyrighted standard, what it is about in ours
	URL      string `json:"url,omitempty" yaml:"url"`
	Read     string `json:"read" yaml:"read"` // text, capture, secondary, recalled, own
}

// Trait is something about the enterprise on which it depends whether a question applies, such as its kind of production.
type Trait struct {
	ID      string    `json:"id" yaml:"id"`
	Name    text.Text `json:"name" yaml:"name"`
	Options []Option  `json:"options" yaml:"options"`
}

// Scale is a list of answers that several questions share.
type Scale struct {
	ID       string    `yaml:"id"`
	Options  []Option  `yaml:"options"`
	Brackets []Bracket `yaml:"brackets"`
	Steps    []Step    `yaml:"steps"`
}

// Section is a part of the instrument that is scored by itself. A counted section gives no points; the table of levels counts how many
// of its ladders have reached a step.
type Section struct {
	ID        string     `yaml:"id"`
	Name      text.Text  `yaml:"name"`
	Full      int64      `yaml:"full"` // points
	Counted   bool       `yaml:"counted"`
	Parts     []Part     `yaml:"parts"`
	Questions []Question `yaml:"questions"`
}

// Part is a dimension or sub-dimension.
type Part struct {
	ID          string     `yaml:"id"`
	Name        text.Text  `yaml:"name"`
	Weight      int64      `yaml:"weight"`
	Source      string     `yaml:"source"`
	AppliesWhen []When     `yaml:"appliesWhen"`
	Parts       []Part     `yaml:"parts"`
	Questions   []Question `yaml:"questions"`
}

// Kinds of questions.
const (
	Single     = "single"     // one option
	Multi      = "multi"      // any options; their shares add up
	Number     = "number"     // a number, scored by the bracket it lies in
	Percentage = "percentage" // a number from 0 to 100, or a part of a count, scored by its bracket
	YesNo      = "yesno"      // yes has the whole share, no none
	Ladder     = "ladder"     // a step of a ladder, 0 for none
)

var questionKinds = []string{Single, Multi, Number, Percentage, YesNo, Ladder}

// Question is one thing asked.
type Question struct {
	ID          string    `yaml:"id"`
	Weight      int64     `yaml:"weight"`
	Kind        string    `yaml:"kind"`
	Text        text.Text `yaml:"text"`
	Help        text.Text `yaml:"help"`
	Source      string    `yaml:"source"`
	Need        string    `yaml:"need"`    // kind of need that a gap becomes
	Binding     bool      `yaml:"binding"` // a binding scenario (约束性场景), which the table of levels counts apart
	Unit        text.Text `yaml:"unit"`
	Scale       string    `yaml:"scale"`
	Options     []Option  `yaml:"options"`
	Brackets    []Bracket `yaml:"brackets"`
	Steps       []Step    `yaml:"steps"`
	AppliesWhen []When    `yaml:"appliesWhen"`
	MayNotApply bool      `yaml:"mayNotApply"` // the enterprise may say that it has no such business
	Absent      string    `yaml:"absent"`
	Measured    []Measure `yaml:"measured"`
}

// Option is one possible answer.
type Option struct {
	ID        string    `json:"id" yaml:"id"`
	Share     int64     `json:"share" yaml:"share"` // of the question's points, in parts of the instrument's whole
	Text      text.Text `json:"text" yaml:"text"`
	Exclusive bool      `json:"exclusive,omitempty" yaml:"exclusive"` // "none of these"
	Need      string    `json:"need,omitempty" yaml:"need"`
	Cost      *int64    `json:"cost,omitempty" yaml:"cost"`
}

// Bracket gives a share to the numbers of an interval, written as in mathematics: "[0,10]", "(10,20]", "(50,)".
type Bracket struct {
	Range string `json:"range" yaml:"range"`
	Share int64  `json:"share" yaml:"share"`
	Cost  *int64 `json:"cost,omitempty" yaml:"cost"`
}

// Step is a step of a ladder; step 0, nothing of it, is always there.
type Step struct {
	Level int       `json:"level" yaml:"level"`
	Share int64     `json:"share" yaml:"share"`
	Text  text.Text `json:"text" yaml:"text"`
	Need  string    `json:"need,omitempty" yaml:"need"`
	Cost  *int64    `json:"cost,omitempty" yaml:"cost"`
}

// When is a condition for a question to apply: another question's answer, or a trait of the enterprise, is one of some values.
type When struct {
	Question string   `yaml:"question"`
	Trait    string   `yaml:"trait"`
	In       []string `yaml:"in"`
	NotIn    []string `yaml:"notIn"`
}

// Level is a row of the table of levels.
type Level struct {
	Level  int       `yaml:"level"`
	Name   text.Text `yaml:"name"`
	Text   text.Text `yaml:"text"`
	Source string    `yaml:"source"`
	All    []Rule    `yaml:"all"` // every one must hold
}

// Rule is one condition of a level: points of a section or part (Score, AtLeast), its share of its full points (Score, Percent), how many
// ladders of a section have reached a step (Count, Reached, Binding, AtLeast), or an answer that must be had (Question, Reached).
type Rule struct {
	Score    string `yaml:"score"`
	Count    string `yaml:"count"`
	Question string `yaml:"question"`
	AtLeast  string `yaml:"atLeast"`
	Percent  string `yaml:"percent"`
	Reached  string `yaml:"reached"`
	Binding  bool   `yaml:"binding"`
}

// Measure names the facts that answer a question: Value for a number, or an answer (Give) that the facts prove.
type Measure struct {
	Value string `yaml:"value"`
	Give  string `yaml:"give"`
	When  []Test `yaml:"when"`
}

// Test is a condition on a fact of the platform.
type Test struct {
	Fact    string `yaml:"fact"`
	Is      *bool  `yaml:"is"`
	AtLeast string `yaml:"atLeast"`
	AtMost  string `yaml:"atMost"`
	Above   string `yaml:"above"`
	Below   string `yaml:"below"`
}

// Costs says what steps are assumed to cost where the enterprise has no quotation yet. They are always ours.
type Costs struct {
	Unit   text.Text `yaml:"unit"`
	Note   text.Text `yaml:"note"`
	Option int64     `yaml:"option"` // an option, or a bracket, more
	Steps  []int64   `yaml:"steps"`  // of a ladder: from 0 to 1, 1 to 2, …
	Prove  int64     `yaml:"prove"`  // to prove an answer that is only declared
}

// Load reads all instruments of the packs. A folder that is not there holds none. Error: pack.Faults.
func Load(files fs.FS) (*Instruments, error) {
	set, err := pack.Load[Instrument](files, Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return &Instruments{}, nil
	}
	if err != nil {
		return nil, err
	}
	s := &Instruments{list: set.All()}
	return s, s.overlaps()
}

// Decode reads one instrument. Error: pack.Faults.
func Decode(file string, data []byte) (*Instrument, error) {
	return pack.Decode[Instrument](file, data)
}

// Instruments are those that a node has.
type Instruments struct{ list []*Instrument }

// All returns them by id.
func (s *Instruments) All() []*Instrument { return slices.Clone(s.list) }

// Get returns an instrument, or nil.
func (s *Instruments) Get(id string) *Instrument {
	i := slices.IndexFunc(s.list, func(x *Instrument) bool { return x.ID == id })
	if i < 0 {
		return nil
	}
	return s.list[i]
}

// Current returns the version of a family that is in force on a civil day (2006-01-02), or nil.
func (s *Instruments) Current(family, day string) *Instrument {
	for _, x := range s.list {
		if x.Family == family && x.InForce(day) {
			return x
		}
	}
	return nil
}

// InForce tells whether the instrument is in force on a civil day (2006-01-02).
func (x *Instrument) InForce(day string) bool {
	return x.Valid.From <= day && (x.Valid.To == "" || day <= x.Valid.To)
}

// Official tells whether weights and rules are the source's own.
func (x *Instrument) Official() bool { return x.Standing == "official" }

// overlaps refuses two versions of a family that are in force on one day.
func (s *Instruments) overlaps() error {
	var faults pack.Faults
	byFrom := slices.SortedFunc(slices.Values(s.list), func(a, b *Instrument) int {
		return cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(a.Valid.From, b.Valid.From), cmp.Compare(a.ID, b.ID))
	})
	for i := 1; i < len(byFrom); i++ {
		a, b := byFrom[i-1], byFrom[i]
		if a.Family == b.Family && (a.Valid.To == "" || a.Valid.To >= b.Valid.From) {
			faults = append(faults, pack.Fault{File: b.File(), Where: "$.valid.from",
				What: b.Valid.From + ": " + a.ID + " of the same family " + a.Family + " is still in force then; end it the day before (valid.to), or use another family"})
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}
