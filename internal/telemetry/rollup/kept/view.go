package kept

import (
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
	"jingwei/internal/telemetry/shown"
)

// RollupRow is a row as it is told. Numbers are rounded to float64; Text has them exactly.
type RollupRow struct {
	From           time.Time      `json:"from"`
	To             time.Time      `json:"to" doc:"Exclusive"`
	State          string         `json:"state" enum:"kept,computed" doc:"Told from what is kept, or computed from samples for this answer; the figures are the same"`
	Open           bool           `json:"open,omitempty" doc:"The bucket has not ended"`
	Revision       uint32         `json:"revision" doc:"How often a kept row was restated"`
	Formula        string         `json:"formula" doc:"Hash of everything besides the samples that the row depends on"`
	Calendar       string         `json:"calendar,omitempty" doc:"Version of the calendar that made the bucket"`
	Input          string         `json:"input" doc:"Greatest commit number of the samples on which the row rests"`
	Received       uint64         `json:"received" doc:"Samples in the bucket"`
	Good           uint64         `json:"good"`
	Uncertain      uint64         `json:"uncertain"`
	Bad            uint64         `json:"bad"`
	CoveredSeconds float64        `json:"coveredSeconds" doc:"Time with a good value"`
	Coverage       float64        `json:"coverage" doc:"Share of the bucket with a good value, 0 to 1"`
	Sum            *float64       `json:"sum" doc:"Of the good samples; null for strings and where there are none"`
	Mean           *float64       `json:"mean" doc:"Time-weighted, over the covered time"`
	Min            shown.Value    `json:"min"`
	Max            shown.Value    `json:"max"`
	First          shown.Value    `json:"first"`
	FirstTime      *time.Time     `json:"firstTime,omitempty"`
	Last           shown.Value    `json:"last"`
	LastTime       *time.Time     `json:"lastTime,omitempty"`
	Integral       *float64       `json:"integral" doc:"Unit times seconds, over the covered time"`
	Counter        *RollupCounter `json:"counter,omitempty" doc:"Of counters"`
	States         []RollupState  `json:"states,omitempty" doc:"Of bool and string series, and of int64 series that keep them"`
	Others         *RollupState   `json:"others,omitempty" doc:"All further states together"`
	Text           string         `json:"text" doc:"The row as it is kept: one line, exact, from which the formula can be worked out"`
}

// RollupCounter is what a counter counted.
type RollupCounter struct {
	Consumption *float64 `json:"consumption"`
	Known       bool     `json:"known" doc:"False where there is no reading at or before the begin: consumption is what was counted after the first one"`
	Resets      uint64   `json:"resets"`
	RollOvers   uint64   `json:"rollOvers"`
	Exchanges   uint64   `json:"exchanges" doc:"Meter changes"`
}

// RollupState is one value and what the bucket has of it.
type RollupState struct {
	Value   shown.Value `json:"value"`
	Samples uint64      `json:"samples"`
	Seconds float64     `json:"seconds"`
}

