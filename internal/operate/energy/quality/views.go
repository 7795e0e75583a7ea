package quality

import (
	"math/big"
	"strconv"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/health"
)

// EnergyRules are rules as they are told.
type EnergyRules struct {
	ID           string           `json:"id"`
	Version      string           `json:"version"`
	Name         text.Text        `json:"name"`
	Source       string           `json:"source" doc:"Where the thresholds come from, and what of them is ours"`
	Completeness CompletenessRule `json:"completeness"`
	Deviation    DeviationRule    `json:"deviation"`
	Daily        DailyRule        `json:"daily"`
	Monthly      MonthlyRule      `json:"monthly"`
}

func (r *Rules) view() EnergyRules {
	return EnergyRules{ID: r.ID, Version: r.Version, Name: r.Name, Source: r.Source, Completeness: r.Completeness, Deviation: r.Deviation, Daily: r.Daily, Monthly: r.Monthly}
}

// EnergyVerdict is what a rule comes to.
type EnergyVerdict struct {
	Rule       Rule      `json:"rule" enum:"completeness,deviation,daily,monthly"`
	Status     Status    `json:"status" enum:"met,missed,unknown"`
	Percent    string    `json:"percent,omitempty" doc:"Completeness; deviation, below zero where the days are less than the report; days in time. Two places. Absent where it is not known"`
	Reason     Reason    `json:"reason,omitempty" doc:"Why it is unknown or missed"`
	ReasonText text.Text `json:"reasonText,omitzero"`
	Weight     int       `json:"weight"`
	Points     string    `json:"points,omitempty" doc:"Of its weight, two places; absent where it is not known, and then left out of the score"`
}

func (v *Verdict) view() EnergyVerdict {
	out := EnergyVerdict{Rule: v.Rule, Status: v.Status, Reason: v.Reason, ReasonText: v.Reason.Text(), Weight: v.Weight}
	if v.Value != nil {
		out.Percent = percentOf(v.Value)
	}
	if v.Part != nil {
		out.Points = new(big.Rat).Mul(v.Part, big.NewRat(int64(v.Weight), 1)).FloatString(2)
	}
	return out
}

// EnergyScore is the score and how much of the weight it rests on.
type EnergyScore struct {
	Points string `json:"points,omitempty" doc:"0 to 100, one place; absent where completeness is not known"`
	Known  int    `json:"known" doc:"Weight of the rules that are known; those that are not are left out"`
}

func (a *Assessment) score() EnergyScore {
	if !a.Scored {
		return EnergyScore{}
	}
	return EnergyScore{strconv.Itoa(a.Tenths/10) + "." + strconv.Itoa(a.Tenths%10), a.Known}
}

// EnergyReport is the monthly report.
type EnergyReport struct {
	Fact    *uuid.UUID `json:"fact,omitempty" format:"uuid" doc:"For those who may see it"`
	Value   string     `json:"value,omitempty"`
	Unit    string     `json:"unit,omitempty"`
	KWh     string     `json:"kWh,omitempty" doc:"Three places"`
	Grade   string     `json:"grade,omitempty"`
	Came    *time.Time `json:"came,omitempty" doc:"When it was first recorded"`
	Due     time.Time  `json:"due" doc:"The end of the month, around which the window lies"`
	Missing Reason     `json:"missing,omitempty"`
}

// EnergyDay is what the main meters have of a day.
type EnergyDay struct {
	Date     string  `json:"date"`
	Expected int     `json:"expected" doc:"Hours due by now, of all main meters"`
	Actual   int     `json:"actual"`
	KWh      string  `json:"kWh,omitempty" doc:"Absent where it is not known of any"`
	Whole    bool    `json:"whole" doc:"It is known of all main meters"`
	Meters   int     `json:"meters" doc:"Main meters that are named for the day"`
	Arrival  Arrival `json:"arrival,omitempty" enum:"in-time,late,absent,unknown" doc:"The worst of the meters; absent while it is not judged"`
}

// EnergyMeterDay is what a main meter has of a day.
type EnergyMeterDay struct {
	Date     string     `json:"date"`
	From     time.Time  `json:"from"`
	To       time.Time  `json:"to"`
	Named    bool       `json:"named"`
	Expected int        `json:"expected"`
	Actual   int        `json:"actual"`
	KWh      string     `json:"kWh,omitempty"`
	Arrival  Arrival    `json:"arrival,omitempty" enum:"in-time,late,absent,unknown"`
	Came     *time.Time `json:"came,omitempty" doc:"When the last of its hours was first here"`
}

