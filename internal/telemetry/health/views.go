package health

import (
	"math"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/shown"
)

// HealthCounts are counts as they are told.
type HealthCounts struct {
	Received    uint64   `json:"received" doc:"Samples dated in the span that count now"`
	Good        uint64   `json:"good"`
	Uncertain   uint64   `json:"uncertain"`
	Bad         uint64   `json:"bad" doc:"The others; a number that is none (NaN) is bad"`
	Expected    *uint64  `json:"expected,omitempty" doc:"Of periodic series: how many their period gives"`
	Got         *uint64  `json:"got,omitempty" doc:"Of periodic series: how many were received"`
	Late        *uint64  `json:"late,omitempty" doc:"Made durable more than 10 minutes after their source time. This and what follows is left out where only coverage was counted; this also where what tells of it is damaged"`
	WorstLate   *float64 `json:"worstLate,omitempty" doc:"Seconds; the latest of them"`
	Ahead       *uint64  `json:"ahead,omitempty" doc:"Dated more than 10 minutes ahead when they came, and due now"`
	Repeated    *uint64  `json:"repeated,omitempty" doc:"Unchanged values told again"`
	ClockUnsure *uint64  `json:"clockUnsure,omitempty" doc:"Taken while the gateway's clock was not synchronised"`
	Corrected   *uint64  `json:"corrected,omitempty" doc:"Put in place by corrections"`
	Withdrawn   *uint64  `json:"withdrawn,omitempty" doc:"Taken away by corrections"`
	Superseded  *uint64  `json:"superseded,omitempty" doc:"Lost against another of the same source time"`
}

// HealthGaps says how many gaps there are. Covered, dark and short time add up to all.
type HealthGaps struct {
	Count   int     `json:"count" doc:"Stretches without a good value, longer than the longest silence"`
	Dark    float64 `json:"dark" doc:"Seconds in them"`
	Longest float64 `json:"longest" doc:"Seconds"`
	Shorts  int     `json:"shorts" doc:"Stretches no longer than the longest silence"`
	Short   float64 `json:"short" doc:"Seconds in them"`
}

// HealthStates counts series by what their latest samples are worth now.
type HealthStates struct {
	Live   int `json:"live"`
	Stale  int `json:"stale"`
	Silent int `json:"silent"`
}

// HealthSum is the health of some series together.
type HealthSum struct {
	Series   int          `json:"series"`
	States   HealthStates `json:"states"`
	State    shown.State  `json:"state" enum:"live,stale,silent" doc:"The best of the series'"`
	Coverage *float64     `json:"coverage,omitempty" doc:"Share of time with a good value, 0 to 1; left out where there is no time"`
	Latest   *time.Time   `json:"latest,omitempty" doc:"Source time of the newest sample"`
	Age      *float64     `json:"age,omitempty" doc:"Seconds from it to now"`
	Counts   HealthCounts `json:"counts"`
	Gaps     *HealthGaps  `json:"gaps,omitempty" doc:"Left out where only coverage was counted"`
	Restated int          `json:"restated" doc:"Hours of series whose kept roll-up was written again"`
	Damaged  int          `json:"damaged" doc:"Series of which a part cannot be read"`
	Score    *float64     `json:"score,omitempty" doc:"0 to 100; left out where there is nothing to judge"`
	Parts    ScoreParts   `json:"parts" doc:"The shares that the score is made of"`
}

// NodeHealth is a part of the plant with the health of what is in it.
type NodeHealth struct {
	ID      uuid.UUID  `json:"id" format:"uuid"`
	Parent  *uuid.UUID `json:"parent,omitempty" format:"uuid"`
	Kind    string     `json:"kind" enum:"site,area,line,machine"`
	Name    text.Text  `json:"name"`
	Retired *time.Time `json:"retired,omitempty"`
	HealthSum
}

