package figure

import (
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
)

// Levels of an explanation.
const (
	OfPopulation = "population"
	OfEnterprise = "enterprise"
)

// FigureExplanation says what a figure, or the value of one enterprise in it, follows from. It has one shape at every level and on every
// node; what the agreements between the asker and the node that answers do not let through is left out.
type FigureExplanation struct {
	Level       string                       `json:"level" enum:"population,enterprise"`
	Node        uuid.UUID                    `json:"node" format:"uuid" doc:"That says it"`
	NodeName    string                       `json:"nodeName"`
	Org         text.Text                    `json:"org" doc:"Keeper, or enterprise"`
	ID          uuid.UUID                    `json:"id" format:"uuid" doc:"Of the figure on that node"`
	Key         string                       `json:"key"`
	Indicator   indicator.IndicatorBrief     `json:"indicator"`
	Period      indicator.Period             `json:"period"`
	Filter      string                       `json:"filter"`
	Baseline    string                       `json:"baseline,omitempty" format:"date"`
	Revision    int64                        `json:"revision,omitempty,string" doc:"Of the figure"`
	Commit      *time.Time                   `json:"commit,omitempty" doc:"When that node wrote it down"`
	Watermark   *time.Time                   `json:"watermark,omitempty" doc:"When the newest of its inputs was written down"`
	Definition  string                       `json:"definition" doc:"SHA-256 of the definition's file"`
	Population  *FigureExplainedPopulation   `json:"population,omitempty"`
	Readings    []indicator.IndicatorReading `json:"readings" nullable:"false" doc:"Of a population, the main one first"`
	Grade       string                       `json:"grade,omitempty" doc:"The worst of those that count, E0 to E3"`
	Coverage    indicator.FigureCoverage     `json:"coverage"`
	Missing     []indicator.TargetMissing    `json:"missing" nullable:"false"`
	Parts       []FigureExplainedPart        `json:"parts" nullable:"false"`
	Enterprises []FigureExplainedFirm        `json:"enterprises" nullable:"false" doc:"Of the population, by credit code; of an enterprise itself alone"`
	Next        string                       `json:"next,omitempty" doc:"Pass it as after for the enterprises behind"`
	Value       *indicator.IndicatorValue    `json:"value,omitempty" doc:"Of an enterprise: formula, inputs and as far as it is agreed what they rest on"`
	Agrees      *bool                        `json:"agrees,omitempty" doc:"Of an enterprise, where it lives: what is gathered now gives what is kept, byte for byte"`
	Weakest     []FigureWeakness             `json:"weakest" nullable:"false" doc:"At most 5, the worst first"`
	Hops        []FigureHop                  `json:"hops" nullable:"false" doc:"Through which agreements it was asked, the first first"`
}

// FigureExplainedPopulation is who counts.
type FigureExplainedPopulation struct {
	Hash    string `json:"hash"`
	Members int    `json:"members"`
	Day     string `json:"day" format:"date"`
}

// FigureExplainedPart is a source of a figure's enterprises.
type FigureExplainedPart struct {
	Source  string     `json:"source" doc:"local, given, or the id of the agreement by which an account was given"`
	Kind    string     `json:"kind" enum:"rows,account"`
	State   string     `json:"state" enum:"given,offline,not-delivered,isolated" doc:"offline: given, and the source is not linked now; the last known value stands"`
	Reason  string     `json:"reason,omitempty"`
	Codes   []string   `json:"codes,omitempty" nullable:"false" doc:"Enterprises that the reason is about"`
	Name    text.Text  `json:"name,omitzero"`
	Members int        `json:"members"`
	Known   int        `json:"known"`
	At      *time.Time `json:"at,omitempty" doc:"When the newest of it was delivered"`
	Away    *time.Time `json:"away,omitempty" doc:"Since when it is not linked"`
	Open    bool       `json:"open" doc:"It may be followed: add its source to via"`
}

// FigureExplainedFirm is an enterprise in a figure.
type FigureExplainedFirm struct {
	Code    string                  `json:"code"`
	Name    string                  `json:"name,omitempty"`
	Org     *uuid.UUID              `json:"org,omitempty" format:"uuid" doc:"On the node that answers"`
	Number  *indicator.FigureNumber `json:"number,omitempty"`
	Holds   *bool                   `json:"holds,omitempty" doc:"Whether share and distinct count it"`
	Grade   string                  `json:"grade,omitempty"`
	Filled  string                  `json:"filled,omitempty"`
	Missing []indicator.Absent      `json:"missing" nullable:"false"`
	Source  string                  `json:"source,omitempty" doc:"As in parts"`
	Via     string                  `json:"via,omitempty" doc:"The agreement by which it may be asked further; add it to via"`
	Open    bool                    `json:"open" doc:"It may be followed: with code, and via where there is one"`
}

// FigureWeakness is something by which a figure is weak.
type FigureWeakness struct {
	Kind string    `json:"kind" enum:"isolated,offline,missing,differs,grade,coverage,age"`
	Text text.Text `json:"text"`
	Part *int      `json:"part,omitempty" doc:"Which of the parts, from 0"`
	Code string    `json:"code,omitempty"`
}

// FigureHop is one agreement through which a question went.
type FigureHop struct {
	Node      uuid.UUID `json:"node" format:"uuid" doc:"That was asked"`
	Org       text.Text `json:"org"`
	Agreement uuid.UUID `json:"agreement" format:"uuid"`
	TookMs    int64     `json:"tookMs" doc:"Until its answer was here"`
}

// limit leaves out what somebody may not have who may go as deep as a word of agreements says.
func (e *FigureExplanation) limit(depth string) {
	if e.Level == OfPopulation {
		if org.Level(depth) >= org.Level(org.LevelInputs) {
			return
		}
		e.Enterprises, e.Next = []FigureExplainedFirm{}, ""
		for i := range e.Parts {
			p := &e.Parts[i]
			p.Name, p.Codes, p.Open = text.Text{}, nil, false
			if p.Source != Local && p.Source != Remote {
				p.Source = "" // whom the giver takes from is its own affair
			}
		}
		for i := range e.Weakest {
			e.Weakest[i].Code = ""
		}
		e.Weakest = bare(e.Weakest)
		return
	}
	if e.Value != nil {
		limitValue(e.Value, depth)
	}
}

// bare leaves out weaknesses whose words name somebody.
func bare(list []FigureWeakness) []FigureWeakness {
	out := []FigureWeakness{}
	for _, w := range list {
		if w.Part == nil {
			out = append(out, w)
		}
	}
	return out
}

func limitValue(v *indicator.IndicatorValue, depth string) {
	for i := range v.Inputs {
		in := &v.Inputs[i]
		switch {
		case org.Level(depth) < org.Level(org.LevelFacts):
			in.Rests, in.More = []indicator.Rest{}, 0
		case org.Level(depth) < org.Level(org.LevelReadings):
			for j := range in.Rests {
				if in.Rests[j].Series = nil; in.Rests[j].Kind == "series" {
					in.Rests[j].ID = uuid.Nil
				}
			}
		}
		if in.Below != nil {
			limitValue(in.Below, depth)
		}
	}
}
