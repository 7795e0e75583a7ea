package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate/neighbour"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/seal"
	"jingwei/internal/telemetry/shown"
)

// openExplainer opens what says what figures follow from, and answers the questions of other nodes. It needs figures and neighbours.
func (n *node) openExplainer(context.Context) error {
	n.explainer = figure.NewExplainer(figure.ExplainerOptions{
		Figures: n.figures, Sources: figureSources{n}, Agreements: n.orgs, Ask: n.neighbours.Ask, Consent: neighbour.ErrConsent, Ground: figureGround{n}, Streams: figureStreams{n.neighbours}, Log: n.evidence, Proofs: figureProofs{n},
		Node: n.id, NodeName: n.cfg.Node.Name, Key: n.orgs.NodeKey(), Logger: n.log,
	})
	n.neighbours.Answer(figure.AskExplain, n.explainer.AnswerExplain)
	n.neighbours.Answer(figure.AskFact, n.explainer.AnswerFact)
	n.neighbours.Answer(figure.AskSample, n.explainer.AnswerSample)
	n.neighbours.Answer(figure.AskProve, n.explainer.AnswerProve)
	return nil
}

// figureGround is what values rest on (figure.Ground).
type figureGround struct{ *node }

func (g figureGround) Fact(ctx context.Context, org, id uuid.UUID, revision int64) (out figure.FigureFact, err error) {
	found, k, err := g.revision(ctx, org, id, revision)
	if err != nil {
		return out, err
	}
	out = figure.FigureFact{ID: found.ID, Revision: found.Revision, Kind: found.Kind, KindName: k.Name, Source: found.Source, Grade: found.Grade.String(), Documents: []string{}, Since: instantOf(found.Since), Until: instantOf(found.Until), At: time.Unix(0, found.At).UTC(), Fields: []figure.FigureFactField{}}
	visible := k.Fields.Visible(found.Record, k.Class, field.Internal)
	for i := range k.Fields {
		f := &k.Fields[i]
		v, ok := visible[f.Key]
		if !ok {
			continue
		}
		word, isText := v.(string)
		if !isText {
			b, err := json.Marshal(v)
			if err != nil {
				return out, err
			}
			word = string(b)
		}
		out.Fields = append(out.Fields, figure.FigureFactField{Key: f.Key, Name: f.Name, Text: word})
	}
	out.Hidden = len(found.Record) - len(visible)
	if k.Class.Reaches(field.Internal) { // papers are as restricted as the fact
		out.Evidence = strings.TrimSpace(found.Evidence.By + " " + found.Evidence.Reference)
		for _, d := range found.Documents {
			out.Documents = append(out.Documents, d.Name)
		}
	}
	return out, nil
}

// revision finds one of a fact of an organisation. Error: store.ErrNotFound.
func (n *node) revision(ctx context.Context, org, id uuid.UUID, revision int64) (found fact.Fact, k *fact.Kind, err error) {
	err = store.Each(func(page store.Page) ([]fact.Fact, string, error) {
		return n.facts.History(auth.AsSystem(ctx, "figures"), id, page)
	}, func(f fact.Fact) error {
		if f.Org == org && f.Revision == revision {
			found = f
		}
		return nil
	})
	if k = n.facts.Kinds().Get(found.Kind); err == nil && (found.ID == uuid.Nil || k == nil) {
		err = fmt.Errorf("revision %d of fact %s: %w", revision, id, store.ErrNotFound)
	}
	return found, k, err
}

// instantOf is a bound of a fact; nil for always and for ever.
func instantOf(ns int64) *time.Time {
	if ns <= field.Always || ns >= store.Forever {
		return nil
	}
	t := time.Unix(0, ns).UTC()
	return &t
}

