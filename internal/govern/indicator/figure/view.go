package figure

import (
	"math/big"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/text"
)

// FigureOf is what a figure is of.
type FigureOf struct {
	Keeper    uuid.UUID        `json:"keeper" format:"uuid"`
	Indicator string           `json:"indicator"`
	Name      text.Text        `json:"name" doc:"Of the indicator; its id where the node no longer has it"`
	Filter    string           `json:"filter" doc:"Population, such as designated=true&size=large; all for everybody"`
	Period    indicator.Period `json:"period"`
	Baseline  string           `json:"baseline,omitempty" format:"date"`
	Code      string           `json:"code,omitempty" doc:"Credit code, where it is the value of one enterprise"`
	Key       string           `json:"key" doc:"In one line: machine-networking@designated=true/2026-06"`
}

// FigureBrief is a revision of a figure.
type FigureBrief struct {
	ID uuid.UUID `json:"id" format:"uuid" doc:"The same for all revisions"`
	FigureOf
	Revision   int64                        `json:"revision,string"`
	At         time.Time                    `json:"at" doc:"When this node wrote it down"`
	Watermark  time.Time                    `json:"watermark" doc:"When the newest of its inputs was written down"`
	Hash       string                       `json:"hash" doc:"SHA-256 of its canonical bytes"`
	Definition FigureDefinition             `json:"definition"`
	Readings   []indicator.IndicatorReading `json:"readings" nullable:"false" doc:"The main one first; none where the definition has changed so much that they cannot be read"`
	Grade      string                       `json:"grade,omitempty" doc:"The worst of those that count, E0 to E3"`
	Coverage   indicator.FigureCoverage     `json:"coverage"`
	Missing    []indicator.TargetMissing    `json:"missing" nullable:"false"`
	Seal       *FigureSealed                `json:"seal,omitempty" doc:"Where its period stands, if it was handed in"`
	Manual     []ManualView                 `json:"manual" nullable:"false" doc:"Values that people have entered beside it"`
}

// FigureDefinition is the definition by which a revision was computed.
type FigureDefinition struct {
	Hash    string `json:"hash" doc:"SHA-256 of its file"`
	Version string `json:"version,omitempty" doc:"Of the definition that the node has now"`
	Changed bool   `json:"changed" doc:"The node has another now"`
}

// FigureSealed says where the period of a figure stands.
type FigureSealed struct {
	State   string `json:"state" enum:"submitted,returned,accepted"`
	Changed bool   `json:"changed" doc:"The figure was restated after it was handed in, or accepted"`
}

// FigureDetail is a revision with what it was made of.
type FigureDetail struct {
	FigureBrief
	Superseded *time.Time        `json:"superseded,omitempty" doc:"When the next revision was written down; absent where this one stands"`
	Population *FigurePopulation `json:"population,omitempty" doc:"Absent for what is computed once for a region"`
	Parts      []FigurePart      `json:"parts" nullable:"false"`
	Revisions  []FigureRevision  `json:"revisions" nullable:"false" doc:"The newest first, 100 at most"`
}

// FigurePopulation is who a figure is of.
type FigurePopulation struct {
	Hash     string `json:"hash" doc:"SHA-256 of its canonical bytes"`
	Scope    string `json:"scope,omitempty" doc:"Division (GB/T 2260)"`
	Day      string `json:"day" format:"date"`
	Members  int    `json:"members"`
	Doubles  int    `json:"doubles" doc:"Entries that were left out because their enterprise was there already"`
	Unplaced int    `json:"unplaced" doc:"Enterprises of which no division is known"`
}