// SeriesHealth is the health of one series.
type SeriesHealth struct {
	ID         uuid.UUID  `json:"id" format:"uuid"`
	Machine    uuid.UUID  `json:"machine" format:"uuid"`
	Key        string     `json:"key"`
	Name       text.Text  `json:"name"`
	Unit       string     `json:"unit"`
	Type       string     `json:"type" enum:"float64,int64,bool,string,unknown" doc:"unknown: the store has not heard of it yet"`
	Report     string     `json:"report" enum:"periodic,onChange"`
	MaxSilence float64    `json:"maxSilence" doc:"Seconds"`
	From       *time.Time `json:"from" doc:"The part of the span in which the point was in the plant"`
	To         *time.Time `json:"to"`
	HealthSum
	RestatedFrom *time.Time `json:"restatedFrom,omitempty"`
	RestatedTo   *time.Time `json:"restatedTo,omitempty"`
}

// PlantHealth is the answer about a part of the plant.
type PlantHealth struct {
	Org     uuid.UUID      `json:"org" format:"uuid"`
	Node    *uuid.UUID     `json:"node,omitempty" format:"uuid"`
	From    time.Time      `json:"from"`
	To      time.Time      `json:"to" doc:"Not beyond at"`
	At      time.Time      `json:"at" doc:"When it was worked out; an answer is kept for up to a minute"`
	Present bool           `json:"present" doc:"The span reaches to the present, so that states count in the score"`
	Counted string         `json:"counted" enum:"all,coverage"`
	Weights ScoreWeights   `json:"weights" doc:"Of the score: 100 · Σ weight · share / Σ weight, over the parts that there are"`
	Whole   HealthSum      `json:"whole"`
	Nodes   []NodeHealth   `json:"nodes" nullable:"false" doc:"Those above before those below"`
	Series  []SeriesHealth `json:"series,omitempty" doc:"Of a machine, or with series=true"`
}

// GapFact is something that is known of a gap.
type GapFact struct {
	Kind string     `json:"kind" enum:"status,silence,connection,outage,correction,ahead,first,history"`
	From *time.Time `json:"from,omitempty"`
	To   *time.Time `json:"to,omitempty" doc:"Left out while it lasts"`
	Text text.Text  `json:"text"`
}

// GapToTell is a stretch without a good value.
type GapToTell struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Seconds float64   `json:"seconds"`
	Open    bool      `json:"open" doc:"It lasts"`
	Cause   Cause     `json:"cause" enum:"not-connected,before-first,withdrawn,gateway-offline,gateway-dropped,gateway-config,link-down,source-down,node-stopped,no-communication,device,uncertain,not-a-number,dated-ahead,damaged,silence"`
	Text    text.Text `json:"text" doc:"The cause in words"`
	Facts   []GapFact `json:"facts" nullable:"false" doc:"From which it follows"`
	More    int       `json:"more" doc:"Facts beyond those told"`
}

// SeriesGaps is the answer about one series.
type SeriesGaps struct {
	Org     uuid.UUID    `json:"org" format:"uuid"`
	From    time.Time    `json:"from"`
	To      time.Time    `json:"to"`
	At      time.Time    `json:"at"`
	Present bool         `json:"present"`
	Weights ScoreWeights `json:"weights"`
	Known   *time.Time   `json:"known,omitempty" doc:"Outages are on record from then on; left out: in all of the span"`
	Series  SeriesHealth `json:"series"`
	Gaps    []GapToTell  `json:"gaps" nullable:"false" doc:"The longest first"`
	Listed  int          `json:"listed" doc:"How many can be paged through: at most the 500 longest"`
	Next    string       `json:"next,omitempty"`
}