func (g figureGround) Sample(ctx context.Context, org, series uuid.UUID) (out figure.FigureSample, err error) {
	p, err := g.plant.LastPoint(ctx, auth.System(org), series)
	if err != nil {
		return out, err
	}
	m, err := g.plant.Node(ctx, auth.System(org), p.Machine, time.Time{})
	if err != nil {
		return out, err
	}
	out = figure.FigureSample{Series: series, Name: p.Name, Machine: m.Name, Unit: p.Unit}
	ref, ok := g.telemetry.Lookup(series)
	if !ok {
		return out, nil
	}
	now := g.now().UnixNano()
	list := g.telemetry.Latest([]telemetry.Ref{ref}, now, nil)
	if len(list) == 0 || list[0].Time == 0 {
		return out, nil
	}
	s := &list[0]
	value, err := json.Marshal(shown.Value{Value: s.Value})
	if err != nil {
		return out, err
	}
	out.Time, out.Received, out.Value, out.Status = instantOf(s.Time), instantOf(s.Gateway), strings.Trim(string(value), `"`), shown.StatusName(s.Status)
	if c, ok, err := g.telemetry.Commit(s.Commit); err == nil && ok {
		out.Commit = instantOf(c.Time)
	}
	out.Day = field.DateOf(s.Time)
	begin, _ := field.Day(out.Day)
	end, _ := field.NextDay(out.Day)
	days, err := g.telemetry.Aggregate(ctx, []telemetry.Ref{ref}, telemetry.Span{}, telemetry.AggregateOptions{Bounds: []int64{begin, end}, Now: now})
	if err != nil {
		return out, err
	}
	out.Samples, out.Covered = days[0][0].Count, int64(days[0][0].Covered/time.Second)
	return out, nil
}

// figureProofs are what packs take from other rooms (figure.Proofs).
type figureProofs struct{ *node }

func (p figureProofs) Definition(id string) ([]byte, error) {
	return fs.ReadFile(p.packs, indicator.DefinitionDir+"/"+id+".yaml")
}

func (p figureProofs) Vocabulary() indicator.Vocabulary {
	return indicatorWords{p.facts, p.registers, p.checkups, p.plant}
}

func (p figureProofs) Accepted(ctx context.Context, a *org.Agreement) (out []figure.Proven, err error) {
	acts, err := p.orgs.AgreementHistory(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	for i := range acts {
		act := &acts[i]
		if act.Act != org.ActAccept || act.Version != a.Version || act.Hash != a.Hash() {
			continue
		}
		x, err := p.record(ctx, act.ID)
		if errors.Is(err, seal.ErrPending) || errors.Is(err, store.ErrNotFound) {
			continue // it is not sealed yet
		}
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (p figureProofs) record(ctx context.Context, id uuid.UUID) (figure.Proven, error) {
	payload, bundle, err := p.seal.ProveRecord(ctx, id)
	if err != nil {
		return figure.Proven{}, err
	}
	return proven(payload, bundle)
}

func proven(payload []byte, bundle *seal.Bundle) (figure.Proven, error) {
	file, err := bundle.Encode()
	return figure.Proven{Payload: payload, Bundle: file}, err
}

func (p figureProofs) Recorded(ctx context.Context, id uuid.UUID, d *indicator.Definition, period indicator.Period, baseline string) (*indicator.Valuation, *indicator.Transcript, error) {
	e, keeper, err := figureSources(p).self(ctx, id, period.To)
	if err != nil {
		return nil, nil, err
	}
	return p.indicators.Recorded(auth.AsSystem(ctx, "figures"), d, indicator.Asked{Keeper: keeper, Firm: e, Period: period, Baseline: baseline})
}

func (p figureProofs) Fact(ctx context.Context, of, id uuid.UUID, revision int64) (figure.Proven, error) {
	f, k, err := p.revision(ctx, of, id, revision)
	if err != nil {
		return figure.Proven{}, err
	}
	if len(k.Fields.Visible(f.Record, k.Class, field.Internal)) < len(f.Record) {
		return figure.Proven{}, neighbour.ErrConsent.With("what", "it has restricted fields") // a leaf is of all of them
	}
	return p.record(ctx, f.RevisionID)
}

// How far before the end of a period samples are looked for, and how much of a day is taken.
const (
	provenDays = 31
	provenRows = 8 << 20
)

func (p figureProofs) Days(ctx context.Context, of, series uuid.UUID, from, to int64, most int) (out []string, err error) {
	if _, err := p.plant.LastPoint(ctx, auth.System(of), series); err != nil {
		return nil, err
	}
	last := seal.DayOf(to)
	found, err := p.seal.Days(ctx, series, max(seal.DayOf(from), last-provenDays), last+1)
	for i := len(found) - 1; i >= 0 && len(out) < most; i-- {
		if found[i].State == seal.Sealed {
			out = append(out, found[i].Day.String())
		}
	}
	return out, err
}

func (p figureProofs) Samples(ctx context.Context, _, series uuid.UUID, day string) (figure.Proven, error) {
	d, err := seal.ParseDay(day)
	if err != nil {
		return figure.Proven{}, err
	}
	rows, bundle, err := p.seal.ProveDay(ctx, series, d, provenRows)
	if err != nil {
		return figure.Proven{}, err
	}
	return proven(rows, bundle)
}

var (
	_ figure.Ground = figureGround{}
	_ figure.Proofs = figureProofs{}
)