// EnergyMeter is what a main meter has of a month.
type EnergyMeter struct {
	Series   uuid.UUID        `json:"series" format:"uuid"`
	Machine  *uuid.UUID       `json:"machine,omitempty" format:"uuid" doc:"For the enterprise's own people"`
	Name     text.Text        `json:"name"`
	On       text.Text        `json:"on,omitzero" doc:"The machine's name; for the enterprise's own people"`
	Unit     string           `json:"unit"`
	Counter  bool             `json:"counter" doc:"It is said to be a counter"`
	Damaged  bool             `json:"damaged,omitempty"`
	Expected int              `json:"expected"`
	Actual   int              `json:"actual"`
	Percent  string           `json:"percent,omitempty" doc:"Completeness"`
	KWh      string           `json:"kWh,omitempty" doc:"Of the days that are known"`
	Days     []EnergyMeterDay `json:"days" nullable:"false"`
	Missing  Reason           `json:"missing,omitempty" doc:"Why the sum is not the month's"`
	Text     text.Text        `json:"text,omitzero"`
}

// EnergyGap is a stretch without a good value.
type EnergyGap struct {
	Series uuid.UUID    `json:"series" format:"uuid"`
	Meter  text.Text    `json:"meter"`
	From   time.Time    `json:"from"`
	To     time.Time    `json:"to"`
	Open   bool         `json:"open,omitempty" doc:"It lasts"`
	Hours  int          `json:"hours" doc:"Hourly values that it cost"`
	Cause  health.Cause `json:"cause"`
	Name   text.Text    `json:"name" doc:"Of the cause"`
	Text   text.Text    `json:"text,omitzero" doc:"What is known of it; for the enterprise's own people"`
}

// EnergyQuality is the quality of an enterprise's energy data of a month.
type EnergyQuality struct {
	Org      uuid.UUID       `json:"org" format:"uuid"`
	Own      bool            `json:"own" doc:"You are of the enterprise"`
	Month    string          `json:"month"`
	At       time.Time       `json:"at"`
	Over     bool            `json:"over" doc:"The month has ended, and the window of its last day"`
	Rules    EnergyRules     `json:"rules"`
	Score    EnergyScore     `json:"score"`
	Verdicts []EnergyVerdict `json:"verdicts" nullable:"false"`
	Expected int             `json:"expected"`
	Actual   int             `json:"actual"`
	KWh      string          `json:"kWh,omitempty" doc:"Sum of the days that are known"`
	Sum      Reason          `json:"sum,omitempty" doc:"Why that is not the month's sum"`
	SumText  text.Text       `json:"sumText,omitzero"`
	Report   EnergyReport    `json:"report"`
	Days     []EnergyDay     `json:"days" nullable:"false"`
	Meters   []EnergyMeter   `json:"meters" nullable:"false"`
	Gaps     []EnergyGap     `json:"gaps" nullable:"false" doc:"By time"`
	MoreGaps int             `json:"moreGaps,omitempty" doc:"Short ones that are not listed"`
}

func moment(ns int64) time.Time { return time.Unix(0, ns).UTC() }

func orNone(ns int64) *time.Time {
	if ns == 0 {
		return nil
	}
	t := moment(ns)
	return &t
}

func energy(wh int64, known bool) string {
	if !known {
		return ""
	}
	return kiloWattHours(wh)
}

func completeness(actual, expected int) string {
	if expected == 0 {
		return ""
	}
	return percentOf(big.NewRat(int64(actual), int64(expected)))
}

func (a *Assessment) verdicts() []EnergyVerdict {
	return store.All(a.Verdicts[:], func(v *Verdict) EnergyVerdict { return v.view() })
}

func (a *Assessment) view() EnergyQuality {
	v := EnergyQuality{Org: a.Org, Own: a.Own, Month: a.Month.String(), At: moment(a.Now), Over: a.Over, Rules: a.Rules.view(), Score: a.score(), Verdicts: a.verdicts(),
		Expected: a.Expected, Actual: a.Actual, KWh: energy(a.WattHours, a.Counted), Sum: a.Sum, SumText: a.Sum.Text(), Report: a.reported(), MoreGaps: a.MoreGaps}
	v.Days = store.All(a.Days, func(d *Day) EnergyDay {
		return EnergyDay{Date: d.Date, Expected: d.Expected, Actual: d.Actual, KWh: energy(d.WattHours, d.Known > 0), Whole: d.Known == d.Meters && d.Meters > 0, Meters: d.Meters, Arrival: d.Arrival}
	})
	v.Meters = store.All(a.Meters, func(m *Meter) EnergyMeter { return m.view(a.Own) })
	names := map[uuid.UUID]text.Text{}
	for i := range a.Meters {
		names[a.Meters[i].ID] = a.Meters[i].Name
	}
	v.Gaps = store.All(a.Gaps, func(g *Gap) EnergyGap {
		return EnergyGap{Series: g.Meter, Meter: names[g.Meter], From: moment(g.From), To: moment(g.To), Open: g.Open, Hours: g.Hours, Cause: g.Cause, Name: g.Name, Text: g.Words}
	})
	return v
}