// figure is a number, null where JSON has none for it.
func figure(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func seconds(ns int64) float64 { return float64(ns) / float64(time.Second) }

func moment(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// valueOf is a value of a row in JSON; null where there are no good samples.
func valueOf(r *rollup.Row, bits uint64, s string) shown.Value {
	if r.Good == 0 {
		return shown.Value{}
	}
	return shown.Value{Value: telemetry.Value{Type: r.Type, Bits: bits, Text: s}}
}

func rowView(x *Result) RollupRow {
	r := &x.Row
	v := RollupRow{From: moment(r.From), To: moment(r.To), State: "computed", Open: x.Open, Revision: x.Revision, Formula: rollup.FormulaHash(x.Formula()), Calendar: x.Calendar,
		Input: strconv.FormatUint(r.Input, 10), Received: r.Received, Good: r.Good, Uncertain: r.Uncertain, Bad: r.Bad, CoveredSeconds: seconds(r.Covered), Coverage: r.Coverage(),
		Mean: figure(r.Mean()), First: valueOf(r, r.First, r.FirstText), Last: valueOf(r, r.Last, r.LastText), Text: x.Word.String()}
	if x.Kept {
		v.State = "kept"
	}
	if r.Type != telemetry.String {
		v.Min, v.Max = valueOf(r, r.Min, ""), valueOf(r, r.Max, "")
		v.Integral = figure(r.Integral.Value())
		if r.Good > 0 {
			v.Sum = figure(r.Sum.Value())
		}
	}
	if r.Good > 0 {
		first, last := moment(r.FirstTime), moment(r.LastTime)
		v.FirstTime, v.LastTime = &first, &last
	}
	if r.Flags&rollup.HasCounter != 0 {
		v.Counter = &RollupCounter{figure(r.Consumption.Value()), r.Flags&rollup.Unread == 0, r.Resets, r.RollOvers, r.Exchanges}
	}
	for i := range r.States {
		s := &r.States[i]
		v.States = append(v.States, RollupState{shown.Value{Value: telemetry.Value{Type: r.Type, Bits: s.Bits, Text: s.Text}}, s.Count, seconds(s.Duration)})
	}
	if r.Others > 0 || r.OthersCount > 0 {
		v.Others = &RollupState{Samples: r.OthersCount, Seconds: seconds(r.Others)}
	}
	return v
}

// RollupGroupRow is a row of a group as it is told.
type RollupGroupRow struct {
	From            time.Time   `json:"from"`
	To              time.Time   `json:"to" doc:"Exclusive"`
	Open            bool        `json:"open,omitempty"`
	Version         string      `json:"version" doc:"Names the members"`
	Formula         string      `json:"formula"`
	Calendar        string      `json:"calendar,omitempty"`
	Input           string      `json:"input"`
	Members         uint64      `json:"members" doc:"Of the group, as declared"`
	Reporting       uint64      `json:"reporting" doc:"Of them, those with a good value at some time of the bucket"`
	Missing         []uuid.UUID `json:"missing" nullable:"false" doc:"Members of which nothing is known in the bucket"`
	Kept            int         `json:"kept" doc:"Members told from what is kept"`
	Received        uint64      `json:"received"`
	Good            uint64      `json:"good"`
	Uncertain       uint64      `json:"uncertain"`
	Bad             uint64      `json:"bad"`
	CoveredSeconds  float64     `json:"coveredSeconds" doc:"Over the members"`
	Coverage        float64     `json:"coverage" doc:"Share of the members' time with a good value, 0 to 1; one that is missing counts"`
	LeastCovered    float64     `json:"leastCoveredSeconds" doc:"Of the member with the least"`
	Sum             *float64    `json:"sum"`
	Mean            *float64    `json:"mean" doc:"Of the members' time-weighted means, each weighted by its covered time"`
	Min             *float64    `json:"min"`
	Max             *float64    `json:"max"`
	Integral        *float64    `json:"integral" doc:"Unit times seconds, over the members"`
	Counters        uint64      `json:"counters" doc:"Members with a row that are counters"`
	CountersUnknown uint64      `json:"countersUnknown" doc:"Of them, those whose consumption is not known"`
	Consumption     *float64    `json:"consumption" doc:"Over the counters, of what is known; null without counters"`
}

func groupRowView(x *GroupResult) RollupGroupRow {
	v := RollupGroupRow{From: moment(x.From), To: moment(x.To), Open: x.Open, Version: x.Group.Version, Formula: x.Formula, Calendar: x.Calendar, Input: strconv.FormatUint(x.Input, 10),
		Members: x.Members, Reporting: x.Reporting, Missing: x.Missing, Kept: x.Kept, Received: x.Received, Good: x.Good, Uncertain: x.Uncertain, Bad: x.Bad,
		CoveredSeconds: seconds(x.Covered), Coverage: x.Coverage(), LeastCovered: seconds(x.CoveredLeast), Mean: figure(x.Mean()), Min: figure(x.Min), Max: figure(x.Max),
		Integral: figure(x.Integral.Value()), Counters: x.Counters, CountersUnknown: x.CountersUnread}
	if v.Missing == nil {
		v.Missing = []uuid.UUID{}
	}
	if x.Good > 0 {
		v.Sum = figure(x.Sum.Value())
	}
	if x.Counters > 0 {
		v.Consumption = figure(x.Consumption.Value())
	}
	return v
}

// Actor is who said something.
type Actor struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

func actorView(a audit.Actor) Actor { return Actor{a.Kind, a.ID, a.Name} }

// RollupGroupView is one version of a group.
type RollupGroupView struct {
	ID      uuid.UUID   `json:"id" format:"uuid"`
	Org     uuid.UUID   `json:"org" format:"uuid"`
	Number  int64       `json:"number" doc:"Of the version, from 1"`
	Version string      `json:"version" doc:"Names the members"`
	Name    text.Text   `json:"name"`
	Members []uuid.UUID `json:"members" nullable:"false"`
	From    *time.Time  `json:"from,omitempty" doc:"Of buckets that begin at or after it, in the place of what was said of them before; absent: since ever"`
	Reason  string      `json:"reason"`
	By      Actor       `json:"by"`
	Made    time.Time   `json:"made"`
}

func groupView(g *GroupVersion) RollupGroupView {
	v := RollupGroupView{ID: g.ID, Org: g.Org, Number: g.Number, Version: g.Version, Name: g.Name, Members: g.Members, Reason: g.Reason, By: actorView(g.By), Made: moment(g.Made)}
	if g.From != 0 {
		from := moment(g.From)
		v.From = &from
	}
	return v
}

// CounterView is what counts of a counter.
type CounterView struct {
	Modulus float64     `json:"modulus" doc:"The reading after which 0 comes, plus 1; 0: not known"`
	MaxStep float64     `json:"maxStep" doc:"More than it can count between two readings; 0: not known"`
	Reason  string      `json:"reason"`
	By      Actor       `json:"by"`
	Made    time.Time   `json:"made"`
	Changes []MeterView `json:"changes" nullable:"false" doc:"Meter changes that count, in order of their times"`
}

// MeterView is a change of a meter.
type MeterView struct {
	ID        uuid.UUID    `json:"id" format:"uuid"`
	At        time.Time    `json:"at"`
	Void      bool         `json:"void,omitempty" doc:"There was none at that time"`
	Old       *shown.Value `json:"old,omitempty" doc:"Last reading of the old meter"`
	New       *shown.Value `json:"new,omitempty" doc:"First reading of the new meter"`
	Reason    string       `json:"reason"`
	Reference string       `json:"reference,omitempty"`
	By        Actor        `json:"by"`
	Made      time.Time    `json:"made"`
}

func meterView(m *MeterChange) MeterView {
	v := MeterView{ID: m.ID, At: moment(m.At), Void: m.Void, Reason: m.Reason, Reference: m.Reference, By: actorView(m.By), Made: moment(m.Made)}
	if !m.Void {
		v.Old, v.New = &shown.Value{Value: m.Old}, &shown.Value{Value: m.New}
	}
	return v
}

func counterView(c *Counter) CounterView {
	v := CounterView{Modulus: c.Modulus, MaxStep: c.MaxStep, Reason: c.Reason, By: actorView(c.By), Made: moment(c.Made), Changes: make([]MeterView, len(c.Changes))}
	for i := range c.Changes {
		v.Changes[i] = meterView(&c.Changes[i])
	}
	return v
}

// RestatementView tells that a row says something else than before.
type RestatementView struct {
	ID        string    `json:"id" doc:"Grows; give the last one as after to go on"`
	At        time.Time `json:"at"`
	Org       uuid.UUID `json:"org" format:"uuid"`
	Series    uuid.UUID `json:"series" format:"uuid"`
	Level     string    `json:"level" enum:"hour,shift,day,month"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	OldInput  string    `json:"oldInput" doc:"Greatest commit on which the row rested"`
	NewInput  string    `json:"newInput"`
	Revision  uint32    `json:"revision"`
	Withdrawn bool      `json:"withdrawn,omitempty" doc:"The bucket is no more: a calendar was changed"`
	Cause     Cause     `json:"cause" enum:"late,corrected,calendar,meter,silence,states"`
}

func restatementView(r *Restatement) RestatementView {
	return RestatementView{ID: strconv.FormatUint(r.ID, 10), At: moment(r.At), Org: r.Org, Series: r.Series, Level: r.Level.String(), From: moment(r.From), To: moment(r.To),
		OldInput: strconv.FormatUint(r.OldInput, 10), NewInput: strconv.FormatUint(r.NewInput, 10), Revision: r.Revision, Withdrawn: r.Withdrawn, Cause: r.Cause}
}