// FigurePart is a source of a figure's enterprises.
type FigurePart struct {
	Source     string     `json:"source" doc:"local: enterprises of this node; given: enterprises with a node of their own; or the id of the agreement by which an account was given"`
	Name       text.Text  `json:"name" doc:"Of who gives"`
	Kind       string     `json:"kind" enum:"rows,account" doc:"Enterprise by enterprise, or an account of all that cannot be taken apart"`
	State      string     `json:"state" enum:"given,not-delivered,isolated"`
	Away       *time.Time `json:"away,omitempty" doc:"Since when the source is not linked; the last known value stands"`
	Reason     string     `json:"reason,omitempty" doc:"Why it is isolated"`
	Codes      []string   `json:"codes,omitempty" nullable:"false" doc:"Enterprises that the reason is about"`
	More       int        `json:"more,omitempty"`
	Population string     `json:"population,omitempty" doc:"Hash, of an account"`
	Record     string     `json:"record,omitempty" doc:"SHA-256 of the record that delivered it"`
	Members    int        `json:"members"`
	Known      int        `json:"known"`
	At         *time.Time `json:"at,omitempty" doc:"When the newest of it was delivered"`
	Sealed     bool       `json:"sealed,omitempty" doc:"The period was accepted: what counts is what was handed in"`
	Later      *time.Time `json:"later,omitempty" doc:"When a later revision came, which does not count until the period is opened again"`
}

// FigureRevision is a revision in a list.
type FigureRevision struct {
	Revision int64                       `json:"revision,string"`
	At       time.Time                   `json:"at"`
	Hash     string                      `json:"hash"`
	Reading  *indicator.IndicatorReading `json:"reading,omitempty" doc:"The main one"`
}

// FigureFirm is an enterprise of a figure's population.
type FigureFirm struct {
	Code    string                  `json:"code"`
	Name    string                  `json:"name"`
	Entry   *uuid.UUID              `json:"entry,omitempty" format:"uuid" doc:"In the keeper's register"`
	Org     *uuid.UUID              `json:"org,omitempty" format:"uuid" doc:"On this node, where it has joined"`
	Source  string                  `json:"source,omitempty" doc:"As in the figure's parts; absent where nobody speaks for it"`
	Inside  bool                    `json:"inside" doc:"It is part of an account that cannot be taken apart"`
	Number  *indicator.FigureNumber `json:"number,omitempty"`
	Filled  string                  `json:"filled,omitempty" doc:"The formula with its numbers"`
	Grade   string                  `json:"grade,omitempty"`
	Missing []indicator.Absent      `json:"missing" nullable:"false"`
	At      *time.Time              `json:"at,omitempty" doc:"When its inputs were written down"`
	Root    string                  `json:"root,omitempty" doc:"SHA-256 over what its inputs rest on"`
}

// ManualView is a value that a person has entered.
type ManualView struct {
	ID       uuid.UUID `json:"id" format:"uuid"`
	Figure   uuid.UUID `json:"figure" format:"uuid" doc:"Beside which it stands"`
	Of       FigureOf  `json:"of"`
	Reading  string    `json:"reading"`
	Revision int64     `json:"revision,string"`
	State    string    `json:"state" enum:"entered,confirmed,withdrawn"`
	ManualSaid
	Entered audit.Actor `json:"entered" doc:"Who entered the value"`
	By      audit.Actor `json:"by" doc:"Who made this revision"`
	At      time.Time   `json:"at"`
}

// ManualSaid is the value with its evidence.
type ManualSaid struct {
	Number    *indicator.FigureNumber `json:"number,omitempty" doc:"In the reading's unit; absent where the node no longer has the indicator"`
	Value     string                  `json:"value" doc:"As it was entered"`
	Unit      string                  `json:"unit"`
	Grade     string                  `json:"grade"`
	Document  string                  `json:"document,omitempty"`
	CheckedBy string                  `json:"checkedBy,omitempty"`
	Reason    string                  `json:"reason"`
}