func (a *Assessment) reported() EnergyReport {
	r := &a.Report
	v := EnergyReport{Value: r.value, Unit: r.unit, Came: orNone(r.came), Due: moment(a.End), Missing: r.lack}
	if r.fact != uuid.Nil {
		v.Fact, v.Grade = &r.fact, r.grade.String()
	}
	if r.wattHours != nil {
		v.KWh = new(big.Rat).Quo(r.wattHours, big.NewRat(1000, 1)).FloatString(3)
	}
	return v
}

func (m *Meter) view(own bool) EnergyMeter {
	v := EnergyMeter{Series: m.ID, Name: m.Name, Unit: m.Unit, Counter: m.Counter, Damaged: m.Damaged, Expected: m.Expected, Actual: m.Actual,
		Percent: completeness(m.Actual, m.Expected), KWh: energy(m.WattHours, m.KnownDays > 0), Missing: m.lack, Text: m.lack.Text(),
		Days: store.All(m.Days, func(d *MeterDay) EnergyMeterDay {
			return EnergyMeterDay{Date: d.Date, From: moment(d.From), To: moment(d.To), Named: d.Named, Expected: d.Expected, Actual: d.Actual, KWh: energy(d.WattHours, d.Known), Arrival: d.Arrival, Came: orNone(d.Came)}
		})}
	if own {
		v.Machine, v.On = &m.Machine, m.On
	}
	return v
}

// EnergyFirm is an enterprise on a board.
type EnergyFirm struct {
	Org      uuid.UUID       `json:"org" format:"uuid"`
	Name     text.Text       `json:"name"`
	Score    EnergyScore     `json:"score"`
	Percent  string          `json:"percent,omitempty" doc:"Completeness"`
	Verdicts []EnergyVerdict `json:"verdicts" nullable:"false"`
	Meters   int             `json:"meters"`
	Expected int             `json:"expected"`
	Actual   int             `json:"actual"`
}

// EnergyBoard is the enterprises that have granted it, the lowest score first, those without one last.
type EnergyBoard struct {
	Month string       `json:"month"`
	Rules EnergyRules  `json:"rules"`
	Firms []EnergyFirm `json:"firms" nullable:"false"`
}

func (l *Line) view() EnergyFirm {
	return EnergyFirm{Org: l.Org, Name: l.Name, Score: l.score(), Percent: completeness(l.Actual, l.Expected), Verdicts: l.verdicts(), Meters: len(l.Meters), Expected: l.Expected, Actual: l.Actual}
}

// MainMeter is a naming of a main meter.
type MainMeter struct {
	Fact     uuid.UUID `json:"fact" format:"uuid" doc:"The declaration"`
	Revision int64     `json:"revision"`
	From     string    `json:"from" format:"date"`
	To       string    `json:"to,omitempty" doc:"Its last day; absent until further notice"`
	Grade    string    `json:"grade"`
}

func (n *Named) view() MainMeter {
	v := MainMeter{Fact: n.Fact, Revision: n.Revision, From: n.From, To: n.To, Grade: n.Grade.String()}
	if n.Open() {
		v.To = ""
	}
	return v
}

// MeterCandidate is a series of energy with the spans in which it is a main meter.
type MeterCandidate struct {
	Series  uuid.UUID   `json:"series" format:"uuid"`
	Machine uuid.UUID   `json:"machine" format:"uuid"`
	Name    text.Text   `json:"name"`
	On      text.Text   `json:"on" doc:"The machine's name"`
	Unit    string      `json:"unit"`
	Counter bool        `json:"counter" doc:"It is said to be a counter; what it counted is not known otherwise"`
	Retired bool        `json:"retired,omitempty"`
	Named   []MainMeter `json:"named" nullable:"false" doc:"Last recorded first"`
}

func (c *Candidate) view() MeterCandidate {
	return MeterCandidate{Series: c.ID, Machine: c.Machine, Name: c.Name, On: c.On, Unit: c.Unit, Counter: c.Counter, Retired: c.To != store.Forever,
		Named: store.All(c.Named, func(n *Named) MainMeter { return n.view() })}
}