func moment(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// ended is a time that may lie for ever ahead.
func ended(ns int64) *time.Time {
	if ns == store.Forever {
		return nil
	}
	return store.Instant(ns)
}

func orNone(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func (m *Sum) view(now int64, present, counted bool) HealthSum {
	v := HealthSum{Series: m.Series, States: HealthStates{m.Live, m.Stale, m.Silent}, State: m.State(), Latest: store.Instant(m.Latest), Restated: m.Restated, Damaged: m.Damaged}
	if m.Latest != 0 {
		age := max(time.Duration(now-m.Latest), 0).Seconds()
		v.Age = &age
	}
	v.Parts = m.parts(present, counted)
	v.Coverage = v.Parts.Coverage
	if score, ok := v.Parts.score(); ok {
		score = math.Round(score*10) / 10
		v.Score = &score
	}
	c := m.Counts
	v.Counts = HealthCounts{Received: c.Received, Good: c.Good, Uncertain: c.Uncertain, Bad: c.Bad}
	if m.Expected > 0 {
		v.Counts.Expected, v.Counts.Got = &m.Expected, &m.Got
	}
	if counted {
		worst := c.WorstLate.Seconds()
		if !m.LateUnknown {
			v.Counts.Late, v.Counts.WorstLate = &c.Late, &worst
		}
		v.Counts.Ahead, v.Counts.Repeated, v.Counts.ClockUnsure = &c.Ahead, &c.Repeated, &c.ClockUnsure
		v.Counts.Corrected, v.Counts.Withdrawn, v.Counts.Superseded = &c.Corrected, &c.Withdrawn, &c.Superseded
		v.Gaps = &HealthGaps{Count: m.Gaps.Count, Dark: m.Gaps.Dark.Seconds(), Longest: m.Gaps.Longest.Seconds(), Shorts: m.Gaps.Shorts, Short: m.Gaps.Short.Seconds()}
	}
	return v
}

func (s *Series) view(now int64, present, counted bool) SeriesHealth {
	sum := Sum{}
	sum.add(s)
	v := SeriesHealth{ID: s.ID, Machine: s.Machine, Key: s.Key, Name: s.Name, Unit: s.Unit, Type: "unknown", Report: "periodic", MaxSilence: s.MaxSilence.Seconds(),
		From: store.Instant(s.Since), To: store.Instant(s.Until), HealthSum: sum.view(now, present, counted)}
	if s.Declared {
		v.Type = s.Type.String()
	}
	if s.Report == telemetry.OnChange {
		v.Report = "onChange"
	}
	if s.Restated.Hours > 0 {
		v.RestatedFrom, v.RestatedTo = store.Instant(s.Restated.From), store.Instant(s.Restated.To)
	}
	return v
}

func (s *Survey) view(series bool) PlantHealth {
	v := PlantHealth{Org: s.Org, Node: orNone(s.Node), From: moment(s.Span.From), To: moment(s.Span.To), At: moment(s.Now), Present: s.Present, Counted: "all", Weights: Weighing,
		Whole: s.Whole.view(s.Now, s.Present, s.Counted), Nodes: make([]NodeHealth, len(s.Nodes))}
	if !s.Counted {
		v.Counted = "coverage"
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		v.Nodes[i] = NodeHealth{ID: n.ID, Parent: orNone(n.Parent), Kind: n.Kind, Name: n.Name, Retired: ended(n.To), HealthSum: s.Sums[n.ID].view(s.Now, s.Present, s.Counted)}
	}
	if series || len(s.Nodes) == 1 && s.Nodes[0].Kind == "machine" {
		v.Series = store.All(s.Series, func(x *Series) SeriesHealth { return x.view(s.Now, s.Present, s.Counted) })
	}
	return v
}

func (g *ExplainedGap) view() GapToTell {
	v := GapToTell{From: moment(g.From), To: moment(g.To), Seconds: time.Duration(g.To - g.From).Seconds(), Open: g.Open, Cause: g.Cause, Text: g.Words, More: g.More, Facts: []GapFact{}}
	for _, f := range g.Facts {
		v.Facts = append(v.Facts, GapFact{Kind: f.Kind, From: ended(f.From), To: ended(f.To), Text: f.Text})
	}
	return v
}

func (d *Detail) view(skip, limit int) SeriesGaps {
	v := SeriesGaps{Org: d.Org, From: moment(d.Span.From), To: moment(d.Span.To), At: moment(d.Now), Present: d.Present, Weights: Weighing, Known: store.Instant(d.Known),
		Series: d.Series.view(d.Now, d.Present, d.Counted), Gaps: []GapToTell{}, Listed: len(d.Gaps)}
	skip = min(skip, len(d.Gaps))
	rest := d.Gaps[skip:]
	if len(rest) > limit {
		rest, v.Next = rest[:limit], place(skip+limit)
	}
	for i := range rest {
		v.Gaps = append(v.Gaps, rest[i].view())
	}
	return v
}