// SealView is a step of handing in a period.
type SealView struct {
	Keeper    uuid.UUID        `json:"keeper" format:"uuid"`
	Period    indicator.Period `json:"period"`
	Step      int64            `json:"step"`
	State     string           `json:"state" enum:"submitted,returned,accepted"`
	Figures   int64            `json:"figures"`
	Root      string           `json:"root" doc:"SHA-256 over ids, revisions and hashes of the figures"`
	AsOf      time.Time        `json:"asOf" doc:"As of which they were handed in"`
	Agreement *uuid.UUID       `json:"agreement,omitempty" format:"uuid"`
	Taker     *uuid.UUID       `json:"taker,omitempty" format:"uuid"`
	TakerName text.Text        `json:"takerName,omitzero"`
	Reason    string           `json:"reason,omitempty"`
	By        audit.Actor      `json:"by"`
	At        time.Time        `json:"at"`
}

// KeeperView is what an organisation has figures of.
type KeeperView struct {
	Org     uuid.UUID    `json:"org" format:"uuid"`
	Version int64        `json:"version" doc:"0 before anything was said"`
	Scope   string       `json:"scope" doc:"Division (GB/T 2260); empty for wherever the enterprises of the register lie"`
	Adopted []string     `json:"adopted" nullable:"false" doc:"Policies, by id"`
	Reason  string       `json:"reason,omitempty"`
	By      *audit.Actor `json:"by,omitempty"`
	At      *time.Time   `json:"at,omitempty"`
	Waiting *int64       `json:"waiting,omitempty" doc:"Pieces of work that this node has before it until all its figures say what is known; absent of past versions"`
}

var manualNames = map[string]text.Text{Entered: both("待确认", "not confirmed yet"), Confirmed: both("已确认", "confirmed"), Withdrawn: both("已撤回", "withdrawn")}

// number shows an exact number.
func number(n *big.Rat, places int, unit string) *indicator.FigureNumber {
	if n == nil {
		return nil
	}
	return &indicator.FigureNumber{Value: formula.Round(n, places), Exact: n.RatString(), Unit: unit}
}

func at(ns int64) time.Time { return time.Unix(0, ns).UTC() }

func idOf(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func (s *Service) of(k *Key) FigureOf {
	out := FigureOf{Keeper: k.Keeper, Indicator: k.Indicator, Name: text.Both(k.Indicator), Filter: k.Filter, Baseline: k.Baseline, Code: k.Code, Key: k.Name()}
	out.Period, _ = k.Time()
	if d := s.o.Library.Definition(k.Indicator); d != nil {
		out.Name = d.Name
	}
	return out
}

func (m *Manual) view(s *Service) ManualView {
	out := ManualView{ID: m.ID(), Figure: m.Key.ID(), Of: s.of(&m.Key), Reading: m.Reading, Revision: m.Revision, State: m.State, Entered: m.Entered, By: m.By, At: at(m.At),
		ManualSaid: ManualSaid{Value: m.Value, Unit: m.Unit, Grade: m.Grade.String(), Document: m.Document, CheckedBy: m.CheckedBy, Reason: m.Reason}}
	if d := s.o.Library.Definition(m.Key.Indicator); d != nil {
		unit := d.ReadingUnit(m.Reading)
		from, err := formula.ParseUnit(m.Unit)
		to, _ := formula.ParseUnit(unit)
		if err == nil {
			if n, err := formula.Convert(m.Number(), from, to); err == nil {
				out.Number = number(n, d.Shown(m.Reading), unit)
			}
		}
	}
	return out
}

func (x *Seal) view() SealView {
	out := SealView{Keeper: x.Keeper, Step: x.Step, State: x.State, Figures: x.Figures, Root: x.Root.String(), AsOf: at(x.AsOf), Agreement: idOf(x.Agreement), Taker: idOf(x.Taker), Reason: x.Reason, By: x.By, At: at(x.At)}
	out.Period, _ = indicator.ParsePeriod(x.Kind, x.Period)
	return out
}

func (k *Keeper) view() KeeperView {
	out := KeeperView{Org: k.Org, Version: k.Version, Scope: k.Scope, Adopted: append([]string{}, k.Adopted...), Reason: k.Reason}
	if k.Version > 0 {
		when := at(k.At)
		out.By, out.At = &k.By, &when
	}
	return out
}
