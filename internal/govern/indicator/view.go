package indicator

import (
	"math/big"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/pack/clause"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// IndicatorBrief is an indicator in a list.
type IndicatorBrief struct {
	ID       string    `json:"id"`
	Version  string    `json:"version"`
	Name     text.Text `json:"name"`
	Unit     string    `json:"unit" doc:"UCUM, with CNY for money"`
	Period   string    `json:"period" enum:"moment,day,month,quarter,year"`
	Of       string    `json:"of" enum:"enterprise,region"`
	Readings []string  `json:"readings" doc:"Readings of a region's enterprises, the main one first" nullable:"false"`
	Standing Standing  `json:"standing"`
	Targets  []string  `json:"targets" doc:"That compare it" nullable:"false"`
}

// IndicatorDetail is a definition with what rests on it.
type IndicatorDetail struct {
	IndicatorBrief
	Source      string           `json:"source"`
	Hash        string           `json:"hash" doc:"SHA-256 of its file"`
	Places      int              `json:"places" doc:"Shown behind the point"`
	Formula     string           `json:"formula"`
	Inputs      []IndicatorInput `json:"inputs" nullable:"false"`
	By          string           `json:"by,omitempty" doc:"Input by which values are weighted, or whose values are united"`
	Holds       string           `json:"holds,omitempty" doc:"What must hold of an enterprise that share and distinct count; at least 1 where nothing is said"`
	Suppress    int              `json:"suppress" doc:"Fewer enterprises than this: no value is told"`
	Changes     bool             `json:"changes" doc:"Its value is itself a change against a baseline"`
	Assumptions []text.Text      `json:"assumptions" nullable:"false"`
	UsedBy      []IndicatorBrief `json:"usedBy" doc:"Indicators that rest on it" nullable:"false"`
}

// IndicatorInput is an input of a definition.
type IndicatorInput struct {
	Key  string            `json:"key"`
	Name text.Text         `json:"name"`
	Unit string            `json:"unit"`
	From []IndicatorSource `json:"from" doc:"In order: the first that is known is taken" nullable:"false"`
}

// IndicatorSource is a source of an input, as the pack declares it.
type IndicatorSource struct {
	Kind   string              `json:"kind" enum:"fact,entry,tag,plant,energy,checkup,declared,indicator,members,awaits"`
	Of     string              `json:"of,omitempty" doc:"Kind of facts, register, tag, item, instrument or indicator"`
	Where  map[string][]string `json:"where,omitempty"`
	State  []string            `json:"state,omitempty" nullable:"false"`
	Take   string              `json:"take,omitempty"`
	Field  string              `json:"field,omitempty"`
	Within string              `json:"within,omitempty"`
	On     string              `json:"on,omitempty"`
	Year   string              `json:"year,omitempty"`
	Awaits text.Text           `json:"awaits,omitzero" doc:"What is waited for"`
}

// TargetBrief is a target in the board.
type TargetBrief struct {
	ID         string         `json:"id"`
	Name       text.Text      `json:"name"`
	Policy     string         `json:"policy"`
	PolicyName text.Text      `json:"policyName"`
	ValidFrom  string         `json:"validFrom,omitempty" format:"date" doc:"First day of the policy"`
	ValidTo    string         `json:"validTo,omitempty" format:"date"`
	ValidText  text.Text      `json:"validText,omitzero" doc:"What the policy says of its validity, and what is taken where it does not date itself"`
	Region     Region         `json:"region"`
	Indicator  IndicatorBrief `json:"indicator"`
	Reading    string         `json:"reading" doc:"Which reading is compared"`
	Comparator string         `json:"comparator" enum:"at-least,more-than,about,range,increase-by,decrease-by,multiply-by,measure-only,scope"`
	Value      string         `json:"value,omitempty"`
	Low        string         `json:"low,omitempty"`
	High       string         `json:"high,omitempty"`
	Unit       string         `json:"unit"`
	Baseline   string         `json:"baseline,omitempty" format:"date"`
	Deadline   string         `json:"deadline,omitempty" format:"date" doc:"Absent where the document names none"`
	Inferred   bool           `json:"inferred,omitempty" doc:"The deadline is our reading; nothing is overdue by it"`
	Recurring  string         `json:"recurring,omitempty" enum:"year,quarter,month"`
	Population text.Text      `json:"population"`
	Filter     Filter         `json:"filter,omitzero"`
	Clause     clause.Clause  `json:"clause"`
	Verified   bool           `json:"verified" doc:"The quotation was found, word for word, in the document on file"`
	Supersedes string         `json:"supersedes,omitempty"`
	Beside     []string       `json:"beside,omitempty" doc:"Further indicators that are told beside it" nullable:"false"`
	Notes      []text.Text    `json:"notes" nullable:"false"`
}

// FigureNumber is an exact number as it is shown.
type FigureNumber struct {
	Value string `json:"value" doc:"Rounded, half away from zero"`
	Exact string `json:"exact" doc:"As a fraction, such as 70 or 200/3"`
	Unit  string `json:"unit"`
}

func numberView(n *big.Rat, places int, unit string) *FigureNumber {
	if n == nil {
		return nil
	}
	return &FigureNumber{formula.Round(n, places), n.RatString(), unit}
}

// FigureCoverage is how much of what should be known is.
type FigureCoverage struct {
	Known int `json:"known" doc:"Enterprises of which it is known"`
	Of    int `json:"of" doc:"Enterprises of the population"`
	Days  int `json:"days,omitempty" doc:"Days of the time that the input covers that covers least; absent where no input is a series"`
	Out   int `json:"outOf,omitempty"`
}

// IndicatorValue is what a definition gives for one subject, with what it rests on.
type IndicatorValue struct {
	Indicator  string                `json:"indicator"`
	Version    string                `json:"version"`
	Hash       string                `json:"hash" doc:"SHA-256 of the definition's file"`
	Name       text.Text             `json:"name"`
	Period     Period                `json:"period"`
	Number     *FigureNumber         `json:"number,omitempty" doc:"Absent where it is not known"`
	Coverage   FigureCoverage        `json:"coverage"`
	Grade      string                `json:"grade,omitempty" enum:"E0,E1,E2,E3" doc:"The worst of its inputs"`
	Missing    []Absent              `json:"missing" nullable:"false"`
	Formula    string                `json:"formula"`
	Filled     string                `json:"filled" doc:"The formula with its numbers; ? is what is not known"`
	Inputs     []IndicatorInputValue `json:"inputs" nullable:"false"`
	Assumption []text.Text           `json:"assumptions" nullable:"false"`
}

// IndicatorInputValue is an input with what it rests on.
type IndicatorInputValue struct {
	Key    string          `json:"key"`
	Name   text.Text       `json:"name"`
	Number *FigureNumber   `json:"number,omitempty"`
	Reason Lack            `json:"reason,omitempty" doc:"Why it is not known"`
	Text   text.Text       `json:"text,omitzero"`
	Grade  string          `json:"grade,omitempty" enum:"E0,E1,E2,E3"`
	Source int             `json:"source" doc:"Which of its sources said it, from 0; -1: none"`
	Days   int             `json:"days,omitempty"`
	Out    int             `json:"outOf,omitempty"`
	Rests  []Rest          `json:"rests" nullable:"false"`
	More   int             `json:"more,omitempty" doc:"That are not named"`
	Below  *IndicatorValue `json:"below,omitempty" doc:"Of an indicator"`
}

func valueView(v *Valuation) *IndicatorValue {
	d := v.Definition
	out := &IndicatorValue{Indicator: d.ID, Version: d.Version, Hash: d.Hash(), Name: d.Name, Period: v.Period, Number: numberView(v.Num, d.Shown(Single), d.Unit), Coverage: FigureCoverage{Of: 1, Days: v.Days, Out: v.Of},
		Missing: orEmpty(v.Lack), Formula: d.Formula, Filled: v.Filled(), Inputs: []IndicatorInputValue{}, Assumption: d.Assumptions}
	if v.Num != nil {
		out.Coverage.Known, out.Grade = 1, v.Grade.String()
	}
	for i := range v.Inputs {
		in, g := &d.Inputs[i], &v.Inputs[i]
		x := IndicatorInputValue{Key: in.Key, Name: in.Name, Source: g.Source, Days: g.Days, Out: g.Of, Rests: orEmpty(g.Rests), More: g.More}
		if g.Num != nil {
			x.Number, x.Grade = numberView(g.Num, inputPlaces(g.Num), in.Unit), g.Grade.String()
		} else {
			x.Reason, x.Text = g.Lack, g.Lack.Text()
		}
		if g.Below != nil {
			x.Below = valueView(g.Below)
		}
		out.Inputs = append(out.Inputs, x)
	}
	return out
}

// inputPlaces shows whole numbers whole.
func inputPlaces(n *big.Rat) int {
	if n.IsInt() {
		return 0
	}
	return 2
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// TargetProgress is where a target stands on a day.
type TargetProgress struct {
	TargetBrief
	On         string             `json:"on" format:"date"`
	Period     Period             `json:"period"`
	Status     string             `json:"status" enum:"reached,on-track,behind,overdue,open,no-value,measured"`
	Number     *FigureNumber      `json:"number,omitempty" doc:"What is compared; of a change the change. Absent where it is not known"`
	Reason     Lack               `json:"reason,omitempty" doc:"Why it is not known"`
	ReasonText text.Text          `json:"reasonText,omitzero"`
	Gap        *FigureNumber      `json:"gap,omitempty" doc:"What is missing to the target; negative where it is exceeded"`
	Path       *FigureNumber      `json:"path,omitempty" doc:"What the straight path to the deadline asks for on the day"`
	NoPath     text.Text          `json:"noPath,omitzero"`
	Forecast   *FigureNumber      `json:"forecast,omitempty" doc:"Straight line through the known values, at the deadline"`
	NoForecast text.Text          `json:"noForecast,omitzero"`
	Grade      string             `json:"grade,omitempty" enum:"E0,E1,E2,E3"`
	Coverage   FigureCoverage     `json:"coverage"`
	Base       *FigureNumber      `json:"base,omitempty" doc:"The region's value at the baseline, where the change is worked out of it"`
	Past       []TargetPoint      `json:"past" doc:"Earlier periods, the oldest first" nullable:"false"`
	Members    *TargetPopulation  `json:"members,omitempty"`
	Readings   []IndicatorReading `json:"readings" nullable:"false"`
	Missing    []TargetMissing    `json:"missing" doc:"Inputs, and how many enterprises lack them" nullable:"false"`
	Single     *IndicatorValue    `json:"single,omitempty" doc:"Of what is computed once for the region"`
	Firms      []TargetFirm       `json:"enterprises" doc:"By credit code" nullable:"false"`
	More       int                `json:"more,omitempty" doc:"Enterprises that are not named"`
	Also       []TargetBeside     `json:"also" nullable:"false"`
	Divisions  []TargetDivision   `json:"divisions" doc:"The compared reading of the parts of the region in which enterprises of the population lie, by code" nullable:"false"`
}

// TargetDivision is the reading of one part of the region.
type TargetDivision struct {
	Code   string        `json:"code" doc:"GB/T 2260"`
	Number *FigureNumber `json:"number,omitempty"`
	Reason Lack          `json:"reason,omitempty" doc:"Why there is none"`
	Text   text.Text     `json:"text,omitzero"`
	Known  int           `json:"known"`
	Of     int           `json:"of"`
	Grade  string        `json:"grade,omitempty" enum:"E0,E1,E2,E3"`
}

// TargetPoint is a value of an earlier period.
type TargetPoint struct {
	Period Period        `json:"period"`
	Number *FigureNumber `json:"number,omitempty"`
}

// TargetPopulation is who counts.
type TargetPopulation struct {
	Day      string `json:"day" format:"date"`
	Members  int    `json:"members"`
	Hash     string `json:"hash" doc:"SHA-256 of the members' credit codes, sorted: the same members have the same hash"`
	Doubles  int    `json:"doubles,omitempty" doc:"Entries whose enterprise was there already; counted once"`
	Unplaced int    `json:"unplaced,omitempty" doc:"Enterprises of the register of which no division is known; not counted"`
}

// IndicatorReading is one reading of a population.
type IndicatorReading struct {
	How    string        `json:"how"`
	Number *FigureNumber `json:"number,omitempty"`
	Known  int           `json:"known"`
	Of     int           `json:"of"`
	Reason Lack          `json:"reason,omitempty"`
	Text   text.Text     `json:"text,omitzero"`
}

// TargetMissing is an input that enterprises lack.
type TargetMissing struct {
	Absent
	Firms int `json:"enterprises"`
}

// TargetFirm is an enterprise of the population.
type TargetFirm struct {
	Org     *uuid.UUID    `json:"org,omitempty" format:"uuid" doc:"On this node; /indicators/{id}/value explains it"`
	Entry   uuid.UUID     `json:"entry" format:"uuid"`
	Code    string        `json:"code"`
	Name    string        `json:"name"`
	Number  *FigureNumber `json:"number,omitempty"`
	Holds   *bool         `json:"holds,omitempty" doc:"Whether it is counted by share and distinct"`
	Grade   string        `json:"grade,omitempty" enum:"E0,E1,E2,E3"`
	Filled  string        `json:"filled"`
	Missing []Absent      `json:"missing" nullable:"false"`
}

// TargetBeside is a further indicator that is told beside a target's own.
type TargetBeside struct {
	Indicator IndicatorBrief     `json:"indicator"`
	Period    Period             `json:"period"`
	Readings  []IndicatorReading `json:"readings" nullable:"false"`
	Grade     string             `json:"grade,omitempty" enum:"E0,E1,E2,E3"`
	Missing   []TargetMissing    `json:"missing" nullable:"false"`
}

func (l *Library) brief(d *Definition) IndicatorBrief {
	_, targets := l.UsedBy(d.ID)
	return IndicatorBrief{ID: d.ID, Version: d.Version, Name: d.Name, Unit: d.Unit, Period: d.Period, Of: d.Of, Readings: d.Readings(), Standing: l.Standing(d),
		Targets: orEmpty(store.All(targets, func(t **Target) string { return (*t).ID }))}
}

func (l *Library) detail(d *Definition) IndicatorDetail {
	users, _ := l.UsedBy(d.ID)
	out := IndicatorDetail{IndicatorBrief: l.brief(d), Source: d.Source, Hash: d.Hash(), Places: d.Shown(Single), Formula: d.Formula, Inputs: []IndicatorInput{}, By: d.Upward.By, Holds: d.Upward.Holds,
		Suppress: d.Suppress, Changes: d.baseline, Assumptions: d.Assumptions, UsedBy: []IndicatorBrief{}}
	for i := range d.Inputs {
		in := &d.Inputs[i]
		x := IndicatorInput{Key: in.Key, Name: in.Name, Unit: in.Unit}
		for j := range in.From {
			x.From = append(x.From, in.From[j].view())
		}
		out.Inputs = append(out.Inputs, x)
	}
	for _, u := range users {
		out.UsedBy = append(out.UsedBy, l.brief(u))
	}
	return out
}

func (s *Source) view() IndicatorSource {
	out := IndicatorSource{Kind: s.Kind(), Of: s.Fact + s.Entry + s.Tag + s.Plant + s.Energy + s.Checkup + s.Declared + s.Indicator, State: s.State, Take: s.Take, Field: s.Field, Within: s.Within, On: s.On, Year: s.Year, Awaits: s.Awaits}
	if len(s.Where) > 0 {
		out.Where = map[string][]string{}
		for key, values := range s.Where {
			out.Where[key] = values
		}
	}
	return out
}

func (l *Library) target(t *Target) TargetBrief {
	p := t.policy
	out := TargetBrief{ID: t.ID, Name: t.Name, Policy: p.ID, PolicyName: p.Name, ValidFrom: p.Valid.From, ValidTo: p.Valid.To, ValidText: p.Valid.Text, Region: p.Region, Indicator: l.brief(l.byID[t.Indicator]), Reading: t.Reading, Comparator: t.Comparator,
		Value: t.Value, Low: t.Low, High: t.High, Unit: t.Unit, Deadline: t.Deadline, Inferred: t.Inferred, Recurring: t.Recurring, Population: t.Population.Text, Filter: t.Population.Where,
		Verified: p.verified, Supersedes: t.Supersedes, Beside: t.Beside, Notes: orEmpty(t.Notes)}
	if t.Baseline != nil {
		out.Baseline = t.Baseline.Date
	}
	if i := slices.IndexFunc(p.Clauses, func(c clause.Clause) bool { return c.ID == t.Clause }); i >= 0 {
		out.Clause = p.Clauses[i]
	}
	return out
}

// View tells where a target stands.
func (l *Library) View(x *Progress) TargetProgress {
	t, j := x.Target, &x.Judgment
	d := l.byID[t.Indicator]
	places := d.Shown(t.Reading)
	if t.Change() && !d.baseline {
		places = 1
	}
	number := func(n *big.Rat) *FigureNumber { return numberView(n, places, t.Unit) }
	out := TargetProgress{TargetBrief: l.target(t), On: x.On, Status: j.Status, Number: number(x.Value), Gap: number(j.Gap), Path: number(j.Path), NoPath: j.NoPath, Forecast: number(j.Forecast), NoForecast: j.NoLine,
		Past: []TargetPoint{}, Divisions: []TargetDivision{}, Firms: []TargetFirm{}, Also: []TargetBeside{}}
	if x.Value == nil {
		out.Reason, out.ReasonText = x.Lack, x.Lack.Text()
	}
	if x.Base != nil {
		out.Base = numberView(x.Base.Num, d.Shown(t.Reading), d.ReadingUnit(t.Reading))
	}
	for _, p := range x.Past {
		out.Past = append(out.Past, TargetPoint{p.Period, number(p.Num)})
	}
	out.Readings, out.Missing, out.Period, out.Grade = readingsView(x)
	if v := x.Single; v != nil {
		out.Single = valueView(v)
		out.Coverage = out.Single.Coverage
	}
	if a := x.Whole; a != nil {
		m := a.Members
		out.Members = &TargetPopulation{Day: m.Day, Members: len(a.Firms) + a.More, Hash: m.Hash, Doubles: m.Doubles, Unplaced: m.Unplaced}
		out.Coverage = FigureCoverage{Of: len(a.Firms) + a.More, Days: a.Days, Out: a.Of}
		for _, r := range a.Readings {
			if r.How == t.Reading {
				out.Coverage.Known = r.Known
			}
		}
		for i := range a.Firms {
			out.Firms = append(out.Firms, firmView(&a.Firms[i]))
		}
		out.More = a.More
	}
	for _, d := range x.Divisions() {
		out.Divisions = append(out.Divisions, TargetDivision{d.Code, number(d.Num), d.Lack, d.Lack.Text(), d.Known, d.Of, d.Grade})
	}
	for _, b := range x.Beside {
		r := TargetBeside{}
		r.Readings, r.Missing, r.Period, r.Grade = readingsView(b)
		if b.Whole != nil {
			r.Indicator = l.brief(b.Whole.Definition)
		} else {
			r.Indicator = l.brief(b.Single.Definition)
		}
		out.Also = append(out.Also, r)
	}
	return out
}

// readingsView is what one computation gives in all readings.
func readingsView(x *Progress) (readings []IndicatorReading, missing []TargetMissing, p Period, grade string) {
	readings, missing = []IndicatorReading{}, []TargetMissing{}
	if v := x.Single; v != nil {
		r := IndicatorReading{How: Single, Number: numberView(v.Num, v.Definition.Shown(Single), v.Definition.Unit), Of: 1}
		for _, lack := range v.Lack {
			missing = append(missing, TargetMissing{lack, 0})
			r.Reason, r.Text = lack.Reason, lack.Text
		}
		if v.Num != nil {
			r.Known, grade = 1, v.Grade.String()
		}
		return append(readings, r), missing, v.Period, grade
	}
	a := x.Whole
	known := false
	for _, r := range a.Readings {
		known = known || r.Num != nil
		readings = append(readings, IndicatorReading{r.How, numberView(r.Num, a.Definition.Shown(r.How), a.Definition.ReadingUnit(r.How)), r.Known, r.Of, r.Lack, r.Lack.Text()})
	}
	for _, m := range a.Absent {
		missing = append(missing, TargetMissing(m))
	}
	if known {
		grade = a.Grade.String()
	}
	return readings, missing, a.Period, grade
}

func firmView(f *Firm) TargetFirm {
	e, v := &f.Enterprise, f.Value
	out := TargetFirm{Entry: e.Entry, Code: e.Code, Name: e.Name, Number: numberView(v.Num, v.Definition.Shown(Mean), v.Definition.Unit), Filled: v.Filled(), Missing: orEmpty(v.Lack)}
	if e.Org != uuid.Nil {
		out.Org = &e.Org
	}
	if f.Holds != nil {
		yes := f.Holds.Sign() > 0
		out.Holds = &yes
	}
	if v.Num != nil || f.Holds != nil {
		out.Grade = worst(v).String()
	}
	return out
}
