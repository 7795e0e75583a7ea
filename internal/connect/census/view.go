package census

import (
	"time"

	"jingwei/internal/kernel/text"
)

// View is a census as it is answered.
type View struct {
	At       time.Time   `json:"at" doc:"The moment that is counted"`
	Now      bool        `json:"now" doc:"It is the present: states and values per second are told"`
	Zone     string      `json:"zone" doc:"Of the calendar months"`
	Count                // of all machines
	Points   PointView   `json:"points"`
	Gateways int         `json:"gateways"`
	Sources  int         `json:"sources"`
	Flow     *FlowView   `json:"flow,omitempty" doc:"Told of now only"`
	Rates    []RateView  `json:"rates" nullable:"false"`
	Class    []Group     `json:"byClass" nullable:"false" doc:"The four classes first; machines without a class last"`
	Template []Group     `json:"byTemplate" nullable:"false"`
	Protocol []Group     `json:"byProtocol" nullable:"false" doc:"Of connected machines"`
	Channel  []Group     `json:"byChannel" nullable:"false" doc:"Gateways and sources, also those through which no machine is connected"`
	Site     []Group     `json:"bySite" nullable:"false"`
	Org      []Group     `json:"byOrg" nullable:"false"`
	Growth   []MonthView `json:"growth" nullable:"false" doc:"Calendar months, oldest first; the last ends with the moment that is counted"`
	Notes    []text.Text `json:"notes" nullable:"false" doc:"What to know before these figures are used"`
}

// PointView counts points.
type PointView struct {
	Total  int  `json:"total" doc:"Of all machines"`
	Live   *int `json:"live,omitempty" doc:"Of connected machines; told of now only"`
	Stale  *int `json:"stale,omitempty"`
	Silent *int `json:"silent,omitempty"`
}

// FlowView is what comes now.
type FlowView struct {
	ValuesPerSecond float64 `json:"valuesPerSecond" doc:"Of all gateways and sources"`
	Unattributed    float64 `json:"unattributed" doc:"Of it, from gateways that speak several protocols or none: byProtocol does not hold it"`
}

// RateView is a rate.
type RateView struct {
	ID          string     `json:"id"`
	Name        text.Text  `json:"name"`
	Definition  text.Text  `json:"definition"`
	Basis       []string   `json:"basis" nullable:"false" doc:"Requirements and targets that it answers to"`
	Numerator   *int       `json:"numerator,omitempty"`
	Denominator *int       `json:"denominator,omitempty"`
	Value       *float64   `json:"value,omitempty" doc:"0 to 1; absent where there is nothing to divide by"`
	Missing     *text.Text `json:"missing,omitempty" doc:"What is not known, where the rate cannot be given"`
}

// MonthView is a month of growth.
type MonthView struct {
	Month     string    `json:"month" doc:"2026-11"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to" doc:"Not in it"`
	Complete  bool      `json:"complete" doc:"The month was over at the moment that is counted"`
	Machines  int       `json:"machines" doc:"At its end"`
	Added     int       `json:"added" doc:"Begun in it"`
	Ended     int       `json:"ended" doc:"Ended in it"`
	Connected int       `json:"connected" doc:"At its end"`
	Networked RatioView `json:"networking" doc:"The networking rate at its end"`
}

// RatioView is a rate of a month.
type RatioView struct {
	Numerator   int      `json:"numerator"`
	Denominator int      `json:"denominator"`
	Value       *float64 `json:"value,omitempty"`
}

func ratio(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	v := float64(part) / float64(whole)
	return &v
}

// Notes on every census, and on one of a past time.
var (
	notes = []text.Text{
		{
			Zh: "“已联网”指该时刻经网关链路或接入源绑定，是配置事实；是否真有数据见实时、过期、静默的台数。",
			En: "Connected means bound to a gateway's link or to a source at that time, which is a fact of configuration; whether values come is told by live, stale and silent.",
		},
		{
			Zh: "设备类别没有生效日期：过去时刻和各月的联网率均按设备现在的类别计算。补录或更正生效日期后，过去的数字随之改变。",
			En: "A class of equipment has no dates: rates of past times and months are counted by the class that a machine has now. Where an effective date is entered or corrected later, past figures change with it.",
		},
		{
			Zh: "月份按 Asia/Shanghai 划分，厂区时区设定之前均如此。",
			En: "Months are those of Asia/Shanghai as long as plants have no zone of their own.",
		},
	}
	pastNote = text.Text{
		Zh: "过去时刻不给出实时、过期、静默台数和每秒数据量：它们只对当前时刻有意义。",
		En: "Live, stale and silent machines and values per second are not told of a past time: they are known of now only.",
	}
	replayedNote = text.Text{
		Zh: "部分设备的最新值来自重放的记录数据（模拟器），它们计入以上数字，台数另列。",
		En: "The newest values of some machines come from recorded data (a simulator); they are counted in these figures, and their number stands beside.",
	}
)

func (s *Service) view(c *Census) View {
	g := s.groups(c)
	v := View{At: instant(c.At), Now: c.Now, Zone: Zone.String(), Count: g.all.Count, Points: PointView{Total: c.Points}, Rates: []RateView{}, Growth: []MonthView{},
		Class: g.class, Template: g.template, Protocol: g.protocol, Channel: g.channel, Site: g.site, Org: g.org, Notes: notes[:len(notes):len(notes)]}
	for i := range c.Channels {
		if c.Channels[i].Kind == Gateway {
			v.Gateways++
		} else {
			v.Sources++
		}
	}
	if c.Now {
		v.Flow = &FlowView{g.valuesPerSecond, g.unattributed}
		v.Points.Live, v.Points.Stale, v.Points.Silent = &g.points.Live, &g.points.Stale, &g.points.Silent
		if g.all.States.Replayed > 0 {
			v.Notes = append(v.Notes, replayedNote)
		}
	} else {
		v.Notes = append(v.Notes, pastNote)
	}
	for _, r := range c.rates() {
		if !r.Given && r.Missing.IsZero() {
			continue
		}
		x := RateView{ID: r.ID, Name: r.Name, Definition: r.Words, Basis: r.Basis}
		if r.Given {
			x.Numerator, x.Denominator, x.Value = &r.Part, &r.Whole, ratio(r.Part, r.Whole)
		} else {
			x.Missing = &r.Missing
		}
		v.Rates = append(v.Rates, x)
	}
	for _, m := range c.Months {
		v.Growth = append(v.Growth, MonthView{Month: m.Name, From: instant(m.From), To: instant(m.To), Complete: m.Complete, Machines: m.Machines,
			Added: m.Added, Ended: m.Ended, Connected: m.Connected, Networked: RatioView{m.Networked.Part, m.Networked.Whole, ratio(m.Networked.Part, m.Networked.Whole)}})
	}
	return v
}
