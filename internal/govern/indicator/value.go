package indicator

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/text"
)

// Lack is why an input or a value is not known.
type Lack string

// The reasons.
const (
	NoConsent  Lack = "no-consent"  // the organisation has not granted it
	NotHere    Lack = "not-here"    // the enterprise is no organisation of this node
	NoData     Lack = "no-data"     // nothing of the kind was recorded
	NoEntries  Lack = "no-entries"  // the register is empty
	Awaited    Lack = "awaited"     // nothing on a node can say it yet
	WrongUnit  Lack = "wrong-unit"  // a declaration's unit cannot be given in the input's
	Ambiguous  Lack = "ambiguous"   // declarations of one period differ
	NoBaseline Lack = "no-baseline" // nobody says which day is the baseline
	ByZero     Lack = "by-zero"
	TooFew     Lack = "too-few" // enterprises: the value would tell of single ones
	Below      Lack = "below"   // of the indicator it rests on

	Unagreed    Lack = "no-agreement"  // no agreement brings it here
	Undelivered Lack = "not-delivered" // one does, and nothing has come yet
	Isolated    Lack = "isolated"      // what came is left out, with a reason
	Unkept      Lack = "not-kept"      // no figure of the period is kept yet
)

var lackTexts = map[Lack]text.Text{
	NoConsent:  {Zh: "企业未授权读取", En: "the enterprise has not granted it"},
	NotHere:    {Zh: "企业尚未加入本节点", En: "the enterprise is no organisation of this node"},
	NoData:     {Zh: "没有这类记录", En: "nothing of the kind was recorded"},
	NoEntries:  {Zh: "登记册尚无条目", En: "the register has no entries yet"},
	Awaited:    {Zh: "尚无数据来源", En: "there is no source for it yet"},
	WrongUnit:  {Zh: "申报的计量单位无法换算", En: "the declared unit cannot be converted"},
	Ambiguous:  {Zh: "同一期间的申报数不一致", En: "declarations of one period differ"},
	NoBaseline: {Zh: "未指定基期", En: "no baseline is named"},
	ByZero:     {Zh: "分母为零", En: "a division by zero"},
	TooFew:     {Zh: "企业数过少，不公布", En: "too few enterprises to be told"},
	Below:      {Zh: "所依据的指标无值", En: "the indicator that it rests on has no value"},

	Unagreed:    {Zh: "没有提供数据的协议", En: "no agreement brings it here"},
	Undelivered: {Zh: "按协议尚未收到", En: "agreed, and not delivered yet"},
	Isolated:    {Zh: "收到的数据已被隔离", En: "what came is isolated"},
	Unkept:      {Zh: "该期间的数值尚未计算", En: "no figure of this period is kept yet"},
}

// Text words a reason.
func (l Lack) Text() text.Text { return lackTexts[l] }

// maxRests bounds what is named of what an input rests on; the number of the others is told.
const maxRests = 50

// Rest is one thing that an input rests on.
type Rest struct {
	Kind     string      `json:"kind" enum:"fact,entry,machine,series,checkup,enterprise"`
	ID       uuid.UUID   `json:"id,omitzero" format:"uuid"`
	Revision int64       `json:"revision,omitempty,string" doc:"That counted"`
	Title    string      `json:"title,omitempty"`
	Counts   bool        `json:"counts" doc:"False for what was looked at and does not count, such as a machine that did not deliver on enough days"`
	Value    string      `json:"value,omitempty" doc:"What it adds, in the input's unit"`
	Days     int         `json:"days,omitempty" doc:"On which it delivered"`
	Of       int         `json:"of,omitempty" doc:"Working days of the period"`
	Series   []uuid.UUID `json:"series,omitempty" doc:"Of a machine: those that delivered" nullable:"false"`
}

// Given is what is known of an input: what evaluation is a pure function of.
type Given struct {
	Num      *big.Rat // nil: not known
	Lack     Lack
	Grade    fact.Grade
	Source   int        // which of the input's sources said it, from 0; -1 where none did
	Days, Of int        // of the time it covers; Of 0 where that is no question
	Distinct []string   // of take: distinct
	Rests    []Rest     // sorted by kind and id
	More     int        // that are not named
	Below    *Valuation // of an indicator
	United   []United   // of a region's entries: the facts that it counts, so that each counts once wherever it is known

	marks [][32]byte // hashes of all that it rests on, also what is not named
}

func (g *Given) rest(r Rest) {
	g.marks = append(g.marks, r.mark())
	if len(g.Rests) >= maxRests {
		g.More++
		return
	}
	g.Rests = append(g.Rests, r)
}

// Valuation is what a definition gives for one subject and period.
type Valuation struct {
	Definition *Definition
	Period     Period
	Num        *big.Rat // nil: not known
	Lack       []Absent // why; what would be needed
	Grade      fact.Grade
	Days, Of   int     // of the input that covers the least of the time
	Inputs     []Given // in the definition's order
}

// Absent is an input that is not known.
type Absent struct {
	Input  string    `json:"input" doc:"Key; empty for the formula itself"`
	Name   text.Text `json:"name"`
	Reason Lack      `json:"reason"`
	Text   text.Text `json:"text"`
}

// Evaluate works a definition out of what is known of its inputs. It is pure: the same in, the same out.
func Evaluate(d *Definition, p Period, inputs []Given) *Valuation {
	v := &Valuation{Definition: d, Period: p, Inputs: inputs, Grade: fact.Measured}
	for i := range inputs {
		g := &inputs[i]
		slices.SortStableFunc(g.Rests, func(a, b Rest) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Title, b.Title), cmp.Compare(a.ID.String(), b.ID.String()))
		})
		if g.Num == nil {
			continue
		}
		v.Grade = min(v.Grade, g.Grade)
		if g.Of > 0 && (v.Of == 0 || g.Days*v.Of < v.Days*g.Of) {
			v.Days, v.Of = g.Days, g.Of
		}
	}
	out := d.formula.Eval(v.known())
	v.Num = out.Num
	for _, name := range out.Lack {
		if in := d.input(name); in != nil {
			reason := inputs[slices.IndexFunc(d.Inputs, func(x Input) bool { return x.Key == name })].Lack
			v.Lack = append(v.Lack, Absent{Input: name, Name: in.Name, Reason: reason, Text: reason.Text()})
			continue
		}
		v.Lack = append(v.Lack, Absent{Name: d.Name, Reason: ByZero, Text: ByZero.Text()})
	}
	if v.Num == nil {
		v.Grade = fact.Declared
	}
	return v
}

// known are the inputs as the formula takes them.
func (v *Valuation) known() map[string]formula.Value {
	values := make(map[string]formula.Value, len(v.Inputs))
	for i := range v.Inputs {
		key := v.Definition.Inputs[i].Key
		if values[key] = formula.Known(v.Inputs[i].Num); v.Inputs[i].Num == nil {
			values[key] = formula.Unknown(key)
		}
	}
	return values
}

// Filled is the formula with its numbers; ? is what is not known.
func (v *Valuation) Filled() string {
	return v.Definition.formula.Filled(v.known(), max(v.Definition.Shown(Mean), 4))
}

// holdsOf tells whether what share and distinct count holds of an enterprise: 1, 0 or not known.
func (v *Valuation) holdsOf() *big.Rat {
	d := v.Definition
	switch {
	case d.holds != nil:
		return d.holds.Eval(v.known()).Num
	case v.Num == nil:
		return nil
	case v.Num.Cmp(big.NewRat(1, 1)) >= 0:
		return big.NewRat(1, 1)
	}
	return new(big.Rat)
}
